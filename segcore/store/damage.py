"""Damage in the store: an error for stored results that cannot be read, which says what they belong to and how to make them again."""

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
# Errors from reading plain values of another shape, and files that are missing, truncated or nested too deep.
_SIGNS = (AttributeError, EOFError, LookupError, OSError, OverflowError, RecursionError, TypeError, ValueError)
# Of the operating system's errors, only these are about the file itself; libraries raise others without a number.
_LOST = (None, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)


def damage(what: Lost, remedy: Remedy | str, **whose: str) -> StoreError:
    """Build the error for something stored that is missing or damaged.

    Parameters
    ----------
    what : str
        One of ``wording.store.LOST``.
    remedy : Remedy or str
        How to make it again.
    **whose : str
        The values that the sentence of ``what`` needs.
    """
    return refusal(DAMAGED, kind=StoreError, remedy=remedy, what=what, **whose)


@contextlib.contextmanager
def reading(lost: Callable[[], StoreError]) -> Iterator[None]:
    """Report errors in the body that show damage as the error that says what is lost.

    The body only reads: an error of a computation in it would be reported as damage too. Damage that was reported already keeps its name,
    unless it names only a file. An error of the operating system that does not concern the file, such as too many open files, is not
    damage.

    Parameters
    ----------
    lost : callable
        Builds the error, usually with `damage`; called only if there is damage.

    Raises
    ------
    StoreError
        The error that ``lost`` builds, or an error that prevents reading now.
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
    """Return what ``build`` makes from something stored, or ``None`` if it is missing or damaged, for results that can be made again.

    A record with fields of wrong types is damaged too. ``build`` only reads, like the body of `reading`.

    Raises
    ------
    StoreError, MemoryLimitError
        If it cannot be read now for a reason that is not damage.
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
    """Return the error for something that cannot be read now but may be undamaged; ``None`` if it is missing or damaged."""
    if not isinstance(error, OSError) or error.errno in _LOST:
        return None
    if error.errno == errno.ENOMEM:
        return memory_error()
    return refusal("store.unreadable", kind=StoreError, path=str(error.filename or ""), reason=os.strerror(error.errno or 0))


def is_damage(error: BaseException) -> bool:
    """Tell whether an error says that something stored is missing or damaged."""
    return isinstance(error, StoreError) and error.finding is not None and error.finding.code == DAMAGED


def record_from(build: Callable[[dict[str, Any]], Built], text: str | bytes) -> Built:
    """Return a record from stored JSON, with every field of its declared type.

    Raises
    ------
    Exception
        One of those that `reading` reports, if the record is damaged.
    """
    found = build(mapping(text))
    check_fields(found)
    return found
