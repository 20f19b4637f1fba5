"""A fit's outcome, good or bad, as a Solution, so that the other points go on."""

from __future__ import annotations

from collections.abc import Iterable

from segcore.records.grid import Point
from segcore.records.solution import EngineName, Solution
from segcore.system.machine import available_bytes

NOT_RUN = "not run"


class FitError(Exception):
    """A fit stopped for a reason that is known; its text is the whole sentence to show."""


def failed(point: Point, engine: EngineName, seed: int, error: BaseException) -> Solution:
    """Return the Solution of a point whose fit raised ``error``."""
    if isinstance(error, MemoryError):
        reason = f"There was not enough memory for this point{f' ({error})' if str(error) else ''}."
    elif isinstance(error, FitError):
        reason = str(error)
    else:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
        reason = f"The fit stopped with {type(error).__name__}: {first.rstrip('.')}."
    return Solution(params=dict(point), status="failed", engine=engine, evidence=NOT_RUN, seed=seed, reason=reason)


def skipped(point: Point, engine: EngineName, seed: int, reason: str) -> Solution:
    """Return the Solution of a point that makes no sense for these rows."""
    return Solution(params=dict(point), status="skipped", engine=engine, evidence=NOT_RUN, seed=seed, reason=reason)


def more_than_rows(point: Point, name: str, rows: int) -> str:
    """Return the reason why a point that asks for more segments, or neighbours, than there are rows is skipped."""
    return f"{name} = {point[name]} is more than the {rows:,} rows there are."


def require_memory(needed: float, memory: int | None, *, what: str, instead: str) -> None:
    """Raise ``MemoryError`` where ``what`` needs more bytes than a fit may take; ``None`` is what the machine has free."""
    free = available_bytes() if memory is None else memory
    if needed > free:
        raise MemoryError(f"{what} about {needed / 2**30:,.1f} GiB and {free / 2**30:,.1f} GiB are free: {instead}")


def as_sentences(texts: Iterable[str]) -> str | None:
    """Return remarks as one text, or ``None`` where there is nothing to say."""
    return " ".join(text.strip().rstrip(".") + "." for text in texts) or None
