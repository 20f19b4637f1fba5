"""Map of customers: the position and segment of each, and where the segments are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import StoreError
from segcore.features.assemble import assemble
from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.segments.maps.neighbour_layout import NeighbourLayout, NeighbourMethod
from segcore.segments.maps.principal_plane import PrincipalPlane, principal_plane
from segcore.segments.maps.stored_layout import clustered_values, fitted_preparation, known_layout
from segcore.store.store import Store
from segcore.wording.findings import refusal
from segcore.wording.maps import METHODS, NEIGHBOURS_ONLY, Method
from segcore.wording.numbers import counted, percent_text, segment_title

if TYPE_CHECKING:
    import pyarrow as pa

MadeOf = Literal["features", "dimensions of vectors", "features of taste"]
Components = Callable[[PrincipalPlane], tuple[np.ndarray, np.ndarray]]
"""Returns the means, shape (n_components, 2), and the covariances, shape (n_components, 2, 2), of a mixture on a plane."""
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
_MOST_ON_AXIS = 3
_WORTH_NAMING = 0.5  # of the largest absolute loading


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Where a segment is on a map of principal components.

    Parameters
    ----------
    customers : int
    mean : ndarray of shape (2,), float64
        Mean of its customers or, for a mixture, of its component.
    covariance : ndarray of shape (2, 2), float64, or None
        For a mixture, that of its component; otherwise that of its customers with ddof 1, or ``None`` for fewer than three.
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
    """Customers on a plane, with their segments.

    Parameters
    ----------
    customers : ndarray of shape (n_customers,), object
        Ids, as text.
    places : ndarray of shape (n_customers, 2), float64
        Scores on the first two principal components, in the units of the values that were clustered, each with the mean 0; or a layout that
        keeps neighbours together, which has no meaningful unit.
    labels : ndarray of shape (n_customers,), int
        Segments; -1 is noise.
    shares : tuple of two floats, or None
        Share of the variance along each principal component, 0 to 1.
    areas : mapping of segment to Area
        Of all its customers, or of its component of a mixture; noise has none, and maps that only keep neighbours together have none at
        all.
    shown : ndarray of shape (n_shown,), int
        Customers to draw, ascending: all, or a sample of more than 5,000.
    dimensions : int
        Number of the features that were clustered.
    made_of : {"features", "dimensions of vectors", "features of taste"}
        Kind of these features.
    method : {"pca", "tsne", "umap"}
    axes : tuple of two str
        The features with the largest loadings on each principal component: "Net spend +, Recency −"; "" if no feature's name is
        informative.
    laid_out, different : int
        See `segcore.segments.maps.neighbour_layout.NeighbourLayout`; 0 for principal components.
    of_mixture : bool
        Whether the areas are the components of a mixture.
    kept_colours : mapping of segment to int
        See `segcore.segments.profiles.segment_order.colour_places`.
    """

    customers: np.ndarray
    places: np.ndarray
    labels: np.ndarray
    shares: tuple[float, float] | None
    areas: Mapping[int, Area]
    shown: np.ndarray
    dimensions: int
    made_of: MadeOf = "features"
    method: Method = "pca"
    axes: tuple[str, str] = ("", "")
    laid_out: int = 0
    different: int = 0
    of_mixture: bool = False
    kept_colours: Mapping[int, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What the map shows, in words: how much of the differences between customers, or only that neighbours are kept together."""
        made = counted(self.dimensions, _ONE[self.made_of], self.made_of)
        if self.shares is not None:
            first, second = self.shares
            return (
                f"The map shows {percent_text(first + second)} of the variance of the {made} as clustered: {percent_text(first)} from left "
                f"to right, {percent_text(second)} from bottom to top."
            )
        placed = (
            f" {self.laid_out:,} of {self.different:,} different customers were laid out together, and each of the others is placed among "
            "those most like it."
        )
        kept = f"This {METHODS[self.method]} map keeps customers together who are alike in the {made} as clustered."
        return f"{kept}{placed if self.laid_out < self.different else ''}"

    @property
    def caution(self) -> str:
        """What distances on the map mean, and what they do not mean, in words."""
        if self.shares is None:
            return NEIGHBOURS_ONLY
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


def draw_sample(labels: np.ndarray, *, most: int = MOST_SHOWN, least: int = LEAST_OF_EACH, seed: int = 0) -> np.ndarray:
    """Return which customers to draw, ascending: all if there are at most ``most``, else a sample by segment.

    Each segment, and the noise, has ``least`` customers, or all if there are fewer; the rest of ``most`` is divided in proportion to their
    sizes.

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


def linear_map(rows: FeatureTable, preparation: Preparation, labels: np.ndarray, *, components: Components | None = None) -> CustomerMap:
    """Map customers by the first two principal components of the values that were clustered, without copies.

    Parameters
    ----------
    rows : FeatureTable
        The rows that were clustered, unscaled.
    preparation : Preparation
        With which the rows were clustered.
    labels : ndarray of shape (n_rows,), int
    components : callable or None
        Returns a mixture's components on the plane, in the order of the labels; with ``None``, areas are measured from each segment's
        customers.
    """
    customers, own = _once(rows, labels)
    plane = principal_plane(clustered_values(rows, preparation))
    areas = _areas(plane.places, own)
    if components is not None:
        means, covariances = components(plane)
        areas = {label: Area(area.customers, means[label], covariances[label]) for label, area in areas.items()}
    return CustomerMap(
        customers,
        plane.places,
        own,
        plane.shares,
        areas,
        draw_sample(own),
        len(rows.names),
        _made_of(rows),
        axes=_axes(rows, plane.loadings),
        of_mixture=components is not None,
    )


def neighbour_map(rows: FeatureTable, labels: np.ndarray, layout: NeighbourLayout, method: NeighbourMethod) -> CustomerMap:
    """Map customers by a layout that keeps neighbours together.

    Parameters
    ----------
    rows : FeatureTable
        The rows that were laid out, copies included.
    labels : ndarray of shape (n_rows,), int
    layout : NeighbourLayout
        Of the customers, without copies.
    method : {"tsne", "umap"}
    """
    customers, own = _once(rows, labels)
    return CustomerMap(
        customers,
        layout.places,
        own,
        None,
        {},
        draw_sample(own),
        len(rows.names),
        _made_of(rows),
        method,
        laid_out=layout.laid_out,
        different=layout.different,
    )


def _once(rows: FeatureTable, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    originals = np.asarray(rows.copies) == 0
    return rows.customers[originals], np.asarray(labels)[originals]


def _made_of(rows: FeatureTable) -> MadeOf:
    names = set(rows.names)
    if not names <= rows.learned_names:
        return "features"
    return "dimensions of vectors" if names <= rows.dimensions else "features of taste"


def _axes(rows: FeatureTable, loadings: np.ndarray) -> tuple[str, str]:
    """Return the features with the largest loadings on each component, with their signs."""
    titles = unique_titles(entry for entry in rows.dictionary if entry.name in rows.names)

    def named(loading: np.ndarray) -> str:
        sizes = np.abs(loading)
        order = np.argsort(-sizes, kind="stable")[:_MOST_ON_AXIS]
        kept = [at for at in order.tolist() if sizes[at] > 0 and sizes[at] >= _WORTH_NAMING * sizes.max()]
        words = ((rows.names[at], "+" if loading[at] > 0 else "−") for at in kept)
        return ", ".join(f"{titles.get(name, name)} {sign}" for name, sign in words if name not in rows.dimensions)

    first, second = (named(loading) for loading in loadings)
    return first, second


def _areas(places: np.ndarray, labels: np.ndarray) -> dict[int, Area]:
    return {label: _area(places[labels == label]) for label in np.unique(labels).tolist() if label != NOISE}


def _area(places: np.ndarray) -> Area:
    enough = len(places) >= _LEAST_IN_ELLIPSE
    return Area(len(places), places.mean(axis=0), np.cov(places, rowvar=False, ddof=1) if enough else None)


def map_of(
    store: Store, sweep_id: str, position: int, *, method: Method = "pca", rows: Callable[[], FeatureTable] | None = None
) -> CustomerMap:
    """Map the customers of a solution.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    method : {"pca", "tsne", "umap"}
        See `linear_map` and `neighbour_map`; a layout that keeps neighbours together must have been made before: see
        `segcore.segments.maps.stored_layout.make_layout`.
    rows : callable or None
        Returns the rows that were clustered, if the caller has them.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no labels; if the layout has not been made.
    """
    sweep, solution = store.sweep(sweep_id), store.labelled_solution(sweep_id, position)
    found = _map_of(store, sweep, solution, method, rows)
    return replace(found, kept_colours=store.segment_colours(sweep_id, point_key(solution.params)))


def _map_of(store: Store, sweep: Sweep, solution: Solution, method: Method, rows: Callable[[], FeatureTable] | None) -> CustomerMap:
    preparation, labels = fitted_preparation(sweep), np.asarray(solution.labels)
    clustered = assemble(store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan).table if rows is None else rows()
    if method != "pca":
        layout = known_layout(store, sweep, method)
        if layout is None:
            customers = int((np.asarray(clustered.copies) == 0).sum())
            raise refusal("map.not_made", kind=StoreError, method=method, customers=customers)
        return neighbour_map(clustered, labels, layout, method)
    project = algorithm(sweep.spec.algorithm).scoring.components
    if project is None:
        return linear_map(clustered, preparation, labels)

    def components(plane: PrincipalPlane) -> tuple[np.ndarray, np.ndarray]:
        return project(solution.arrays, solution.params, plane.centre, plane.loadings)

    return linear_map(clustered, preparation, labels, components=components)
