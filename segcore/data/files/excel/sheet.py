"""Sheet of a workbook: its header row, and the rows below it as Arrow columns."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.files.excel.archive import MAX_TEXT
from segcore.data.files.excel.sheet_findings import cell_notes, digit_notes, header_notes, merged_notes, total_notes
from segcore.data.files.excel.sheet_size import Cells, cell_name
from segcore.data.files.header_row import TitleRule, find_header
from segcore.data.files.raw import MAX_COLUMNS, check_header
from segcore.errors import SegcoreError
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_TOP_ROWS, _DEEPEST_HEADER = 60, 10_000
# Remarks above a header fill a few cells, and some columns have no name; below a title the sheet is read without asking.
_TITLES = TitleRule(title_share=0.5, names_share=0.8, deepest=20, proof=True)
_BLOCK, _BLOCK_ROWS = 2**17, 256  # most cells held as Python objects at a time, and fewest rows


@dataclass(frozen=True, slots=True)
class Header:
    """Header row of a sheet.

    Parameters
    ----------
    row : int
        From 1, as the sheet numbers it.
    names : tuple of str
        As written; empty for a column without a name.
    above : int
        Number of rows above it that are not empty.
    """

    row: int
    names: tuple[str, ...]
    above: int


@dataclass(frozen=True, slots=True, eq=False)
class SheetRows:
    """Rows of one sheet.

    Parameters
    ----------
    title : str
    header : Header
    names : tuple of str
        Names of the columns that are kept.
    columns : tuple of lists of Arrow arrays
        Each of one type: null, float64, timestamp or text.
    rows : ndarray of int32
        Position of each row in the sheet, from 1.
    notes : tuple of Finding
    """

    title: str
    header: Header
    names: tuple[str, ...]
    columns: tuple[list[pa.Array], ...]
    rows: np.ndarray
    notes: tuple[Finding, ...]


class OpenSheet:
    """Sheet with a known header, whose rows are not read yet.

    Parameters
    ----------
    sheet : CalamineSheet
    file : str
        The name of the workbook.
    cells : Cells
        Measures from its XML.
    header_row : int or None
        The header row, from 1; ``None`` detects it.

    Raises
    ------
    DataError
        If the header cannot be found, or names a column twice.
    """

    def __init__(self, sheet: CalamineSheet, file: str, cells: Cells, header_row: int | None) -> None:
        self.title = sheet.name
        self.file = file
        self.cells = cells
        self._merged = [] if sheet.start is None else list(sheet.merged_cell_ranges or [])
        self._base, self._left = sheet.start or (0, 0)  # empty rows and columns before the first value
        self._rows: Iterator[list[Any]] = itertools.islice(sheet.iter_rows(), self._base, None) if sheet.start else iter(())
        asked = min(max(0, (header_row or 0) - self._base), _DEEPEST_HEADER)
        self._top = list(itertools.islice(self._rows, asked + _TOP_ROWS))
        header = self._asked(header_row) if header_row else self._find()
        self.header = header
        self.names: tuple[str, ...] = ()
        if header:
            self._check(header, asked=header_row is not None)

    def _refusal(self, code: str, remedy: Remedy | str | None = None, **values: Any) -> SegcoreError:
        return refusal(code, remedy=remedy, file=self.file, sheet=self.title, **values)

    @property
    def filled(self) -> bool:
        """Whether there is a row below the header."""
        if self.header is None:
            return False
        if any(_filled(row) for row in self._below(self.header)) or any(row > self.header.row for row in self.cells.errors):
            return True
        for row in self._rows:
            self._top.append(row)
            if _filled(row):
                return True
        return False

    def _below(self, header: Header) -> list[list[Any]]:
        return self._top[header.row - self._base :]

    def read(self) -> SheetRows:
        """Read the rows below the header, without empty rows and columns.

        Raises
        ------
        DataError
            If a value is longer than a cell can be, or there are too many columns.
        """
        if self.header is None:
            raise self._refusal("sheet.empty")
        columns: list[list[pa.Array]] = [[] for _ in self.header.names]
        kept: list[np.ndarray] = []
        first = self.header.row + 1
        body = itertools.chain(self._below(self.header), self._rows)
        self._top = []
        n_rows = max(_BLOCK_ROWS, _BLOCK // max(1, len(columns)))
        while block := list(itertools.islice(body, n_rows)):
            self._put_errors(block, first)
            arrays = [to_arrow(values) for values in zip(*block, strict=True)]
            filled = np.zeros(len(block), bool)
            for array in arrays:
                if array.null_count < len(array):
                    filled |= _there(array)
            for column, array in zip(columns, arrays, strict=True):
                _append(column, array, filled)
            kept.append(np.flatnonzero(filled).astype(np.int32) + first)
            first += len(block)
        return self._finish(columns, np.concatenate(kept) if kept else np.zeros(0, np.int32))

    def _finish(self, columns: list[list[pa.Array]], rows: np.ndarray) -> SheetRows:
        assert self.header is not None  # noqa: S101 - read() has looked
        used = [
            bool(name) or any(len(part) > part.null_count for part in column)
            for name, column in zip(self.header.names, columns, strict=True)
        ]
        names, notes = check_header([name for name, use in zip(self.header.names, used, strict=True) if use], self.file, self.title)
        places = [self._left + position + 1 for position, use in enumerate(used) if use]
        kept = [column for column, use in zip(columns, used, strict=True) if use]
        for name, column, place in zip(names, kept, places, strict=True):
            self._check_texts(name, column, rows, place)
        found = [
            *header_notes(self.title, self.header.row, self.header.above),
            *notes,
            *cell_notes(self.title, self.cells),
            *merged_notes(self.title, [area for area in self._merged if area[1][0] >= self.header.row]),
            *total_notes(self.title, kept, rows),
            *digit_notes(self.title, names, kept, rows),
        ]
        return SheetRows(self.title, self.header, tuple(names), tuple(kept), rows, tuple(found))

    def _asked(self, row: int) -> Header:
        position = row - 1 - self._base
        if not 0 <= position < len(self._top) or not _filled(self._top[position]):
            raise self._refusal("sheet.empty_header_row", remedy="header_row", row=row)
        return self._header(position)

    def _header(self, position: int) -> Header:
        """Build the header from a row, filling cells that are merged with those above."""
        cells = list(self._top[position])
        for (top, left), (bottom, _) in self._merged:
            column, top, bottom = left - self._left, top - self._base, bottom - self._base
            if 0 <= top < position <= bottom and 0 <= column < len(cells) and cells[column] == "":
                cells[column] = self._top[top][column]
        above = sum(_filled(row) for row in self._top[:position])
        return Header(position + 1 + self._base, tuple(header_text(value) for value in cells), above)

    def _find(self) -> Header | None:
        """Find the header: the first row that is not empty and not a title."""
        groups = {top - self._base for (top, left), (_, right) in self._merged if right > left}
        found = find_header(self._top, _TITLES, count=_count, names=lambda position: self._header(position).names, groups=groups)
        return self._header(found.header) if found else None

    def _check(self, header: Header, *, asked: bool) -> None:
        named = [name.strip() for name in header.names if name.strip()]
        below = self._below(header)
        width = max((_count(row) for row in below), default=0)
        if len(named) > MAX_COLUMNS:
            raise self._refusal("file.many_columns", columns=len(named), most=MAX_COLUMNS)
        if len(named) == 1 and width > 2:
            best = next(row for row, cells in enumerate(below, start=header.row + 1) if _count(cells) >= width)
            remedy = Remedy("header_row", {} if asked else {"choices": [best]})
            raise self._refusal("sheet.one_name", remedy=remedy, row=header.row)
        self.names = (
            tuple(check_header(header.names, self.file, self.title)[0]) if len(named) == len(header.names) else tuple(sorted(set(named)))
        )

    def _put_errors(self, block: list[list[Any]], first: int) -> None:
        """Insert Excel's errors, whose cells the reader leaves empty; ``#N/A`` stays a missing value."""
        for row in self.cells.errors.keys() & range(first, first + len(block)) if self.cells.errors else ():
            for column, text in self.cells.errors[row]:
                position = column - 1 - self._left
                if 0 <= position < len(block[row - first]):
                    block[row - first][position] = text

    def _check_texts(self, name: str, column: Sequence[pa.Array], rows: np.ndarray, place: int) -> None:
        begin = 0
        for part in column:
            if pa.types.is_large_string(part.type):
                lengths = pc.binary_length(part).fill_null(0).to_numpy(zero_copy_only=False)
                if len(lengths) and lengths.max() > MAX_TEXT:
                    cell = cell_name(int(rows[begin + int(lengths.argmax())]), place)
                    raise self._refusal("sheet.long_text", cell=cell, column=name, size=int(lengths.max()), most=MAX_TEXT)
            begin += len(part)


def to_arrow(values: Sequence[Any]) -> pa.Array:
    """Return cells as one array: times if all are dates, numbers if all are numbers, else text; empty cells are null."""
    kinds = set(map(type, values))
    if kinds == {str}:
        texts = pa.array(values, pa.large_string())
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.large_string()), texts)
    if str in kinds:
        values = [None if value == "" else value for value in values]
        kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if kinds <= {float, int}:
        return pa.array(values, pa.float64())
    if kinds <= {dt.date, dt.datetime}:
        if dt.date in kinds:
            values = [dt.datetime(value.year, value.month, value.day) if type(value) is dt.date else value for value in values]
        return pa.array(values, pa.timestamp("us"))
    texts = [
        value if value is None or type(value) is str else _number_text(value) if type(value) is float else _text(value) for value in values
    ]
    return pa.array(texts, pa.large_string())


def unify(parts: Iterable[pa.Array]) -> pa.ChunkedArray:
    """Join a column's parts: in their common type, or else as the text of each."""
    parts = list(parts)
    kinds = {part.type for part in parts if part.type != pa.null()}
    if len(kinds) > 1:
        parts = [_as_texts(part) for part in parts]
    kind = pa.large_string() if len(kinds) != 1 else kinds.pop()
    return pa.chunked_array([part.cast(kind) for part in parts], kind)


def header_text(value: Any) -> str:
    """Return a header cell's value as a column name."""
    return _text(value).strip()


def _text(value: Any) -> str:
    """Return a value as the spreadsheet would write it without formatting."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is float or kind is int:
        return _number_text(value)
    if kind is bool:
        return "TRUE" if value else "FALSE"
    if kind is dt.datetime:
        return str(value.date()) if value.time() == dt.time() else str(value.replace(microsecond=0))
    return str(value)


def _number_text(value: float) -> str:
    text = repr(value + 0.0)  # no minus before 0
    if text.endswith(".0"):
        return text[:-2]
    return str(int(value)) if "e+" in text and abs(value) < 1e21 else text


def _as_texts(part: pa.Array) -> pa.Array:
    if part.type == pa.large_string() or part.type == pa.null():
        return part.cast(pa.large_string())
    return pa.array([None if value is None else _text(value) for value in part.to_pylist()], pa.large_string())


def _append(column: list[pa.Array], array: pa.Array, kept: np.ndarray) -> None:
    """Append the kept values to a column; the many empty columns of a sheet with a distant stray cell stay one part."""
    if not pa.types.is_null(array.type):
        column.append(array if kept.all() else array.filter(pa.array(kept)))
        return
    before = len(column.pop()) if column and pa.types.is_null(column[-1].type) else 0
    column.append(pa.nulls(before + int(kept.sum())))


def _there(array: pa.Array) -> np.ndarray:
    if array.null_count == 0:
        return np.ones(len(array), bool)
    return array.is_valid().to_numpy(zero_copy_only=False)


def _count(row: Sequence[Any]) -> int:
    return len(row) - sum(1 for value in row if value == "")


def _filled(row: Sequence[Any]) -> bool:
    return any(value != "" for value in row)
