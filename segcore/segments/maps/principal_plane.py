"""Plane in which customers differ most: their first two principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.taste.components import with_signs

_NOTHING = 1e-12  # of the variance: a second component with less is only rounding


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalPlane:
    """The first two principal components of customers.

    Parameters
    ----------
    places : ndarray of shape (n_customers, 2), float64
        Scores, in the units of the values.
    shares : tuple of two floats
        Share of the variance along each component, 0 to 1.
    centre : ndarray of shape (n_features,), float64
        Means.
    loadings : ndarray of shape (2, n_features), float64
        Directions of length 1; 0 for a component without variance. ``places`` is ``(X - centre) @ loadings.T``.
    """

    places: np.ndarray
    shares: tuple[float, float]
    centre: np.ndarray
    loadings: np.ndarray


def principal_plane(X: np.ndarray) -> PrincipalPlane:
    """Find the first two principal components of customers.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64

    Notes
    -----
    Eigenvectors of the covariance matrix, or of the rows' inner products where there are fewer rows than features: some ``n_customers
    * n_features ** 2`` operations, and one copy of ``X``. The largest absolute loading of each component is positive, as in
    scikit-learn's ``PCA``.
    """
    from scipy.linalg import eigh  # NumPy's eigh takes three times as long for 1,700 features, because it finds all eigenvectors

    centre = X.mean(axis=0)
    centred = X - centre
    centred[:, np.ptp(X, axis=0) == 0] = 0.0  # the mean of equal values may differ from them by rounding
    largest = float(np.abs(centred).max()) or 1.0
    centred /= largest  # so that no square overflows
    wide = X.shape[1] > len(X)
    products = centred @ centred.T if wide else centred.T @ centred
    total, n = float(np.trace(products)), len(products)
    variances, vectors = eigh(products, subset_by_index=[max(n - 2, 0), n - 1])
    top, directions = variances[::-1], vectors.T[::-1]
    if wide:
        directions = directions @ centred
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    places, loadings, shares = np.zeros((len(X), 2)), np.zeros((2, X.shape[1])), [0.0, 0.0]
    for component, direction in enumerate(with_signs(directions)):
        if top[component] > _NOTHING * total:
            places[:, component] = largest * (centred @ direction)
            loadings[component] = direction
            shares[component] = float(top[component] / total)
    return PrincipalPlane(places, (shares[0], shares[1]), centre, loadings)
