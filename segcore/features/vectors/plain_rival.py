"""The plain rival of vectors: counts of products, TF-IDF, and truncated SVD with as many dimensions; taste offers these as features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segcore.features.taste.components import fit_components, most_components, project
from segcore.features.taste.matrix import inverse_frequencies, weighted
from segcore.records.purchases import Baskets

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True, eq=False)
class PlainVectors:
    """Customers in a space with as many dimensions as their vectors.

    Parameters
    ----------
    scores : ndarray of shape (n_customers, n_components), float64
    loadings : ndarray of shape (n_components, n_items), float64
        ``scores @ loadings`` approximates the customers' counts, weighted by TF-IDF.
    """

    scores: np.ndarray
    loadings: np.ndarray


def count_lines(baskets: Baskets, n_items: int) -> csr_array:
    """Return how many lines of each item each customer has, csr_array of shape (n_customers, n_items), float64."""
    from scipy.sparse import csr_array

    counts = csr_array((np.ones(len(baskets.items)), baskets.items, baskets.starts), shape=(len(baskets.customers) - 1, n_items))
    counts.sum_duplicates()
    return counts


def plain_vectors(counts: csr_array, dimensions: int, *, seed: int) -> PlainVectors:
    """Reduce counts of products by truncated SVD.

    Parameters
    ----------
    counts : csr_array of shape (n_customers, n_items), float64
        Lines, at least 1 where stored.
    dimensions : int
        Fewer are made if the matrix has no more.
    seed : int

    Raises
    ------
    DataError
        If the customers do not differ.
    """
    X = weighted(counts, "tfidf", inverse_frequencies(counts))
    found = fit_components(X, "svd", max(1, min(dimensions, most_components(X))), seed=seed)
    return PlainVectors(project(X, found), found.loadings)
