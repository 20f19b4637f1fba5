"""Common parts of tasks: a worker that reports its progress and user errors, and callers that await it."""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from segcore import jobs
from segcore.errors import JobError, SegcoreError
from segcore.jobs.state import STEPS
from segcore.store.damage import damage, reading
from segcore.store.store import Store
from segcore.store.worker_errors import report_error

Read = TypeVar("Read")
Follow = Callable[[Callable[[], str]], jobs.Job]
"""Starts a job by calling its argument, and returns it once it is over."""
Report = Callable[[float], None]
"""Takes the share of the work that is done, 0 to 1."""
_PROGRESS_SECONDS = 0.5


def await_task(store: Store, begin: Callable[[], str], follow: Follow | None, what: str) -> None:
    """Start a task, or join it, and return when it is done.

    Parameters
    ----------
    store : Store
    begin : callable
        Starts the task and returns its id.
    follow : callable or None
        ``None`` uses `segcore.jobs.follow` without output.
    what : str
        Such as "Making vectors", for the message if the task was stopped.

    Raises
    ------
    JobError
        If the task failed or was stopped.
    """
    job = jobs.follow(store, begin) if follow is None else follow(begin)
    if job.state != "done":
        job.raise_finding()
        raise JobError(job.message or f"{what} was {job.state}. The same command continues it.")


def understood(read: Callable[[], Read]) -> Read:
    """Return the request of a task, read from its spec.

    Raises
    ------
    StoreError
        If the spec is damaged.
    """
    with reading(lambda: damage("job", "start_again")):
        return read()


def run_task(argv: Sequence[str], work: Callable[[Store, Mapping[str, Any], Report], None]) -> int:
    """Do the work of one job as its worker, and return the exit code for its supervisor.

    Parameters
    ----------
    argv : sequence of str
        The store's directory and the job's id.
    work : callable (store, spec, report) -> None
        Stores its result; a `SegcoreError` becomes the job's message.
    """
    home, job_id = argv
    faulthandler.enable()
    store = Store(home)
    reported = 0.0

    def report(share: float) -> None:
        # Each update is flushed to disk.
        nonlocal reported
        if time.monotonic() - reported >= _PROGRESS_SECONDS or share >= 1:
            reported = time.monotonic()
            store.update_job(job_id, progress=int(STEPS * share))

    try:
        work(store, store.job_row(job_id)["spec"], report)
        store.update_job(job_id, progress=STEPS)
    except (SegcoreError, OSError, MemoryError) as error:
        return report_error(store, job_id, error)
    return 0
