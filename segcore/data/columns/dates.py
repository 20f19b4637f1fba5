"""Columns of dates and times: one form, found from the whole column; what was decided is said, what contradicts it is bad."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import bad_values
from segcore.data.columns.date_format import Reading
from segcore.data.columns.date_patterns import YEARS
from segcore.data.columns.text import Distinct, Where, combined, missing_to_null, true_of
from segcore.errors import DataError, ParameterError
from segcore.records.data_rules import DateOrder
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import quoted


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """A column of times.

    Parameters
    ----------
    values : pyarrow Array of timestamp[us] without a zone
        As the clock on the wall showed them; null where missing or bad.
    notes : tuple of Finding
        How they were read, where that is a decision.
    bad : ndarray of shape (n_rows,), bool, or None
        Values that are no dates in the column's form; ``None`` where there is none.
    """

    values: pa.Array
    notes: tuple[Finding, ...] = ()
    bad: np.ndarray | None = None


def read_times(
    column: pa.ChunkedArray | pa.Array, *, name: str, where: Where, order: DateOrder | None = None, set_aside: bool = False
) -> Times:
    """Read a column of dates or times.

    Its type may be one of times; texts may be ISO, day, month and year as numbers in any order, have names of months, be 20101201,
    months without days, Excel's day numbers or Unix time. All must have one form; where they do not, the fewer are bad.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    name : str
        The column, as messages call it.
    where : callable
        The place of a row: "line 17".
    order : {"dmy", "mdy", "ymd"} or None
        Order of day, month and year where all are numbers and the year, in four digits, is not first; ``None`` finds it.
    set_aside : bool
        Mark bad values, rather than refuse the column for them.

    Raises
    ------
    DataError
        Where a value is no date, or none in the form of the others, and is not to be set aside: how many are not, the first and its
        line. Where no date tells the day from the month.
    """
    column = combined(column)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _native(column, name=name, where=where, set_aside=set_aside)
    if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
        what = "yes and no" if pa.types.is_boolean(column.type) else "times without a day"
        raise DataError(f"{name} must hold dates, but holds {what}: give the role time to another column.")
    is_text = pa.types.is_large_string(column.type)
    # The distinct values are read once each: transactions share their times.
    found = Distinct.of(missing_to_null(pc.utf8_trim_whitespace(column)) if is_text else column)
    if not len(found):
        return Times(pa.nulls(len(found.rows), pa.timestamp("us")))
    reading = Reading(found, name, where)
    if not (is_text and reading.read_iso()):
        reading = Reading(found, name, where)
        reading.read(order)
    if not set_aside and reading.bad.any():
        raise reading.error()
    values = found.spread(pa.array(reading.moments, mask=~reading.good))
    return Times(values, tuple(reading.notes), found.at(reading.bad) if reading.bad.any() else None)


def parse_moment(text: str, *, name: str) -> dt.datetime:
    """Read one ISO date, with or without a time of day.

    Raises
    ------
    ParameterError
        Where it is not one.
    """
    try:
        return dt.datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        raise ParameterError(f"{name} must be a date such as 2011-12-09, got {text!r}.") from None


def _native(column: pa.Array, *, name: str, where: Where, set_aside: bool) -> Times:
    """Read a column whose type is one of times."""
    bounds = [dt.datetime(YEARS[0], 1, 1), dt.datetime(YEARS[1] + 1, 1, 1)]
    low, high = (pa.scalar(bound, pa.timestamp("s")).cast(_naive(column.type)) for bound in bounds)
    naive = column.cast(_naive(column.type))
    bad = true_of(pc.or_(pc.less(naive, low), pc.greater_equal(naive, high)))
    if bad.any() and not set_aside:
        row = int(np.argmax(bad))
        first = f"{quoted(_spelled(naive[row]))} in {where(row)}, a year outside {YEARS[0]} to {YEARS[1]}"
        raise bad_values(name, "dates", int(bad.sum()), first, some_good=int(bad.sum()) < len(column) - column.null_count)
    if bad.any():
        column = pc.if_else(pa.array(bad), pa.scalar(None, column.type), column)
    notes: tuple[Finding, ...] = ()
    zone = getattr(column.type, "tz", None)
    if zone:
        try:
            column = pc.local_timestamp(column)
        except pa.ArrowInvalid:
            raise DataError(f"{name} has times in the zone {quoted(zone)}, which is not known: export it with another zone.") from None
        notes = (Note("info", f"{name} is read as the local time of {zone}."),)
    return Times(pc.cast(column, pa.timestamp("us"), safe=False), notes, bad if bad.any() else None)


def _naive(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp(kind.unit) if pa.types.is_timestamp(kind) else kind


def _spelled(value: pa.Scalar) -> str:
    try:
        return str(value.as_py())
    except (ValueError, OverflowError):
        return f"a time with the number {value.value}"
