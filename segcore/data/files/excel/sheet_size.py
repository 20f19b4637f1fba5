"""Size of a sheet in its reader's memory, measured on the raw XML, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from segcore.errors import SegcoreError, SourceError
from segcore.wording.findings import refusal

MAX_CELLS = 40_000_000
_SPARSE_CELLS, _SPARSE_SHARE = 8_000_000, 0.05
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_ERRORS, _MERGED = 500_000, 200_000

_P = rb"(?:[\w.-]+:)?"  # prefix of an XML namespace
_ATTRIBUTES = rb"""((?:[^<>"']|"[^"]*"|'[^']*')*)"""
_TAG = re.compile(rb"<" + _P + rb"(row|c)(?=[\s/>])" + _ATTRIBUTES + rb">")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]*)["']""")
_SPACED = re.compile(rb"\s+=|=\s")
_RESULT = rb"<" + _P + rb"f\b[^<>]*?(?:/>|>[^<]*</" + _P + rb"f>)\s*"
_ERROR = re.compile(rb"<" + _P + rb"c(\s[^<>]*)>\s*(?:" + _RESULT + rb")?<" + _P + rb"v[^<>]*>\s*(#[^<]{1,20})<")
_FORMULA = re.compile(rb"<" + _P + rb"c(\s[^<>]*)>\s*" + _RESULT + rb"(<" + _P + rb"v\s*/?>(?:[^<]+)?)?")
_TEXT_END = re.compile(rb"<" + _P + rb"si\s*/>|</" + _P + rb"si\s*>")
_TEXT_CELL = re.compile(rb"""\st\s*=\s*["']s["'](?:[^<]*<""" + _P + rb"""v[^<>]*>\s*([0-9]{1,9}))?""")


@dataclass(slots=True)
class Cells:
    """Measures of a sheet's cells, from its XML.

    Parameters
    ----------
    rows, columns : int
        Extent of the cells, from the first row and column of the sheet.
    first_row : int
    filled : int
        Approximate number of cells with a value.
    errors : mapping of row to (column, text) pairs
        Cells that show an error of Excel, such as ``#DIV/0!``, except ``#N/A``; rows and columns from 1.
    missing : int
        Cells that show ``#N/A``.
    first_missing : str
        Such as ``B17``.
    uncached : int
        Formulas whose result was not saved.
    first_uncached : str
        Such as ``B17``.
    """

    rows: int = 0
    columns: int = 0
    first_row: int = 0
    filled: int = 0
    errors: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    missing: int = 0
    first_missing: str = ""
    uncached: int = 0
    first_uncached: str = ""


def damaged(name: str, problem: str, part: str | None = None) -> SegcoreError:
    """Build the error for a damaged workbook or part."""
    return refusal("workbook.damaged", kind=SourceError, file=name, problem=problem, **({} if part is None else {"part": part}))


def cell_name(row: int, column: int) -> str:
    """Return a spreadsheet's name of a cell: row 17, column 2 is ``B17``."""
    letters = ""
    while column > 0:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


class SheetScan:
    """Measurement of a sheet, piece by piece."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells = Cells()
        self.in_sheet = False
        self.merged = 0
        self.exact = True  # every cell has its position

    def take(self, piece: bytes) -> None:
        """Measure another piece."""
        self.in_sheet = self.in_sheet or b"sheetData" in piece
        if not self.in_sheet:
            return
        self.merged += piece.count(b"mergeCell ")
        if self.merged > _MERGED:
            raise refusal("workbook.many_merged", kind=SourceError, file=self.name, most=_MERGED)
        codes = np.frombuffer(piece + b" " * 16, np.uint8)
        rows, columns, exact = _references(codes, piece)
        self.exact = self.exact and exact and _openings(codes, b"c") <= int((columns > 0).sum())
        if len(rows):
            if int(rows.max()) > _LAST_ROW or int(columns.max()) > _LAST_COLUMN:
                raise damaged(self.name, "beyond")
            there = rows[rows > 0]
            first = int(there.min()) if len(there) else 0
            self.cells.first_row = min(self.cells.first_row or first, first) if first else self.cells.first_row
            self.cells.rows = max(self.cells.rows, int(rows.max()))
            self.cells.columns = max(self.cells.columns, int(columns.max()))
        self.cells.filled += _openings(codes, b"v") + piece.count(b"<is>") + piece.count(b":is>") // 2
        if b't="e"' in piece or b"t='e'" in piece:
            self._take_errors(piece)
        if _openings(codes, b"f"):
            self._take_formulas(piece)

    def _take_errors(self, piece: bytes) -> None:
        for cell in _ERROR.finditer(piece):
            place = _REFERENCE.search(cell[1])
            text = cell[2].decode("ascii", "replace").strip()
            if text == "#N/A":
                self.cells.missing += 1
                self.cells.first_missing = self.cells.first_missing or _place_text(place)
            elif place:
                self.cells.errors.setdefault(int(place[2] or 0), []).append((_column_number(place[1]), text))
        if len(self.cells.errors) > _ERRORS:
            raise refusal("workbook.many_errors", kind=SourceError, file=self.name, error=text, most=_ERRORS)

    def _take_formulas(self, piece: bytes) -> None:
        for cell in _FORMULA.finditer(piece):
            value = cell[2]
            if value and (not value.rstrip().endswith(b">") or b't="str"' in cell[1]):
                continue
            place = _REFERENCE.search(cell[1])
            self.cells.uncached += 1
            self.cells.first_uncached = self.cells.first_uncached or _place_text(place)


def _place_text(place: re.Match[bytes] | None) -> str:
    return (place[1] + place[2]).decode() if place else ""


def _references(codes: np.ndarray, piece: bytes) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return rows and columns (0 where not given) of every attribute ``r``, and whether all are written as usual."""
    at = np.flatnonzero(codes[1:-15] == ord("r")) + 1
    at = at[codes[at - 1] <= 32]
    usual = (codes[at + 1] == ord("=")) & ((codes[at + 2] == ord('"')) | (codes[at + 2] == ord("'")))
    exact = not any(_SPACED.match(piece, int(place) + 1) for place in at[~usual])
    at = at[usual] + 3
    columns = np.zeros(len(at), np.int64)
    rows = np.zeros(len(at), np.int64)
    for _ in range(4):
        letters = (codes[at] | 32) - 97  # unsigned: characters before 'a' become large
        there = letters < 26
        columns = np.where(there, columns * 26 + letters + 1, columns)
        at = at + there
    for _ in range(9):
        digits = codes[at] - 48
        there = digits < 10
        rows = np.where(there, rows * 10 + digits, rows)
        at = at + there
    return rows, columns, exact


def _openings(codes: np.ndarray, letter: bytes) -> int:
    """Return the number of opening tags with a one-letter name."""
    at = np.flatnonzero(codes[1:-15] == ord(letter)) + 1
    before, after = codes[at - 1], codes[at + 1]
    return int((((before == ord("<")) | (before == ord(":"))) & ((after <= 32) | (after == ord(">")) | (after == ord("/")))).sum())


def too_large(cells: Cells) -> bool:
    """Tell whether the rectangle of a sheet is too large, or large and nearly empty."""
    area = cells.rows * cells.columns
    return area > MAX_CELLS or (area > _SPARSE_CELLS and cells.filled < _SPARSE_SHARE * area)


def stray(cells: Cells, name: str) -> SegcoreError:
    """Build the error for a sheet whose rectangle is too large."""
    return refusal(
        "workbook.stray_cells",
        kind=SourceError,
        file=name,
        row=cells.rows,
        column=cells.columns,
        filled=cells.filled,
        most=MAX_CELLS,
    )


def extent(pieces: Iterator[bytes]) -> tuple[int, int, int]:
    """Return the first row, the last row and the last column with a cell that is not empty, following the tags one by one."""
    first, last, width = 0, 0, 0
    row, column = 0, 0
    for piece in pieces:
        for tag in _TAG.finditer(piece):
            place = _REFERENCE.search(tag[2])
            if tag[1] == b"row":
                row, column = int(place[2] or 0) if place else row + 1, 0
                continue
            at = row
            if place:
                at, column = int(place[2] or 0), _column_number(place[1])
            else:
                column += 1
            if not tag[2].endswith(b"/"):
                first, last, width = min(first or at, at), max(last, at), max(width, column)
    return first, last, width


class TextScan:
    """Measurement of shared texts, piece by piece: their number, and the most bytes of each."""

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0
        self._open = 0

    def begin(self) -> None:
        """Continue with another part."""
        self._open = 0

    def take(self, piece: bytes) -> np.ndarray:
        """Measure another piece and return the lengths of the texts that end in it."""
        some = b"si>" in piece or b"si/" in piece or b"si " in piece
        ends = np.array([match.end() for match in _TEXT_END.finditer(piece)] if some else [], np.int64)
        if not len(ends):
            self._open += len(piece)
            return ends
        lengths = np.diff(ends, prepend=-self._open)
        self._open = len(piece) - int(ends[-1])
        self.count += len(ends)
        self.longest = max(self.longest, int(lengths.max()))
        return lengths


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def sparse_together(sheets: Iterable[Cells]) -> bool:
    """Tell whether sheets that are each small enough together span far more cells than are filled."""
    sheets = list(sheets)
    area = sum(cells.rows * cells.columns for cells in sheets)
    return area > MAX_CELLS and sum(cells.filled for cells in sheets) < _SPARSE_SHARE * area


def last_place(piece: bytes) -> str:
    """Return the last cell named in a piece of XML, if any."""
    places = _REFERENCE.findall(piece)
    return b"".join(places[-1]).decode() if places else ""


def shared_texts_shown(piece: bytes) -> np.ndarray:
    """Return the numbers of the shared texts that the cells of a piece show, -1 if written in an unusual way."""
    return np.array([int(number) if number else -1 for number in _TEXT_CELL.findall(piece)], np.int64)
