"""What an algorithm is to the rest of segcore: its parameters, who can run it, how to sweep it and how to score with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from segcore.errors import ParameterError
from segcore.records.grid import Grid, Point, Value
from segcore.records.params import Param
from segcore.records.solution import EngineName, Solution

_MOST_POINTS = 10_000


class SweepFunction(Protocol):
    """Fit the points of a grid one after the other."""

    def __call__(
        self,
        X: np.ndarray,
        points: Sequence[Point],
        engine: EngineName,
        *,
        seed: int = 0,
        memory: int | None = None,
        progress: Callable[[int], None] | None = None,
        shared: Callable[[float], None] | None = None,
    ) -> Iterator[Solution]:
        """Yield each point's Solution, not yet measured, as soon as it is fitted; in any order, each with its point as ``params``.

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
            Bytes a fit may take; ``None`` is what the machine has free. A point that cannot do with it is a failed Solution.
        progress : callable or None
            Called with the index in ``points`` right before that point is begun; where work serves several points, for those that
            are to be given up should it kill the process.
        shared : callable or None
            Called with seconds of work that served several points and stands in none's ``fit_seconds``; each call adds to the last.
        """
        ...


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
        Operations by kind. A kind is the name of one of ``cost.calibration.TASKS``, which measures the seconds of an operation.
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
            Bytes that the fits may take, for work that makes do with what it is given; ``None`` is as much as it likes.
        """
        ...


@dataclass(frozen=True, slots=True)
class AlgorithmSpec:
    """One clustering algorithm.

    Parameters
    ----------
    name, title : str
        What files and people call it.
    words : str
        What it does, in one sentence for an analyst.
    params : tuple of Param
        In the order of a grid's axes; one with an empty default is left out of grids unless asked for.
    engines : tuple of {"stock", "intel", "shared"}
        The first one is the default.
    sweep : SweepFunction
    assign : callable (X, arrays, params) -> ndarray of shape (n_customers,), int32
        Labels of new rows from a Solution's arrays.
    scoring : str
        How new customers are assigned, in one sentence.
    steps : str
        How to do that with the saved arrays alone, for people who score elsewhere.
    share_key : callable (point) -> tuple
        Points with equal keys share work under the engine ``shared``, so they belong on one machine.
    judged_by : {"inertia", "silhouette", "bic"}
        What the recommended point is taken from.
    numbered : bool
        Whether segments are numbered by a stated rule, so that equal results have equal labels; else only the partition counts.
    measures : tuple of str
        What Explore shows first: names of ``plots.points.METRICS``.
    mapped : bool
        Whether measures are shown as maps over two axes rather than as curves over the first one.
    cost : CostFunction or None
        What a sweep takes, estimated before it starts; ``None`` counts the rows and the measuring alone.
    """

    name: str
    title: str
    words: str
    params: tuple[Param, ...]
    engines: tuple[EngineName, ...]
    sweep: SweepFunction
    assign: Callable[[np.ndarray, Mapping[str, np.ndarray], Mapping[str, Value]], np.ndarray]
    scoring: str
    steps: str
    share_key: Callable[[Point], tuple[Value, ...]]
    judged_by: Literal["inertia", "silhouette", "bic"] = "silhouette"
    numbered: bool = False
    measures: tuple[str, ...] = ("inertia", "silhouette")
    mapped: bool = False
    cost: CostFunction | None = None

    @property
    def default_engine(self) -> EngineName:
        """The engine that is taken where none is named."""
        return self.engines[0]

    def default_grid(self) -> Grid:
        """Return the Intel kit's grid."""
        return Grid.from_mapping({param.name: param.default for param in self.params if param.default})

    def parse_grid(self, axes: Iterable[str]) -> Grid:
        """Read a grid from texts such as ``n_clusters=2,3``; axes that are not named keep their defaults.

        Raises
        ------
        ParameterError
            Where a text is not ``name=value,value``, the name is not a parameter or given twice, a value is outside its domain, or
            the grid has more than 10,000 points.
        """
        asked: dict[str, tuple[Value, ...]] = {}
        for text in axes:
            name, sign, values = text.partition("=")
            name = name.strip()
            if not sign:
                raise ParameterError(f"A grid's axis is written name=value,value, such as {self._example()}; got {text!r}.")
            if name in asked:
                raise ParameterError(f"The grid names {name} twice: give all its values in one list.")
            asked[name] = self.param(name).parse_axis(values)
        chosen = {param.name: asked.get(param.name, param.default) for param in self.params}
        grid = Grid.from_mapping({name: values for name, values in chosen.items() if values})
        if len(grid) > _MOST_POINTS:
            raise ParameterError(f"The grid has {len(grid):,} points, and {_MOST_POINTS:,} are the most: give fewer values.")
        return grid

    def _example(self) -> str:
        first = self.params[0]
        return f"{first.name}={','.join(str(value) for value in first.default[:3])}"

    def param(self, name: str) -> Param:
        """Return one parameter by its name, or raise `ParameterError` naming those there are."""
        for param in self.params:
            if param.name == name:
                return param
        raise ParameterError.unknown(f"parameter of {self.title}", name, [param.name for param in self.params])

    def validate(self, point: Point) -> dict[str, Value]:
        """Return ``point`` with each value as its parameter's type, in the order of the algorithm's parameters.

        Raises
        ------
        ParameterError
            Where a parameter is unknown, missing or outside its domain.
        """
        for name in point:
            self.param(name)
        missing = [param.name for param in self.params if param.default and param.name not in point]
        if missing:
            raise ParameterError(f"A point of {self.title} needs {' and '.join(missing)} too, got {dict(point)!r}.")
        return {param.name: param.validate(point[param.name]) for param in self.params if param.name in point}
