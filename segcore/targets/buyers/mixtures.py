"""Gaussian mixtures of the buyers' standardised features: the one with the lowest BIC, and whether data without groups gains as much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segcore.clustering.algorithms.gaussian_mixture import (
    COVARIANCE_TYPES,
    GAUSSIAN_MIXTURE,
    assign_gaussian_mixture,
    covariance_matrices,
    log_densities,
    squared_distances,
)
from segcore.clustering.specification.task import SweepTask
from segcore.errors import ParameterError
from segcore.records.grid import Point, Value
from segcore.records.solution import Solution
from segcore.sweeps.evidence.dip import falls_in_groups
from segcore.sweeps.evidence.placebo_rows import PlaceboRows
from segcore.wording.findings import refusal

INSIDE = 0.9
"""Share of a component's own customers inside its ellipsoid, if they are normally distributed."""
COUNTS = tuple(range(1, 11))
LEVEL = 0.05
_STARTS = 5
# Of standardised variances: a component of customers who share a value would otherwise have a density without bound, and the lowest BIC.
_REG_COVAR = 1e-3
_LEAST_IN_COMPONENT = 5
_MOST_COMPARED = 1_000
_COUNTS_COMPARED = tuple(range(1, 6))  # more would take three times as long, and several groups show at five already


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Mixture of standardised features.

    Parameters
    ----------
    kept : ndarray of shape (n_kept,), int
        Positions of the features that differ among the buyers fitted.
    centre, spread : ndarray of shape (n_features,), float64
        Mean and standard deviation of the buyers fitted, in the features' units; 1 for a feature that does not differ.
    params : mapping
        The point of the grid, such as ``covariance_type``.
    arrays : mapping of str to ndarray
        ``weights``, ``means`` and so on, as the Gaussian mixture of a sweep stores them, in standard deviations.
    """

    kept: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    params: Mapping[str, Value]
    arrays: Mapping[str, np.ndarray]

    @property
    def covariance_matrices(self) -> np.ndarray:
        """Covariances of the components, shape (n_components, n_kept, n_kept), in standard deviations."""
        return covariance_matrices(self.arrays, self.params)

    @property
    def n_components(self) -> int:
        """Number of components."""
        return len(self.arrays["means"])

    @property
    def weights(self) -> np.ndarray:
        """Share of the buyers fitted in each component, shape (n_components,), descending."""
        return self.arrays["weights"]

    @property
    def means(self) -> np.ndarray:
        """Means of the components, shape (n_components, n_features), in the features' units."""
        found = np.tile(self.centre, (self.n_components, 1))
        found[:, self.kept] += self.arrays["means"] * self.spread[self.kept]
        return found

    def standardised(self, X: np.ndarray) -> np.ndarray:
        """Return the features kept, shape (n_customers, n_kept), in standard deviations from the buyers' mean."""
        scaled: np.ndarray = (X[:, self.kept] - self.centre[self.kept]) / self.spread[self.kept]
        return scaled

    def labels(self, X: np.ndarray) -> np.ndarray:
        """Return the most likely component of each customer, shape (n_customers,), int."""
        return assign_gaussian_mixture(self.standardised(X), self.arrays, self.params)

    def log_densities(self, X: np.ndarray) -> np.ndarray:
        """Return the logarithm of each component's weight times its density, shape (n_customers, n_components), but for a constant."""
        return log_densities(self.standardised(X), self.arrays, self.params)

    def squared_distances(self, X: np.ndarray) -> np.ndarray:
        """Return squared Mahalanobis distances from the components, shape (n_customers, n_components), float64."""
        return squared_distances(self.standardised(X), self.arrays, self.params)

    def inside(self, X: np.ndarray) -> np.ndarray:
        """Return who is inside the 90 % ellipsoid of each component, shape (n_customers, n_components), bool."""
        from scipy.stats import chi2

        return np.asarray(self.squared_distances(X) <= chi2.ppf(INSIDE, len(self.kept)))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Gain in BIC of several components over one, next to that of data without groups.

    Parameters
    ----------
    gain : float
        Lowest BIC of one component minus the lowest of two to five, fitted from one start to at most 1,000 buyers.
    placebos : tuple of float
        The same of data with the same single features and the same correlations, but no groups.
    split : tuple of int
        Features, by position, that fall in groups by themselves (dip test, 5 % over all of them). Placebos keep such features, and with
        them groups, so that they gain as much.
    """

    gain: float
    placebos: tuple[float, ...]
    split: tuple[int, ...] = ()

    @property
    def shows_groups(self) -> bool:
        """Whether the buyers fall in groups: they gain more than placebos do, or a feature falls in groups by itself."""
        return self.p_value <= LEVEL or bool(self.split)

    @property
    def p_value(self) -> float:
        """``(1 + m) / (1 + n)`` where m of n placebos gain as much."""
        return (1 + sum(one >= self.gain for one in self.placebos)) / (1 + len(self.placebos))


def choose_mixture(
    buyers: np.ndarray, *, covariance_types: Sequence[str] = COVARIANCE_TYPES, n_components: Sequence[int] = COUNTS, seed: int = 0
) -> tuple[Mixture, dict[tuple[str, int], float]]:
    """Fit a mixture of each shape and number, and return the one with the lowest BIC, and all BICs.

    Parameters
    ----------
    buyers : ndarray of shape (n_buyers, n_features), float64
        Features, all finite.
    covariance_types, n_components, seed
        See `segcore.targets.buyers.buyer_components.describe_components`.

    Raises
    ------
    DataError
        If the buyers are all alike, or there are too few for every shape and number.
    ParameterError
        If a shape or a number is outside its domain.

    References
    ----------
    Schwarz (1978), "Estimating the dimension of a model", Annals of Statistics 6.
    """
    _require_domain(covariance_types, n_components)
    kept = np.flatnonzero(np.ptp(buyers, axis=0) > 0)
    if not len(kept):
        raise refusal("targets.buyers_alike", buyers=len(buyers))
    spread = np.ones(buyers.shape[1])
    spread[kept] = buyers[:, kept].std(axis=0)
    centre = buyers.mean(axis=0)
    Z = (buyers[:, kept] - centre[kept]) / spread[kept]
    found = _mixtures(Z, covariance_types, n_components, starts=_STARTS, seed=seed)
    if not found:
        least = min(_least(kind, len(kept)) * min(n_components) for kind in covariance_types)
        raise refusal("targets.few_for_shape", buyers=len(buyers), least=least)
    best = min(found.values(), key=_bic)
    return Mixture(kept, centre, spread, best.params, _largest_first(best)), {key: _bic(one) for key, one in found.items()}


def compare_with_placebos(Z: np.ndarray, *, covariance_types: Sequence[str] = COVARIANCE_TYPES, placebos: int, seed: int = 0) -> Evidence:
    """Compare how much BIC gains by several components with what it gains on data without groups.

    Parameters
    ----------
    Z : ndarray of shape (n_buyers, n_features), float64
        Standardised, see `Mixture.standardised`; of more than 1,000 rows, as many are drawn.
    covariance_types : sequence of {"full", "tied", "diag", "spherical"}
    placebos : int
        At least 1; with 19, the p-value can be 0.05.
    seed : int
    """
    if len(Z) > _MOST_COMPARED:
        Z = Z[np.random.default_rng(seed).choice(len(Z), _MOST_COMPARED, replace=False)]

    def gain(rows: np.ndarray) -> float:
        found = _mixtures(rows, covariance_types, _COUNTS_COMPARED, starts=1, seed=seed)
        one, more = ([_bic(each) for (_, number), each in found.items() if (number > 1) == several] for several in (False, True))
        return min(one) - min(more) if one and more else float("-inf")

    rows = PlaceboRows(Z, [], seed=seed)
    by_feature = [falls_in_groups(column, seed=seed) for column in Z.T]
    split = tuple(at for at, p_value in enumerate(by_feature) if p_value is not None and p_value <= LEVEL / len(by_feature))
    return Evidence(gain(Z), tuple(gain(rows.rows(number)) for number in range(placebos)), split)


def _require_domain(covariance_types: Sequence[str], n_components: Sequence[int]) -> None:
    for kind in covariance_types:
        if kind not in COVARIANCE_TYPES:
            raise ParameterError.unknown("shape of components", kind, COVARIANCE_TYPES)
    for number in n_components:
        if number < 1:
            raise ParameterError.out_of_range("n_components", number, 1, None)


def _least(covariance_type: str, n_features: int) -> int:
    """Return the fewest buyers in a component whose covariance can be estimated."""
    return 2 * (n_features + 1) if covariance_type == "full" else _LEAST_IN_COMPONENT


def _mixtures(
    Z: np.ndarray, covariance_types: Sequence[str], n_components: Sequence[int], *, starts: int, seed: int
) -> dict[tuple[str, int], Solution]:
    """Return the mixtures that can be fitted, none of whose components is smaller than can be estimated."""
    points: list[Point] = [
        {"n_components": number, "covariance_type": kind, "n_init": starts, "reg_covar": _REG_COVAR}
        for kind in covariance_types
        for number in n_components
        if number * _least(kind, Z.shape[1]) <= len(Z)
    ]
    found = {}
    for solution in GAUSSIAN_MIXTURE.fit(SweepTask(Z, points, "shared", seed)):
        kind, number = str(solution.params["covariance_type"]), int(solution.params["n_components"])
        if solution.labels is None or solution.criteria.get("bic") is None:
            continue
        sizes = np.bincount(solution.labels, minlength=number)
        if sizes.min() >= _least(kind, Z.shape[1]):
            found[kind, number] = solution
    # In order of the points, so that which of equal ones is chosen does not depend on which finished first.
    return {(kind, number): found[kind, number] for kind in covariance_types for number in n_components if (kind, number) in found}


def _bic(solution: Solution) -> float:
    found = solution.criteria["bic"]
    assert found is not None  # noqa: S101  # `_mixtures` leaves the others out
    return float(found)


def _largest_first(solution: Solution) -> dict[str, np.ndarray]:
    """Return a mixture's arrays with its components in descending order of their weights."""
    order = np.argsort(-solution.arrays["weights"], kind="stable")
    own = ["weights", "means"] + ([] if solution.params["covariance_type"] == "tied" else ["covariances", "precisions_cholesky"])
    return {**solution.arrays, **{name: solution.arrays[name][order] for name in own}}
