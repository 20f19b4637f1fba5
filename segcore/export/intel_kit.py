"""Models for the Intel kit: scikit-learn pipelines built from a Solution's arrays, readable without scikit-learn-intelex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.errors import ParameterError
from segcore.records.solution import Solution

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def stock_pipeline(spec: AlgorithmSpec, solution: Solution, values: np.ndarray, names: Sequence[str]) -> Pipeline:
    """Return the kit's model of a solution: ``StandardScaler``, then a fitted stock estimator.

    Parameters
    ----------
    spec : AlgorithmSpec
        An algorithm that the kit has.
    solution : Solution
        A solution of this algorithm on standard-scaled features, with labels and arrays.
    values : ndarray of shape (n_customers, n_features), float64
        The rows that the solution was fitted to, unscaled.
    names : sequence of str
        Names of the features, which the pipeline then expects in new rows, as the kit's pipeline does.

    Notes
    -----
    The pipeline of k-means can predict; that of scikit-learn's DBSCAN cannot (``segcore score`` can).
    """
    import pandas as pd
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    if spec.kit is None:
        raise ParameterError(f"The Intel kit has no {spec.title}, so there is no model in the kit's format.")
    rows = pd.DataFrame(values, columns=list(names))
    scaler = StandardScaler().fit(rows)
    return Pipeline([("scaler", scaler), (spec.name, spec.kit.estimator(solution, scaler.transform(rows)))])
