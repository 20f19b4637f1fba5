"""The rows in single precision, and scores that are never above the true ones: what most comparisons of k-means make do with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from segcore.clustering.kernels.kmeans.scores import LANES, STEP

FAR = np.float32(3e38)
ROUNDING32 = 2.0**-24
_TINY = np.float32(1e-36)
_LINE = 16
Spread = Callable[[int, Callable[[int, int], Any]], list[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What all paths over the same rows share.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64, C-contiguous
    mean : ndarray of shape (n_features,), float64
        scikit-learn's centre of the rows; ``X - mean`` is what it clusters.
    scale : float
        A power of two that brings the largest centred norm to between 0.5 and 1, so that squares fit single precision.
    screened : ndarray of shape (n_rows, screened_width), float32
        ``(X - mean) * scale``, then its norm, then zeros.
    squares, norms : float
        Sum of the squared norms, and of the norms, of the scaled rows.
    """

    X: np.ndarray
    mean: np.ndarray
    scale: float
    screened: np.ndarray
    squares: float
    norms: float

    @property
    def n_features(self) -> int:
        """Number of columns of ``X``."""
        return int(self.X.shape[1])


def prepare_rows(X: np.ndarray, spread: Spread) -> Rows:
    """Centre and scale the rows once for all paths.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    spread : callable (count, task) -> list
        Runs ``task(start, stop)`` over parts of ``range(count)`` and returns what the parts return.
    """
    # Compiled code tells arrays that may be written from those that may not, and is kept for the former only.
    X = np.require(X, np.float64, ["C", "A", "W"])
    mean = X.mean(axis=0)
    found = spread(len(X), lambda start, stop: largest_norm(X, mean, start, stop))
    largest = float(np.sqrt(max(part[0] for part in found)))
    scale = float(2.0 ** -np.frexp(largest)[1]) if largest > 0 else 1.0
    width = screened_width(X.shape[1])
    screened = empty_aligned(len(X) * width).reshape(len(X), width)
    spread(len(X), lambda start, stop: screen(X, mean, scale, screened, start, stop))
    return Rows(X, mean, scale, screened, sum(part[1] for part in found) * scale**2, sum(part[2] for part in found) * scale)


def screened_width(n_features: int) -> int:
    """Return how many numbers a row of the single-precision copy has: its features, its norm, and zeros to a multiple of four."""
    return -(-(n_features + 1) // STEP) * STEP


def empty_aligned(count: int) -> np.ndarray:
    """Return room for ``count`` numbers of single precision that begins with a cache line."""
    room = np.empty(count + _LINE, np.float32)
    skipped = -(room.ctypes.data // room.itemsize) % _LINE
    return room[skipped : skipped + count]


def lanes_for(n_centres: int) -> int:
    """Return how many centres to score at a time."""
    return next((lanes for lanes in LANES if lanes >= n_centres), LANES[-1])


def empty_panels(n_centres: int, n_features: int, lanes: int) -> np.ndarray:
    """Return room for what ``weigh`` fills in."""
    return empty_aligned(-(-n_centres // lanes) * (screened_width(n_features) + 1) * lanes)


@njit(cache=True, nogil=True)
def largest_norm(X: np.ndarray, mean: np.ndarray, start: int, stop: int) -> tuple[float, float, float]:
    """Return the largest squared norm, the sum of the squared norms and the sum of the norms of rows ``start`` to ``stop``, centred."""
    largest, squares, norms = 0.0, 0.0, 0.0
    n_features = X.shape[1]
    for row in range(start, stop):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        whole = n_features - n_features % 4
        for f in range(0, whole, 4):
            e, g, h, m = X[row, f] - mean[f], X[row, f + 1] - mean[f + 1], X[row, f + 2] - mean[f + 2], X[row, f + 3] - mean[f + 3]
            a += e * e
            b += g * g
            c += h * h
            d += m * m
        for f in range(whole, n_features):
            e = X[row, f] - mean[f]
            a += e * e
        total = (a + b) + (c + d)
        squares += total
        norms += np.sqrt(total)
        if total > largest:
            largest = total
    return largest, squares, norms


@njit(cache=True, nogil=True)
def screen(X: np.ndarray, mean: np.ndarray, scale: float, screened: np.ndarray, start: int, stop: int) -> None:
    """Fill rows of ``screened`` (n_rows, screened_width), float32, with the centred, scaled features and their norm."""
    n_features = X.shape[1]
    for row in range(start, stop):
        total = 0.0
        for f in range(n_features):
            value = (X[row, f] - mean[f]) * scale
            screened[row, f] = np.float32(value)
            total += value * value
        screened[row, n_features] = np.float32(np.sqrt(total))
        for f in range(n_features + 1, screened.shape[1]):
            screened[row, f] = np.float32(0.0)


@njit(cache=True, nogil=True)
def weigh(centres: np.ndarray, scale: float, lanes: int, panels: np.ndarray) -> None:
    """Fill what scores a row against each centre in single precision: a bias, and a weight for each number of a screened row.

    The score is ``|c|^2 - 2 x.c`` less a bound on its own rounding, so that it is never above the true value. The bound grows with
    ``|x| |c|``; the norm at the end of a row brings it in as one more feature. ``panels`` is laid out as in ``_scores``;
    places without a centre score so high that they are never lowest.
    """
    n_centres, n_features = centres.shape
    rounding = (n_features + 10) * ROUNDING32
    n_panels = -(-n_centres // lanes)
    size = len(panels) // n_panels
    panels[:] = np.float32(0.0)
    for j in range(n_panels * lanes):
        first = (j // lanes) * size + j % lanes
        if j >= n_centres:
            panels[first] = FAR
            continue
        total = 0.0
        for f in range(n_features):
            value = centres[j, f] * scale
            panels[first + (f + 1) * lanes] = np.float32(-2.0 * value)
            total += value * value
        panels[first + (n_features + 1) * lanes] = np.float32(-2.0 * rounding * np.sqrt(total))
        panels[first] = np.float32(total * (1.0 - rounding)) - _TINY
