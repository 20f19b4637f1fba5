"""Compactness: how much tighter a feature is within a segment than over all customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segcore.clustering.quality.groups import Groups, group

Compactness = dict[int, dict[str, float | None]]


def relative_compactness(values: np.ndarray, names: Sequence[str], labels: np.ndarray, groups: Groups | None = None) -> Compactness:
    """Return ``1 - std within the segment / std overall`` per segment and feature.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        Features in their own units; scaling does not change the result.
    names : sequence of str, one a feature
    labels : ndarray of shape (n_customers,), int
        -1 is noise, which counts overall but is not a segment.
    groups : Groups or None
        Those of ``values`` and ``labels``, where they are known.

    Returns
    -------
    dict of segment label to dict of feature name to float or None
        At most 1, which is all members alike; 0 is as spread as everybody, below 0 more so. ``None`` for segments of one member and
        for features that are the same for everybody. Standard deviations have ddof 0.

    References
    ----------
    ml_autosegmentation, "relative feature compactness".
    """
    groups = groups or group(values, labels)
    everybody = group(values, np.zeros(len(values), dtype=np.int32))
    # Offsets from a member: where all values of a column are equal its sum of squares is exactly 0.
    overall = np.sqrt(everybody.squares[0] / len(values)) if len(values) else np.zeros(values.shape[1])
    within = np.sqrt(groups.squares / groups.sizes[:, None])
    found: Compactness = {}
    for at, label in enumerate(groups.labels.tolist()):
        if groups.sizes[at] < 2:
            found[label] = dict.fromkeys(names)
            continue
        found[label] = {name: None if overall[j] == 0 else float(1 - within[at, j] / overall[j]) for j, name in enumerate(names)}
    return found


def mean_compactness(compactness: Compactness, names: Sequence[str], sizes: Mapping[int, int]) -> dict[str, float | None]:
    """Return each feature's mean over the segments for which it is defined, weighted by size; ``None`` if there is none.

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
