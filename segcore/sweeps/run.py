"""Run a sweep, and store each solution as soon as it is measured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.recommend import recommend
from segcore.clustering.specification.outcome import NOT_RUN
from segcore.clustering.specification.task import SweepTask
from segcore.features.distances import distance_shares
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.solution import Solution
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.sweeps.measure import Meter, batches
from segcore.sweeps.prepared import prepare
from segcore.sweeps.workers import solutions, units_of
from segcore.system.machine import available_bytes, resident_bytes

_MEASURING_COPIES = 3


def run_sweep(
    store: Store,
    sweep_id: str,
    *,
    only: Collection[int] | None = None,
    progress: Callable[[int], None] | None = None,
    poison: Mapping[int, str] | None = None,
    memory: int | None = None,
    workers: str = "local",
) -> None:
    """Fit and measure the missing solutions of a sweep, and store each as soon as it is measured.

    Parameters
    ----------
    store : Store
    sweep_id : str
        A sweep added to the store.
    only : collection of int or None
        Positions to fit; ``None`` means all.
    progress : callable or None
        Called with a point's position after its solution is in the store.
    poison : mapping of position to reason
        Points that killed the worker twice; they become failed solutions with this reason and are not tried again.
    memory : int or None
        Bytes this process may use in total; ``None`` means the machine's free memory. A point that cannot be fitted with what is left of
        it becomes a failed solution.
    workers : {"local", "ray"}
        Where the units run: see ``segcore.sweeps.workers.solutions``.

    Notes
    -----
    An attempt is counted in the store right before each point is started, so that the process restarting a dead worker knows which point
    killed it. Solutions that come quickly are measured together, because one pass of the distances serves any number of labellings.
    The summary is written when every point has its solution; its ``shared_seconds`` are those of the run that completed the sweep.
    """
    spec = store.spec(sweep_id)
    done = store.positions(sweep_id)
    for position, reason in (poison or {}).items():
        if position not in done and store.put_solution(sweep_id, position, _poisoned(spec, position, reason)) and progress:
            progress(position)
    done = store.positions(sweep_id)
    missing = [position for position in range(len(spec.points)) if position not in done and (only is None or position in only)]
    complete = len(done) == len(spec.points)
    if not missing and not (complete and not store.sweep(sweep_id).summary):
        return
    X, preparation, facts = _rows(store, spec)
    store.put_preparation(sweep_id, preparation)
    shared: list[float] = []
    for position, solution in _solutions(store, sweep_id, X, missing, shared, memory=memory, workers=workers):
        store.put_solution(sweep_id, position, solution)
        if progress:
            progress(position)
    sweep = store.sweep(sweep_id)
    if sweep.is_complete:
        found = recommend(spec.algorithm, sweep.solutions)
        store.put_summary(sweep_id, {**facts, "shared_seconds": sum(shared), "recommended": found.to_json()})


def _rows(store: Store, spec: SweepSpec) -> tuple[np.ndarray, Preparation, dict[str, Any]]:
    """Return the matrix to cluster, its preparation and its entries in the summary; the unscaled values are freed."""
    prepared = prepare(store, spec, ids=False)
    assembled = prepared.assembled
    facts = {
        "rows": len(prepared.table),
        "features": list(prepared.table.names),
        "distance_shares": dict(zip(prepared.table.names, distance_shares(prepared.X).tolist(), strict=True)),
        "ideas": [idea.to_json() for idea in prepared.ideas],
        "set_aside": {"customers": int(assembled.set_aside_customers), "revenue_share": assembled.set_aside_revenue_share},
    }
    return prepared.X, prepared.preparation, facts


def _poisoned(spec: SweepSpec, position: int, reason: str) -> Solution:
    return Solution(
        params=dict(spec.points[position]), status="failed", engine=spec.engine, evidence=NOT_RUN, seed=spec.plan.seed, reason=reason
    )


def _solutions(
    store: Store, sweep_id: str, X: np.ndarray, missing: Sequence[int], shared: list[float], *, memory: int | None, workers: str
) -> Iterator[tuple[int, Solution]]:
    """Yield each missing point's measured Solution with its position; adds seconds of shared work to ``shared``."""
    spec = store.spec(sweep_id)
    position_of = {point_key(spec.points[position]): position for position in missing}
    meter = Meter(X, spec.plan.features, seed=spec.plan.seed)

    def fitted(positions: Sequence[int]) -> Iterator[Solution]:
        def begin(index: int) -> None:
            store.begin_attempt(sweep_id, positions[index])

        task = SweepTask(
            X,
            [spec.points[position] for position in positions],
            spec.engine,
            spec.plan.seed,
            memory=room_for_fits(memory, X) if workers == "local" else memory,
            progress=begin,
            shared=shared.append,
        )
        return solutions(algorithm_named(spec.algorithm), task, workers=workers)

    def measured(batch: Sequence[Solution]) -> Iterator[tuple[int, Solution]]:
        return ((position_of[point_key(done.params)], done) for done in meter.measured(batch))

    # If an earlier worker died, its units are repeated one by one and each attempt is recorded at once, so that no innocent point is blamed
    # for the next death.
    alone = _units_at_work(store, sweep_id, spec, missing)
    for unit in alone:
        for solution in fitted(unit):
            yield from measured([solution])
    left = [position for position in missing if not any(position in unit for unit in alone)]
    for batch in batches(fitted(left)) if left else ():
        yield from measured(batch)


def _units_at_work(store: Store, sweep_id: str, spec: SweepSpec, missing: Sequence[int]) -> list[list[int]]:
    """Return the units with points that were started and have no solution, as positions among ``missing``."""
    begun = store.attempts(sweep_id)
    position_of = {point_key(spec.points[position]): position for position in missing}
    units = units_of(algorithm_named(spec.algorithm), [spec.points[position] for position in missing], spec.engine) if begun else []
    positions = [[position_of[point_key(point)] for point in unit] for unit in units]
    return [unit for unit in positions if any(position in begun for position in unit)]


def room_for_fits(memory: int | None, X: np.ndarray) -> int | None:
    """Return the bytes that fits may use: what is left of ``memory`` and free, less what measuring a labelling takes."""
    if memory is None:
        return None
    return max(1, min(available_bytes(), memory - resident_bytes()) - _MEASURING_COPIES * X.nbytes)
