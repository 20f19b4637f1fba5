"""Connection to a database: what all databases have in common, and what each driver defines."""

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
"""Longest time that a statement waits for other writers."""
BATCH_ROWS = 65_536
STAGING = "segcore_staging"
"""Name of the temporary table that `Connection.stage` writes."""


class TableName(NamedTuple):
    """Name of a table or view, exactly as the database has it.

    Parameters
    ----------
    schema, name : str
    is_default : bool
        Whether the name without a schema means this table.
    is_view : bool
        Whether its rows are kept elsewhere: a view, or a table of another server.
    """

    schema: str
    name: str
    is_default: bool = True
    is_view: bool = False


class Batches(NamedTuple):
    """Rows of a query: their schema, and record batches of at most ``BATCH_ROWS`` rows or so, fetched on demand."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class BrokenStreamError(Exception):
    """A driver reported an error after the first rows, of which Arrow kept the words but not the class."""

    timed_out = False


def fetched(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield a reader's batches; the database's errors become `BrokenStreamError`, those of the code that takes the batches stay."""
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
        A SELECT that names the columns ``c0``, ``c1``...
    names : tuple of str
        The original names of the columns.
    decimals : mapping of position to pyarrow type
        Columns of exact decimals that arrive as text, because drivers have no other type for them.
    """

    sql: str
    names: tuple[str, ...]
    decimals: Mapping[int, pa.DataType]


class Connection(Protocol):
    """Open connection in one transaction, which is rolled back unless it is committed.

    Statements are in the database's own dialect. Errors are the driver's own; `connect` turns them into sentences.
    """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; empty if it has no result."""

    def batches(self, sql: str) -> Batches:
        """Run a SELECT and return its rows, in memory that does not grow with their number."""

    def readable(self, sql: str, time_zone: str) -> Readable:
        """Return a SELECT with the same rows, whose columns have types that files have.

        Integers, numbers, truth values, dates and times keep their types, and exact decimals stay exact. Times with a time zone become
        times in ``time_zone``; other types, such as UUIDs, lists and JSON, become text. Infinite dates are missing.
        """

    def tables(self) -> Sequence[TableName]:
        """Return the tables and views that can be named."""

    def schemas(self) -> Sequence[str]:
        """Return the schemas that tables can be in, the default schema first."""

    def columns(self, table: TableName) -> Mapping[str, str]:
        """Return the columns of a table and the names of their types, as the database names and orders them."""

    def lock(self, table: TableName) -> None:
        """Let nobody else write to a table, which need not exist yet, until the transaction ends; others can still read it.

        Waits for `LOCK_SECONDS` at most. Called first in a transaction.
        """

    def stage(self, rows: pa.RecordBatchReader, key: Sequence[str]) -> str:
        """Write rows into a temporary table of this connection, and return its name, quoted; it is gone when the connection is closed.

        Columns have the types that `Driver.types` names for those of Arrow. Rows are looked up by the columns ``key``.
        """

    def commit(self) -> None:
        """Commit, and begin the next transaction."""

    def close(self) -> None:
        """Roll back uncommitted changes, and close."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a database is opened.

    Parameters
    ----------
    writing : bool
        If false, the transaction can only read, and all its statements see the database at the same moment.
    timeout_seconds : float
        Time limit for one statement, > 0.
    """

    writing: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class Driver:
    """One kind of database: everything that other code needs to know about it.

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
        ``explain(error, address)`` returns the error for the user, or ``None`` if the error is not the driver's.
    types : mapping of Arrow type to tuple of str
        Types of columns that keep values of the Arrow type exactly, in lower case; a new column gets the first.
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
