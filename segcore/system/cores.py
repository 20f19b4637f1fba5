"""Cores: how many this process may use, and threads that spread work over them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(tasks: Iterable[Callable[[], T]], *, threads: int | None = None) -> list[T]:
    """Run tasks that release the interpreter's lock, such as compiled loops, on all cores; return their results in order.

    Parameters
    ----------
    tasks : iterable of callables
        Started in this order, so the longest should come first.
    threads : int or None
        ``None`` means one per core.
    """
    listed: Sequence[Callable[[], T]] = list(tasks)
    workers = min(len(listed), threads or usable_cores())
    if workers <= 1:
        return [task() for task in listed]
    with ThreadPoolExecutor(workers) as pool:
        return [future.result() for future in [pool.submit(task) for task in listed]]
