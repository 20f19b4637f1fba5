"""Script cells: cells and names that another program might run, such as formulas, scripts and paths. They stay text."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import example
from segcore.data.files.raw import Raw
from segcore.records.finding import Finding

_LOOKED_AT = 10_000
_CELL = r"(?i)^\s*([=@]\S|[+\-][a-z])|<\s*(script|img|iframe|svg|object)\b|javascript:"
_NAME = re.compile(r"^\s*[=@+]|\.\./|\.\.\\|<[^>]*>|javascript:", re.IGNORECASE)


def script_notes(raw: Raw) -> tuple[Finding, ...]:
    """Return findings about names, and cells of the first 10,000 rows, that look like formulas, scripts or paths."""
    notes = []
    name = next((name for name in (raw.name, *raw.names) if _NAME.search(name)), None)
    if name is not None:
        notes.append(Finding("row.script_name", values={"name": name}))
    cell = _first_cell(raw.head(_LOOKED_AT))
    if cell is not None:
        column, row, value = cell
        notes.append(Finding("row.script_cell", values={"column": column, "example": example(value, raw.where(row))}))
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
