"""Histograms of a feature in a segment and among all customers, over the same bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.spread import histogram_edges


@dataclass(frozen=True, slots=True)
class Histogram:
    """Two histograms over the same bins.

    Parameters
    ----------
    edges : tuple of float, one more than the bins
        Ascending, in the feature's unit. A bin holds its left edge; the last one holds its right edge too.
    population, segment : tuple of float
        Share of all customers, and of the segment's, in each bin; with those outside the range they add up to 1.
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
        """Tell whether some customers lie outside the range that is drawn."""
        return self.population_outside > 0


def histogram_pair(values: np.ndarray, members: np.ndarray, *, bins: int = 30) -> Histogram:
    """Count a feature in the population and in a segment, over shared bins.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        The feature, finite, in its own unit.
    members : ndarray of shape (n_customers,), bool
        The segment.
    bins : int
        Most bins to make: see `histogram_edges`.
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
