"""Excel workbooks: choice of sheets and rows that repeat; parts are checked before they are interpreted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from segcore.data.files.excel.archive import Parts, check_parts
from segcore.data.files.excel.overlapping_sheets import find_repeated
from segcore.data.files.excel.sheet import OpenSheet, SheetRows, unify
from segcore.data.files.excel.sheet_size import Cells, damaged
from segcore.data.files.raw import Raw, table_source
from segcore.errors import DataError, SegcoreError, SourceError
from segcore.records.data_rules import ReadOptions
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal
from segcore.wording.quotes import quoted

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

ALL_SHEETS = ("*",)
_LISTED = 20


def read_workbook(path: Path, name: str, reading: ReadOptions | None = None) -> Raw:
    """Read the chosen sheets, or by default the first with a header and rows, and those with the same columns.

    Parameters
    ----------
    path : Path
    name : str
        Display name of the file.
    reading : ReadOptions or None
        ``sheets`` and ``header_row`` are used.

    Raises
    ------
    SourceError
        If the workbook is damaged, or its cells span more than fits into memory.
    DataError
        If no sheet has rows, a chosen sheet does not exist, or a header names a column twice.
    """
    reading = reading or ReadOptions()
    parts = check_parts(path, name)
    with _opened(path, name) as workbook:
        book = _Book(workbook, parts, name, reading)
        read, others = book.read_asked() if reading.sheets else book.read_found()
    notes = [
        *_workbook_notes(parts, read, others, book.hidden if not reading.sheets else ()),
        *(note for sheet in read for note in sheet.notes),
    ]
    header = ", ".join(dict.fromkeys(f"row {sheet.header.row:,}" for sheet in read))
    form = {"format": "XLSX workbook", "sheets": ", ".join(sheet.title for sheet in read), "header": header}
    table, where = _stacked(read), _places(read)
    repeated, overlap = find_repeated(table, [len(sheet.rows) for sheet in read], [sheet.title for sheet in read])
    return table_source(name, table, where=where, notes=(*notes, *overlap), form=form, sheets=book.filled_titles(), repeated=repeated)


class _Book:
    """Sheets of an open workbook, each interpreted only when needed."""

    def __init__(self, workbook: CalamineWorkbook, parts: Parts, name: str, reading: ReadOptions) -> None:
        from python_calamine import SheetTypeEnum, SheetVisibleEnum

        self._workbook = workbook
        self._parts = parts
        self._name = name
        self._header_row = reading.header_row
        self._asked = reading.sheets
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        self.titles = tuple(sheet.name for sheet in sheets)
        self.visible = tuple(sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible)
        self.hidden = tuple(title for title in self.titles if title not in self.visible and self._may_be_filled(title))

    def filled_titles(self) -> tuple[str, ...]:
        """Return the sheets that have more than one row according to their XML."""
        return tuple(title for title in self.titles if self._may_be_filled(title))

    def read_asked(self) -> tuple[list[SheetRows], list[str]]:
        """Read the chosen sheets only."""
        every = self._asked == ALL_SHEETS
        read: list[SheetRows] = []
        for title in self.visible if every else dict.fromkeys(map(self._resolved, self._asked)):
            sheet = self._open(title)
            if sheet.filled:
                read.append(sheet.read())
            elif not every:
                raise refusal("sheet.no_rows", remedy="sheets", file=self._name, sheet=title)
            if len(read) > 1:
                self._check_same(read[0], read[-1])
        if not read:
            raise self._empty()
        return read, []

    def read_found(self) -> tuple[list[SheetRows], list[str]]:
        """Read the first filled sheet, preferably one of several columns, and those with the same columns; report the others."""
        read: list[SheetRows] = []
        others: list[str] = []
        for title in self.visible:
            if not self._may_be_filled(title):
                continue
            try:
                sheet = self._open(title)
                if not sheet.filled:
                    continue
                narrow = bool(read) and len(read[0].names) == 1 and len(set(sheet.names)) > 1
                if read and not narrow and set(sheet.names) != set(read[0].names):
                    others.append(title)
                    continue
                rows = sheet.read()
            except DataError:
                if not read:
                    raise
                others.append(title)
                continue
            if narrow:
                others = [*(earlier.title for earlier in read), *others]
                read = [rows]
            elif read and set(rows.names) != set(read[0].names):
                others.append(title)
            else:
                read.append(rows)
        if not read:
            raise self._empty()
        return read, others

    def _open(self, title: str) -> OpenSheet:
        return OpenSheet(self._workbook.get_sheet_by_name(title), self._name, self._cells(title), self._header_row)

    def _cells(self, title: str) -> Cells:
        return self._parts.cells.get(title, Cells())

    def _may_be_filled(self, title: str) -> bool:
        cells = self._parts.cells.get(title)
        return cells is None or (cells.filled > 1 and cells.rows > cells.first_row)

    def _resolved(self, asked: str) -> str:
        """Return the sheet of that name, ignoring case if only one sheet then matches."""
        if asked in self.titles:
            return asked
        near = [title for title in self.titles if title.strip().casefold() == asked.strip().casefold()]
        if len(near) == 1:
            return near[0]
        there = self.filled_titles() or self.titles
        raise refusal("workbook.no_sheet", remedy="sheets", file=self._name, asked=asked, **_some(there))

    def _check_same(self, first: SheetRows, other: SheetRows) -> None:
        for one, two in ((first, other), (other, first)):
            alone = [name for name in one.names if name not in two.names]
            if alone:
                sheets = [one.title, other.title if one is first else first.title]
                raise refusal("sheet.different_columns", remedy="sheets", file=self._name, sheets=sheets, column=alone[0])

    def _empty(self) -> SegcoreError:
        hidden = _some(self.hidden)
        remedy = "sheets" if self.hidden else None
        return refusal("workbook.empty", remedy=remedy, file=self._name, hidden=hidden["sheets"], count=hidden["count"])


@contextlib.contextmanager
def _opened(path: Path, name: str) -> Iterator[CalamineWorkbook]:
    """Open a workbook; all faults of its reader, including a panic, become one sentence."""
    import python_calamine

    try:
        with python_calamine.load_workbook(path) as workbook:
            yield workbook
    except SegcoreError:
        raise
    except python_calamine.PasswordError as error:
        raise refusal("workbook.password", file=name) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise refusal("workbook.unreadable", kind=SourceError, file=name, reason=str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise damaged(name, "panic") from None


def _stacked(read: Sequence[SheetRows]) -> pa.Table:
    """Return the rows of all sheets as one table, columns in the order of the first sheet."""
    positions = [{name: position for position, name in enumerate(sheet.names)} for sheet in read]
    columns = {}
    for name in read[0].names:
        columns[name] = unify(part for sheet, order in zip(read, positions, strict=True) for part in sheet.columns[order[name]])
    for sheet in read:
        for column in sheet.columns:
            column.clear()  # what became text is not kept twice
    return pa.table(columns)


def _places(read: Sequence[SheetRows]) -> Callable[[int], str]:
    ends = np.cumsum([len(sheet.rows) for sheet in read])
    places = [(quoted(sheet.title), sheet.rows) for sheet in read]

    def where(row: int) -> str:
        number = int(np.searchsorted(ends, row, side="right"))
        title, rows = places[number]
        return f"row {rows[row - (ends[number - 1] if number else 0)]:,} of sheet {title}"

    return where


def _workbook_notes(parts: Parts, read: Sequence[SheetRows], others: Sequence[str], hidden: Sequence[str]) -> list[Finding]:
    notes = []
    titles = [sheet.title for sheet in read]
    if len(titles) > 1:
        notes.append(Finding("workbook.joined_sheets", values=_some(titles)))
    if others:
        notes.append(Finding("workbook.other_sheets", values={"read": titles[0] if len(titles) == 1 else None, **_some(others)}))
    if hidden:
        notes.append(Finding("workbook.hidden_sheets", values=_some(hidden), remedy=Remedy("sheets")))
    if parts.macros:
        notes.append(Finding("workbook.macros"))
    if parts.days_from_1904:
        notes.append(Finding("workbook.days_from_1904", "warning"))
    return notes


def _some(titles: Sequence[str]) -> dict[str, Any]:
    """Return the first titles, and the number of all."""
    return {"sheets": list(titles[:_LISTED]), "count": len(titles)}
