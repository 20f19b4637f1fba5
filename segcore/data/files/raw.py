"""Rows as a reader found them, before anyone has said what the columns mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from segcore.data.columns.text import visible
from segcore.records.dataset import Kind
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

MAX_COLUMNS = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Rows of one source, columns read only when asked for.

    Parameters
    ----------
    name : str
        What people call the source.
    names : tuple of str
        All its columns, each once.
    n_rows : int
    read : callable
        ``read(columns)`` returns them as a pyarrow Table of ``n_rows`` rows, in file order.
    head : callable
        ``head(n)`` returns the first rows of every column without reading the rest, where the format allows.
    where : callable
        ``where(row)`` names the place of a row (0 is the first) as its owner would look it up: "line 17", "row 17". It is quick: it may
        be asked for every row.
    notes : tuple of Finding
        What the reader noticed.
    kind, roles : Kind or None, mapping
        Known beforehand for samples, else to be guessed.
    form : mapping of str to str
        How the file was read, in words, for the data report: ``format``, ``encoding``, ``delimiter``, ``sheets``, ``header``...
    sheets : tuple of str
        The sheets that could be read; empty where the format has none.
    repeated : ndarray of shape (n_rows,), bool, or None
        Rows that stand in an earlier sheet of the same workbook too.
    """

    name: str
    names: tuple[str, ...]
    n_rows: int
    read: Callable[[Sequence[str]], pa.Table]
    head: Callable[[int], pa.Table]
    where: Callable[[int], str]
    notes: tuple[Finding, ...] = ()
    kind: Kind | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    repeated: np.ndarray | None = None

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column."""
        return self.read([name]).column(0)


def table_source(
    name: str,
    table: pa.Table,
    *,
    where: Callable[[int], str],
    notes: Sequence[Finding] = (),
    form: Mapping[str, str] | None = None,
    sheets: Sequence[str] = (),
    repeated: np.ndarray | None = None,
) -> Raw:
    """Return the source of a table that is in memory already."""
    return Raw(
        name=name,
        names=tuple(table.column_names),
        n_rows=table.num_rows,
        read=lambda columns: table.select(list(columns)),
        head=lambda n: table.slice(0, n),
        where=where,
        notes=tuple(notes),
        form=form or {},
        sheets=tuple(sheets),
        repeated=repeated,
    )


def check_header(names: Sequence[str], file: str, sheet: str | None = None) -> tuple[list[str], tuple[Finding, ...]]:
    """Return column names without outer spaces, the nameless ones numbered, and what was noticed.

    Raises
    ------
    DataError
        Where a name is there twice, there are more than ``MAX_COLUMNS``, or the first row is a title rather than a header.
    """
    if len(names) > MAX_COLUMNS:
        raise refusal("file.many_columns", file=file, sheet=sheet, columns=len(names), most=MAX_COLUMNS)
    names = [name.strip() if visible(name) else "" for name in names]
    nameless = [position for position, name in enumerate(names, start=1) if not name]
    if len(names) > 2 and names[0] and len(nameless) == len(names) - 1:
        raise refusal("file.one_name", remedy="header_row", file=file, sheet=sheet)
    names = [name or f"column_{position}" for position, name in enumerate(names, start=1)]
    _refuse_repeated(names, file, sheet)
    return names, (Finding("file.nameless_columns", values={"positions": nameless}),) if nameless else ()


def _refuse_repeated(names: Sequence[str], file: str, sheet: str | None) -> None:
    """Raise where two columns have one name, or names that nobody can tell apart: another Unicode form, a character without a width."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        first = seen.setdefault(visible(name), position)
        if first == position:
            continue
        places = [first + 1, position + 1]
        if names[first] == name:
            raise refusal("file.repeated_name", file=file, sheet=sheet, name=name, positions=places)
        raise refusal("file.alike_names", file=file, sheet=sheet, names=[names[first], name], positions=places)
