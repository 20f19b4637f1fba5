"""Cells and names that another program might run: formulas, scripts, paths. They are text here, and that is said."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.files.raw import Raw
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import named, quoted

_LOOKED_AT = 10_000
_CELL = r"(?i)^\s*([=@]\S|[+\-][a-z])|<\s*(script|img|iframe|svg|object)\b|javascript:"
_NAME = re.compile(r"^\s*[=@+]|\.\./|\.\.\\|<[^>]*>|javascript:", re.IGNORECASE)


def script_notes(raw: Raw) -> tuple[Finding, ...]:
    """Return what is to be said of cells in the first 10,000 rows, and of names, that look like formulas, scripts or paths."""
    notes = []
    name = next((name for name in (raw.name, *raw.names) if _NAME.search(name)), None)
    if name is not None:
        notes.append(Note("info", f"Names that look like formulas, scripts or paths, such as {quoted(name)}, are kept as text."))
    cell = _first_cell(raw.head(_LOOKED_AT))
    if cell is not None:
        column, row, value = cell
        where = f"in {raw.where(row)} of {named(column)}"
        notes.append(Note("info", f"Cells that look like formulas or scripts, such as {quoted(value)} {where}, are kept as text."))
    return tuple(notes)


def _first_cell(head: pa.Table) -> tuple[str, int, str] | None:
    for name in head.column_names:
        column = head[name]
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        row = pc.index(pc.match_substring_regex(column, _CELL), pa.scalar(True)).as_py()
        if row >= 0:
            return name, row, column[row].as_py()
    return None
