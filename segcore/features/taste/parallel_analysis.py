"""Parallel analysis: how many components explain more than chance would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segcore.features.taste.components import fit_components, most_components
from segcore.features.taste.matrix import total_variance
from segcore.records.taste import MOST_COMPONENTS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from segcore.features.taste.partitions import PartitionedRows

DRAWS = 5
PERCENTILE = 95
_FIRST = 10


@dataclass(frozen=True, slots=True)
class ParallelAnalysis:
    """Shares of the variance that components explain, and shares that they would explain by chance.

    Parameters
    ----------
    n : int
        Number of components before the first that explains no more than chance.
    ratios, chance : tuple of float
        One for each component that was compared; ``chance`` is the 95th percentile over the draws, as a share of the variance of the matrix
        itself.
    is_bounded : bool
        Whether the comparison ended because no more components can be fitted, or are allowed.
    """

    n: int
    ratios: tuple[float, ...]
    chance: tuple[float, ...]
    is_bounded: bool


def parallel_analysis(X: csr_array | PartitionedRows, *, seed: int = 0, draws: int = DRAWS) -> ParallelAnalysis:
    """Compare a matrix's principal components with those of matrices without relations between items: the same values, random signs.

    Parameters
    ----------
    X : csr_array or PartitionedRows of shape (n_customers, n_items), float64
        At least two customers and items.
    seed : int
    draws : int
        Number of matrices with random signs.

    Raises
    ------
    DataError
        If nothing in the matrix varies.

    Notes
    -----
    Horn shuffles the values of each item. In a sparse matrix, this also removes the fact that some customers have hundreds of items and
    others ten, so every active customer passes for a component: shuffling keeps 113 components of the centred ratings of MovieLens 100K,
    and 45 of ratings without any tastes. Random signs preserve how much each customer has of each item, and keep 10 and 0 components.

    The cost is one fit more than there are draws, and again with twice as many components as long as all compared components exceed chance.

    References
    ----------
    Horn (1965), Psychometrika 30; the 95th percentile instead of the mean: Glorfeld (1995), Educational and Psychological Measurement 55;
    random signs instead of shuffled values: Hong, Sheng and Dobriban (2020), arXiv:2012.02985.
    """
    most = min(MOST_COMPONENTS, most_components(X))
    compared = min(_FIRST, most)
    whole = total_variance(X)
    while True:
        ratios = _variances(X, compared, seed) / whole
        by_chance = [_variances(_signed(X, np.random.default_rng([seed, draw])), compared, seed) for draw in range(draws)]
        chance = np.percentile(by_chance, PERCENTILE, axis=0) / whole
        above = ratios > chance
        n = compared if above.all() else int(np.argmin(above))
        if n < compared or compared == most:
            return ParallelAnalysis(n, tuple(ratios.tolist()), tuple(chance.tolist()), is_bounded=n == most)
        compared = min(2 * compared, most)


def _variances(X: csr_array | PartitionedRows, n: int, seed: int) -> np.ndarray:
    """Return the variances of the first components, 0 for those that the matrix does not have."""
    found = fit_components(X, "pca", n, seed=seed).ratios
    return np.array([*found, *[0.0] * (n - len(found))]) * total_variance(X)


def _signed(X: csr_array | PartitionedRows, rng: np.random.Generator) -> csr_array | PartitionedRows:
    from scipy.sparse import csr_array, issparse

    signs = rng.integers(0, 2, X.nnz, dtype=np.int8) * 2.0 - 1
    signed = csr_array((X.data * signs, X.indices, X.indptr), shape=X.shape)
    return signed if issparse(X) else X.like(signed)
