"""From a choice of features and a grid to the specification of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.engines import require_engine, versions
from segcore.errors import DataError, ParameterError
from segcore.features.assemble import Assembled, assemble
from segcore.features.preparation import (
    checked_transforms,
    checked_weights,
    prepare_rows,
)
from segcore.records.grid import Point, point_key
from segcore.records.preparation import Outliers, Scaler, Transform
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store

_MIN_CUSTOMERS = 3
_LARGEST = 1e150  # squares of larger values, and so distances, are not finite
_MAX_SEED = 2**32 - 1


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
        For chosen features only; `segcore.features.planning.priorities` makes them of names and words. A weight of 1 is none.

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
