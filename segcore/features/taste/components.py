"""Components of a sparse matrix: a few directions in which customers differ, and where each customer is along them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.features.taste.factors import fit_factors, project_on_factors
from segcore.features.taste.matrix import item_means, total_variance
from segcore.records.plan import MAX_SEED
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from segcore.features.taste.partitions import PartitionedRows

Reducer = Literal["pca", "svd", "nmf"]
_NOTHING = 1e-12  # share of the variance that is rounding
_STARTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Components that were fitted to customers, and by which new customers are projected.

    Parameters
    ----------
    method : {"pca", "svd", "nmf"}
    loadings : ndarray of shape (n_components, n_items), float64
        Each of length 1. Those of PCA and SVD are orthogonal, and the largest absolute loading is positive; those of NMF are at least 0.
    offset : ndarray of shape (n_components,), float64
        Score of the mean customer, which PCA subtracts; 0 for SVD and NMF.
    ratios : tuple of float
        Share of the matrix's variance that each component explains; empty for NMF.
    agreement : tuple of float
        For NMF, how alike each component is to its match in fits from other starts: mean cosine, 0 to 1. Empty for PCA and SVD.
    """

    method: Reducer
    loadings: np.ndarray
    offset: np.ndarray
    ratios: tuple[float, ...] = ()
    agreement: tuple[float, ...] = ()

    def __len__(self) -> int:
        """Return the number of components."""
        return len(self.loadings)


def most_components(X: csr_array | PartitionedRows) -> int:
    """Return the largest number of components that can be fitted: one less than the number of customers or items, whichever is smaller."""
    return int(min(X.shape)) - 1


def fit_components(X: csr_array | PartitionedRows, method: Reducer, n: int, *, seed: int = 0) -> Components:
    """Fit components to a sparse matrix, which is never made dense.

    Parameters
    ----------
    X : csr_array or PartitionedRows of shape (n_customers, n_items), float64
        If the matrix is in partitions, Spark computes the products with it.
    method : {"pca", "svd", "nmf"}
        scikit-learn's ``PCA`` (items centred implicitly) or ``TruncatedSVD``, both with ARPACK, or ``NMF``; for a matrix in partitions the
        same PCA or SVD, but not NMF.
    n : int
        At least 1, at most `most_components`. Fewer are returned if the matrix has no more.
    seed : int
        For the starting vectors.

    Raises
    ------
    DataError
        If nothing in the matrix varies, NMF is given values below 0, or ARPACK does not converge from any of five starts.

    Notes
    -----
    ARPACK multiplies the matrix with a vector a few hundred times: seconds for a million values, about a minute for 20 million.
    """
    from scipy.sparse import issparse

    variance = total_variance(X)
    if not variance:
        raise refusal("taste.no_variance")
    if method == "nmf":
        if not issparse(X):
            raise ValueError("NMF takes no matrix in partitions.")
        loadings, agreement = fit_factors(X, n, seed=seed)
        return Components(method, loadings, np.zeros(len(loadings)), agreement=agreement)
    found = _fit_orthogonal(X, method, n, seed)
    scores = project(X, found)
    ratios = scores.var(axis=0) / variance
    # A singular vector may explain no variance, but its length cannot be 0.
    kept = np.linalg.norm(scores, axis=0) ** 2 / len(scores) > _NOTHING * variance
    return replace(found, loadings=found.loadings[kept], offset=found.offset[kept], ratios=tuple(ratios[kept].tolist()))


def _fit_orthogonal(X: csr_array | PartitionedRows, method: Reducer, n: int, seed: int) -> Components:
    from scipy.sparse import issparse
    from scipy.sparse.linalg import ArpackError

    fit = _fit_stored if issparse(X) else _fit_products
    for start in range(_STARTS):
        try:
            loadings, means = fit(X, method, n, (seed + start) % (MAX_SEED + 1))
        except ArpackError:  # components of exactly the same variance can trap it, depending on its start
            continue
        loadings = with_signs(loadings)
        return Components(method, loadings, np.zeros(len(loadings)) if means is None else loadings @ means)
    raise refusal("taste.not_converged", n=n)


def _fit_stored(X: csr_array, method: Reducer, n: int, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return loadings, and for PCA the means of the items."""
    from sklearn.decomposition import PCA, TruncatedSVD

    options = {"n_components": n, "random_state": seed}
    if method == "pca":
        fitted = PCA(svd_solver="arpack", **options).fit(X)
        return fitted.components_, fitted.mean_
    return TruncatedSVD(algorithm="arpack", **options).fit(X).components_, None


def _fit_products(X: PartitionedRows, method: Reducer, n: int, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the same as `_fit_stored`, using only products: by the eigenvectors that ``svds``, which scikit-learn calls, also computes."""
    from scipy.sparse.linalg import eigsh

    means = item_means(X) if method == "pca" else None
    first = np.random.default_rng(seed).uniform(-1, 1, X.shape[1])
    _, vectors = eigsh(X.scatter(np.zeros(X.shape[1]) if means is None else means), k=n, v0=first)
    return vectors.T[::-1], means


def with_signs(loadings: np.ndarray) -> np.ndarray:
    """Return loadings whose largest absolute value in each component is positive, because signs are otherwise arbitrary."""
    largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1)
    return loadings * np.where(largest < 0, -1.0, 1.0)


def project(X: csr_array | PartitionedRows, components: Components) -> np.ndarray:
    """Return the scores of customers, shape (n_customers, n_components), float64.

    A customer's scores depend on no other customer, down to the last bit.

    Parameters
    ----------
    X : csr_array or PartitionedRows of shape (n_customers, n_items), float64
        With the values and items that the components were fitted to.
    components : Components
    """
    if components.method == "nmf":
        return project_on_factors(X, components.loadings)
    return np.asarray(X @ components.loadings.T - components.offset)
