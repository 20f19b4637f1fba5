"""Sentences on workbooks: their parts, their sheets, and cells worth a look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.files.every_file import in_file
from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

_MIB, _GIB = 2**20, 2**30
_TELLING, _MOST_LETTERS = 10, 120  # letters: above the first a reason is more than a tag's name; the second is the most that is shown
# Faults of a workbook or one of its parts.
_DAMAGES = {
    "altered part": "{part} is cut off or altered",
    "beyond": "a cell is beyond the last row or column that a sheet can have",
    "long part": "{part} is far too long",
    "misplaced part": "{part} is not where it should be",
    "no end": "its end is missing",
    "not utf-8": "{part} is not UTF-8",
    "one part twice": "two sheets refer to the same part",
    "packed part": "{part} is compressed with a method that workbooks do not use",
    "panic": "its reader gave up",
    "placeless cells": "its cells do not have positions",
    "swollen part": "{part} unpacks to more than it says",
    "two parts": "two parts have the same name",
}


def _damaged(file: str, reason: str) -> str:
    return f"{named(file)} is a damaged workbook{reason}: save it again as XLSX or CSV."


def _unreadable(file: str, reason: str) -> str:
    reason = " ".join(reason.split()).rstrip(".")[:_MOST_LETTERS]
    return _damaged(file, f" ({reason})" if len(reason) > _TELLING and reason.isprintable() else "")


def _titles(titles: Sequence[str], count: int) -> str:
    more = [f"{count - len(titles):,} more"] if count > len(titles) else []
    return listed([*map(quoted, titles), *more])


def _empty(file: str, hidden: Sequence[str], count: int, do: str = "") -> str:
    verb = "is" if count == 1 else "are"
    also = f"; {_titles(hidden, count)} {verb} hidden and read only when asked for: {do}" if hidden else ""
    return f"{named(file)} has no sheet with a header and rows below it{also}."


def _hidden(sheets: Sequence[str], count: int, do: str) -> str:
    which, them = (f"Sheet {_titles(sheets, count)} is", "it") if count == 1 else (f"Sheets {_titles(sheets, count)} are", "them")
    return f"{which} hidden and not read; if you need {them}, {do}."


def _others(read: str | None, sheets: Sequence[str], count: int) -> str:
    reads = "The sheets with the same columns are read" if read is None else f"Sheet {quoted(read)} is read"
    return f"{reads}; {_titles(sheets, count)} {'is' if count == 1 else 'are'} not."


def _many_parts(file: str, parts: int | None = None) -> str:
    has = "far more parts than" if parts is None else f"{parts:,} parts, far more than"
    return f"{named(file)} has {has} a workbook has: save it again as XLSX or CSV."


def _stray(file: str, row: int, column: int, filled: int, most: int) -> str:
    far = f"{named(file)} has cells up to row {row:,} and column {column:,}"
    what = f"more than {most:,} cells" if row * column > most else f"but only about {filled:,} that are filled"
    return f"{far}, {what}: delete the stray ones, or save the table as CSV or Parquet."


def _first(cell: str) -> str:
    return f": the first is {cell}" if cell else ""


def _holding(cells: int) -> str:
    return counted(cells, "cell holds", "cells hold")


def _repeated(sheet: str, rows: int) -> str:
    are = "is" if rows == 1 else "are"
    return f"{counted(rows, 'row')} of sheet {quoted(sheet)} {are} in an earlier sheet too, equal in every column"


SENTENCES: Mapping[str, Callable[..., str]] = {
    "sheet.alike_rows": lambda sheet, rows, dated: (
        f"{_repeated(sheet, rows)}, but {'they are scattered' if dated else 'no date or id distinguishes them'}: they are kept as "
        "different rows; if they are not, read one sheet only."
    ),
    "sheet.cell_errors": lambda sheet, cells, errors, first: (
        f"{_holding(cells)} an error instead of a value ({', '.join(errors)}), read as text: the first is {first} of sheet {quoted(sheet)}."
    ),
    "sheet.different_columns": lambda file, sheets, column, do: (
        f"{named(file)} has sheets {quoted(sheets[0])} and {quoted(sheets[1])} that cannot be combined: column "
        f"{quoted(column)} is in {quoted(sheets[0])} only; {do}, with the same columns in each."
    ),
    "sheet.empty": lambda file, sheet: f"{in_file(file, sheet)} is empty.",
    "sheet.empty_header_row": lambda file, sheet, row, do: f"{in_file(file, sheet)} has nothing in row {row:,}: {do}.",
    "sheet.header": lambda sheet, row, above: (
        f"Row {row:,} of sheet {quoted(sheet)} holds the column names; "
        f"{'the row above it is' if above == 1 else f'the {above:,} rows above it are'} skipped."
    ),
    "sheet.long_numbers": lambda sheet, column, row: (
        f"{named(column)} has numbers of more than 15 digits (the first in row {row:,} of sheet {quoted(sheet)}): a workbook keeps only "
        "15, so different numbers may have become one; store ids as text."
    ),
    "sheet.long_text": lambda file, sheet, cell, column, size, most: (
        f"{in_file(file, sheet)} holds a text of {size / _MIB:.3g} MiB in cell {cell}, column {quoted(column)}, more than {most // _MIB} "
        "MiB: shorten it."
    ),
    "sheet.merged_rows": lambda sheet, areas, first: (
        f"{counted(areas, 'merged cell spans', 'merged cells span')} several rows, and only the top row has the value: the first is "
        f"{first} of sheet {quoted(sheet)}."
    ),
    "sheet.missing_cells": lambda sheet, cells, first: f"{_holding(cells)} #N/A, read as missing{_first(first)} of sheet {quoted(sheet)}.",
    "sheet.no_rows": lambda file, sheet, do: f"{in_file(file, sheet)} has no row below a header: {do}.",
    "sheet.one_name": lambda file, sheet, row, do: (
        f"{in_file(file, sheet)} names only one column in row {row:,}: {do}, or the row that holds the column names."
    ),
    "sheet.repeated_rows": lambda sheet, rows: f"{_repeated(sheet, rows)}: the sheets overlap, and such rows count once.",
    "sheet.total_row": lambda sheet, row, value: (
        f"Row {row:,} of sheet {quoted(sheet)}, the last, begins with {quoted(value)}: if it sums up the others, remove it."
    ),
    "sheet.unsaved_results": lambda sheet, formulas, first: (
        f"{counted(formulas, 'formula has', 'formulas have')} no saved result{_first(first)} of sheet {quoted(sheet)}; such cells count as "
        "empty: open the workbook in a spreadsheet program and save it."
    ),
    "workbook.bomb": lambda file, ratio: (
        f"{named(file)} unpacks to {ratio:,} times its size, which no table does: save it again as XLSX or CSV."
    ),
    "workbook.damaged": lambda file, problem, part=None: _damaged(file, f" ({_DAMAGES[problem].format(part=ascii((part or '')[-60:]))})"),
    "workbook.days_from_1904": lambda: (
        "The workbook counts days from 1904. Date cells are read accordingly; day numbers in plain number cells would be 4 years off."
    ),
    "workbook.empty": _empty,
    "workbook.entities": lambda file: (
        f"{named(file)} declares XML entities, which no spreadsheet program does: save it again as XLSX or CSV."
    ),
    "workbook.hidden_sheets": _hidden,
    "workbook.joined_sheets": lambda sheets, count: f"Sheets {_titles(sheets, count)} have the same columns and are read as one table.",
    "workbook.long_text": lambda file, cell, limit, most: (
        f"{named(file)} holds a text of more than {limit // _MIB} MiB{f' in cell {cell}' if cell else ''}: shorten it to "
        f"{most // _MIB} MiB at most."
    ),
    "workbook.macros": lambda: "The workbook's macros are ignored.",
    "workbook.many_errors": lambda file, error, most: (
        f"{named(file)} has errors such as {error} in more than {most:,} rows of a sheet: correct their formulas."
    ),
    "workbook.many_merged": lambda file, most: f"{named(file)} has more than {most:,} merged cells: unmerge them.",
    "workbook.many_parts": _many_parts,
    "workbook.many_sheets": lambda file, sheets, most: (
        f"{named(file)} has {sheets:,} sheets, more than {most:,}: keep those that are needed."
    ),
    "workbook.no_sheet": lambda file, asked, sheets, count, do: (
        f"{named(file)} has no sheet {quoted(asked)}, only {_titles(sheets, count)}: {do}."
    ),
    "workbook.other_sheets": _others,
    "workbook.password": lambda file: f"{named(file)} has a password: save it without one.",
    "workbook.shown_texts": lambda file: (
        f"{named(file)} repeats long texts in so many cells that they would fill the memory: save it as CSV or Parquet."
    ),
    "workbook.sparse_sheets": lambda file: (
        f"{named(file)} has sheets that span far more cells than are filled: delete the stray ones, or save the table as CSV."
    ),
    "workbook.stray_cells": _stray,
    "workbook.too_large": lambda file, most: f"{named(file)} is larger than {most / _GIB:.3g} GiB unpacked: save it as CSV or Parquet.",
    "workbook.unreadable": _unreadable,
    "workbook.unused_texts": lambda file, texts, cells: (
        f"{named(file)} lists {texts:,} texts, but has {cells:,} cells: save it again as XLSX or CSV."
    ),
}
