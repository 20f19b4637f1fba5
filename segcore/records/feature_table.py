"""Table of features, one row per customer, with its data dictionary."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np

from segcore.errors import DataError, ParameterError
from segcore.records.finding import Finding
from segcore.records.purchases import Purchases

FeatureKind = Literal["number", "binary", "dummy"]


@dataclass(frozen=True, slots=True)
class FeatureEntry:
    """One line of the data dictionary.

    Parameters
    ----------
    name, title : str
        The column's name, and what a screen calls it: the name or value with control and invisible characters escaped.
    unit : str
        Such as "days", "lines", "share of lines"; "" without a unit.
    description : str
        What it is and how it was made, in words.
    columns : tuple of str
        The source's columns that it is made from.
    dropped : Finding or None
        Why it is not a feature; ``None`` for features.
    block : str
        The column that this is a dummy of; dummies of one column are scaled together. "" for other features.
    kind : {"number", "binary", "dummy"}
        Binary features and dummies are 0 or 1.
    """

    name: str
    title: str
    unit: str
    description: str
    columns: tuple[str, ...] = ()
    dropped: Finding | None = None
    block: str = ""
    kind: FeatureKind = "number"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {**values, "columns": list(self.columns), "dropped": None if self.dropped is None else self.dropped.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FeatureEntry:
        """Build the record from the output of ``to_json``, also from stores in which ``dropped`` was text."""
        dropped = None if data["dropped"] is None else reason_from_json(data["dropped"])
        return cls(**{**data, "columns": tuple(data["columns"]), "dropped": dropped})


def reason_from_json(data: Mapping[str, Any] | str) -> Finding:
    """Build a reason from plain values; a text, as stores written before version 0.4 hold it, has the code ``"text"``."""
    return Finding("text", values={"text": data}) if isinstance(data, str) else Finding.from_json(data)


def unique_titles(entries: Iterable[FeatureEntry]) -> dict[str, str]:
    """Return the title of each feature by its name; features with the same title get their names added."""
    titles = {entry.name: entry.title or entry.name for entry in entries if entry.dropped is None}
    counts = Counter(titles.values())
    return {name: title if counts[title] == 1 else f"{title} ({name})" for name, title in titles.items()}


Use = Literal["id", "number", "binary", "category", "profile", "dropped"]


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """Use of one column of a customer table, with the reason.

    Parameters
    ----------
    column : str
    use : {"id", "number", "binary", "category", "profile", "dropped"}
    reason : Finding
        Its sentence is a clause: "it holds email addresses", "3 different texts".
    outcome : bool
        Whether it looks like an outcome (churn, default, deposit), which is profiled rather than clustered on.
    codes : bool
        Whether its numbers look like codes, so that ``category`` is suggested.
    filled : Finding or None
        What its missing values count as, if it is a number or has two values and some are missing.
    """

    column: str
    use: Use
    reason: Finding
    outcome: bool = False
    codes: bool = False
    filled: Finding | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {**values, "reason": self.reason.to_json(), "filled": None if self.filled is None else self.filled.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ColumnUse:
        """Build the record from the output of ``to_json``, also from stores in which ``reason`` was text."""
        filled = data.get("filled")
        return cls(**{**data, "reason": reason_from_json(data["reason"]), "filled": None if filled is None else Finding.from_json(filled)})


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Customers and their features, one row per customer (or copy of a customer).

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
        Net revenue, in the data's currency, or the values of a customer table's column with the role value; ``None`` where the data
        has neither. Copies carry their customer's.
    worth : str
        What ``revenue`` is, in words: "revenue", or the name of the column.
    profile : mapping of column name to ndarray of shape (n_customers,)
        Columns that are kept for comparison but not clustered on.
    reference_date : str or None
        ISO date and time up to which days are counted.
    fitted : mapping
        Everything that was fitted to these customers to make the features from the source's columns: fill values, chosen categories,
        cut-points. Plain JSON values in the builder's own form, from which it builds the same features for new customers.
    uses : tuple of ColumnUse
        For customer tables: how each column of the source is used.
    filled : mapping of feature to ndarray of shape (n_customers,), bool
        For which customers a feature's value is not the source's, because that is missing; of the features with such customers.
    sums : mapping of str to ndarray of shape (n_customers,), float64
        What is added up for segments and no feature is: ``units``, and the ``unit_revenue`` paid for them; ``spend`` (positive
        amounts), and the ``reduced_spend`` on lines with a discount.
    purchases : mapping of str to Purchases
        Of a table that was just built from transactions: of every ``item`` and ``category``, where there are such columns. The store
        keeps them beside the table, and gives them back only when asked: see ``Store.purchases``.
    described : tuple of str
        Profile columns from second tables and from order lines, in which a missing value only means that nothing is known of the customer.
    """

    values: np.ndarray
    names: tuple[str, ...]
    customers: np.ndarray
    copies: np.ndarray
    dictionary: tuple[FeatureEntry, ...]
    revenue: np.ndarray | None = None
    worth: str = "revenue"
    profile: Mapping[str, np.ndarray] = field(default_factory=dict)
    reference_date: str | None = None
    fitted: Mapping[str, Any] = field(default_factory=dict)
    uses: tuple[ColumnUse, ...] = ()
    filled: Mapping[str, np.ndarray] = field(default_factory=dict)
    sums: Mapping[str, np.ndarray] = field(default_factory=dict)
    purchases: Mapping[str, Purchases] = field(default_factory=dict)
    described: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def column(self, name: str) -> np.ndarray:
        """Return one feature, shape (n_customers,)."""
        return self.values[:, self.names.index(name)]

    @property
    def learned_names(self) -> frozenset[str]:
        """Names of the features that are made from all that customers bought or rated: components, the items themselves, or vectors.

        How far they spread compared with each other says how much they matter, so they are scaled together and not transformed.
        """
        made = (name for kind in ("taste", "vectors") for name in self.fitted.get(kind, {}).get("features", ()))
        return frozenset(made).intersection(self.names)

    @property
    def dimensions(self) -> frozenset[str]:
        """Names of the features that are dimensions of vectors, which say nothing one by one."""
        return frozenset(self.fitted.get("vectors", {}).get("features", ())).intersection(self.names)

    def take(self, rows: np.ndarray) -> FeatureTable:
        """Return the table of some rows, a boolean mask or indices; without purchases."""
        return replace(
            self,
            values=self.values[rows],
            customers=self.customers[rows],
            copies=self.copies[rows],
            revenue=None if self.revenue is None else self.revenue[rows],
            profile={name: column[rows] for name, column in self.profile.items()},
            filled={name: blank[rows] for name, blank in self.filled.items()},
            sums={name: values[rows] for name, values in self.sums.items()},
            purchases={},
        )

    def select(self, names: Sequence[str]) -> FeatureTable:
        """Return the table of some features, in the order given; the name of a column selects all its dummies.

        Raises
        ------
        ParameterError
            If a name is unknown or given twice, or no name is given.
        DataError
            If a name is a column that could not become a feature; with the reason.
        """
        if not names:
            raise ParameterError("Choose at least one feature.")
        names = self.expand(names)
        dropped = self.dropped()
        for name in names:
            if name not in self.names and name in dropped:
                raise _unavailable(name, dropped[name])
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
            filled={name: blank for name, blank in self.filled.items() if name in names},
        )

    def dropped(self) -> dict[str, Finding]:
        """Return why each dropped entry of the dictionary is not a feature, by its name."""
        return {entry.name: entry.dropped for entry in self.dictionary if entry.dropped is not None}

    def expand(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return names, with each column replaced by its dummies."""
        blocks: dict[str, list[str]] = {}
        for entry in self.dictionary:
            if entry.kind != "number" and entry.dropped is None:
                for column in entry.columns:
                    blocks.setdefault(column, []).append(entry.name)
        return tuple(found for name in names for found in ((name,) if name in self.names else blocks.get(name, (name,))))

    def _columns(self, names: Sequence[str]) -> np.ndarray:
        return np.ascontiguousarray(self.values[:, [self.names.index(name) for name in names]])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of names, ids, copies, values and reference date."""
        content = hashlib.sha256("\x1f".join((*self.names, "\x1e", *map(str, self.customers), "\x1e", str(self.reference_date))).encode())
        for array in (np.ascontiguousarray(self.copies, dtype=np.int32), np.ascontiguousarray(self.values, dtype=np.float64)):
            content.update(array.reshape(-1).view(np.uint8).data)
        return content.hexdigest()


def _unavailable(name: str, reason: Finding) -> DataError:
    error = DataError(f"{name} is not available as a feature.")
    error.finding = Finding("feature.unavailable", "error", {"feature": name, "reason": reason.to_json()})
    return error
