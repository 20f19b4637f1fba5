"""Run the points of a grid in threads, one core each, and yield each result as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from segcore.system.cores import usable_cores

T = TypeVar("T")


def side_by_side(tasks: Iterable[tuple[int, Callable[[], T]]], *, threads: int | None = None) -> Iterator[tuple[int, T | Exception]]:
    """Yield ``(index, outcome)`` of each task as soon as it is done; an error is an outcome, too.

    Parameters
    ----------
    tasks : iterable of (int, callable)
        Taken one by one, in the caller's thread, when a thread has become free: what must happen right before a task may happen there.
        They run with one BLAS and one OpenMP thread each, so that they do not fight for the cores, and so that nothing depends on how
        many cores there are; only libraries that are loaded before the first task starts are so limited. They must warn of nothing:
        Python's filters of warnings belong to the whole process.
    threads : int or None
        ``None`` is one a core.

    Notes
    -----
    The limit of BLAS holds for the whole process until the last outcome is taken or the iterator is closed.
    """
    from threadpoolctl import threadpool_limits

    upcoming = iter(tasks)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads or usable_cores(), initializer=_use_one_thread) as pool:
        running: dict[Future[T], int] = {}

        def fill() -> None:
            while len(running) < (threads or usable_cores()):
                index, task = next(upcoming, (None, None))
                if index is None or task is None:
                    return
                running[pool.submit(task)] = index

        fill()
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            finished = [(running.pop(future), future) for future in done]
            fill()
            for index, future in finished:
                error = future.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield index, error if isinstance(error, Exception) else future.result()


def _use_one_thread() -> None:
    """Limit OpenMP to one thread in this thread; its limits are per thread."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="openmp")
