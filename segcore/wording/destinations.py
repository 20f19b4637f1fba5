"""Sentences on tables of databases that exports and scores are written into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

_MOST_COLUMNS = 5
_NOTHING = "Nothing was changed"


def _columns(names: Sequence[str]) -> str:
    shown = [quoted(name) for name in names[:_MOST_COLUMNS]]
    return listed([*shown, *([f"{len(names) - len(shown)} more"] if len(names) > len(shown) else [])])


def _other_columns(table: str, database: str, missing: Sequence[str], more: Sequence[str]) -> str:
    lacks = f"lacks {_columns(missing)}" if missing else ""
    has = f"also has {_columns(more)}" if more else ""
    differs = " and ".join(part for part in (lacks, has) if part)
    return f"Table {quoted(table)} in {named(database)} has other columns: it {differs}. Name another table, or drop this one. {_NOTHING}."


def _bad_name(table: str, longest: int | None) -> str:
    limit = "" if longest is None else f" and at most {longest} bytes"
    return f"A table cannot be called {quoted(table)}: give a name without a NUL character{limit}."


def changes_text(table: str, database: str, rows: int, changes: Mapping[str, Any]) -> str:
    """Return what an export has changed in a table, in one or two sentences.

    Parameters
    ----------
    table, database : str
    rows : int
        Of the export.
    changes : mapping
        See `segcore.export.database_table.Changes`.
    """
    where, kept = f"{quoted(table)} in {named(database)}", changes["kept"]
    stay = f" {counted(kept, 'row')} of other customers {'was' if kept == 1 else 'were'} kept." if kept else ""
    if changes["created"]:
        return f"{counted(rows, 'row')} written into the new table {where}."
    if not (changes["added"] or changes["changed"] or changes["removed"]):
        return f"Table {where} already has {'this row' if rows == 1 else f'these {rows:,} rows'}: nothing was changed.{stay}"
    counts = ", ".join(f"{changes[name]:,} {name}" for name in ("added", "changed", "removed", "unchanged"))
    return f"{counted(rows, 'row')} written into table {where}: {counts}.{stay}"


SENTENCES: Mapping[str, Callable[..., str]] = {
    "destination.not_a_database": lambda do: f"The output is a file, which has no tables: {do}.",
    "destination.no_table": lambda database, do: f"The output is the database {named(database)}: {do}.",
    "destination.bad_name": _bad_name,
    "destination.no_folder": lambda file, folder: (
        f"The database {named(file)} cannot be created, because its folder {named(folder)} does not exist: create the folder, or correct "
        "the address."
    ),
    "destination.no_schema": lambda table, schema: (
        f"The database has no schema {quoted(schema)} for table {quoted(table)}: create it, or give a name without a dot."
    ),
    "destination.view": lambda table, database: (
        f"{quoted(table)} in {named(database)} is a view, which cannot be written: name a table. {_NOTHING}."
    ),
    "destination.long_column": lambda column, longest, title: (
        f"{title} keeps at most {longest} bytes of a column's name, and {quoted(column)} is longer: rename the column in the data, or "
        "write a file."
    ),
    "destination.other_columns": _other_columns,
    "destination.other_type": lambda table, database, column, type, needed: (
        f"Column {quoted(column)} of table {quoted(table)} in {named(database)} has type {named(type)}, not {needed}: name another table, "
        f"or change the type. {_NOTHING}."
    ),
    "destination.twice": lambda table, database, key, twice: (
        f"Table {quoted(table)} in {named(database)} has {counted(twice, 'value')} of {listed(key)} more than once: delete the "
        f"extra rows, or name another table. {_NOTHING}."
    ),
    "destination.same_ids": lambda table, database, column, ids: (
        f"Column {quoted(column)} of table {quoted(table)} in {named(database)} has a collation for which {quoted(ids[0], plain=True)} and "
        f"{quoted(ids[1], plain=True)} are the same id, so customers could be lost: give it a collation that distinguishes them, or name "
        f"another table. {_NOTHING}."
    ),
    "destination.other_rows": lambda table, database, rows, promised: (
        f"Table {quoted(table)} in {named(database)} would have {counted(rows, 'row')} instead of {promised:,}: remove the trigger or rule "
        f"that changes what is written, or name another table. {_NOTHING}."
    ),
    "destination.failed": lambda table, database, reason: (
        f"Table {quoted(table)} in {named(database)} could not be written ({named(reason)}): fix that, and try again. {_NOTHING}."
    ),
}
