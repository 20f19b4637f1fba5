"""What is worth saying of a sheet's cells: errors, formulas without a result, merged cells, a row of totals, ids cut to 15 digits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from segcore.data.files.excel.sheet_size import Cells, cell_name
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import quoted

Area = tuple[tuple[int, int], tuple[int, int]]
_PRECISE, _ID_LIKE = 1e15, 1e22  # a workbook keeps 15 digits; what is larger still is a measure, not an id
_TOTALS = ("total", "totals", "sum", "grand total", "subtotal", "overall total")


def header_notes(title: str, row: int, above: int) -> list[Finding]:
    """Say which row names the columns where something stands above it."""
    if not above:
        return []
    left = "the row above it is" if above == 1 else f"the {above:,} rows above it are"
    return [Note("info", f"Row {row:,} of sheet {quoted(title)} names the columns; {left} left out.")]


def cell_notes(title: str, cells: Cells) -> list[Finding]:
    """Say which cells hold errors of Excel, and how many formulas were saved without a result."""
    notes = []
    of_sheet = f"of sheet {quoted(title)}"
    texts = [(row, column, text) for row, found in sorted(cells.errors.items()) for column, text in found]
    if cells.missing:
        hold = _counted(cells.missing, "cell holds", "cells hold")
        first = f": the first is {cells.first_missing}" if cells.first_missing else ""
        notes.append(Note("info", f"{hold} #N/A, read as missing{first} {of_sheet}."))
    if texts:
        hold = _counted(len(texts), "cell holds", "cells hold")
        kinds = ", ".join(sorted({text for _, _, text in texts}))
        first = cell_name(*texts[0][:2])
        notes.append(Note("warning", f"{hold} an error instead of a value ({kinds}), read as text: the first is {first} {of_sheet}."))
    if cells.uncached:
        have = _counted(cells.uncached, "formula has", "formulas have")
        first = f": the first is {cells.first_uncached}" if cells.first_uncached else ""
        advice = "open the workbook in a spreadsheet program and save it"
        notes.append(Note("warning", f"{have} no saved result{first} {of_sheet}; such cells count as empty: {advice}."))
    return notes


def merged_notes(title: str, areas: Sequence[Area]) -> list[Finding]:
    """Say where merged cells span rows: all rows but the first lack the value that people see."""
    tall = [area for area in areas if area[1][0] > area[0][0]]
    if not tall:
        return []
    (row, column), _ = tall[0]
    spans = _counted(len(tall), "merged cell spans", "merged cells span")
    first = f"the first is {cell_name(row + 1, column + 1)} of sheet {quoted(title)}"
    return [Note("warning", f"{spans} several rows, of which only the first has the value: {first}.")]


def total_notes(title: str, columns: Sequence[Sequence[pa.Array]], rows: np.ndarray) -> list[Finding]:
    """Say that the last row looks like the sum of the others."""
    if len(rows) < 2:
        return []
    last = [next(part for part in reversed(column) if len(part))[-1].as_py() for column in columns]
    text = next((value for value in last if value is not None), "")
    if not isinstance(text, str) or text.strip().rstrip(":").casefold() not in _TOTALS:
        return []
    place = f"Row {rows[-1]:,} of sheet {quoted(title)}, the last,"
    return [Note("warning", f"{place} begins with {quoted(text)}: if it sums up the others, take it out.")]


def digit_notes(title: str, names: Sequence[str], columns: Sequence[Sequence[pa.Array]], rows: np.ndarray) -> list[Finding]:
    """Say which columns have whole numbers of more digits than a workbook keeps."""
    notes = []
    for name, column in zip(names, columns, strict=True):
        first = _first_long(column)
        if first is not None:
            place = f"the first in row {rows[first]:,} of sheet {quoted(title)}"
            keeps = "a workbook keeps 15 of them, so different ones may have become one; ids belong in cells of text"
            notes.append(Note("warning", f"{name} has numbers of more than 15 digits ({place}): {keeps}."))
    return notes


def _first_long(column: Sequence[pa.Array]) -> int | None:
    begin = 0
    for part in column:
        if pa.types.is_floating(part.type):
            values = np.abs(part.to_numpy(zero_copy_only=False))
            long = (values >= _PRECISE) & (values < _ID_LIKE) & (values == np.floor(values))
            if long.any():
                return begin + int(long.argmax())
        begin += len(part)
    return None


def _counted(number: int, one: str, several: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {several}"
