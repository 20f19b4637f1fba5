"""Judging, scoring and presentation of an algorithm's results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from segcore.clustering.specification.discriminants import Discriminants
from segcore.records.grid import Point, Value


def _no_preference(_: Point) -> tuple[float, ...]:
    """Return the same rank for all points."""
    return ()


@dataclass(frozen=True, slots=True)
class Scoring:
    """Assignment of new customers to the segments of a solution.

    Parameters
    ----------
    assign : callable (X, arrays, params) -> ndarray of shape (n_customers,), int32
        Returns labels of new rows from a Solution's arrays.
    words : str
        The rule, in one sentence.
    steps : str
        How to apply it with the saved arrays alone, for scoring elsewhere.
    probabilities : callable (X, arrays, params) -> ndarray of shape (n_customers, n_segments), float64, or None
        Returns the probability of each segment, of algorithms that have one.
    components : callable (arrays, params, centre, axes) -> ndarrays of shape (n_segments, k) and (n_segments, k, k), or None
        Returns the mean and covariance of each segment's own distribution after ``(X - centre) @ axes.T``, of mixtures; ``axes`` has the
        shape (k, n_features).
    discriminants : callable (arrays, params) -> Discriminants, or None
        Returns the functions that ``assign`` compares, of algorithms that assign by each segment's own numbers; ``None`` if new customers
        are compared with those that were clustered.
    """

    assign: Callable[[np.ndarray, Mapping[str, np.ndarray], Mapping[str, Value]], np.ndarray]
    words: str
    steps: str
    probabilities: Callable[[np.ndarray, Mapping[str, np.ndarray], Mapping[str, Value]], np.ndarray] | None = None
    components: Callable[[Mapping[str, np.ndarray], Mapping[str, Value], np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None = (
        None
    )
    discriminants: Callable[[Mapping[str, np.ndarray], Mapping[str, Value]], Discriminants] | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """A number that an algorithm computes for each solution besides the common measures; lower is better.

    Parameters
    ----------
    name : str
        Its name in ``Solution.criteria``, in tables and in files.
    title, unit, reading : str
        Its title on screen, its unit, and how to read it in one sentence.
    decimals : int
        Number of decimals to show.
    """

    name: str
    title: str
    unit: str
    reading: str
    decimals: int = 2

    def text(self, value: float) -> str:
        """Format a value for a sentence."""
        return f"{value:,.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class Judging:
    """The rule that chooses the recommended solution.

    Parameters
    ----------
    by : str
        "inertia": the elbow of inertia and the silhouette together. "silhouette": that alone. Otherwise the name of one of the algorithm's
        criteria: the solution with its lowest value.
    size : str
        The parameter that sets the number of segments; inertia and a criterion are compared over its values.
    preference : callable (point) -> tuple of float
        Ranks points that are equally good: the largest first.
    """

    by: str = "silhouette"
    size: str = ""
    preference: Callable[[Point], tuple[float, ...]] = _no_preference


@dataclass(frozen=True, slots=True)
class Presentation:
    """Presentation of an algorithm's solutions on screen.

    Parameters
    ----------
    measures : tuple of str
        Measures that Explore shows first: names of ``sweeps.points.metrics()``.
    mapped_over : str
        The horizontal parameter if measures are shown as maps over two axes; "" shows curves over the first parameter.
    noise : str
        What makes customers noise, to follow ``12 customers``; "" if there is no noise.
    finds_more : str
        What lets it find segments where it found none, to follow "Try k-means, or"; "" if it always finds some.
    tree_distance : str
        Title of the heights of its tree, if its solutions have the arrays ``plots.dendrogram.ARRAYS``; else "".
    """

    measures: tuple[str, ...] = ("inertia", "silhouette")
    mapped_over: str = ""
    noise: str = ""
    finds_more: str = ""
    tree_distance: str = ""


@dataclass(frozen=True, slots=True)
class RadiusHint:
    """A radius whose initial values come from the k-distance curve of the chosen features.

    Parameters
    ----------
    param : str
        The parameter, in scaled units.
    neighbours : int
        The neighbour whose distance the curve shows, counting the customer itself.
    factors : tuple of float
        The values to try, as multiples of the distance at which the curve bends.
    """

    param: str
    neighbours: int
    factors: tuple[float, ...]
