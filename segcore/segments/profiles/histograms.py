"""Histograms of a feature in a segment and among all customers, over the same bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.spread import histogram_edges


@dataclass(frozen=True, slots=True)
class Histogram:
    """Histograms of a segment and of all customers over the same bins.

    Parameters
    ----------
    edges : tuple of float, one more than the bins
        Ascending, in the feature's unit. A bin includes its left edge; the last one also its right edge.
    population, segment : tuple of float
        Shares of all customers, and of the segment's customers, in each bin; with those outside, they add up to 1.
    population_outside, segment_outside : int
        Customers below the first or above the last edge.
    """

    edges: tuple[float, ...]
    population: tuple[float, ...]
    segment: tuple[float, ...]
    population_outside: int
    segment_outside: int

    @property
    def is_clipped(self) -> bool:
        """Tell whether some customers are outside the range shown."""
        return self.population_outside > 0


def histogram_pair(values: np.ndarray, members: np.ndarray, *, bins: int = 30) -> Histogram:
    """Count a feature's values in a segment and among all customers, over the same bins.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        The feature, finite, in its unit.
    members : ndarray of shape (n_customers,), bool
        The segment.
    bins : int
        Largest number of bins: see `histogram_edges`.
    """
    edges = histogram_edges(values, bins)
    outside = (values < edges[0]) | (values > edges[-1])
    return Histogram(
        edges=tuple(float(edge) for edge in edges),
        population=_shares(values, edges),
        segment=_shares(values[members], edges),
        population_outside=int(outside.sum()),
        segment_outside=int((outside & members).sum()),
    )


def _shares(values: np.ndarray, edges: np.ndarray) -> tuple[float, ...]:
    counts, _ = np.histogram(values, bins=edges)
    return tuple(float(count) for count in counts / max(len(values), 1))
