"""Header row of a CSV file or a sheet, found among its first rows.

The first row that is not empty is the header, unless it is a title: then the first row below it that fills enough columns is
(`find_header`). Each reader passes a `TitleRule` for what differs:

- A line of a CSV file is a title only if it has a single value, because a short line of several is a broken row. In a sheet, titles and
  remarks are often spread over a few cells, and merged cells name groups of columns above the names.
- A CSV file with a title is refused and the line of its header only proposed, so the proposal may be wrong. A sheet is read below its
  title without asking, so the row has to show that it names columns.

CSV files are also refused if the first row is data (`looks_like_data`); a sheet's first row is used as the header even then.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from segcore.data.columns.date_patterns import DATE_CELL
from segcore.data.columns.text import MISSING

_NUMBER = re.compile(r"[-+]?[£$€]?\d[\d., ]*(?:[eE][-+]?\d+)?%?\Z")
_YEARS = range(1900, 2101)
_MOST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class TitleRule:
    """What counts as a title, and what the row of names below it must fill and show.

    Parameters
    ----------
    title_share : float, in [0, 1]
        A title fills one cell, or at most this share of the widest row.
    names_share : float, in [0, 1]
        The row of names fills at least two cells, and at least this share of the widest row.
    deepest : int
        How many rows below the title may be the row of names.
    proof : bool
        Whether a row must show that it names columns: it holds words, each once, and has numbers or dates below it or an empty row above
        it. Below a title of one cell in a table of more than two columns, the words are enough.
    """

    title_share: float
    names_share: float
    deepest: int
    proof: bool


@dataclass(frozen=True, slots=True)
class TopRows:
    """First row of a table that is not empty, and its header row.

    Parameters
    ----------
    first, header : int
        Positions among the rows, from 0; the header is below the first row if that is a title.
    """

    first: int
    header: int


def find_header(
    rows: Sequence[Sequence[Any]],
    rule: TitleRule,
    *,
    count: Callable[[Sequence[Any]], int],
    names: Callable[[int], Sequence[str]] | None = None,
    groups: Collection[int] = (),
) -> TopRows | None:
    """Find the header row; ``None`` if all rows are empty.

    Parameters
    ----------
    rows : sequence of rows
        The first rows of a table. A cell that is not text holds a number or a date.
    rule : TitleRule
    count : callable
        ``count(row)`` returns how many cells are filled: white space fills a cell of a sheet, but not a value of a CSV file.
    names : callable or None
        ``names(position)`` returns the names that a row gives to the columns; ``None`` if they are its cells. In a sheet, cells of the
        rows above can be merged with empty ones of the row.
    groups : collection of int
        Positions of rows with cells merged across columns: a first row like this names groups of columns, however many cells it fills.
    """
    filled = [count(row) for row in rows]
    first = next((position for position, cells in enumerate(filled) if cells), None)
    if first is None:
        return None
    width, grouped = max(filled), first in groups
    if not grouped and (width < 2 or filled[first] > max(1, rule.title_share * width)):
        return TopRows(first, first)
    # The header of a CSV file has as many values as most rows below the title; the rows of a sheet all have the same length.
    usual = Counter(map(len, rows[first + 1 :])).most_common(1)
    for position in range(first + 1, min(len(rows), first + 1 + rule.deepest)):
        if not filled[position] or len(rows[position]) != usual[0][0]:
            continue
        named = names(position) if names else rows[position]
        if max(filled[position], count(named)) < max(2, rule.names_share * width):
            continue
        if rule.proof:
            sure = (filled[first] == 1 and width > 2) or _stands_out(position, rows, filled)
            if not (sure and _are_names(rows[position], named, repeats=grouped)):
                break
        return TopRows(first, position)
    return TopRows(first, first)


def _are_names(cells: Sequence[Any], names: Sequence[str], *, repeats: bool) -> bool:
    """Tell whether a row holds names: texts that are not numbers, each once unless groups of columns may repeat them."""
    texts = [name for name in names if name]
    words = all(isinstance(cell, str) for cell in cells) and not any(map(_is_float, texts))
    return words and (repeats or len(set(texts)) == len(texts))


def _is_float(text: str) -> bool:
    """Tell whether a text is a plain number; amounts and percentages, numbers for `kind_of`, can be names in a sheet."""
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _stands_out(position: int, rows: Sequence[Sequence[Any]], filled: Sequence[int]) -> bool:
    """Tell whether a row differs from those below it, or an empty row separates it from what is above."""
    if not filled[position - 1]:
        return True
    below = [row for row, cells in zip(rows[position + 1 :], filled[position + 1 :], strict=True) if cells]
    return any(
        isinstance(name, str) and name and row[place] != "" and not isinstance(row[place], str)
        for row in below
        for place, name in enumerate(rows[position])
    )


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
