"""Transforms of skewed features before scaling: a logarithm, or the power that brings them closest to a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

_LARGEST_LOG = float(np.log1p(1e150))  # squares of larger values are not finite
_FURTHEST = 31.0  # of lambda from 1; beyond it, positive values are hardly distinguishable
_RESOLUTION = 1e-8
_GOLDEN = (5**0.5 - 1) / 2
_TOLERANCE = 1e-7


def fitted_transform(values: np.ndarray, transform: str) -> float:
    """Return the fitted parameter of a transform: lambda for ``power``, 0 for other transforms.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        One feature; finite.
    transform : {"log", "power", ""}
    """
    return power_lambda(values) if transform == "power" else 0.0


def transformed(values: np.ndarray, transform: str, parameter: float) -> np.ndarray:
    """Return one transformed feature, shape (n_customers,): increasing with ``values``, and 0 where they are 0.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
    transform : {"log", "power", ""}
        ``sign(x) log(1 + |x|)``; Yeo and Johnson's power; or the values as they are.
    parameter : float
        The output of `fitted_transform` for the customers it was fitted on.
    """
    if transform == "log":
        return np.asarray(np.copysign(np.log1p(np.abs(values)), values))
    if transform == "power":
        return yeo_johnson(values, parameter)
    return np.array(values, dtype=np.float64)


def yeo_johnson(values: np.ndarray, power: float) -> np.ndarray:
    """Return Yeo and Johnson's transform, shape (n_customers,).

    It is ``((1 + x) ** power - 1) / power`` where ``x >= 0`` and ``-((1 - x) ** (2 - power) - 1) / (2 - power)`` elsewhere, with the
    logarithm in place of a power of 0. Values far beyond those that ``power`` was fitted to may become infinite.

    References
    ----------
    Yeo and Johnson (2000), Biometrika 87.
    """
    values = np.asarray(values, dtype=np.float64)
    found = np.empty_like(values)
    negative = values < 0
    with np.errstate(over="ignore"):
        found[~negative] = _raised(np.log1p(values[~negative]), power)
        found[negative] = -_raised(np.log1p(-values[negative]), 2 - power)
    return found


def _raised(logs: np.ndarray, power: float) -> np.ndarray:
    """Return ``(exp(power * logs) - 1) / power``, exact near a power of 0."""
    return logs.copy() if abs(power) < np.finfo(np.float64).eps else np.expm1(power * logs) / power


def power_lambda(values: np.ndarray) -> float:
    """Return the lambda of `yeo_johnson` that brings a feature closest to a normal distribution, by maximum likelihood.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        Finite, within 1e150 of 0.

    Returns
    -------
    float
        Equal to that of scikit-learn's ``PowerTransformer`` to about 1e-6, but limited to between -30 and 32 and to values for which no
        transformed value is too large and the feature's range is not lost to rounding; 1, which changes nothing, for a constant feature.

    Notes
    -----
    The negative log-likelihood is convex in lambda, so walking downhill from 1 and a golden-section search find its minimum. Equal values
    are counted once, and variances are computed around an end of the range, so neither ties nor large values cost precision.

    References
    ----------
    Yeo and Johnson (2000), Biometrika 87. Convexity: Marchand et al. (2022), SecureFedYJ, NeurIPS 35.
    """
    distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    if len(distinct) < 2:
        return 1.0
    if distinct[-1] <= 0:
        return 2 - power_lambda(-np.asarray(values, dtype=np.float64))
    low, high = _domain(float(distinct[0]), float(distinct[-1]))
    return _lowest(_Likelihood(distinct, counts / counts.sum()), low, high)


class _Likelihood:
    """The negative log-likelihood of a lambda, per customer and up to a constant.

    Parameters
    ----------
    distinct : ndarray of shape (n_distinct,), float64
        The feature's values, ascending; the last one is positive.
    shares : ndarray of shape (n_distinct,), float64
        Relative frequency of each value; they add up to 1.
    """

    def __init__(self, distinct: np.ndarray, shares: np.ndarray) -> None:
        self._distinct, self._shares = distinct, shares
        self._logs = np.copysign(np.log1p(np.abs(distinct)), distinct)
        self._jacobian = float((self._logs * shares).sum())

    def __call__(self, power: float) -> float:
        return 0.5 * self._log_variance(power) - (power - 1) * self._jacobian

    def _log_variance(self, power: float) -> float:
        if self._distinct[0] < 0:
            return _log(self._variance(yeo_johnson(self._distinct, power)))
        # Around the end with the largest power, which is factored out of the variance, so that no power overflows or cancels.
        end = self._logs[-1] if power > 0 else self._logs[0]
        return _log(self._variance(_raised(self._logs - end, power))) + 2 * power * float(end)

    def _variance(self, found: np.ndarray) -> float:
        apart = found - (found * self._shares).sum()
        return float((apart * apart * self._shares).sum())


def _log(variance: float) -> float:
    """Return the logarithm; for a spread too small to square, minus infinity, so that no power is better than another."""
    return math.log(variance) if variance > 0 else -math.inf


def _domain(least: float, most: float) -> tuple[float, float]:
    """Return the lambdas around 1 that keep values between ``least`` and ``most`` > 0 distinct, and finite when squared."""
    low, high = 1 - _FURTHEST, max(1.0, min(1 + _FURTHEST, _LARGEST_LOG / float(np.log1p(most))))
    if least < 0:
        return min(1.0, max(low, 2 - _LARGEST_LOG / float(np.log1p(-least)))), high

    def visible(power: float) -> float:
        first, last = yeo_johnson(np.array([least, most]), power)
        return float((last - first) / last)

    wanted = min(visible(1.0), _RESOLUTION)
    if visible(low) >= wanted:
        return low, high
    fits = 1.0
    for _ in range(60):
        middle = (low + fits) / 2
        low, fits = (low, middle) if visible(middle) >= wanted else (middle, fits)
    return fits, high


def _lowest(convex: Callable[[float], float], low: float, high: float) -> float:
    """Return the minimum of a convex function between ``low <= 1`` and ``high >= 1``."""
    down = convex(max(low, 1 - _TOLERANCE)) < convex(min(high, 1 + _TOLERANCE))
    limit, sign = (low, -1.0) if down else (high, 1.0)
    behind, here, step = 1.0, 1.0, 0.5
    value = convex(here)
    while here != limit:
        ahead = max(low, min(high, here + sign * step))
        next_value = convex(ahead)
        if next_value >= value:
            limit = ahead
            break
        behind, here, value, step = here, ahead, next_value, 2 * step
    return _golden_section(convex, *sorted((behind, limit)))


def _golden_section(convex: Callable[[float], float], left: float, right: float) -> float:
    """Return the minimum of a convex function between ``left`` and ``right``."""
    inner, outer = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
    at_inner, at_outer = convex(inner), convex(outer)
    while right - left > _TOLERANCE * max(1.0, abs(left)):
        if at_inner <= at_outer:
            right, outer, at_outer = outer, inner, at_inner
            inner = right - _GOLDEN * (right - left)
            at_inner = convex(inner)
        else:
            left, inner, at_inner = inner, outer, at_outer
            outer = left + _GOLDEN * (right - left)
            at_outer = convex(outer)
    return (left + right) / 2
