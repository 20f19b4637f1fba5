"""Cores: how many this process may use, and threads that spread work over them."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")

_NICENESS = 10
_THREADS = Path("/proc/self/task")
_SESSION = Path("/proc/self/autogroup")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def let_others_go_first() -> None:
    """Give all threads of this process a small claim to the cores; do nothing unless it leads a session, and so works for others."""
    if os.getsid(0) != os.getpid():
        return
    # On Linux, each thread has its own niceness, and new ones inherit it.
    for thread in [int(found.name) for found in _THREADS.iterdir()] if _THREADS.is_dir() else [0]:
        with contextlib.suppress(ProcessLookupError):
            if os.getpriority(os.PRIO_PROCESS, thread) < _NICENESS:
                os.setpriority(os.PRIO_PROCESS, thread, _NICENESS)
    # There, the kernel may divide the cores among sessions first, so that niceness would only count within one.
    with contextlib.suppress(OSError):
        _SESSION.write_text(str(_NICENESS))


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


def in_turns(tasks: Iterable[Callable[[], object]], *, threads: int | None = None) -> None:
    """Run many short tasks like `in_threads`, without the cost of a future for each and without their results.

    Parameters
    ----------
    tasks : iterable of callables
        A core that is free takes the next one.
    threads : int or None
        ``None`` means one per core.
    """
    listed = list(tasks)
    # The iterator of a list hands out each task once, whichever thread asks.
    waiting = iter(listed)

    def work() -> None:
        for task in waiting:
            task()

    in_threads([work] * min(len(listed), threads or usable_cores()), threads=threads)


def in_ranges(count: int, task: Callable[[int, int], T], *, threads: int | None = None, least: int = 1 << 14) -> list[T]:
    """Run ``task(first, last)`` on all cores, over ranges that together are ``range(count)``; return the results in order.

    Parameters
    ----------
    count : int
    task : callable (int, int)
        Releases the interpreter's lock.
    threads : int or None
        ``None`` means one per core.
    least : int
        Fewer than this are not divided.
    """
    parts = max(1, min(threads or usable_cores(), count // least))
    bounds = [count * part // parts for part in range(parts + 1)]
    return in_threads([partial(task, first, last) for first, last in itertools.pairwise(bounds)], threads=threads)


def take_rows(X: np.ndarray, rows: np.ndarray, *, threads: int | None = None) -> np.ndarray:
    """Return ``X[rows]``, copied by all cores: shape (len(rows), n_features).

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    rows : ndarray of int
        Each at least 0 and below ``n_rows``, which is not checked.
    threads : int or None
    """
    import numpy as np

    taken = np.empty((len(rows), *X.shape[1:]), X.dtype)
    # Taking is nine times as fast as indexing; with the default mode it would go through a copy.
    in_ranges(len(rows), lambda first, last: np.take(X, rows[first:last], axis=0, out=taken[first:last], mode="clip"), threads=threads)
    return taken
