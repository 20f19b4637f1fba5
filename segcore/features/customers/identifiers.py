"""Columns that tell customers apart rather than say something about them: found by their titles and by what they hold."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import CLOCK_TEXT, DATE_TEXTS
from segcore.features.customers.column_values import Column, NumberColumn, TextColumn
from segcore.features.customers.encoding import quoted
from segcore.features.customers.title_words import names, names_code, names_count, names_id, names_number_of, names_person, numbers_rows

_MOST = 0.9  # of the different texts must look alike to be taken for something
_MANY_CODES = 12
_LONG = 50  # rows from which a column that counts them is one, whatever its title
_CONTENTS = (
    ("it holds email addresses", r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    ("it holds web addresses", r"(?i)^(https?://|www\.)\S+$"),
    ("it holds network addresses", r"^(\d{1,3}\.){3}\d{1,3}(:\d+)?$|^([0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}$"),
    ("it holds unique ids (UUIDs)", r"(?i)^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$"),
    ("it holds social security numbers", r"^\d{3}-\d{2}-\d{4}$"),
    ("it holds bank account numbers (IBANs)", r"^[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?$"),
)
_PHONE = r"^\+?[(\d][\d\s().\-/]{5,22}(\s*(x|ext\.?)\s*\d+)?$"
_PLAIN_DIGITS = r"^\d*$"
_NUMBER = r"^[+-]?(0|[1-9]\d*|[1-9]\d{0,2}([,.']\d{3})+)?([.,]\d+)?([eE][+-]?\d+)?$"
_LEADING_ZERO = r"^0\d"


def holds_dates(column: Column) -> str | None:
    """Return why a column is one of dates or times, or ``None``."""
    if column.holds_times:
        return "it holds dates"
    if isinstance(column, NumberColumn):
        return "it holds dates, written as numbers" if _numbers_of_dates(column) else None
    if any(column.matching(pattern) >= _MOST for pattern in DATE_TEXTS):
        return "it holds dates"
    return "it holds times of day" if column.matching(CLOCK_TEXT) >= _MOST else None


def _numbers_of_dates(column: NumberColumn) -> bool:
    """Tell whether all numbers are years, months and days, days of a spreadsheet, or seconds or more of a clock."""
    spans = ((19_000_101, 21_001_231), (15_000, 60_000)) if names(column.name, "date") else ()
    clocks = ((3e8, 4.2e9), (3e11, 4.2e12)) if names(column.name, "clock") else ()
    low, high = column.bounds
    return any(first <= low and high <= last for first, last in (*spans, *clocks)) and column.whole


def identifier(column: Column, min_share: float) -> str | None:
    """Return why a column tells customers apart, in words that follow its name, or ``None``.

    A column of numbers is one by its title only, or where it counts the rows: balances and charges differ between all customers, too.
    Codes of which one is in more than ``min_share`` of the rows are categories.
    """
    if isinstance(column, NumberColumn):
        return _counter(column) or _number(column, min_share)
    return _text_by_content(column) or _text_by_title(column)


def _counter(column: NumberColumn) -> str | None:
    n = len(column)
    if column.n_missing or n < 2 or not (numbers_rows(column.name) or n >= _LONG) or not column.whole:
        return None
    steps = np.diff(column.numbers)
    if (steps == 1).all() or (numbers_rows(column.name) and (steps > 0).all()):
        return "it numbers the rows"
    low, high = column.bounds
    if n >= _LONG and high - low == n - 1 and column.n_values == n and not names_count(column.name):
        return f"it has each whole number from {low:,.0f} to {high:,.0f} once: it numbers the customers"
    return None


def holds_codes(column: NumberColumn) -> bool:
    """Tell whether numbers are codes by their title, and too many different ones to be taken for grades."""
    return (names_id(column.name) or names_code(column.name)) and column.whole and column.n_values > _MANY_CODES


def _number(column: NumberColumn, min_share: float) -> str | None:
    title, there = column.name, len(column.there)
    if not (names_id(title) or names_number_of(title) or names(title, "phone") or names(title, "postcode") or names(title, "secret")):
        return None
    if not column.whole:
        return None
    n = column.n_values
    if names(title, "phone") and n > 0.5 * there and column.bounds[0] >= 1e5:
        return "it holds phone numbers"
    if names(title, "postcode"):
        return f"it holds postcodes: codes with {n:,} different values" if n > _MANY_CODES else None
    if (names_id(title) or names_number_of(title) or names(title, "secret")) and n == there and n > 2:
        return "it is an identifier by its title, and every value is different"
    if names_id(title) and n > 0.5 * there and n > _MANY_CODES:
        return f"it is an identifier by its title, with {n:,} different values in {there:,} rows"
    if holds_codes(column) and not column.frequent(min_share):
        return f"it holds codes, not quantities, by its title: {n:,} different values"
    return None


def _text_by_content(column: TextColumn) -> str | None:
    there = len(column) - column.n_missing
    several = column.n_values > 2 or column.n_values == there  # two values are rather a yes and a no, but of two customers
    for reason, pattern in _CONTENTS:
        if several and column.matching(pattern) >= _MOST:
            return reason
    distinct = several and column.n_values > 0.5 * there
    phones = column.matching(_PHONE) >= _MOST and column.matching(_PLAIN_DIGITS) < (1.0 if names(column.name, "phone") else _MOST)
    if (distinct or (names(column.name, "phone") and column.n_values > _MANY_CODES)) and (
        phones or (names(column.name, "phone") and column.matching(r"^\+?\d{6,}$") >= _MOST)
    ):
        return "it holds phone numbers" if names(column.name, "phone") else "it holds phone numbers or ids written like them"
    return None


def _text_by_title(column: TextColumn) -> str | None:
    title, n, there = column.name, column.n_values, len(column) - column.n_missing
    if n <= 2 and n < there:
        return None
    if names_person(title) and (n > _MANY_CODES or n == there):
        return "it holds names"
    if names(title, "postcode") and n > _MANY_CODES:
        return f"it holds postcodes: codes with {n:,} different values"
    if names(title, "address") and n > 0.5 * there:
        return "it holds addresses"
    if n == there and (names_id(title) or names_number_of(title) or names(title, "secret")):
        return "it is an identifier by its title, and every value is different"
    if (names_id(title) or names(title, "secret")) and n > 0.5 * there and n > _MANY_CODES:
        return f"it is an identifier by its title, with {n:,} different values in {there:,} rows"
    return None


def free_text(column: TextColumn) -> str | None:
    """Return why texts cannot be categories: nearly each is another one; or ``None``."""
    n, there = column.n_values, len(column) - column.n_missing
    if n > 2 * _MANY_CODES and column.matching(_NUMBER) >= 0.8:
        return _nearly_numbers(column)
    if n == there and n > 3:
        return f"every value is a different text ({n:,} of them)"
    if n > 0.5 * there and n > 20:
        return f"nearly every value is a different text ({n:,} in {there:,} rows)"
    return None


def _nearly_numbers(column: TextColumn) -> str:
    if column.matching(_LEADING_ZERO) > 0:
        return f"it holds codes with leading zeros: {column.n_values:,} different values"
    good = pc.match_substring_regex(column.texts, _NUMBER).to_numpy(zero_copy_only=False)
    if good.all():
        return f"it holds {column.n_values:,} different numbers that cannot be read for sure, such as {quoted(column.texts[0].as_py())}"
    first = int(np.argmin(good))
    n_bad = int(column.counts[~good].sum())
    row = int(np.argmax(column.codes == first)) + 1
    are, them = ("is", "it") if n_bad == 1 else ("are", "them")
    return (
        f"it would hold numbers, but {n_bad:,} of its {len(column) - column.n_missing:,} values {are} none, the first "
        f"{quoted(column.texts[first].as_py())} in data row {row:,}: correct {them} to have the column as a feature"
    )
