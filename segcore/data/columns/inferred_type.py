"""Inferred type of a column, judged from its first rows."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import MAY_BE_CLOCK, MAY_BE_DATE
from segcore.data.columns.dates import read_times
from segcore.data.columns.numbers import is_numeric
from segcore.data.columns.text import missing_to_null
from segcore.errors import DataError
from segcore.records.data_rules import DateOrder

Suits = Callable[[pa.ChunkedArray, str], bool]
_YES_AND_NO = {"yes", "no", "y", "n", "true", "false", "t", "f", "0", "1", ""}
_FIRST_ROWS, _HEAD_ROWS = 20, 200
_MOST_RATINGS = 200
_SHAPED = r"^\s*([A-Za-z]{3}|\W{0,3})\s*\d[\d.,'’ \x{00A0}\x{2009}\x{202F}]*([eE][+-]?\d+)?\s*([A-Za-z]{3}|\W{0,2})\s*$"


def may_be_id(column: pa.ChunkedArray, name: str) -> bool:
    """Tell whether a column may hold identifiers: anything except dates and numbers with fractions."""
    text = as_strings(column)
    if text is not None and pc.all(pc.match_substring_regex(text, r"^\s*\d*(\.0+)?\s*$")).as_py():
        return True
    if pa.types.is_temporal(column.type) or pa.types.is_boolean(column.type):
        return False
    if is_numeric(column):
        return not pa.types.is_floating(column.type) or not pc.any(pc.not_equal(column, pc.trunc(column))).as_py()
    return not holds_times(column, name)


def has_fractions(column: pa.ChunkedArray) -> bool:
    """Tell whether a number of a column of text has a fraction other than .0."""
    text = as_strings(column)
    return text is not None and bool(pc.any(pc.match_substring_regex(text, r"^\s*[+-]?\d*[.,]\d*[1-9]\d*\s*$")).as_py())


def holds_times(column: pa.ChunkedArray, name: str, order: DateOrder | None = None) -> bool:
    """Tell whether a column holds dates or times."""
    if pa.types.is_boolean(column.type):
        return False
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return column.null_count < len(column)  # reading them reports the fault
    for part in (column, column.slice(0, _FIRST_ROWS)):
        # A bad date far down must be reported as such: the first rows decide if the whole sample does not.
        try:
            times = read_times(part, name=name, where=str, order=order)
        except DataError as error:
            if error.remedy == "date_order":
                return True  # surely dates: their order is asked for when they are read
            continue
        if times.values.null_count < len(times.values):
            return True
    return False


def looks_dated(column: pa.ChunkedArray) -> bool:
    """Tell quickly whether a column of text may hold dates."""
    if pa.types.is_temporal(column.type):
        return True
    text = as_strings(column.slice(0, _HEAD_ROWS))
    return text is not None and bool(pc.any(pc.match_substring_regex(text, MAY_BE_DATE)).as_py())


def numbered(column: pa.ChunkedArray) -> bool:
    """Tell whether all values are numbers after a number sign: #1001."""
    text = as_strings(column)
    there = None if text is None else missing_to_null(text).drop_null()
    return there is not None and len(there) > 0 and bool(pc.all(pc.match_substring_regex(there, r"^\s*#[A-Za-z]{0,6}-?\d+\s*$")).as_py())


def looks_numeric(column: pa.ChunkedArray) -> bool:
    """Tell quickly whether most first values of a text column may be numbers, with a currency or a percent sign."""
    text = as_strings(column.slice(0, _HEAD_ROWS))
    if text is None:
        return True
    shaped = pc.sum(pc.match_substring_regex(text, _SHAPED)).as_py() or 0
    present = pc.sum(pc.match_substring_regex(text, r"\S")).as_py() or 0
    return bool(shaped >= 0.5 * present) or is_numeric(column.slice(0, _HEAD_ROWS))


def nearly_times(column: pa.ChunkedArray, name: str) -> bool:
    """Tell whether most values have digits but are not numbers or times of day: reading them reports the fault."""
    return _mostly(column, r"\d") and not is_numeric(column) and not _mostly(column, MAY_BE_CLOCK)


def mostly_numbers(column: pa.ChunkedArray, name: str) -> bool:
    """Tell whether most values are plain numbers: a single bad one is reported later, and does not hide the column."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.null_count < len(column)
    return is_numeric(column) or _mostly(column, r"^\s*[+-]?\d+([.,]\d+)?\s*$")


def nearly_numbers(column: pa.ChunkedArray, name: str) -> bool:
    """Tell whether most values contain a number, with a currency or a unit."""
    return _mostly(column, r"^[^\d,;]{0,4}\d[\d., ']*[^\d,;]{0,4}$")


def may_be_rating(column: pa.ChunkedArray, name: str) -> bool:
    """Tell whether a column holds few different numbers."""
    return mostly_numbers(column, name) and pc.count_distinct(column).as_py() <= _MOST_RATINGS


def may_be_category(column: pa.ChunkedArray, name: str) -> bool:
    """Tell whether a column may hold categories of items: text or whole numbers, but not yes and no."""
    if not may_be_id(column, name):
        return False
    values = pc.unique(column.drop_null()).to_pylist() if pc.count_distinct(column).as_py() <= len(_YES_AND_NO) else [column]
    return not {str(value).strip().lower() for value in values} <= _YES_AND_NO


def as_strings(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column of text, else ``None``."""
    is_text = pa.types.is_large_string(column.type) or pa.types.is_string(column.type)
    return column.cast(pa.large_string()) if is_text else None


def _mostly(column: pa.ChunkedArray, pattern: str) -> bool:
    text = as_strings(column)
    return text is not None and bool((pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0) > 0.5 * len(text))
