"""Outcome of a fit, good or bad, as a Solution, so that other points continue."""

from __future__ import annotations

from collections.abc import Iterable

from segcore.records.grid import Point
from segcore.records.solution import EngineName, Solution
from segcore.store.disk import is_disk_error
from segcore.system.machine import available_bytes

NOT_RUN = "not run"


class FitError(Exception):
    """A fit stopped for a known reason; its text is the whole sentence to show."""


def failed(point: Point, engine: EngineName, seed: int, error: BaseException) -> Solution:
    """Return the Solution of a point whose fit raised ``error``; a disk that is full is no point's fault and is raised again."""
    if is_disk_error(error):
        raise error
    if isinstance(error, MemoryError):
        reason = f"There was not enough memory for this solution{f' ({error})' if str(error) else ''}."
    elif isinstance(error, FitError):
        reason = str(error)
    else:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
        reason = f"The fit stopped with {type(error).__name__}: {first.rstrip('.')}."
    return Solution(params=dict(point), status="failed", engine=engine, evidence=NOT_RUN, seed=seed, reason=reason)


def skipped(point: Point, engine: EngineName, seed: int, reason: str) -> Solution:
    """Return the Solution of a point that is impossible for these rows."""
    return Solution(params=dict(point), status="skipped", engine=engine, evidence=NOT_RUN, seed=seed, reason=reason)


def more_than_rows(point: Point, name: str, rows: int) -> str:
    """Return the reason to skip a point with more segments, or neighbours, than rows."""
    return f"{name} = {point[name]} is more than the {rows:,} rows."


def require_memory(needed: float, memory: int | None, *, what: str, instead: str) -> None:
    """Raise ``MemoryError`` if ``what`` needs more bytes than a fit may use; ``None`` means the machine's free memory."""
    free = available_bytes() if memory is None else memory
    if needed > free:
        raise MemoryError(f"{what} about {needed / 2**30:,.1f} GiB, but only {free / 2**30:,.1f} GiB is free: {instead}")


def as_sentences(texts: Iterable[str]) -> str | None:
    """Join remarks into one text, or ``None`` if there are none."""
    return " ".join(text.strip().rstrip(".") + "." for text in texts) or None
