"""Kernel densities of a feature in a segment and among all customers, where a density is defensible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.spread import histogram_edges
from segcore.segments.profiles.histograms import BINS, Histogram, LeftOut, count_left_out, histogram_pair, present

FEWEST_POINTS, MOST_POINTS = 200, 800
FEWEST_VALUES = 30
"""A density needs more different values than this, the number of bins in a histogram: with fewer, bars show each value exactly."""

LARGEST_HEAP = 0.1
"""Largest share of the customers with one and the same value: a curve would spread a larger peak over values that nobody has."""

_CELLS = 8192
_REACH = 5.0  # bandwidths beyond which a customer adds less than a millionth to a curve


@dataclass(frozen=True, slots=True)
class Density:
    """Kernel densities of a segment and of all customers at the same points.

    Parameters
    ----------
    at : tuple of float
        Ascending, in the feature's unit, equally far apart.
    population, segment : tuple of float, as many as ``at``
        Share of all customers, and of the segment's customers, per unit of the feature; each curve encloses the share that is in the range
        shown.
    left_out : LeftOut
        Customers that the curves do not show.
    """

    at: tuple[float, ...]
    population: tuple[float, ...]
    segment: tuple[float, ...]
    left_out: LeftOut


def distribution_pair(values: np.ndarray, members: np.ndarray) -> Density | Histogram:
    """Describe the distribution of a feature in a segment and among all customers: as densities if defensible, else as histograms.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        The feature in its unit; NaN where a customer has no value, but not for all.
    members : ndarray of shape (n_customers,), bool
        The segment.
    """
    return density_pair(values, members) or histogram_pair(values, members)


def density_pair(values: np.ndarray, members: np.ndarray) -> Density | None:
    """Estimate a feature's density in a segment and among all customers over the range that a histogram shows.

    Returns ``None`` if a density is not defensible, in the segment or among all customers: if there are at most 30 different values; if
    more than a tenth of the customers have the same value; or if the bandwidth is narrower than half the distance of neighbouring values,
    such as whole numbers, or than a 1,600th of the range, which no screen can show.

    Parameters
    ----------
    values, members : ndarray of shape (n_customers,)
        As for `distribution_pair`.

    Notes
    -----
    Each curve has its own bandwidth, by Silverman's rule. Both are reflected at the lowest and the highest value of all customers (for
    whole numbers, half a step beyond), so that no customer is spread over values that nobody has.
    """
    known, inside = present(values, members)
    groups = [np.sort(known), np.sort(known[inside])]
    edges, (least, most) = histogram_edges(known, BINS), groups[0][[0, -1]].tolist()
    first, last = max(edges[0], least), min(edges[-1], most)
    margin = 0.5 if np.array_equal(known, np.rint(known)) else 0.0
    bandwidths = [_defensible_bandwidth(ordered) for ordered in groups]
    narrowest = min(bandwidths)
    # With a bandwidth of half a step or more, straight lines from point to point keep the area within one percent.
    if narrowest < (last - first) / (2 * MOST_POINTS) or narrowest == 0:
        return None
    at = np.linspace(first, last, int(np.clip((last - first) / narrowest, FEWEST_POINTS, MOST_POINTS)))
    population, segment = (
        tuple(kernel_density(ordered, at, bandwidth=bandwidth, low=least - margin, high=most + margin).tolist())
        for ordered, bandwidth in zip(groups, bandwidths, strict=True)
    )
    return Density(tuple(at.tolist()), population, segment, count_left_out(values, members, at[0], at[-1]))


def silverman_bandwidth(ordered: np.ndarray) -> float:
    """Return Silverman's bandwidth ``0.9 min(std, IQR / 1.34) n**(-1/5)``; 0 where the middle half of the values are equal.

    Parameters
    ----------
    ordered : ndarray of shape (n_customers,), float64
        Finite, ascending, at least two; the standard deviation has ddof 1, and quartiles are interpolated.

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis, equation 3.31.
    """
    return float(0.9 * min(ordered.std(ddof=1), _middle_half(ordered) / 1.34) * len(ordered) ** -0.2)


def _middle_half(ordered: np.ndarray) -> float:
    return _quantile(ordered, 0.75) - _quantile(ordered, 0.25)


def _quantile(ordered: np.ndarray, share: float) -> float:
    # np.quantile does not use the order of the values, and would take longer than everything else here.
    place = share * (len(ordered) - 1)
    below = int(place)
    left, right = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return float(left + (place - below) * (right - left))


def kernel_density(ordered: np.ndarray, at: np.ndarray, *, bandwidth: float, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    """Estimate a density with a Gaussian kernel, reflected at both ends of the range that the values can have.

    Parameters
    ----------
    ordered : ndarray of shape (n_customers,), float64
        Finite, ascending, within ``low`` and ``high``.
    at : ndarray of shape (n_points,), float64
        Ascending; within ``low`` and ``high``.
    bandwidth : float
        Standard deviation of the kernel, above 0, and at least a 1,600th of the range of ``at``.
    low, high : float
        Where the curve is reflected; by default, it is not reflected.

    Returns
    -------
    ndarray of shape (n_points,), float64
        Share of the customers per unit; it integrates to 1 over ``low`` to ``high``.

    Notes
    -----
    Customers are counted in 8,192 cells, of at most a fifth of the bandwidth, and the counts are smoothed by a Fourier transform
    (Silverman 1982, Applied Statistics 31): about a millisecond. Cells mirrored at both ends make the smoothing reflect.
    """
    first, last = max(low, at[0] - _REACH * bandwidth), min(high, at[-1] + _REACH * bandwidth)
    width = (last - first) / _CELLS
    cells = np.linspace(first, last, _CELLS + 1)
    counts = np.diff(np.searchsorted(ordered, cells[:-1]), append=np.searchsorted(ordered, last, side="right"))
    waves = np.fft.rfft(np.concatenate([counts, counts[::-1]]))
    waves *= np.exp(-2 * (np.pi * bandwidth * np.fft.rfftfreq(2 * _CELLS, width)) ** 2)
    smooth = np.maximum(np.fft.irfft(waves, 2 * _CELLS)[:_CELLS], 0.0)
    return np.asarray(np.interp(at, cells[:-1] + width / 2, smooth / (len(ordered) * width)))


def _defensible_bandwidth(ordered: np.ndarray) -> float:
    """Return the bandwidth for values in ascending order, or 0 where a density is not defensible."""
    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    heap = np.diff(starts, append=len(ordered)).max()
    if len(starts) <= FEWEST_VALUES or heap > LARGEST_HEAP * len(ordered):
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        bandwidth = silverman_bandwidth(ordered)
        apart = _middle_half(ordered) / np.diff(np.searchsorted(starts, [len(ordered) // 4, 3 * len(ordered) // 4]))[0]
    return bandwidth if np.isfinite(bandwidth) and bandwidth >= apart / 2 else 0.0
