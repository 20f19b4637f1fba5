"""One feature as the clustered customers have it, before and after its transform; each number computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segcore.dataset import FeatureTable
from segcore.explain.overview import Spread, skewness, spread
from segcore.solution import Outliers, Transform
from ui import cache
from ui.feature_account import kept_customers

if TYPE_CHECKING:
    from segcore.intake import Intake

SKEWED = 1.0
"""Skewness, in size, from which a feature counts as skewed."""
_HELPS = 0.75  # a transform that leaves more of the skewness is not worth having


def values_of(taken: Intake, table: FeatureTable, name: str, transform: Transform | None = None, outliers: Outliers = "none") -> np.ndarray:
    """Return a feature of the customers that are clustered, shape (n_customers,), transformed as it is before scaling."""
    kept = kept_customers(taken, table, outliers)
    values = table.column(name) if kept is None else table.column(name)[kept]
    if transform is None:
        return values
    from segcore.transforms import fitted_transform, transformed

    return transformed(values, transform, fitted_transform(values, transform))


def spread_of(taken: Intake, table: FeatureTable, name: str, transform: Transform | None = None, outliers: Outliers = "none") -> Spread:
    """Return how a feature is spread over the customers that are clustered."""
    key = f"{taken.table}.{outliers}.{transform or ''}.{name}"
    return cache.described("spread", key, lambda: spread(name, values_of(taken, table, name, transform, outliers)))


def advice(taken: Intake, table: FeatureTable, name: str, outliers: Outliers = "none") -> Transform | None:
    """Return the transform that would make a skewed feature clearly less so: a log where that does, else a power; None where none does."""

    def build() -> Transform | None:
        before = abs(spread_of(taken, table, name, None, outliers).skewness)
        if before <= SKEWED:
            return None
        for transform in ("log", "power"):
            if abs(skewness(values_of(taken, table, name, transform, outliers))) <= _HELPS * before:
                return transform
        return None

    return cache.described("advice", f"{taken.table}.{outliers}.{name}", build)
