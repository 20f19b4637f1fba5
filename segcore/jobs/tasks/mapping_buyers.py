"""Customers of an answer placed by UMAP of their SHAP values, in the background."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from segcore import jobs
from segcore.errors import StoreError
from segcore.jobs.tasks.task import Report, run_task
from segcore.records.target_question import TargetsAnswer
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.targets.buyers.buyer_groups import look_at_contributions

_EDITION = 1  # of the stored places; raising it invalidates those stored before


def start_buyer_map(store: Store, answer: TargetsAnswer) -> str:
    """Place the customers whose predictions are explained in the background, or join the job that does; return its id at once.

    It takes one to three minutes for 5,000 customers.
    """
    spec = {"contributions": answer.parts["contributions"], "seed": answer.question.seed}
    title = f"UMAP of the reasons to buy {answer.question.subject}"
    return jobs.start_task(store, "buyer map", buyer_map_job(answer), spec, title=title)


def buyer_map_job(answer: TargetsAnswer) -> str:
    """Return the id of the job that places the customers of an answer."""
    return _key(answer.parts["contributions"], answer.question.seed)


def known_places(store: Store, answer: TargetsAnswer) -> np.ndarray | None:
    """Return the places that a job found, shape (n_customers, 2), float64, without a unit; ``None`` if none are in the store."""
    record = store.intake(buyer_map_job(answer))
    try:
        return None if record is None else np.asarray(store.array(record["places"]))
    except StoreError:
        return None


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Place the customers of one job; UMAP does not say how far it is."""
    places = look_at_contributions(np.asarray(store.array(spec["contributions"])), seed=spec["seed"])
    store.put_intake(_key(spec["contributions"], spec["seed"]), {"places": store.put_array(places)})


def _key(contributions: str, seed: int) -> str:
    return digest({"buyer map": _EDITION, "contributions": contributions, "seed": seed})


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
