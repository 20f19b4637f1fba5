"""Drivers of segments, found in the background."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from segcore import jobs
from segcore.jobs.tasks.task import Follow, Report, await_task, run_task, understood
from segcore.segments.drivers.fit import check_segments
from segcore.segments.drivers.records import Drivers
from segcore.segments.drivers.stored import drivers_key, drivers_of, known_drivers
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.numbers import counted


def start_drivers(store: Store, sweep_id: str, position: int) -> str:
    """Find the drivers of a solution's segments in the background, or join the job that finds them; return its id at once.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no labels.
    ParameterError
        If all customers are in one segment, or all are noise.
    """
    solution = store.labelled_solution(sweep_id, position)
    check_segments(np.asarray(solution.labels))
    title = f"Drivers of {counted(solution.n_segments, 'segment')} of {store.spec(sweep_id).data.get('name', 'data')}"
    return jobs.start_task(store, "drivers", job_of(sweep_id, position), {"sweep": sweep_id, "position": position}, title=title)


def job_of(sweep_id: str, position: int) -> str:
    """Return the id of the job that finds the drivers of a solution's segments."""
    return digest({"job": drivers_key(sweep_id, position)})


def drivers_by_job(store: Store, sweep_id: str, position: int, follow: Follow | None = None) -> Drivers:
    """Return the drivers of a solution's segments, from the store or by a job that is awaited.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    follow : callable or None
        See `segcore.jobs.tasks.task.await_task`.

    Raises
    ------
    SegcoreError
        If there are no drivers to find, or the job was stopped; see also `start_drivers`.
    """
    known = known_drivers(store, sweep_id, position)
    if known is None:
        await_task(store, lambda: start_drivers(store, sweep_id, position), follow, "Finding the drivers")
        known = drivers_of(store, sweep_id, position)
    return known


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Find the drivers of one job."""
    sweep_id, position = understood(lambda: (str(spec["sweep"]), int(spec["position"])))
    drivers_of(store, sweep_id, position, report)


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
