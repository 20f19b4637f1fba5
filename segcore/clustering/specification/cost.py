"""What a sweep takes, estimated before it starts: operations by kind, bytes, and the small sweeps that measure a machine's speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from segcore.records.grid import Point
from segcore.records.solution import EngineName

FLOAT_BYTES = 8
FIT_WORK = 2e6
"""Operations that a fit takes besides those on its rows: checks, threads, records."""


class RowsToCost(Protocol):
    """What a cost may ask of the rows before they are clustered, answered from a sample of them."""

    @property
    def n_rows(self) -> int:
        """Rows to cluster, copies included."""
        ...

    @property
    def n_features(self) -> int:
        """Features of each."""
        ...

    def neighbours(self, eps: float) -> float:
        """Return how many rows lie within ``eps`` of a row, itself included, on average."""
        ...

    def dense_share(self, eps: float, min_samples: int) -> float:
        """Return the share of the rows, 0 to 1, with at least ``min_samples`` rows within ``eps``."""
        ...

    def near_share(self, eps: float) -> float:
        """Return the share of the rows, 0 to 1, that a search by boxes has to look at for what lies within ``eps`` of one row."""
        ...

    def iterations(self, n_clusters: int, tol: float) -> float:
        """Return about how many iterations k-means takes from one start."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What the points of a sweep take beyond the rows themselves.

    Parameters
    ----------
    work : mapping of str to float
        Operations by kind. A kind is the name of a `CalibrationTask`, which measures the seconds of an operation.
    point_bytes : tuple of int
        What each point takes while it is fitted alone.
    shared_bytes : int
        What work for several points takes, all of them together.
    kept_bytes : tuple of int
        What each point's Solution holds, labels left out, until it is in the store.
    clustered : tuple of float
        Share of the rows, 0 to 1, that are not noise at each point.
    remedy : str
        What to choose where it does not fit, such as "a smaller eps".
    """

    work: Mapping[str, float]
    point_bytes: tuple[int, ...]
    kept_bytes: tuple[int, ...]
    clustered: tuple[float, ...]
    shared_bytes: int = 0
    remedy: str = "fewer rows (a filter, or fewer repeats)"

    @classmethod
    def without_noise(cls, work: Mapping[str, float], point_bytes: Iterable[int], **fields: Any) -> Cost:
        """Build the cost of an algorithm whose solutions hold little more than labels and that leaves no row as noise."""
        each = tuple(point_bytes)
        return cls(work, each, (0,) * len(each), (1.0,) * len(each), **fields)


class CostFunction(Protocol):
    """Estimate what a sweep takes, from the rows' numbers and a sample of them; in a few tenths of a second, without scikit-learn."""

    def __call__(self, rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
        """Return the cost of fitting ``points``.

        Parameters
        ----------
        rows : RowsToCost
        points : sequence of points
        engine : {"stock", "intel", "shared"}
        memory : int or None
            Bytes that the fits may take, for work that adapts to what it is given; ``None`` is as much as it likes.
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
        As on the command line; the rest of the axes has one value.
    """

    kind: str
    engine: EngineName
    rows: int
    features: int
    grid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostModel:
    """How long an algorithm takes and how much memory.

    Parameters
    ----------
    estimate : CostFunction
        Counts what grows: rows, features, segments, iterations, neighbours.
    tasks : tuple of CalibrationTask
        One for each kind of work that ``estimate`` counts.
    """

    estimate: CostFunction
    tasks: tuple[CalibrationTask, ...]
