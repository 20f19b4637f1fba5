"""What the features look like before anything is clustered: how each is spread, and which say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NEAR_DUPLICATE = 0.95
"""Correlation, in size, from which two features count the same thing twice."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How one feature is spread over the customers.

    Parameters
    ----------
    name : str
    low, quarter, median, three_quarters, high, mean : float
        Minimum, quartiles, maximum and mean, in the feature's unit.
    zeros : float
        Share of the customers for whom it is exactly 0.
    edges : tuple of float, one more than ``counts``
        Ascending, between the 1st and 99th percentile where these differ, so that a few extreme customers do not hide the rest.
    counts : tuple of int
        Customers in each bin; a bin holds its left edge, the last one its right edge too.
    outside : int
        Customers below the first or above the last edge.
    """

    name: str
    low: float
    quarter: float
    median: float
    three_quarters: float
    high: float
    mean: float
    zeros: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    outside: int

    @property
    def is_constant(self) -> bool:
        """Tell whether all customers have the same value, so that the feature tells none from another."""
        return self.low == self.high


def spread(name: str, values: np.ndarray, *, bins: int = 24) -> Spread:
    """Describe a feature.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        Finite, at least one.
    bins : int
        Most bins to make; whole numbers over a small range get a bin each.
    """
    low, quarter, median, three_quarters, high = (float(found) for found in np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
    first, last = (float(found) for found in np.quantile(values, [0.01, 0.99]))
    if first == last:
        first, last = low, high
    if first < last and last - first < bins and np.array_equal(values, np.rint(values)):
        edges = np.arange(first, last + 2) - 0.5
    else:
        edges = np.linspace(first, last, bins + 1) if first < last else np.array([first - 0.5, first + 0.5])
    counts = np.histogram(values, bins=edges)[0]
    return Spread(
        name=name,
        low=low,
        quarter=quarter,
        median=median,
        three_quarters=three_quarters,
        high=high,
        mean=float(values.mean()),
        zeros=float(np.mean(values == 0)),
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        outside=int(len(values) - counts.sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Correlations:
    """Pearson's correlation of each pair of features.

    Parameters
    ----------
    names : tuple of str
        The features that vary.
    r : ndarray of shape (n, n), float64
        In [-1, 1].
    constant : tuple of str
        Features that do not vary, and so have no correlation.
    """

    names: tuple[str, ...]
    r: np.ndarray
    constant: tuple[str, ...]

    def near_duplicates(self, threshold: float = NEAR_DUPLICATE) -> tuple[tuple[str, str, float], ...]:
        """Return the pairs whose correlation is at least ``threshold`` in size, the strongest first."""
        rows, columns = np.triu_indices(len(self.names), k=1)
        found = [
            (self.names[row], self.names[column], float(self.r[row, column]))
            for row, column in zip(rows, columns, strict=True)
            if abs(self.r[row, column]) >= threshold
        ]
        return tuple(sorted(found, key=lambda pair: -abs(pair[2])))


def correlations(names: Sequence[str], values: np.ndarray) -> Correlations:
    """Correlate features with each other.

    Parameters
    ----------
    names : sequence of str
    values : ndarray of shape (n_customers, n_features), float64
    """
    varies = np.ptp(values, axis=0) > 0 if len(values) else np.zeros(len(names), dtype=bool)
    kept = [name for name, moves in zip(names, varies, strict=True) if moves]
    constant = tuple(name for name, moves in zip(names, varies, strict=True) if not moves)
    if not kept:
        return Correlations((), np.empty((0, 0)), constant)
    r = np.atleast_2d(np.corrcoef(values[:, varies], rowvar=False))
    return Correlations(tuple(kept), np.clip(r, -1.0, 1.0), constant)
