"""One request to an algorithm: which rows to cluster, at which points of a grid, on which engine."""

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
    """Report to nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepTask:
    """What an algorithm is asked to fit.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Scaled features.
    points : sequence of points
        Only those still missing, each once.
    engine : {"stock", "intel", "shared"}
    seed : int
        Of every random draw.
    memory : int or None
        Bytes a fit may take; ``None`` is what the machine has free. A point that needs more is a failed Solution.
    progress : callable
        Called with the index in ``points`` right before that point is begun; where work serves several points, for those that are to be
        given up should it kill the process.
    shared : callable
        Called with seconds of work that served several points and is in no point's ``fit_seconds``; each call adds to the last.
    """

    X: np.ndarray
    points: Sequence[Point]
    engine: EngineName
    seed: int = 0
    memory: int | None = None
    progress: Callable[[int], None] = ignore
    shared: Callable[[float], None] = ignore

    def one_by_one(
        self, fit: Callable[[Point], Solution], reason_to_skip: Callable[[Point], str | None] = lambda point: None
    ) -> Iterator[Solution]:
        """Yield what ``fit`` returns for each point; a point that it raises for is failed, one with a reason to skip it is skipped."""
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
        """Return the Solution of a point that makes no sense for these rows."""
        return skipped(point, self.engine, self.seed, reason)


class FitFunction(Protocol):
    """Fit the points of a task one after the other."""

    def __call__(self, task: SweepTask) -> Iterator[Solution]:
        """Yield each point's Solution, not yet measured, as soon as it is fitted; in any order, each with its point as ``params``."""
        ...
