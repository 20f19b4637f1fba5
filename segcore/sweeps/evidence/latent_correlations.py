"""Correlations of latent normal variables, fitted so that the columns they order have given Spearman correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.sweeps.evidence.copula_columns import CopulaColumns
from segcore.sweeps.evidence.rank_correlations import RankCorrelations

_CLOSE = 0.008  # far below the promise of 0.02, because the simulation has noise
_ROUNDS = 20
_PATIENCE = 5
_LEAST_GAIN = 0.3
_LARGE = 100
_SIMULATED_ROWS = 40_000
_SIMULATED_VALUES = 2_000_000
_MOST_PLACEBOS = 200
_NEGATIVE = -1e-9  # what rounding may leave of an eigenvalue of 0, per variable


@dataclass(frozen=True, slots=True, eq=False)
class LatentFit:
    """Latent correlations and what they lead to.

    Parameters
    ----------
    root : ndarray of shape (n_latent, n_latent), float64
        Times independent normal variables, it gives variables with the latent correlations.
    repaired : bool
        Whether the correlations had to be changed because they were not positive semidefinite.
    correlation_gap : float
        Largest difference between the mean Spearman correlation over placebos and the data's, of two numbers or of a number and a
        category.
    association_gap : float
        Largest difference between the mean Cramér's V over placebos and the data's, of two categorical columns.
    """

    root: np.ndarray
    repaired: bool
    correlation_gap: float
    association_gap: float


def fit_latent(columns: CopulaColumns, *, seed: int) -> LatentFit:
    """Fit the latent correlations of columns to their Spearman correlations.

    Notes
    -----
    The series of `RankCorrelations` is right for numbers in samples of 100 rows and more. Elsewhere placebos are simulated, always from
    the same normal numbers, and what they miss is added to what the series aims at. The best of up to 20 rounds counts. Gaps are measured
    on other normal numbers.

    Given the other columns, the latent variables of one categorical column are independent.
    """
    own = columns.scores()
    data = own @ own.T
    if columns.n_rows < 2 or columns.n_latent < 2:
        return LatentFit(np.eye(columns.n_latent), False, 0.0, 0.0)
    target, free = _without_chance(columns, data), columns.free
    judged = columns.column_of_score[:, None] != columns.column_of_score
    between = judged[np.ix_(free, free)]
    series = RankCorrelations(columns.shapes)
    simulation = _Simulation(columns, series, np.random.default_rng([seed, 0, 1]))
    gain = np.maximum(columns.gains[:, None] * columns.gains, _LEAST_GAIN)
    aim = np.where(between, columns.correlations_among_left(), 0.0)
    within = root = np.eye(columns.n_latent)
    best, repaired, since = np.inf, False, 0
    for _ in range(_ROUNDS):
        latent = series.latent(aim)
        within = _completed(np.where(between, latent, within), between)
        tried, changed = _root(np.where(between, latent, within))
        missed = np.where(judged, target - simulation.mean_correlations(tried), 0.0)
        worst = float(np.abs(missed).max())
        since += 1
        if worst < best:
            best, root, repaired, since = worst, tried, changed, 0
        if worst < _CLOSE or since == _PATIENCE:
            break
        aim = np.clip(aim + np.where(between, missed[np.ix_(free, free)] / gain, 0.0), -1.0, 1.0)
    check = _Simulation(columns, series, np.random.default_rng([seed, 0, 2]))
    return LatentFit(root, repaired, *check.gaps(root, data))


class _Simulation:
    """Mean correlations over placebos: from the series where it is right, else from placebos made of the same normal numbers each time."""

    def __init__(self, columns: CopulaColumns, series: RankCorrelations, rng: np.random.Generator) -> None:
        self._columns, self._series, self._rng = columns, series, rng
        self._noise: np.ndarray | None = None

    def mean_correlations(self, root: np.ndarray) -> np.ndarray:
        """Return the mean Spearman correlations of the numbers and of all categories, shape (n_scores, n_scores)."""
        return self._mean(root, self._simulated(root))

    def gaps(self, root: np.ndarray, data: np.ndarray) -> tuple[float, float]:
        """Return the largest gap of the mean Spearman correlations with numbers, and of the mean Cramér's V."""
        found = self._simulated(root)
        correlations = np.abs(self._mean(root, found) - data)[: self._columns.n_numbers]
        np.fill_diagonal(correlations, 0.0)
        associations = [self._columns.associations(each) for each in (found if len(self._columns.categories) > 1 else ())]
        apart = np.mean(associations, axis=0) - self._columns.associations(data) if associations else np.zeros(1)
        return float(correlations.max(initial=0.0)), float(np.abs(apart).max())

    def _mean(self, root: np.ndarray, simulated: list[np.ndarray]) -> np.ndarray:
        n = self._columns.n_numbers
        series = self._series.of(root @ root.T)[:n, :n]
        if not simulated:
            return series
        found = np.asarray(np.mean(simulated, axis=0))
        found[:n, :n] = np.where(self._known(root), series, found[:n, :n])
        return found

    def _known(self, root: np.ndarray) -> np.ndarray:
        """Return for which pairs of numbers the series is right, shape (n_numbers, n_numbers)."""
        n = self._columns.n_numbers
        latent = (root @ root.T)[:n, :n]
        return (self._columns.n_rows >= _LARGE) & ((np.abs(latent) < RankCorrelations.REACH) | np.eye(n, dtype=bool))

    def _simulated(self, root: np.ndarray) -> list[np.ndarray]:
        """Return the correlations of each simulated placebo; none if the series is right everywhere."""
        if not self._columns.categories and self._known(root).all():
            return []
        if self._noise is None:
            self._noise = self._drawn_noise()
        return [scores @ scores.T for scores in map(self._columns.scores, root @ self._noise)]

    def _drawn_noise(self) -> np.ndarray:
        """Draw normal numbers of shape (n_placebos, n_latent, n_rows), with exactly the covariances they should have if there are many."""
        n, n_latent = self._columns.n_rows, self._columns.n_latent
        rows = min(_SIMULATED_ROWS, _SIMULATED_VALUES // n_latent)
        noise = self._rng.standard_normal((max(1, min(_MOST_PLACEBOS, -(-rows // n))), n_latent, n))
        noise -= noise.mean(axis=2, keepdims=True)
        if len(noise) * n < 2 * n_latent:
            return noise
        flat = np.moveaxis(noise, 1, 0).reshape(n_latent, -1)
        return np.linalg.solve(np.linalg.cholesky(flat @ flat.T / flat.shape[1]), noise)


def _without_chance(columns: CopulaColumns, data: np.ndarray) -> np.ndarray:
    """Return correlations with those between categorical columns lowered by what chance adds to Cramér's V on average."""
    found = data.copy()
    squares = columns.associations(data) ** 2
    for one, category in enumerate(columns.categories):
        for other, against in enumerate(columns.categories):
            if one != other:
                chance = (max(len(category.sizes), len(against.sizes)) - 1) / (columns.n_rows - 1)
                kept = max(0.0, 1 - chance / squares[one, other]) if squares[one, other] > 0 else 0.0
                found[np.ix_(columns.scores_of(one), columns.scores_of(other))] *= np.sqrt(kept)
    return found


def _completed(latent: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Return the correlations within each column that make its latent variables independent given those of the other columns.

    ``between`` of shape (n_latent, n_latent) is false within a column.
    """
    found = np.eye(len(latent))
    for first in np.unique(np.argmin(between, axis=1)):
        own = ~between[first]
        if np.count_nonzero(own) > 1:
            across = latent[np.ix_(own, ~own)]
            within = across @ np.linalg.pinv(latent[np.ix_(~own, ~own)], rcond=1e-6, hermitian=True) @ across.T
            explained = np.sqrt(np.maximum(1.0, np.diag(within)))
            within /= np.outer(explained, explained)
            np.fill_diagonal(within, 1.0)
            found[np.ix_(own, own)] = within
    return found


def _root(latent: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the root of the correlations, negative eigenvalues replaced by 0, and whether there were any."""
    values, vectors = np.linalg.eigh(latent)
    repaired = bool(values[0] < _NEGATIVE * len(values))
    values = np.maximum(values, 0.0)
    lengths = np.sqrt(np.sum(vectors**2 * values, axis=1))
    return (vectors * np.sqrt(values)) @ vectors.T / lengths[:, None], repaired
