"""Rows that are used but worth a look: cancelled, repeated, free of charge, dated in the future."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.files.raw import Raw
from segcore.data.meaning.roles import Meaning
from segcore.data.rows.duplicates import MOST_ROWS, repeats_earlier
from segcore.records.data_rules import RowRules
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


def worth_a_look(
    raw: Raw, used: pa.Table, kept: np.ndarray, meaning: Meaning, rules: RowRules, today: dt.date
) -> tuple[tuple[RowCount, ...], list[Finding]]:
    """Count the used rows that are worth a look.

    Parameters
    ----------
    raw : Raw
    used : pyarrow Table
        The used rows, in canonical types.
    kept : ndarray of shape (raw.n_rows,), bool
        Which rows of the source these are.
    meaning, rules
    today : date

    Returns
    -------
    counts : tuple of RowCount
    notes : list of Finding
        Warnings about many negative amounts and about rows dated in the future.
    """
    if meaning.kind == "customers":
        return (), []
    roles = meaning.roles
    counts: dict[str, int] = {}
    if meaning.kind == "transactions":
        counts["row.cancelled_lines"] = int(cancelled_lines(used, roles).sum())
    if rules.duplicates == "keep" and raw.n_rows <= MOST_ROWS:
        counts["row.exact_repeats"] = int((repeats_earlier(raw, meaning.roles) & kept).sum())
    if "quantity" in roles:
        counts["row.negative_quantity"] = _negative_only(used, roles)
    if "price" in roles:
        counts["row.price_of_zero"] = int(pc.sum(pc.equal(used[roles["price"]], 0.0)).as_py() or 0)
    later, notes = _later(used, roles, today)
    counts["row.after_today"] = later
    notes = [*_spending_notes(used, roles, counts.get("row.cancelled_lines", 0)), *notes]
    return tuple(RowCount(Finding(code), rows) for code, rows in counts.items() if rows), notes


def _spending_notes(used: pa.Table, roles: Mapping[str, str], cancelled: int) -> list[Finding]:
    """Warn if so many amounts are negative that they may mean spending, as in a bank statement."""
    if "quantity" in roles or cancelled <= _MANY_CANCELLED * used.num_rows:
        return []
    return [Finding("row.negative_amounts", "warning", {"column": roles["amount"], "negative": cancelled, "rows": used.num_rows})]


def _negative_only(used: pa.Table, roles: Mapping[str, str]) -> int:
    """Return the lines with a negative quantity but no cancellation number, in data that uses cancellation numbers."""
    if "order" not in roles or not pc.any(pc.starts_with(used[roles["order"]], "C")).as_py():
        return 0
    negative = used.filter(pc.less(used[roles["quantity"]], 0))[roles["order"]]
    if not pc.any(pc.match_substring_regex(used[roles["order"]], CANCELLED_ORDER)).as_py():
        return 0
    return len(negative) - int(pc.sum(pc.match_substring_regex(negative, CANCELLED_ORDER)).as_py() or 0)


def _later(used: pa.Table, roles: Mapping[str, str], today: dt.date) -> tuple[int, list[Finding]]:
    if "time" not in roles:
        return 0, []
    times = used[roles["time"]]
    latest = pc.max(times).as_py()
    end = dt.datetime.combine(today, dt.time.max)
    if latest is None or latest <= end:
        return 0, []
    count = int(pc.sum(pc.greater(times, pa.scalar(end, times.type))).as_py())
    values = {"rows": count, "today": str(today), "latest": f"{latest:%Y-%m-%d %H:%M}"}
    return count, [Finding("row.dated_after_today", "warning", values, Remedy("last_day"))]
