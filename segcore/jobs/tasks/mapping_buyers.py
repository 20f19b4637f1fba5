"""Maps of an answer, only to look at, made in the background."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from segcore import jobs
from segcore.jobs.tasks.task import Report, run_task, understood
from segcore.records.target_question import TargetsAnswer
from segcore.store.store import Store
from segcore.targets.buyers.looks import Look, look_key, make_look


def start_look(store: Store, answer: TargetsAnswer, what: Look) -> str:
    """Make a map of an answer in the background, or join the job that does; return its id, `look_key`, at once."""
    kind = "t-SNE of who buys" if what == "components" else "UMAP of the reasons to buy"
    spec = {"answer": answer.to_json(), "look": what}
    return jobs.start_task(store, "buyer map", look_key(answer, what), spec, title=f"{kind} {answer.question.subject}")


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Make the map of one job."""
    answer, look = understood(lambda: (TargetsAnswer.from_json(spec["answer"]), spec["look"]))
    make_look(store, answer, look, report)


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
