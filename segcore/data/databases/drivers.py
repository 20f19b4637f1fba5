"""Drivers of databases, and connections by address."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from segcore.data.databases import duckdb_file, postgresql, sqlite_file
from segcore.data.databases.address import Address
from segcore.data.databases.connection import Access, Connection, Driver, TableName
from segcore.errors import SourceError
from segcore.wording.findings import refusal

DRIVERS: tuple[Driver, ...] = (postgresql.DRIVER, duckdb_file.DRIVER, sqlite_file.DRIVER)


def driver_of(address: Address) -> Driver:
    """Return the driver of a database."""
    return next(driver for driver in DRIVERS if driver.scheme == address.scheme)


@contextmanager
def connect(address: Address, access: Access | None = None) -> Iterator[Connection]:
    """Open a database for the body, and report the driver's errors, in the body too, as one sentence each.

    Changes that the body has not committed are rolled back.

    Parameters
    ----------
    address : Address
    access : Access or None
        ``None`` reads only.

    Raises
    ------
    SourceError
        If the database cannot be opened, or a statement fails.
    """
    driver = driver_of(address)
    try:
        connection = driver.open(address, access or Access())
        try:
            yield connection
        finally:
            connection.close()
    except Exception as error:
        known = driver.explain(error, address)
        if known is None:
            raise
        raise known from None  # the driver's own message may contain secrets


def named_table(tables: Sequence[TableName], text: str) -> TableName | None:
    """Return the table with a name, compared exactly first, then in any case; ``None`` if there is no such table.

    Raises
    ------
    SourceError
        If several tables match.
    """
    exact = [table for table in tables if text in _written(table)]
    return _only(exact or [table for table in tables if text.casefold() in map(str.casefold, _written(table))], text)


def _written(table: TableName) -> tuple[str, ...]:
    whole = f"{table.schema}.{table.name}"
    return (table.name, whole) if table.is_default else (whole,)


def _only(found: Sequence[TableName], text: str) -> TableName | None:
    if len(found) > 1:
        raise refusal("database.several_tables", kind=SourceError, table=text, tables=[f"{one.schema}.{one.name}" for one in found])
    return found[0] if found else None


def find_table(connection: Connection, text: str) -> TableName:
    """Return the table or view that a text names: ``name`` or ``schema.name``, without quotes, in its exact or any other case.

    The text is compared with the names that exist and is never run, so a name may contain any characters.

    Raises
    ------
    SourceError
        If there is no such table, or several, such as a table called ``a.b`` and a table ``b`` in the schema ``a``.
    """
    tables = connection.tables()
    found = named_table(tables, text) or _only([table for table in tables if text == table.name], text)
    if found is not None:
        return found
    names = [name for table in tables for name in _written(table)]
    similar = difflib.get_close_matches(text, names, n=1) if len(text) < 200 else []
    raise refusal("database.no_table", kind=SourceError, table=text, similar=similar, tables=len(tables))
