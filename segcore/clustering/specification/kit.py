"""How the Intel kit's own command runs an algorithm and names its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segcore.records.grid import Point
from segcore.records.solution import Solution


def _in_the_grids_order(_: Point) -> float:
    """Return the same place for all points, so that sorting leaves them where they are."""
    return 0.0


@dataclass(frozen=True, slots=True)
class KitCommand:
    """What ``analyze`` needs to do what the kit's command does.

    Parameters
    ----------
    title : str
        What the kit's log calls the algorithm.
    point_text, file_name : str
        A point in the kit's log and in its files' names: formats of the parameters.
    estimator : callable (Solution, X) -> estimator
        Returns the fitted scikit-learn estimator of a solution with labels and arrays; ``X`` has the scaled rows.
    order : callable (point) -> float
        The order in which the kit fits the points, where it is not the grid's.
    """

    title: str
    point_text: str
    file_name: str
    estimator: Callable[[Solution, np.ndarray], object]
    order: Callable[[Point], float] = _in_the_grids_order
