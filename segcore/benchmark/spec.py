"""Specification of a benchmark, and the order of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.engines import require_engine
from segcore.errors import ParameterError
from segcore.records.grid import Point
from segcore.records.solution import ENGINES, EngineName
from segcore.records.sweep import SweepSpec

if TYPE_CHECKING:
    from segcore.clustering.specification.cost import RowsToCost
    from segcore.sweeps.cost.calibration import Calibration

MAX_RUNS = 100
WORKS = ("fit", "silhouette")
SILHOUETTE_ENGINES = ("pointwise", "shared")


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """Specification of a benchmark: one sweep, computed by several engines in turn.

    Parameters
    ----------
    sweep : SweepSpec
        What to fit; the algorithm's default engine fits it if only its labellings are measured.
    engines : tuple of str
        In the order of their turns.
    runs : int
        Number of times that each engine computes the whole grid.
    work : {"fit", "silhouette"}
    """

    sweep: SweepSpec
    engines: tuple[str, ...]
    runs: int
    work: str = "fit"

    @property
    def total_fits(self) -> int:
        """Number of fits or silhouettes without the warm-up: the total of the job's progress."""
        return len(self.sweep.points) * len(self.engines) * self.runs

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the job: those of the sweep without its engine, and the benchmark's."""
        shared = {name: value for name, value in self.sweep.to_json().items() if name != "engine"}
        return {**shared, "engines": list(self.engines), "runs": self.runs, "work": self.work}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BenchmarkSpec:
        """Build the record from the output of ``to_json``."""
        sweep = SweepSpec.from_json({**data, "engine": algorithm_named(data["algorithm"]).default_engine})
        return cls(sweep, tuple(data["engines"]), int(data["runs"]), data.get("work", "fit"))


def benchmark_spec(sweep: SweepSpec, *, engines: Sequence[str] | None = None, runs: int = 3, work: str = "fit") -> BenchmarkSpec:
    """Build the specification of a benchmark.

    Parameters
    ----------
    sweep : SweepSpec
        What to fit: from `segcore.sweeps.spec.make_spec`, checked against the data there.
    engines : sequence of str or None
        In the order of their turns, without duplicates; ``None`` means all engines for the work.
    runs : int
        Number of times that each engine computes the whole grid, 1 to 100.
    work : {"fit", "silhouette"}
        Fit the grid, or measure the exact silhouettes of its labellings: "pointwise" calls scikit-learn's function for each point,
        "shared" makes one pass over the distances for all points.

    Raises
    ------
    ParameterError
        If an option is outside its domain.
    """
    known = engines_of(sweep.algorithm, work)
    engines = known if engines is None else engines
    if not engines:
        raise ParameterError(f"A benchmark needs at least one engine, such as {','.join(known)}.")
    if len(set(engines)) < len(engines):
        raise ParameterError(f"An engine is named twice in {','.join(engines)}: name each once, and repeat runs with --runs.")
    for engine in engines:
        if engine not in known:
            raise ParameterError.unknown(f"engine for {'silhouettes' if work == 'silhouette' else sweep.algorithm}", engine, known)
        if work == "fit":
            require_engine(engine)
    if isinstance(runs, bool) or int(runs) != runs or not 1 <= runs <= MAX_RUNS:
        raise ParameterError.out_of_range("runs", runs, 1, MAX_RUNS)
    return BenchmarkSpec(sweep, tuple(engines), int(runs), work)


def engines_of(algorithm: str, work: str = "fit") -> tuple[str, ...]:
    """Return the engines that can take part, in the order of their turns; raise `ParameterError` if ``work`` is unknown."""
    if work not in WORKS:
        raise ParameterError.unknown("work", work, WORKS)
    if work == "silhouette":
        return SILHOUETTE_ENGINES
    return tuple(engine for engine in ENGINES if engine in algorithm_named(algorithm).engines)


def estimated_seconds(
    rows: RowsToCost, algorithm: str, points: Sequence[Point], engines: Sequence[EngineName], runs: int, calibration: Calibration | None
) -> float | None:
    """Return about how long all fits of a benchmark take, start-up included; None if that is unknown for an engine.

    Parameters
    ----------
    rows : RowsToCost
        Such as `segcore.sweeps.cost.sampled_rows.SampledRows.of` a table and a plan.
    algorithm, points, engines, runs
        See `benchmark_spec`.
    calibration : Calibration or None
        Of this machine.
    """
    from segcore.sweeps.cost.estimate import estimate_sweep

    found = [estimate_sweep(rows, algorithm, points, engine, calibration=calibration, measured=False).seconds for engine in engines]
    known = [seconds for seconds in found if seconds is not None]
    return runs * sum(known) if len(known) == len(found) else None


def turns(engines: Sequence[str], runs: int) -> list[tuple[str, int]]:
    """Return the runs in order, each as (engine, number of the run from 1).

    The engines take turns, so that a machine that gets warmer or busier slows all of them equally.
    """
    return [(engine, run) for run in range(1, runs + 1) for engine in engines]
