"""Non-negative factors: components to which items only add, found from several starts and matched."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from segcore.records.plan import MAX_SEED
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STARTS = 3
_ITERATIONS = 400


def fit_factors(X: csr_array, n: int, *, seed: int = 0, starts: int = STARTS) -> tuple[np.ndarray, tuple[float, ...]]:
    """Factorise a non-negative matrix from several random starts, and keep the best.

    Parameters
    ----------
    X : csr_array of shape (n_customers, n_items), float64
        Not negative.
    n : int
        Number of factors.
    seed : int
        For the first start; the other starts use the seeds after it.
    starts : int
        At least 2.

    Returns
    -------
    loadings : ndarray of shape (n_found, n_items), float64
        Each of length 1, not negative; factors that explain most come first. Factors that vanish are left out.
    agreement : tuple of float
        For each factor the mean cosine with its match in the other fits; each factor has one match, chosen for the largest sum.

    Raises
    ------
    DataError
        If a value is below 0.

    References
    ----------
    Lee and Seung (1999), Nature 401. The matching is that of Kuhn (1955), Naval Research Logistics Quarterly 2.
    """
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    if X.nnz and X.data.min() < 0:
        raise refusal("taste.negative", remedy="matrix", least=float(X.data.min()))
    fits = []
    for start in range(starts):
        model = NMF(n, init="random", random_state=(seed + start) % (MAX_SEED + 1), max_iter=_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # starts that do not converge are compared by their result
            scores = model.fit_transform(X)
        lengths = np.linalg.norm(model.components_, axis=1)
        strengths = np.linalg.norm(scores, axis=0) * lengths
        order = np.argsort(-strengths, kind="stable")[: int((strengths > 0).sum())]
        fits.append((model.reconstruction_err_, model.components_[order] / lengths[order, None]))
    best = min(range(starts), key=lambda at: fits[at][0])
    others = [loadings for at, (_, loadings) in enumerate(fits) if at != best]
    return fits[best][1], _agreement(fits[best][1], others)


def _agreement(loadings: np.ndarray, others: list[np.ndarray]) -> tuple[float, ...]:
    from scipy.optimize import linear_sum_assignment

    found = np.zeros((len(others), len(loadings)))
    for at, other in enumerate(others):
        cosines = loadings @ other.T
        mine, theirs = linear_sum_assignment(-cosines)
        found[at, mine] = cosines[mine, theirs]
    return tuple(np.clip(found.mean(axis=0), 0.0, 1.0).tolist())


def project_on_factors(X: csr_array, loadings: np.ndarray) -> np.ndarray:
    """Return the non-negative scores that reconstruct each customer's row best, shape (n_customers, n_factors).

    Parameters
    ----------
    X : csr_array of shape (n_customers, n_items), float64
    loadings : ndarray of shape (n_factors, n_items), float64

    Notes
    -----
    ``|x - wH|`` differs from ``|wA - b|``, with ``A A' = H H'``, only by a part that no score can reconstruct, so the least-squares problem
    of each customer has the size of the number of factors. It is solved exactly, in about 20 microseconds each.
    """
    from scipy.optimize import nnls

    values, vectors = np.linalg.eigh(loadings @ loadings.T)
    kept = values > values.max(initial=0.0) * 1e-12
    A = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
    products = np.asarray(X @ loadings.T)
    onto = vectors[:, kept].T / np.sqrt(values[kept])[:, None]
    return np.array([nnls(A, onto @ row)[0] for row in products]).reshape(products.shape)
