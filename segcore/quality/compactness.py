"""How much tighter a feature is inside a segment than among all customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segcore.solution import NOISE

Compactness = dict[int, dict[str, float | None]]


def relative_compactness(values: np.ndarray, names: Sequence[str], labels: np.ndarray) -> Compactness:
    """Return ``1 - std within the segment / std overall`` for every segment and feature.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        Features in their own units; scaling does not change the result.
    names : sequence of str, one a feature
    labels : ndarray of shape (n_customers,), int
        -1 is noise, which counts overall but is no segment.

    Returns
    -------
    dict of segment label to dict of feature name to float or None
        At most 1, which is all members alike; 0 is as spread as everybody, below 0 more so. ``None`` for segments of one member and
        for features that are the same for everybody. Standard deviations have ddof 0.

    References
    ----------
    ml_autosegmentation, "relative feature compactness".
    """
    labels = np.asarray(labels)
    constant = np.ptp(values, axis=0) == 0 if len(values) else np.ones(values.shape[1], dtype=bool)
    overall = _std(values)
    found: Compactness = {}
    for label in np.unique(labels[labels != NOISE]):
        members = values[labels == label]
        if len(members) < 2:
            found[int(label)] = dict.fromkeys(names)
            continue
        within = _std(members)
        found[int(label)] = {
            name: None if constant[j] or overall[j] == 0 else float(1 - within[j] / overall[j]) for j, name in enumerate(names)
        }
    return found


def _std(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column; exactly 0 where all its values are equal, whatever their mean rounds to."""
    if not len(values):
        return np.zeros(values.shape[1])
    # About a value of the column itself, a column without variation is all zeros and nothing cancels far from the origin.
    std: np.ndarray = (values - values[0]).std(axis=0)
    return std


def mean_compactness(compactness: Compactness, names: Sequence[str], sizes: Mapping[int, int]) -> dict[str, float | None]:
    """Return each feature's mean over the segments where it is defined, weighted by their sizes; ``None`` where it is nowhere.

    Parameters
    ----------
    compactness : as `relative_compactness` returns it
    names : sequence of str
    sizes : mapping of segment label to number of customers
    """
    means: dict[str, float | None] = {}
    for name in names:
        known = [(sizes[label], value) for label, features in compactness.items() if (value := features[name]) is not None]
        total = sum(size for size, _ in known)
        means[name] = sum(size * value for size, value in known) / total if total else None
    return means
