"""SQLite's files, whose columns have the types of their values: a column with values of several types is read as text."""

from __future__ import annotations

import sqlite3
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segcore.data.databases.address import SQLITE, Address
from segcore.data.databases.connection import (
    BATCH_ROWS,
    LOCK_SECONDS,
    STAGING,
    Access,
    Batches,
    Driver,
    Readable,
    TableName,
    identifier,
    literal,
)
from segcore.data.databases.files import check_file
from segcore.data.databases.passwords import reason_text
from segcore.errors import SegcoreError, SourceError
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC = b"SQLite format 3\0"
_TABLES = """
SELECT 'main', name, true, type = 'view' FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 2
"""
_READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION)
_CHECK_STEPS = 10_000  # of SQLite's virtual machine between checks of the time, a fraction of a millisecond
_COLUMNS_AT_ONCE = 400  # SQLite allows 2,000 results of a SELECT
_KINDS = ("integer", "real", "text", "blob")
_EXACT = 2**53


class SqliteConnection:
    """Connection to a file; see `segcore.data.databases.connection.Connection`."""

    def __init__(self, address: Address, access: Access) -> None:
        self._access = access
        self._deadline = 0.0
        mode = "rwc" if access.writing else "ro"
        self.connection = sqlite3.connect(
            f"file:{urllib.parse.quote(str(address.file))}?mode={mode}", uri=True, isolation_level=None, timeout=LOCK_SECONDS
        )
        try:
            self.connection.text_factory = lambda text: text.decode("utf-8", "replace")
            self.connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _CHECK_STEPS)
            self.connection.set_authorizer(self._authorize)
            self.rows("BEGIN")
            self.rows("SELECT 1 FROM sqlite_schema")  # begins a read, so that all statements see the same data
        except BaseException:
            self.connection.close()
            raise

    def _authorize(self, action: int, subject: str | None, *_: object) -> int:
        """Allow reading the file itself; for writing, everything except other files and settings of SQLite."""
        denied = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA)
        allowed = action not in denied if self._access.writing else action in _READING
        allowed = allowed or (action == sqlite3.SQLITE_PRAGMA and subject == "table_xinfo")  # lists columns
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    def _started(self, sql: str) -> sqlite3.Cursor:
        self._deadline = time.monotonic() + self._access.timeout_seconds
        return self.connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; empty if it has no result."""
        return self._started(sql).fetchall()

    def batches(self, sql: str) -> Batches:
        """Run a SELECT twice, for the types of its columns and then for its rows, which are fetched on demand."""
        import pyarrow as pa

        cursor = self._started(f"SELECT * FROM ({sql}\n) LIMIT 0")
        names = [column[0] for column in cursor.description]
        types = self._types(sql, len(names))
        schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, types, strict=True)])
        return Batches(schema, self._fetched(self._started(sql), schema))

    def _types(self, sql: str, n_columns: int) -> list[pa.DataType]:
        """Return the type that holds every value of each column: integers, numbers or text."""
        import pyarrow as pa

        columns = ", ".join(f"c{place}" for place in range(n_columns))
        types: list[pa.DataType] = []
        for first in range(0, n_columns, _COLUMNS_AT_ONCE):
            places = range(first, min(n_columns, first + _COLUMNS_AT_ONCE))
            seen = ", ".join(
                ", ".join(
                    [
                        *(f"max(typeof(c{place}) = '{kind}')" for kind in _KINDS),
                        f"max(typeof(c{place}) = 'integer' AND abs(c{place}) > {_EXACT})",
                    ]
                )
                for place in places
            )
            (found,) = self.rows(f"WITH source({columns}) AS ({sql}\n) SELECT {seen} FROM source")
            for start in range(0, len(found), len(_KINDS) + 1):
                integer, real, text, blob, is_big = (bool(value) for value in found[start : start + len(_KINDS) + 1])
                if text or blob or (integer and real and is_big):
                    types.append(pa.large_string())
                else:
                    types.append(pa.float64() if real else pa.int64() if integer else pa.large_string())
        return types

    def _fetched(self, cursor: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        while rows := cursor.fetchmany(BATCH_ROWS):
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(map(_text, values), entry.type) if pa.types.is_large_string(entry.type) else pa.array(values, entry.type)
                for values, entry in zip(columns, schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def readable(self, sql: str, time_zone: str) -> Readable:
        """Return the SELECT itself: SQLite has neither decimals nor times with a time zone."""
        # In a subquery, SQLite would rename columns with equal names.
        names = [column[0] for column in self._started(sql).description]
        columns = ", ".join(f"c{place}" for place in range(len(names)))
        return Readable(f"WITH source({columns}) AS ({sql}\n) SELECT * FROM source", tuple(names), {})

    def tables(self) -> Sequence[TableName]:
        """Return the tables and views that can be named."""
        return [TableName(*row) for row in self.rows(_TABLES)]

    def schemas(self) -> Sequence[str]:
        """Return the schema of a file's own tables."""
        return ["main"]

    def columns(self, table: TableName) -> Mapping[str, str]:
        """Return the columns of a table and the names of their types, as they were declared."""
        found = self.rows(f"SELECT name, type FROM pragma_table_xinfo({literal(table.name, DRIVER.dialect)}, 'main') ORDER BY cid")
        return dict(found)

    def lock(self, table: TableName) -> None:
        """Let nobody else write to the file until the transaction ends."""
        self.rows("COMMIT")
        self.rows("BEGIN IMMEDIATE")  # a transaction that has already read may be unable to write

    def stage(self, rows: pa.RecordBatchReader, key: Sequence[str]) -> str:
        """Write rows into a temporary table, whose file the system deletes even if this process is killed."""
        import pyarrow as pa

        dialect = DRIVER.dialect
        columns = [f"{identifier(entry.name, dialect)} {DRIVER.types[str(entry.type)][0]}" for entry in rows.schema]
        self.rows(f"CREATE TEMP TABLE {STAGING} ({', '.join(columns)})")
        for batch in rows:
            plain = [column.cast(pa.string()) if pa.types.is_temporal(column.type) else column for column in batch.columns]
            self._deadline = time.monotonic() + self._access.timeout_seconds
            values = zip(*(column.to_pylist() for column in plain), strict=True)
            self.connection.executemany(f"INSERT INTO temp.{STAGING} VALUES ({', '.join('?' * len(columns))})", values)
        self.rows(f"CREATE INDEX temp.{STAGING}_key ON {STAGING} ({', '.join(identifier(name, dialect) for name in key)})")
        return f"temp.{STAGING}"

    def commit(self) -> None:
        """Commit, and begin the next transaction."""
        self.rows("COMMIT")
        self.rows("BEGIN")

    def close(self) -> None:
        """Roll back uncommitted changes, and close."""
        self.connection.close()


def _text(value: object) -> str | None:
    return value.hex() if isinstance(value, bytes) else None if value is None else str(value)


def _open(address: Address, access: Access) -> SqliteConnection:
    check_file(address, access, lambda head: head.startswith(_MAGIC), DRIVER.title)
    return SqliteConnection(address, access)


def _explain(error: BaseException, address: Address) -> SegcoreError | None:
    if not isinstance(error, sqlite3.Error):
        return None
    state, reason = getattr(error, "sqlite_errorname", ""), reason_text(str(error))
    code = {
        "SQLITE_INTERRUPT": "database.timeout",
        "SQLITE_BUSY": "database.locked",
        "SQLITE_AUTH": "database.read_only",
        "SQLITE_READONLY": "database.read_only",
        "SQLITE_READONLY_ROLLBACK": "database.interrupted",
        "SQLITE_READONLY_RECOVERY": "database.interrupted",
        "SQLITE_NOTADB": "database.damaged",
        "SQLITE_CORRUPT": "database.damaged",
        "SQLITE_FULL": "database.disk_full",
    }.get(state, "database.failed")
    if reason.startswith("no such table"):
        code = "database.no_table_in_query"
    elif reason.startswith("no such column"):
        code = "database.no_column"
    return refusal(code, kind=SourceError, database=address.name, reason=reason)


DRIVER = Driver(
    SQLITE,
    "SQLite",
    "sqlite",
    _open,
    _explain,
    types={
        "string": ("text", "varchar"),
        "bool": ("boolean", "integer"),
        "int32": ("integer", "int", "bigint"),
        "int64": ("integer", "int", "bigint"),
        "double": ("real", "double", "double precision", "float"),
        "date32[day]": ("text", "date"),
        "timestamp[us]": ("text", "timestamp", "datetime"),
    },
)
