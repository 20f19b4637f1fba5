"""Share of each feature in the distances between customers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segcore.features.preparation import blocks_of, prepare_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan


def distance_shares(X: np.ndarray) -> np.ndarray:
    """Return each feature's share in the squared distances between customers, shape (n_features,), summing to 1.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Rows as they are clustered.

    Notes
    -----
    The mean squared distance of two customers is twice the sum of the features' variances, so a feature's share of the distance is its
    share of the variance. A feature with a share near 0 hardly affects the segments: min-max scaling has this effect on a feature with a
    few very large values, unless it is transformed or gets more weight. All 0 if no feature varies.
    """
    variances = np.array([column.var() for column in X.T])  # one at a time, without a copy of a large matrix
    whole = float(variances.sum())
    return variances / whole if whole > 0 else np.zeros(X.shape[1])


def catch_up(table: FeatureTable, plan: Plan) -> dict[str, float]:
    """Return factors that make each feature's column count as much as an average column; 1 for columns that count more.

    Parameters
    ----------
    table : FeatureTable
        The rows to cluster: see `segcore.features.assemble.assemble`.
    plan : Plan
        Its features, transforms and scaler are used, but not its weights, for which these factors are computed.

    Returns
    -------
    dict of feature to float
        At least 1; the same number for all dummies of a column. It is 1 for a constant column, and for components, items and vectors, whose
        relative spread shows how much they matter. It follows from the variance of the column's scaled features: see `distance_shares`.

    Notes
    -----
    Min-max scaling leaves a feature with a few very large values almost no variance compared with a 0/1 feature. A weight of 4 that makes
    the 0/1 feature dominate the segments has no effect on the other feature unless that catches up first. Standard scaling equalizes
    variances.
    """
    table = table.select(plan.features)
    X = prepare_rows(table, replace(plan, weights={}))
    variances = np.array([column.var() for column in X.T])
    blocks = blocks_of(table)
    columns = blocks + [[position] for position in sorted(set(range(len(table.names))).difference(*blocks))]
    factors = np.ones(len(table.names))
    for column, factor in zip(columns, catch_up_factors([float(variances[column].sum()) for column in columns]), strict=True):
        factors[column] = factor
    factors[[name in table.learned_names for name in table.names]] = 1.0
    return dict(zip(table.names, factors.tolist(), strict=True))


def catch_up_factors(variances: Sequence[float]) -> list[float]:
    """Return the factors of `catch_up` from the columns' total variances, in the same order: columns with dummies first."""
    average = float(np.array(variances).mean())  # whose last digit depends on the order
    # Otherwise rounding errors of a constant feature would be scaled up until they dominate the segments.
    return [max(1.0, math.sqrt(average / variance)) if variance > 1e-20 * average else 1.0 for variance in variances]
