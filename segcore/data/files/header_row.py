"""Header row or data: whether a first row names the columns or is data like the rows below it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from segcore.data.columns.date_patterns import DATE_CELL
from segcore.data.columns.text import MISSING

_NUMBER = re.compile(r"[-+]?[£$€]?\d[\d., ]*(?:[eE][-+]?\d+)?%?\Z")
_YEARS = range(1900, 2101)
_MOST_LETTERS = 64


def kind_of(value: str) -> str:
    """Return ``number``, ``date``, ``missing`` or ``text``."""
    value = value.strip()
    if value in MISSING:
        return "missing"
    if len(value) > _MOST_LETTERS:
        return "text"
    return "date" if DATE_CELL.match(value) else "number" if _NUMBER.match(value) else "text"


def kinds_of_columns(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the kind shared by all values of a column; ``text`` if they differ, ``missing`` without values."""
    kinds = []
    for position in range(width):
        found = {kind_of(row[position]) for row in rows if position < len(row)} - {"missing"}
        kinds.append(found.pop() if len(found) == 1 else "text" if found else "missing")
    return kinds


def looks_like_data(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a first row is data: in columns of numbers and dates, it has numbers and dates too.

    Years (2019, 2020, ...) and counts from 0 above numbers are names, as pivot tables and data frames write them. If all columns are
    text, a first row is data only if all its values, and more than one, occur again below in their columns.

    Parameters
    ----------
    first : sequence of str
    rows : sequence of rows
        The rows below it, or the first of these.
    """
    rows = [row for row in rows if list(row) != list(first)]
    if not rows:
        return False
    kinds = kinds_of_columns(rows, len(first))
    typed = [
        (kind_of(value), value.strip(), kind, position)
        for position, (value, kind) in enumerate(zip(first, kinds, strict=True))
        if kind in ("number", "date")
    ]
    own = [entry for entry in typed if entry[0] != "missing"]
    if not typed:
        return _stands_below(first, rows)
    if not own or any(kind_of_first != kind for kind_of_first, _, kind, _ in own):
        return False
    if _names_codes(first, rows, kinds):
        return False
    if any(kind == "date" for _, _, kind, _ in own):
        return True
    return not _names_in_numbers([(value, position) for _, value, _, position in own], first, rows)


def _names_codes(first: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str]) -> bool:
    """Tell whether a first value is a word, and all values below it are codes with digits."""
    for position, value in enumerate(first):
        below = [row[position] for row in rows if position < len(row) and kind_of(row[position]) != "missing"]
        if (
            kinds[position] == "text"
            and kind_of(value) == "text"
            and len(below) > 2
            and not _has_digit(value)
            and all(map(_has_digit, below))
        ):
            return True
    return False


def _has_digit(value: str) -> bool:
    return any(letter.isdigit() for letter in value)


def _stands_below(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    filled = [(position, value) for position, value in enumerate(first) if kind_of(value) != "missing"]
    if len(filled) < 2:
        return False
    return all(any(position < len(row) and row[position] == value for row in rows) for position, value in filled)


def _names_in_numbers(cells: Sequence[tuple[str, int]], first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether numbers in a first row are names: years, a count from 0, or a count from 1 next to names in words."""
    if not all(value.isascii() and value.isdigit() for value, _ in cells):
        return False
    numbers = [int(value) for value, _ in cells]
    rising = all(after > before for before, after in itertools.pairwise(numbers))
    if rising and all(number in _YEARS for number in numbers):
        below = [row[position].strip() for row in rows for _, position in cells if position < len(row)]
        return not all(value.isdigit() and int(value) in _YEARS for value in below if value)
    words = [value for value in first if kind_of(value) == "text"]
    counted = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    named = bool(words) and not any(map(_has_digit, words))
    return counted and len(numbers) > 1 and (numbers[0] == 0 or (numbers[0] == 1 and named and len(numbers) > 2))
