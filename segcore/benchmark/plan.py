"""What a benchmark is asked to do, and in which order it does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.errors import ParameterError
from segcore.records.grid import Point
from segcore.records.preparation import Outliers, Scaler, Transform
from segcore.records.solution import ENGINES
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.sweeps.plan import make_spec

BenchmarkSpec = dict[str, Any]
MAX_RUNS = 100
WORKS = ("fit", "silhouette")
SILHOUETTE_ENGINES = ("pointwise", "shared")


def benchmark_spec(
    store: Store,
    table: str,
    data: Mapping[str, Any],
    *,
    features: Sequence[str],
    outliers: Outliers = "kit",
    repeats: int = 1,
    scaler: Scaler = "standard",
    algorithm: str = "kmeans",
    points: Sequence[Point],
    engines: Sequence[str] | None = None,
    runs: int = 3,
    work: str = "fit",
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    transforms: Mapping[str, Transform] | None = None,
) -> BenchmarkSpec:
    """Return what a benchmark is to do, as plain values for its job, everything in it checked against the data.

    Parameters
    ----------
    store, table, data, features, outliers, repeats, scaler, algorithm, points, seed, weights, transforms
        See ``sweep.make_spec``: a benchmark fits what a sweep fits.
    engines : sequence of str or None
        In the order they take turns; each once. ``None`` is all there are for the work.
    runs : int
        How often each engine does the whole grid, 1 to 100.
    work : {"fit", "silhouette"}
        Fit the grid, or measure the exact silhouette of its labellings: "pointwise" is scikit-learn's function for each point, "shared"
        one pass of the distances for all of them.

    Raises
    ------
    ParameterError, DataError
        Where an option is outside its domain, or there is too little to cluster.
    """
    known = engines_of(algorithm, work)
    engines = known if engines is None else engines
    if not engines:
        raise ParameterError(f"A benchmark needs at least one engine, such as {','.join(known)}.")
    if len(set(engines)) < len(engines):
        raise ParameterError(f"An engine is named twice in {','.join(engines)}: name each once, and use --runs to repeat.")
    for engine in engines:
        if engine not in known:
            raise ParameterError.unknown(f"engine for {'silhouettes' if work == 'silhouette' else algorithm}", engine, known)
    if isinstance(runs, bool) or int(runs) != runs or not 1 <= runs <= MAX_RUNS:
        raise ParameterError.out_of_range("runs", runs, 1, MAX_RUNS)
    specs = [
        make_spec(
            store,
            table,
            data,
            features=features,
            outliers=outliers,
            repeats=repeats,
            scaler=scaler,
            algorithm=algorithm,
            points=points,
            engine=engine,
            seed=seed,
            weights=weights,
            transforms=transforms,
        )
        for engine in ((None,) if work == "silhouette" else engines)
    ]
    shared = {name: value for name, value in specs[0].to_json().items() if name != "engine"}
    return {**shared, "engines": list(engines), "runs": int(runs), "work": work}


def engines_of(algorithm: str, work: str = "fit") -> tuple[str, ...]:
    """Return the engines that can take part, in the order of their turns; raises `ParameterError` where ``work`` is unknown."""
    if work not in WORKS:
        raise ParameterError.unknown("work", work, WORKS)
    if work == "silhouette":
        return SILHOUETTE_ENGINES
    return tuple(engine for engine in ENGINES if engine in algorithm_named(algorithm).engines)


def total_fits(spec: Mapping[str, Any]) -> int:
    """Return how many fits, or silhouettes, a benchmark makes, warm-up not counted: what its job's progress runs to."""
    return len(spec["points"]) * len(spec["engines"]) * int(spec["runs"])


def sweep_spec(spec: Mapping[str, Any], engine: str) -> SweepSpec:
    """Return the sweep that one engine's runs fit."""
    shared = {name: value for name, value in spec.items() if name not in ("engines", "runs", "work")}
    return SweepSpec.from_json({**shared, "engine": engine})


def turns(engines: Sequence[str], runs: int) -> list[tuple[str, int]]:
    """Return the runs in their order, as (engine, number of its run from 1).

    The engines take turns, so that a machine that gets warmer, or busier, slows all of them alike.
    """
    return [(engine, run) for run in range(1, runs + 1) for engine in engines]
