"""Uplift: how many more customers buy because they were contacted, learned from a treatment that was drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from segcore.errors import ParameterError
from segcore.prediction.classifier import LEAST_OF_EACH, Classifier, calibrate, fit_classifier
from segcore.prediction.held_out import auc
from segcore.records.estimate import Z_95, Estimate, difference_interval, wilson_interval
from segcore.records.finding import Finding
from segcore.targets.curves import RESAMPLES, Band, RankedSteps, check_budget, check_scores, resampled_weights
from segcore.wording.numbers import counted

_SHARES = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class QiniCurve:
    """How much of the effect a ranking has reached, at each share of the customers.

    Parameters
    ----------
    shares : ndarray of shape (n_shares,), float64
        Of the customers contacted, 0 to 1.
    extra : Band
        Additional buyers per customer, contacted or not, if only that share is contacted.
    area : Estimate
        Between ``extra`` and the straight line to its end, which is what a random ranking reaches; not normalised, with the 95 % interval.
    """

    shares: np.ndarray
    extra: Band
    area: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"shares": self.shares.tolist(), "extra": self.extra.to_json(), "area": self.area.to_json()}


@dataclass(frozen=True, slots=True)
class UpliftAtBudget:
    """Uplift among the customers who are contacted first.

    Parameters
    ----------
    budget : int
        Customers.
    treated, control : Estimate
        Share of buyers in each arm, with Wilson's 95 % interval; undefined if nobody of the arm is among them.
    uplift : Estimate
        Difference of the two, with Newcombe's 95 % interval.
    """

    budget: int
    treated: Estimate
    control: Estimate
    uplift: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        arms = {"treated": self.treated.to_json(), "control": self.control.to_json()}
        return {"budget": self.budget, **arms, "uplift": self.uplift.to_json()}


@dataclass(frozen=True, slots=True, eq=False)
class UpliftMeasures:
    """How well scores find the customers whom the contact changes.

    Parameters
    ----------
    qini : QiniCurve
    random : QiniCurve
        Of a random score on the same customers, as a test of the measurement: its area is 0 but for chance.
    at_budget : UpliftAtBudget
    """

    qini: QiniCurve
    random: QiniCurve
    at_budget: UpliftAtBudget

    @property
    def passes_self_test(self) -> bool:
        """Tell whether the interval of the random score's area holds 0."""
        return (self.random.area.low or 0.0) <= 0 <= (self.random.area.high or 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        curves = {"qini": self.qini.to_json(), "random": self.random.to_json()}
        return {**curves, "at_budget": self.at_budget.to_json(), "passes_self_test": self.passes_self_test}


def check_arms(y: np.ndarray, treated: np.ndarray) -> None:
    """Raise `ParameterError` unless each arm has enough customers with either answer.

    Parameters
    ----------
    y, treated : ndarray of shape (n_customers,), bool
    """
    if y.shape != treated.shape:
        raise ParameterError(f"The treatment needs one value for each of {counted(len(y), 'customer')}, got {len(treated):,}.")
    for name, arm in (("treated", y[treated]), ("not treated", y[~treated])):
        buyers = int(arm.sum())
        if min(buyers, len(arm) - buyers) < LEAST_OF_EACH:
            raise ParameterError(
                f"Uplift needs at least {LEAST_OF_EACH} buyers and {LEAST_OF_EACH} others both with and without the treatment; "
                f"of the {counted(len(arm), 'customer')} {name}, {buyers:,} bought."
            )


def find_imbalance(X: np.ndarray, treated: np.ndarray, names: Sequence[str]) -> Finding | None:
    """Return a finding if a feature differs between the arms more than by chance, so that the treatment was not drawn at random.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Known before the treatment.
    treated : ndarray of shape (n_customers,), bool
        At least two of either.
    names : sequence of str
        Of the features.

    Notes
    -----
    One interval of the area under the ROC curve per feature, at 95 % for all of them together (Bonferroni). The finding names the feature
    farthest from 0.5.
    """
    varied = np.flatnonzero(np.ptp(X, axis=0) > 0)
    z = NormalDist().inv_cdf(1 - 0.025 / max(len(varied), 1))
    found = {int(at): auc(treated, X[:, at], z=z) for at in varied}
    apart = {at: one for at, one in found.items() if not one.low <= 0.5 <= one.high}
    if not apart:
        return None
    worst = max(apart, key=lambda at: abs(apart[at].value - 0.5))
    area = apart[worst]
    values = {"feature": names[worst], "auc": area.value, "low": area.low, "high": area.high, "others": len(apart) - 1}
    return Finding("uplift.not_randomised", "warning", values)


def score_uplift(
    X: np.ndarray, y: np.ndarray, treated: np.ndarray, *, seed: int = 0, progress: Callable[[float], None] = lambda share: None
) -> np.ndarray:
    """Score customers by the probability of buying with the treatment, less that without it (T-learner), held out.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    y : ndarray of shape (n_customers,), bool
    treated : ndarray of shape (n_customers,), bool
        Drawn at random.
    seed : int
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Returns
    -------
    ndarray of shape (n_customers,), float64
        -1 to 1.

    Raises
    ------
    ParameterError
        If an arm has too few customers of either answer.

    Notes
    -----
    Both arms have a classifier each, with the same number of folds. A customer of fold k, of either arm, is scored by fold k of both: by
    trees and a calibration that saw nobody of fold k. Within a fold, the score therefore depends on the features alone, never on the arm,
    and the arms stay comparable at each rank.

    References
    ----------
    Künzel et al. (2019), Metalearners for estimating heterogeneous treatment effects using machine learning, PNAS 116.
    """
    check_arms(y, treated)
    scores = np.zeros(len(y))
    fold = np.empty(len(y), dtype=np.int64)
    arms = []
    for turn, arm in enumerate((treated, ~treated)):
        found = fit_classifier(X[arm], y[arm], seed=seed + turn, progress=lambda share, done=turn: progress((done + share) / 2))  # type: ignore[misc]
        fold[arm] = found.fold
        arms.append((found, y[arm]))
    for held in np.unique(fold):
        rows = fold == held
        with_it, without = (_of_fold(found, answers, int(held), X[rows]) for found, answers in arms)
        scores[rows] = with_it - without
    return scores


def measure_uplift(
    y: np.ndarray, treated: np.ndarray, scores: np.ndarray, *, budget: int, resamples: int = RESAMPLES, seed: int = 0
) -> UpliftMeasures:
    """Measure uplift scores on the customers they were held out of.

    Parameters
    ----------
    y, treated : ndarray of shape (n_customers,), bool
        Each arm has at least 10 buyers and 10 others.
    scores : ndarray of shape (n_customers,), float64
        The highest is contacted first.
    budget : int
        1 to ``n_customers``, of both arms together.
    resamples : int
    seed : int
        Of the resamples and of the random score.

    Raises
    ------
    ParameterError
        If an arm is too small, the budget is outside its range, or a score is not a number.
    """
    check_arms(y, treated)
    check_budget(budget, len(y))
    check_scores("by uplift", scores, len(y))
    by_chance = np.random.default_rng([seed, 1]).permutation(len(y)).astype(np.float64)
    curves = [qini_curve(y, treated, one, resamples=resamples, seed=seed) for one in (scores, by_chance)]
    return UpliftMeasures(curves[0], curves[1], uplift_among_first(y, treated, scores, budget))


def qini_curve(y: np.ndarray, treated: np.ndarray, scores: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> QiniCurve:
    """Return the Qini curve of scores; equal scores are one step, along which it is straight.

    Parameters
    ----------
    y, treated : ndarray of shape (n_customers,), bool
        At least one customer in each arm.
    scores : ndarray of shape (n_customers,), float64
    resamples : int
        Of the intervals; each arm is resampled by itself.
    seed : int

    Notes
    -----
    At a share, the buyers among the treated as a share of all treated, less the buyers among the others as a share of all others.
    The band holds percentiles of the resamples. The area adds up all customers, so its interval is the normal one with their variance.
    Each resample takes time in ``n_customers``.

    References
    ----------
    Radcliffe (2007), Using control groups to target on predicted lift, Direct Marketing Analytics Journal 1.
    Gutierrez and Gérardy (2017), Causal inference and uplift modelling: a review of the literature, PMLR 67.
    """
    steps = RankedSteps.of(scores)
    gained = np.where(treated, y / max(int(treated.sum()), 1), -(y / max(int((~treated).sum()), 1)))
    arms = [np.flatnonzero(treated), np.flatnonzero(~treated)]
    extra, areas = np.empty((resamples, len(_SHARES))), np.empty(resamples)
    draws = zip(*(resampled_weights(len(arm), resamples, seed + turn) for turn, arm in enumerate(arms)), strict=True)
    weight = np.ones(len(y))
    value, area = _qini(steps, gained, weight)
    for turn, drawn in enumerate(draws):
        for arm, often in zip(arms, drawn, strict=True):
            weight[arm] = often
        extra[turn], areas[turn] = _qini(steps, gained, weight)
    low, high = np.quantile(extra, [0.025, 0.975], axis=0)
    reach = Z_95 * float(areas.std())
    return QiniCurve(_SHARES, Band(value, low, high), Estimate(area, area - reach, area + reach, len(y)))


def uplift_among_first(y: np.ndarray, treated: np.ndarray, scores: np.ndarray, budget: int) -> UpliftAtBudget:
    """Return the difference in buying between the arms among the first customers; of equal scores, the same share of everybody.

    Parameters
    ----------
    y, treated : ndarray of shape (n_customers,), bool
    scores : ndarray of shape (n_customers,), float64
    budget : int
        1 to ``n_customers``.

    See Also
    --------
    segcore.records.estimate.difference_interval
    """
    check_budget(budget, len(y))
    steps = RankedSteps.of(scores)

    def among_first(who: np.ndarray) -> float:
        return float(np.interp(budget, steps.cumulated(np.ones(len(y))), steps.cumulated(who)))

    rates = []
    for arm in (treated, ~treated):
        n = among_first(arm)
        rates.append((min(among_first(arm & y) / n, 1.0), n) if n > 0 else None)
    first, second = rates
    if first is None or second is None:
        missing = "treated" if first is None else "untreated"
        none = Estimate.undefined(f"Nobody among the first {counted(budget, 'customer')} was {missing}.")
        with_it, without = (none if rate is None else _share(*rate) for rate in rates)
        return UpliftAtBudget(budget, with_it, without, none)
    difference = Estimate(first[0] - second[0], *difference_interval(first, second), budget)
    return UpliftAtBudget(budget, _share(*first), _share(*second), difference)


def _of_fold(found: Classifier, y: np.ndarray, held: int, X: np.ndarray) -> np.ndarray:
    """Return probabilities by the trees and the calibration that saw nobody of a fold."""
    others = found.fold != held
    log_odds = np.asarray(found.boosters[held].predict(X, raw_score=True))
    return calibrate(found.log_odds[others], y[others]).probabilities(log_odds)


def _qini(steps: RankedSteps, gained: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the curve at ``_SHARES`` and its area, both with customers counted ``weight`` times."""
    share = steps.cumulated(weight) / weight.sum()
    extra = steps.cumulated(weight * gained)
    at: np.ndarray = np.interp(_SHARES, share, extra)
    return at, float(np.trapezoid(extra - share * extra[-1], share))


def _share(rate: float, n: float) -> Estimate:
    return Estimate(rate, *wilson_interval(rate, n), round(n))
