"""One feature as the clustered customers have it, before and after its transform; each number computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from segcore.features.spread import Spread, skewness, spread
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Outliers, Scaler, Transform
from segcore.system.digests import digest
from ui.features.account import kept_customers
from ui.features.groups import Tick
from ui.shell import cache

if TYPE_CHECKING:
    from segcore.records.intake import Intake

SKEWED = 1.0
"""Skewness, in size, from which a feature counts as skewed."""
_SAMPLED = 20_000
_HELPS = 0.6  # a transform that leaves more of the skewness is not worth having


def values_of(taken: Intake, table: FeatureTable, name: str, transform: Transform | None = None, outliers: Outliers = "none") -> np.ndarray:
    """Return a feature of the customers that are clustered, shape (n_customers,), transformed as it is before scaling."""
    kept = kept_customers(taken, table, outliers)
    values = table.column(name) if kept is None else table.column(name)[kept]
    if transform is None:
        return values
    return _transformed(values, transform)


def _transformed(values: np.ndarray, transform: Transform) -> np.ndarray:
    from segcore.features.transforms import fitted_transform, transformed

    return transformed(values, transform, fitted_transform(values, transform))


def spread_of(taken: Intake, table: FeatureTable, name: str, transform: Transform | None = None, outliers: Outliers = "none") -> Spread:
    """Return how a feature is spread over the customers that are clustered."""
    key = f"{taken.table}.{outliers}.{transform or ''}.{name}"
    return cache.described("spread", key, lambda: spread(name, values_of(taken, table, name, transform, outliers)))


def scaled_variance(
    taken: Intake, table: FeatureTable, names: tuple[str, ...], transform: Transform | None, scaler: Scaler, outliers: Outliers
) -> float:
    """Return the variance that features have together when scaled, before weights: of a number, or of all dummies of a column."""

    def build() -> float:
        from segcore.features.preparation import prepare_rows

        kept = kept_customers(taken, table, outliers)
        columns = table.select(names)
        rows = columns if kept is None else columns.take(kept)
        X = prepare_rows(rows, Plan(names, scaler=scaler, transforms={names[0]: transform} if transform else {}))
        return float(np.array([column.var() for column in X.T]).sum())

    return cache.described("scaled_variance", f"{taken.table}.{outliers}.{scaler}.{transform or ''}.{digest(names)}", build)


def catch_up(table: FeatureTable, ticked: Sequence[Tick], variances: Sequence[float]) -> list[float]:
    """Return the `catch_up` factors of the ticked features, in their order, from variances that are at hand."""
    from segcore.features.distances import factor_to

    # Columns with dummies first, as there, so that the average has the same last digit and a sweep the same id.
    order = sorted(range(len(ticked)), key=lambda at: (ticked[at].key == ticked[at].names[0], table.names.index(ticked[at].names[0])))
    average = float(np.array([variances[at] for at in order]).mean())
    return [factor_to(average, variance) for variance in variances]


def advice(taken: Intake, table: FeatureTable, name: str, outliers: Outliers = "none") -> Transform | None:
    """Return the transform that would make a skewed feature clearly less so: a log where that does, else a power; None where none does."""

    def build() -> Transform | None:
        before = abs(spread_of(taken, table, name, None, outliers).skewness)
        if before <= SKEWED:
            return None
        values = values_of(taken, table, name, None, outliers)
        sample = values[:: max(1, len(values) // _SAMPLED)]  # a hint, and a power of a million values takes seconds
        transforms: tuple[Transform, ...] = ("log", "power")
        for transform in transforms:
            if abs(skewness(_transformed(sample, transform))) <= _HELPS * before:
                return transform
        return None

    return cache.described("advice", f"{taken.table}.{outliers}.{name}", build)
