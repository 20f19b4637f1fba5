"""Locks of jobs: files under ``HOME/locks``, which a process holds for as long as it lives; see ``store/file_lock.py``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from segcore.errors import JobError
from segcore.store.file_lock import take
from segcore.store.index import Index


def job_lock(index: Index, job_id: str) -> Path:
    """Return the path of the lock that a job's supervisor holds."""
    return index.home / "locks" / f"{job_id}.lock"


def worker_lock(index: Index, job_id: str) -> Path:
    """Return the path of the lock that a job's worker holds."""
    return index.home / "locks" / f"{job_id}.worker"


def queue_lock(index: Index) -> Path:
    """Return the path of the lock that the running job holds."""
    return index.home / "locks" / "queue"


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
