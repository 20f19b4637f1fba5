"""Columns of numbers in any common notation; the whole column decides what its commas and points mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import bad_values
from segcore.data.columns.number_format import EXACT, may_be_numbers, read_texts
from segcore.data.columns.text import Distinct, Where, bytes_of, combined, example, missing_to_null, written
from segcore.errors import DataError
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

_POINT = ord(".")
_TELLING_ROWS = 1_000
# A decimal point for sure: not three digits after it, or a zero before it.
_DECIMAL_POINT = r"^[+-]?0?\.|\.(\d{1,2}|\d{4,})$|[eE]"
_CODE = r"^\s*(0\d|\+\d{7,}\s*$)"  # leading zeros, telephone numbers
_HEAD_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Column of numbers.

    Parameters
    ----------
    values : pyarrow Array of float64
        Finite; null where missing or bad.
    bad : ndarray of shape (n_rows,), bool, or None
        Values that are not numbers; ``None`` if all are.
    notes : tuple of Finding
        How they were read, if there was a choice.
    unit : str
        Written with the numbers: ``"%"``, ``"£"``...; "" for plain numbers.
    """

    values: pa.Array
    bad: np.ndarray | None = None
    notes: tuple[Finding, ...] = ()
    unit: str = ""


def read_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where, set_aside: bool = False) -> Numbers:
    """Read a column of numbers.

    Texts may have commas, points, spaces or apostrophes between thousands, a decimal point or comma, an exponent, one currency, a
    percent sign (``12 %`` is 12), and a minus before or after them or as brackets. One decimal mark holds for the whole column: where
    values contradict each other, those in the minority are bad.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    name : str
        Name of the column, for findings.
    where : callable
        Returns the place of a row: "line 17".
    set_aside : bool
        Mark bad values instead of refusing the column.

    Raises
    ------
    DataError
        If a value is not a finite float64 number and is not to be set aside; with the number of such values, the first and its
        line. If the column's type is not numeric: dates, yes and no.
    """
    column = combined(column)
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        raise refusal("number.wrong_type", column=name, holds="boolean" if pa.types.is_boolean(kind) else "time")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _native(column, name=name, where=where, set_aside=set_aside)
    text = missing_to_null(pc.utf8_trim_whitespace(written(column)))
    plain = _plain(text)
    if plain is not None:
        return Numbers(plain)
    return _from_text(text, name=name, where=where, set_aside=set_aside)


def as_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> pa.Array:
    """Return the numbers that ``read_numbers`` reads, without its findings."""
    return read_numbers(column, name=name, where=where).values


def is_numeric(column: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether all values are numbers, and at least one exists; leading zeros and telephone numbers are codes, not numbers."""
    if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
        return False
    column = combined(column)
    if pa.types.is_large_string(column.type):
        if not may_be_numbers(missing_to_null(pc.utf8_trim_whitespace(column.slice(0, _HEAD_ROWS)))):
            return False
        if has_codes(column):
            return False
    try:
        return read_numbers(column, name="", where=str).values.null_count < len(column)
    except DataError:
        return False


def has_codes(text: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether a text is digits but not a number: with leading zeros, or a telephone number."""
    return bool(pc.any(pc.match_substring_regex(text, _CODE)).as_py())


def _plain(text: pa.Array) -> pa.Array | None:
    """Return the numbers of texts that are all plain ones beyond doubt, else ``None``."""
    try:
        values = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None
    values = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
    extremes = pc.min_max(values).as_py()
    if extremes["min"] is not None and max(-extremes["min"], extremes["max"]) >= EXACT:
        return None
    if not (bytes_of(text) == _POINT).any():
        return values
    telling = pc.match_substring_regex(text.slice(0, _TELLING_ROWS), _DECIMAL_POINT)
    return values if pc.any(telling).as_py() else None


def _native(column: pa.Array, *, name: str, where: Where, set_aside: bool) -> Numbers:
    values = pc.cast(column, pa.float64(), safe=False)
    values = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
    if pa.types.is_floating(column.type):
        good, fault = pc.is_finite(values), "not_finite"
    else:
        good, fault = pc.less(pc.abs(values), EXACT), "too_long"
    bad = pc.fill_null(pc.invert(good), False).to_numpy(zero_copy_only=False)
    if not bad.any():
        return Numbers(values)
    if not set_aside:
        row, count = int(np.argmax(bad)), int(bad.sum())
        first = example(written(column.slice(row, 1))[0].as_py(), where(row))
        some_good = count < len(values) - values.null_count
        raise bad_values("number.bad_values", column=name, count=count, example=first, fault={"code": fault}, some_good=some_good)
    return Numbers(pc.if_else(pa.array(bad), pa.scalar(None, pa.float64()), values), bad)


def _from_text(text: pa.Array, *, name: str, where: Where, set_aside: bool) -> Numbers:
    found = Distinct.of(text)
    reading = read_texts(found, name=name, where=where)
    values = found.spread(pa.array(reading.values, mask=np.isnan(reading.values)))
    if not reading.bad.any():
        return Numbers(values, None, reading.notes, reading.unit)
    if not set_aside:
        raise bad_values(
            "number.bad_values",
            column=name,
            count=found.count(reading.bad),
            example=found.example(reading.bad, where),
            fault=reading.faults.of(found.first(reading.bad)[0]),
            some_good=not np.isnan(reading.values).all(),
        )
    return Numbers(values, found.at(reading.bad), reading.notes, reading.unit)
