"""Validation of a solution: how well naive Bayes, trained on other customers, tells the segments from the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.records.estimate import Estimate, wilson_interval
from segcore.store.store import Store
from segcore.sweeps.evidence.describability import folds_of
from segcore.sweeps.prepared import prepare
from segcore.wording.numbers import percent_text, share_text

CAUTION = "The segments were made from these very features: this says how simple they are, not whether they exist."


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Labels against those that naive Bayes predicts out of fold.

    Parameters
    ----------
    labels : tuple of int
        Ascending; -1 is noise, one more class.
    matrix : ndarray of shape (n_labels, n_labels), int64
        Customers of each label, by row, predicted as each, by column.
    accuracy : Estimate
        Share of the customers predicted correctly, with Wilson's 95 % interval.
    majority : float
        Share of the most frequent label: the accuracy of always predicting that.
    """

    labels: tuple[int, ...]
    matrix: np.ndarray
    accuracy: Estimate
    majority: float

    @property
    def recalls(self) -> tuple[Estimate, ...]:
        """Share of each label's customers predicted correctly, with Wilson's 95 % interval."""
        sizes = self.matrix.sum(axis=1).tolist()
        shares = [hits / size for hits, size in zip(self.matrix.diagonal().tolist(), sizes, strict=True)]
        return tuple(Estimate(share, *wilson_interval(share, size), size) for share, size in zip(shares, sizes, strict=True))

    @property
    def sentence(self) -> str:
        """What was found and what it means, in words."""
        return (
            f"Naive Bayes predicts the segment of {share_text(self.accuracy)} of the customers correctly; always predicting the largest "
            f"would be correct for {percent_text(self.majority)}. {CAUTION}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``validate --json`` prints them."""
        found = {
            "accuracy": self.accuracy.to_json(),
            "majority": self.majority,
            "labels": list(self.labels),
            "matrix": self.matrix.tolist(),
        }
        return {"naive_bayes": found, "sentence": self.sentence}


def naive_bayes(X: np.ndarray, labels: np.ndarray, *, seed: int = 0) -> Validation:
    """Predict each customer's label with a Gaussian naive Bayes trained on the other four fifths of the customers.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    labels : ndarray of shape (n_customers,), int
    seed : int
        Of the folds, over which each label is spread evenly.

    Notes
    -----
    scikit-learn's ``GaussianNB``. A label that only one fold has cannot be predicted there, which counts as wrong.
    """
    from sklearn.naive_bayes import GaussianNB

    found, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    folds = folds_of(classes, seed)
    predicted = np.full(len(classes), int(np.argmax(sizes)))
    for fold in np.unique(folds):
        held_out = folds == fold
        if (~held_out).any():
            with np.errstate(divide="ignore", invalid="ignore"):  # where the others are all alike
                predicted[held_out] = GaussianNB().fit(X[~held_out], classes[~held_out]).predict(X[held_out])
    matrix = np.bincount(classes * len(found) + predicted, minlength=len(found) ** 2).reshape(len(found), len(found))
    n, share = len(classes), float(np.trace(matrix) / len(classes))
    accuracy = Estimate(share, *wilson_interval(share, n), n)
    return Validation(tuple(found.tolist()), matrix, accuracy, float(sizes.max() / n))


def validate(store: Store, sweep_id: str, position: int, *, seed: int = 0) -> Validation:
    """Validate a solution of a sweep on the values that were clustered, copies left out.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    seed : int
        See `naive_bayes`.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no segments.
    """
    spec, solution = store.spec(sweep_id), store.labelled_solution(sweep_id, position)
    repeats = spec.plan.repeats
    return naive_bayes(prepare(store, spec, ids=False).X[::repeats], np.asarray(solution.labels)[::repeats], seed=seed)
