"""Connection to a database: what is the same for all of them, and what each driver says of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from segcore.data.databases.address import Address, Scheme
from segcore.errors import SegcoreError

if TYPE_CHECKING:
    import pyarrow as pa

TIMEOUT_SECONDS = 600.0
"""Longest that one statement may take, unless it is chosen."""
BATCH_ROWS = 65_536


class TableName(NamedTuple):
    """Name of a table or view, exactly as the database has it.

    Parameters
    ----------
    schema, name : str
    is_default : bool
        Whether the name alone means this table.
    """

    schema: str
    name: str
    is_default: bool = True


class Batches(NamedTuple):
    """Rows of a query: their schema, and record batches of at most ``BATCH_ROWS`` rows or so, fetched as they are asked for."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class Connection(Protocol):
    """Open connection in one transaction, which ends without a trace unless it is committed.

    Statements are in the database's own dialect. Errors are the driver's own; `connect` makes sentences of them.
    """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows, none if it has no result."""

    def batches(self, sql: str) -> Batches:
        """Run a SELECT and return its rows, in memory that does not grow with their number."""

    def tables(self) -> Sequence[TableName]:
        """Return the tables and views that can be named."""

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
    """

    scheme: Scheme
    title: str
    dialect: str
    open: Callable[[Address, Access], Connection]
    explain: Callable[[BaseException, Address], SegcoreError | None]
