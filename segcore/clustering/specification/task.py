"""Request to an algorithm: the rows, the points of a grid, and the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from segcore.clustering.engines import Proof
from segcore.clustering.specification.outcome import failed, skipped
from segcore.records.grid import Point
from segcore.records.solution import EngineName, Solution


def ignore(_: float) -> None:
    """Ignore progress."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepTask:
    """A request to fit points.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Scaled features.
    points : sequence of points
        Only the missing ones, each once.
    engine : {"stock", "intel", "shared"}
    seed : int
        Seed of every random draw.
    memory : int or None
        Bytes a fit may use; ``None`` means the machine's free memory. A point that needs more becomes a failed Solution.
    progress : callable
        Called with the index in ``points`` right before that point starts; for shared work, with the points that are
        given up if it kills the process.
    shared : callable
        Called with seconds of shared work that are in no point's ``fit_seconds``; the calls add up.
    threads : int or None
        How many cores to use, if other tasks run in parallel; ``None`` is all. Only k-means under ``shared`` uses fewer.
    """

    X: np.ndarray
    points: Sequence[Point]
    engine: EngineName
    seed: int = 0
    memory: int | None = None
    progress: Callable[[int], None] = ignore
    shared: Callable[[float], None] = ignore
    threads: int | None = None

    def one_by_one(
        self, fit: Callable[[Point], Solution], reason_to_skip: Callable[[Point], str | None] = lambda point: None
    ) -> Iterator[Solution]:
        """Yield what ``fit`` returns for each point; an error makes the point failed, a reason to skip it skipped."""
        for position, point in enumerate(self.points):
            self.progress(position)
            reason = reason_to_skip(point)
            if reason is not None:
                yield self.skipped(point, reason)
                continue
            try:
                solution = fit(point)
            except Exception as error:
                solution = self.failed(point, error)
            yield solution

    def solution(self, point: Point, labels: np.ndarray, proof: Proof, **fields: Any) -> Solution:
        """Return the Solution of a fitted point with its ``labels`` of shape (n_customers,); see `Solution` for the other fields."""
        return Solution.from_labels(
            labels,
            params=dict(point),
            engine=proof.engine,
            evidence=proof.evidence,
            seed=self.seed,
            fit_seconds=proof.seconds,
            **fields,
        )

    def failed(self, point: Point, error: BaseException) -> Solution:
        """Return the Solution of a point whose fit raised ``error``."""
        return failed(point, self.engine, self.seed, error)

    def skipped(self, point: Point, reason: str) -> Solution:
        """Return the Solution of a point that is impossible for these rows."""
        return skipped(point, self.engine, self.seed, reason)


class FitFunction(Protocol):
    """Fit the points of a task one by one."""

    def __call__(self, task: SweepTask) -> Iterator[Solution]:
        """Yield each point's Solution, not yet measured, as soon as it is fitted; in any order, each with its point as ``params``."""
        ...
