"""Placebo test: the silhouettes of a grid, compared with those of the same grid on data without segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LEVEL = 0.05
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PlaceboPoint:
    """The silhouette of one solution next to those of the placebos.

    Parameters
    ----------
    observed : float or None
        In [-1, 1]; ``None`` if undefined.
    n_defined : int
        Placebos that have a silhouette at this point.
    mean, low, high, highest : float or None
        Mean, 5 % quantile, 95 % quantile and maximum of the placebos' silhouettes; ``None`` if no placebo has one.
    z : float or None
        ``(observed - mean) / standard deviation`` of the placebos, with n - 1 as divisor. ``None`` if the observed silhouette is
        undefined, if fewer than half of the placebos or fewer than two have one, or if these are all equal.
    """

    observed: float | None
    n_defined: int
    mean: float | None
    low: float | None
    high: float | None
    highest: float | None
    z: float | None


@dataclass(frozen=True, slots=True)
class PlaceboTest:
    """Whether any solution of a grid is better than the best of a grid on data without segments.

    Parameters
    ----------
    points : tuple of PlaceboPoint, one per solution
    maxima : tuple of float
        The highest z of each placebo judged by the others; at most one per placebo, because one without any z is left out.
    highest_z : float or None
        The highest z of all solutions; ``None`` if none has a z.
    p_value : float or None
        ``(1 + m) / (1 + n)`` where m of n placebos reach ``highest_z``: in [1 / (1 + n), 1]. ``None`` if ``highest_z`` is.
    needed_z : float or None
        A solution with a higher z has a p-value of at most 0.05; ``None`` with fewer than 19 placebos, where no z is enough.
    """

    points: tuple[PlaceboPoint, ...]
    maxima: tuple[float, ...]
    highest_z: float | None
    p_value: float | None
    needed_z: float | None


def placebo_test(observed: np.ndarray, placebos: np.ndarray) -> PlaceboTest:
    """Compare the silhouettes of a grid with those of the same grid on placebos.

    Parameters
    ----------
    observed : ndarray of shape (n_points,), float64
        NaN where undefined.
    placebos : ndarray of shape (n_placebos, n_points), float64
        NaN where undefined.

    Notes
    -----
    The maximum over the grid makes the p-value one for all its points together, and every placebo is judged in the same way, by mean
    and standard deviation of the others. At a point where only one placebo differs from the others, its z has no bound, and it counts
    as reaching any observed z. A placebo is judged only at points where the observed silhouette has a z, so that it has no more chances.

    Mean and standard deviation of few placebos are uncertain, so that z has longer tails than a normal variable: on data without segments
    a single point reaches 1.78 with 19 placebos, and 1.67 with 99, in 5 % of cases. The placebos' maxima have longer tails still, as each
    is judged by one placebo less: a p-value of 0.05 is reached in 3 % of cases with 19 placebos, and in 4 % with 39. Read ``needed_z``,
    not a table of the normal distribution.

    A point at which all placebos have the same silhouette, as on data with few distinct rows, has no z, and does not count.

    References
    ----------
    Westfall and Young (1993), Resampling-Based Multiple Testing, 2. Davison and Hinkley (1997), Bootstrap Methods and their
    Application, 4.2.

    Examples
    --------
    >>> placebos = np.array([[0.20, 0.30], [0.22, 0.26], [0.24, 0.28]])
    >>> found = placebo_test(np.array([0.30, 0.28]), placebos)
    >>> [round(point.z, 2) for point in found.points], found.p_value
    ([4.0, 0.0], 0.25)
    """
    observed, placebos = np.asarray(observed, dtype=np.float64), np.asarray(placebos, dtype=np.float64)
    defined = ~np.isnan(placebos)
    counts = defined.sum(axis=0)
    filled = np.where(defined, placebos, 0.0)
    means = filled.sum(axis=0) / np.maximum(counts, 1)
    apart = np.where(defined, filled - means, 0.0)
    squares = np.sum(apart**2, axis=0)
    judged = ~np.isnan(observed) & (counts >= 2) & (2 * counts >= len(placebos))
    z = _z(observed - means, squares, counts)
    z[~judged] = np.nan
    judged &= ~np.isnan(z)
    maxima = _maxima(apart[:, judged], defined[:, judged], squares[judged], counts[judged])
    highest = float(z[judged].max()) if judged.any() else None
    return PlaceboTest(
        points=tuple(_point(*each) for each in zip(observed, placebos.T, z, strict=True)),
        maxima=tuple(float(value) for value in maxima),
        highest_z=highest,
        p_value=None if highest is None else float((1 + np.count_nonzero(maxima >= highest)) / (1 + len(maxima))),
        needed_z=_needed(maxima),
    )


def _z(apart: np.ndarray, squares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return deviations from means over standard deviations; NaN where those are 0 but for rounding, or of fewer than two values."""
    spread = np.sqrt(np.maximum(squares, 0.0) / np.maximum(counts - 1, 1))
    known = (counts >= 2) & (spread > _ROUNDING)
    return np.where(known, apart / np.where(known, spread, 1.0), np.nan)


def _maxima(apart: np.ndarray, defined: np.ndarray, squares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the highest z of each placebo that has any, judged by the others, from its deviations from the mean of all."""
    others = counts - 1
    # Without one value, the mean of the others is further away from it, and their sum of squares smaller.
    from_others = apart * counts / np.maximum(others, 1)
    of_others = squares - apart * from_others
    z = _z(from_others, np.where(of_others > _ROUNDING * squares, of_others, 0.0), np.broadcast_to(others, apart.shape))
    lonely = np.isnan(z) & (others >= 2)
    z[lonely] = np.copysign(np.inf, from_others[lonely])
    z[~defined] = np.nan
    z = z[~np.isnan(z).all(axis=1)]
    return np.nanmax(z, axis=1) if z.size else np.empty(0)


def _needed(maxima: np.ndarray) -> float | None:
    """Return the maximum that at most 5 % of all, the observed one included, may exceed."""
    allowed = int(_LEVEL * (1 + len(maxima)) + _ROUNDING)
    return float(np.sort(maxima)[-allowed]) if allowed else None


def _point(observed: float, placebos: np.ndarray, z: float) -> PlaceboPoint:
    own, value = (None if np.isnan(number) else float(number) for number in (observed, z))
    defined = placebos[~np.isnan(placebos)]
    if not len(defined):
        return PlaceboPoint(own, 0, None, None, None, None, None)
    low, high = np.quantile(defined, (0.05, 0.95))
    return PlaceboPoint(own, len(defined), float(defined.mean()), float(low), float(high), float(defined.max()), value)
