"""Histograms of a feature in a segment and among all customers, over the same bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.spread import histogram_edges

BINS = 30


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Customers that a figure of a feature does not show.

    Parameters
    ----------
    outside, segment_outside : int
        All customers, and those of the segment, below or above the range shown.
    missing, segment_missing : int
        Customers without a value.
    """

    outside: int
    segment_outside: int
    missing: int
    segment_missing: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Histograms of a segment and of all customers over the same bins.

    Parameters
    ----------
    edges : tuple of float, one more than the bins
        Ascending, in the feature's unit. A bin includes its left edge; the last one also its right edge.
    population, segment : tuple of float
        Shares of all customers, and of the segment's customers, in each bin, among those with a value. Together with the shares outside,
        they add up to 1.
    left_out : LeftOut
        Customers that the bins do not show.
    """

    edges: tuple[float, ...]
    population: tuple[float, ...]
    segment: tuple[float, ...]
    left_out: LeftOut


def histogram_pair(values: np.ndarray, members: np.ndarray, *, bins: int = BINS) -> Histogram:
    """Count a feature's values in a segment and among all customers, over the same bins.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        The feature, in its unit; NaN where a customer has no value, but not for all.
    members : ndarray of shape (n_customers,), bool
        The segment.
    bins : int
        Largest number of bins: see `histogram_edges`.
    """
    known, inside = present(values, members)
    edges = histogram_edges(known, bins)
    return Histogram(
        edges=tuple(float(edge) for edge in edges),
        population=_shares(known, edges),
        segment=_shares(known[inside], edges),
        left_out=count_left_out(values, members, edges[0], edges[-1]),
    )


def present(values: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that are not missing, and which of them belong to the segment."""
    there = ~np.isnan(values)
    return (values, members) if there.all() else (values[there], members[there])


def count_left_out(values: np.ndarray, members: np.ndarray, low: float, high: float) -> LeftOut:
    """Count the customers without a value, and those below ``low`` or above ``high``."""
    missing = np.isnan(values)
    outside = (values < low) | (values > high)
    return LeftOut(int(outside.sum()), int((outside & members).sum()), int(missing.sum()), int((missing & members).sum()))


def _shares(values: np.ndarray, edges: np.ndarray) -> tuple[float, ...]:
    counts, _ = np.histogram(values, bins=edges)
    return tuple(float(count) for count in counts / max(len(values), 1))
