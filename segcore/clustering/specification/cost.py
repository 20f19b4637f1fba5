"""Cost of a sweep: operations by kind, bytes, and the small sweeps that measure a machine's speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from segcore.records.grid import Point
from segcore.records.solution import EngineName

FLOAT_BYTES = 8
FIT_WORK = 2e6
"""Operations of a fit besides those on its rows: checks, threads, records."""


class RowsToCost(Protocol):
    """Properties of the rows that a cost depends on, estimated from a sample before clustering."""

    @property
    def n_rows(self) -> int:
        """Rows to cluster, copies included."""
        ...

    @property
    def n_features(self) -> int:
        """Features per row."""
        ...

    def neighbours(self, eps: float) -> float:
        """Return the average number of rows within ``eps`` of a row, itself included."""
        ...

    def dense_share(self, eps: float, min_samples: int) -> float:
        """Return the share of the rows, 0 to 1, with at least ``min_samples`` rows within ``eps``."""
        ...

    def near_share(self, eps: float) -> float:
        """Return the share of the rows, 0 to 1, that a search by boxes examines for the neighbours within ``eps`` of one row."""
        ...

    def iterations(self, n_clusters: int, tol: float) -> float:
        """Estimate the iterations of k-means from one start."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """Work and memory of a sweep's points, besides the rows themselves.

    Parameters
    ----------
    work : mapping of str to float
        Operations by kind. A kind is the name of a `CalibrationTask`, which measures the seconds per operation.
    point_bytes : tuple of int
        Memory of each point while it is fitted alone.
    shared_bytes : int
        Memory of the shared work of several points.
    kept_bytes : tuple of int
        Memory of each point's Solution without labels, until it is stored.
    clustered : tuple of float
        Share of the rows, 0 to 1, that are not noise at each point.
    remedy : str
        What to choose if it does not fit, such as "a smaller eps".
    """

    work: Mapping[str, float]
    point_bytes: tuple[int, ...]
    kept_bytes: tuple[int, ...]
    clustered: tuple[float, ...]
    shared_bytes: int = 0
    remedy: str = "fewer rows (a filter, or fewer copies)"

    @classmethod
    def without_noise(cls, work: Mapping[str, float], point_bytes: Iterable[int], **fields: Any) -> Cost:
        """Build the cost of an algorithm without noise, whose solutions hold little more than labels."""
        each = tuple(point_bytes)
        return cls(work, each, (0,) * len(each), (1.0,) * len(each), **fields)


class CostFunction(Protocol):
    """Estimate of a sweep's cost from the rows' number and a sample; takes a few tenths of a second, without scikit-learn."""

    def __call__(self, rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
        """Return the cost of fitting ``points``.

        Parameters
        ----------
        rows : RowsToCost
        points : sequence of points
        engine : {"stock", "intel", "shared"}
        memory : int or None
            Bytes that the fits may use, for work that adapts to its limit; ``None`` means no limit.
        """
        ...


@dataclass(frozen=True, slots=True)
class CalibrationTask:
    """A small sweep that measures the speed of one kind of work.

    Parameters
    ----------
    kind : str
        As in ``Cost.work``.
    engine : {"stock", "intel", "shared"}
    rows, features : int
    grid : tuple of str
        As on the command line; the other axes have one value.
    """

    kind: str
    engine: EngineName
    rows: int
    features: int
    grid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostModel:
    """Time and memory of an algorithm.

    Parameters
    ----------
    estimate : CostFunction
        Counts operations by rows, features, segments, iterations and neighbours.
    tasks : tuple of CalibrationTask
        One per kind of work that ``estimate`` counts.
    """

    estimate: CostFunction
    tasks: tuple[CalibrationTask, ...]
