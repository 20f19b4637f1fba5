"""The shortest rule for each segment: up to three conditions that find its customers, measured on customers not searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from segcore.records.solution import NOISE
from segcore.segments.rules.condition import Condition, Op, plain_columns, short_number
from segcore.segments.rules.rule import Rule, SegmentRules, share_of
from segcore.system.cores import in_threads

if TYPE_CHECKING:
    from segcore.segments.rules.condition import Frame

MOST_CONDITIONS = 3
ENOUGH = 0.7
"""Least coverage and precision of a rule that is worth showing."""
_BEAM = 12
_CUTS = 24
_TAILS = (0.0, 0.02, 0.04, 0.06, 0.1, 0.2)
_MOST_TEXTS = 30
_REFINED = 3
_FEWEST = 2
_MOST_SEARCHED = 25_000
_WORTH = 0.01


class Candidate(NamedTuple):
    """A rule with its F1, coverage and precision on the customers that were searched."""

    conditions: tuple[Condition, ...]
    f1: float
    coverage: float
    precision: float


def find_rules(frame: Frame, labels: Sequence[int] | np.ndarray, *, seed: int = 0) -> tuple[SegmentRules, ...]:
    """Find the shortest rule for each segment of any labelling of any table.

    Parameters
    ----------
    frame : DataFrame, or mapping of str to column
        Numbers, or text, booleans and categories, one row per customer; missing values are allowed.
    labels : sequence of int, one per row
        -1 is noise, which has no rule.
    seed : int
        For dividing the customers into halves.

    Returns
    -------
    tuple of SegmentRules
        In ascending order of the labels.

    Raises
    ------
    ParameterError
        If the numbers of rows differ, or there is no column.

    Notes
    -----
    One half of each segment's customers, drawn at random, is searched; coverage and precision are measured on the other half, at the true
    share of the segment, with Wilson's 95 % intervals. If a half has more than 25,000 customers, only so many are searched. Conditions
    compare a number with a cut between two of its values (the number with the fewest digits there), or a text with one of its column's 30
    most frequent values. A beam search adds one condition after the other to the 12 best rules by F1 (the harmonic mean of coverage and
    precision on the searched half), then moves each cut to its best position. A further condition must add 0.01 to F1. A rule whose
    interval on the other half lies below 0.7 is not chosen.

    References
    ----------
    Clark and Niblett (1989), Machine Learning 3 (beam search of conditions); Wilson (1927), JASA 22.

    Examples
    --------
    >>> import numpy as np
    >>> basket = np.arange(400.0)
    >>> [rules] = [found for found in segcore.find_rules({"basket": basket}, (basket > 300).astype(int)) if found.label == 1]
    >>> rules.chosen.text()
    'basket > 300'
    """
    classes = np.asarray(labels)
    columns = plain_columns(frame, len(classes), made="A rule")
    searched, measured = halves(classes, seed, most=_MOST_SEARCHED)
    found = [label for label in np.unique(classes).tolist() if label != NOISE]
    search = _Search({name: column[searched] for name, column in columns.items()}, classes[searched], found)
    rest = {name: column[measured] for name, column in columns.items()}
    return tuple(in_threads([partial(_of_segment, search, label, rest, classes[measured]) for label in found]))


def search_conditions(columns: Mapping[str, np.ndarray], mine: np.ndarray) -> list[Candidate]:
    """Return the best rule of each length that finds some customers among others, as long as each is better than the one before.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_customers,)
        As `plain_columns` returns them.
    mine : ndarray of shape (n_customers,), bool
        The customers to find.

    Notes
    -----
    The search is that of `find_rules`. F1, coverage and precision are those on the customers searched; measure rules on other customers.
    """
    return _Search(columns, mine.astype(np.int64), [1]).frontier(1)


def halves(classes: np.ndarray, seed: int, *, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to search and those to measure on: every other row of each segment, in random order.

    Parameters
    ----------
    classes : ndarray of shape (n_customers,), int
    seed : int
    most : int
        Approximate maximum of rows to search; if there are more, the same share of each segment's half is taken.
    """
    order = np.random.default_rng(seed).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    _, sizes = np.unique(classes, return_counts=True)
    rank = np.arange(len(classes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    share = min(1.0, most / max(len(classes) / 2, 1))
    searched = by_class[(rank % 2 == 0) & (rank < np.ceil(share * np.repeat(sizes, sizes)))]
    return np.sort(searched), np.sort(by_class[rank % 2 == 1])


def _of_segment(search: _Search, label: int, rest: Mapping[str, np.ndarray], classes: np.ndarray) -> SegmentRules:
    mine = classes == label
    candidates = search.frontier(label)
    if not mine.any() or int((search.classes == label).sum()) < _FEWEST:
        return SegmentRules(label, None, (), "The segment has too few customers to search some and measure on others.")
    if mine.all() and (search.classes == label).all():
        return SegmentRules(label, None, (), "All customers are in this segment: there is nobody to tell them from.")
    if not candidates:
        return SegmentRules(label, None, (), "No column tells its customers from the others.")
    measured = [_measured(candidate.conditions, rest, mine) for candidate in candidates]
    good = [
        position
        for position, candidate in enumerate(candidates)
        if min(candidate.coverage, candidate.precision) >= ENOUGH and _can_be_enough(measured[position])
    ]
    if not good:
        short = "No rule of up to three conditions finds 70 % of the segment with a precision of 70 %."
        return SegmentRules(label, None, tuple(measured), short)
    # Each rule of the frontier is better than the one before by the least gain for a further condition, so none is too long.
    return SegmentRules(label, measured[good[-1]], tuple(measured))


def _can_be_enough(rule: Rule) -> bool:
    """Tell whether the other half does not contradict a rule: with few customers, some rule always fits the searched ones."""
    return all(found.high is None or found.high >= ENOUGH for found in (rule.coverage, rule.precision))


def _measured(conditions: tuple[Condition, ...], rest: Mapping[str, np.ndarray], mine: np.ndarray) -> Rule:
    found = np.ones(len(mine), bool)
    for condition in conditions:
        found &= condition.meets(rest[condition.feature])
    return Rule(conditions, share_of(int((found & mine).sum()), int(mine.sum())), share_of(int((found & mine).sum()), int(found.sum())))


class _Column:
    """A column in codes: numbers by the cut that they lie below, texts by value; then all other values, then missing values."""

    def __init__(self, name: str, values: np.ndarray, classes: np.ndarray, labels: Sequence[int]) -> None:
        self.name, self.values = name, values
        if values.dtype.kind == "f":
            self.ops: tuple[Op, Op] = ("<=", ">")
            self.known: list[Any] = _cuts(values, classes, labels)
            code = np.searchsorted(self.known, values, side="left")
            self.codes = np.where(np.isnan(values), len(self.known) + 1, code)
            return
        import pandas as pd

        self.ops = ("=", "!=")
        self.known = pd.Series(values).value_counts().index[:_MOST_TEXTS].tolist()
        position = {text: code for code, text in enumerate(self.known)}
        place, distinct = pd.factorize(values)
        self.codes = np.array([*(position.get(text, len(position)) for text in distinct), len(position) + 1])[place]


class _Search:
    """The searched half of the customers, with columns as codes in consecutive ranges."""

    def __init__(self, columns: Mapping[str, np.ndarray], classes: np.ndarray, labels: Sequence[int]) -> None:
        self.classes = classes
        made = in_threads([partial(_Column, name, values, classes, labels) for name, values in columns.items()])
        self.columns = {column.name: column for column in made}
        sizes = [len(column.known) + 2 for column in made]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        # One row per customer, so that the codes of a customer are next to each other in memory.
        self.codes = np.stack([column.codes + start for column, start in zip(made, self.starts[:-1], strict=True)], axis=1).astype(np.int32)

    def frontier(self, label: int) -> list[Candidate]:
        """Return the best rule of each length, as long as each is better than the one before."""
        mine = self.classes == label
        members = int(mine.sum())
        beam: list[tuple[Condition, ...]] = [] if mine.all() else [()]
        best: list[Candidate] = []
        for _ in range(MOST_CONDITIONS):
            grown: dict[frozenset[Condition], tuple[float, tuple[Condition, ...]]] = {}
            for conditions in beam:
                for score, condition in self._further(np.flatnonzero(self._meets(conditions)), mine, members):
                    joined = _joined(conditions, condition)
                    grown.setdefault(frozenset(joined), (score, joined))
            ordered = sorted(grown.values(), key=lambda one: (-one[0], len(one[1])))
            beam = [conditions for _, conditions in ordered[:_BEAM]]
            if not beam:
                break
            refined = max((self._refined(conditions, mine) for conditions in beam[:_REFINED]), key=lambda one: one.f1)
            if best and refined.f1 < best[-1].f1 + _WORTH:
                break
            best.append(refined)
        return best

    def _further(self, rows: np.ndarray, mine: np.ndarray, members: int) -> list[tuple[float, Condition]]:
        """Return the best condition for each column and comparison on some rows, with its F1; the best of all first."""
        count = int(self.starts[-1])
        both = np.bincount((self.codes[rows] * 2 + mine[rows, None]).reshape(-1), minlength=2 * count)
        everybody, inside = both[::2] + both[1::2], both[1::2]
        found = []
        for column, start, stop in zip(self.columns.values(), self.starts[:-1], self.starts[1:] - 1, strict=True):
            last = stop - 1 - start
            if not last:
                continue
            n, k = everybody[start:stop], inside[start:stop]
            total, own = n.sum(), k.sum()
            met, mine_met = (np.cumsum(n), np.cumsum(k)) if column.ops[0] == "<=" else (n, k)
            for op, (those, ours) in zip(column.ops, ((met, mine_met), (total - met, own - mine_met)), strict=True):
                score = np.where(those[:last] < len(rows), 2 * ours[:last] / (those[:last] + members), 0.0)
                at = int(np.argmax(score))
                if score[at] > 0:
                    found.append((float(score[at]), Condition(column.name, op, column.known[at])))
        return sorted(found, key=lambda one: -one[0])[:_BEAM]

    def _meets(self, conditions: Sequence[Condition]) -> np.ndarray:
        found = np.ones(len(self.classes), bool)
        for condition in conditions:
            found &= condition.meets(self.columns[condition.feature].values)
        return found

    def _refined(self, conditions: tuple[Condition, ...], mine: np.ndarray) -> Candidate:
        """Move each cut in turn to the value with the best F1."""
        members = int(mine.sum())
        for position, condition in enumerate(conditions):
            if condition.op in ("=", "!="):
                continue
            others = self._meets([*conditions[:position], *conditions[position + 1 :]])
            values = self.columns[condition.feature].values
            rows = np.flatnonzero(others & ~np.isnan(values))
            order = rows[np.argsort(values[rows], kind="stable")]
            if condition.op == ">":
                order = order[::-1]
            ordered = values[order]
            inside, found = np.cumsum(mine[order]), np.arange(1, len(order) + 1)
            ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])[:-1]
            if not len(ends):
                continue
            end = ends[np.argmax(2 * inside[ends] / (found[ends] + members))]
            low, high = sorted((ordered[end], ordered[end + 1]))
            moved = Condition(condition.feature, condition.op, short_number(low, high))
            conditions = (*conditions[:position], moved, *conditions[position + 1 :])
        found = self._meets(conditions)
        both, chosen = int((found & mine).sum()), int(found.sum())
        return Candidate(conditions, 2 * both / (chosen + members), both / members, both / chosen if chosen else 0.0)


def _joined(conditions: tuple[Condition, ...], condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions with one more, which is stricter than one of the same column and comparison and replaces it."""
    kept = tuple(one for one in conditions if (one.feature, one.op) != (condition.feature, condition.op) or condition.op == "!=")
    return (*kept, condition)


def _cuts(values: np.ndarray, classes: np.ndarray, labels: Sequence[int]) -> list[float]:
    """Return cuts between values, ascending: at quantiles of all customers, and at the ends of each segment."""
    there = ~np.isnan(values)
    known = np.unique(values[there])
    if len(known) < 2:
        return []
    wanted = [np.quantile(values[there], np.linspace(0, 1, _CUTS + 1), method="lower")]
    ends = [*_TAILS, *(1 - tail for tail in _TAILS)]
    for label in labels:
        own = values[there & (classes == label)]
        if len(own):
            wanted.append(np.quantile(own, ends, method="lower"))
    place = np.unique(np.searchsorted(known, np.concatenate(wanted)))
    # A cut on either side of each wanted value, so that a single value can be separated.
    place = np.unique(np.concatenate([place, place - 1]))
    place = place[(place >= 0) & (place < len(known) - 1)]
    return [short_number(float(known[at]), float(known[at + 1])) for at in place]
