"""How much each feature counts in the distances between customers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from segcore.features.preparation import blocks_of, prepare_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan


def distance_shares(X: np.ndarray) -> np.ndarray:
    """Return how much each feature counts for in the distances between customers, shape (n_features,): shares that sum to 1.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Rows as they are clustered.

    Notes
    -----
    The mean squared distance of two customers is twice the sum of the features' variances, so that a feature's share of the one is its
    share of the other. A feature with a share near 0 hardly moves a segment, whatever it is called: min-max scaling leaves one with a
    few very large values there, until it is transformed or weighs more. All 0 where no feature varies.
    """
    variances = np.array([column.var() for column in X.T])  # one at a time: beside a copy of all, a large matrix would be there twice
    whole = float(variances.sum())
    return variances / whole if whole > 0 else np.zeros(X.shape[1])


def catch_up(table: FeatureTable, plan: Plan) -> dict[str, float]:
    """Return the factor that makes each feature's column count for as much as an average one; 1 for those that count for more.

    Parameters
    ----------
    table : FeatureTable
        The rows to cluster: see `segcore.features.assemble.assemble`.
    plan : Plan
        Its features, transforms and scaler; weights are what these factors are for, so those it has do not count.

    Returns
    -------
    dict of feature to float
        At least 1; one number for all dummies of a column, and 1 for a column that does not vary. What counts is the variance of the
        scaled features of the column: see `distance_shares`.

    Notes
    -----
    Min-max scaling leaves a feature with a few very large values with next to no variance beside one that is 0 or 1. A factor of 4 that
    makes the one rule the segments does nothing to the other, unless it catches up first. The standard scaler gives all the same variance.
    """
    table = table.select(plan.features)
    X = prepare_rows(table, replace(plan, weights={}))
    variances = np.array([column.var() for column in X.T])
    blocks = blocks_of(table)
    columns = blocks + [[position] for position in sorted(set(range(len(table.names))).difference(*blocks))]
    of_columns = np.array([variances[column].sum() for column in columns])
    average = float(of_columns.mean())
    factors = np.ones(len(table.names))
    for column, variance in zip(columns, of_columns.tolist(), strict=True):
        factors[column] = factor_to(average, variance)
    return dict(zip(table.names, factors.tolist(), strict=True))


def factor_to(average: float, variance: float) -> float:
    """Return the factor, at least 1, that brings what has a variance up to the average one; see `catch_up`."""
    # What varies no more than rounding does would be raised to rule the segments by it.
    return max(1.0, math.sqrt(average / variance)) if variance > 1e-20 * average else 1.0
