"""Requests for data, and records of what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from segcore.errors import ParameterError
from segcore.records.data_rules import ColumnRules, ReadOptions, RowRules, rules_from_json, rules_to_json
from segcore.records.dataset import RowCount
from segcore.records.feature_table import ColumnUse
from segcore.records.finding import Finding
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors

_RULES: Mapping[str, Any] = {"reading": ReadOptions, "rows": RowRules, "columns": ColumnRules}
_ADDED: Mapping[str, Any] = {"taste": Taste, "vectors": Vectors}
FEWEST_MISSIONS, MOST_MISSIONS = 2, 20
TIMEOUT_SECONDS = 600.0
"""Longest that a statement in a database may take, unless it is chosen."""
LONGEST_SECONDS = 86_400.0
MOST_ROWS = 20_000_000
"""Number of rows above which a database is not read without being asked to."""
SECOND_TABLES = ("customers", "items")
"""Fields of `DataRequest` that are second tables."""


@dataclass(frozen=True, slots=True)
class SecondTable:
    """Second table beside the rows: one row per customer, or one per item.

    Parameters
    ----------
    data : str
        Path of a file.
    name : str or None
        Display name, if it differs from the file's name.
    key : str or None
        The table's column with the ids of customers or items; ``None`` detects it.
    """

    data: str
    name: str | None = None
    key: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


@dataclass(frozen=True, slots=True)
class DatabaseQuestion:
    """What is read from a database.

    Parameters
    ----------
    address : str
        URL without a password.
    table, query : str or None
        Name of a table or view, or a SELECT: one of them.
    timeout_seconds : float
        Longest that one statement may take, > 0.
    time_zone : str
        Of the dates and times that are made of moments, which the database keeps with a time zone.
    most_rows : int
        Number of rows above which nothing is read.
    """

    address: str
    table: str | None = None
    query: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS
    time_zone: str = "UTC"
    most_rows: int = MOST_ROWS

    def __post_init__(self) -> None:
        """Check what can be checked without the database."""
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ParameterError.out_of_range("The time-out of the database, in seconds,", self.timeout_seconds, 1, LONGEST_SECONDS)
        if self.most_rows < 1:
            raise ParameterError.out_of_range("The most rows to read", self.most_rows, 1, None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


@dataclass(frozen=True, slots=True)
class DataRequest:
    """Request for data: which file or sample, and how to read it.

    Parameters
    ----------
    data : str
        A sample's name or a path; of a database its address until it is read, then the path of the extract.
    kind : {"transactions", "ratings", "customers"} or None
        ``None`` detects it.
    roles : mapping of role to column name
        Known roles; the others are detected. An empty name means that no column has the role.
    where : tuple of str
        SQL conditions on rows.
    date_from, date_to : str or None
        ISO dates, both included.
    frames : {"pandas", "polars", "duckdb", "modin", "spark"}
        What the features are computed with. Polars, DuckDB and Spark need not hold all order lines in memory; "spark" also computes
        components. What the library does not do, pandas does.
    name : str or None
        Display name, if it differs from the sample's title or the file's name.
    reading : ReadOptions
        How the file is read.
    rows : RowRules
        How doubtful rows are treated.
    columns : ColumnRules
        How columns are used.
    afresh : bool
        Detect again, ignoring choices remembered for files with the same columns.
    customers : SecondTable or None
        A table with one row per customer, whose columns become profile columns.
    items : SecondTable or None
        A table with one row per item, whose columns are joined to the rows.
    taste : Taste or None
        Features to add from the items that customers bought or rated.
    vectors : Vectors or None
        Vectors to add from customers' baskets; not beside ``taste``.
    missions : int or None
        Number of basket missions to find, 2 to 20: orders are clustered by their categories, and each customer's most frequent mission
        becomes a profile column.
    database : DatabaseQuestion or None
        Where the rows come from, if from a database.
    """

    data: str
    kind: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None
    frames: str = "pandas"
    name: str | None = None
    reading: ReadOptions = field(default_factory=ReadOptions)
    rows: RowRules = field(default_factory=RowRules)
    columns: ColumnRules = field(default_factory=ColumnRules)
    afresh: bool = False
    customers: SecondTable | None = None
    items: SecondTable | None = None
    taste: Taste | None = None
    vectors: Vectors | None = None
    missions: int | None = None
    database: DatabaseQuestion | None = None

    def __post_init__(self) -> None:
        """Check the number of missions without the file."""
        if self.missions is not None and not FEWEST_MISSIONS <= self.missions <= MOST_MISSIONS:
            raise ParameterError.out_of_range("The number of basket missions", self.missions, FEWEST_MISSIONS, MOST_MISSIONS)

    @property
    def added(self) -> Taste | Vectors | None:
        """The features that are added to those of the data, or ``None``."""
        return self.taste or self.vectors

    def without_added(self) -> DataRequest:
        """Return the request for the table that features are added to."""
        return replace(self, taste=None, vectors=None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        rules = {name: rules_to_json(values[name]) for name in _RULES}
        seconds = {name: None if values[name] is None else values[name].to_json() for name in SECOND_TABLES}
        added = {name: None if values[name] is None else values[name].to_json() for name in (*_ADDED, "database")}
        return {**values, **rules, **seconds, **added, "roles": dict(self.roles), "where": list(self.where)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataRequest:
        """Build the request from the output of ``to_json``; missing fields get their defaults."""
        known = {key: value for key, value in data.items() if value is not None}
        rules = {name: rules_from_json(kind, known.get(name, {})) for name, kind in _RULES.items()}
        seconds = {name: SecondTable(**known[name]) for name in SECOND_TABLES if name in known}
        added = {name: kind.from_json(known[name]) for name, kind in _ADDED.items() if name in known}
        database = {"database": DatabaseQuestion(**known["database"])} if "database" in known else {}
        lists = {"roles": dict(known.get("roles", {})), "where": tuple(known.get("where", ()))}
        return cls(**{**known, **rules, **seconds, **added, **database, **lists})


@dataclass(frozen=True, slots=True)
class Peek:
    """First look at a file: its columns, detected kind and roles, before anything is chosen.

    Parameters
    ----------
    columns : tuple of str
    rows : int
    form, sheets
        See ``Intake``.
    preview : str
        Id of the stored frame of the first rows, as text.
    kind : {"transactions", "ratings", "customers"} or None
        Detected kind; ``None`` if a required role was not found.
    roles : mapping of role to column name
        Detected roles.
    reasons : mapping of role to Finding
        Why each column would have its role.
    """

    columns: tuple[str, ...]
    rows: int
    form: Mapping[str, str]
    sheets: tuple[str, ...]
    preview: str
    kind: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, Finding] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "columns": list(self.columns),
            "rows": self.rows,
            "form": dict(self.form),
            "sheets": list(self.sheets),
            "preview": self.preview,
            "kind": self.kind,
            "roles": dict(self.roles),
            "reasons": {role: reason.to_json() for role, reason in self.reasons.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Peek:
        """Build the record from the output of ``to_json``."""
        return cls(**{**data, "columns": tuple(data["columns"]), "sheets": tuple(data["sheets"]), "reasons": _reasons(data)})


def _reasons(data: Mapping[str, Any]) -> dict[str, Finding]:
    return {role: Finding.from_json(reason) for role, reason in data["reasons"].items()}


@dataclass(frozen=True, slots=True)
class Intake:
    """Record of data that was read: its rows, roles and stored feature table.

    Parameters
    ----------
    table : str
        Id of the stored FeatureTable with every feature of every customer.
    data : mapping
        ``name``, ``kind``, ``fingerprint``, ``roles``, ``filters``, and where there are, ``taste`` or ``vectors`` and second
        tables: what a sweep records about its data.
    kind : {"transactions", "customers"}
    roles : mapping of role to column name
    reasons : mapping of role to Finding
        Why each column has its role.
    columns : tuple of str
        Every column of the source.
    rows_read, rows_used, filtered_out : int
        ``rows_read == rows_used + rows_set_aside + filtered_out``.
    set_aside : tuple of RowCount
    notes : tuple of Finding
    preview : str
        Id of the stored frame of the first rows, as text.
    n_customers : int
    first_date, last_date : str or None
        ISO, of the rows used.
    total_revenue : float or None
        Net, in the data's currency.
    counts : tuple of RowCount
        Rows used but worth a look.
    aside : str or None
        Id of the stored frame of the rows that were set aside: ``Row``, ``Why``, then the source's columns as text.
    form : mapping of str to str
        How the file was read, in words.
    sheets : tuple of str
        The sheets of a workbook that could be read.
    uses : tuple of ColumnUse
        With one row per customer: what became of each column.
    remembered : str or None
        The earlier file with the same columns whose kind and roles were reused; ``None`` if nothing was
        reused.
    joined : tuple of str
        The columns that come from a table of items.
    """

    table: str
    data: Mapping[str, Any]
    kind: str
    roles: Mapping[str, str]
    columns: tuple[str, ...]
    rows_read: int
    rows_used: int
    set_aside: tuple[RowCount, ...]
    filtered_out: int
    notes: tuple[Finding, ...]
    preview: str
    n_customers: int
    first_date: str | None
    last_date: str | None
    total_revenue: float | None
    reasons: Mapping[str, Finding] = field(default_factory=dict)
    counts: tuple[RowCount, ...] = ()
    aside: str | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    remembered: str | None = None
    joined: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        mappings = {name: dict(values[name]) for name in ("data", "roles", "form")}
        lists = {name: list(values[name]) for name in ("columns", "sheets", "joined")}
        records = {name: [record.to_json() for record in values[name]] for name in ("notes", "set_aside", "counts", "uses")}
        reasons = {role: reason.to_json() for role, reason in self.reasons.items()}
        return {**values, **mappings, **lists, **records, "reasons": reasons}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intake:
        """Build the record from the output of ``to_json``."""
        rows = {name: tuple(RowCount.from_json(count) for count in data[name]) for name in ("set_aside", "counts")}
        records = {
            "notes": tuple(Finding.from_json(note) for note in data["notes"]),
            "reasons": _reasons(data),
            "uses": tuple(ColumnUse.from_json(use) for use in data["uses"]),
        }
        names = {name: tuple(data.get(name, ())) for name in ("columns", "sheets", "joined")}
        return cls(**{**data, **rows, **records, **names})

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Columns of the rows themselves."""
        return tuple(name for name in self.columns if name not in self.joined)

    @property
    def rows_set_aside(self) -> int:
        """Number of rows that were set aside."""
        return sum(count.rows for count in self.set_aside)
