"""Drift of a population: population stability index of each feature, with its critical value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from segcore.errors import ParameterError

FAMILY_LEVEL = 0.01
"""Probability that any feature appears to drift although none does; low, because data are checked again every month."""
_MOST_BINS = 10
_FEWEST_IN_BIN = 20
_NOBODY = 0.5


@dataclass(frozen=True, slots=True)
class Drift:
    """Drift of one feature, or of the sizes of segments.

    Parameters
    ----------
    name : str
    psi : float
        Population stability index, at least 0; 0 means the same shares in all bins.
    critical : float
        Value that the index exceeds by chance with a probability of the family level divided by the number of features.
    bins : int
    n_earlier, n_later : int
        Customers.
    """

    name: str
    psi: float
    critical: float
    bins: int
    n_earlier: int
    n_later: int

    @property
    def drifted(self) -> bool:
        """Whether the index is above its critical value."""
        return self.psi > self.critical

    def to_json(self) -> dict[str, Any]:
        """Return plain values, and whether it ``drifted``."""
        return {**asdict(self), "drifted": self.drifted}


def find_drift(
    names: Sequence[str], earlier: np.ndarray, later: np.ndarray, *, level: float = FAMILY_LEVEL, family: int | None = None
) -> tuple[Drift, ...]:
    """Measure the drift of each feature.

    Parameters
    ----------
    names : sequence of str
        Of the features.
    earlier : ndarray of shape (n_earlier, n_features), float64
        Bins are made of these values.
    later : ndarray of shape (n_later, n_features), float64
        The same features in the same units.
    level : float
        In (0, 1): the probability that any feature appears to drift although none does.
    family : int or None
        Number of drifts that are judged together; ``None`` means these features only.

    Raises
    ------
    ParameterError
        If there are no earlier or no later customers, or the level is outside its domain.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.arange(1000.0)[:, None]
    >>> [(one.drifted, one.bins) for one in find_drift(["spend"], values, values + 200)]
    [(True, 10)]
    """
    if not len(earlier) or not len(later):
        raise ParameterError("Drift needs at least one customer before and one after.")
    found = []
    for at, name in enumerate(names):
        edges = bin_edges(earlier[:, at], fewest=min(len(earlier), len(later)))
        counts = [np.bincount(np.searchsorted(edges, side[:, at]), minlength=len(edges) + 1) for side in (earlier, later)]
        found.append(drift_of_counts(name, *counts, level=level, family=family or len(names)))
    return tuple(found)


def drift_of_counts(name: str, earlier: np.ndarray, later: np.ndarray, *, level: float = FAMILY_LEVEL, family: int = 1) -> Drift:
    """Measure the drift of counts in bins, such as the sizes of segments.

    Parameters
    ----------
    name : str
    earlier, later : ndarray of shape (n_bins,), int
        Customers in each bin.
    level : float
    family : int
        Number of drifts that are judged together, at least 1.
    """
    n, m = int(np.sum(earlier)), int(np.sum(later))
    return Drift(name, stability_index(earlier, later), critical_index(len(earlier), n, m, level=level / family), len(earlier), n, m)


def stability_index(earlier: np.ndarray, later: np.ndarray) -> float:
    """Return the population stability index of counts in bins.

    Parameters
    ----------
    earlier, later : ndarray of shape (n_bins,), int
        Customers in each bin. Half a customer is added to each, so that empty bins have a logarithm.

    Notes
    -----
    The sum over all bins of ``(q - p) * log(q / p)``, where p and q are the shares before and after.
    """
    p, q = ((np.asarray(side) + _NOBODY) / (np.sum(side) + _NOBODY * len(side)) for side in (earlier, later))
    return float(np.sum((q - p) * np.log(q / p)))


def critical_index(bins: int, n_earlier: int, n_later: int, *, level: float) -> float:
    """Return the population stability index that two samples of one population exceed with probability ``level``.

    Parameters
    ----------
    bins : int
        At least 1; with one bin nothing can drift.
    n_earlier, n_later : int
        Customers, at least 1.
    level : float
        In (0, 1).

    Raises
    ------
    ParameterError
        If the level is outside its domain.

    Notes
    -----
    ``(1 / n_earlier + 1 / n_later)`` times the quantile of chi-squared with ``bins - 1`` degrees of freedom, for two independent samples.
    If most customers are in both, the samples differ less by chance, so drift is reported too rarely rather than too often.

    References
    ----------
    Yurdakul & Naranjo (2020), Journal of Risk Model Validation 14(4).
    """
    from scipy.special import chdtri

    if not 0 < level < 1:
        raise ParameterError(f"The level of a test of drift must be above 0 and below 1, got {level!r}.")
    return (1 / n_earlier + 1 / n_later) * float(chdtri(bins - 1, level)) if bins > 1 else 0.0


def bin_edges(values: np.ndarray, *, fewest: int) -> np.ndarray:
    """Return the inner edges of bins with about equally many customers; each edge belongs to the bin below it.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        Of the earlier customers.
    fewest : int
        Number of customers in the smaller sample: the bins are so few that each holds at least 20 of them.

    Returns
    -------
    ndarray of shape (n_bins - 1,)
        Ascending. For a constant feature, the edges separate its value from lower and higher values.
    """
    bins = int(np.clip(fewest // _FEWEST_IN_BIN, 2, _MOST_BINS))
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([np.nextafter(low, -np.inf), low])
    return edges[edges < high] if (edges < high).any() else np.array([np.nextafter(high, -np.inf)])
