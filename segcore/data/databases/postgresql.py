"""PostgreSQL by ADBC: rows come as Arrow batches in the server's binary format."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlglot import exp

from segcore.data.databases.address import POSTGRESQL, Address
from segcore.data.databases.connection import (
    LOCK_SECONDS,
    STAGING,
    Access,
    Batches,
    BrokenStreamError,
    Driver,
    Readable,
    TableName,
    fetched,
    literal,
    table_sql,
)
from segcore.data.databases.passwords import password_of, reason_text
from segcore.errors import SegcoreError, SourceError
from segcore.records.finding import Remedy
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import pyarrow as pa

_CONNECT_SECONDS = 10
_READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Without pg_is_other_temp_schema, another session's temporary tables would be listed.
_KEPT = ("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar")
_DECIMALS = ("numeric", "money")
_MOST_DIGITS = 76  # of Arrow's decimals
_COLUMNS_AT_ONCE = 400  # PostgreSQL allows 1,664 results of a SELECT
_TABLES = """
SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid), c.relkind IN ('v', 'm', 'f')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT pg_is_other_temp_schema(n.oid)
ORDER BY 1, 2
"""
_SCHEMAS = """
SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
ORDER BY nspname IS DISTINCT FROM current_schema(), nspname
"""
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, NULL)::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = {schema} AND c.relname = {name} AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
# By SQLSTATE, the longest prefix first.
_STATES = {
    "42P01": "database.no_table_in_query",
    "42703": "database.no_column",
    "42501": "database.no_rights",
    "57014": "database.timeout",
    "25006": "database.read_only",
    "3D000": "database.no_database",
    "28": "database.wrong_password",
    "08": "database.lost",
    "57P01": "database.lost",
    "57P02": "database.lost",
    "57P03": "database.lost",
    "53300": "database.lost",
    "55P03": "database.locked",
    "40": "database.locked",
    "53100": "database.disk_full",
}
_PREFIX = re.compile(r"^(\w+: )?(\[libpq\] )?(Failed to (connect|prepare query): |Execution error \[\w+\]: )?((ERROR|FATAL): +)?")
# libpq has no codes for errors that prevent or end a connection, and the server's messages may be in another language, so they stay as they
# are.
_CONNECTING = {
    r"closed the connection|connection has been closed|terminating connection|could not (send|receive) data|no connection to the server": (
        "database.lost"
    ),
    r"too many (clients|connections)|connection slots are reserved|the database system is ": "database.lost",
    r"could not translate host name": "database.no_host",
    r"password authentication failed": "database.wrong_password",
    r"no password supplied": "database.no_password",
    r'database ".*" does not exist': "database.no_database",
    r"Connection refused|No such file or directory|No route to host|Network is unreachable": "database.refused",
    r"timeout expired|timed out": "database.no_answer",
    r"statement timeout": "database.timeout",
    r"SSL|certificate": "database.ssl",
    r"no pg_hba.conf entry": "database.not_admitted",
}


class PostgresqlConnection:
    """Connection by ADBC; see `segcore.data.databases.connection.Connection`."""

    def __init__(self, address: Address, access: Access) -> None:
        from adbc_driver_postgresql import dbapi

        self._access = access
        self._cursors: list[Any] = []
        self.connection = dbapi.connect(_uri(address))
        try:
            self._set_up()
        except BaseException:
            self.connection.close()
            raise

    def _set_up(self) -> None:
        self.rows(f"SET statement_timeout = {max(1, round(self._access.timeout_seconds * 1000))}")
        self.rows("SET TimeZone = 'UTC'")
        self.rows("SET extra_float_digits = 1")  # makes numbers exact as text
        if not self._access.writing:  # the same rows in the same order give the same extract
            self.rows("SET synchronize_seqscans = off")
            self.rows("SET max_parallel_workers_per_gather = 0")
        self.commit()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; empty if it has no result."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def batches(self, sql: str) -> Batches:
        """Run a SELECT and return its rows, fetched on demand."""
        cursor = self.connection.cursor()
        self._cursors.append(cursor)
        cursor.execute(sql)
        reader: pa.RecordBatchReader = cursor.fetch_record_batch()
        return Batches(reader.schema, fetched(reader))

    def readable(self, sql: str, time_zone: str) -> Readable:
        """Return the SELECT with types that files have, after checking the values of numbers without a fixed scale."""
        with self.connection.cursor() as cursor:
            schema: pa.Schema = cursor.adbc_execute_schema(sql)
        columns = ", ".join(f"c{place}" for place in range(len(schema)))
        source = f"WITH source({columns}) AS ({sql}\n)"
        kinds = [_kind(entry) for entry in schema]
        loose = [place for place, kind in enumerate(kinds) if kind.name in _DECIMALS and kind.scale is None]
        sizes = self._sizes(source, loose)
        decimals: dict[int, pa.DataType] = {}
        selected = []
        for place, kind in enumerate(kinds):
            precision, scale = sizes.get(place, (kind.precision, kind.scale))
            if kind.name in _DECIMALS:
                decimals |= _decimal(place, precision, scale)
            selected.append(f"{_read(f'c{place}', kind.name, time_zone)} AS c{place}")
        query = f"{source} SELECT {', '.join(selected)} FROM source"
        return Readable(query, tuple(schema.names), decimals)

    def _sizes(self, source: str, places: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Return the precision and scale that hold every finite value of columns, by their positions."""
        found = {}
        for first in range(0, len(places), _COLUMNS_AT_ONCE):
            some = places[first : first + _COLUMNS_AT_ONCE]
            numbers = [f"c{place}::numeric" for place in some]
            seen = [f"max(scale({one})), max(length(trunc(abs({_finite(one)}))::text))" for one in numbers]
            (row,) = self.rows(f"{source} SELECT {', '.join(seen)} FROM source")
            for place, scale, whole in zip(some, row[::2], row[1::2], strict=True):
                found[place] = (int(whole or 1) + int(scale or 0), int(scale or 0))
        return found

    def tables(self) -> Sequence[TableName]:
        """Return the tables, views and foreign tables that can be named."""
        return [TableName(*row) for row in self.rows(_TABLES)]

    def schemas(self) -> Sequence[str]:
        """Return the schemas that tables can be in, the default schema first."""
        return [name for (name,) in self.rows(_SCHEMAS)]

    def columns(self, table: TableName) -> Mapping[str, str]:
        """Return the columns of a table and the names of their types."""
        schema, name = (literal(part, DRIVER.dialect) for part in (table.schema, table.name))
        return dict(self.rows(_COLUMNS.format(schema=schema, name=name)))

    def lock(self, table: TableName) -> None:
        """Let nobody else write to a table until the transaction ends."""
        self.rows(f"SET LOCAL lock_timeout = {round(LOCK_SECONDS * 1000)}")
        # Two sessions that create the same table would collide in the catalogue; this lock needs no table.
        place = literal(f"segcore {table.schema}.{table.name}", DRIVER.dialect)
        self.rows(f"SELECT pg_advisory_xact_lock(hashtextextended({place}, 0))::text")
        if self.columns(table):
            self.rows(f"LOCK TABLE {table_sql(table, DRIVER.dialect)} IN SHARE ROW EXCLUSIVE MODE")

    def stage(self, rows: pa.RecordBatchReader, key: Sequence[str]) -> str:
        """Write rows into a temporary table by COPY."""
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(STAGING, rows, mode="create", temporary=True)
        self.rows(f"ANALYZE pg_temp.{STAGING}")  # autovacuum does not analyze temporary tables
        return f"pg_temp.{STAGING}"

    def commit(self) -> None:
        """Commit, and begin the next transaction."""
        self.connection.commit()
        if not self._access.writing:
            self.rows(_READ_ONLY)

    def close(self) -> None:
        """Roll back uncommitted changes, and close."""
        for cursor in self._cursors:  # with rows that were not fetched
            cursor.close()
        self.connection.close()


class _Kind(NamedTuple):
    """Type of a column, and for numerics of fixed size precision and scale."""

    name: str
    precision: int = 0
    scale: int | None = None


def _kind(entry: pa.Field) -> _Kind:
    metadata = entry.metadata or {}
    name, modifier = metadata.get(b"POSTGRESQL:type", b"").decode(), int(metadata.get(b"POSTGRESQL:typmod", b"-1"))
    if name != "numeric" or modifier < 4:
        return _Kind(name)
    size = modifier - 4  # precision in the upper 16 bits, scale in the lower 11, negative since PostgreSQL 15
    scale = ((size & 0x7FF) ^ 1024) - 1024
    return _Kind(name, (size >> 16) & 0xFFFF, scale) if scale >= 0 else _Kind(name)


def _decimal(place: int, precision: int, scale: int | None) -> dict[int, pa.DataType]:
    """Return the type of exact numbers by their position; empty for numbers that no type can hold, which stay text."""
    import pyarrow as pa

    if scale is None or precision > _MOST_DIGITS or scale > precision:
        return {}
    return {place: pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)}


def _finite(column: str) -> str:
    return f"CASE WHEN {column} NOT IN ('NaN', 'Infinity', '-Infinity') THEN {column} END"


def _read(column: str, kind: str, time_zone: str) -> str:
    """Return the expression that reads a column of a type."""
    if kind in _KEPT:
        return column
    if kind in _DECIMALS:
        return f"({_finite(f'{column}::numeric')})::text"
    if kind in ("date", "timestamp"):
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind == "timestamptz":
        return f"CASE WHEN isfinite({column}) THEN timezone({exp.Literal.string(time_zone).sql('postgres')}, {column}) END"
    return f"encode({column}, 'hex')" if kind == "bytea" else f"{column}::text"


def _open(address: Address, access: Access) -> PostgresqlConnection:
    try:
        import adbc_driver_postgresql  # noqa: F401
    except ImportError:
        raise refusal(
            "database.no_driver", kind=SourceError, remedy=Remedy("install", {"package": "adbc-driver-postgresql"}), title=DRIVER.title
        ) from None
    return PostgresqlConnection(address, access)


def _uri(address: Address) -> str:
    """Return the URL for libpq, with the password if neither PGPASSWORD nor .pgpass has it."""
    password = None if os.environ.get("PGPASSWORD") else password_of(address)
    more = {} if "connect_timeout=" in address.text or "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": str(_CONNECT_SECONDS)}
    if password is not None:
        more["password"] = password
    mark = "&" if "?" in address.text else "?"
    return address.text + (mark + urllib.parse.urlencode(more, quote_via=urllib.parse.quote) if more else "")


def _explain(error: BaseException, address: Address) -> SegcoreError | None:
    import adbc_driver_manager.dbapi as dbapi

    if not isinstance(error, dbapi.Error | BrokenStreamError):
        return None
    text = str(error)
    diagnosis = dict(getattr(error, "details", None) or [])
    state = getattr(error, "sqlstate", None) or ""
    code = next((_STATES[state[:length]] for length in (5, 2) if state[:length] in _STATES), None)
    if not state:
        code = next((code for pattern, code in _CONNECTING.items() if re.search(pattern, text)), None)
    primary = diagnosis.get(b"PG_DIAG_MESSAGE_PRIMARY", b"").decode("utf-8", "replace") or _PREFIX.sub("", text)
    return refusal(code or "database.failed", kind=SourceError, database=address.name, reason=reason_text(primary, password_of(address)))


DRIVER = Driver(
    POSTGRESQL,
    "PostgreSQL",
    "postgres",
    _open,
    _explain,
    types={
        "string": ("text", "character varying"),
        "bool": ("boolean",),
        "int32": ("integer", "bigint"),
        "int64": ("bigint",),
        "double": ("double precision",),
        "date32[day]": ("date",),
        "timestamp[us]": ("timestamp without time zone",),
    },
    name_bytes=63,
)
