"""Tables of items joined to the rows that name the items, as further columns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.ids import as_ids
from segcore.data.columns.text import as_text, true_of
from segcore.data.files.raw import Items, Raw, table_source
from segcore.data.meaning.role_guesses import Guess
from segcore.data.rows.matching_keys import Key, Wanted, find_key, namesakes, rows_of_ids
from segcore.errors import DataError, SegcoreError
from segcore.records.data_rules import RowRules
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

_BEFORE_ITEM = ("time", "customer", "order", "item")  # a column with an earlier role is not the item


def with_items(lines: Raw, table: Raw, *, roles: Mapping[str, str], key: str | None = None, rows: RowRules | None = None) -> Raw:
    """Join a table of items to the rows, matched by ids as text, with findings on what matched.

    Parameters
    ----------
    lines : Raw
    table : Raw
        One row per item.
    roles : mapping of role to column name
        Roles of the columns of ``lines`` as far as they are known; the item is otherwise detected.
    key : str or None
        Column of ``table`` with the ids of the items; ``None`` detects it.
    rows : RowRules or None
        The order of day and month decides what counts as a date.

    Raises
    ------
    DataError
        If no column of ``lines`` holds items, no row belongs to one, or two rows for one item differ.
    """
    column, ids, found = _match(lines, table, _item_column(lines, roles, rows), key)
    if _names_an_item(found, ids):
        key = None if key is None else f"column_{table.names.index(found.column) + 1}"
        table = _with_first_item(table)
        column, ids, found = _match(lines, table, column, key)
    places = rows_of_ids(ids, found.ids)
    items = Items(table, found.column, column, _free_names(lines, table, found.column))
    joined = join_items(lines, items, lambda: places)
    unknown = int(true_of(pc.and_(pc.is_null(places), pc.is_valid(ids))).sum())
    return replace(joined, notes=(*lines.notes, *table.notes, _matched(table, found, pc.count_distinct(ids).as_py(), unknown, len(ids))))


def join_items(lines: Raw, items: Items, places: Callable[[], pa.Array]) -> Raw:
    """Return the rows with the columns of their items, read when they are asked for; null for unknown items.

    Parameters
    ----------
    lines : Raw
    items : Items
    places : callable
        Returns the row of each line's item in the table of items, shape (n_rows,), int; null where there is none.
    """

    def read(columns: Sequence[str]) -> pa.Table:
        own = [name for name in columns if name not in items.columns]
        if len(own) == len(columns):
            return lines.read(columns)
        joined = _columns([name for name in columns if name in items.columns], places())
        read_here = lines.read(own) if own else pa.table({})
        return pa.table({name: joined[name] if name in joined else read_here[name] for name in columns})

    def head(n: int) -> pa.Table:
        found = lines.head(n)
        for name, column in _columns(items.columns, places().slice(0, found.num_rows)).items():
            found = found.append_column(name, column)
        return found

    def _columns(names: Sequence[str] | Mapping[str, str], rows: pa.Array) -> dict[str, pa.ChunkedArray]:
        known = items.table.read([items.columns[name] for name in names])
        return {name: known[items.columns[name]].take(rows) for name in names}

    return replace(lines, names=(*lines.names, *items.columns), read=read, head=head, items=items)


def places_of(lines: Raw, column: str, table: Raw, key: str) -> Callable[[], pa.Array]:
    """Return a function that looks the lines' items up when first called, for two columns of one type with one spelling of ids."""
    return functools.cache(lambda: rows_of_ids(lines.column(column), table.column(key)))


def _item_column(lines: Raw, roles: Mapping[str, str], rows: RowRules | None) -> str | None:
    named = roles.get("item", lines.roles.get("item"))
    if named == "" or named in lines.names:
        return named or None
    known = {role: column for role, column in roles.items() if column}
    without = {role for role, column in roles.items() if not column}
    return Guess(lines, known, _BEFORE_ITEM, without=without, rows=rows).columns.get("item")


def _match(lines: Raw, table: Raw, item: str | None, key: str | None) -> tuple[str, pa.Array, Key]:
    """Return the column of ``lines`` with the ids of items, these, and the key: the item's, else one named like a column of the table."""
    refused: SegcoreError | None = None
    shared = [name for name in lines.names if name != item and namesakes(table.names, name)]
    for column in (*([item] if item else []), *shared):
        ids = as_ids(lines.column(column))
        try:
            return column, ids, find_key(table, Wanted("items", lines.name, column, pc.unique(ids).drop_null()), asked=key)
        except DataError as error:
            if column == item and (error.finding is None or error.finding.code != "second.no_match"):
                raise
            refused = refused or (error if column == item else None)
    raise refused or refusal("second.no_role", remedy=Remedy("role", {"role": "item"}), file=table.name, data=lines.name, role="item")


def _names_an_item(key: Key, ids: pa.Array) -> bool:
    """Tell whether what was read as the header of a table is an item: all in it is text, and nothing else tells names from values."""
    name = as_ids(pa.chunked_array([[key.column]], pa.large_string()))
    return not bool(pc.any(pc.is_in(name, value_set=key.ids)).as_py()) and bool(pc.any(pc.is_in(name, value_set=pc.unique(ids))).as_py())


def _with_first_item(table: Raw) -> Raw:
    """Return a table whose header is an item as a table without a header."""
    names = tuple(f"column_{position}" for position in range(1, len(table.names) + 1))
    rows = table.read(table.names)
    columns = [pa.chunked_array([pa.array([name], pa.large_string()), as_text(rows[name])]) for name in table.names]
    note = Finding("csv.columns_named", values={"file": table.name, "names": list(names)})
    return table_source(
        table.name,
        pa.table(dict(zip(names, columns, strict=True))),
        where=lambda row: table.where(row - 1) if row else "the first line",
        notes=(*table.notes, note),
        form=table.form,
    )


def _free_names(lines: Raw, table: Raw, key: str) -> dict[str, str]:
    """Return the table's columns by their names among the lines' columns; a name that is taken gets a suffix."""
    found: dict[str, str] = {}
    for name in table.names:
        if name == key:
            continue
        free = name
        while free in found or free in lines.names:
            free += " (items)"
        found[free] = name
    return found


def _matched(table: Raw, key: Key, items: int, unknown: int, lines: int) -> Finding:
    counts = {"found": key.found, "items": items, "unknown": unknown, "lines": lines, "zeros": key.zeros}
    values = {"file": table.name, "column": key.column, "columns": list(table.names), **counts}
    return Finding("second.items", "warning" if key.zeros or 2 * key.found < items else "info", values)
