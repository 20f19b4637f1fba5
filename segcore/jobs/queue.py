"""One queue for sweeps, benchmarks and ``analyze``: they run one at a time, first come, first served.

Jobs run in the order of their rows; a lock marks whose turn it is. Jobs whose process died while waiting are skipped, because their lock is
free.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator

from segcore.jobs.locks import job_lock, queue_lock, write_processes
from segcore.jobs.state import ACTIVE, TURN, is_alive
from segcore.store.file_lock import take
from segcore.store.index import Index

_FIRST_POLL_SECONDS = 0.02  # evidence gives way to a sweep at once
_POLL_SECONDS = 0.15


@contextlib.contextmanager
def next_in_line(index: Index, job_id: str) -> Iterator[bool]:
    """Wait for a queued job's turn and hold it; yield False if the job left the queue in the meantime."""
    handle, pause = None, _FIRST_POLL_SECONDS
    try:
        while index.job_row(job_id)["state"] == "queued":
            if not _someone_before(index, job_id):
                handle = take(queue_lock(index))
                if handle is not None:
                    break
            time.sleep(pause)
            pause = min(1.2 * pause, _POLL_SECONDS)
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def is_waited_for(index: Index) -> bool:
    """Tell whether a waiting job has more to do than gather evidence; two jobs that only gather evidence would give way forever."""
    return any(
        is_alive(index, row["id"]) and not (row["kind"] == "sweep" and index.is_complete(row["id"])) for row in index.jobs_in(["queued"])
    )


def _someone_before(index: Index, job_id: str) -> bool:
    for row in index.jobs_in(["queued"]):
        if row["id"] == job_id:
            return False
        if is_alive(index, row["id"]):
            return True
    return False


@contextlib.contextmanager
def turn(store: Index, *, title: str = "Command line") -> Iterator[None]:
    """Wait for this process's turn in the queue, and hold it while the body runs.

    For work in the calling process, such as ``analyze``. A sweep started inside the body waits for its end.
    """
    drop_dead_turns(store)
    ticket = f"{TURN}-{uuid.uuid4().hex}"
    handle = take(job_lock(store, ticket))
    if handle is None:
        raise RuntimeError(f"The lock of {ticket} is already held.")
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
    """Remove processes from the queue that died during their turn or while waiting for it."""
    for row in store.jobs_in(ACTIVE):
        if row["kind"] == TURN and not is_alive(store, row["id"]):
            store.drop_job(row["id"])
            job_lock(store, row["id"]).unlink(missing_ok=True)
