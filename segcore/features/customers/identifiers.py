"""Columns that identify customers rather than describe them, detected by title and content."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import CLOCK_TEXT, DATE_TEXTS
from segcore.features.customers.column_values import Column, NumberColumn, TextColumn
from segcore.features.customers.title_words import names, names_code, names_count, names_id, names_number_of, names_person, numbers_rows
from segcore.records.finding import Finding

_MOST = 0.9  # of the different texts must look alike
_MANY_CODES = 12
_LONG = 50  # with at least so many rows, a column that counts them is a row number whatever its title
_CONTENTS = (
    ("column.email", r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    ("column.web_address", r"(?i)^(https?://|www\.)\S+$"),
    ("column.network_address", r"^(\d{1,3}\.){3}\d{1,3}(:\d+)?$|^([0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}$"),
    ("column.uuid", r"(?i)^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$"),
    ("column.social_security", r"^\d{3}-\d{2}-\d{4}$"),
    ("column.iban", r"^[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?$"),
)
_PHONE = r"^\+?[(\d][\d\s().\-/]{5,22}(\s*(x|ext\.?)\s*\d+)?$"
_PLAIN_DIGITS = r"^\d*$"
_NUMBER = r"^[+-]?(0|[1-9]\d*|[1-9]\d{0,2}([,.']\d{3})+)?([.,]\d+)?([eE][+-]?\d+)?$"
_LEADING_ZERO = r"^0\d"


def holds_dates(column: Column) -> Finding | None:
    """Return why a column holds dates or times, or ``None``."""
    if column.holds_times:
        return Finding("column.dates")
    if isinstance(column, NumberColumn):
        return Finding("column.dates_as_numbers") if _numbers_of_dates(column) else None
    if any(column.matching(pattern) >= _MOST for pattern in DATE_TEXTS):
        return Finding("column.dates")
    return Finding("column.times_of_day") if column.matching(CLOCK_TEXT) >= _MOST else None


def _numbers_of_dates(column: NumberColumn) -> bool:
    """Tell whether all numbers are dates such as 20101201, day numbers of a spreadsheet, or Unix times."""
    spans = ((19_000_101, 21_001_231), (15_000, 60_000)) if names(column.name, "date") else ()
    clocks = ((3e8, 4.2e9), (3e11, 4.2e12)) if names(column.name, "clock") else ()
    low, high = column.bounds
    return any(first <= low and high <= last for first, last in (*spans, *clocks)) and column.whole


def identifier(column: Column, min_share: float) -> Finding | None:
    """Return why a column identifies customers, or ``None``.

    A column of numbers identifies them only by its title, or if it counts the rows: balances and charges may also differ for all customers.
    Codes are categories if one of them is in more than ``min_share`` of the rows.
    """
    if isinstance(column, NumberColumn):
        return _counter(column) or _number(column, min_share)
    return _text_by_content(column) or _text_by_title(column)


def _counter(column: NumberColumn) -> Finding | None:
    n = len(column)
    if column.n_missing or n < 2 or not (numbers_rows(column.name) or n >= _LONG) or not column.whole:
        return None
    steps = np.diff(column.numbers)
    if (steps == 1).all() or (numbers_rows(column.name) and (steps > 0).all()):
        return Finding("column.row_numbers")
    low, high = column.bounds
    if n >= _LONG and high - low == n - 1 and column.n_values == n and not names_count(column.name):
        return Finding("column.customer_numbers", values={"low": int(low), "high": int(high)})
    return None


def holds_codes(column: NumberColumn) -> bool:
    """Tell whether numbers are codes by their title, with too many different ones to be grades."""
    return (names_id(column.name) or names_code(column.name)) and column.whole and column.n_values > _MANY_CODES


def _number(column: NumberColumn, min_share: float) -> Finding | None:
    title, there = column.name, len(column.there)
    if not (names_id(title) or names_number_of(title) or names(title, "phone") or names(title, "postcode") or names(title, "secret")):
        return None
    if not column.whole:
        return None
    n = column.n_values
    if names(title, "phone") and n > 0.5 * there and column.bounds[0] >= 1e5:
        return Finding("column.phone")
    if names(title, "postcode"):
        return Finding("column.postcodes", values={"n_values": n}) if n > _MANY_CODES else None
    if (names_id(title) or names_number_of(title) or names(title, "secret")) and n == there and n > 2:
        return Finding("column.unique_id")
    if names_id(title) and n > 0.5 * there and n > _MANY_CODES:
        return Finding("column.id", values={"n_values": n, "rows": there})
    if holds_codes(column) and not column.frequent(min_share):
        return Finding("column.codes", values={"n_values": n})
    return None


def _text_by_content(column: TextColumn) -> Finding | None:
    there = len(column) - column.n_missing
    several = column.n_values > 2 or column.n_values == there  # two values more likely mean yes and no, unless there are only two customers
    for code, pattern in _CONTENTS:
        if several and column.matching(pattern) >= _MOST:
            return Finding(code)
    distinct = several and column.n_values > 0.5 * there
    phones = column.matching(_PHONE) >= _MOST and column.matching(_PLAIN_DIGITS) < (1.0 if names(column.name, "phone") else _MOST)
    if (distinct or (names(column.name, "phone") and column.n_values > _MANY_CODES)) and (
        phones or (names(column.name, "phone") and column.matching(r"^\+?\d{6,}$") >= _MOST)
    ):
        return Finding("column.phone" if names(column.name, "phone") else "column.phone_like")
    return None


def _text_by_title(column: TextColumn) -> Finding | None:
    title, n, there = column.name, column.n_values, len(column) - column.n_missing
    if n <= 2 and n < there:
        return None
    if names_person(title) and (n > _MANY_CODES or n == there):
        return Finding("column.person_names")
    if names(title, "postcode") and n > _MANY_CODES:
        return Finding("column.postcodes", values={"n_values": n})
    if names(title, "address") and n > 0.5 * there:
        return Finding("column.addresses")
    if n == there and (names_id(title) or names_number_of(title) or names(title, "secret")):
        return Finding("column.unique_id")
    if (names_id(title) or names(title, "secret")) and n > 0.5 * there and n > _MANY_CODES:
        return Finding("column.id", values={"n_values": n, "rows": there})
    return None


def free_text(column: TextColumn) -> Finding | None:
    """Return why texts cannot be categories (nearly all differ), or ``None``."""
    n, there = column.n_values, len(column) - column.n_missing
    if n > 2 * _MANY_CODES and column.matching(_NUMBER) >= 0.8:
        return _nearly_numbers(column)
    if n == there and n > 3:
        return Finding("column.all_texts_differ", values={"n_values": n})
    if n > 0.5 * there and n > 20:
        return Finding("column.most_texts_differ", values={"n_values": n, "rows": there})
    return None


def _nearly_numbers(column: TextColumn) -> Finding:
    if column.matching(_LEADING_ZERO) > 0:
        return Finding("column.codes_with_zeros", values={"n_values": column.n_values})
    good = pc.match_substring_regex(column.texts, _NUMBER).to_numpy(zero_copy_only=False)
    if good.all():
        return Finding("column.ambiguous_numbers", values={"n_values": column.n_values, "example": column.texts[0].as_py()})
    first = int(np.argmin(good))
    n_bad = int(column.counts[~good].sum())
    row = int(np.argmax(column.codes == first)) + 1
    values = {"bad": n_bad, "rows": len(column) - column.n_missing, "example": column.texts[first].as_py(), "row": row}
    return Finding("column.nearly_numbers", values=values)
