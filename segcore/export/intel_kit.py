"""The Intel kit's models: scikit-learn pipelines made from a Solution's arrays, so that no scikit-learn-intelex is needed to open them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from segcore.records.solution import Solution

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def stock_pipeline(solution: Solution, values: np.ndarray, names: Sequence[str]) -> Pipeline:
    """Return the kit's model of a point: ``StandardScaler``, then a fitted stock estimator.

    Parameters
    ----------
    solution : Solution
        Of k-means or DBSCAN on standard-scaled features, with labels and arrays.
    values : ndarray of shape (n_customers, n_features), float64
        The rows it was fitted on, unscaled.
    names : sequence of str
        The features' names, which the pipeline then expects of new rows, as the kit's does.

    Notes
    -----
    k-means' pipeline predicts; DBSCAN of scikit-learn cannot (``segcore score`` can).
    """
    import pandas as pd
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    rows = pd.DataFrame(values, columns=list(names))
    scaler = StandardScaler().fit(rows)
    if "n_clusters" in solution.params:
        return Pipeline([("scaler", scaler), ("kmeans", _kmeans(solution, scaler.transform(rows)))])
    return Pipeline([("scaler", scaler), ("dbscan", _dbscan(solution, len(names)))])


def _kmeans(solution: Solution, X: np.ndarray) -> object:
    from sklearn.cluster import KMeans

    params, centres = solution.params, np.ascontiguousarray(solution.arrays["centres"])
    n_clusters = int(params["n_clusters"])
    # A fit of the centres to themselves sets whatever this version of scikit-learn needs to predict; then the real numbers go in.
    estimator = KMeans(n_clusters, init=centres, n_init=1, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(centres)
    estimator.set_params(init="k-means++", n_init=params.get("n_init", "auto"), max_iter=300, tol=params["tol"], random_state=solution.seed)
    estimator.cluster_centers_ = centres
    estimator.labels_ = np.array(solution.labels, dtype=np.int32)
    # scikit-learn's is about the centres; where tol ended the fit these are not quite the segments' means.
    estimator.inertia_ = float(((X - centres[estimator.labels_]) ** 2).sum())
    estimator.n_iter_ = int(solution.arrays["iterations"][0])
    return estimator


def _dbscan(solution: Solution, n_features: int) -> object:
    from sklearn.cluster import DBSCAN

    params = solution.params
    estimator = DBSCAN(eps=params["eps"], min_samples=int(params["min_samples"]))
    estimator.core_sample_indices_ = np.array(solution.arrays["core_rows"])
    estimator.components_ = np.array(solution.arrays["core_points"])
    estimator.labels_ = np.array(solution.labels, dtype=np.int64)
    estimator.n_features_in_ = n_features
    return estimator
