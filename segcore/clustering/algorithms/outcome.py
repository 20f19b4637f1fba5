"""What the algorithms have in common: a fit's outcome, good or bad, as a Solution, so that the others go on; and a parameter."""

from __future__ import annotations

from collections.abc import Iterable

from segcore.records.grid import Point
from segcore.records.params import Param
from segcore.records.solution import EngineName, Solution
from segcore.system.machine import available_bytes

NOT_RUN = "not run"
N_CLUSTERS = Param(
    "n_clusters",
    "int",
    1,
    None,
    (2, 3, 4, 5, 10, 15, 20, 25, 30),
    "Number of segments",
    "",
    "How many segments to make; every customer gets one.",
)
"""The number of segments, of every algorithm that is told it."""


def failed(point: Point, engine: EngineName, seed: int, error: BaseException) -> Solution:
    """Return the Solution of a point whose fit raised ``error``."""
    if isinstance(error, MemoryError):
        reason = f"There was not enough memory for this point{f' ({error})' if str(error) else ''}."
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
