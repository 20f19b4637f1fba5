"""How good predictions of yes or no are, on customers that they were not fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.records.estimate import Z_95, Estimate, wilson_interval

_NOTHING = 1e-12  # a standard error below this is rounding


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve: how often a customer with a yes is ranked before one with a no; 0.5 is chance.

    Parameters
    ----------
    value, low, high : float
        With its interval, 0 to 1.
    """

    value: float
    low: float
    high: float


def auc(y: np.ndarray, scores: np.ndarray, *, z: float = Z_95) -> Auc:
    """Return the area under the ROC curve with its interval.

    Parameters
    ----------
    y : ndarray of shape (n_customers,), bool
        At least two of either value.
    scores : ndarray of shape (n_customers,), float64
        Equal ones count half.
    z : float
        Standard errors to either side; 95 % by default.

    Notes
    -----
    Scores that separate the answers without exception, and scores that are all equal, have no variance, which would give an interval
    without width however few customers there are. They get Wilson's interval for as many customers as there are of the rarer answer.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; by ranks as in Sun and Xu (2014), IEEE Signal Processing Letters 21.
    """
    from scipy.stats import rankdata

    yes, no = scores[y], scores[~y]
    n_yes, n_no = len(yes), len(no)
    ranks = rankdata(np.concatenate([yes, no]))
    of_yes = (ranks[:n_yes] - rankdata(yes)) / n_no  # share of the others whom each is ranked before
    of_no = 1 - (ranks[n_yes:] - rankdata(no)) / n_yes
    value = float(of_yes.mean())
    error = float(np.sqrt(of_yes.var(ddof=1) / n_yes + of_no.var(ddof=1) / n_no))
    if error < _NOTHING:
        return Auc(value, *wilson_interval(min(max(value, 0.0), 1.0), min(n_yes, n_no), z))
    return Auc(value, max(0.0, value - z * error), min(1.0, value + z * error))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often yes and no are predicted correctly.

    Parameters
    ----------
    sensitivity, specificity : Estimate
        Share of the customers with a yes that are predicted as yes, and of those with a no as no, with Wilson's 95 % intervals.
    """

    sensitivity: Estimate
    specificity: Estimate

    @property
    def balanced(self) -> Estimate:
        """Mean of both; 0.5 is chance, whatever the share of yes.

        Its interval adds up the squared distances to the ends of both intervals: Zou and Donner (2008), Statistics in Medicine 27.
        """
        parts = [(part.value or 0.0, part.low or 0.0, part.high or 0.0) for part in (self.sensitivity, self.specificity)]
        value = sum(share for share, _, _ in parts) / 2
        below, above = (float(np.sqrt(sum((part[0] - part[end]) ** 2 for part in parts))) / 2 for end in (1, 2))
        return Estimate(value, value - below, value + above, (self.sensitivity.sample_size or 0) + (self.specificity.sample_size or 0))


def accuracy(y: np.ndarray, predicted: np.ndarray) -> Accuracy:
    """Count how often yes and no were predicted correctly.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_customers,), bool
        At least one of either value in ``y``.
    """
    return Accuracy(*(Estimate.of_share(float(found.mean()), len(found)) for found in (predicted[y], ~predicted[~y])))


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Customers with similar probabilities.

    Parameters
    ----------
    customers : int
    predicted : float
        Mean probability.
    observed, low, high : float
        Share of yes, and its 95 % Wilson interval.
    """

    customers: int
    predicted: float
    observed: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("customers", "predicted", "observed", "low", "high")
        return {name: getattr(self, name) for name in names}


def calibration_bins(y: np.ndarray, probabilities: np.ndarray, *, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Return customers in groups of about the same size, by probability, ascending; equal probabilities stay together.

    Parameters
    ----------
    y : ndarray of shape (n_customers,), bool
    probabilities : ndarray of shape (n_customers,), float64
    bins : int
        At most so many.
    """
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))
    place = np.searchsorted(edges, probabilities, side="right")
    found = []
    for at in np.unique(place).tolist():
        mine = place == at
        n, observed = int(mine.sum()), float(y[mine].mean())
        found.append(CalibrationBin(n, float(probabilities[mine].mean()), observed, *wilson_interval(observed, n)))
    return tuple(found)
