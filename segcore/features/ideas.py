"""Ideas: features that say the same, and therefore count once together instead of once each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from segcore.features.correlations import correlations
from segcore.features.transactions.calendar_names import MONTHS, PERIODS, WEEKDAYS
from segcore.records.feature_table import FeatureTable

Why = Literal["alike", "shares", "ordered"]

_SAMPLED = 10_000  # customers; more would hardly change a correlation near 0.95
_FEW = 200
_ROUNDING = 1e-6
_NAMED_SHARES = tuple(tuple(f"share_{name}" for name in names) for names in (WEEKDAYS, MONTHS, PERIODS))
_SHARE_PREFIXES = ("spend_share_", "rating_share_")


@dataclass(frozen=True, slots=True)
class Idea:
    """Features that say the same.

    Parameters
    ----------
    columns : mapping of str to tuple of str
        Features of the idea, in the order of the table, by column: a number or 0/1 feature under its own name, dummies under that of their
        column; at least two columns.
    why : tuple of {"alike", "shares", "ordered"}
        In order: an absolute correlation of at least 0.95 between two of them; shares of one total; a number that orders a category one to
        one.
    """

    columns: Mapping[str, tuple[str, ...]]
    why: tuple[Why, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """All of its features."""
        return tuple(name for names in self.columns.values() for name in names)

    @property
    def counts(self) -> int:
        """Number of columns that the idea counts as: two for shares of one total, which say more than copies do; else one."""
        return 2 if "shares" in self.why and len(self.columns) > 2 else 1

    @property
    def factor(self) -> float:
        """Factor on each scaled feature that brings their variances together down to those of ``counts`` columns."""
        return math.sqrt(self.counts / len(self.columns))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        columns = {column: list(names) for column, names in self.columns.items()}
        return {"columns": columns, "why": list(self.why), "counts": self.counts, "factor": self.factor}


def find_ideas(table: FeatureTable, values: np.ndarray | None = None) -> tuple[Idea, ...]:
    """Return the ideas that take up more than one column, in the order of their first features.

    Parameters
    ----------
    table : FeatureTable
        The features and customers to cluster.
    values : ndarray of shape (n_customers, n_features), float64, or None
        The features after their transforms; ``None`` is the table's own values. Correlations are those of at most 20,000 customers.

    Notes
    -----
    Features of taste belong to no idea. Others are joined pair by pair, so three features may be one idea although the first and the last
    are less alike.
    """
    tastes = table.learned_names
    others = [name for name in table.names if name not in tastes]
    if not len(table) or not others:
        return ()
    if len(others) < len(table.names):
        left = [position for position, name in enumerate(table.names) if name not in tastes]
        return find_ideas(replace(table.select(others), fitted={}), None if values is None else values[:, left])
    step = max(1, len(table) // _SAMPLED)
    raw = np.asarray(table.values)[::step]
    shown = raw if values is None else values[::step]
    blocks = [entry.block for entry in _entries(table)]
    column_of = [block or name for block, name in zip(blocks, table.names, strict=True)]
    ties: list[tuple[Why, list[int]]] = [
        *(("alike", pair) for pair in _alike(table, shown, blocks)),
        *(("shares", group) for group in _shares(table, raw)),
        *(("ordered", group) for group in _ordered(table, raw, blocks)),
    ]
    found = []
    for members in _joined(len(table.names), [group for _, group in ties]):
        columns: dict[str, tuple[str, ...]] = {}
        for at in members:
            columns[column_of[at]] = (*columns.get(column_of[at], ()), table.names[at])
        why = tuple(dict.fromkeys(reason for reason, group in ties if group[0] in members))
        if len(columns) > 1:
            found.append(Idea(columns, why))
    return tuple(found)


def idea_factors(names: Sequence[str], ideas: Iterable[Idea]) -> np.ndarray:
    """Return the factor of each feature, shape (n_features,); 1 for features that belong to no idea."""
    factors = {name: idea.factor for idea in ideas for name in idea.features}
    return np.array([factors.get(name, 1.0) for name in names])


def _entries(table: FeatureTable) -> list[Any]:
    entries = {entry.name: entry for entry in table.dictionary}
    return [entries[name] for name in table.names]


def _alike(table: FeatureTable, values: np.ndarray, blocks: list[str]) -> Iterator[list[int]]:
    at = {name: position for position, name in enumerate(table.names)}
    for one, other, _ in correlations(table.names, values, blocks).near_duplicates():
        yield sorted((at[one], at[other]))


def _shares(table: FeatureTable, values: np.ndarray) -> Iterator[list[int]]:
    """Yield shares by their names; among other numbers, neighbours that add up to the same total for every customer."""
    at = {name: position for position, name in enumerate(table.names)}
    named = [[at[name] for name in names if name in at] for names in _NAMED_SHARES]
    named += [[position for name, position in at.items() if name.startswith(prefix)] for prefix in _SHARE_PREFIXES]
    yield from (group for group in named if len(group) > 1)
    numbers = [position for position, entry in enumerate(_entries(table)) if entry.kind == "number" and values[:, position].min() >= 0]
    yield from _constant_sums(values, numbers)


def _constant_sums(values: np.ndarray, numbers: list[int]) -> Iterator[list[int]]:
    """Yield the shortest runs of at least three neighbouring columns whose sum is the same in every row, and above 0."""
    few = values[:: max(1, len(values) // _FEW)]
    begin = 0
    while begin + 2 < len(numbers):
        ends = 2 + np.flatnonzero(_is_constant(np.cumsum(few[:, numbers[begin:]], axis=1)[:, 2:]))
        run = numbers[begin : begin + ends[0] + 1] if len(ends) else []
        if run and _is_constant(values[:, run].sum(axis=1, keepdims=True))[0]:
            yield run
            begin += len(run)
        else:
            begin += 1


def _is_constant(sums: np.ndarray) -> np.ndarray:
    """Return for each column whether it has a single value above 0, except for rounding."""
    largest = sums.max(axis=0)
    return (largest > 0) & (largest - sums.min(axis=0) <= _ROUNDING * largest)


def _ordered(table: FeatureTable, values: np.ndarray, blocks: list[str]) -> Iterator[list[int]]:
    """Yield a number and the dummies of a category if each value of the category has its own number."""
    numbers = [position for position, entry in enumerate(_entries(table)) if entry.kind == "number"]
    for block in dict.fromkeys(filter(None, blocks)):
        dummies = [position for position, name in enumerate(blocks) if name == block]
        groups = [values[values[:, position] == 1] for position in dummies]
        for number in numbers:
            if _orders([group[:, number] for group in groups if len(group)]):
                yield sorted((number, *dummies))


def _orders(groups: list[np.ndarray]) -> bool:
    """Tell whether a number is the same within each value of a category and differs between them; all rare values may share one."""
    same = [group[0] for group in groups if group[0] == group[-1] and np.ptp(group) == 0]
    return len(same) >= max(3, len(groups) - 1) and len(set(same)) == len(same)


def _joined(count: int, groups: list[list[int]]) -> list[list[int]]:
    """Return the sets of positions that the groups connect, each ascending, ordered by their first position."""
    parent = list(range(count))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for first, *others in groups:
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    found: dict[int, list[int]] = {}
    for at in range(count):
        found.setdefault(root(at), []).append(at)
    return [members for members in found.values() if len(members) > 1]
