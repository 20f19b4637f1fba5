"""Groups of features to choose from, each with a title and one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from segcore.features.transactions.calendar_names import MONTHS, WEEKDAYS
from segcore.records.feature_table import FeatureEntry
from segcore.wording.numbers import counted


@dataclass(frozen=True, slots=True)
class Tick:
    """Choice of a feature, or of all dummies of a column.

    Parameters
    ----------
    key : str
        The feature's name, or the column's for dummies.
    label, title : str
        Short title within its group, and title for use without the group.
    names : tuple of str
        The selected features: one, or all dummies of a column.
    is_number : bool
        Whether it can be transformed.
    """

    key: str
    label: str
    title: str
    names: tuple[str, ...]
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Features that belong together, with a title and one sentence."""

    title: str
    caption: str
    ticks: tuple[Tick, ...]


_Groups = tuple[tuple[str, str, tuple[str, ...]], ...]
# A name that ends in * means all names with this beginning; * alone means all names that are in no earlier group.
_TASTE: _Groups = (
    (
        "Components of taste",
        "What a customer likes or buys, item by item, in a few numbers; they keep their proportions when scaled.",
        ("component_*",),
    ),
)
_ITEMS = ("item=", "category=")
_DIMENSION = re.compile(r"v\d+")
_RATINGS: _Groups = (
    *_TASTE,
    ("Share of ratings by category", "What a customer rates, regardless of how many ratings.", ("rating_share_*",)),
    ("Ratings", "How many ratings, how high and how varied.", ("*",)),
)
_TRANSACTIONS: _Groups = (
    *_TASTE,
    (
        "Orders and recency",
        "How often and how recently a customer bought, and how varied the purchases.",
        ("Recency", "invoices", "days_between_orders", "tenure_days", "distinct_items", "NumberOfOrders"),
    ),
    (
        "Spend",
        "How much a customer spends, less cancellations.",
        ("log_spend", "total_spend", "average_basket_value", "Amount"),
    ),
    (
        "RFM scores",
        "Recency, frequency and monetary value, each scored 1 to 5 by fifths of the customers; 5 is best.",
        ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_score"),
    ),
    (
        "Rhythm and trend",
        "How regularly a customer buys, and whether spending grows.",
        ("days_between_orders_spread", "spend_trend"),
    ),
    (
        "Discounts and returns",
        "How much a customer buys at a discount, and how much they return.",
        ("discount_share", "reduced_spend_share", "returns_share", "returned_value_share"),
    ),
    (
        "Time of day",
        "When during the day a customer buys, regardless of the amount; the four shares add up to 1.",
        ("share_morning", "share_afternoon", "share_evening", "share_night"),
    ),
    (
        "Share of lines by weekday",
        "On which days a customer buys, regardless of the amount; the seven add up to 1.",
        tuple(f"share_{day}" for day in WEEKDAYS),
    ),
    (
        "Share of lines by month",
        "In which months a customer buys, regardless of the amount; the twelve add up to 1.",
        tuple(f"share_{month}" for month in MONTHS),
    ),
    ("Share of spend by category", "What a customer spends money on, regardless of the amount.", ("spend_share_*",)),
    ("Lines by weekday", "Order lines on each day; mostly reflects how much a customer buys overall.", WEEKDAYS),
    ("Lines by month", "Order lines in each month; mostly reflects how much a customer buys overall.", MONTHS),
    ("Other features", "One number per customer.", ("*",)),
)
_FIRST_OF_RATINGS = ("Components of taste", "Items", "Ratings")
_SHORT = {
    **{name: name for name in (*WEEKDAYS, *MONTHS)},
    **{f"share_{name}": name for name in (*WEEKDAYS, *MONTHS)},
    **{f"share_{part}": part.capitalize() for part in ("morning", "afternoon", "evening", "night")},
}


def group_features(dictionary: Iterable[FeatureEntry], kind: str) -> tuple[Group, ...]:
    """Return the groups of the available features, in the order to show them; each feature is in exactly one tick."""
    entries = {entry.name: entry for entry in dictionary if entry.dropped is None}
    if kind == "customers":
        return _columns(entries)
    raw = tuple(name for name in entries if name.startswith(_ITEMS))
    groups = [Group("Items", "Each item as a feature; they are chosen as a whole.", (_all_items(raw),))] if raw else []
    vectors = tuple(name for name in entries if kind == "transactions" and _DIMENSION.fullmatch(name))
    if vectors:
        title = f"All {counted(len(vectors), 'dimension')}"
        tick = Tick("v", title, title, vectors, False)
        groups.append(Group("Vectors", "What a customer buys, basket by basket; chosen as a whole.", (tick,)))
    grouped = {*raw, *vectors}
    for title, caption, wanted in _RATINGS if kind == "ratings" else _TRANSACTIONS:
        names = tuple(name for pattern in wanted for name in _named(pattern, entries) if name not in grouped)
        grouped.update(names)
        if names:
            groups.append(Group(title, caption, tuple(_tick(entries[name]) for name in names)))
    if kind == "ratings":
        groups.sort(key=lambda group: _FIRST_OF_RATINGS.index(group.title) if group.title in _FIRST_OF_RATINGS else len(_FIRST_OF_RATINGS))
    return tuple(groups)


def _all_items(names: tuple[str, ...]) -> Tick:
    of = names[0].partition("=")[0]
    title = f"All {counted(len(names), *(('item', 'items') if of == 'item' else ('category', 'categories')))}"
    return Tick(of, title, title, names, False)


def _named(pattern: str, entries: dict[str, FeatureEntry]) -> tuple[str, ...]:
    if pattern.endswith("*"):
        return tuple(name for name in entries if name.startswith(pattern[:-1]))
    return (pattern,) if pattern in entries else ()


def _tick(entry: FeatureEntry) -> Tick:
    label = _SHORT.get(entry.name, entry.title)
    for prefix in ("spend_share_", "rating_share_"):
        label = entry.name.removeprefix(prefix) if entry.name.startswith(prefix) else label
    return Tick(entry.name, label, entry.title, (entry.name,), entry.kind == "number")


def _columns(entries: dict[str, FeatureEntry]) -> tuple[Group, ...]:
    """Return the groups of a table with one row per customer: numbers, then categories, one tick per column."""
    numbers = tuple(_tick(entry) for entry in entries.values() if entry.kind == "number")
    blocks: dict[str, list[str]] = {}
    for entry in entries.values():
        if entry.kind != "number":
            blocks.setdefault(entry.block or entry.name, []).append(entry.name)
    categories = tuple(_category(key, tuple(names), entries) for key, names in blocks.items())
    found = (
        Group("Numbers", "Columns used as numbers.", numbers),
        Group("Categories", "Columns of texts or codes. Each frequent value becomes 0 or 1; a column is selected as a whole.", categories),
    )
    return tuple(group for group in found if group.ticks)


def _category(key: str, names: tuple[str, ...], entries: dict[str, FeatureEntry]) -> Tick:
    first = entries[names[0]]
    if first.kind == "binary":
        column = first.columns[0] if first.columns else first.name
        value = first.name.removeprefix(f"{column}=")
        title = f"{column}: {value}" if value != first.name else first.title
        return Tick(key, title, title, names, False)
    title = f"{key} ({len(names)} {'value' if len(names) == 1 else 'values'})"
    return Tick(key, title, key, names, False)
