"""Rules that find buyers: RuleFit, or one shortest rule after the other, measured on customers they were not fitted to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from segcore.errors import ParameterError
from segcore.segments.rules.condition import NAMES, ColumnTitles, Condition, plain_columns, short_number
from segcore.segments.rules.growth import Axis, Cut, axes_of
from segcore.segments.rules.rule import Rule
from segcore.segments.rules.search import search_conditions
from segcore.targets.buyers.selected_customers import Selection, halve, measure_selection, require_buyers
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.segments.rules.condition import Frame

Method = Literal["rulefit", "search"]
MOST_RULES = 5
MOST_FITTED = 20_000
_MOST_ASKED = 20
_TWINS = 0.9  # Jaccard index
_WORTH = 0.02
_FEWEST = 5
_ADDED = 20
_PREFIX = "axis"


@dataclass(frozen=True, slots=True)
class BuyerRule:
    """A rule that tells buyers from others.

    Parameters
    ----------
    rule : Rule
        Its coverage is the recall; both estimates are those of ``held_out``.
    held_out : Selection
        Customers who meet it, among those it was not fitted to.
    raises : bool
        Whether more of the customers fitted who meet it are buyers than of all customers fitted. A rule
        that does not raise it describes who buys less.
    importance : float or None
        RuleFit's: absolute coefficient times the standard deviation of meeting it; ``None`` of a search.
    """

    rule: Rule
    held_out: Selection
    raises: bool
    importance: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "conditions": [condition.to_json() for condition in self.rule.conditions],
            "text": self.rule.text(),
            "importance": self.importance,
            "raises": self.raises,
            **self.held_out.to_json(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class BuyerRules:
    """Rules that tell buyers from others, the most important first; none where no column does.

    Parameters
    ----------
    rules : tuple of BuyerRule
    together : Selection or None
        Customers held out whom the rules select together, see ``near``; ``None`` if these are nobody.
    shares : ndarray of shape (2 ** n_rules,), float64
        Share of buyers among the customers fitted who meet a set of rules and no others: at position 5 those who meet the first rule and
        the third. Few customers count less: 20 customers with everybody's share are added to each set (m-estimate).
    cut : float
        Least share of those selected: the one with the best F1 among the customers fitted, above everybody's; infinite if there is none.
    fitted, held_out : ndarray of int
        Rows of the customers fitted to, and of those whom the figures are of.
    """

    rules: tuple[BuyerRule, ...]
    together: Selection | None
    shares: np.ndarray
    cut: float
    fitted: np.ndarray
    held_out: np.ndarray

    def text(self, titles: ColumnTitles = NAMES) -> tuple[str, ...]:
        """Return the conditions of each rule in words."""
        return tuple(one.rule.text(titles) for one in self.rules)

    def near(self, frame: Frame) -> np.ndarray:
        """Return whom the rules select together, shape (n_customers,), bool: those whose score is at least the cut."""
        return np.asarray(self.scores(frame) >= self.cut)

    def scores(self, frame: Frame) -> np.ndarray:
        """Return how likely each customer is to buy by the rules that they meet, shape (n_customers,), float64.

        It is the share of buyers among the customers fitted who meet the same rules; many customers have equal scores.
        """
        columns = _columns(frame)
        found: np.ndarray = self.shares[_sets([one.rule.conditions for one in self.rules], columns, _length(columns))]
        return found


def find_buyer_rules(
    frame: Frame,
    bought: np.ndarray,
    *,
    method: Method = "rulefit",
    most_rules: int = MOST_RULES,
    seed: int = 0,
    owners: np.ndarray | None = None,
) -> BuyerRules:
    """Find rules for buyers among half of the customers, and measure them on the other half.

    Parameters
    ----------
    frame : DataFrame, or mapping of str to column
        Numbers, or text, booleans and categories, one row per customer; missing values are allowed.
    bought : ndarray of shape (n_customers,), bool
    method : {"rulefit", "search"}
        "rulefit" grows many small trees on the buyers, and a lasso picks a few of their rules; some may be of customers who buy
        less than others. "search" finds the shortest rule by F1, sets aside whom it finds, and searches the others again.
    most_rules : int
        1 to 20.
    seed : int
    owners : ndarray of shape (n_customers,), object, or None
        Customer of each row, where one has several: they are on one side.

    Raises
    ------
    DataError
        If there are too few buyers or others, or no column differs.
    ParameterError
        If the method is unknown, ``most_rules`` is out of range, or the numbers of rows differ.

    Notes
    -----
    Of a half of more than 20,000 customers, as many are fitted to, with the true share of buyers. RuleFit reads only the order of a
    column's values, so that units do not matter, and thresholds are those between two values with the fewest digits. It fits without
    linear terms: they are no rules, and would leave the rules the rest.

    References
    ----------
    Friedman and Popescu (2008), "Predictive learning via rule ensembles", Annals of Applied Statistics 2. Clark and Niblett (1989),
    Machine Learning 3. Cestnik (1990), "Estimating probabilities", ECAI (m-estimate).
    """
    if method not in get_args(Method):
        raise ParameterError.unknown("method for rules", method, get_args(Method))
    if not 1 <= most_rules <= _MOST_ASKED:
        raise ParameterError.out_of_range("most_rules", most_rules, 1, _MOST_ASKED)
    columns = plain_columns(frame, len(bought), made="A rule")
    require_buyers(bought)
    fitted, held_out = halve(bought, seed=seed, most=MOST_FITTED, owners=owners)
    own, rest = ({name: column[rows] for name, column in columns.items()} for rows in (fitted, held_out))
    if not any(_differs(axis.values) for axis in axes_of(own)):
        raise refusal("targets.nothing_varies", customers=len(fitted))
    find = _rulefit if method == "rulefit" else _search
    found = find(own, bought[fitted], most_rules, seed)
    rate = float(bought[fitted].mean())
    rules = [_measured(conditions, importance, (own, bought[fitted]), (rest, bought[held_out]), rate) for conditions, importance in found]
    every = [conditions for conditions, _ in found]
    sets = _sets(every, own, len(fitted))
    shares = _shares(sets, bought[fitted], len(found))
    cut = _best_cut(shares[sets], bought[fitted])
    selected = shares[_sets(every, rest, len(held_out))] >= cut
    together = measure_selection(selected, bought[held_out]) if np.isfinite(cut) else None
    return BuyerRules(tuple(rules), together, shares, cut, fitted, held_out)


Found = list[tuple[tuple[Condition, ...], float | None]]
"""Conditions of each rule, and its importance."""


def _search(columns: Mapping[str, np.ndarray], mine: np.ndarray, most_rules: int, seed: int) -> Found:
    """Search one rule after the other, each among the customers whom none before finds, while it adds 2 % of the buyers, and five."""
    found: Found = []
    left, buyers = np.ones(len(mine), bool), int(mine.sum())
    while len(found) < most_rules and (mine & left).any() and not mine[left].all():
        candidates = search_conditions({name: column[left] for name, column in columns.items()}, mine[left])
        if not candidates:
            break
        conditions = candidates[-1].conditions
        hit = _meets(conditions, columns, len(mine)) & left
        if (hit & mine).sum() < max(_FEWEST, _WORTH * buyers) or mine[hit].mean() <= mine[left].mean():
            break
        found.append((conditions, None))
        left &= ~hit
    return found


def _rulefit(columns: Mapping[str, np.ndarray], mine: np.ndarray, most_rules: int, seed: int) -> Found:
    axes = [axis for axis in axes_of(columns) if _differs(axis.values)]
    ranks = [_Ranks.of(axis) for axis in axes]
    with _quietly():
        from imodels import RuleFitRegressor

        # Its cross-validation chooses nothing (imodels 3.0: it compares a score with itself), and costs most of the time.
        model = RuleFitRegressor(max_rules=most_rules, include_linear=False, cv=False, random_state=seed)
        model.fit(np.column_stack([one.codes for one in ranks]), mine.astype(np.float64), [f"{_PREFIX}{at}" for at in range(len(axes))])
    weights: dict[tuple[Condition, ...], float] = {}
    for rule, weight in zip(model.rules_, model.coef, strict=True):
        terms = [(int(name.removeprefix(_PREFIX)), op, float(value)) for (name, op), value in rule.agg_dict.items()]
        conditions = tuple(ranks[at].condition(op, value) for at, op, value in sorted(terms))
        if weight < 0 and len(conditions) == 1:
            # Whoever buys less than others is told by the opposite, who buys more: the same model.
            conditions, weight = (conditions[0].opposite(),), -weight
        # Different cuts between the same two values are one rule.
        weights[conditions] = weights.get(conditions, 0.0) + float(weight) * float(np.sqrt(rule.support * (1 - rule.support)))
    ordered = sorted(weights.items(), key=lambda one: (-abs(one[1]), len(one[0])))
    return _without_twins([(conditions, abs(weight)) for conditions, weight in ordered], columns, len(mine))


def _without_twins(found: Found, columns: Mapping[str, np.ndarray], n: int) -> Found:
    """Leave out rules that find nearly the same customers as one before: thresholds a hair apart are one thing to read."""
    kept: Found = []
    hits: list[np.ndarray] = []
    for conditions, importance in found:
        hit = _meets(conditions, columns, n)
        if all(_jaccard(hit, other) < _TWINS for other in hits):
            kept.append((conditions, importance))
            hits.append(hit)
    return kept


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Ranks:
    """An axis with its values replaced by their ranks from 0; a missing number has the median one, a missing text is none of the others."""

    axis: Axis
    known: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, axis: Axis) -> _Ranks:
        there = ~np.isnan(axis.values)
        known, codes = np.unique(axis.values[there], return_inverse=True)
        middle = np.floor(np.median(codes)) if axis.text is None else len(known) - 1
        filled = np.full(len(axis.values), float(middle))
        filled[there] = codes
        return cls(axis, known, filled)

    def condition(self, op: str, rank: float) -> Condition:
        below = min(max(int(np.floor(rank)), 0), len(self.known) - 2)
        value = short_number(float(self.known[below]), float(self.known[below + 1]))
        lower = self.axis.condition(Cut(0.0, 0.0, 0, value))
        return lower if op == "<=" else lower.opposite()


def _differs(values: np.ndarray) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool(known.min() < known.max())


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the libraries' warnings from the user, and NumPy's global draws from RuleFit, which seeds them."""
    state = np.random.get_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)


def _measured(
    conditions: tuple[Condition, ...],
    importance: float | None,
    fitted: tuple[Mapping[str, np.ndarray], np.ndarray],
    held_out: tuple[Mapping[str, np.ndarray], np.ndarray],
    rate: float,
) -> BuyerRule:
    own, mine = fitted
    met = _meets(conditions, own, len(mine))
    rest, theirs = held_out
    found = measure_selection(_meets(conditions, rest, len(theirs)), theirs)
    return BuyerRule(Rule(conditions, found.recall, found.precision), found, bool(mine[met].sum() > rate * met.sum()), importance)


def _columns(frame: Frame) -> dict[str, np.ndarray]:
    lengths = [len(column) for _, column in frame.items()]
    return plain_columns(frame, lengths[0] if lengths else 0, made="A rule")


def _length(columns: Mapping[str, np.ndarray]) -> int:
    return len(next(iter(columns.values())))


def _meets(conditions: Sequence[Condition], columns: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    found = np.ones(n, bool)
    for condition in conditions:
        found &= condition.meets(columns[condition.feature])
    return found


def _sets(rules: Sequence[Sequence[Condition]], columns: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Return the set of rules that each customer meets, shape (n,), int: bit by bit, the first rule is 1."""
    found = np.zeros(n, np.int64)
    for bit, conditions in enumerate(rules):
        found |= _meets(conditions, columns, n).astype(np.int64) << bit
    return found


def _shares(sets: np.ndarray, mine: np.ndarray, n_rules: int) -> np.ndarray:
    customers, buyers = (np.bincount(sets, weights, minlength=1 << n_rules) for weights in (None, mine.astype(np.float64)))
    found: np.ndarray = (buyers + _ADDED * mine.mean()) / (customers + _ADDED)
    return found


def _best_cut(scores: np.ndarray, mine: np.ndarray) -> float:
    """Return the score above the share of buyers from which on F1 is best; infinite if there is none."""
    known = np.unique(scores[scores > mine.mean()])[::-1]
    if not len(known):
        return float("inf")
    f1 = [2 * mine[scores >= cut].sum() / ((scores >= cut).sum() + mine.sum()) for cut in known]
    return float(known[int(np.argmax(f1))])
