"""The Intel kit's way to run an algorithm and to name its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segcore.records.grid import Point
from segcore.records.solution import Solution


def _in_the_grids_order(_: Point) -> float:
    """Return the same rank for all points, so that sorting keeps their order."""
    return 0.0


@dataclass(frozen=True, slots=True)
class KitCommand:
    """Settings for ``analyze`` to do what the kit's command does.

    Parameters
    ----------
    title : str
        The algorithm's name in the kit's log.
    point_text, file_name : str
        A point in the kit's log and in its files' names: formats of the parameters.
    estimator : callable (Solution, X) -> estimator
        Returns the fitted scikit-learn estimator of a solution with labels and arrays; ``X`` has the scaled rows.
    order : callable (point) -> float
        The kit's order of the points, if it is not the grid's.
    """

    title: str
    point_text: str
    file_name: str
    estimator: Callable[[Solution, np.ndarray], object]
    order: Callable[[Point], float] = _in_the_grids_order
