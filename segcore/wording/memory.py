"""Errors about too little memory: the limit that a process has met, and where it comes from."""

from __future__ import annotations

import errno

from segcore.errors import MemoryLimitError, SegcoreError
from segcore.system.cores import usable_cores
from segcore.system.machine import CONTROL_GROUP, available_bytes, memory_limit
from segcore.wording.findings import refusal

# Address space of a worker on two cores, and of the stacks and buffers of each further one (measured under ulimit -v).
_LEAST_BYTES = 800 << 20
_CORE_BYTES = 48 << 20
_SCARCE = 3.0  # with less than so many times the least, anything can fail for lack of memory: imports, threads, native code


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
    """Tell whether an error is, or under a low limit must be expected to be, from lack of memory."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM) or memory_is_scarce()
