"""How an algorithm's results are judged, scored with and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from segcore.records.grid import Point, Value


def _no_preference(_: Point) -> tuple[float, ...]:
    """Return the same rank for all points."""
    return ()


@dataclass(frozen=True, slots=True)
class Scoring:
    """How new customers are assigned to the segments of a solution.

    Parameters
    ----------
    assign : callable (X, arrays, params) -> ndarray of shape (n_customers,), int32
        Labels of new rows from a Solution's arrays.
    words : str
        How, in one sentence.
    steps : str
        How to do that with the saved arrays alone, for people who score elsewhere.
    """

    assign: Callable[[np.ndarray, Mapping[str, np.ndarray], Mapping[str, Value]], np.ndarray]
    words: str
    steps: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """A number that an algorithm itself computes for each solution, next to the measures that all have; lower is better.

    Parameters
    ----------
    name : str
        Its name in ``Solution.criteria``, in tables and in files.
    title, unit, reading : str
        What a screen calls it, its unit, and how to read it in one sentence.
    decimals : int
        How many to show.
    """

    name: str
    title: str
    unit: str
    reading: str
    decimals: int = 2

    def text(self, value: float) -> str:
        """Return a value as a sentence has it."""
        return f"{value:,.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class Judging:
    """What the recommended point is taken from.

    Parameters
    ----------
    by : str
        "inertia": the elbow of inertia and the silhouette together. "silhouette": that alone. Else the name of one of the algorithm's
        criteria: the point where it is lowest.
    size : str
        The parameter that says how many segments to make; inertia and a criterion are compared over its values.
    preference : callable (point) -> tuple of float
        Ranks points that are equally good: the largest first.
    """

    by: str = "silhouette"
    size: str = ""
    preference: Callable[[Point], tuple[float, ...]] = _no_preference


@dataclass(frozen=True, slots=True)
class Presentation:
    """What screens show of an algorithm's solutions.

    Parameters
    ----------
    measures : tuple of str
        What Explore shows first: names of ``sweeps.points.metrics()``.
    mapped_over : str
        The parameter that runs from left to right where measures are shown as maps over two axes; "" shows curves over the first one.
    noise : str
        What is true of customers who are noise, for ``12 customers …``; "" where none can be.
    tree_distance : str
        What the heights of its tree are, where its solutions have the arrays ``plots.dendrogram.ARRAYS``; "" where they have none.
    """

    measures: tuple[str, ...] = ("inertia", "silhouette")
    mapped_over: str = ""
    noise: str = ""
    tree_distance: str = ""


@dataclass(frozen=True, slots=True)
class RadiusHint:
    """A radius whose first values the app reads from the k-distance curve of the chosen features.

    Parameters
    ----------
    param : str
        The parameter, in scaled units.
    neighbours : int
        The neighbour whose distance the curve shows, the customer itself counted.
    factors : tuple of float
        The values to try, as multiples of the distance at which the curve bends.
    """

    param: str
    neighbours: int
    factors: tuple[float, ...]
