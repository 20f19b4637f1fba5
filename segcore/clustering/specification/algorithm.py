"""A clustering algorithm: its parameters and engines, and how to sweep, cost, judge, show and score with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segcore.clustering.specification.cost import CostModel
from segcore.clustering.specification.kit import KitCommand
from segcore.clustering.specification.presentation import Criterion, Judging, Presentation, RadiusHint, Scoring
from segcore.clustering.specification.task import FitFunction, SweepTask, ignore
from segcore.errors import ParameterError
from segcore.records.grid import Grid, Point, Value
from segcore.records.params import Param
from segcore.records.solution import EngineName, Solution

_MOST_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class AlgorithmSpec:
    """A clustering algorithm.

    Parameters
    ----------
    name, title : str
        Its name in files, and on screen.
    words : str
        What it does, in one sentence for an analyst.
    params : tuple of Param
        In the order of a grid's axes; one with an empty default is used only if given.
    engines : tuple of {"stock", "intel", "shared"}
        The first one is the default.
    fit : FitFunction
        Fits the points of a `SweepTask`; `sweep` calls it.
    scoring : Scoring
    share_key : callable (point) -> tuple
        Points with equal keys share work under the engine ``shared``, so they belong on one machine.
    numbered : bool
        Whether segments are numbered by a stated rule, so that equal results have equal labels; else only the partition counts.
    keeps_to_threads : bool
        Whether fits under ``shared`` keep to ``SweepTask.threads``, so that sweeps of few rows can run side by side.
    scales_with_rows : tuple of str
        Parameters that count customers: among half of the rows, half the value describes the same density; see `thinned`.
    judging : Judging
    presentation : Presentation
    criteria : tuple of Criterion
        Numbers it computes for each solution besides the common measures.
    cost : CostModel or None
        Time and memory of a sweep; ``None`` counts only the rows and the measuring.
    radius : RadiusHint or None
        The radius that the app suggests from the data.
    kit : KitCommand or None
        How the Intel kit's command runs it, if it does.
    """

    name: str
    title: str
    words: str
    params: tuple[Param, ...]
    engines: tuple[EngineName, ...]
    fit: FitFunction
    scoring: Scoring
    share_key: Callable[[Point], tuple[Value, ...]]
    numbered: bool = False
    keeps_to_threads: bool = False
    scales_with_rows: tuple[str, ...] = ()
    judging: Judging = field(default_factory=Judging)
    presentation: Presentation = field(default_factory=Presentation)
    criteria: tuple[Criterion, ...] = ()
    cost: CostModel | None = None
    radius: RadiusHint | None = None
    kit: KitCommand | None = None

    def sweep(
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
        """Yield each point's Solution, not yet measured, as soon as it is fitted; see `SweepTask` for the parameters.

        Solutions come in any order, each with its point as ``params``.
        """
        return self.fit(SweepTask(X, points, engine, seed, memory, progress or ignore, shared or ignore))

    def thinned(self, point: Point, share: float) -> dict[str, Value]:
        """Return the point to fit to a random share of the rows so that its result is comparable with that of all rows.

        Parameters
        ----------
        point : Point
        share : float
            In (0, 1].

        Returns
        -------
        dict
            ``point`` with each parameter of ``scales_with_rows`` multiplied by ``share`` and rounded, at least the lowest allowed value.
        """
        scaled = {
            name: max(round(float(point[name]) * share), math.ceil(self.param(name).low)) for name in self.scales_with_rows if name in point
        }
        return {**point, **scaled}

    @property
    def default_engine(self) -> EngineName:
        """The engine that is used if none is given."""
        return self.engines[0]

    def default_grid(self) -> Grid:
        """Return the grid that app, command line and library begin with."""
        return self.grid_with({})

    def benchmark_axes(self) -> dict[str, tuple[Value, ...]]:
        """Return the values per parameter of the benchmark's grid, which is the Intel kit's for its algorithms; none if it is left out."""
        return {param.name: param.default if param.benchmark is None else param.benchmark for param in self.params}

    def benchmark_grid(self) -> Grid:
        """Return the grid of `benchmark_axes`."""
        return self._grid(self.benchmark_axes())

    def parse_axes(self, axes: Iterable[str]) -> dict[str, tuple[Value, ...]]:
        """Parse axes of a grid from texts such as ``n_clusters=2,3``.

        Raises
        ------
        ParameterError
            If a text is not ``name=value,value``, a name is not a parameter or given twice, or a value is outside its domain.
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
        return asked

    def parse_grid(self, axes: Iterable[str], *, benchmark: bool = False) -> Grid:
        """Parse a grid from texts; other axes keep their defaults, or those of the benchmark.

        Raises
        ------
        ParameterError
            As `parse_axes`, and if the grid has more than 10,000 points.
        """
        return self._grid({**(self.benchmark_axes() if benchmark else self._default_axes()), **self.parse_axes(axes)})

    def grid_with(self, axes: Mapping[str, Sequence[Value]]) -> Grid:
        """Return the default grid with some axes set.

        Parameters
        ----------
        axes : mapping of parameter to values

        Raises
        ------
        ParameterError
            If a name is not a parameter, a value is outside its domain, an axis has no value, or the grid has more than 10,000 points.
        """
        asked = {name: self.param(name).validate_axis(values) for name, values in axes.items()}
        return self._grid({**self._default_axes(), **asked})

    def _default_axes(self) -> dict[str, tuple[Value, ...]]:
        return {param.name: param.default for param in self.params}

    def _grid(self, axes: Mapping[str, tuple[Value, ...]]) -> Grid:
        grid = Grid.from_mapping({name: values for name, values in axes.items() if values})
        if len(grid) > _MOST_POINTS:
            raise ParameterError(f"The grid has {len(grid):,} points, but at most {_MOST_POINTS:,} are allowed: give fewer values.")
        return grid

    def _example(self) -> str:
        first = self.params[0]
        return f"{first.name}={','.join(str(value) for value in first.default[:3])}"

    def param(self, name: str) -> Param:
        """Return a parameter by its name, or raise `ParameterError` naming the known ones."""
        for param in self.params:
            if param.name == name:
                return param
        raise ParameterError.unknown(f"parameter of {self.title}", name, [param.name for param in self.params])

    def validate(self, point: Point) -> dict[str, Value]:
        """Return ``point`` with each value as its parameter's type, in the order of the algorithm's parameters.

        Raises
        ------
        ParameterError
            If a parameter is unknown, missing or outside its domain.
        """
        for name in point:
            self.param(name)
        missing = [param.name for param in self.params if not param.is_optional and param.name not in point]
        if missing:
            raise ParameterError(f"A solution of {self.title} also needs {' and '.join(missing)}, got {dict(point)!r}.")
        return {param.name: param.validate(point[param.name]) for param in self.params if param.name in point}
