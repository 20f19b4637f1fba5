"""What a benchmark is asked to do, and in which order it does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.engines import require_engine
from segcore.errors import ParameterError
from segcore.records.solution import ENGINES
from segcore.records.sweep import SweepSpec

MAX_RUNS = 100
WORKS = ("fit", "silhouette")
SILHOUETTE_ENGINES = ("pointwise", "shared")


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """What a benchmark is to do: one sweep, by several engines in turn.

    Parameters
    ----------
    sweep : SweepSpec
        What is fitted, by the algorithm's default engine where it is fitted only to have labellings to measure.
    engines : tuple of str
        In the order they take turns.
    runs : int
        How often each engine does the whole grid.
    work : {"fit", "silhouette"}
    """

    sweep: SweepSpec
    engines: tuple[str, ...]
    runs: int
    work: str = "fit"

    @property
    def total_fits(self) -> int:
        """Number of fits, or silhouettes, warm-up not counted: what the job's progress counts up to."""
        return len(self.sweep.points) * len(self.engines) * self.runs

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the job: those of the sweep, its engine left out, among the others."""
        shared = {name: value for name, value in self.sweep.to_json().items() if name != "engine"}
        return {**shared, "engines": list(self.engines), "runs": self.runs, "work": self.work}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BenchmarkSpec:
        """Build the record from what ``to_json`` returned."""
        sweep = SweepSpec.from_json({**data, "engine": algorithm_named(data["algorithm"]).default_engine})
        return cls(sweep, tuple(data["engines"]), int(data["runs"]), data.get("work", "fit"))


def benchmark_spec(sweep: SweepSpec, *, engines: Sequence[str] | None = None, runs: int = 3, work: str = "fit") -> BenchmarkSpec:
    """Return what a benchmark is to do.

    Parameters
    ----------
    sweep : SweepSpec
        What to fit: from `segcore.sweeps.spec.make_spec`, checked against the data there.
    engines : sequence of str or None
        In the order they take turns; each once. ``None`` is all that can do the work.
    runs : int
        How often each engine does the whole grid, 1 to 100.
    work : {"fit", "silhouette"}
        Fit the grid, or measure the exact silhouette of its labellings: "pointwise" is scikit-learn's function for each point, "shared"
        one pass of the distances for all of them.

    Raises
    ------
    ParameterError
        Where an option is outside its domain.
    """
    known = engines_of(sweep.algorithm, work)
    engines = known if engines is None else engines
    if not engines:
        raise ParameterError(f"A benchmark needs at least one engine, such as {','.join(known)}.")
    if len(set(engines)) < len(engines):
        raise ParameterError(f"An engine is named twice in {','.join(engines)}: name each once, and use --runs to repeat.")
    for engine in engines:
        if engine not in known:
            raise ParameterError.unknown(f"engine for {'silhouettes' if work == 'silhouette' else sweep.algorithm}", engine, known)
        if work == "fit":
            require_engine(engine)
    if isinstance(runs, bool) or int(runs) != runs or not 1 <= runs <= MAX_RUNS:
        raise ParameterError.out_of_range("runs", runs, 1, MAX_RUNS)
    return BenchmarkSpec(sweep, tuple(engines), int(runs), work)


def engines_of(algorithm: str, work: str = "fit") -> tuple[str, ...]:
    """Return the engines that can take part, in the order of their turns; raises `ParameterError` where ``work`` is unknown."""
    if work not in WORKS:
        raise ParameterError.unknown("work", work, WORKS)
    if work == "silhouette":
        return SILHOUETTE_ENGINES
    return tuple(engine for engine in ENGINES if engine in algorithm_named(algorithm).engines)


def turns(engines: Sequence[str], runs: int) -> list[tuple[str, int]]:
    """Return the runs in their order, as (engine, number of its run from 1).

    The engines take turns, so that a machine that gets warmer, or busier, slows all of them alike.
    """
    return [(engine, run) for run in range(1, runs + 1) for engine in engines]
