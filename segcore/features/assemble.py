"""Rows to cluster, assembled from all features: chosen features, outlier rule, copies with jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from segcore.errors import DataError, ParameterError
from segcore.features.transactions.calendar_names import WEEKDAYS
from segcore.features.transactions.feature_sets import KIT, VALUE
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan

_RULED = ("Amount", "Recency", "NumberOfOrders")
_LOW, _HIGH, _REACH = 0.05, 0.95, 1.5
_SAID_TWICE = frozenset((*KIT, *WEEKDAYS, "log_spend", "rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_score")) - frozenset(VALUE)


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """Rows to cluster, and the customers set aside by the outlier rule.

    Parameters
    ----------
    table : FeatureTable
        The chosen features of the customers that were kept, copies included.
    kept : ndarray of shape (n_customers,), bool
        Over the rows of the full table.
    set_aside_customers : int
    set_aside_revenue_share : float or None
        Their share of net revenue, 0 to 1; ``None`` if there is no revenue, or it sums to 0.
    """

    table: FeatureTable
    kept: np.ndarray
    set_aside_customers: int
    set_aside_revenue_share: float | None


def assemble(table: FeatureTable, plan: Plan) -> Assembled:
    """Select a plan's features, set outliers aside and repeat rows, in the order of the Intel kit.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    plan : Plan
        Its outlier rule looks at Amount, Recency and NumberOfOrders, whichever features are chosen. With more than one copy of each
        customer every copy is jittered, the first one too, as the kit does.

    Raises
    ------
    ParameterError
        If a feature is unknown, or the table lacks the features of the outlier rule.
    DataError
        If no customer is left.
    """
    kept = kept_customers(table, plan)
    if not kept.any():
        raise DataError("The outlier rule leaves no customer: turn it off (outliers: none).")
    chosen = table.select(plan.features)
    rows = chosen if kept.all() else chosen.take(kept)
    return Assembled(
        table=_repeat(rows, plan.repeats, plan.seed) if plan.repeats > 1 else rows,
        kept=kept,
        set_aside_customers=int((~kept).sum()),
        set_aside_revenue_share=_revenue_share(table, ~kept),
    )


def readable_rows(rows: FeatureTable, table: Callable[[], FeatureTable], plan: Plan) -> FeatureTable:
    """Return the rows that were clustered, with features that each have a meaning, to explain segments by.

    A single dimension of a vector has none. If vectors were clustered, the features are all others of the data, except those that say the
    same as another feature: the Intel kit's counts, RFM scores, and the logarithm of spend.

    Parameters
    ----------
    rows : FeatureTable
        As `assemble` returns them.
    table : callable () -> FeatureTable
        Returns every feature of every customer; called only if vectors were clustered.
    plan : Plan
    """
    if not rows.dimensions:
        return rows
    full = table()
    left_out = full.dimensions | _SAID_TWICE
    return assemble(full, plan.with_features([name for name in full.names if name not in left_out])).table


def kept_customers(table: FeatureTable, plan: Plan) -> np.ndarray:
    """Return which customers a plan's outlier rule keeps, shape (n_customers,), bool."""
    return kit_outliers(table) if plan.outliers == "kit" else np.ones(len(table), dtype=bool)


def kit_outliers(table: FeatureTable) -> np.ndarray:
    """Return which customers the Intel kit keeps, shape (n_customers,).

    Amount, Recency and NumberOfOrders in turn, each on the customers that remain; values are kept within
    ``[q05 - 1.5 (q95 - q05), q95 + 1.5 (q95 - q05)]``, bounds included, quantiles interpolated.

    Raises
    ------
    ParameterError
        If the table lacks one of the three.
    """
    kept = np.ones(len(table), dtype=bool)
    for name, (low, high) in outlier_bounds(table).items():
        column = table.column(name)
        kept &= (column >= low) & (column <= high)
    return kept


def outlier_bounds(table: FeatureTable) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest values that the Intel kit's rule keeps, for each of its features.

    Raises
    ------
    ParameterError
        If the table lacks one of the three.
    """
    if not set(_RULED) <= set(table.names):
        raise ParameterError("The kit's outlier rule needs Amount, Recency and NumberOfOrders, which only transactions have: use none.")
    bounds: dict[str, tuple[float, float]] = {}
    kept = np.ones(len(table), dtype=bool)
    for name in _RULED:
        column = table.column(name)
        if not kept.any():
            break
        low, high = np.quantile(column[kept], (_LOW, _HIGH))
        reach = _REACH * (high - low)
        bounds[name] = (float(low - reach), float(high + reach))
        kept &= (column >= low - reach) & (column <= high + reach)
    return bounds


def _revenue_share(table: FeatureTable, rows: np.ndarray) -> float | None:
    if table.revenue is None:
        return None
    whole = float(np.sum(table.revenue))
    return float(np.sum(table.revenue[rows])) / whole if whole else None


def _repeat(table: FeatureTable, repeats: int, seed: int) -> FeatureTable:
    """Return each row ``repeats`` times, jittered: Amount by exp(N(0, 1)), every other number by one of 0, 1, 2, 3, 4.

    Values of 0/1 features, which do not exist in the kit, stay unchanged.
    """
    rows = np.repeat(np.arange(len(table)), repeats)
    copied = table.take(rows)
    draws = np.random.default_rng(seed)
    values = np.array(copied.values, dtype=np.float64)
    fixed = {entry.name for entry in table.dictionary if entry.kind != "number"}
    for position, name in enumerate(table.names):
        if name in fixed:
            continue
        values[:, position] += np.exp(draws.standard_normal(len(rows))) if name == "Amount" else draws.integers(0, 5, len(rows))
    return replace(copied, values=values, copies=np.tile(np.arange(repeats, dtype=np.int32), len(table)))
