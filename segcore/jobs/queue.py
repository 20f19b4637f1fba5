"""One at a time: sweeps, benchmarks and ``analyze`` share one queue, first come first served, whoever started them.

The order is that of the jobs' rows; the turn itself is a lock. Those who died while they waited are passed over, because their own
lock is free.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator

from segcore.jobs.locks import job_lock, queue_lock, take, write_processes
from segcore.jobs.state import ACTIVE, TURN, is_alive
from segcore.store.index import Index

_POLL_SECONDS = 0.15


@contextlib.contextmanager
def next_in_line(index: Index, job_id: str) -> Iterator[bool]:
    """Wait until it is a queued job's turn and keep the turn; gives False where the job left the queue while it waited."""
    handle = None
    try:
        while index.job_row(job_id)["state"] == "queued":
            if not _someone_before(index, job_id):
                handle = take(queue_lock(index))
                if handle is not None:
                    break
            time.sleep(_POLL_SECONDS)
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _someone_before(index: Index, job_id: str) -> bool:
    for row in index.jobs_in(["queued"]):
        if row["id"] == job_id:
            return False
        if is_alive(index, row["id"]):
            return True
    return False


@contextlib.contextmanager
def turn(store: Index, *, title: str = "Command line") -> Iterator[None]:
    """Wait for this process's place in the queue, and keep it while the body runs.

    For work that is done in the calling process, such as ``analyze``. A sweep that is started inside waits for the body's end.
    """
    drop_dead_turns(store)
    ticket = f"{TURN}-{uuid.uuid4().hex}"
    handle = take(job_lock(store, ticket))
    if handle is None:
        raise RuntimeError(f"{ticket} is held already")
    try:
        write_processes(handle, supervisor=os.getpid())
        store.put_job(ticket, kind=TURN, title=title, spec={}, total=0, state="queued")
        with next_in_line(store, ticket):
            store.update_job(ticket, state="running", started=time.time())
            yield
    finally:
        store.drop_job(ticket)
        job_lock(store, ticket).unlink(missing_ok=True)
        os.close(handle)


def drop_dead_turns(store: Index) -> None:
    """Drop the places of processes that died with a turn or while they waited for one."""
    for row in store.jobs_in(ACTIVE):
        if row["kind"] == TURN and not is_alive(store, row["id"]):
            store.drop_job(row["id"])
            job_lock(store, row["id"]).unlink(missing_ok=True)
