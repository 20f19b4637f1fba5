"""Excel workbooks: the first sheet with rows, checked for size before it is read."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from segcore.dataset import Note
from segcore.errors import DataError, SourceError
from segcore.sources.raw import Raw, check_header, table_source

MAX_CELLS = 40_000_000
MAX_BYTES = 2 * 2**30  # of XML, unpacked
_CELL = re.compile(rb"""\sr=["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_CHUNK = 2**22


def read_workbook(path: Path, name: str) -> Raw:
    """Read the first sheet that has rows below a header.

    Raises
    ------
    SourceError
        Where the workbook is damaged, or its cells span more than can be held in memory.
    DataError
        Where no sheet has rows, or the header names a column twice.
    """
    import python_calamine

    _refuse_bombs(path, name)
    try:
        workbook = python_calamine.load_workbook(path)
        sheets = [(sheet, workbook.get_sheet_by_name(sheet)) for sheet in workbook.sheet_names]
        filled = [(title, sheet) for title, sheet in sheets if sheet.height > 1]
        if not filled:
            raise DataError(f"{name} has no sheet with a header and rows below it.")
        title, sheet = filled[0]
        first_row = sheet.start[0] if sheet.start else 0
        rows = sheet.to_python(skip_empty_area=True)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise SourceError(f"{name} is a damaged workbook ({error}): save it again as XLSX or CSV.") from error
    header = [_header(value) for value in rows[0]]
    names, notes = check_header(header, f"{name}, sheet {title!r},")
    kept = [position for position, row in enumerate(rows[1:], start=1) if any(value != "" for value in row)]
    if not kept:
        raise DataError(f"{name}, sheet {title!r}, has a header but no row below it.")
    columns = zip(*(rows[position] for position in kept), strict=True)
    table = pa.table({column: _typed(values) for column, values in zip(names, columns, strict=True)})
    if len(filled) > 1:
        others = ", ".join(repr(other) for other, _ in filled[1:])
        notes = (*notes, Note("info", f"Sheet {title!r} is read; {others} {'is' if len(filled) == 2 else 'are'} not."))
    return table_source(name, table, where=lambda row: f"row {first_row + kept[row] + 1:,} of sheet {title!r}", notes=notes)


def _refuse_bombs(path: Path, name: str) -> None:
    """Refuse a workbook whose cells span a huge area: a reader holds the whole rectangle, however few cells are filled."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.startswith("xl/worksheets/") or member.filename == "xl/sharedStrings.xml":
                    _check_member(archive, member, name)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{name} is a damaged workbook ({error}): save it again as XLSX or CSV.") from error


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    size, rest = 0, b""
    columns: set[bytes] = set()
    last_row = 0
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise SourceError(f"{name} is larger than {MAX_BYTES / 2**30:.3g} GiB unpacked: save it as CSV or Parquet.")
            chunk = rest + chunk
            found = _CELL.findall(chunk)
            columns.update(column for column, _ in found)
            last_row = max(last_row, max((int(row) for _, row in found), default=0))
            rest = chunk[-64:]
    width = max((_column_number(column) for column in columns), default=0)
    if width * last_row > MAX_CELLS:
        raise SourceError(
            f"{name} has cells as far as row {last_row:,} and column {width:,}, more than {MAX_CELLS:,} cells: delete the stray ones, or "
            "save the table as CSV or Parquet."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _header(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _typed(values: Sequence[Any]) -> pa.Array:
    """Return one column: times where all values are dates, numbers where all are numbers, else text."""
    present = [value for value in values if value != ""]
    if present and all(isinstance(value, dt.date) for value in present):
        times = [
            None if value == "" else value if isinstance(value, dt.datetime) else dt.datetime(*value.timetuple()[:3]) for value in values
        ]
        return pa.array(times, pa.timestamp("us"))
    if present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pa.array([None if value == "" else float(value) for value in values], pa.float64())
    return pa.array([None if value == "" else _as_text(value) for value in values], pa.large_string())


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)
