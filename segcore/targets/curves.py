"""Lift, gain and profit of rankings: how many buyers are among the first customers, with 95 % intervals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.errors import ParameterError
from segcore.records.estimate import Estimate

RESAMPLES = 400
_BUDGETS = 50
"""Budgets of a curve that are spread evenly, and as many spread by their logarithm."""
_FIRST_BUDGET = 10
_TAIL = 0.025
_DIGITS = 12
_EXACT = 1e-12
"""Variance of a share that is rounding alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A number at each budget with its 95 % interval; every array has shape (n_budgets,), float64."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def scaled(self, factor: np.ndarray | float, shift: np.ndarray | float = 0.0) -> Band:
        """Return ``factor * band + shift``; ``factor`` at least 0."""
        return Band(*(factor * one + shift for one in (self.value, self.low, self.high)))

    def at(self, place: int, sample_size: int) -> Estimate:
        """Return the number at one budget."""
        return Estimate(float(self.value[place]), float(self.low[place]), float(self.high[place]), sample_size)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"value": self.value.tolist(), "low": self.low.tolist(), "high": self.high.tolist()}


@dataclass(frozen=True, slots=True, eq=False)
class RankingCurve:
    """How a ranking finds buyers, at each budget.

    Parameters
    ----------
    budgets : ndarray of shape (n_budgets,), int
        Customers contacted, ascending, 1 to ``n_customers``.
    n_customers, n_buyers : int
    gain : Band
        Share of all buyers who are among the contacted.
    rate : Band
        Share of the contacted who are buyers.
    """

    budgets: np.ndarray
    n_customers: int
    n_buyers: int
    gain: Band
    rate: Band

    @property
    def base_rate(self) -> float:
        """Share of buyers among all customers."""
        return self.n_buyers / self.n_customers

    @property
    def lift(self) -> Band:
        """Rate among the contacted as a multiple of the base rate; exactly 1 if all are contacted, or all have the same score."""
        found = self.gain.scaled(self.n_customers / self.budgets)
        # 1 less the last bit, with an interval as short, would be below random.
        return Band(*(one.round(_DIGITS) for one in (found.value, found.low, found.high)))

    @property
    def buyers(self) -> Band:
        """Number of buyers expected among as many contacts as each budget; its interval holds what is not known of the rate."""
        return self.rate.scaled(self.budgets)

    def profit(self, *, value: float, cost: float) -> Band:
        """Return what the contacts bring in, less what they cost.

        Parameters
        ----------
        value : float
            Of a buyer, at least 0.
        cost : float
            Of a contact, at least 0, in the same currency.
        """
        check_money(value, cost)
        return self.buyers.scaled(value, -cost * self.budgets)

    def place(self, budget: int) -> int:
        """Return where a budget of the curve is in ``budgets``."""
        found = np.flatnonzero(self.budgets == budget)
        if not len(found):
            raise ParameterError(f"The curve has no budget of {budget:,} contacts: compute it with that budget.")
        return int(found[0])

    def to_json(self) -> dict[str, Any]:
        """Return plain values, lift included."""
        return {
            "budgets": self.budgets.tolist(),
            "n_customers": self.n_customers,
            "n_buyers": self.n_buyers,
            "gain": self.gain.to_json(),
            "rate": self.rate.to_json(),
            "lift": self.lift.to_json(),
        }


@dataclass(frozen=True, slots=True)
class RankingDifference:
    """Difference between two rankings of the same customers at one budget: the first less the second.

    Parameters
    ----------
    first, second : str
        Names of the rankings.
    lift : Estimate
    buyers : Estimate
        Buyers among the contacted.
    """

    first: str
    second: str
    lift: Estimate
    buyers: Estimate

    @property
    def winner(self) -> str | None:
        """Name of the ranking that is better beyond chance; ``None`` if the interval holds 0."""
        low, high = self.lift.low or 0.0, self.lift.high or 0.0
        return self.first if low > 0 else self.second if high < 0 else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "first": self.first,
            "second": self.second,
            "lift": self.lift.to_json(),
            "buyers": self.buyers.to_json(),
            "winner": self.winner,
        }


@dataclass(frozen=True, slots=True, eq=False)
class RankingComparison:
    """Curves of several rankings of the same customers, and their differences at the budget.

    Parameters
    ----------
    budget : int
    curves : mapping of str to RankingCurve
        By the name of the ranking, in the order given.
    differences : tuple of RankingDifference
        One per pair, the earlier ranking first.
    """

    budget: int
    curves: Mapping[str, RankingCurve]
    differences: tuple[RankingDifference, ...]

    def difference(self, first: str, second: str) -> RankingDifference:
        """Return the difference of a pair, whichever way round."""
        for found in self.differences:
            if (found.first, found.second) == (first, second):
                return found
            if (found.second, found.first) == (first, second):
                return RankingDifference(first, second, _scaled(found.lift, -1), _scaled(found.buyers, -1))
        raise ParameterError.unknown("pair of rankings", f"{first}, {second}", self.curves)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        curves = {name: curve.to_json() for name, curve in self.curves.items()}
        return {"budget": self.budget, "curves": curves, "differences": [one.to_json() for one in self.differences]}


@dataclass(frozen=True, slots=True)
class ProfitPeak:
    """Number of contacts at which the expected profit is largest.

    Parameters
    ----------
    contacts : int
        0 if nobody is worth a contact.
    buyers, profit : float
        Expected at that number.
    """

    contacts: int
    buyers: float
    profit: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"contacts": self.contacts, "buyers": self.buyers, "profit": self.profit}


def buyers_among_first(y: np.ndarray, scores: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """Return the buyers expected among the first customers; equal scores are contacted in random order.

    Parameters
    ----------
    y : ndarray of shape (n_customers,), bool
    scores : ndarray of shape (n_customers,), float64
        The highest is contacted first.
    budgets : ndarray of shape (n_budgets,), int
        0 to ``n_customers``.

    Returns
    -------
    ndarray of shape (n_budgets,), float64

    Examples
    --------
    >>> import numpy as np
    >>> buyers_among_first(np.array([True, False, True, False]), np.array([3.0, 2.0, 2.0, 1.0]), np.array([1, 2, 3, 4]))
    array([1. , 1.5, 2. , 2. ])
    """
    return RankedSteps.of(scores).buyers(y, np.ones(len(y), dtype=np.int64), budgets)


def compare_rankings(
    y: np.ndarray, rankings: Mapping[str, np.ndarray], *, budget: int, resamples: int = RESAMPLES, seed: int = 0
) -> RankingComparison:
    """Measure rankings of the same customers at about 100 budgets, and their differences at one of them.

    Parameters
    ----------
    y : ndarray of shape (n_customers,), bool
        At least one buyer.
    rankings : mapping of str to ndarray of shape (n_customers,), float64
        Scores, the highest contacted first; at least one ranking.
    budget : int
        1 to ``n_customers``.
    resamples : int
        At least 50.
    seed : int
        Of the resamples.

    Raises
    ------
    ParameterError
        If nobody bought, the budget is outside its range, or a score is not a number.

    Notes
    -----
    Customers are resampled, the same ones for every ranking, and ranked again: a resample is a weight per customer, so that nothing is
    sorted twice. Percentile intervals of the resamples would be too short with few buyers (none if no buyer was found). The resamples
    therefore only give the variance; the interval is Clopper and Pearson's for a sample of the size that has this variance. That covers
    at least 95 % however few the buyers are, and is exact where the variance is 0, as with equal scores. Differences join the intervals of
    both by their correlation over the resamples. Each resample takes time in ``n_customers * n_rankings``.

    References
    ----------
    Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive counts, Survey Methodology 24.
    Newcombe (1998), Improved confidence intervals for the difference between binomial proportions based on paired data, Statistics in
    Medicine 17.
    """
    _check(y, rankings, budget)
    if resamples < 50:
        raise ParameterError.out_of_range("The number of resamples", resamples, 50, None)
    n, n_buyers = len(y), int(y.sum())
    budgets = curve_budgets(n, budget)
    place = int(np.searchsorted(budgets, budget))
    steps = {name: RankedSteps.of(scores) for name, scores in rankings.items()}
    gain, rate = np.empty((2, len(steps), resamples, len(budgets)))
    for turn, weight in enumerate(resampled_weights(n, resamples, seed)):
        bought = max(int(weight[y].sum()), 1)  # with no buyer drawn, no share of them is reached
        for which, one in enumerate(steps.values()):
            found = one.buyers(y, weight, budgets)
            gain[which, turn], rate[which, turn] = found / bought, found / budgets
    curves = {}
    for which, (name, one) in enumerate(steps.items()):
        buyers = one.buyers(y, np.ones(n, dtype=np.int64), budgets)
        reached = _share_band(buyers / n_buyers, gain[which].var(axis=0), np.where(budgets == n, 0, n_buyers))
        curves[name] = RankingCurve(budgets, n, n_buyers, reached, _share_band(buyers / budgets, rate[which].var(axis=0), budgets))
    differences = []
    for (i, first), (j, second) in itertools.combinations(enumerate(steps), 2):
        together = 1.0 if steps[first].equals(steps[second]) else _correlation(gain[i, :, place], gain[j, :, place])
        differences.append(_difference(curves, (first, second), budget, together))
    return RankingComparison(budget, curves, tuple(differences))


def curve_budgets(n_customers: int, budget: int) -> np.ndarray:
    """Return the budgets of a curve, shape (at most 101,), int, ascending: ``budget``, and others up to all customers.

    Half of them are spread by their logarithm, because small budgets are asked for most.
    """
    by_log = np.geomspace(min(_FIRST_BUDGET, n_customers), n_customers, _BUDGETS)
    evenly = np.linspace(0, n_customers, _BUDGETS + 1)[1:]
    return np.unique(np.concatenate([np.ceil(by_log), np.ceil(evenly), [budget]]).astype(np.int64).clip(1, n_customers))


def most_profitable(probabilities: np.ndarray, *, value: float, cost: float) -> ProfitPeak:
    """Return where to stop: everybody whose probability is worth more than the contact costs.

    Parameters
    ----------
    probabilities : ndarray of shape (n_customers,), float64
        Calibrated, in any order, 0 to 1.
    value, cost : float
        Of a buyer and of a contact, at least 0, in the same currency.

    Examples
    --------
    >>> import numpy as np
    >>> most_profitable(np.array([0.5, 0.1, 0.3]), value=10, cost=2)
    ProfitPeak(contacts=2, buyers=0.8, profit=4.0)
    """
    check_money(value, cost)
    worth = probabilities[probabilities * value > cost]
    buyers = float(worth.sum())
    return ProfitPeak(len(worth), buyers, value * buyers - cost * len(worth))


def check_money(value: float, cost: float) -> None:
    """Raise `ParameterError` unless the value of a buyer and the cost of a contact are at least 0."""
    for name, got in (("The value of a buyer", value), ("The cost of a contact", cost)):
        if not (np.isfinite(got) and got >= 0):
            raise ParameterError.out_of_range(name, got, 0, None)


def check_outcomes(y: np.ndarray) -> None:
    """Raise `ParameterError` unless there is a buyer."""
    if not len(y):
        raise ParameterError("There are no customers to rank: choose others.")
    if not y.any():
        raise ParameterError(
            f"None of {len(y):,} customers bought, so nothing can be ranked by it: choose another outcome or a longer period."
        )


def check_scores(name: str, scores: np.ndarray, n_customers: int) -> None:
    """Raise `ParameterError` unless there is one number for each customer."""
    if scores.shape != (n_customers,):
        raise ParameterError(f"The ranking {name} needs one score for each of {n_customers:,} customers, got {scores.shape}.")
    if np.isnan(scores).any():
        raise ParameterError(f"The ranking {name} has {int(np.isnan(scores).sum()):,} scores that are not numbers: fill or drop them.")


def check_budget(budget: int, n_customers: int) -> None:
    """Raise `ParameterError` unless at least one and at most all customers are contacted."""
    if not 1 <= budget <= n_customers:
        raise ParameterError.out_of_range("The number of contacts", budget, 1, n_customers)


@dataclass(frozen=True, slots=True, eq=False)
class RankedSteps:
    """Customers sorted by a score, the highest first; equal scores are one step.

    Parameters
    ----------
    order : ndarray of shape (n_customers,), int
        Rows, the highest score first.
    last : ndarray of shape (n_steps,), int
        Place in ``order`` of the last customer of each step.
    """

    order: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray) -> RankedSteps:
        """Sort scores, shape (n_customers,)."""
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        return cls(order, np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(order) - 1))

    def cumulated(self, amount: np.ndarray) -> np.ndarray:
        """Return an amount per customer added up before the first step and after each, shape (n_steps + 1,)."""
        return np.concatenate([[0], np.cumsum(amount[self.order])[self.last]])

    def buyers(self, y: np.ndarray, weight: np.ndarray, budgets: np.ndarray) -> np.ndarray:
        """Return the weight of buyers among the first ``budgets`` of the weight; linear within a step."""
        found: np.ndarray = np.interp(budgets, self.cumulated(weight), self.cumulated(weight * y))
        return found

    def equals(self, other: RankedSteps) -> bool:
        """Tell whether both rank alike, equal scores included."""
        return np.array_equal(self.last, other.last) and np.array_equal(self._step_of_each(), other._step_of_each())

    def _step_of_each(self) -> np.ndarray:
        found = np.empty(len(self.order), dtype=np.int64)
        found[self.order] = np.searchsorted(self.last, np.arange(len(self.order)))
        return found


def _check(y: np.ndarray, rankings: Mapping[str, np.ndarray], budget: int) -> None:
    check_outcomes(y)
    check_budget(budget, len(y))
    for name, scores in rankings.items():
        check_scores(name, scores, len(y))


def resampled_weights(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each customer is drawn, shape (n,), int: ``n`` draws in all, with replacement."""
    draw = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(draw.integers(0, n, n), minlength=n)


def _share_band(share: np.ndarray, variance: np.ndarray, size: np.ndarray) -> Band:
    """Return shares with Clopper and Pearson's interval, for samples of the size that explains the variance.

    Where nothing or everything was found the resamples have no variance, and ``size`` is taken; 0 means that the share is certain.
    """
    from scipy.stats import beta

    edge = (share <= 0) | (share >= 1 - 1e-12)
    sharp = (size == 0) | (~edge & (variance < _EXACT))
    n = np.where(edge | sharp, np.maximum(size, 1), share * (1 - share) / np.where(edge | sharp, 1.0, variance))
    found = n * share.clip(0, 1)
    low = np.where(share <= 0, 0.0, beta.ppf(_TAIL, np.maximum(found, 1e-12), n - found + 1))
    high = np.where(share >= 1 - 1e-12, 1.0, beta.ppf(1 - _TAIL, found + 1, np.maximum(n - found, 1e-12)))
    return Band(share, np.where(sharp, share, np.minimum(low, share)), np.where(sharp, share, np.maximum(high, share)))


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two numbers over the resamples; 0 where one of them never varies."""
    spread = first.std() * second.std()
    return 0.0 if spread < _EXACT else min(float(((first - first.mean()) * (second - second.mean())).mean() / spread), 1 - 1e-12)


def _difference(curves: Mapping[str, RankingCurve], names: tuple[str, str], budget: int, correlation: float) -> RankingDifference:
    """Return the difference in lift and in buyers, by squaring and adding what both intervals reach; none of a ranking from itself."""
    first, second = (curves[name] for name in names)
    n = first.n_customers
    a, b = (curve.gain.at(curve.place(budget), n) for curve in (first, second))
    value = (a.value or 0) - (b.value or 0)
    down = _reach((a.value or 0) - (a.low or 0), (b.high or 0) - (b.value or 0), correlation)
    up = _reach((a.high or 0) - (a.value or 0), (b.value or 0) - (b.low or 0), correlation)
    gain = Estimate(value, value, value, n) if correlation == 1 else Estimate(value, value - down, value + up, n)
    return RankingDifference(*names, _scaled(gain, n / budget), _scaled(gain, first.n_buyers))


def _reach(first: float, second: float, correlation: float) -> float:
    return float(np.sqrt(max(0.0, first**2 - 2 * correlation * first * second + second**2)))


def _scaled(found: Estimate, factor: float) -> Estimate:
    value, one, other = (0.0 + factor * (end or 0.0) for end in (found.value, found.low, found.high))
    return Estimate(value, min(one, other), max(one, other), found.sample_size)
