"""Build the specification of a sweep from a plan and a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.engines import require_engine, versions
from segcore.errors import DataError, ParameterError
from segcore.features.assemble import Assembled, assemble
from segcore.features.preparation import prepare_rows, resolve_plan
from segcore.records.grid import Point, point_key
from segcore.records.plan import Plan
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store

_MIN_CUSTOMERS = 3
_LARGEST = 1e150  # squares of larger values, and so distances, are not finite


def make_spec(
    store: Store, table: str, data: Mapping[str, Any], plan: Plan, *, algorithm: str, points: Sequence[Point], engine: str | None = None
) -> SweepSpec:
    """Build the spec of a sweep and check it against the data.

    Parameters
    ----------
    store : Store
    table : str
        Id of the stored FeatureTable with every feature of every customer.
    data : mapping
        What the table was made from: ``Intake.data``.
    plan : Plan
    algorithm : str
        Name of an algorithm in the registry.
    points : sequence of points
        Duplicates are dropped.
    engine : {"stock", "intel", "shared"} or None
        ``None`` is the algorithm's default.

    Raises
    ------
    ParameterError
        If an option is outside its domain.
    DataError
        If fewer than 3 customers or fewer than 2 distinct rows are left to cluster.
    """
    spec_of_algorithm = algorithm_named(algorithm)
    known_engine = require_engine(engine or spec_of_algorithm.default_engine)
    if known_engine not in spec_of_algorithm.engines:
        raise ParameterError.unknown(f"engine for {spec_of_algorithm.title}", known_engine, spec_of_algorithm.engines)
    if not points:
        raise ParameterError("The grid is empty: give each parameter at least one value.")
    checked = [spec_of_algorithm.validate(point) for point in points]
    full = store.feature_table(table, profile=False)
    plan = resolve_plan(full, plan)
    # Copies would make identical customers distinct by their jitter, so the customers themselves are counted.
    customers = assemble(full, replace(plan, repeats=1))
    require_enough(customers)
    if plan.weights or plan.transforms:
        _require_computable(prepare_rows(customers.table, plan), plan.features)
    return SweepSpec(
        table=table,
        data=dict(data),
        plan=plan,
        algorithm=algorithm,
        points=tuple({point_key(point): point for point in checked}.values()),
        engine=known_engine,
        versions=versions(),
    )


def require_enough(assembled: Assembled) -> None:
    """Raise `DataError` if fewer than 3 rows or fewer than 2 distinct ones are left, or if a value exceeds 1e150."""
    table = assembled.table
    aside = f" after the outlier rule set {assembled.set_aside_customers:,} aside" if assembled.set_aside_customers else ""
    if len(table) < _MIN_CUSTOMERS:
        raise DataError(
            f"Clustering needs at least {_MIN_CUSTOMERS} customers, but there {'is' if len(table) == 1 else 'are'} {len(table)}{aside}: "
            "use more data, or fewer filters."
        )
    if not (table.values != table.values[0]).any():
        raise DataError(
            f"All {len(table):,} customers{aside} have the same values of {', '.join(table.names)}, so nothing separates "
            "them: choose other features."
        )
    for column, name in enumerate(table.names):
        low, high = float(table.values[:, column].min()), float(table.values[:, column].max())
        if high > _LARGEST or low < -_LARGEST:
            raise DataError(f"{name} has values up to {max(high, -low):g}, too large to compute with: leave it out, or change its unit.")


def _require_computable(X: np.ndarray, names: Sequence[str]) -> None:
    """Raise `DataError` if weights or transforms make squares infinite or all 0."""
    for column, name in enumerate(names):
        most = float(np.abs(X[:, column]).max())
        if not most <= _LARGEST:
            raise DataError(f"{name} has values up to {most:g} once it is weighted, too large to compute with: give it a smaller weight.")
    if not np.ptp(X, axis=0).max() > 1 / _LARGEST:
        raise DataError(
            "With these weights the customers are too close together to compute with: give at least one feature a larger weight."
        )
