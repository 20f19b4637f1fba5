"""Rows that are set aside: each under the first reason that applies, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from segcore.data.columns.role_values import as_text
from segcore.data.files.raw import Raw
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import named

EARLIER_SHEET = "stands in an earlier sheet too"
NEGATIVE_PRICE = "negative price"
TOO_LARGE = "amount too large"
CANCELLED = "cancelled"
DUPLICATE = "duplicate"
_SPOKEN = {  # of one row, of several
    EARLIER_SHEET: ("that stands in an earlier sheet too", "that stand in an earlier sheet too"),
    NEGATIVE_PRICE: ("with a negative price", "with a negative price"),
    TOO_LARGE: ("with an amount too large", "with an amount too large"),
    CANCELLED: ("that is cancelled", "that are cancelled"),
    DUPLICATE: ("that repeats an earlier row", "that repeat an earlier row"),
}


def bad_value(column: str) -> str:
    """Return the reason of rows whose value in a column cannot be read."""
    return f"bad value in {named(column)}"


def without(column: str) -> str:
    """Return the reason of rows that lack a value in a column."""
    return f"without {named(column)}"


class Sieve:
    """Which of a source's rows are still used, and why the others are not.

    Parameters
    ----------
    n_rows : int
    """

    def __init__(self, n_rows: int) -> None:
        self._codes = np.zeros(n_rows, dtype=np.uint16)  # 0 is used, else the reason's position, from 1
        self._reasons: list[str] = []

    @property
    def kept(self) -> np.ndarray:
        """Which rows are used, bool, shape (n_rows,)."""
        return self._codes == 0

    @property
    def counts(self) -> dict[str, int]:
        """Rows set aside for each reason, in the order in which they were asked."""
        numbers = np.bincount(self._codes, minlength=len(self._reasons) + 1)[1:]
        return {reason: int(number) for reason, number in zip(self._reasons, numbers, strict=True) if number}

    def put(self, rows: np.ndarray | None, reason: str) -> None:
        """Set rows aside that are not yet.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,), bool, or None
            ``None`` is no row.
        reason : str
        """
        if rows is None or not rows.any():
            return
        self._reasons.append(reason)
        self._codes[rows & (self._codes == 0)] = len(self._reasons)

    def table(self, raw: Raw) -> pa.Table | None:
        """Return the rows that were set aside: ``Row``, ``Why``, then the source's columns as text; ``None`` where there is none."""
        rows = np.flatnonzero(self._codes)
        if not len(rows):
            return None
        why = pa.array(self._reasons, pa.large_string()).take(pa.array(self._codes[rows].astype(np.int64) - 1))
        columns = [pa.array([raw.where(row) for row in rows.tolist()], pa.large_string()), why]
        # Column by column: a source that is read on demand is never in memory as a whole.
        columns += [as_text(raw.column(name).take(pa.array(rows))) for name in raw.names]
        return pa.Table.from_arrays(columns, names=["Row", "Why", *_apart(raw.names)])


def set_aside_notes(sieve: Sieve) -> list[Finding]:
    """Say how many rows were set aside, and why."""
    notes = []
    for reason, count in sieve.counts.items():
        column = re.sub("^bad value", "with a bad value", reason)
        one, several = _SPOKEN.get(reason, (column, column))
        notes.append(Note("info", f"1 row {one} set aside." if count == 1 else f"{count:,} rows {several} set aside."))
    return notes


def _apart(names: Sequence[str]) -> list[str]:
    """Return the source's names, other than the two that stand before them."""
    taken = {"Row", "Why", *names}
    apart = []
    for name in names:
        while name in ("Row", "Why") or (name in apart):
            name = f"{name} (source)"
            while name in taken:
                name = f"{name} (source)"
        apart.append(name)
    return apart
