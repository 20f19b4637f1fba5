"""Findings about a sheet's cells: errors, formulas without a result, merged cells, a row of totals, ids cut to 15 digits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from segcore.data.files.excel.sheet_size import Cells, cell_name
from segcore.records.finding import Finding

Area = tuple[tuple[int, int], tuple[int, int]]
_PRECISE, _ID_LIKE = 1e15, 1e22  # a workbook keeps 15 digits; even larger numbers are measures, not ids
_TOTALS = ("total", "totals", "sum", "grand total", "subtotal", "overall total")


def header_notes(title: str, row: int, above: int) -> list[Finding]:
    """Report the header row if there are rows above it."""
    if not above:
        return []
    return [Finding("sheet.header", values={"sheet": title, "row": row, "above": above})]


def cell_notes(title: str, cells: Cells) -> list[Finding]:
    """Report cells with Excel errors, and formulas saved without a result."""
    notes = []
    texts = [(row, column, text) for row, found in sorted(cells.errors.items()) for column, text in found]
    if cells.missing:
        values = {"sheet": title, "cells": cells.missing, "first": cells.first_missing}
        notes.append(Finding("sheet.missing_cells", values=values))
    if texts:
        kinds, first = sorted({text for _, _, text in texts}), cell_name(*texts[0][:2])
        values = {"sheet": title, "cells": len(texts), "errors": kinds, "first": first}
        notes.append(Finding("sheet.cell_errors", "warning", values))
    if cells.uncached:
        values = {"sheet": title, "formulas": cells.uncached, "first": cells.first_uncached}
        notes.append(Finding("sheet.unsaved_results", "warning", values))
    return notes


def merged_notes(title: str, areas: Sequence[Area]) -> list[Finding]:
    """Report merged cells that span rows: all rows but the first lack the visible value."""
    tall = [area for area in areas if area[1][0] > area[0][0]]
    if not tall:
        return []
    (row, column), _ = tall[0]
    values = {"sheet": title, "areas": len(tall), "first": cell_name(row + 1, column + 1)}
    return [Finding("sheet.merged_rows", "warning", values)]


def total_notes(title: str, columns: Sequence[Sequence[pa.Array]], rows: np.ndarray) -> list[Finding]:
    """Report a last row that looks like the sum of the others."""
    if len(rows) < 2:
        return []
    last = [next(part for part in reversed(column) if len(part))[-1].as_py() for column in columns]
    text = next((value for value in last if value is not None), "")
    if not isinstance(text, str) or text.strip().rstrip(":").casefold() not in _TOTALS:
        return []
    return [Finding("sheet.total_row", "warning", {"sheet": title, "row": int(rows[-1]), "value": text})]


def digit_notes(title: str, names: Sequence[str], columns: Sequence[Sequence[pa.Array]], rows: np.ndarray) -> list[Finding]:
    """Report columns of whole numbers with more digits than a workbook keeps."""
    notes = []
    for name, column in zip(names, columns, strict=True):
        first = _first_long(column)
        if first is not None:
            values = {"sheet": title, "column": name, "row": int(rows[first])}
            notes.append(Finding("sheet.long_numbers", "warning", values))
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
