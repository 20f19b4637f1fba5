"""Connection to a database: what is the same for all of them, and what each driver says of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from segcore.data.databases.address import Address, Scheme
from segcore.errors import SegcoreError
from segcore.records.intake import TIMEOUT_SECONDS

if TYPE_CHECKING:
    import pyarrow as pa

LOCK_SECONDS = 10.0
"""Longest that a statement waits for others who write."""
BATCH_ROWS = 65_536
STAGING = "segcore_staging"
"""Name of the temporary table that `Connection.stage` writes."""


class TableName(NamedTuple):
    """Name of a table or view, exactly as the database has it.

    Parameters
    ----------
    schema, name : str
    is_default : bool
        Whether the name alone means this table.
    is_view : bool
        Whether its rows are kept elsewhere: a view, or a table of another server.
    """

    schema: str
    name: str
    is_default: bool = True
    is_view: bool = False


class Batches(NamedTuple):
    """Rows of a query: their schema, and record batches of at most ``BATCH_ROWS`` rows or so, fetched as they are asked for."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class BrokenStreamError(Exception):
    """A driver reported an error after the first rows, of which Arrow kept the words but not the class."""

    timed_out = False


def fetched(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield a reader's batches; the database's errors come as `BrokenStreamError`, and those of whoever takes the batches as they are."""
    import pyarrow as pa

    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, pa.ArrowException) as error:
            raise BrokenStreamError(str(error)) from None
        yield batch


class Readable(NamedTuple):
    """A SELECT whose columns can be read.

    Parameters
    ----------
    sql : str
        In which the columns are called ``c0``, ``c1``...
    names : tuple of str
        What the columns are called.
    decimals : mapping of place to pyarrow type
        Columns that come as text, since drivers have no other type for them, and are exact decimals.
    """

    sql: str
    names: tuple[str, ...]
    decimals: Mapping[int, pa.DataType]


class Connection(Protocol):
    """Open connection in one transaction, which ends without a trace unless it is committed.

    Statements are in the database's own dialect. Errors are the driver's own; `connect` makes sentences of them.
    """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows, none if it has no result."""

    def batches(self, sql: str) -> Batches:
        """Run a SELECT and return its rows, in memory that does not grow with their number."""

    def readable(self, sql: str, time_zone: str) -> Readable:
        """Return a SELECT with the same rows whose columns have types of files.

        Integers, numbers, truth values, dates and times stay what they are, and exact decimals stay exact. Moments become times in
        ``time_zone``; other types, such as ids of a database's own, lists and JSON, become text. Infinite dates are missing.
        """

    def tables(self) -> Sequence[TableName]:
        """Return the tables and views that can be named."""

    def schemas(self) -> Sequence[str]:
        """Return the schemas that tables can be in, that of names without a schema first."""

    def columns(self, table: TableName) -> Mapping[str, str]:
        """Return the columns of a table and the names of their types, in the database's own words and in its order."""

    def lock(self, table: TableName) -> None:
        """Let nobody else write to a table, which need not exist yet, until the transaction ends; reading goes on.

        Waits for `LOCK_SECONDS` at most. Called first in a transaction.
        """

    def stage(self, rows: pa.RecordBatchReader, key: Sequence[str]) -> str:
        """Write rows into a temporary table of this connection, and return its name, quoted; it is gone when the connection is closed.

        Columns have the types that `Driver.types` names for those of Arrow. Rows are looked for by the columns ``key``.
        """

    def commit(self) -> None:
        """Commit, and begin the next transaction."""

    def close(self) -> None:
        """Roll back what was not committed, and close."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a database is opened.

    Parameters
    ----------
    writing : bool
        Without it, the transaction can only read, and all its statements see the database at one moment.
    timeout_seconds : float
        Longest that one statement may take, > 0.
    """

    writing: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class Driver:
    """One kind of database: everything that the rest needs to know about it.

    Parameters
    ----------
    scheme : str
        Of its addresses.
    title : str
        Name for people.
    dialect : str
        Name of its SQL in sqlglot.
    open : callable
        ``open(address, access)`` returns a `Connection`; its errors are the driver's own, or `SegcoreError`.
    explain : callable
        ``explain(error, address)`` returns the error for the user, or ``None`` for what is not the driver's.
    types : mapping of Arrow type to tuple of str
        Types of the columns in which values of Arrow's type are kept exactly, in lower case; a new column gets the first.
    name_bytes : int or None
        Longest name of a table or column, in bytes of UTF-8; ``None`` if there is no limit.
    """

    scheme: Scheme
    title: str
    dialect: str
    open: Callable[[Address, Access], Connection]
    explain: Callable[[BaseException, Address], SegcoreError | None]
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name_bytes: int | None = None


def literal(text: str, dialect: str) -> str:
    """Return text quoted as a value of a statement."""
    from sqlglot import exp

    return exp.Literal.string(text).sql(dialect=dialect)


def identifier(name: str, dialect: str) -> str:
    """Return the name of a column or table, quoted for a statement."""
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql(dialect=dialect)


def table_sql(table: TableName, dialect: str) -> str:
    """Return a table's name, quoted for a statement."""
    return ".".join(identifier(part, dialect) for part in (table.schema, table.name) if part)
