"""Typed columns: in the types that their roles need, or, in customer tables, in the type of their values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.dates import read_times
from segcore.data.columns.ids import read_ids
from segcore.data.columns.inferred_type import as_strings, looks_dated, looks_numeric
from segcore.data.columns.numbers import Numbers, has_codes, read_numbers
from segcore.data.columns.text import Distinct, as_text, combined, example, missing_to_null, true_of
from segcore.data.files.raw import Raw
from segcore.data.meaning.clock_times import with_clock
from segcore.data.meaning.roles import Meaning
from segcore.errors import DataError
from segcore.records.data_rules import RowRules
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

IDS = ("customer", "order", "item")
NO_CATEGORY = "(none)"
_MOSTLY_NUMBERS = 0.95
_TELLING_NUMBERS = 20
_HEAD_ROWS = 200
_INFINITE = r"(?i)^\s*[+-]?inf(inity)?\s*$|^\s*[+-]?\d+\.?\d*e\+?\d{3,}\s*$"


@dataclass(slots=True)
class Typed:
    """Columns in canonical types.

    Parameters
    ----------
    columns : dict of column name to pyarrow Array
        Null where missing or bad.
    bad : dict of column name to ndarray of shape (n_rows,), bool
        Values that could not be read, of the columns that have one.
    notes : list of Finding
        How they were read, if there was a choice.
    days : dict of column name to pyarrow Array
        The column of days as in the file, if times of day were added to it.
    """

    columns: dict[str, pa.Array] = field(default_factory=dict)
    bad: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[Finding] = field(default_factory=list)
    days: dict[str, pa.Array] = field(default_factory=dict)


def typed_columns(raw: Raw, meaning: Meaning, names: Iterable[str], rules: RowRules) -> Typed:
    """Read columns into the types that their roles need.

    Parameters
    ----------
    raw, meaning
        The rows, and the meaning of their columns.
    names : iterable of str
        The columns to read; those without a role stay as they are, except in customer tables.
    rules : RowRules
        Order of day and month; whether bad values are marked instead of refused.

    Raises
    ------
    DataError
        If a role column holds values of the wrong type that are not to be set aside.
    """
    holders = {column: role for role, column in meaning.roles.items()}
    names = list(names)
    own = raw.read([name for name in names if name in raw.own_names])
    typed = Typed()
    for name in names:
        role = holders.get(name)
        # A joined column, such as the genres of millions of ratings, is in memory only while it is read.
        column = own[name] if name in own.column_names else raw.column(name)
        if role is not None:
            _read_role(typed, column, role, name, raw, rules)
            if role == "time" and meaning.clock is not None:
                clock = raw.column(meaning.clock)
                typed.days[name] = typed.columns[name]
                typed.columns[name], notes = with_clock(typed.columns[name], clock, time=name, clock=meaning.clock)
                typed.notes.extend(notes)
        elif meaning.kind == "customers":
            _read_plain(typed, column, name, raw, rules)
        else:
            typed.columns[name] = column.combine_chunks()
    return typed


def _read_role(typed: Typed, column: pa.ChunkedArray, role: str, name: str, raw: Raw, rules: RowRules) -> None:
    if role in IDS:
        ids = read_ids(column, name=name, where=raw.where)
        typed.columns[name] = ids.values
        typed.notes.extend(ids.notes)
        return
    if role == "category":
        found = Distinct.of(as_text(column) if pa.types.is_nested(column.type) else combined(column))
        typed.columns[name] = found.spread(missing_to_null(pc.utf8_trim_whitespace(found.values))).fill_null(NO_CATEGORY)
        return
    if role == "time":
        times = read_times(column, name=name, where=raw.where, order=rules.date_order, set_aside=rules.set_aside)
        typed.columns[name], bad = times.values, times.bad
        typed.notes.extend(times.notes)
    else:
        numbers = read_numbers(column, name=name, where=raw.where, set_aside=rules.set_aside)
        typed.columns[name], bad = numbers.values, numbers.bad
        if role == "discount":
            typed.columns[name] = numbers.values.fill_null(0.0)
        typed.notes.extend(numbers.notes)
    if bad is not None:
        typed.bad[name] = bad


def _read_plain(typed: Typed, column: pa.ChunkedArray, name: str, raw: Raw, rules: RowRules) -> None:
    """Read one column of a customer table: as numbers if all values are, as times if all values are, else as text."""
    if pa.types.is_duration(column.type):
        typed.columns[name] = _days(column)
        typed.notes.append(Finding("number.durations", values={"column": name}))
        return
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        # No feature is made from it: a date such as 9999-12-31 for "still valid" is no reason to refuse the table.
        naive = column.cast(pa.timestamp(column.type.unit)) if pa.types.is_timestamp(column.type) else column
        typed.columns[name] = read_times(naive, name=name, where=raw.where, set_aside=True).values
        return
    if _read_as_numbers(typed, column, name, raw, rules):
        return
    times = _times(column, name, rules)
    typed.columns[name] = missing_to_null(as_text(column)) if times is None else times


def _days(column: pa.ChunkedArray) -> pa.Array:
    """Return durations as days, float64."""
    per_day = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}[column.type.unit]
    return pc.divide(column.combine_chunks().cast(pa.int64()).cast(pa.float64(), safe=False), float(per_day))


def _read_as_numbers(typed: Typed, column: pa.ChunkedArray, name: str, raw: Raw, rules: RowRules) -> bool:
    """Read a column if it holds numbers; a few texts among them, such as "few", become missing, with a warning.

    An infinity is not a missing value: it is refused, or set aside on request.
    """
    if pa.types.is_boolean(column.type) or not looks_numeric(column):
        return False
    text = as_strings(column)
    if text is not None and has_codes(text):
        return False
    try:
        numbers = read_numbers(column, name=name, where=raw.where, set_aside=True)
    except DataError:
        return False
    n_good = len(numbers.values) - numbers.values.null_count
    if n_good == 0 or (numbers.bad is not None and not _take_bad(typed, numbers, n_good, column, name, raw, rules)):
        return False
    typed.columns[name] = numbers.values
    typed.notes.extend(numbers.notes)
    return True


def _take_bad(typed: Typed, numbers: Numbers, n_good: int, column: pa.ChunkedArray, name: str, raw: Raw, rules: RowRules) -> bool:
    """Make the few values that are not numbers missing; ``False`` if there are too many, or the numbers look like codes."""
    bad = np.asarray(numbers.bad)
    text = missing_to_null(as_text(column))
    infinite = bad if pa.types.is_floating(column.type) else bad & true_of(pc.match_substring_regex(text, _INFINITE))
    others = bad & ~infinite
    too_many = n_good < _MOSTLY_NUMBERS * (n_good + int(others.sum()))
    if too_many or (others.any() and pc.count_distinct(numbers.values).as_py() <= _TELLING_NUMBERS):
        return False
    if infinite.any():
        if not rules.set_aside:
            raise refusal("number.infinite", remedy="set_aside", **_counted(text, infinite, name, raw))
        typed.bad[name] = infinite
    if others.any():
        typed.notes.append(Finding("number.texts", "warning", _counted(text, others, name, raw)))
    return True


def _counted(text: pa.Array, chosen: np.ndarray, name: str, raw: Raw) -> dict[str, Any]:
    """Return a finding's values about some rows of a column: how many they are, and the first."""
    first = int(np.argmax(chosen))
    return {"column": name, "count": int(chosen.sum()), "example": example(text[first].as_py(), raw.where(first))}


def _times(column: pa.ChunkedArray, name: str, rules: RowRules) -> pa.Array | None:
    """Return a column of text as times, if every value is an unambiguous time."""
    if not looks_dated(column):
        return None
    for part in (column.slice(0, _HEAD_ROWS), column):
        try:
            times = read_times(part, name=name, where=str, order=rules.date_order)
        except DataError:
            return None
        if times.values.null_count == len(times.values) and part is column:
            return None
    return times.values


def too_large(typed: Typed, roles: dict[str, str], raw: Raw, rules: RowRules) -> np.ndarray | None:
    """Return the lines whose quantity times price is too large for a number, or ``None``.

    Raises
    ------
    DataError
        If there is one and it is not to be set aside.
    """
    if "amount" in roles or not {"quantity", "price"} <= set(roles):
        return None
    quantity, price = (typed.columns[roles[role]] for role in ("quantity", "price"))
    largest = [max(abs(bound.as_py() or 0.0) for bound in pc.min_max(column).values()) for column in (quantity, price)]
    if np.isfinite(largest[0] * largest[1]):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        amounts = quantity.to_numpy(zero_copy_only=False) * price.to_numpy(zero_copy_only=False)
    infinite = np.isinf(amounts)
    if not infinite.any():
        return None
    if not rules.set_aside:
        first, count = int(np.argmax(infinite)), int(infinite.sum())
        worst = {"quantity": quantity[first].as_py(), "price": price[first].as_py(), "place": raw.where(first)}
        raise refusal(
            "number.amount_too_large", remedy="set_aside", quantity=roles["quantity"], price=roles["price"], count=count, example=worst
        )
    return infinite
