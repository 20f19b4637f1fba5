"""Columns of dates and times, read in one format detected from the whole column; values that contradict it are bad."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import bad_values
from segcore.data.columns.date_format import DateReading
from segcore.data.columns.date_patterns import NUMBER_RANGES, YEARS, Form
from segcore.data.columns.text import Distinct, Where, combined, example, missing_to_null, true_of
from segcore.records.data_rules import DateOrder
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

_FIRST_ROWS = 1_000
# The least number of each form whose digits are not those of a date or a date and time without separators.
_UNIX = {Form.SECONDS: 10**8, Form.MILLISECONDS: 10**12, Form.MICROSECONDS: 10**15}


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """Column of times.

    Parameters
    ----------
    values : pyarrow Array of timestamp[us] without a zone
        Local clock times; null if missing or bad.
    notes : tuple of Finding
        How they were read, if there was a choice.
    bad : ndarray of shape (n_rows,), bool, or None
        Values that are not dates in the column's format; ``None`` if all are.
    """

    values: pa.Array
    notes: tuple[Finding, ...] = ()
    bad: np.ndarray | None = None


def read_times(
    column: pa.ChunkedArray | pa.Array, *, name: str, where: Where, order: DateOrder | None = None, set_aside: bool = False
) -> Times:
    """Read a column of dates or times.

    Its type may be a time type; texts may be ISO, day, month and year as numbers in any order, have names of months, be 20101201,
    months without days, Excel's day numbers or Unix time. All must have one format; those in the minority are bad.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    name : str
        Name of the column, for findings.
    where : callable
        Returns the place of a row: "line 17".
    order : {"dmy", "mdy", "ymd"} or None
        Order of day, month and year in numeric dates that do not begin with a four-digit year; ``None`` detects it.
    set_aside : bool
        Mark bad values instead of refusing the column.

    Raises
    ------
    DataError
        If a value is not a date in the format of the others and is not to be set aside; with the number of such values, the first and its
        line. If no date decides which number is the day.
    """
    column = combined(column)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _native(column, name=name, where=where, set_aside=set_aside)
    if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
        holds = "boolean" if pa.types.is_boolean(column.type) else "clock"
        raise refusal("date.wrong_type", remedy=Remedy("other_column", {"role": "time"}), column=name, holds=holds)
    unix = _unix(column, name)
    if unix is not None:
        return unix
    is_text = pa.types.is_large_string(column.type)
    # Each distinct value is read once: order lines share their times.
    found = Distinct.of(missing_to_null(pc.utf8_trim_whitespace(column)) if is_text else column)
    if not len(found):
        return Times(pa.nulls(len(found.rows), pa.timestamp("us")))
    reading = DateReading(found, name, where)
    if not (is_text and reading.read_iso()):
        reading = DateReading(found, name, where)
        reading.read(order)
    if not set_aside and reading.bad.any():
        raise reading.error()
    values = found.spread(pa.array(reading.moments, mask=~reading.good))
    return Times(values, tuple(reading.notes), found.at(reading.bad) if reading.bad.any() else None)


def parse_moment(text: str) -> dt.datetime | None:
    """Return one ISO date, with or without a time of day; ``None`` if the text is not a date."""
    try:
        return dt.datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _unix(column: pa.Array, name: str) -> Times | None:
    """Read a column of Unix times without looking at its distinct values, which are nearly as many as rows; ``None`` if it is none.

    Only whole seconds to microseconds whose digits cannot be a date such as 20101201 are read here; `DateReading` would read them alike.
    """
    if not (pa.types.is_large_string(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    numbers = _whole_numbers(column)
    if numbers is None:
        return None
    bounds = pc.min_max(numbers)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is None:
        return None
    for form, least in _UNIX.items():
        _, most, micros = NUMBER_RANGES[form]
        if least <= low and high <= most:
            moments = pc.multiply(numbers, int(micros)).cast(pa.timestamp("us"))
            return Times(moments, (Finding("date.unix_time", values={"column": name, "unit": form.name.lower()}),))
    return None


def _whole_numbers(column: pa.Array) -> pa.Array | None:
    """Return a column as int64, null where missing; ``None`` if a value is not a whole number."""
    try:
        # The first rows tell columns that hold something else at once.
        _as_int64(column.slice(0, _FIRST_ROWS))
        return _as_int64(column)
    except pa.ArrowInvalid:
        return None


def _as_int64(column: pa.Array) -> pa.Array:
    try:
        return pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        if not pa.types.is_large_string(column.type):
            raise
        return pc.cast(missing_to_null(pc.utf8_trim_whitespace(column)), pa.int64())


def _native(column: pa.Array, *, name: str, where: Where, set_aside: bool) -> Times:
    """Read a column with a time type."""
    bounds = [dt.datetime(YEARS[0], 1, 1), dt.datetime(YEARS[1] + 1, 1, 1)]
    low, high = (pa.scalar(bound, pa.timestamp("s")).cast(_naive(column.type)) for bound in bounds)
    naive = column.cast(_naive(column.type))
    bad = true_of(pc.or_(pc.less(naive, low), pc.greater_equal(naive, high)))
    if bad.any() and not set_aside:
        row, count = int(np.argmax(bad)), int(bad.sum())
        raise bad_values(
            "date.bad_values",
            column=name,
            count=count,
            example=example(_spelled(naive[row]), where(row)),
            fault={"code": "year_outside", "first": YEARS[0], "last": YEARS[1]},
            some_good=count < len(column) - column.null_count,
        )
    if bad.any():
        column = pc.if_else(pa.array(bad), pa.scalar(None, column.type), column)
    notes: tuple[Finding, ...] = ()
    zone = getattr(column.type, "tz", None)
    if zone:
        try:
            column = pc.local_timestamp(column)
        except pa.ArrowInvalid:
            raise refusal("date.unknown_zone", column=name, zone=zone) from None
        notes = (Finding("date.local_time", values={"column": name, "zone": zone}),)
    return Times(pc.cast(column, pa.timestamp("us"), safe=False), notes, bad if bad.any() else None)


def _naive(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp(kind.unit) if pa.types.is_timestamp(kind) else kind


def _spelled(value: pa.Scalar) -> str:
    try:
        return str(value.as_py())
    except (ValueError, OverflowError):
        return f"{value.type} {value.value}"
