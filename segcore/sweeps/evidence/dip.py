"""Dip test: whether a single feature falls in groups."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_MOST_VALUES = 5_000
_FEWEST_VALUES = 10
_SIMULATED = 999


def falls_in_groups(values: np.ndarray, *, seed: int = 0) -> float | None:
    """Return the p-value of Hartigan's dip test; a small one means that the values have more than one peak.

    Parameters
    ----------
    values : ndarray of shape (n_values,), float64
        A continuous feature, all finite.
    seed : int
        Of the sample, of what separates equal values, and of the simulation.

    Returns
    -------
    float or None
        In [0.001, 1]. ``None`` where the test does not apply: with fewer than 10 values, or if one value is more frequent than
        ``1 / sqrt(n_values)``, as in counts and indicators.

    Notes
    -----
    Of more than 5,000 values a sample is tested. Equal values, which rounding leaves, are spread evenly at random halfway to their
    neighbours, because steps would count as peaks. The p-value is the share of 999 uniform samples of the same size whose dip is at
    least as large, the observed one included: of all distributions with one peak, the uniform one has the largest dips in large samples.
    They are simulated once per size, which takes 0.4 s with 5,000 values.

    References
    ----------
    Hartigan and Hartigan (1985), "The Dip Test of Unimodality", Annals of Statistics 13.

    Examples
    --------
    >>> one = np.random.default_rng(0).normal(size=400)
    >>> falls_in_groups(one) > 0.05, falls_in_groups(np.append(one, one + 5))
    (True, 0.001)
    """
    from segcore.clustering.kernels.dip import dip  # numba takes a second to import

    rng = np.random.default_rng(seed)
    if len(values) > _MOST_VALUES:
        values = rng.choice(values, _MOST_VALUES, replace=False)
    distinct, counts = np.unique(values, return_counts=True)
    n = len(values)
    if n < _FEWEST_VALUES or counts.max() ** 2 > n:
        return None
    simulated = _uniform_dips(n, seed)
    reached = len(simulated) - np.searchsorted(simulated, dip(_spread(distinct, counts, rng)))
    return float((1 + reached) / (1 + len(simulated)))


def _spread(distinct: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ascending values with equal ones spread halfway to their neighbours."""
    gaps = np.diff(distinct)
    low, high = np.append(gaps[:1], gaps) / 2, np.append(gaps, gaps[-1:]) / 2
    tied = np.repeat(counts > 1, counts)
    start, width = np.repeat(distinct - low, counts), np.repeat(low + high, counts)
    return np.sort(np.where(tied, start + width * rng.random(len(tied)), np.repeat(distinct, counts)))


@lru_cache(maxsize=32)
def _uniform_dips(n_values: int, seed: int) -> np.ndarray:
    """Return the dips of uniform samples in ascending order."""
    from segcore.clustering.kernels.dip import dip

    rng = np.random.default_rng([seed, n_values])
    return np.sort([dip(np.sort(rng.random(n_values))) for _ in range(_SIMULATED)])
