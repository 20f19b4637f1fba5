"""Fit the points of a grid again to some of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.task import SweepTask
from segcore.records.grid import Point, point_key
from segcore.records.solution import Solution
from segcore.system.cores import take_rows


def refit(
    algorithm: AlgorithmSpec,
    X: np.ndarray,
    rows: np.ndarray,
    points: Sequence[Point],
    *,
    seed: int,
    memory: int | None = None,
    threads: int | None = None,
) -> list[Solution]:
    """Return the solution of each point on some of the rows, in the order of ``points``.

    Parameters
    ----------
    algorithm : AlgorithmSpec
        Runs with its default engine.
    X : ndarray of shape (n_customers, n_features), float64
        Scaled features of all customers; the rows keep their scale.
    rows : ndarray of shape (n_drawn,), int
        A random draw, each row once, so that ``n_drawn / n_customers`` of the density is left; see `AlgorithmSpec.thinned`.
    points : sequence of points
        Points that become equal after thinning are fitted once.
    seed, memory, threads : int, int or None, int or None
        See `SweepTask`.
    """
    share = len(rows) / len(X)
    thinned = [algorithm.thinned(point, share) for point in points]
    wanted = list({point_key(point): point for point in thinned}.values())
    task = SweepTask(take_rows(X, rows), wanted, algorithm.default_engine, seed, memory, threads=threads)
    found = {point_key(solution.params): solution for solution in algorithm.fit(task)}
    return [found[point_key(point)] for point in thinned]
