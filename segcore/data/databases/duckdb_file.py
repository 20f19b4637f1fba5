"""DuckDB's files, without access to anything else: no other files, no attached databases, no extensions."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from segcore.data.databases.address import DUCKDB, Address
from segcore.data.databases.connection import (
    BATCH_ROWS,
    STAGING,
    Access,
    Batches,
    BrokenStreamError,
    Driver,
    Readable,
    TableName,
    fetched,
    literal,
)
from segcore.data.databases.files import check_file
from segcore.data.databases.passwords import reason_text
from segcore.errors import SegcoreError, SourceError
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC = b"DUCK"
_MAGIC_AT = 8
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,  # otherwise, a table named like a variable of this process would be read from that variable
}
_TABLES = """
SELECT schema_name, table_name, schema_name = current_schema(), false FROM duckdb_tables()
WHERE database_name = current_database() AND NOT internal
UNION ALL
SELECT schema_name, view_name, schema_name = current_schema(), true FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
ORDER BY 1, 2
"""
_SCHEMAS = """
SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database() AND NOT (internal AND schema_name <> 'main')
ORDER BY schema_name <> current_schema(), schema_name
"""
_COLUMNS = """
SELECT column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = {schema} AND table_name = {name} ORDER BY column_index
"""
_INCOMING = "segcore_incoming"
_KEPT = frozenset(
    ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR")
)
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_WHOLE = ("HUGEINT", "UHUGEINT")
_LONG_DIGITS = 39  # of the largest 128-bit integers


class DuckdbConnection:
    """Connection to a file; see `segcore.data.databases.connection.Connection`."""

    def __init__(self, address: Address, access: Access) -> None:
        import duckdb

        self._access = access
        self.connection = duckdb.connect(str(address.file), read_only=not access.writing, config=_CLOSED)
        try:
            self.connection.execute("SET TimeZone = 'UTC'")
            self.connection.execute("SET lock_configuration = true")
            self.connection.begin()
        except BaseException:
            self.connection.close()
            raise

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; empty if it has no result."""
        with self._limited():
            return self.connection.execute(sql).fetchall()

    def batches(self, sql: str) -> Batches:
        """Run a SELECT and return its rows, fetched on demand."""
        with self._limited():
            reader = self.connection.sql(sql).to_arrow_reader(BATCH_ROWS)
        return Batches(reader.schema, self._fetched(reader))

    def _fetched(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        with self._limited() as timed_out:
            try:
                yield from fetched(reader)
            except BrokenStreamError as error:
                error.timed_out = timed_out.is_set()
                raise

    def readable(self, sql: str, time_zone: str) -> Readable:
        """Return the SELECT with types that files have, after checking the values of 128-bit integers."""
        import pyarrow as pa

        described = self.rows(f"DESCRIBE ({sql}\n)")
        columns = ", ".join(f"c{place}" for place in range(len(described)))
        source = f"WITH source({columns}) AS ({sql}\n)"
        long = self._long(source, [place for place, row in enumerate(described) if row[1] in _WHOLE])
        kinds = ["" if place in long else row[1] for place, row in enumerate(described)]
        selected = ", ".join(f"{_read(f'c{place}', kind, time_zone)} AS c{place}" for place, kind in enumerate(kinds))
        decimals = dict.fromkeys(long, pa.decimal256(_LONG_DIGITS, 0))
        return Readable(f"{source} SELECT {selected} FROM source", tuple(row[0] for row in described), decimals)

    def _long(self, source: str, places: Sequence[int]) -> list[int]:
        """Return the positions of columns with integers that have more digits than DuckDB's decimals."""
        if not places:
            return []
        seen = ", ".join(f"max(TRY_CAST(c{place} AS DECIMAL(38, 0)) IS NULL AND c{place} IS NOT NULL)" for place in places)
        (found,) = self.rows(f"{source} SELECT {seen} FROM source")
        return [place for place, is_long in zip(places, found, strict=True) if is_long]

    def tables(self) -> Sequence[TableName]:
        """Return the tables and views that can be named."""
        return [TableName(*row) for row in self.rows(_TABLES)]

    def schemas(self) -> Sequence[str]:
        """Return the schemas that tables can be in, the default schema first."""
        return [name for (name,) in self.rows(_SCHEMAS)]

    def columns(self, table: TableName) -> Mapping[str, str]:
        """Return the columns of a table and the names of their types."""
        schema, name = (literal(part, DRIVER.dialect) for part in (table.schema, table.name))
        return dict(self.rows(_COLUMNS.format(schema=schema, name=name)))

    def lock(self, table: TableName) -> None:
        """Do nothing: while a process writes to a file, no other can open it."""

    def stage(self, rows: pa.RecordBatchReader, key: Sequence[str]) -> str:
        """Write rows into a temporary table from Arrow's memory."""
        with self._limited():
            self.connection.register(_INCOMING, rows)
            try:
                self.connection.execute(f"CREATE TEMP TABLE {STAGING} AS SELECT * FROM {_INCOMING}")
            finally:
                self.connection.unregister(_INCOMING)
        return f"temp.{STAGING}"

    def commit(self) -> None:
        """Commit, and begin the next transaction."""
        self.connection.commit()
        self.connection.begin()

    def close(self) -> None:
        """Roll back uncommitted changes, and close."""
        self.connection.close()

    @contextmanager
    def _limited(self) -> Iterator[threading.Event]:
        """Interrupt the body's statement when its time is over, and set the event that the body is given."""
        timed_out = threading.Event()

        def interrupt() -> None:
            timed_out.set()
            self.connection.interrupt()

        timer = threading.Timer(self._access.timeout_seconds, interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield timed_out
        finally:
            timer.cancel()


def _read(column: str, kind: str, time_zone: str) -> str:
    """Return the expression that reads a column of a type."""
    if kind in _KEPT or kind.startswith("DECIMAL"):
        return column
    if kind in _TIMES:
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CASE WHEN isfinite({column}) THEN timezone({exp.Literal.string(time_zone).sql('duckdb')}, {column}) END"
    if kind in _WHOLE:
        return f"CAST({column} AS DECIMAL(38, 0))"  # a sum of integers has this type
    return f"lower(hex({column}))" if kind == "BLOB" else f"CAST({column} AS VARCHAR)"


def _open(address: Address, access: Access) -> DuckdbConnection:
    check_file(address, access, lambda head: head[_MAGIC_AT:].startswith(_MAGIC), DRIVER.title)
    return DuckdbConnection(address, access)


def _explain(error: BaseException, address: Address) -> SegcoreError | None:
    import duckdb

    if not isinstance(error, duckdb.Error | BrokenStreamError):
        return None
    reason = reason_text(re.sub(r"^[\w /]+ Error: ", "", str(error)))
    code = "database.failed"
    # If the class of an error is not specific, DuckDB has no code for it, so only its text, which is always in English, can be used.
    if isinstance(error, duckdb.InterruptException) or (isinstance(error, BrokenStreamError) and error.timed_out):
        code = "database.timeout"
    elif "No space left on device" in reason:
        code = "database.disk_full"
    elif isinstance(error, duckdb.ConnectionException) and "different configuration" in reason:
        code = "database.open_here"
    elif isinstance(error, duckdb.PermissionException):
        code = "database.file_access"
    elif isinstance(error, duckdb.CatalogException):
        code = "database.no_table_in_query"
    elif isinstance(error, duckdb.BinderException):
        code = "database.no_column"
    elif isinstance(error, duckdb.InvalidInputException) and "read-only" in reason:
        code = "database.read_only"
    elif reason.startswith("Corrupt"):
        code = "database.damaged"
    elif isinstance(error, duckdb.IOException) and "lock" in reason.lower():
        code = "database.locked"
    return refusal(code, kind=SourceError, database=address.name, reason=reason)


DRIVER = Driver(
    DUCKDB,
    "DuckDB",
    "duckdb",
    _open,
    _explain,
    types={
        "string": ("varchar",),
        "bool": ("boolean",),
        "int32": ("integer", "bigint"),
        "int64": ("bigint",),
        "double": ("double",),
        "date32[day]": ("date",),
        "timestamp[us]": ("timestamp",),
    },
)
