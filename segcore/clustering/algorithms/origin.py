"""Move rows to the origin if squared norms would lose the digits that distinguish them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.clustering.specification.task import SweepTask

_FARTHEST = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class NearRows:
    """A task, with its rows as they are fitted.

    Parameters
    ----------
    task : SweepTask
    near : ndarray of shape (n_customers, n_features), float64
        ``task.X`` less ``origin``.
    origin : ndarray of shape (n_features,), float64
    """

    task: SweepTask
    near: np.ndarray
    origin: np.ndarray

    @classmethod
    def of(cls, task: SweepTask) -> NearRows:
        """Move a task's rows to the origin if needed."""
        return cls(task, *near_origin(task.X))


def near_origin(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``X`` minus an origin, and that origin of shape (n_features,).

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64

    Notes
    -----
    scikit-learn's Gaussian mixture and mini-batch k-means subtract squares, which cancel if rows are far from 0. If a feature's
    mean is more than 1,000 standard deviations (a constant one's: of the features together) from 0, six of the sixteen digits are
    gone, and all features are centred. Otherwise the rows stay as they are, to the bit, and the origin is 0, so the labels are
    scikit-learn's own.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = X.mean(axis=0), X.std(axis=0)
        constant = X.min(axis=0) == X.max(axis=0)
        spread = np.where(constant, np.sqrt(np.mean(np.where(constant, 0.0, spread) ** 2)), spread)
        if (np.abs(mean) <= _FARTHEST * spread).all():
            return X, np.zeros(X.shape[1])
    return X - mean, mean
