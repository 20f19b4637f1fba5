"""Raw rows as a reader returns them, before kind and roles are chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from segcore.data.columns.text import visible
from segcore.records.dataset import Kind
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

MAX_COLUMNS = 2_000
VALUES_AT_A_TIME = 8_000_000
"""Of rows that are read piece by piece: some 200 MB of text."""


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Rows of one source, with columns read on demand.

    Parameters
    ----------
    name : str
        Display name of the source.
    names : tuple of str
        Names of all columns, each once.
    n_rows : int
    read : callable
        ``read(columns)`` returns them as a pyarrow Table of ``n_rows`` rows, in file order.
    head : callable
        ``head(n)`` returns the first rows of every column, without reading the rest if the format allows.
    where : callable
        ``where(row)`` names the place of a row (0 is the first) as its owner would look it up: "line 17", "row 17". It is fast, as it may
        be called for every row.
    notes : tuple of Finding
        What the reader noticed.
    kind, roles : Kind or None, mapping
        Known for samples, otherwise to be detected.
    form : mapping of str to str
        How the file was read, as text for the data report: ``format``, ``encoding``, ``delimiter``, ``sheets``, ``header``...
    sheets : tuple of str
        The sheets that could be read; empty for formats without sheets.
    repeated : ndarray of shape (n_rows,), bool, or None
        Rows that are also in an earlier sheet of the same workbook.
    customers : tuple of Raw
        A sample's second tables with one row per customer, with the role customer.
    items : Items or None
        The table of items that is joined to the rows.
    contacts : Raw or None
        A sample's contacts by campaigns: one row per customer and campaign.
    beside : Raw or None
        A table of items that came in the same file, and is not joined yet.
    batches : callable or None
        ``batches(n, columns)`` yields the rows of these columns in tables of about ``n`` rows, without holding the others; ``None`` if the
        format has to be read as a whole.
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
    customers: tuple[Raw, ...] = ()
    items: Items | None = None
    contacts: Raw | None = None
    beside: Raw | None = None
    batches: Callable[[int, Sequence[str]], Iterator[pa.Table]] | None = None

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names of the columns that are not joined."""
        return self.names if self.items is None else tuple(name for name in self.names if name not in self.items.columns)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column."""
        return self.read([name]).column(0)

    def pieces(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the rows of some columns in tables of bounded size, or in one table if the format has to be read as a whole."""
        if self.batches is None or self.items is not None:
            yield self.read(columns)
        else:
            yield from self.batches(max(1, VALUES_AT_A_TIME // max(1, len(columns))), columns)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """Table of items that is joined to rows.

    Parameters
    ----------
    table : Raw
        One row per item.
    key : str
        Its column with the ids of the items.
    column : str
        The rows' column with these ids.
    columns : mapping of str to str
        The joined columns: from their names among the rows' columns to those in ``table``.
    title : str or None
        The column of ``table`` with the titles; ``None`` detects it.
    """

    table: Raw
    key: str
    column: str
    columns: Mapping[str, str]
    title: str | None = None


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
    """Return a table in memory as a source."""
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
    """Return column names without outer spaces, with missing names numbered, and findings.

    Raises
    ------
    DataError
        If a name occurs twice, there are more than ``MAX_COLUMNS``, or the first row is a title rather than a header.
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
    """Raise if two columns have the same name, or names that look the same: other Unicode forms, invisible characters."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        first = seen.setdefault(visible(name), position)
        if first == position:
            continue
        places = [first + 1, position + 1]
        if names[first] == name:
            raise refusal("file.repeated_name", file=file, sheet=sheet, name=name, positions=places)
        raise refusal("file.alike_names", file=file, sheet=sheet, names=[names[first], name], positions=places)
