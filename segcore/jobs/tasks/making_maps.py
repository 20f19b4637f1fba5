"""Maps that keep neighbours together, made in the background."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from segcore import jobs
from segcore.jobs.tasks.task import Follow, Report, await_task, run_task, understood
from segcore.records.sweep import Sweep
from segcore.segments.maps.neighbour_layout import NeighbourMethod
from segcore.segments.maps.stored_layout import known_layout, layout_key, make_layout
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.maps import METHODS


def start_map(store: Store, sweep: Sweep, method: NeighbourMethod) -> str:
    """Make the map of a sweep's customers in the background, or join the job that makes it; return its id at once.

    Raises
    ------
    StoreError
        If the sweep has not stored its preparation yet.
    """
    title = f"{METHODS[method]} map of {sweep.spec.data.get('name', 'the data')}"
    return jobs.start_task(store, "map", map_job_of(sweep, method), {"sweep": sweep.id, "method": method}, title=title)


def map_job_of(sweep: Sweep, method: NeighbourMethod) -> str:
    """Return the id of the job that makes the map of a sweep's customers, and of all sweeps of the same rows.

    Raises
    ------
    StoreError
        If the sweep has not stored its preparation yet.
    """
    return digest({"job": layout_key(sweep, method)})


def map_by_job(store: Store, sweep: Sweep, method: NeighbourMethod, follow: Follow | None = None) -> None:
    """Make sure that the store has the map of a sweep's customers; if not, a job that is awaited makes it.

    Parameters
    ----------
    store : Store
    sweep : Sweep
    method : {"tsne", "umap"}
    follow : callable or None
        See `segcore.jobs.tasks.task.await_task`.

    Raises
    ------
    SegcoreError
        If fewer than four customers differ, or the job was stopped.
    """
    if known_layout(store, sweep, method) is None:
        await_task(store, lambda: start_map(store, sweep, method), follow, f"Making the {METHODS[method]} map")


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Make the map of one job."""
    sweep_id, method = understood(lambda: (str(spec["sweep"]), spec["method"]))
    make_layout(store, store.sweep(sweep_id), method, report)


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
