"""Shares of a column's values in each segment: categories that were clustered on, and profile columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segcore.clustering.compare import adjusted_rand_index
from segcore.records.estimate import wilson_interval
from segcore.records.feature_table import FeatureTable
from segcore.records.solution import NOISE, Solution
from segcore.wording.numbers import segment_title

MOST_VALUES = 8
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
        Their share of the group, 0 to 1.
    low, high : float
        Wilson's 95 % interval for the share in the population that the group is a sample of.
    """

    value: str
    customers: int
    share: float
    low: float
    high: float


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
    everyone : GroupShares
    segments : tuple of GroupShares
        The largest segment first, the noise last.
    association : float
        Cramer's V of segment and value, 0 (the segments are alike in it) to 1 (it determines the segment).
    pure : tuple of (str, str)
        Title and value of segments in which at least 99 % have a value that fewer than 90 % of all customers have.
    agreement : float
        Adjusted Rand index between the segments and a grouping by the column's values.
    """

    column: str
    title: str
    clustered_on: bool
    everyone: GroupShares
    segments: tuple[GroupShares, ...]
    association: float
    pure: tuple[tuple[str, str], ...]
    agreement: float


def columns_across(table: FeatureTable, solution: Solution, names: Mapping[int, str]) -> tuple[ColumnAcross, ...]:
    """Describe every column of categories by segment, in descending order of difference between the segments.

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
    Copies are left out. For numbers of the profile see `numbers_across`.
    """
    originals = np.asarray(table.copies) == 0
    rows = table if originals.all() else table.take(originals)
    labels = np.asarray(solution.labels)[originals]
    columns = [*_feature_columns(rows), *_profile_columns(rows)]
    found = [_across(column, title, on, values, labels, names) for column, title, on, values in columns if len(np.unique(values)) > 1]
    return tuple(sorted(found, key=lambda across: -across.association))


def _feature_columns(rows: FeatureTable) -> list[tuple[str, str, bool, np.ndarray]]:
    """Return each binary column and each column of dummies as text values, reconstructed from its features."""
    entries = [entry for entry in rows.dictionary if entry.name in rows.names and entry.kind != "number"]
    columns: dict[str, list[int]] = {}
    for position, entry in enumerate(entries):
        columns.setdefault(entry.columns[0] if entry.columns else entry.name, []).append(position)
    found = []
    for column, positions in columns.items():
        chosen = [entries[position] for position in positions]
        other = _other_value(rows, column) if chosen[0].kind == "binary" else REST
        values = np.full(len(rows), other, dtype=object)
        for entry in chosen:
            values[rows.column(entry.name) > 0.5] = entry.name.removeprefix(f"{column}=")
        found.append((column, column, True, values.astype(str)))
    return found


def _other_value(rows: FeatureTable, column: str) -> str:
    """Return the value that 0 means in a binary column, from the fitted recipe."""
    for recipe in rows.fitted.get("columns", ()):
        if recipe["column"] == column and recipe["use"] == "binary":
            return str(recipe["values"][0])
    return "0"


def _profile_columns(rows: FeatureTable) -> list[tuple[str, str, bool, np.ndarray]]:
    found = []
    for name, values in rows.profile.items():
        if values.dtype.kind == "f":
            whole = values[~np.isnan(values)]
            if not len(whole) or len(np.unique(whole)) > MOST_VALUES or (whole != np.rint(whole)).any():
                continue
            texts = np.array([MISSING if np.isnan(value) else str(int(value)) for value in values])
        else:
            texts = np.array([MISSING if value is None or value != value else str(value) for value in values])
        found.append((name, name, False, texts))
    return found


def _across(column: str, title: str, on: bool, values: np.ndarray, labels: np.ndarray, names: Mapping[int, str]) -> ColumnAcross:
    shown = _most_telling(values, labels)
    kept = np.where(np.isin(values, shown), values, REST)
    if (kept == REST).any() and REST not in shown:
        shown = [*shown, REST]
    everyone = _shares(None, "All customers", kept, shown)
    found = sorted((label for label in np.unique(labels) if label != NOISE), key=lambda label: (-int((labels == label).sum()), label))
    order = [*found, *([NOISE] if (labels == NOISE).any() else [])]
    segments = tuple(_shares(int(label), segment_title(int(label), names), kept[labels == label], shown) for label in order)
    return ColumnAcross(
        column=column,
        title=title,
        clustered_on=on,
        everyone=everyone,
        segments=segments,
        association=_cramers_v(segments),
        pure=_pure(segments, everyone),
        agreement=adjusted_rand_index(labels, np.unique(values, return_inverse=True)[1]),
    )


def _most_telling(values: np.ndarray, labels: np.ndarray) -> list[str]:
    """Return the values to show, the most frequent first; if there are too many, those that are the largest part of some segment."""
    found, place = np.unique(values, return_inverse=True)
    counts = np.bincount(place)
    order = sorted(range(len(found)), key=lambda position: (-counts[position], found[position]))
    if len(found) > MOST_VALUES:
        groups = [labels == label for label in np.unique(labels)]
        parts = np.max([np.bincount(place[group], minlength=len(found)) / group.sum() for group in groups], axis=0)
        kept = sorted(order, key=lambda position: -parts[position])[: MOST_VALUES - 1]
        order = [position for position in order if position in kept]
    return [str(found[position]) for position in order]


def _shares(label: int | None, title: str, values: np.ndarray, shown: Sequence[str]) -> GroupShares:
    counts = [int((values == value).sum()) for value in shown]
    return GroupShares(
        label, title, len(values), tuple(_share(value, count, len(values)) for value, count in zip(shown, counts, strict=True))
    )


def _share(value: str, count: int, customers: int) -> ValueShare:
    share = count / customers if customers else 0.0
    return ValueShare(value, count, share, *wilson_interval(share, customers))


def _cramers_v(segments: Sequence[GroupShares]) -> float:
    """Return Cramer's V without continuity correction.

    References
    ----------
    Cramer (1946), Mathematical Methods of Statistics, chapter 21.
    """
    groups = [group for group in segments if group.label != NOISE]
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


@dataclass(frozen=True, slots=True)
class NumberAcross:
    """Medians and means of a numeric profile column in all segments.

    Parameters
    ----------
    column : str
    everyone : tuple of (int, float, float) or None
        Number of customers with a value, their median and mean; ``None`` if no customer has one.
    segments : tuple of (str, (int, float, float) or None)
        The same for each segment, the largest first, under its title.
    """

    column: str
    everyone: tuple[int, float, float] | None
    segments: tuple[tuple[str, tuple[int, float, float] | None], ...]


def numbers_across(table: FeatureTable, solution: Solution, names: Mapping[int, str]) -> tuple[NumberAcross, ...]:
    """Describe every numeric profile column with too many values for a category by segment; see `columns_across`."""
    originals = np.asarray(table.copies) == 0
    labels = np.asarray(solution.labels)[originals]
    categories = {column for column, *_ in _profile_columns(table)}
    found = sorted(np.unique(labels), key=lambda label: (label == NOISE, -int((labels == label).sum()), label))
    result = []
    for name, values in table.profile.items():
        if values.dtype.kind != "f" or name in categories:
            continue
        own = values[originals]
        groups = tuple((segment_title(int(label), names), _middle(own[labels == label])) for label in found)
        result.append(NumberAcross(name, _middle(own), groups))
    return tuple(result)


def _middle(values: np.ndarray) -> tuple[int, float, float] | None:
    there = values[~np.isnan(values)]
    return (len(there), float(np.median(there)), float(there.mean())) if len(there) else None
