"""Columns of numbers as people and programs write them; what commas and points part is found from the whole column, and said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import bad_values
from segcore.data.columns.number_format import EXACT, TOO_LONG, may_be_numbers, read_texts
from segcore.data.columns.text import Distinct, Where, bytes_of, combined, missing_to_null, written
from segcore.errors import DataError
from segcore.records.finding import Finding
from segcore.wording.quotes import quoted

_POINT = ord(".")
_TELLING_ROWS = 1_000
# A point that parts decimals for sure: another number of digits behind it than three, or a zero before it.
_DECIMAL_POINT = r"^[+-]?0?\.|\.(\d{1,2}|\d{4,})$|[eE]"
_CODE = r"^\s*(0\d|\+\d{7,}$)"  # leading zeros, telephone numbers
_HEAD_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers.

    Parameters
    ----------
    values : pyarrow Array of float64
        Finite; null where missing or bad.
    bad : ndarray of shape (n_rows,), bool, or None
        Values that are no numbers; ``None`` where there is none.
    notes : tuple of Finding
        How they were read, where that is a decision.
    unit : str
        What stands with the numbers: ``"%"``, ``"£"``...; "" for plain numbers.
    """

    values: pa.Array
    bad: np.ndarray | None = None
    notes: tuple[Finding, ...] = ()
    unit: str = ""


def read_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where, set_aside: bool = False) -> Numbers:
    """Read a column of numbers.

    Texts may have thousands parted by commas, points, spaces or apostrophes, decimals behind a point or a comma, an exponent, one
    currency, a percent sign (``12 %`` is 12), and a minus before or behind them or as brackets. The decimal mark is that of the whole
    column: where values contradict each other, the fewer are bad.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    name : str
        The column, as messages call it.
    where : callable
        The place of a row: "line 17".
    set_aside : bool
        Mark bad values, rather than refuse the column for them.

    Raises
    ------
    DataError
        Where a value is no finite number that float64 holds and is not to be set aside: how many are not, the first one and its
        line. Where the column's type is none of numbers: dates, yes and no.
    """
    column = combined(column)
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        raise DataError(f"{name} must hold numbers, but holds {'yes and no' if pa.types.is_boolean(kind) else 'dates or times'}.")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _native(column, name=name, where=where, set_aside=set_aside)
    text = missing_to_null(pc.utf8_trim_whitespace(written(column)))
    plain = _plain(text)
    if plain is not None:
        return Numbers(plain)
    return _from_text(text, name=name, where=where, set_aside=set_aside)


def as_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> pa.Array:
    """Return the numbers that ``read_numbers`` reads, without the notes."""
    return read_numbers(column, name=name, where=where).values


def is_numeric(column: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether every value that is there is a number, and one is; leading zeros and telephone numbers are codes, not numbers."""
    if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
        return False
    column = combined(column)
    if pa.types.is_large_string(column.type):
        if not may_be_numbers(missing_to_null(pc.utf8_trim_whitespace(column.slice(0, _HEAD_ROWS)))):
            return False
        if pc.any(pc.match_substring_regex(column, _CODE)).as_py():
            return False
    try:
        return read_numbers(column, name="", where=str).values.null_count < len(column)
    except DataError:
        return False


def _plain(text: pa.Array) -> pa.Array | None:
    """Return the numbers of texts that are plain ones without a doubt; ``None`` where one is not."""
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
        good, reason = pc.is_finite(values), ", which is no finite number"
    else:
        good, reason = pc.less(pc.abs(values), EXACT), TOO_LONG
    bad = pc.fill_null(pc.invert(good), False).to_numpy(zero_copy_only=False)
    if not bad.any():
        return Numbers(values)
    if not set_aside:
        row = int(np.argmax(bad))
        first = f"{quoted(written(column.slice(row, 1))[0])} in {where(row)}{reason}"
        raise bad_values(name, "numbers", int(bad.sum()), first, some_good=int(bad.sum()) < len(values) - values.null_count)
    return Numbers(pc.if_else(pa.array(bad), pa.scalar(None, pa.float64()), values), bad)


def _from_text(text: pa.Array, *, name: str, where: Where, set_aside: bool) -> Numbers:
    found = Distinct.of(text)
    reading = read_texts(found, name=name, where=where)
    values = found.spread(pa.array(reading.values, mask=np.isnan(reading.values)))
    if not reading.bad.any():
        return Numbers(values, None, reading.notes, reading.unit)
    if not set_aside:
        first = found.quote(reading.bad, where) + reading.reason(found.first(reading.bad)[0])
        some_good = not np.isnan(reading.values).all()
        raise bad_values(name, "numbers", found.count(reading.bad), first, some_good=some_good)
    return Numbers(values, found.at(reading.bad), reading.notes, reading.unit)
