"""Linear map of customers: their first two principal components, and the mean and ellipse of each segment."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.errors import StoreError
from segcore.features.assemble import assemble
from segcore.features.preparation import apply_preparation
from segcore.features.taste.components import with_signs
from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Preparation
from segcore.records.solution import NOISE
from segcore.store.store import Store
from segcore.wording.findings import refusal
from segcore.wording.numbers import counted, percent_text, segment_title

if TYPE_CHECKING:
    import pyarrow as pa

MadeOf = Literal["features", "dimensions of vectors", "features of taste"]
MOST_SHOWN = 5_000
LEAST_OF_EACH = 50
INSIDE = 0.9
"""Share of normally distributed customers inside their segment's ellipse."""
_ONE: Mapping[MadeOf, str] = {
    "features": "feature",
    "dimensions of vectors": "dimension of vectors",
    "features of taste": "feature of taste",
}
_LEAST_IN_ELLIPSE = 3
_NOTHING = 1e-12  # of the variance: a second component with less is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Where a segment is on a map.

    Parameters
    ----------
    customers : int
    mean : ndarray of shape (2,), float64
    covariance : ndarray of shape (2, 2), float64, or None
        With ddof 1; ``None`` for fewer than three customers.
    """

    customers: int
    mean: np.ndarray
    covariance: np.ndarray | None

    def ellipse(self, n_points: int = 97) -> np.ndarray | None:
        """Return the outline of the 90 % ellipse, shape (n_points, 2), closed; ``None`` without a covariance.

        Its squared Mahalanobis distance from the mean is the quantile of a chi-square distribution with two degrees of freedom.
        """
        if self.covariance is None:
            return None
        variances, axes = np.linalg.eigh(self.covariance)
        angle = np.linspace(0, 2 * np.pi, n_points)
        radii = np.sqrt(-2 * math.log(1 - INSIDE) * np.maximum(variances, 0))
        outline: np.ndarray = self.mean + (np.column_stack([np.cos(angle), np.sin(angle)]) * radii) @ axes.T
        return outline


@dataclass(frozen=True, slots=True, eq=False)
class CustomerMap:
    """Customers on the plane of their first two principal components.

    Parameters
    ----------
    customers : ndarray of shape (n_customers,), object
        Ids, as text.
    places : ndarray of shape (n_customers, 2), float64
        Scores, in the units of the values that were clustered; each component has the mean 0.
    labels : ndarray of shape (n_customers,), int
        Segments; -1 is noise.
    shares : tuple of two floats
        Share of the variance along each component, 0 to 1.
    areas : mapping of segment to Area
        Of all its customers; noise has none.
    shown : ndarray of shape (n_shown,), int
        Customers to draw, ascending: all, or a sample of more than 5,000.
    dimensions : int
        Number of the features that were clustered.
    made_of : {"features", "dimensions of vectors", "features of taste"}
        What these features are.
    """

    customers: np.ndarray
    places: np.ndarray
    labels: np.ndarray
    shares: tuple[float, float]
    areas: Mapping[int, Area]
    shown: np.ndarray
    dimensions: int
    made_of: MadeOf = "features"

    @property
    def sentence(self) -> str:
        """How much of the differences between customers the map shows, in words."""
        first, second = self.shares
        made = counted(self.dimensions, _ONE[self.made_of], self.made_of)
        return (
            f"The map shows {percent_text(first + second)} of the variance of the {made} as clustered: {percent_text(first)} from left to "
            f"right, {percent_text(second)} from bottom to top."
        )

    @property
    def caution(self) -> str:
        """What distances on the map mean and what they do not, in words."""
        hidden = 1 - sum(self.shares)
        if hidden < 0.0005:
            return "Distances on the map are the distances that were clustered."
        return (
            "Customers who are far apart on the map differ; customers who are close may still differ in the "
            f"{percent_text(hidden)} of the variance that it does not show, so segments that overlap here may be apart there."
        )

    def rows(self, names: Mapping[int, str]) -> pa.Table:
        """Return one row per customer, drawn or not: ``customer_id``, ``x``, ``y``, ``segment`` and ``segment_name``."""
        import pyarrow as pa

        titles = {label: segment_title(label, names) for label in np.unique(self.labels).tolist()}
        return pa.table(
            {
                "customer_id": pa.array(self.customers.tolist(), pa.string()),
                "x": self.places[:, 0],
                "y": self.places[:, 1],
                "segment": self.labels,
                "segment_name": pa.array([titles[label] for label in self.labels.tolist()], pa.string()),
            }
        )


def principal_plane(X: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Return the scores of customers on their first two principal components, and the share of the variance of each.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64

    Returns
    -------
    places : ndarray of shape (n_customers, 2), float64
        Of each component the largest absolute loading is positive, as in scikit-learn's ``PCA``; 0 for a component without variance.
    shares : tuple of two floats

    Notes
    -----
    Eigenvectors of the covariance matrix, or of the rows' inner products where there are fewer rows than features: some ``n_customers
    * n_features ** 2`` operations, and one copy of ``X``.
    """
    from scipy.linalg import eigh  # NumPy's takes three times as long for 1,700 features, because it finds all eigenvectors

    centred = X - X.mean(axis=0)
    centred[:, np.ptp(X, axis=0) == 0] = 0.0  # the mean of equal values may be another by rounding
    largest = float(np.abs(centred).max()) or 1.0
    centred /= largest  # so that no square overflows
    wide = X.shape[1] > len(X)
    products = centred @ centred.T if wide else centred.T @ centred
    total, n = float(np.trace(products)), len(products)
    variances, vectors = eigh(products, subset_by_index=[max(n - 2, 0), n - 1])
    top, loadings = variances[::-1], vectors.T[::-1]
    if wide:
        loadings = loadings @ centred
        loadings /= np.maximum(np.linalg.norm(loadings, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    places = np.zeros((len(X), 2))
    shares = [0.0, 0.0]
    for component, loading in enumerate(with_signs(loadings)):
        if top[component] > _NOTHING * total:
            places[:, component] = largest * (centred @ loading)
            shares[component] = float(top[component] / total)
    return places, (shares[0], shares[1])


def draw_sample(labels: np.ndarray, *, most: int = MOST_SHOWN, least: int = LEAST_OF_EACH, seed: int = 0) -> np.ndarray:
    """Return which customers to draw, ascending: all of at most ``most``, else a sample by segment.

    Each segment, and the noise, has ``least`` customers, or all of fewer; the rest of ``most`` is divided in proportion to their sizes.

    Parameters
    ----------
    labels : ndarray of shape (n_customers,), int
    most, least : int
    seed : int
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    _, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    first = np.minimum(sizes, least)
    share = max(most - int(first.sum()), 0) / max(len(labels) - int(first.sum()), 1)
    wanted = share * (sizes - first)
    quotas = first + np.floor(wanted).astype(np.int64)
    quotas[np.argsort(np.floor(wanted) - wanted, kind="stable")[: max(most - int(quotas.sum()), 0)]] += 1
    draw = np.random.default_rng(seed)
    drawn = [draw.choice(np.flatnonzero(place == at), quota, replace=False) for at, quota in enumerate(quotas.tolist())]
    return np.sort(np.concatenate(drawn))


def map_customers(rows: FeatureTable, preparation: Preparation, labels: np.ndarray) -> CustomerMap:
    """Map customers by the values that were clustered, copies left out.

    Parameters
    ----------
    rows : FeatureTable
        The rows that were clustered, unscaled.
    preparation : Preparation
        With which they were.
    labels : ndarray of shape (n_rows,), int
    """
    originals = np.asarray(rows.copies) == 0
    own = np.asarray(labels)[originals]
    places, shares = principal_plane(apply_preparation(preparation, rows.values[originals]))
    areas = {label: _area(places[own == label]) for label in np.unique(own).tolist() if label != NOISE}
    names = set(rows.names)
    made_of: MadeOf = "features"
    if names <= rows.learned_names:
        made_of = "dimensions of vectors" if names <= rows.dimensions else "features of taste"
    return CustomerMap(rows.customers[originals], places, own, shares, areas, draw_sample(own), len(rows.names), made_of)


def _area(places: np.ndarray) -> Area:
    enough = len(places) >= _LEAST_IN_ELLIPSE
    return Area(len(places), places.mean(axis=0), np.cov(places, rowvar=False, ddof=1) if enough else None)


def map_of(store: Store, sweep_id: str, position: int, *, rows: Callable[[], FeatureTable] | None = None) -> CustomerMap:
    """Map the customers of a solution: see `map_customers`.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    rows : callable or None
        Returns the rows that were clustered, where the caller has them.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no labels.
    """
    sweep, solution = store.sweep(sweep_id), store.labelled_solution(sweep_id, position)
    if sweep.preparation is None:
        raise refusal("export.no_preparation", kind=StoreError, sweep=sweep_id[:12])
    clustered = assemble(store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan).table if rows is None else rows()
    return map_customers(clustered, sweep.preparation, np.asarray(solution.labels))
