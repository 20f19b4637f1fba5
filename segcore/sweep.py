"""Plan a sweep, run it point by point, and write it down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcore.algorithms import algorithm as algorithm_named
from segcore.algorithms.outcome import NOT_RUN
from segcore.dataset import FeatureTable
from segcore.engines import require_engine, versions
from segcore.errors import DataError, ParameterError
from segcore.features.assemble import Assembled, assemble
from segcore.grid import Point, point_key
from segcore.machine import available_bytes, resident_bytes
from segcore.measuring import Meter, batches
from segcore.preparation import apply_preparation, checked_transforms, checked_weights, distance_shares, fit_preparation, prepare_rows
from segcore.recommend import recommend
from segcore.solution import Outliers, Preparation, Scaler, Solution, Sweep, SweepSpec, Transform
from segcore.store import Store
from segcore.workers import solutions, units_of

_MIN_CUSTOMERS = 3
_LARGEST = 1e150  # squares of larger values, and so distances, are not finite
_MAX_SEED = 2**32 - 1
_MEASURING_COPIES = 3


def make_spec(
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
    engine: str | None = None,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    transforms: Mapping[str, Transform] | None = None,
) -> SweepSpec:
    """Return the spec of a sweep, everything in it checked against the data.

    Parameters
    ----------
    store : Store
    table : str
        Id of the stored FeatureTable with every feature of every customer.
    data : mapping
        What the table was made from: ``Intake.data``.
    features : sequence of str
        Names of the features to cluster on.
    outliers, repeats, scaler, algorithm, points, engine, seed
        See ``SweepSpec``; a point that stands twice is kept once, and ``None`` is the algorithm's default engine.
    weights, transforms : mapping or None
        For chosen features only; `segcore.features.priorities` makes them of names and words. A weight of 1 is none.

    Raises
    ------
    ParameterError
        Where an option is outside its domain.
    DataError
        Where fewer than 3 customers or fewer than 2 distinct rows are left to cluster.
    """
    spec_of_algorithm = algorithm_named(algorithm)
    known_engine = require_engine(engine or spec_of_algorithm.default_engine)
    if known_engine not in spec_of_algorithm.engines:
        raise ParameterError.unknown(f"engine for {spec_of_algorithm.title}", known_engine, spec_of_algorithm.engines)
    if not points:
        raise ParameterError("The grid has no points: give each parameter at least one value.")
    checked = [spec_of_algorithm.validate(point) for point in points]
    if isinstance(repeats, bool) or int(repeats) != repeats or repeats < 1:
        raise ParameterError(f"repeats must be a whole number of at least 1, got {repeats!r}.")
    if isinstance(seed, bool) or int(seed) != seed or not 0 <= seed <= _MAX_SEED:
        raise ParameterError.out_of_range("seed", seed, 0, _MAX_SEED)
    full = store.feature_table(table)
    chosen = full.select(features)
    weights, transforms = checked_weights(chosen, weights or {}), checked_transforms(chosen, transforms or {})
    # Copies would make identical customers distinct by their jitter, so the customers themselves are counted.
    customers = assemble(full, list(features), outliers=outliers, repeats=1, seed=int(seed))
    require_enough(customers)
    changed = bool(weights or transforms)
    rows = customers.table if changed else chosen.take(np.arange(0))
    X = prepare_rows(rows, scaler, weights=weights, transforms=transforms)
    if changed:
        _require_computable(X, chosen.names)
    return SweepSpec(
        table=table,
        data=dict(data),
        features=chosen.names,
        outliers=outliers,
        repeats=int(repeats),
        scaler=scaler,
        algorithm=algorithm,
        points=tuple({point_key(point): point for point in checked}.values()),
        engine=known_engine,
        seed=int(seed),
        versions=versions(),
        weights=weights,
        transforms=transforms,
    )


def require_enough(assembled: Assembled) -> None:
    """Raise `DataError` where fewer than 3 rows or fewer than 2 distinct ones are left to cluster, or a value is beyond 1e150."""
    table = assembled.table
    aside = f" after the outlier rule set {assembled.set_aside_customers:,} aside" if assembled.set_aside_customers else ""
    if len(table) < _MIN_CUSTOMERS:
        raise DataError(
            f"Clustering needs at least {_MIN_CUSTOMERS} customers, and there {'is' if len(table) == 1 else 'are'} {len(table)}{aside}: "
            "use more data, or fewer filters."
        )
    if not (table.values != table.values[0]).any():
        raise DataError(
            f"All {len(table):,} customers{aside} have the same values of {', '.join(table.names)}, so there is nothing to tell them "
            "apart: choose other features."
        )
    for column, name in enumerate(table.names):
        low, high = float(table.values[:, column].min()), float(table.values[:, column].max())
        if high > _LARGEST or low < -_LARGEST:
            raise DataError(f"{name} has values up to {max(high, -low):g}, too large to compute with: leave it out, or change its unit.")


def _require_computable(X: np.ndarray, names: Sequence[str]) -> None:
    """Raise `DataError` where weights or transforms leave nothing whose squares are finite and not all 0."""
    for column, name in enumerate(names):
        most = float(np.abs(X[:, column]).max())
        if not most <= _LARGEST:
            raise DataError(f"{name} has values up to {most:g} once it is weighted, too large to compute with: give it a smaller weight.")
    if not np.ptp(X, axis=0).max() > 1 / _LARGEST:
        raise DataError("The weights leave the customers too close together to compute with: give at least one feature a larger weight.")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The rows of a sweep, ready to cluster.

    Parameters
    ----------
    assembled : Assembled
        Selected features of the customers kept, copies included; who was set aside.
    preparation : Preparation
    X : ndarray of shape (n_rows, n_features), float64
    """

    assembled: Assembled
    preparation: Preparation
    X: np.ndarray

    @property
    def table(self) -> FeatureTable:
        """The table that was clustered, unscaled."""
        return self.assembled.table


def prepare(store: Store, spec: SweepSpec, *, ids: bool = True) -> Prepared:
    """Return a sweep's rows as they are clustered; the same for every process that asks. See ``Store.feature_table`` for ``ids``."""
    full = store.feature_table(spec.table, ids=ids)
    assembled = assemble(full, list(spec.features), outliers=spec.outliers, repeats=spec.repeats, seed=spec.seed)
    require_enough(assembled)
    preparation = fit_preparation(assembled.table, spec.scaler, weights=spec.weights, transforms=spec.transforms)
    return Prepared(assembled, preparation, apply_preparation(preparation, assembled.table.values))


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
    """Fit and measure the points that have no solution yet, each kept in the store as soon as it is done.

    Parameters
    ----------
    store : Store
    sweep_id : str
        A sweep added to the store.
    only : collection of int or None
        Positions to confine oneself to; ``None`` is all.
    progress : callable or None
        Called with a point's position after its solution is in the store.
    poison : mapping of position to reason
        Points that killed the worker twice: they become failed solutions with this reason and are not tried again.
    memory : int or None
        Bytes this process may take in all; ``None`` is what the machine has free. A point that cannot be fitted with what is left of
        that becomes a failed solution.
    workers : {"local", "ray"}
        Where the units run: see ``segcore.workers.solutions``.

    Notes
    -----
    An attempt is counted in the store right before each point is begun here, so that whoever restarts a dead worker knows which point
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
        recommended = {"params": None if found.params is None else dict(found.params), "reason": found.reason}
        store.put_summary(sweep_id, {**facts, "shared_seconds": sum(shared), "recommended": recommended})


def _rows(store: Store, spec: SweepSpec) -> tuple[np.ndarray, Preparation, dict[str, Any]]:
    """Return the matrix to cluster, how it was made, and what the summary says of it; the unscaled values are let go."""
    prepared = prepare(store, spec, ids=False)
    assembled = prepared.assembled
    facts = {
        "rows": len(prepared.table),
        "features": list(prepared.table.names),
        "distance_shares": dict(zip(prepared.table.names, distance_shares(prepared.X).tolist(), strict=True)),
        "set_aside": {"customers": int(assembled.set_aside_customers), "revenue_share": assembled.set_aside_revenue_share},
    }
    return prepared.X, prepared.preparation, facts


def _poisoned(spec: SweepSpec, position: int, reason: str) -> Solution:
    return Solution(
        params=dict(spec.points[position]), status="failed", engine=spec.engine, evidence=NOT_RUN, seed=spec.seed, reason=reason
    )


def _solutions(
    store: Store, sweep_id: str, X: np.ndarray, missing: Sequence[int], shared: list[float], *, memory: int | None, workers: str
) -> Iterator[tuple[int, Solution]]:
    """Yield each missing point's measured Solution with its position; adds seconds of shared work to ``shared``."""
    spec = store.spec(sweep_id)
    position_of = {point_key(spec.points[position]): position for position in missing}
    meter = Meter(X, spec.features, seed=spec.seed)

    def fitted(positions: Sequence[int]) -> Iterator[Solution]:
        def begin(index: int) -> None:
            store.begin_attempt(sweep_id, positions[index])

        return solutions(
            algorithm_named(spec.algorithm),
            X,
            [spec.points[position] for position in positions],
            spec.engine,
            seed=spec.seed,
            memory=_room(memory, X) if workers == "local" else memory,
            progress=begin,
            shared=shared.append,
            workers=workers,
        )

    def measured(batch: Sequence[Solution]) -> Iterator[tuple[int, Solution]]:
        return ((position_of[point_key(done.params)], done) for done in meter.measured(batch))

    # Where an earlier worker died, what it was at is done unit by unit, each point put down at once, so that no innocent one is blamed
    # with the next death.
    alone = _units_at_work(store, sweep_id, spec, missing)
    for unit in alone:
        for solution in fitted(unit):
            yield from measured([solution])
    left = [position for position in missing if not any(position in unit for unit in alone)]
    for batch in batches(fitted(left)) if left else ():
        yield from measured(batch)


def _units_at_work(store: Store, sweep_id: str, spec: SweepSpec, missing: Sequence[int]) -> list[list[int]]:
    """Return the units with points that were begun and have no solution, as positions among ``missing``."""
    begun = store.attempts(sweep_id)
    position_of = {point_key(spec.points[position]): position for position in missing}
    units = units_of(algorithm_named(spec.algorithm), [spec.points[position] for position in missing], spec.engine) if begun else []
    positions = [[position_of[point_key(point)] for point in unit] for unit in units]
    return [unit for unit in positions if any(position in begun for position in unit)]


def _room(memory: int | None, X: np.ndarray) -> int | None:
    """Return the bytes that fits may take of ``memory``: what is left of it and free, less what measuring a labelling takes."""
    if memory is None:
        return None
    return max(1, min(available_bytes(), memory - resident_bytes()) - _MEASURING_COPIES * X.nbytes)


def sweep_document(sweep: Sweep, from_store: bool) -> dict[str, Any]:
    """Return the document that ``sweep --json`` prints: plain values only, undefined numbers as ``None``.

    Parameters
    ----------
    sweep : Sweep
        Points that have no solution yet are left out and counted in ``missing``.
    from_store : bool
        Whether it was answered from the store, without a fit.

    Notes
    -----
    Compactness is measured on the matrix that was clustered. Neither a scaler nor a weight changes it, because it compares spreads of
    the same feature; a transform does, because what it shrinks counts for less.
    """
    spec, summary = sweep.spec, sweep.summary
    found = sweep.recommendation
    points = [
        {**solution.to_json(), "same_as": None if same is None else dict(spec.points[same])}
        for solution, same in zip(sweep.solutions, sweep.same_as(), strict=True)
        if solution is not None
    ]
    return {
        "sweep": sweep.id,
        "data": dict(spec.data),
        "algorithm": spec.algorithm,
        "engine": spec.engine,
        "scaler": spec.scaler,
        "weights": dict(spec.weights),
        "transforms": dict(spec.transforms),
        "outliers": spec.outliers,
        "repeats": spec.repeats,
        "seed": spec.seed,
        "versions": dict(spec.versions),
        "rows": summary.get("rows"),
        "features": list(spec.features),
        "distance_shares": summary.get("distance_shares"),
        "set_aside": dict(summary.get("set_aside", {"customers": None, "revenue_share": None})),
        "points": points,
        "missing": len(spec.points) - len(points),
        "shared_seconds": summary.get("shared_seconds"),
        "recommended": {"params": dict(found.params), "reason": found.reason} if found and found.params is not None else None,
        "recommended_reason": found.reason if found else None,
        "from_store": from_store,
    }


def write_sweep_folder(store: Store, sweep_id: str, directory: Path | str, *, from_store: bool = False) -> None:
    """Write a sweep as files: ``features.parquet``, ``labels.parquet`` and ``sweep.json``.

    Parameters
    ----------
    store : Store
    sweep_id : str
    directory : path
        Made where it does not exist.
    from_store : bool
        See `sweep_document`.

    Notes
    -----
    ``features.parquet`` has the rows that were clustered, unscaled: ``customer_id``, ``copy`` where there are copies, the features.
    ``labels.parquet`` has the same rows and one column of whole numbers a point, named by its ``point_key``: -1 is noise, and null
    stands in the columns of points without labels.
    """
    import json

    import pandas as pd

    sweep = store.sweep(sweep_id)
    table = prepare(store, sweep.spec).table
    ids: dict[str, Any] = {"customer_id": table.customers.astype(str).astype(object)}
    if sweep.spec.repeats > 1:
        ids["copy"] = table.copies
    labels = dict(ids)
    for position, solution in enumerate(sweep.solutions):
        key = point_key(sweep.spec.points[position])
        if solution is None or solution.status != "ok":
            labels[key] = pd.array([None] * len(table), dtype="Int32")
        else:
            labels[key] = pd.array(np.asarray(store.solution(sweep_id, position).labels), dtype="Int32")
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    features = pd.DataFrame({**ids, **{name: table.values[:, column] for column, name in enumerate(table.names)}})
    features.to_parquet(folder / "features.parquet", index=False)
    pd.DataFrame(labels).to_parquet(folder / "labels.parquet", index=False)
    document = json.dumps(sweep_document(sweep, from_store), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "sweep.json").write_text(document + "\n", encoding="utf-8")
