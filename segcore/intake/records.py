"""What is asked of the data, and what was taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from segcore.dataset import Note


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What is asked of the data.

    Parameters
    ----------
    data : str
        A sample's name or a path.
    kind : {"transactions", "customers"} or None
        ``None`` guesses.
    roles : mapping of role to column name
        What is known; the rest is guessed. An empty name says that no column has the role.
    where : tuple of str
        SQL conditions on rows.
    date_from, date_to : str or None
        ISO dates, both included.
    frames : {"pandas", "polars", "modin"}
    name : str or None
        What people call the data, where that is not the sample's title or the file's name.
    """

    data: str
    kind: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None
    frames: str = "pandas"
    name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "roles": dict(self.roles), "where": list(self.where)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataRequest:
        """Build the request from what ``to_json`` returned; what is left out has its default."""
        known = {key: value for key, value in data.items() if value is not None}
        return cls(**{**known, "roles": dict(known.get("roles", {})), "where": tuple(known.get("where", ()))})


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken in.

    Parameters
    ----------
    table : str
        Id of the stored FeatureTable with every feature of every customer.
    data : mapping
        ``name``, ``kind``, ``fingerprint``, ``roles``, ``filters``: what a sweep remembers of it.
    kind : {"transactions", "customers"}
    roles, reasons : mapping of role to str
        The column of each role, and why it was taken for it.
    columns : tuple of str
        Every column of the source.
    rows_read, rows_used, filtered_out : int
        ``rows_read == rows_used + sum(set_aside.values()) + filtered_out``.
    set_aside : mapping of reason to number of rows
    notes : tuple of Note
    preview : str
        Id of the stored frame of the first rows, as text.
    n_customers : int
    first_date, last_date : str or None
        ISO, of the rows used.
    total_revenue : float or None
        Net, in the data's currency.
    """

    table: str
    data: Mapping[str, Any]
    kind: str
    roles: Mapping[str, str]
    columns: tuple[str, ...]
    rows_read: int
    rows_used: int
    set_aside: Mapping[str, int]
    filtered_out: int
    notes: tuple[Note, ...]
    preview: str
    n_customers: int
    first_date: str | None
    last_date: str | None
    total_revenue: float | None
    reasons: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        mappings = {name: dict(values[name]) for name in ("data", "roles", "set_aside", "reasons")}
        return {**values, **mappings, "columns": list(self.columns), "notes": [asdict(note) for note in self.notes]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intake:
        """Build the record from what ``to_json`` returned."""
        return cls(**{**data, "columns": tuple(data["columns"]), "notes": tuple(Note(**note) for note in data["notes"])})
