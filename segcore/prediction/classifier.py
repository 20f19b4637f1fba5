"""Gradient-boosted classifier, cross-fitted: each customer is predicted by trees that never saw that customer."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import JobError, ParameterError
from segcore.system.cores import in_threads
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import lightgbm

FOLDS = 5
LEAST_OF_EACH = 10
"""Fewest customers with either answer that a classifier is fitted to."""
_ROUNDS, _PATIENCE = 400, 30
_LARGE = 20_000
_SMALL_ROUNDS, _SMALL_PATIENCE = 600, 40
_IN_LEAF, _LEAST_IN_LEAF = 20, 3
_LEAF_SHARE = 4  # with a least size of 20, no tree would tell apart 30 customers: it is at most this part of those with the rarer answer
_PARAMS: Mapping[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 16,
    "lambda_l2": 1.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,  # else the layout, and with it the last bits, is chosen by timing
    "num_threads": 1,
    "verbosity": -1,
}
# One random threshold per feature is smoother, and finds pairs of features that only matter together. From some 50,000 customers on, the
# best threshold ranks better.
_SMALL: Mapping[str, Any] = {**_PARAMS, "num_leaves": 4, "extra_trees": True, "feature_fraction": 1.0}


@dataclass(frozen=True, slots=True)
class Calibration:
    """Log-odds of trees as probabilities: those of ``slope * log_odds + intercept`` (Platt, 1999)."""

    slope: float
    intercept: float

    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return probabilities, shape (n_customers,), float64, of log-odds of the same shape."""
        from scipy.special import expit

        found: np.ndarray = expit(self.slope * log_odds + self.intercept)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Trees of the folds, and what they say about the customers they were fitted to.

    Parameters
    ----------
    boosters : tuple of lightgbm.Booster
        One per fold, fitted to the other folds.
    fold : ndarray of shape (n_customers,), int
        Of each customer.
    log_odds : ndarray of shape (n_customers,), float64
        Held out: by the trees that did not see the customer. Raw, that is before calibration.
    probabilities : ndarray of shape (n_customers,), float64
        Held out, at the true base rate: each fold is calibrated on the others.
    calibration : Calibration
        Of the mean of the folds' trees, for other customers; steeper than that of one fold's trees, see `fit_classifier`.
    """

    boosters: tuple[lightgbm.Booster, ...]
    fold: np.ndarray
    log_odds: np.ndarray
    probabilities: np.ndarray
    calibration: Calibration

    def predict_log_odds(self, X: np.ndarray) -> np.ndarray:
        """Return the raw log-odds of customers who were not among those fitted: the mean of the folds' trees."""
        found: np.ndarray = np.mean([booster.predict(X, raw_score=True) for booster in self.boosters], axis=0)
        return found

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the calibrated probabilities of other customers, shape (n_customers,), float64."""
        return self.calibration.probabilities(self.predict_log_odds(X))


def fit_classifier(
    X: np.ndarray,
    y: np.ndarray,
    *,
    seed: int = 0,
    owners: np.ndarray | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Classifier:
    """Fit LightGBM once per fold, and calibrate it.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    y : ndarray of shape (n_customers,), bool
        At least `LEAST_OF_EACH` of either value.
    seed : int
        Of the folds and the trees.
    owners : ndarray of shape (n_rows,), object, or None
        Customer of each row, where one has several: they are held out together.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    ParameterError
        If there are too few of either.
    JobError
        If LightGBM cannot be loaded.

    Notes
    -----
    The number of trees of a fold is chosen on a fifth of the customers it is fitted to. The same arrays and seed give the same trees
    on the same machine. Folds are fitted side by side, one thread each. A held-out customer is predicted by one fold's trees, others by
    the mean of all, which is less noisy: with the same slope, the highest ranks of others would come out up to a fifth too low. Their slope
    is therefore that of one fold times the ratio of the variances, which follows from how the trees of two folds correlate on customers
    whom neither was fitted to. Rare answers are neither weighed up nor their opposite dropped: on a planted response of 13 % either ranks
    customers alike, but calibrated probabilities of the highest ranks come out 7 % low.

    References
    ----------
    Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree, NIPS 30.
    """
    n_positive = int(y.sum())
    if min(n_positive, len(y) - n_positive) < LEAST_OF_EACH:
        raise ParameterError(f"A model needs at least {LEAST_OF_EACH} customers of each answer, got {n_positive} of {len(y)}.")
    fold = draw_folds(y, seed=seed, owners=owners)
    finished = itertools.count(1)

    def fit(held: int) -> tuple[lightgbm.Booster, np.ndarray]:
        rows = np.flatnonzero(fold != held)
        booster, watched = _fit(X[rows], y[rows], seed=seed + held)
        progress(next(finished) / FOLDS)
        return booster, rows[watched]

    fitted = in_threads([functools.partial(fit, held) for held in range(FOLDS)])
    boosters = tuple(booster for booster, _ in fitted)
    log_odds = np.zeros(len(y))
    for held, booster in enumerate(boosters):
        log_odds[fold == held] = booster.predict(X[fold == held], raw_score=True)
    probabilities = np.zeros(len(y))
    for held in range(FOLDS):
        others = fold != held
        probabilities[~others] = calibrate(log_odds[others], y[others]).probabilities(log_odds[~others])
    second = [booster.predict(X[watched], raw_score=True) for booster, watched in fitted]
    together = _correlation(log_odds[np.concatenate([watched for _, watched in fitted])], np.concatenate(second))
    return Classifier(boosters, fold, log_odds, probabilities, calibrate_mean(calibrate(log_odds, y), log_odds, together))


def draw_folds(y: np.ndarray, *, folds: int = FOLDS, seed: int = 0, owners: np.ndarray | None = None) -> np.ndarray:
    """Return a fold for each row, shape (n_rows,), int: at random, with both answers spread evenly over the folds.

    With ``owners``, of the same shape, all rows of one customer are in one fold; who answered yes in any of them counts as a yes.
    """
    if owners is not None:
        _, of = np.unique(owners.astype(str), return_inverse=True)
        return draw_folds(np.bincount(of, weights=y) > 0, folds=folds, seed=seed)[of]
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(y))
    ranked = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), dtype=np.int64)
    fold[ranked] = np.arange(len(y)) % folds
    return fold


def calibrate(log_odds: np.ndarray, y: np.ndarray) -> Calibration:
    """Fit the calibration by maximum likelihood, with Platt's targets, which keep it finite where the answers can be told apart.

    Parameters
    ----------
    log_odds : ndarray of shape (n_customers,), float64
        Held out.
    y : ndarray of shape (n_customers,), bool

    Notes
    -----
    Newton's method. A slope below 0, for trees that are worse than chance, becomes 0: every probability is then the base rate.
    """
    from scipy.special import expit

    n_positive = float(y.sum())
    target = np.where(y, (n_positive + 1) / (n_positive + 2), 1 / (len(y) - n_positive + 2))
    centre = float(log_odds.mean())
    spread = float(log_odds.std())
    rate = float(target.mean())
    start = float(np.log(rate / (1 - rate)))
    if spread < 1e-9:
        return Calibration(0.0, start)
    Z = np.column_stack([(log_odds - centre) / spread, np.ones(len(y))])
    at = np.array([0.0, start])
    for _ in range(50):
        p = expit(Z @ at)
        step = np.linalg.solve(Z.T @ (Z * np.maximum(p * (1 - p), 1e-12)[:, None]), Z.T @ (target - p))
        at = at + step * min(1.0, 5.0 / float(np.abs(step).max() + 1e-300))
        if float(np.abs(step).max()) < 1e-10:
            break
    if at[0] <= 0:
        return Calibration(0.0, start)
    return Calibration(float(at[0] / spread), float(at[1] - at[0] * centre / spread))


def calibrate_mean(one: Calibration, log_odds: np.ndarray, correlation: float) -> Calibration:
    """Return the calibration of the mean of all folds' log-odds, from that of one fold's.

    Parameters
    ----------
    one : Calibration
        Of ``log_odds``.
    log_odds : ndarray of shape (n_customers,), float64
        By one fold's trees each, held out.
    correlation : float
        Between the log-odds of two folds' trees on customers whom neither saw, 0 to 1.

    Notes
    -----
    The mean covaries with the answers as much as one fold's log-odds do, but has only a part of their variance, so its slope is steeper
    by that part. The base rate stays the same.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    part = (1 + (FOLDS - 1) * correlation) / FOLDS
    slope = one.slope / part
    spread = slope * np.sqrt(part) * (log_odds - log_odds.mean())
    rate = float(one.probabilities(log_odds).mean())
    middle = float(np.log(rate / (1 - rate)))
    reach = float(np.abs(spread).max()) + 1
    at = float(brentq(lambda shift: float(expit(spread + shift).mean()) - rate, middle - reach, middle + reach))
    return Calibration(slope, at - slope * float(log_odds.mean()))


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two predictions of the same customers, 0 to 1; 1 where one of them is constant."""
    if min(first.std(), second.std()) < 1e-9:
        return 1.0
    return max(0.0, float(np.corrcoef(first, second)[0, 1]))


def _loaded() -> ModuleType:
    """Return LightGBM, whose wheel uses the system's OpenMP library; slim containers have none."""
    try:
        import lightgbm
    except OSError as error:
        raise refusal("classifier.not_loaded", kind=JobError, reason=str(error)) from error
    return lightgbm


def _fit(X: np.ndarray, y: np.ndarray, *, seed: int) -> tuple[lightgbm.Booster, np.ndarray]:
    """Fit trees to four fifths of the customers, as many as predict the last fifth best; return them and who was in the last fifth."""
    lightgbm = _loaded()
    watched = draw_folds(y, seed=seed) == 0
    rarer = min(int(y.sum()), len(y) - int(y.sum()))
    in_leaf = min(_IN_LEAF, max(_LEAST_IN_LEAF, rarer // _LEAF_SHARE))
    small = len(y) < _LARGE
    params, rounds, patience = (_SMALL, _SMALL_ROUNDS, _SMALL_PATIENCE) if small else (_PARAMS, _ROUNDS, _PATIENCE)
    fitted = lightgbm.Dataset(X[~watched], y[~watched].astype(np.float32))
    judged = lightgbm.Dataset(X[watched], y[watched].astype(np.float32), reference=fitted)
    stop = lightgbm.early_stopping(patience, verbose=False)
    own = {**params, "min_data_in_leaf": in_leaf, "seed": seed}
    return lightgbm.train(own, fitted, rounds, valid_sets=[judged], callbacks=[stop]), watched
