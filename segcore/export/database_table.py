"""Table of a database as the destination of rows: replaced or merged in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import pyarrow as pa

from segcore.data.databases.address import Address, is_address, parse_address
from segcore.data.databases.connection import Access, Connection, Driver, TableName, identifier, literal, table_sql
from segcore.errors import ParameterError, SegcoreError, SourceError
from segcore.records.finding import Remedy
from segcore.records.intake import LONGEST_SECONDS
from segcore.wording.findings import refusal

How = Literal["replace", "merge"]
HOW: tuple[How, ...] = get_args(How)
# Here, these errors mean that the table was not written; when reading, the same errors have other messages.
_NOT_WRITTEN = ("failed", "read_only", "no_table_in_query", "no_column", "file_access")

# Ids that some collation treats as equal: they differ in case, blanks, accents, width, or in the code points of the same letter.
_SPELLINGS = (("a", "A"), ("a", "a "), ("a", "\u00e1"), ("a", "\uff41"), ("\u00e9", "e\u0301"))


@dataclass(frozen=True, slots=True)
class Destination:
    """Table that rows are written into.

    Parameters
    ----------
    address : Address
        Of the database.
    table : str
        ``name`` or ``schema.name``, exactly as the table is called, without quotes. The table is created if it is missing.
    how : {"replace", "merge"}
        "replace" leaves exactly the new rows; "merge" adds and changes rows by the customer's id, and keeps those of all other customers.
    """

    address: Address
    table: str
    how: How = "replace"

    @classmethod
    def of(cls, out: str, into: str | None, how: str | None = None) -> Destination | None:
        """Return the table that an output goes to, or ``None`` for a file.

        Parameters
        ----------
        out : str
            A file's path, or a database's address.
        into : str or None
            The table; required with an address, and not allowed with a file.
        how : str or None
            "replace" or "merge"; only with an address.

        Raises
        ------
        ParameterError
            If these options do not go together, or a value is outside its domain.
        """
        if not is_address(out):
            if into is not None or how is not None:
                option = "into" if into is not None else "how"
                raise refusal("destination.not_a_database", kind=ParameterError, remedy=Remedy("out_address", {"option": option}))
            return None
        address = parse_address(out)
        if not into:
            raise refusal("destination.no_table", kind=ParameterError, remedy="into", database=address.name)
        if how is not None and how not in HOW:
            raise ParameterError.unknown("way to write into a table", how, HOW)
        from segcore.data.databases.drivers import driver_of  # not needed to export files

        longest = driver_of(address).name_bytes
        if "\0" in into or (longest is not None and any(len(part.encode(errors="replace")) > longest for part in into.split(".", 1))):
            raise refusal("destination.bad_name", kind=ParameterError, table=into, longest=longest)
        return cls(address, into, "merge" if how == "merge" else "replace")

    def check_folder(self) -> None:
        """Raise if the file of a database cannot be created because its folder does not exist.

        Raises
        ------
        ParameterError
        """
        if self.address.path and not self.address.file.parent.is_dir():
            folder = str(self.address.file.parent)
            raise refusal("destination.no_folder", kind=ParameterError, file=self.address.name, folder=folder)


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes that an export made to a table, in rows.

    Parameters
    ----------
    created : bool
        Whether the export created the table.
    added, changed, unchanged : int
        Rows of the export that the table did not have, had with other values, and had already; together, all rows of the export.
    removed, kept : int
        Rows of other customers; removed by "replace", kept by "merge".
    """

    created: bool
    added: int
    changed: int
    unchanged: int
    removed: int
    kept: int

    @property
    def is_none(self) -> bool:
        """Whether nothing was changed."""
        return not (self.created or self.added or self.changed or self.removed)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def write_into_table(destination: Destination, chunks: Iterable[pa.Table], schema: pa.Schema, key: Sequence[str]) -> Changes:
    """Write rows into a table, all or none of them.

    Parameters
    ----------
    destination : Destination
    chunks : iterable of pyarrow Table
        The rows, in this schema; NaN becomes NULL.
    schema : pyarrow Schema
        Of text, booleans, numbers, dates and times; times with a zone are written in UTC.
    key : sequence of str
        Columns that identify a row, without missing or repeated values.

    Raises
    ------
    ParameterError
        If the table has other columns or types, is a view, has a key twice, or has a key whose collation treats two ids as equal.
    SourceError
        If the database cannot be written, or a trigger drops or adds rows. The table is then unchanged.

    Notes
    -----
    The rows go into a temporary table first, which vanishes with the connection, even if the process is killed. Then one transaction
    deletes, updates and inserts only the differences, while readers see the old table and other writers wait. So grants, indexes, views and
    triggers stay, and unchanged rows are not written. In PostgreSQL on two cores, a million rows with 20 features took 5 s to create, 6 s
    if none had changed, and 14 s if all had.
    """
    from segcore.data.databases.drivers import connect, driver_of

    driver = driver_of(destination.address)
    failed: list[BaseException] = []
    try:
        # No time limit for statements: waiting for other writers has its own limit.
        with connect(destination.address, Access(writing=True, timeout_seconds=LONGEST_SECONDS)) as connection:
            return _Writer(connection, driver, destination, _plain_schema(schema), key).write(_noting(chunks, failed))
    except SourceError as error:
        if failed:  # a driver reports errors of the rows that it takes as its own
            raise failed[0] from None
        code = "" if error.finding is None else error.finding.code
        if error.finding is not None and code in [f"database.{name}" for name in _NOT_WRITTEN]:
            database, reason = error.finding.values["database"], error.finding.values["reason"]
            raise refusal("destination.failed", kind=SourceError, table=destination.table, database=database, reason=reason) from None
        raise


def _noting(chunks: Iterable[pa.Table], failed: list[BaseException]) -> Iterator[pa.Table]:
    try:
        yield from chunks
    except SegcoreError as error:
        failed.append(error)
        raise


class _Writer:
    """Writer of rows into one table, in the transaction of a connection."""

    def __init__(self, connection: Connection, driver: Driver, destination: Destination, schema: pa.Schema, key: Sequence[str]) -> None:
        self.connection, self.driver, self.destination, self.schema = connection, driver, destination, schema
        self.key = list(key)
        self.others = [name for name in schema.names if name not in self.key]
        self.table = self.staging = ""  # quoted, once they are known

    def write(self, chunks: Iterable[pa.Table]) -> Changes:
        """Write the rows and commit."""
        self._check_names()
        target = self._target()
        self.connection.lock(target)
        columns = self.connection.columns(target)
        self.table = table_sql(target, self.driver.dialect)
        if columns:
            self._check_columns(columns)
            self._check_spellings()
            self._check_key()
        else:
            self.connection.rows(f"CREATE TABLE {self.table} ({self._declared()})")
        batches = (batch for chunk in chunks for batch in _plain(chunk, self.schema).to_batches())
        self.staging = self.connection.stage(pa.RecordBatchReader.from_batches(self.schema, batches), self.key)
        changes = self._compared(created=not columns)
        if not changes.is_none:
            self._apply(changes)
            self._check_rows(changes)
            self.connection.commit()
        return changes

    def _quoted(self, name: str) -> str:
        return identifier(name, self.driver.dialect)

    def _count(self, sql: str) -> int:
        return int(self.connection.rows(sql)[0][0])

    def _check_names(self) -> None:
        longest = self.driver.name_bytes
        long = [name for name in self.schema.names if longest is not None and len(name.encode()) > longest]
        if long:
            raise refusal("destination.long_column", kind=ParameterError, column=long[0], longest=longest, title=self.driver.title)

    def _target(self) -> TableName:
        """Return the target table, which need not exist; names are compared exactly first, then in any case."""
        from segcore.data.databases.drivers import named_table

        asked = self.destination.table
        found = named_table(self.connection.tables(), asked)
        if found is not None and found.is_view:
            raise refusal("destination.view", kind=ParameterError, table=asked, database=self.destination.address.name)
        if found is not None:
            return found
        schema, dot, name = asked.partition(".")
        schemas = self.connection.schemas()
        if dot and name and schema in schemas:
            return TableName(schema, name, is_default=False)
        if dot or not schemas:
            raise refusal("destination.no_schema", kind=ParameterError, table=asked, schema=schema)
        return TableName(schemas[0], asked)

    def _check_columns(self, there: Mapping[str, str]) -> None:
        place = {"table": self.destination.table, "database": self.destination.address.name}
        missing = [name for name in self.schema.names if name not in there]
        more = [name for name in there if name not in self.schema.names]
        if missing or more:
            raise refusal("destination.other_columns", kind=ParameterError, **place, missing=missing, more=more)
        for entry in self.schema:
            types = self.driver.types[str(entry.type)]
            kind = there[entry.name].lower().partition("(")[0].strip()
            if kind not in types:
                raise refusal(
                    "destination.other_type", kind=ParameterError, **place, column=entry.name, type=there[entry.name], needed=types[0]
                )

    def _check_key(self) -> None:
        key = ", ".join(map(self._quoted, self.key))
        twice = self._count(f"SELECT count(*) FROM (SELECT 1 FROM {self.table} GROUP BY {key} HAVING count(*) > 1) AS twice")
        if twice:
            place = {"table": self.destination.table, "database": self.destination.address.name}
            raise refusal("destination.twice", kind=ParameterError, **place, key=self.key, twice=twice)

    def _check_spellings(self) -> None:
        """Raise if the id column's collation treats two ids as equal: one of the two customers would be lost."""
        place = {"table": self.destination.table, "database": self.destination.address.name}
        for name in self.key:
            if pa.types.is_string(self.schema.field(name).type):
                # If only one of the two columns has its own collation, that collation decides how ids are compared.
                ids = f"SELECT {self._quoted(name)} AS id FROM {self.table} WHERE 1 = 0 UNION ALL SELECT"
                for one, other in _SPELLINGS:
                    first, second = (literal(text, self.driver.dialect) for text in (one, other))
                    if self._count(f"SELECT count(*) FROM ({ids} {first}) AS ids WHERE id = {second}"):
                        raise refusal("destination.same_ids", kind=ParameterError, **place, column=name, ids=[one, other])

    def _declared(self) -> str:
        kinds = {entry.name: self.driver.types[str(entry.type)][0].upper() for entry in self.schema}
        columns = [f"{self._quoted(name)} {kind}{' NOT NULL' if name in self.key else ''}" for name, kind in kinds.items()]
        return ", ".join([*columns, f"PRIMARY KEY ({', '.join(map(self._quoted, self.key))})"])

    @property
    def _same_key(self) -> str:
        return " AND ".join(f"t.{name} = s.{name}" for name in map(self._quoted, self.key))

    @property
    def _differs(self) -> str:
        mine, new = (", ".join(f"{alias}.{self._quoted(name)}" for name in self.others) for alias in "ts")
        return f"({mine}) {'IS NOT' if self.driver.dialect == 'sqlite' else 'IS DISTINCT FROM'} ({new})"

    def _compared(self, *, created: bool) -> Changes:
        staged, there = (self._count(f"SELECT count(*) FROM {table}") for table in (self.staging, self.table))
        if created or not there:
            return Changes(created, staged, 0, 0, 0, 0)
        joined = f"FROM {self.staging} AS s JOIN {self.table} AS t ON {self._same_key}"
        both = self._count(f"SELECT count(*) {joined}")
        changed = self._count(f"SELECT count(*) {joined} WHERE {self._differs}")
        removed = there - both if self.destination.how == "replace" else 0
        return Changes(created, staged - both, changed, both - changed, removed, there - both - removed)

    def _check_rows(self, changes: Changes) -> None:
        """Raise before the commit if the rows are not those that were counted, for example because of a trigger or a rule."""
        promised = changes.added + changes.changed + changes.unchanged + changes.kept
        rows = self._count(f"SELECT count(*) FROM {self.table}")
        if rows != promised:
            place = {"table": self.destination.table, "database": self.destination.address.name}
            raise refusal("destination.other_rows", kind=SourceError, **place, rows=rows, promised=promised)

    def _apply(self, changes: Changes) -> None:
        if changes.removed:
            self.connection.rows(
                f"DELETE FROM {self.table} AS t WHERE NOT EXISTS (SELECT 1 FROM {self.staging} AS s WHERE {self._same_key})"
            )
        if changes.changed:
            new = ", ".join(f"{name} = s.{name}" for name in map(self._quoted, self.others))
            self.connection.rows(f"UPDATE {self.table} AS t SET {new} FROM {self.staging} AS s WHERE {self._same_key} AND {self._differs}")
        if changes.added:
            columns = ", ".join(map(self._quoted, self.schema.names))
            self.connection.rows(
                f"INSERT INTO {self.table} ({columns}) SELECT {columns} FROM {self.staging} AS s "
                f"WHERE NOT EXISTS (SELECT 1 FROM {self.table} AS t WHERE {self._same_key})"
            )


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(entry.name, _plain_type(entry.type)) for entry in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column in databases: one of those that each driver knows."""
    if pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return kind
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.timestamp("us")
    if pa.types.is_integer(kind):
        return pa.int32() if kind.bit_width <= 32 and kind != pa.uint32() else pa.int64()
    return pa.float64() if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else pa.string()


def _plain(chunk: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows in the types of a schema, NaN as null."""
    import pyarrow.compute as pc

    columns = []
    for column, entry in zip(chunk.columns, schema, strict=True):
        plain = column.cast(entry.type, safe=False)
        if pa.types.is_floating(entry.type):
            plain = pc.if_else(pc.is_nan(plain), None, plain)
        columns.append(plain)
    return pa.table(columns, schema=schema)
