"""Leaks: features that tell the outcome so well that they were probably made from it, or after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcore.prediction.classifier import draw_folds
from segcore.prediction.held_out import Auc, auc

SUSPICIOUS = 0.95
"""Area under the ROC curve, held out, above which one feature alone is a suspect."""
_BINS, _MOST_CUSTOMERS, _LEAST_OF_EACH = 50, 50_000, 4


@dataclass(frozen=True, slots=True)
class Leak:
    """A feature that alone tells the outcome.

    Parameters
    ----------
    feature : str
    area : Auc
        Of its predictions on customers that they were not fitted to.
    """

    feature: str
    area: Auc


def find_leaks(X: np.ndarray, y: np.ndarray, names: Sequence[str], *, seed: int = 0) -> tuple[Leak, ...]:
    """Return the features that alone tell the outcome, the strongest first.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    y : ndarray of shape (n_customers,), bool
    names : sequence of str
        Of the features.
    seed : int
        Of the halves, and of the sample of more than 50,000 customers.

    Returns
    -------
    tuple of Leak
        None with fewer than four customers of either answer in a half.

    Notes
    -----
    Values are put into at most 50 groups of about the same size, by order; the share of yes in each group among one half of the
    customers predicts the other half, and the reverse. So a feature is found whose extremes on both sides mean yes. An honest feature that
    is as good as this would make a model unnecessary.
    """
    rows = np.arange(len(y))
    if len(y) > _MOST_CUSTOMERS:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), _MOST_CUSTOMERS, replace=False))
    answers = y[rows]
    half = draw_folds(answers, folds=2, seed=seed) == 0
    if min(int(part.sum()) for side in (half, ~half) for part in (answers[side], ~answers[side])) < _LEAST_OF_EACH:
        return ()
    found = []
    for at, name in enumerate(names):
        column = X[rows, at]
        if column.min() == column.max():
            continue
        area = auc(answers, _predicted(column, answers, half))
        if area.value > SUSPICIOUS:
            found.append(Leak(name, area))
    return tuple(sorted(found, key=lambda leak: -leak.area.value))


def _predicted(column: np.ndarray, y: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return the share of yes among customers of the other half with similar values, drawn towards the base rate by one customer."""
    edges = np.unique(np.quantile(column, np.linspace(0, 1, _BINS + 1)[1:-1], method="lower"))
    group = np.searchsorted(edges, column, side="left")
    predicted = np.zeros(len(y))
    for side in (half, ~half):
        others = ~side
        n = np.bincount(group[others], minlength=len(edges) + 1)
        yes = np.bincount(group[others], weights=y[others], minlength=len(edges) + 1)
        share = (yes + y[others].mean()) / (n + 1)
        predicted[side] = share[group[side]]
    return predicted
