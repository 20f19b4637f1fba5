"""Threads for tasks of unequal length whose passes over the rows can be shared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

_FEW_ROWS = 16_384
T = TypeVar("T")


class Crew:
    """Threads that each drive a task, and help one another where fewer tasks run than there are threads.

    Parameters
    ----------
    size : int
        At least 1.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._drivers, self._helpers = ThreadPoolExecutor(size), ThreadPoolExecutor(max(1, size - 1))
        self._driving, self._lock = 0, Lock()

    def drive(self, task: Callable[..., T], *arguments: Any) -> Future[T]:
        """Start a task in a new thread."""
        with self._lock:
            self._driving += 1
        return self._drivers.submit(self._run, task, *arguments)

    def _run(self, task: Callable[..., T], *arguments: Any) -> T:
        try:
            return task(*arguments)
        finally:
            with self._lock:
                self._driving -= 1

    def is_alone(self, count: int) -> bool:
        """Tell whether ``spread`` would never hand over a part of so many rows."""
        return self.size == 1 or count < _FEW_ROWS

    def spread(self, count: int, task: Callable[[int, int], Any], *, few: int | None = None) -> list[Any]:
        """Run ``task(start, stop)`` over parts of ``range(count)``, as many as cores are free; return what the parts return, in order.

        Fewer than ``few`` are not worth the hand-over; ``None`` is right for rows.
        """
        parts = max(1, self.size // max(1, self._driving)) if count >= (_FEW_ROWS if few is None else few) else 1
        if parts == 1:
            return [task(0, count)]
        edges = [count * part // parts for part in range(parts + 1)]
        others = [self._helpers.submit(task, edges[part], edges[part + 1]) for part in range(1, parts)]
        return [task(edges[0], edges[1]), *(other.result() for other in others)]

    def dismiss(self) -> None:
        """Let the threads end."""
        self._drivers.shutdown(cancel_futures=True)
        self._helpers.shutdown(cancel_futures=True)
