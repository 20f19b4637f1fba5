"""Who is alive: files under ``HOME/locks`` that a process holds locked for as long as it lives.

The kernel lets go of a lock when its process ends, however it ends; unlike a process number it cannot pass to somebody else. A lock
can be handed to a child (``pass_fds``), so that there is no moment at which nobody holds it.
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
    """Return the lock that a job's supervisor holds."""
    return index.home / "locks" / f"{job_id}.lock"


def worker_lock(index: Index, job_id: str) -> Path:
    """Return the lock that a job's worker holds."""
    return index.home / "locks" / f"{job_id}.worker"


def queue_lock(index: Index) -> Path:
    """Return the lock of whoever computes now."""
    return index.home / "locks" / "queue"


def take(path: Path, *, patience: float = 0.0) -> int | None:
    """Lock a file for this process alone and return its descriptor; ``None`` where another holds it after ``patience`` seconds.

    Closing the descriptor unlocks it; children do not inherit it unless it is passed to them.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"The store at {path.parents[1]} cannot be written ({error}): free it, or set SEGCORE_HOME.") from error
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
    """Tell whether a process holds the lock; looking at it does not get in another's way who looks."""
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
    """Be the only one who starts jobs in this store, so that two who ask for the same sweep at once share one."""
    handle = take(index.home / "locks" / "starting", patience=patience)
    if handle is None:
        raise JobError(f"Another process has been starting a job in {index.home} for {patience:g} seconds: try again.")
    try:
        yield
    finally:
        os.close(handle)


def write_processes(handle: int, *, supervisor: int, worker: int = 0) -> None:
    """Note in a job's lock which processes are at work; 0 is none."""
    os.pwrite(handle, f"{supervisor:>10} {worker:>10}\n".encode(), 0)  # one write of one length: a reader never sees half of it


def read_processes(path: Path) -> tuple[int, int]:
    """Return the process numbers of a job's supervisor and worker; to be trusted only while the lock is held."""
    try:
        supervisor, worker = path.read_bytes().split()[:2]
    except (OSError, ValueError):
        return 0, 0
    return int(supervisor), int(worker)
