"""What is clustered: a data set with the roles of its columns, and the table of features made from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from segcore.errors import DataError, ParameterError

Kind = Literal["transactions", "customers"]
KINDS: tuple[Kind, ...] = ("transactions", "customers")
ROW_NUMBER = "row number"  # the column of text ids that stands in for a customer role, with one row a customer
ROLES = ("customer", "order", "time", "item", "quantity", "price", "amount")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was noticed in the data: ``level`` is how loud to say it, ``text`` one plain sentence."""

    level: Literal["info", "warning"]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows and what their columns mean.

    Parameters
    ----------
    frame : a native frame (pandas, Polars or Modin)
        Rows that can be used: no null in a column with a role. The role columns have canonical types
        (customer, order, item: text; time: datetime64; quantity, price, amount: float64) and keep their own names.
    kind : {"transactions", "customers"}
    roles : mapping of role to column name
    name : str
        What people call it: the sample's or the file's name.
    fingerprint : str
        SHA-256 of the canonical content, roles and kind included, filters applied.
    rows_read : int
        Rows in the source, before anything was set aside or filtered.
    set_aside : mapping of reason to number of rows
        ``rows_read == rows kept + sum(set_aside.values()) + rows filtered out``.
    filtered_out : int
        Rows the analyst's filters removed.
    filters : tuple of str
        The filters, as asked.
    notes : tuple of Note
    """

    frame: Any
    kind: Kind
    roles: Mapping[str, str]
    name: str
    fingerprint: str
    rows_read: int
    set_aside: Mapping[str, int] = field(default_factory=dict)
    filtered_out: int = 0
    filters: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureEntry:
    """One line of the data dictionary.

    Parameters
    ----------
    name, title : str
        The column's name, and what a screen calls it.
    unit : str
        Such as "days", "lines", "share of lines"; "" where there is none.
    description : str
        What it is and how it was made, in words.
    columns : tuple of str
        The columns it was made from.
    dropped : str or None
        Why the column is not a feature; ``None`` for features.
    """

    name: str
    title: str
    unit: str
    description: str
    columns: tuple[str, ...] = ()
    dropped: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Customers and their features, one row a customer (or a copy of one).

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        No nulls, no infinities.
    names : tuple of str
    customers : ndarray of shape (n_customers,), object
        Ids, as text; ascending.
    copies : ndarray of shape (n_customers,), int32
        0 for the customer, 1, 2... for jittered copies of it.
    dictionary : tuple of FeatureEntry
        One for each feature, and one for each dropped column.
    revenue : ndarray of shape (n_customers,), float64, or None
        Net revenue, in the data's currency; ``None`` where the data has none. Copies carry their customer's.
    profile : mapping of column name to ndarray of shape (n_customers,)
        Columns that are carried along but not clustered on.
    reference_date : str or None
        ISO date and time to which recency and the like are counted.
    """

    values: np.ndarray
    names: tuple[str, ...]
    customers: np.ndarray
    copies: np.ndarray
    dictionary: tuple[FeatureEntry, ...]
    revenue: np.ndarray | None = None
    profile: Mapping[str, np.ndarray] = field(default_factory=dict)
    reference_date: str | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def column(self, name: str) -> np.ndarray:
        """Return one feature, shape (n_customers,)."""
        return self.values[:, self.names.index(name)]

    def take(self, rows: np.ndarray) -> FeatureTable:
        """Return the table of some rows: a boolean mask or indices."""
        return replace(
            self,
            values=self.values[rows],
            customers=self.customers[rows],
            copies=self.copies[rows],
            revenue=None if self.revenue is None else self.revenue[rows],
            profile={name: column[rows] for name, column in self.profile.items()},
        )

    def select(self, names: Sequence[str]) -> FeatureTable:
        """Return the table of some features, in the order given.

        Raises
        ------
        ParameterError
            Where a name is unknown or given twice, or none is given.
        DataError
            Where a name is a column that could not become a feature, with the reason.
        """
        if not names:
            raise ParameterError("Choose at least one feature.")
        dropped = {entry.name: entry.dropped for entry in self.dictionary if entry.dropped}
        for name in names:
            if name not in self.names and name in dropped:
                raise DataError(f"{name} is not available as a feature: {dropped[name]}.")
            if name not in self.names:
                raise ParameterError.unknown("feature", name, self.names)
        if len(set(names)) < len(names):
            raise ParameterError(f"A feature is named twice in {', '.join(names)}.")
        entries = {entry.name: entry for entry in self.dictionary}
        return replace(
            self,
            values=self.values if tuple(names) == self.names else self._columns(names),
            names=tuple(names),
            dictionary=tuple(entries[name] for name in names),
        )

    def _columns(self, names: Sequence[str]) -> np.ndarray:
        return np.ascontiguousarray(self.values[:, [self.names.index(name) for name in names]])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of names, ids, copies, values and reference date."""
        content = hashlib.sha256("\x1f".join((*self.names, "\x1e", *map(str, self.customers), "\x1e", str(self.reference_date))).encode())
        for array in (np.ascontiguousarray(self.copies, dtype=np.int32), np.ascontiguousarray(self.values, dtype=np.float64)):
            content.update(array.reshape(-1).view(np.uint8).data)
        return content.hexdigest()
