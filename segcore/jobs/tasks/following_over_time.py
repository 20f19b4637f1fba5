"""Segments of a kept solution followed into later data, in the background."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from segcore import jobs
from segcore.errors import JobError
from segcore.jobs.tasks.task import Follow, Report, await_task, run_task, understood
from segcore.records.intake import DataRequest
from segcore.segments.over_time.changes import find_over_time, known_over_time, over_time_key
from segcore.segments.over_time.over_time_records import OverTime
from segcore.store.store import Store


def start_over_time(store: Store, sweep_id: str, position: int, request: DataRequest, *, as_of: str | None = None) -> str:
    """Follow a solution's segments into later data in the background, or join the job that does; return its id at once.

    Parameters
    ----------
    store, sweep_id, position, request, as_of
        See `segcore.segments.over_time.changes.find_over_time`.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no labels.
    """
    store.labelled_solution(sweep_id, position)
    spec = {"sweep": sweep_id, "position": position, "request": request.to_json(), "as_of": as_of}
    title = f"Segments of {store.spec(sweep_id).data.get('name', 'data')} over time"
    return jobs.start_task(store, "over time", over_time_key(store, sweep_id, position, request, as_of), spec, title=title)


def over_time_by_job(
    store: Store, sweep_id: str, position: int, request: DataRequest, *, as_of: str | None = None, follow: Follow | None = None
) -> OverTime:
    """Return what became of a solution's segments in later data, from the store or by a job that is awaited.

    Parameters
    ----------
    store, sweep_id, position, request, as_of
        See `segcore.segments.over_time.changes.find_over_time`.
    follow : callable or None
        See `segcore.jobs.tasks.task.await_task`.

    Raises
    ------
    SegcoreError
        If the data cannot be read or compared, or the job was stopped.
    """
    key = over_time_key(store, sweep_id, position, request, as_of)
    found = known_over_time(store, key)
    if found is None:
        await_task(
            store, lambda: start_over_time(store, sweep_id, position, request, as_of=as_of), follow, "Following the segments over time"
        )
        found = known_over_time(store, key)
    if found is None:
        raise JobError("The answer was lost after it was computed. The same command computes it again.")
    return found


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Follow the segments of one job."""
    sweep_id, position, request = understood(lambda: (str(spec["sweep"]), int(spec["position"]), DataRequest.from_json(spec["request"])))
    find_over_time(store, sweep_id, position, request, as_of=spec.get("as_of"), progress=report)


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
