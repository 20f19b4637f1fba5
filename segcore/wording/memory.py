"""Errors about too little memory, or too few processes: the limit that a process has met, and where it comes from."""

from __future__ import annotations

import ctypes
import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

from segcore.errors import JobError, MemoryLimitError, SegcoreError
from segcore.system.cores import usable_cores
from segcore.system.machine import CONTROL_GROUP, available_bytes, memory_limit
from segcore.wording.findings import refusal

# Address space of a worker on two cores, and of the stacks and buffers of each further one (measured under ulimit -v).
_LEAST_BYTES = 800 << 20
_CORE_BYTES = 48 << 20
_SCARCE = 3.0  # with less than so many times the least, imports, threads, processes and native code can fail for lack of memory


def memory_error(what: str = "This", *, needed: int | None = None) -> SegcoreError:
    """Return the error for too little memory: it names this process's limit, or what is free.

    Parameters
    ----------
    what : str
        What needs more, to begin the sentence, such as "Reading orders.csv".
    needed : int or None
        How many bytes, if known.
    """
    limit = memory_limit()
    most, source = (available_bytes(), None) if limit is None else (limit.bytes, limit.source)
    return refusal("limit.memory", kind=MemoryLimitError, what=what, limit=most, source=source, needed=needed)


def least_bytes() -> int:
    """Return the memory limit below which segcore can neither read data nor fit, on this machine."""
    return _LEAST_BYTES + _CORE_BYTES * max(0, usable_cores() - 2)


def require_least_memory() -> None:
    """Raise `MemoryLimitError` if this process has too little address space to read data or fit: libraries would crash, or hang.

    A control group limits what is used instead, which depends on the data: what it ends is reported then.
    """
    limit, needed = memory_limit(), least_bytes()
    if limit is not None and limit.source != CONTROL_GROUP and limit.bytes < needed:
        raise memory_error(needed=needed)


def memory_is_scarce() -> bool:
    """Tell whether this process's limit is so low that a crash of it or of its children is most likely for lack of memory."""
    limit = memory_limit()
    return limit is not None and limit.bytes < _SCARCE * least_bytes()


def is_memory_error(error: BaseException) -> bool:
    """Tell whether an error, or one that led to it, is from lack of memory.

    Under a low limit, so is the failure to load a library, or to start a thread or a process; any other error is a bug there too.
    """
    chain = list(_chain(error))
    if any(isinstance(found, MemoryError) or (isinstance(found, OSError) and found.errno == errno.ENOMEM) for found in chain):
        return True
    return any(map(_could_not_map, chain)) and memory_is_scarce()


def limit_error(error: BaseException, what: str = "This") -> SegcoreError | None:
    """Return the user's error for an error, or one that led to it, by lack of memory or a limit on processes and threads; else ``None``.

    Parameters
    ----------
    error : exception
    what : str
        See `memory_error`.
    """
    if is_memory_error(error):
        return memory_error(what)
    could_not_start = any(isinstance(found, BlockingIOError | RuntimeError) and _could_not_map(found) for found in _chain(error))
    return refusal("limit.processes", kind=JobError) if could_not_start else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def _could_not_map(error: BaseException) -> bool:
    """Tell by its type and place whether an error is what a failed ``mmap`` becomes where its number is lost."""
    if isinstance(error, ImportError):  # of a file that was found and not loaded; a missing name is one of a loaded module
        return error.path is not None and error.path.endswith(".so") and error.name not in sys.modules
    if isinstance(error, BlockingIOError):
        return _was_raised_in(error, subprocess, "_execute_child")
    if type(error) is RuntimeError:
        return _was_raised_in(error, threading, "start")
    return type(error) is OSError and error.errno is None and _was_raised_in(error, ctypes, "__init__")


def _was_raised_in(error: BaseException, module: ModuleType, function: str) -> bool:
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        if (code.co_filename, code.co_name) == (module.__file__, function):
            return True
        place = place.tb_next
    return False
