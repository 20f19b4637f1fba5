"""Lock files under ``HOME/locks``, which a process holds for as long as it lives.

The kernel releases a lock when its process ends, however it ends; unlike a process number, it is not reused. A lock can be handed to
a child (``pass_fds``), so that it is held without a gap.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from segcore.errors import JobError, StoreError
from segcore.store.index import Index

_LOOK_SECONDS = 0.01


def job_lock(index: Index, job_id: str) -> Path:
    """Return the path of the lock that a job's supervisor holds."""
    return index.home / "locks" / f"{job_id}.lock"


def worker_lock(index: Index, job_id: str) -> Path:
    """Return the path of the lock that a job's worker holds."""
    return index.home / "locks" / f"{job_id}.worker"


def queue_lock(index: Index) -> Path:
    """Return the path of the lock that the running job holds."""
    return index.home / "locks" / "queue"


def take(path: Path, *, patience: float = 0.0) -> int | None:
    """Lock a file exclusively and return its descriptor, or ``None`` if another process still holds it after ``patience`` seconds.

    Closing the descriptor unlocks the file; children do not inherit it unless it is passed to them.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        home = path.parents[1]
        raise StoreError(f"The store at {home} cannot be written ({error}): fix that, or set SEGCORE_HOME to another directory.") from error
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    return None
                time.sleep(_LOOK_SECONDS)
            else:
                return handle
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(handle)
        raise


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock; several processes can check at once."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextlib.contextmanager
def starting(index: Index, *, patience: float = 20.0) -> Iterator[None]:
    """Hold the right to start jobs in this store, so that two simultaneous requests for the same sweep share one job."""
    handle = take(index.home / "locks" / "starting", patience=patience)
    if handle is None:
        raise JobError(f"Another process has been starting a job in {index.home} for {patience:g} seconds: try again later.")
    try:
        yield
    finally:
        os.close(handle)


def write_processes(handle: int, *, supervisor: int, worker: int = 0) -> None:
    """Write a job's process numbers into its lock; 0 means no process."""
    os.pwrite(handle, f"{supervisor:>10} {worker:>10}\n".encode(), 0)  # a single write of fixed length: readers never see half of it


def read_processes(path: Path) -> tuple[int, int]:
    """Return the process numbers of a job's supervisor and worker; they are valid only while the lock is held."""
    try:
        supervisor, worker = path.read_bytes().split()[:2]
    except (OSError, ValueError):
        return 0, 0
    return int(supervisor), int(worker)
