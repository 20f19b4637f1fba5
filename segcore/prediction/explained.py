"""Explained customers: what each feature, as an analyst reads it, contributes to a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcore.errors import ParameterError
from segcore.prediction.contributions import Contributions
from segcore.records.feature_table import FeatureEntry, FeatureTable, unique_titles
from segcore.wording.findings import refusal
from segcore.wording.numbers import number_text, unit_text

_WORTH_NAMING = 0.1
"""Least importance of a feature that is named, as a share of that of the most important one."""
_CLEAR = 0.3
"""Least absolute rank correlation of values and contributions that is a direction."""


@dataclass(frozen=True, slots=True)
class ExplainedFeature:
    """A feature as an analyst reads it: a column of numbers, or a column of categories that is several features to a model.

    Parameters
    ----------
    name, title : str
    unit : str
        As in the data dictionary; "" without one.
    kind : {"number", "binary", "category"}
        Values of "binary" are 0 or 1; those of "category" are positions in ``categories``, -1 for none of them.
    categories : tuple of str
    """

    name: str
    title: str
    unit: str = ""
    kind: Literal["number", "binary", "category"] = "number"
    categories: tuple[str, ...] = ()

    def text(self, value: float) -> str:
        """Return a value in words: "340 days", "yes", "north"."""
        if self.kind == "category":
            return self.categories[int(value)] if value >= 0 else "none of them"
        if self.kind == "binary":
            return "yes" if value > 0 else "no"
        return f"{number_text(value, self.unit)}{unit_text(self.unit)}"


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Customers, their features, and what these contribute to the prediction of one model.

    Parameters
    ----------
    customers : ndarray of shape (n_customers,), object
        Ids, as text.
    features : tuple of ExplainedFeature
    values : ndarray of shape (n_customers, n_features), float64
        See `ExplainedFeature.kind`.
    contributions : Contributions
        Of the same shape, in log-odds.
    """

    customers: np.ndarray
    features: tuple[ExplainedFeature, ...]
    values: np.ndarray
    contributions: Contributions

    @property
    def order(self) -> np.ndarray:
        """Positions of the features, the most important first, shape (n_features,), int; those that no tree uses come last."""
        found: np.ndarray = np.argsort(-self.contributions.importance, kind="stable")
        return found

    def leading(self, most: int = 3) -> list[int]:
        """Return the positions of the most important features: those of at least a tenth of the importance of the first."""
        importance = self.contributions.importance
        least = _WORTH_NAMING * float(importance.max(initial=0.0))
        return [at for at in self.order[:most].tolist() if importance[at] > 0 and importance[at] >= least]

    def row_json(self, row: int) -> dict[str, Any]:
        """Return plain values of one customer: base, log-odds, and each feature's value and contribution, the largest first."""
        found, pushed = self.contributions, self.contributions.values[row]
        return {
            "customer_id": str(self.customers[row]),
            "base": float(found.base[row]),
            "log_odds": float(found.log_odds[row]),
            "contributions": [
                {
                    "feature": self.features[at].name,
                    "title": self.features[at].title,
                    "value": self.features[at].text(self.values[row, at])
                    if self.features[at].kind == "category"
                    else float(self.values[row, at]),
                    "contribution": float(pushed[at]),
                }
                for at in np.argsort(-np.abs(pushed), kind="stable").tolist()
            ],
        }

    def direction(self, feature: int) -> float | None:
        """Return how a feature's values and contributions are ordered alike: Spearman's rank correlation, -1 to 1.

        ``None`` for categories, which have no order, and where all values or all contributions are the same.
        """
        from scipy.stats import rankdata

        if self.features[feature].kind == "category":
            return None
        values, pushed = self.values[:, feature], self.contributions.values[:, feature]
        if not np.ptp(values) or not np.ptp(pushed):
            return None
        return float(np.corrcoef(rankdata(values), rankdata(pushed))[0, 1])

    def direction_text(self, feature: int) -> str:
        """Return which values of a feature push the prediction up: "high", "medium", "north" and so on; "" if no tree uses it.

        Values without a clear direction are "medium" or "high or low" where the contributions of the middle third of the customers are
        higher, or lower, on average than those of both other thirds; else "some values".
        """
        known, pushed = self.features[feature], self.contributions.values[:, feature]
        if not np.any(pushed):
            return ""
        if known.kind == "category":
            there = np.unique(self.values[:, feature])
            return known.text(max(there.tolist(), key=lambda value: float(pushed[self.values[:, feature] == value].mean())))
        found = self.direction(feature)
        if found is None or abs(found) < _CLEAR:
            low, middle, high = (float(third.mean()) for third in self._thirds(feature))
            return "medium" if middle > max(low, high) else "high or low" if middle < min(low, high) else "some values"
        if known.kind == "binary":
            return "yes" if found > 0 else "no"
        return "high" if found > 0 else "low"

    def _thirds(self, feature: int) -> list[np.ndarray]:
        """Return the contributions of the customers with low, medium and high values of a feature; all of them where one would be empty."""
        values, pushed = self.values[:, feature], self.contributions.values[:, feature]
        low, high = np.quantile(values, (1 / 3, 2 / 3))
        thirds = [pushed[values < low], pushed[(values >= low) & (values <= high)], pushed[values > high]]
        return [third if len(third) else pushed for third in thirds]


def row_of(customers: np.ndarray, customer: str) -> int:
    """Return the row of a customer.

    Parameters
    ----------
    customers : ndarray of shape (n_customers,), object
        Ids, as text.
    customer : str

    Raises
    ------
    ParameterError
        If the customer is not one of them.
    """
    found = np.flatnonzero(customers == str(customer).strip())
    if not len(found):
        values: dict[str, Any] = {"given": str(customer).strip(), "customers": len(customers), "example": str(customers[0])}
        raise refusal("explained.unknown_customer", kind=ParameterError, **values)
    return int(found[0])


@dataclass(frozen=True, slots=True)
class ColumnGroups:
    """Columns of a table as `ExplainedFeature`: those of one column's categories are one.

    Parameters
    ----------
    features : tuple of ExplainedFeature
    members : tuple of tuple of int
        Columns of the table that each is made of.
    """

    features: tuple[ExplainedFeature, ...]
    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, table: FeatureTable) -> ColumnGroups:
        """Group the columns of a table."""
        entries = {entry.name: entry for entry in table.dictionary}
        return cls.of_entries([entries[name] for name in table.names])

    @classmethod
    def of_entries(cls, entries: Sequence[FeatureEntry]) -> ColumnGroups:
        """Group columns by their lines of the data dictionary, one per column."""
        titles = unique_titles(entries)
        groups: dict[str, list[int]] = {}
        for at, entry in enumerate(entries):
            groups.setdefault(f"block {entry.block}" if entry.block else f"column {entry.name}", []).append(at)
        members = tuple(map(tuple, groups.values()))
        return cls(tuple(_feature([entries[at] for at in group], titles) for group in members), members)

    def values(self, X: np.ndarray) -> np.ndarray:
        """Return the values of customers, shape (n_customers, n_groups), float64, from those of the columns."""
        made = np.empty((len(X), len(self.members)))
        for at, (feature, group) in enumerate(zip(self.features, self.members, strict=True)):
            columns = X[:, list(group)]
            # argmax is the first column with a 1, and 0 also where there is none
            made[:, at] = np.where(columns.any(axis=1), columns.argmax(axis=1), -1) if feature.kind == "category" else columns[:, 0]
        return made

    def add_up(self, found: Contributions) -> Contributions:
        """Return the contributions of groups, each the sum of its columns'; the log-odds stay the same."""
        made = np.column_stack([found.values[:, list(group)].sum(axis=1) for group in self.members])
        return Contributions(made, found.base)


def _feature(entries: Sequence[FeatureEntry], titles: dict[str, str]) -> ExplainedFeature:
    first = entries[0]
    if len(entries) > 1:
        start = f"{first.block}: "
        categories = tuple((entry.title or entry.name).removeprefix(start) for entry in entries)
        return ExplainedFeature(first.block, first.block, kind="category", categories=categories)
    kind: Literal["number", "binary"] = "number" if first.kind == "number" else "binary"
    return ExplainedFeature(first.name, titles[first.name], first.unit, kind)
