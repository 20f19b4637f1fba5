"""Rows set aside: each with the first reason that applies, and its place in the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from segcore.data.columns.text import as_text
from segcore.data.files.raw import Raw
from segcore.records.dataset import RowCount
from segcore.records.finding import Finding
from segcore.wording.findings import sentence

EARLIER_SHEET = Finding("row.in_earlier_sheet")
NEGATIVE_PRICE = Finding("row.negative_price")
TOO_LARGE = Finding("row.amount_too_large")
CANCELLED = Finding("row.cancelled")
DUPLICATE = Finding("row.duplicate")


def bad_value(column: str) -> Finding:
    """Return the reason for rows whose value in a column cannot be read."""
    return Finding("row.bad_value", values={"column": column})


def without(column: str) -> Finding:
    """Return the reason for rows that lack a value in a column."""
    return Finding("row.missing_value", values={"column": column})


def counts_of(numbers: Sequence[tuple[Finding, int]]) -> tuple[RowCount, ...]:
    """Return the reasons that occur, with their numbers of rows."""
    return tuple(RowCount(reason, number) for reason, number in numbers if number)


class Sieve:
    """Rows of a source that are still used, and reasons for the others.

    Parameters
    ----------
    n_rows : int
    """

    def __init__(self, n_rows: int) -> None:
        self._codes = np.zeros(n_rows, dtype=np.uint16)  # 0 is used, else the reason's position, from 1
        self._reasons: list[Finding] = []

    @property
    def kept(self) -> np.ndarray:
        """Which rows are used, bool, shape (n_rows,)."""
        return self._codes == 0

    @property
    def counts(self) -> tuple[RowCount, ...]:
        """Number of rows set aside for each reason that occurs, in the order in which the reasons were applied."""
        return counts_of(self.numbers)

    @property
    def numbers(self) -> list[tuple[Finding, int]]:
        """Number of rows set aside for each reason that was looked for, in this order; also 0."""
        numbers = np.bincount(self._codes, minlength=len(self._reasons) + 1)[1:]
        return list(zip(self._reasons, numbers.tolist(), strict=True))

    def rows_with(self, reason: Finding) -> np.ndarray:
        """Return which rows were set aside for a reason, bool, shape (n_rows,)."""
        if reason not in self._reasons:
            return np.zeros(len(self._codes), dtype=bool)
        return self._codes == self._reasons.index(reason) + 1

    def put(self, rows: np.ndarray | None, reason: Finding) -> None:
        """Set rows aside, except those that already are.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,), bool, or None
            ``None`` means no rows.
        reason : Finding
        """
        self._reasons.append(reason)
        if rows is None or not rows.any():
            return
        self._codes[rows & (self._codes == 0)] = len(self._reasons)

    def table(self, raw: Raw) -> pa.Table | None:
        """Return the rows that were set aside: ``Row``, ``Why``, then the source's columns as text; ``None`` without such rows."""
        rows = np.flatnonzero(self._codes)
        if not len(rows):
            return None
        labels = pa.array([sentence(reason) for reason in self._reasons], pa.large_string())
        why = labels.take(pa.array(self._codes[rows].astype(np.int64) - 1))
        columns = [pa.array([raw.where(row) for row in rows.tolist()], pa.large_string()), why]
        # Column by column, so that a source read on demand is never in memory as a whole.
        columns += [as_text(raw.column(name).take(pa.array(rows))) for name in raw.names]
        return pa.Table.from_arrays(columns, names=["Row", "Why", *_apart(raw.names)])


def set_aside_notes(counts: Sequence[RowCount], roles: Mapping[str, str], orders: int) -> list[Finding]:
    """Return a finding for each reason that occurs; that for rows without a customer has the number of their orders if there are several.

    Parameters
    ----------
    counts : sequence of RowCount
    roles : mapping of role to column name
    orders : int
        Number of different orders of the rows without a customer.
    """
    notes = []
    for count in counts:
        values = {"rows": count.rows, "reason": {"code": count.reason.code, "values": dict(count.reason.values)}}
        if "customer" in roles and count.reason == without(roles["customer"]):
            values |= {"orders": orders} if orders > 1 else {}
        notes.append(Finding("row.set_aside", values=values))
    return notes


def _apart(names: Sequence[str]) -> list[str]:
    """Return the source's names, changed where one equals one of the two before them."""
    taken = {"Row", "Why", *names}
    apart = []
    for name in names:
        while name in ("Row", "Why") or (name in apart):
            name = f"{name} (source)"
            while name in taken:
                name = f"{name} (source)"
        apart.append(name)
    return apart
