"""Damage in the store: what was stored and cannot be read back, as one error that says whose it is and what makes it again."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any, TypeVar

from segcore.errors import SegcoreError, StoreError
from segcore.records.finding import Remedy
from segcore.records.shapes import check_fields
from segcore.system.digests import mapping
from segcore.wording.findings import refusal
from segcore.wording.memory import memory_error
from segcore.wording.store import Lost

DAMAGED = "store.damaged"
Built = TypeVar("Built")
# What reading plain values of another shape raises, and files that are missing, cut or nested too deep.
_SIGNS = (AttributeError, EOFError, LookupError, OSError, OverflowError, RecursionError, TypeError, ValueError)
# Of errors of the operating system, only these are about what is there; libraries raise others without a number.
_LOST = (None, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)


def damage(what: Lost, remedy: Remedy | str, **whose: str) -> StoreError:
    """Build the error for something that was stored and is missing or damaged.

    Parameters
    ----------
    what : str
        One of ``wording.store.LOST``.
    remedy : Remedy or str
        What makes it again.
    **whose : str
        The values that the sentence of ``what`` needs.
    """
    return refusal(DAMAGED, kind=StoreError, remedy=remedy, what=what, **whose)


@contextlib.contextmanager
def reading(lost: Callable[[], StoreError]) -> Iterator[None]:
    """Report whatever shows in the body that something stored is damaged as the error that says what is lost.

    The body only reads: an error of a computation in it would be reported as damage too. Damage that was reported by then keeps its name,
    except that of a mere file. An error of the operating system that says nothing of the file, such as too many open files, is no damage.

    Parameters
    ----------
    lost : callable
        Builds the error, usually with `damage`; called only if there is damage.

    Raises
    ------
    StoreError
        The error that ``lost`` builds; or what prevents reading now.
    MemoryLimitError
        If there is too little memory to read.
    """
    try:
        yield
    except StoreError as error:
        if not is_damage(error) or (error.finding is not None and error.finding.values["what"] != "file"):
            raise
        raise lost() from error
    except _SIGNS as error:
        raise _prevented(error) or lost() from error


def if_readable(build: Callable[[], Built]) -> Built | None:
    """Return what is built from something stored, or ``None`` if that is missing or damaged: for what is made again when asked for.

    A record whose fields are not of their types is damaged too. ``build`` only reads, as the body of `reading` does.

    Raises
    ------
    StoreError, MemoryLimitError
        If it cannot be read now for a reason that is no damage.
    """
    try:
        found = build()
        if is_dataclass(found):
            check_fields(found)
    except StoreError as error:
        if not is_damage(error):
            raise
        return None
    except _SIGNS as error:
        if (prevented := _prevented(error)) is not None:
            raise prevented from error
        return None
    return found


def _prevented(error: BaseException) -> SegcoreError | None:
    """Return the error for what could not be read now, though it may be sound; ``None`` if it is missing or damaged."""
    if not isinstance(error, OSError) or error.errno in _LOST:
        return None
    if error.errno == errno.ENOMEM:
        return memory_error()
    return refusal("store.unreadable", kind=StoreError, path=str(error.filename or ""), reason=os.strerror(error.errno or 0))


def is_damage(error: BaseException) -> bool:
    """Tell whether an error says that something stored is missing or damaged."""
    return isinstance(error, StoreError) and error.finding is not None and error.finding.code == DAMAGED


def record_from(build: Callable[[dict[str, Any]], Built], text: str | bytes) -> Built:
    """Return a record from stored JSON, each of its fields of the type that is declared for it.

    Raises
    ------
    Exception
        One of those that `reading` reports, if it is damaged.
    """
    found = build(mapping(text))
    check_fields(found)
    return found
