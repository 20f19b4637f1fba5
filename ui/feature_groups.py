"""How the features are put side by side for ticking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segcore.dataset import FeatureEntry

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Features that are ticked together: a title, one sentence, their names, and a short label for each."""

    title: str
    caption: str
    names: tuple[str, ...]
    labels: tuple[str, ...]


_TRANSACTIONS = (
    (
        "Orders and recency",
        "How often and how lately a customer bought, and how wide the choice.",
        ("Recency", "invoices", "days_between_orders", "tenure_days", "distinct_items", "NumberOfOrders"),
    ),
    (
        "Spend",
        "What a customer is worth, cancellations taken off.",
        ("log_spend", "total_spend", "average_basket_value", "Amount"),
    ),
    (
        "Share of lines by weekday",
        "On which days a customer buys, whatever the amount; the seven add up to 1.",
        tuple(f"share_{day}" for day in _WEEKDAYS),
    ),
    (
        "Share of lines by month",
        "In which months a customer buys, whatever the amount; the twelve add up to 1.",
        tuple(f"share_{month}" for month in _MONTHS),
    ),
    ("Lines by weekday", "Lines bought on each day; mostly says how much a customer buys at all.", _WEEKDAYS),
    ("Lines by month", "Lines bought in each month; mostly says how much a customer buys at all.", _MONTHS),
)


def group_features(dictionary: Iterable[FeatureEntry], kind: str) -> tuple[Group, ...]:
    """Return the groups of the features that there are, in the order to show them; each feature stands in exactly one."""
    entries = {entry.name: entry for entry in dictionary if entry.dropped is None}
    groups = []
    grouped: set[str] = set()
    for title, caption, wanted in _TRANSACTIONS if kind == "transactions" else ():
        names = tuple(name for name in wanted if name in entries)
        grouped.update(names)
        calendar = wanted[0].removeprefix("share_") in (*_WEEKDAYS, *_MONTHS)
        labels = tuple(name.removeprefix("share_") if calendar else entries[name].title for name in names)
        if names:
            groups.append(Group(title, caption, names, labels))
    rest = tuple(name for name in entries if name not in grouped)
    if rest:
        title = "Other features" if groups else "Columns"
        groups.append(Group(title, "One number a customer.", rest, tuple(entries[name].title for name in rest)))
    return tuple(groups)
