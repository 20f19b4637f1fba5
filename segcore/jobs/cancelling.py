"""Cancel a job and end all of its processes."""

from __future__ import annotations

import signal
import time

from segcore.errors import JobError, StoreError
from segcore.jobs.locks import job_lock, read_processes, worker_lock
from segcore.jobs.state import ACTIVE
from segcore.store.file_lock import is_held
from segcore.store.index import Index
from segcore.system.child_process import signal_group

_GRACE_SECONDS = 1.0
_LIMIT_SECONDS = 5.0
_POLL_SECONDS = 0.02


def cancel(store: Index, job_id: str) -> None:
    """Stop a queued or running job; return once its processes have ended, usually within two seconds.

    Its results stay and are not computed again when it is resumed. A finished job does not change.

    Raises
    ------
    StoreError
        If there is no such job.
    JobError
        If its processes cannot be ended.
    """
    if store.job_state(job_id) is None:
        raise StoreError(f"There is no job {job_id!r} in the store at {store.home}.")
    store.update_job(job_id, only_from=ACTIVE, state="cancelled", finished=time.time(), message=None)
    if store.job_state(job_id) == "cancelled":
        _end_processes(store, job_id)


def _end_processes(store: Index, job_id: str) -> None:
    lock, work = job_lock(store, job_id), worker_lock(store, job_id)
    begun, target, sent = time.monotonic(), 0, None
    while is_held(lock) or is_held(work):
        supervisor, worker = read_processes(lock)
        if target and supervisor != target:
            return  # the supervisor ended, and the job has been started again
        elapsed = time.monotonic() - begun
        if elapsed > _LIMIT_SECONDS:
            raise JobError(f"Processes {supervisor} and {worker} did not end within {_LIMIT_SECONDS:g} seconds: end them by hand.")
        wanted = signal.SIGTERM if elapsed < _GRACE_SECONDS else signal.SIGKILL
        # While the lock is held, these numbers belong to its holder; a supervisor that has just started may not have written its own yet.
        if supervisor and wanted is not sent and is_held(lock):
            target, sent = supervisor, wanted
            signal_group(supervisor, wanted)
            if wanted is signal.SIGKILL:
                signal_group(worker, wanted)
        time.sleep(_POLL_SECONDS)
