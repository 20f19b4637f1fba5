"""Extract of a database: the rows of a table or SELECT as a Parquet file, written batch by batch."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.data.databases.address import Address, parse_address
from segcore.data.databases.connection import Access, Connection, Readable, table_sql
from segcore.data.databases.drivers import connect, driver_of, find_table
from segcore.data.databases.pushdown import Pushed, push_down
from segcore.data.databases.selects import check_select
from segcore.errors import DataError, ParameterError, SourceError
from segcore.records.finding import Remedy
from segcore.system.digests import canonical_json, mapping
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import pyarrow as pa

    from segcore.records.intake import DatabaseQuestion, DataRequest

_ABOUT = b"segcore.database"
GROUP_ROWS = 262_144
"""Rows of a Parquet row group: a fixed number, so that equal rows give equal files however they were fetched."""


def check_question(question: DatabaseQuestion) -> Address:
    """Return the address of the database in a question, which is checked without connecting.

    Raises
    ------
    ParameterError
        If the address, the SELECT or the time zone cannot be used, or the question does not have exactly one table or one SELECT.
    """
    address = parse_address(question.address)
    if (question.table is None) == (question.query is None):
        raise refusal("database.one_of", kind=ParameterError, remedy="table_or_query")
    if question.query is not None:
        check_select(question.query, driver_of(address).dialect)
    try:
        zoneinfo.ZoneInfo(question.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise refusal("database.time_zone", kind=ParameterError, got=question.time_zone) from None
    return address


def write_extract(question: DatabaseQuestion, path: Path, request: DataRequest | None = None) -> int:
    """Write the rows, all from the same moment, to a Parquet file, in memory that does not grow with them; return their number.

    Parameters
    ----------
    question : DatabaseQuestion
    path : Path
        Replaced if it exists.
    request : DataRequest or None
        The database applies those of its filters that are sure to mean the same there; see `push_down`.

    Raises
    ------
    ParameterError, SourceError, DataError
        If the database or its rows cannot be read, or there are more than ``most_rows``; in one sentence.
    """
    address = check_question(question)
    with connect(address, Access(timeout_seconds=question.timeout_seconds)) as connection:
        sql = _source(connection, question, driver_of(address).dialect)
        readable = connection.readable(sql, question.time_zone)
        _check_names(readable.names, address)
        pushed = Pushed()
        total = rows = _count(connection, sql)
        if request is not None and (request.where or request.date_from or request.date_to):
            schema = _schema(readable, connection.batches(f"SELECT * FROM ({readable.sql}) AS extract LIMIT 0").schema)
            pushed = push_down(request, readable.names, schema, driver_of(address).dialect)
        if pushed.sql:
            readable = readable._replace(sql=f"SELECT * FROM ({readable.sql}) AS extract WHERE {pushed.sql}")
            rows = _count(connection, readable.sql)
        if rows > question.most_rows:
            remedy = Remedy("most_rows", {"rows": rows})
            raise refusal("database.many_rows", kind=SourceError, remedy=remedy, database=address.name, rows=rows, most=question.most_rows)
        about = {"rows": total, "filters": list(pushed.filters)} if pushed.filters else None
        return _write(connection, readable, address, path, about)


def _source(connection: Connection, question: DatabaseQuestion, dialect: str) -> str:
    """Return the SELECT to read."""
    if question.query is not None:
        return check_select(question.query, dialect)
    return f"SELECT * FROM {table_sql(find_table(connection, question.table or ''), dialect)}"


def _count(connection: Connection, sql: str) -> int:
    ((rows,),) = connection.rows(f"SELECT count(*) FROM ({sql}\n) AS source")
    return int(rows)


def _check_names(names: tuple[str, ...], address: Address) -> None:
    if not names:
        raise refusal("database.no_columns", database=address.name)
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise refusal("database.repeated_column", kind=DataError, database=address.name, column=twice)


def filtered_by(path: Path) -> tuple[int, tuple[str, ...]] | None:
    """Return how many rows the database had, and the filters that it applied; ``None`` if the extract has all of them.

    Raises
    ------
    OSError, pyarrow.ArrowException
        If the file cannot be read.
    """
    import pyarrow.parquet as pq

    about = (pq.read_metadata(path).metadata or {}).get(_ABOUT)
    if about is None:
        return None
    found = mapping(about)
    return int(found["rows"]), tuple(found["filters"])


def _schema(readable: Readable, schema: pa.Schema) -> pa.Schema:
    """Return the names and types of an extract's columns."""
    import pyarrow as pa

    types = [readable.decimals.get(place, _plain(entry.type)) for place, entry in enumerate(schema)]
    return pa.schema([pa.field(name, kind) for name, kind in zip(readable.names, types, strict=True)])


def _write(connection: Connection, readable: Readable, address: Address, path: Path, about: Mapping[str, Any] | None) -> int:
    import pyarrow.parquet as pq

    schema, batches = connection.batches(readable.sql)
    written = _schema(readable, schema)
    if about is not None:
        written = written.with_metadata({_ABOUT: canonical_json(about)})
    rows = 0
    with pq.ParquetWriter(path, written, compression="zstd", compression_level=1) as writer:
        for table in _groups(_typed(batches, written, address), written):
            rows += table.num_rows
            writer.write_table(table, row_group_size=GROUP_ROWS)
    return rows


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type without the database's metadata."""
    import pyarrow as pa

    plain = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return pa.large_string() if pa.types.is_string(plain) or pa.types.is_null(plain) else plain


def _typed(batches: Iterator[pa.RecordBatch], schema: pa.Schema, address: Address) -> Iterator[pa.Table]:
    import pyarrow as pa

    for batch in batches:
        columns = [getattr(column, "storage", column) for column in batch.columns]
        try:
            yield pa.table([column.cast(entry.type) for column, entry in zip(columns, schema, strict=True)], schema=schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise refusal("database.unfit_values", database=address.name, reason=str(error).splitlines()[0].rstrip(".")) from error


def _groups(tables: Iterator[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """Cut tables of any size into tables of ``GROUP_ROWS`` rows."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    n_waiting = 0
    for table in tables:
        waiting.append(table)
        n_waiting += table.num_rows
        while n_waiting >= GROUP_ROWS:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, GROUP_ROWS)
            waiting, n_waiting = [whole.slice(GROUP_ROWS)], n_waiting - GROUP_ROWS
    if n_waiting:
        yield pa.concat_tables(waiting)
