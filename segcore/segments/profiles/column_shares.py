"""Shares of a column's values in each segment: categories that were clustered on, and profile columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from segcore.clustering.compare import adjusted_rand_of_table
from segcore.features.transactions.rfm import MADE_OF, SEGMENT
from segcore.records.estimate import Estimate, wilson_interval
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.solution import NOISE, Solution
from segcore.segments.profiles.differences import FALSE_DISCOVERIES, adjusted, index_of, p_value
from segcore.segments.profiles.segment_order import SegmentOrder

MOST_VALUES = 8
_GLANCE = 5_000
REST, MISSING = "(other)", "(missing)"


@dataclass(frozen=True, slots=True)
class ValueShare:
    """A value's share of one group of customers.

    Parameters
    ----------
    value : str
    customers : int
        Number of customers with this value.
    share : float
        Share of the group with this value, 0 to 1.
    low, high : float
        Wilson's 95 % interval for the share in the population of which the group is a sample.
    overall : float
        The value's share of all customers, 0 to 1.
    index : Estimate
        100 times the share over the share among all customers, with its interval: see `index_of`. Exactly 100 for all customers.
    p : float or None
        p-value of the hypothesis that the share equals that of the other customers, adjusted for all values of all columns and segments:
        see `adjusted`. ``None`` for all customers, and for columns in which the segments differ by construction.
    """

    value: str
    customers: int
    share: float
    low: float
    high: float
    overall: float
    index: Estimate
    p: float | None = None

    @property
    def differs(self) -> bool:
        """Tell whether the share differs from that of the other customers, at 5 % false discoveries."""
        return self.p is not None and self.p <= FALSE_DISCOVERIES


@dataclass(frozen=True, slots=True)
class GroupShares:
    """Shares of all values in one segment, in the noise, or among all customers.

    Parameters
    ----------
    label : int or None
        ``None`` means all customers.
    title : str
    customers : int
    values : tuple of ValueShare
        In the column's order, the same for all groups.
    """

    label: int | None
    title: str
    customers: int
    values: tuple[ValueShare, ...]

    def largest(self) -> ValueShare:
        """Return the most frequent value of the group."""
        return max(self.values, key=lambda value: value.customers)


@dataclass(frozen=True, slots=True)
class ColumnAcross:
    """Shares of a column's categories in all segments.

    Parameters
    ----------
    column, title : str
    clustered_on : bool
        Whether the column is a feature of the solution; otherwise it is a profile column.
    by_construction : bool
        Whether the segments differ in the column because it, or a feature that it is made from, was clustered on.
    everyone : GroupShares
    segments : tuple of GroupShares
        The largest segment first, the noise last.
    association : float
        Cramer's V of segment and value, 0 (the segments do not differ in the value) to 1 (the value determines the segment).
    pure : tuple of (str, str)
        Title and value of segments in which at least 99 % have a value that fewer than 90 % of all customers have.
    agreement : float
        Adjusted Rand index between the segments and a grouping by the column's values.
    unknown : int
        Customers without a value, who are left out in columns from a second table or from order lines; in other columns, missing is a
        value.
    """

    column: str
    title: str
    clustered_on: bool
    by_construction: bool
    everyone: GroupShares
    segments: tuple[GroupShares, ...]
    association: float
    pure: tuple[tuple[str, str], ...]
    agreement: float
    unknown: int = 0


def columns_across(table: FeatureTable, solution: Solution, names: Mapping[int, str]) -> tuple[ColumnAcross, ...]:
    """Describe every column of categories by segment: those pure in some segment first, then in descending order of association.

    Parameters
    ----------
    table : FeatureTable
        The rows that were clustered, with the features clustered on, unscaled, and their profile columns.
    solution : Solution
        With its labels; ``table`` has as many rows.
    names : mapping of label to str
        The analyst's names of the segments.

    Notes
    -----
    Copies are left out. For numeric profile columns, see `segcore.segments.profiles.profile_numbers`.
    """
    originals = np.asarray(table.copies) == 0
    rows = table if originals.all() else table.take(originals)
    order = SegmentOrder.of(np.asarray(solution.labels)[originals], names)
    found = [_across(column, order) for column in (*_feature_columns(rows), *_profile_columns(rows)) if len(column.values) > 1]
    return tuple(sorted(_adjust(found), key=lambda across: (not across.pure, -across.association)))


def standing_out(found: Sequence[ColumnAcross], label: int, *, most: int = 10) -> list[tuple[ColumnAcross, ValueShare]]:
    """Return the values by which a segment stands out, with their columns.

    First come values that almost all of the segment has, then values of profile columns whose share differs from that of the other
    customers, then values of columns in which the segments differ by construction.

    Parameters
    ----------
    found : sequence of ColumnAcross
    label : int
    most : int

    Notes
    -----
    Within each of these three, values are ordered by the distance of their share from that among all customers, in standard deviations of
    having the value. If a column has two values, the one that is rarer in the segment than among all customers adds nothing and is left
    out.
    """
    rows = []
    for across in found:
        group = next(group for group in across.segments if group.label == label)
        for value in group.values:
            if not 0 < value.overall < 1 or value.value == REST or not (value.differs or across.by_construction):
                continue
            if len(group.values) == 2 and value.share <= value.overall:
                continue
            pure = (group.title, value.value) in across.pure
            distance = abs(value.share - value.overall) / math.sqrt(value.overall * (1 - value.overall))
            rows.append(((0 if pure else 2 if across.by_construction else 1, -distance), across, value))
    rows.sort(key=lambda row: row[0])
    return [(across, value) for _, across, value in rows[:most]]


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A column of categories: its values, all of which occur, and for customers who ``have`` a value its position among them."""

    name: str
    clustered_on: bool
    values: tuple[str, ...]
    place: np.ndarray
    by_construction: bool
    have: np.ndarray | None = None

    @classmethod
    def of(cls, name: str, clustered_on: bool, values: Sequence[str], place: np.ndarray, *, made_of: bool = False) -> _Column:
        """Build the column; values that do not occur are left out, and the others sorted."""
        counts = np.bincount(place, minlength=len(values))
        order = sorted(np.flatnonzero(counts).tolist(), key=lambda position: values[position])
        moved = np.zeros(len(values), np.int64)
        moved[order] = np.arange(len(order))
        return cls(name, clustered_on, tuple(values[position] for position in order), moved[place], clustered_on or made_of)


def _feature_columns(rows: FeatureTable) -> list[_Column]:
    """Return each binary column and each column of dummies, reconstructed from its features."""
    entries = [entry for entry in rows.dictionary if entry.name in rows.names and entry.kind != "number"]
    columns: dict[str, list[FeatureEntry]] = {}
    for entry in entries:
        columns.setdefault(entry.columns[0] if entry.columns else entry.name, []).append(entry)
    found = []
    for column, chosen in columns.items():
        other = _other_value(rows, column) if chosen[0].kind == "binary" else REST
        values = [other, *(entry.name.removeprefix(f"{column}=") for entry in chosen)]
        place = np.zeros(len(rows), np.int64)
        for position, entry in enumerate(chosen, start=1):
            place[rows.column(entry.name) > 0.5] = values.index(values[position])
        found.append(_Column.of(column, True, values, place))
    return found


def _other_value(rows: FeatureTable, column: str) -> str:
    """Return the value that 0 means in a column with two values, from the fitted recipe."""
    for recipe in rows.fitted.get("columns", ()):
        if recipe["column"] == column and recipe["use"] == "binary":
            return str(recipe["values"][0])
    return "0"


def _profile_columns(rows: FeatureTable) -> list[_Column]:
    import pandas as pd

    found = []
    for name, values in rows.profile.items():
        if not is_category(values):
            continue
        # If a second table has no row for a customer, this is one fact, not one per column.
        have = ~pd.isna(values) if name in rows.described else None
        place, distinct = pd.factorize(values if have is None else values[have])
        texts = [str(int(value) if values.dtype.kind == "f" else value) for value in distinct]
        # Different values may have the same text.
        known = {text: position for position, text in enumerate(dict.fromkeys([*texts, MISSING]))}
        moved = np.array([known[text] for text in [*texts, MISSING]])
        made_of = name == SEGMENT and not MADE_OF.isdisjoint(rows.names)
        column = _Column.of(name, False, tuple(known), moved[place], made_of=made_of)
        found.append(column if have is None or have.all() else replace(column, have=have))
    return found


def is_category(values: np.ndarray) -> bool:
    """Tell whether a profile column has categories: texts, or few different whole numbers."""
    if values.dtype.kind != "f":
        return True
    there = values[~np.isnan(values)]
    # Sorting a long column only to find that it has many different numbers would take most of the time.
    first = np.unique(there[:_GLANCE])
    if not len(there) or len(first) > MOST_VALUES or (there != np.rint(there)).any():
        return False
    return len(first if len(there) <= _GLANCE else np.unique(there)) <= MOST_VALUES


def _across(column: _Column, order: SegmentOrder) -> ColumnAcross:
    place = order.place if column.have is None else order.place[column.have]
    counts = np.bincount(place * len(column.values) + column.place, minlength=len(order.labels) * len(column.values))
    counts = counts.reshape(len(order.labels), len(column.values))
    shown = _most_telling(column.values, counts)
    kept = counts[:, shown]
    titles = [column.values[position] for position in shown]
    rest = counts.sum(axis=1) - kept.sum(axis=1)
    if rest.any():
        if REST in titles:
            kept[:, titles.index(REST)] += rest
        else:
            kept, titles = np.column_stack([kept, rest]), [*titles, REST]
    total, whole = kept.sum(axis=0), int(kept.sum())
    everyone = _shares(None, "All customers", titles, total, total, whole, column.by_construction)
    segments = tuple(
        _shares(label, title, titles, row, total, whole, column.by_construction)
        for label, title, row in zip(order.labels, order.titles, kept, strict=True)
    )
    return ColumnAcross(
        column=column.name,
        title=column.name,
        clustered_on=column.clustered_on,
        by_construction=column.by_construction,
        everyone=everyone,
        segments=segments,
        association=_cramers_v(segments),
        pure=_pure(segments, everyone) if column.have is None else (),
        agreement=adjusted_rand_of_table(counts),
        unknown=len(order.place) - len(place),
    )


def _adjust(found: Sequence[ColumnAcross]) -> list[ColumnAcross]:
    """Return the columns with all p-values adjusted together."""
    corrected = iter(adjusted([value.p for across in found for group in across.segments for value in group.values if value.p is not None]))

    def of_group(group: GroupShares) -> GroupShares:
        return replace(group, values=tuple(value if value.p is None else replace(value, p=next(corrected)) for value in group.values))

    return [replace(across, segments=tuple(of_group(group) for group in across.segments)) for across in found]


def _most_telling(values: Sequence[str], counts: np.ndarray) -> list[int]:
    """Return the positions of the values to show, the most frequent first; if there are too many, the largest parts of some segment."""
    total = counts.sum(axis=0)
    order = sorted(range(len(values)), key=lambda position: (-total[position], values[position]))
    if len(values) > MOST_VALUES:
        parts = (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).max(axis=0)
        kept = set(sorted(order, key=lambda position: -parts[position])[: MOST_VALUES - 1])
        order = [position for position in order if position in kept]
    return order


def _shares(
    label: int | None, title: str, values: Sequence[str], counts: np.ndarray, total: np.ndarray, whole: int, by_construction: bool
) -> GroupShares:
    customers = int(counts.sum())
    shares = []
    for value, count, everywhere in zip(values, counts.tolist(), total.tolist(), strict=True):
        share = count / customers if customers else 0.0
        low, high = wilson_interval(share, customers)
        apart = (count, customers, everywhere - count, whole - customers)
        p = None if label is None or by_construction else p_value(*apart)
        shares.append(ValueShare(value, count, share, low, high, everywhere / whole, index_of(*apart), p))
    return GroupShares(label, title, customers, tuple(shares))


def _cramers_v(segments: Sequence[GroupShares]) -> float:
    """Return Cramer's V without continuity correction.

    References
    ----------
    Cramer (1946), Mathematical Methods of Statistics, chapter 21.
    """
    groups = [group for group in segments if group.label != NOISE and group.customers]
    counts = np.array([[value.customers for value in group.values] for group in groups], dtype=np.float64)
    if counts.size:
        counts = counts[:, counts.sum(axis=0) > 0]
    if min(counts.shape, default=0) < 2:
        return 0.0
    total = counts.sum()
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / total / (min(counts.shape) - 1)))


def _pure(segments: Sequence[GroupShares], everyone: GroupShares) -> tuple[tuple[str, str], ...]:
    common = {value.value: value.share for value in everyone.values}
    pure = [(group, group.largest()) for group in segments if group.label != NOISE]
    return tuple((group.title, value.value) for group, value in pure if value.share >= 0.99 and common[value.value] < 0.9)
