"""Values of one feature over the clustered customers, before and after its transform; each result computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from segcore.features.planning.groups import Tick
from segcore.features.spread import Spread, spread
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Outliers, Scaler, Transform
from segcore.system.digests import digest
from ui.features.clustered_customers import kept_customers
from ui.shell import cache

if TYPE_CHECKING:
    from segcore.features.ideas import Idea
    from segcore.records.intake import Intake


def values_of(taken: Intake, table: FeatureTable, name: str, transform: Transform | None = None, outliers: Outliers = "none") -> np.ndarray:
    """Return a feature of the clustered customers, shape (n_customers,), transformed but not scaled."""
    kept = kept_customers(taken, table, outliers)
    values = table.column(name) if kept is None else table.column(name)[kept]
    if transform is None:
        return values
    return _transformed(values, transform)


def _transformed(values: np.ndarray, transform: Transform) -> np.ndarray:
    from segcore.features.transforms import fitted_transform, transformed

    return transformed(values, transform, fitted_transform(values, transform))


def spread_of(taken: Intake, table: FeatureTable, name: str, transform: Transform | None = None, outliers: Outliers = "none") -> Spread:
    """Return a feature's distribution over the clustered customers."""
    key = f"{taken.table}.{outliers}.{transform or ''}.{name}"
    return cache.described("spread", key, lambda: spread(name, values_of(taken, table, name, transform, outliers)))


def scaled_variances(
    taken: Intake,
    table: FeatureTable,
    names: tuple[str, ...],
    transform: Transform | None,
    scaler: Scaler,
    outliers: Outliers,
    together: tuple[str, ...] = (),
) -> np.ndarray:
    """Return the variance of each of some features when scaled, before weights: of a number, or of all dummies of a column.

    ``together`` are all chosen features of taste if the features are some of them, because these share a scale.
    """
    scaled = together or names

    def build() -> np.ndarray:
        from segcore.features.preparation import prepare_rows

        kept = kept_customers(taken, table, outliers)
        columns = table.select(scaled)
        rows = columns if kept is None else columns.take(kept)
        X = prepare_rows(rows, Plan(scaled, scaler=scaler, transforms={names[0]: transform} if transform else {}))
        return np.array([X[:, scaled.index(name)].var() for name in names])

    key = digest(names if not together else [names, together])
    return cache.described("scaled_variances", f"{taken.table}.{outliers}.{scaler}.{transform or ''}.{key}", build)


def ideas(taken: Intake, table: FeatureTable, plan: Plan) -> tuple[Idea, ...]:
    """Return the ideas among a plan's features, whether or not they are to count once."""
    if not plan.features:
        return ()

    def build() -> tuple[Idea, ...]:
        from segcore.features.preparation import ideas_of

        kept = kept_customers(taken, table, plan.outliers)
        return ideas_of(table if kept is None else table.take(kept), plan)

    return cache.described("ideas", f"{taken.table}.{plan.outliers}.{digest([plan.features, dict(plan.transforms)])}", build)


def catch_up(table: FeatureTable, ticked: Sequence[Tick], variances: Sequence[float]) -> list[float]:
    """Return the `catch_up` factors of the ticked features, in their order, from known variances."""
    from segcore.features.distances import catch_up_factors

    # In the order of `catch_up`, so that a sweep has the same id.
    order = sorted(range(len(ticked)), key=lambda at: (ticked[at].key == ticked[at].names[0], table.names.index(ticked[at].names[0])))
    factors = dict(zip(order, catch_up_factors([variances[at] for at in order]), strict=True))
    factors |= {at: 1.0 for at, tick in enumerate(ticked) if tick.names[0] in table.learned_names}
    return [factors[at] for at in range(len(ticked))]


def advice(taken: Intake, table: FeatureTable, name: str, outliers: Outliers = "none") -> Transform | None:
    """Return the transform that would make a skewed feature clearly less skewed, or None; always None for features of taste."""
    if name in table.learned_names:
        return None

    def build() -> Transform | None:
        from segcore.features.planning.transform_advice import suggested_transform

        before = spread_of(taken, table, name, None, outliers).skewness
        return suggested_transform(values_of(taken, table, name, None, outliers), before=before)

    return cache.described("advice", f"{taken.table}.{outliers}.{name}", build)
