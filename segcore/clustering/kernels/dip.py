"""Hartigan's dip: how far a sample's distribution is from the nearest one with a single peak."""

from __future__ import annotations

import numpy as np
from numba import njit

_compiled = njit(nogil=True, cache=True, error_model="numpy")


def dip(values: np.ndarray) -> float:
    """Return the dip of a sample.

    Parameters
    ----------
    values : ndarray of shape (n_values,), float64
        In ascending order, all finite and no two equal; at least two.

    Returns
    -------
    float
        Largest difference between the empirical distribution function and that unimodal one for which it is smallest: in
        [1 / (2 n_values), 0.25].

    Notes
    -----
    A round takes the greatest convex minorant of the distribution function below its steps and the least concave majorant above them,
    both on an interval that contains the mode, and continues with the interval between the knots around their largest distance. It ends
    when that distance is no larger than what has been missed outside the interval. A round costs O(n), and there are few.

    References
    ----------
    Hartigan and Hartigan (1985), "The Dip Test of Unimodality", Annals of Statistics 13.
    """
    below = np.arange(len(values), dtype=np.float64)
    return float(_missed(np.ascontiguousarray(values, dtype=np.float64), below, below + 1)) / (2 * len(values))


def compile_kernels() -> None:
    """Compile for the types that are used."""
    dip(np.array([0.0, 1.0, 3.0]))


@_compiled
def _missed(values: np.ndarray, below: np.ndarray, upto: np.ndarray) -> float:
    """Return twice the dip in units of one row.

    ``below`` and ``upto`` have the number of rows below each value and up to it; all of shape (n_values,), float64.
    """
    first, last = 0, len(values) - 1
    missed = 1.0
    convex, concave = np.empty(len(values), dtype=np.int64), np.empty(len(values), dtype=np.int64)
    minorant, majorant = np.empty(len(values)), np.empty(len(values))
    while True:
        n_convex = _hull(values, below, first, last, 1.0, convex, minorant)
        n_concave = _hull(values, upto, first, last, -1.0, concave, majorant)
        low, high, distance = first, last, -1.0
        at = 0
        for i in range(n_convex):
            knot = convex[i]
            while at < n_concave - 1 and concave[at] < knot:
                at += 1
            if majorant[knot] - minorant[knot] > distance:
                distance, low, high = majorant[knot] - minorant[knot], knot, concave[at]
        at = 0
        for j in range(n_concave):
            knot = concave[j]
            while at < n_convex - 1 and convex[at + 1] <= knot:
                at += 1
            if majorant[knot] - minorant[knot] > distance:
                distance, low, high = majorant[knot] - minorant[knot], convex[at], knot
        if distance <= missed:
            return missed
        for i in range(first, low + 1):
            missed = max(missed, upto[i] - minorant[i])
        for i in range(high, last + 1):
            missed = max(missed, majorant[i] - below[i])
        first, last = low, high


@_compiled
def _hull(values: np.ndarray, heights: np.ndarray, first: int, last: int, sign: float, knots: np.ndarray, line: np.ndarray) -> int:
    """Write the knots and the heights of the convex minorant (``sign`` 1) or the concave majorant (-1), and return the number of knots."""
    n = 0
    for i in range(first, last + 1):
        while n > 1:
            a, b = knots[n - 2], knots[n - 1]
            turn = (heights[b] - heights[a]) * (values[i] - values[b]) - (heights[i] - heights[b]) * (values[b] - values[a])
            if sign * turn < 0:
                break
            n -= 1
        knots[n] = i
        n += 1
    for k in range(n - 1):
        a, b = knots[k], knots[k + 1]
        slope = (heights[b] - heights[a]) / (values[b] - values[a])
        for i in range(a, b):
            line[i] = heights[a] + slope * (values[i] - values[a])
    line[last] = heights[last]
    return n
