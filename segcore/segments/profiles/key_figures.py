"""Key figures of segments: customers, revenue, orders and units, averages of these, and the share of spend at a reduced price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segcore.errors import StoreError
from segcore.features.assemble import kept_customers
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.solution import Solution
from segcore.segments.profiles.segment_order import SegmentOrder
from segcore.wording.findings import refusal
from segcore.wording.numbers import worth_title

_RATIOS = {
    "revenue_per_customer": ("revenue", "customers"),
    "orders_per_customer": ("orders", "customers"),
    "revenue_per_order": ("revenue", "orders"),
    "units_per_order": ("units", "orders"),
    "price_per_unit": ("unit_revenue", "units"),
    "reduced_spend_share": ("reduced_spend", "spend"),
}
_TITLES = {
    "customers": "Customers",
    "orders": "Orders",
    "units": "Units",
    "orders_per_customer": "Orders per customer",
    "units_per_order": "Units per order",
    "price_per_unit": "Price per unit",
    "reduced_spend_share": "Share of spend at a reduced price",
}
_HIDDEN = "unit_revenue", "reduced_spend", "spend"


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One key figure of one group of customers.

    Parameters
    ----------
    value : float or None
        ``None`` if it would be divided by 0.
    share : float or None
        Share of the sum over all customers; ``None`` for figures that do not add up, and if that sum is not positive.
    """

    value: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Key figures of a segment, of the noise, of the customers set aside, or of all customers.

    Parameters
    ----------
    label : int or None
        ``None`` for customers set aside and for all customers.
    title : str
    figures : mapping of str to KeyFigure
        The same names in all groups.
    """

    label: int | None
    title: str
    figures: Mapping[str, KeyFigure]


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Key figures of all groups of a solution.

    Parameters
    ----------
    titles : mapping of str to str
        Title of each key figure.
    groups : tuple of GroupFigures
        The segments, the largest first; then the noise and the customers set aside, if there are any. Together, they are ``everyone``.
    everyone : GroupFigures
        All customers of the data.
    """

    titles: Mapping[str, str]
    groups: tuple[GroupFigures, ...]
    everyone: GroupFigures

    def find(self, label: int) -> GroupFigures:
        """Return the figures of a segment, or of the noise."""
        return next(group for group in self.groups if group.label == label)


def key_figures(table: FeatureTable, plan: Plan, solution: Solution, names: Mapping[int, str]) -> KeyFigures:
    """Add up the key figures of each segment.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    plan : Plan
        The sweep's.
    solution : Solution
        With its labels.
    names : mapping of label to str
        The analyst's names of the segments.

    Raises
    ------
    StoreError
        If the solution has no labels.

    Notes
    -----
    Revenue and units are net of cancelled lines; orders count if at least one line was not cancelled. Each customer is in one group, so the
    groups add up to the data.
    """
    if solution.labels is None:
        raise refusal("export.no_labels", kind=StoreError)
    kept = kept_customers(table, plan)
    labels = np.asarray(solution.labels)[:: plan.repeats]
    order = SegmentOrder.of(labels, names)
    group_of = np.full(len(table), len(order.labels))
    group_of[kept] = order.place
    additive = _additive(table)
    parts = {name: np.bincount(group_of, weights=values, minlength=len(order.labels) + 1) for name, values in additive.items()}
    everyone = {name: float(values.sum()) for name, values in additive.items()}
    titled = zip(order.labels, order.titles, strict=True)
    groups = [
        GroupFigures(label, title, _figures({name: float(values[position]) for name, values in parts.items()}, everyone))
        for position, (label, title) in enumerate([*titled, *([] if kept.all() else [(None, "Set aside")])])
    ]
    whole = GroupFigures(None, "All customers", _figures(everyone, everyone))
    worth = f"{table.worth[:1].upper()}{table.worth[1:]}"
    titles = {
        **_TITLES,
        "revenue": worth_title(table.worth),
        "revenue_per_customer": f"{worth} per customer",
        "revenue_per_order": f"{worth} per order",
    }
    return KeyFigures({name: titles[name] for name in whole.figures}, tuple(groups), whole)


def _additive(table: FeatureTable) -> dict[str, np.ndarray]:
    found = {"customers": np.ones(len(table))}
    if table.revenue is not None:
        found["revenue"] = table.revenue
    # A customer table may have a column with this name but another meaning; its columns have no unit.
    if any(entry.name == "invoices" and entry.unit for entry in table.dictionary):
        found["orders"] = table.column("invoices")
    return {**found, **table.sums}


def _figures(sums: Mapping[str, float], everyone: Mapping[str, float]) -> dict[str, KeyFigure]:
    found = {
        name: KeyFigure(value, value / everyone[name] if everyone[name] > 0 else None)
        for name, value in sums.items()
        if name not in _HIDDEN
    }
    for name, (above, below) in _RATIOS.items():
        if above in sums and below in sums:
            found[name] = KeyFigure(sums[above] / sums[below] if sums[below] else None, None)
    return found
