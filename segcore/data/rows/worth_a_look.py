"""Rows that are used but worth a look: cancelled, repeated, free of charge, dated in the future."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.meaning.roles import Meaning
from segcore.records.dataset import CANCELLED_ORDER, RowCount, is_cancelled
from segcore.records.finding import Finding, Remedy

_MANY_CANCELLED = 0.3


def cancelled_lines(rows: pa.Table, roles: Mapping[str, str]) -> np.ndarray:
    """Return which lines of transactions are cancelled, bool, shape (n_rows,)."""
    column = rows[roles["quantity"] if "quantity" in roles else roles["amount"]]
    suspect = pc.less(column, 0).fill_null(False)
    if "order" in roles:
        # Most orders do not begin with a C, and checking that takes a tenth of the time of the pattern.
        suspect = pc.or_(suspect, pc.starts_with(rows[roles["order"]], "C").fill_null(False))
    found = np.flatnonzero(suspect.to_numpy())
    cancelled = np.zeros(rows.num_rows, dtype=bool)
    if len(found):
        lines = nw.from_native(rows.take(pa.array(found)), eager_only=True)
        cancelled[found] = lines.select(is_cancelled(roles).fill_null(False).alias("cancelled"))["cancelled"].to_numpy()
    return cancelled


@dataclass(frozen=True, slots=True)
class Looks:
    """Used rows that are worth a look, counted; those of several pieces of the data can be added.

    Parameters
    ----------
    rows : int
        Used rows in all.
    cancelled : int
    numbered, negative, negative_numbered : int
        Lines whose order has a cancellation number, lines with a negative quantity, and both.
    free : int
        Lines with a price of zero.
    later : int
        Rows dated after today.
    latest : datetime or None
        Latest time.
    """

    rows: int = 0
    cancelled: int = 0
    numbered: int = 0
    negative: int = 0
    negative_numbered: int = 0
    free: int = 0
    later: int = 0
    latest: dt.datetime | None = None

    def __add__(self, other: Looks) -> Looks:
        """Return what is counted in both."""
        latest = max((found for found in (self.latest, other.latest) if found is not None), default=None)
        numbers = (entry.name for entry in fields(self) if entry.name != "latest")
        return Looks(**{name: getattr(self, name) + getattr(other, name) for name in numbers}, latest=latest)


def looks_of(used: pa.Table, meaning: Meaning, today: dt.date) -> Looks:
    """Count the used rows that are worth a look, but for exact repeats.

    Parameters
    ----------
    used : pyarrow Table
        The used rows, in canonical types.
    meaning : Meaning
    today : date
    """
    if meaning.kind == "customers":
        return Looks(used.num_rows)
    roles = meaning.roles
    numbered = negative = both = later = 0
    latest: dt.datetime | None = None
    if "quantity" in roles:
        below = pc.less(used[roles["quantity"]], 0)
        negative = _true(below)
        if "order" in roles:
            orders = used[roles["order"]]
            begins = pc.starts_with(orders, "C")  # most do not, and checking that takes a tenth of the time of the pattern
            numbers = pc.match_substring_regex(orders.filter(begins), CANCELLED_ORDER)
            numbered, both = _true(numbers), _true(pc.and_(numbers, below.filter(begins)))
    if "time" in roles:
        times, end = used[roles["time"]], dt.datetime.combine(today, dt.time.max)
        latest = pc.max(times).as_py()
        later = 0 if latest is None or latest <= end else _true(pc.greater(times, pa.scalar(end, times.type)))
    return Looks(
        rows=used.num_rows,
        cancelled=int(cancelled_lines(used, roles).sum()) if meaning.kind == "transactions" else 0,
        numbered=numbered,
        negative=negative,
        negative_numbered=both,
        free=_true(pc.equal(used[roles["price"]], 0.0)) if "price" in roles else 0,
        later=later,
        latest=latest,
    )


def worth_a_look(looks: Looks, repeats: int | None, roles: Mapping[str, str], today: dt.date) -> tuple[tuple[RowCount, ...], list[Finding]]:
    """Return the used rows that are worth a look as they are reported.

    Parameters
    ----------
    looks : Looks
    repeats : int or None
        Used rows that repeat an earlier one exactly; ``None`` if they were not counted.
    roles : mapping of role to column name
    today : date

    Returns
    -------
    counts : tuple of RowCount
    notes : list of Finding
        Warnings about many negative amounts and about rows dated in the future.
    """
    # Negative quantities are worth a look in data that use cancellation numbers.
    counts = {
        "row.cancelled_lines": looks.cancelled,
        "row.exact_repeats": repeats or 0,
        "row.negative_quantity": looks.negative - looks.negative_numbered if looks.numbered else 0,
        "row.price_of_zero": looks.free,
        "row.after_today": looks.later,
    }
    notes = [*_spending_notes(looks, roles), *_later_notes(looks, today)]
    return tuple(RowCount(Finding(code), rows) for code, rows in counts.items() if rows), notes


def _spending_notes(looks: Looks, roles: Mapping[str, str]) -> list[Finding]:
    """Warn if so many amounts are negative that they may mean spending, as in a bank statement."""
    if "quantity" in roles or looks.cancelled <= _MANY_CANCELLED * looks.rows:
        return []
    return [Finding("row.negative_amounts", "warning", {"column": roles["amount"], "negative": looks.cancelled, "rows": looks.rows})]


def _later_notes(looks: Looks, today: dt.date) -> list[Finding]:
    if not looks.later or looks.latest is None:
        return []
    values = {"rows": looks.later, "today": str(today), "latest": f"{looks.latest:%Y-%m-%d %H:%M}"}
    return [Finding("row.dated_after_today", "warning", values, Remedy("last_day"))]


def _true(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)
