"""Distribution of each feature over the customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_CENTRAL = (0.01, 0.99)


@dataclass(frozen=True, slots=True)
class Spread:
    """Distribution of one feature over the customers.

    Parameters
    ----------
    name : str
    low, quarter, median, three_quarters, high, mean : float
        Minimum, quartiles, maximum and mean, in the feature's unit.
    zeros : float
        Share of the customers for whom the feature is exactly 0.
    edges : tuple of float, one more than ``counts``
        See `histogram_edges`.
    counts : tuple of int
        Customers in each bin; a bin holds its left edge, the last one its right edge too.
    outside : int
        Customers below the first or above the last edge.
    skewness : float
        See `skewness`.
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
    skewness: float

    @property
    def is_constant(self) -> bool:
        """Tell whether all customers have the same value, so that the feature distinguishes nobody."""
        return self.low == self.high


def spread(name: str, values: np.ndarray, *, bins: int = 24) -> Spread:
    """Describe a feature.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        Finite, at least one.
    bins : int
        Largest number of bins: see `histogram_edges`.
    """
    low, quarter, median, three_quarters, high = (float(found) for found in np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
    edges = histogram_edges(values, bins)
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
        skewness=skewness(values),
    )


def histogram_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Return the edges of a histogram's bins, ascending.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        Finite, at least one.
    bins : int
        Largest number of bins.

    Notes
    -----
    The bins span the 1st to the 99th percentile, so that a handful of extreme customers does not squeeze everyone else into one
    bar; if these are equal, the bins span the whole range. For whole numbers, each bin spans the same number of them.
    """
    low, high = (float(quantile) for quantile in np.quantile(values, _CENTRAL))
    if low == high:
        low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    if np.array_equal(values, np.rint(values)):
        low, high = np.floor(low), np.ceil(high)
        width = max(1, int(np.ceil((high - low + 1) / bins)))
        count = int(np.ceil((high - low + 1) / width))
        return np.asarray(low - 0.5 + float(width) * np.arange(count + 1))  # the width may not fit into an integer of NumPy
    return np.linspace(low, high, bins + 1)


def skewness(values: np.ndarray) -> float:
    """Return the third standardised moment (dividing by n): 0 if symmetric or constant, above 0 for a long tail to the right.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        Finite, at least one.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return 0.0
    # In units of the largest value, then of the largest distance, so that no sum or cube overflows or vanishes.
    apart = values / max(-low, high)
    apart -= apart.mean()
    apart /= np.abs(apart).max()
    square = float(np.mean(apart * apart))
    return float(np.mean(apart * apart * apart)) / square**1.5


@dataclass(frozen=True, slots=True)
class Shares:
    """Number of customers with each value of a category.

    Parameters
    ----------
    values : tuple of str
    counts : tuple of int
        Customers, in the order of ``values``.
    n_customers : int
        Number of all customers; more than the sum if some have none of the values.
    """

    values: tuple[str, ...]
    counts: tuple[int, ...]
    n_customers: int


def value_shares(values: Sequence[str], dummies: np.ndarray, rest: str) -> Shares:
    """Count the customers with each value of a category, the most frequent first.

    Parameters
    ----------
    values : sequence of str
        The value of each dummy.
    dummies : ndarray of shape (n_customers, n_values), float64
        0 or 1.
    rest : str
        Label for customers whose dummies are all 0, if any.
    """
    counts = [int(count) for count in dummies.sum(axis=0)]
    left = len(dummies) - int((dummies != 0).any(axis=1).sum())
    found = [*zip(values, counts, strict=True), *([(rest, left)] if left else [])]
    found.sort(key=lambda pair: -pair[1])
    return Shares(tuple(value for value, _ in found), tuple(count for _, count in found), len(dummies))
