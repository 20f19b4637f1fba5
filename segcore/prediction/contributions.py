"""What each feature contributes to a prediction: SHAP values of a cross-fitted classifier."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from segcore.prediction.classifier import Classifier
from segcore.system.cores import in_threads

_AT_ONCE = 2_000
"""Customers explained by one thread at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """SHAP values of customers.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        In log-odds, before calibration.
    base : ndarray of shape (n_customers,), float64
        Log-odds of nobody in particular; ``base + values.sum(axis=1)`` are the customer's.
    """

    values: np.ndarray
    base: np.ndarray

    @property
    def log_odds(self) -> np.ndarray:
        """Base and contributions added up, shape (n_customers,), float64."""
        found: np.ndarray = self.base + self.values.sum(axis=1)
        return found

    @property
    def importance(self) -> np.ndarray:
        """Mean absolute contribution of each feature, shape (n_features,), float64, in log-odds."""
        found: np.ndarray = np.abs(self.values).mean(axis=0)
        return found


def explain_held_out(found: Classifier, X: np.ndarray, rows: np.ndarray) -> Contributions:
    """Explain customers who were among those fitted, each by the trees that did not see them.

    Parameters
    ----------
    found : Classifier
    X : ndarray of shape (n_customers, n_features), float64
        As it was fitted to.
    rows : ndarray of shape (n_rows,), int
        Customers to explain.

    Returns
    -------
    Contributions
        Of ``rows``, in their order; added up, they are ``found.log_odds[rows]``.

    Notes
    -----
    Exact for trees, with the feature perturbation that follows the trees' paths; computed by LightGBM, some ``n_trees * n_leaves *
    depth ** 2`` operations per customer. Folds are explained side by side, one thread each.

    References
    ----------
    Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees, Nature Machine Intelligence 2.
    """
    values, base = np.zeros((len(rows), X.shape[1])), np.zeros(len(rows))
    fold = found.fold[rows]

    def explain(held: int) -> None:
        mine = fold == held
        if mine.any():
            made = np.asarray(found.boosters[held].predict(X[rows[mine]], pred_contrib=True))
            values[mine], base[mine] = made[:, :-1], made[:, -1]

    in_threads([functools.partial(explain, held) for held in range(len(found.boosters))])
    return Contributions(values, base)


def explain_others(found: Classifier, X: np.ndarray, *, by_all_folds: int | None = None) -> Contributions:
    """Explain customers who were not among those fitted, by the mean over the folds' trees; see `explain_held_out`.

    Parameters
    ----------
    found : Classifier
    X : ndarray of shape (n_customers, n_features), float64
    by_all_folds : int or None
        How many customers, the first of ``X``, are explained by the trees of all folds; the others by those of one fold, which takes a
        fifth of the time. ``None`` for all of them.

    Returns
    -------
    Contributions
        Added up, those by all folds are ``found.predict_log_odds(X)``.
    """
    values, base = np.zeros(X.shape), np.zeros(len(X))
    exact = len(X) if by_all_folds is None else min(by_all_folds, len(X))

    def explain(first: int, last: int, folds: int) -> None:
        part = slice(first, last)
        for booster in found.boosters[:folds]:
            made = np.asarray(booster.predict(X[part], pred_contrib=True)) / folds
            values[part] += made[:, :-1]
            base[part] += made[:, -1]

    parts = [(first, min(first + _AT_ONCE, exact), len(found.boosters)) for first in range(0, exact, _AT_ONCE)]
    parts += [(first, first + _AT_ONCE, 1) for first in range(exact, len(X), _AT_ONCE)]
    in_threads([functools.partial(explain, *part) for part in parts])
    return Contributions(values, base)
