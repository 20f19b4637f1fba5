"""Agreement of two labellings of the same customers, from exact counts and without importing scikit-learn."""

from __future__ import annotations

import numpy as np

from segcore.errors import ParameterError
from segcore.records.solution import NOISE

SAME_SEGMENT = 0.5
"""Jaccard index above which two segments are the same one; a segment can then have only one such partner."""


def adjusted_rand_index(a: np.ndarray, b: np.ndarray) -> float:
    """Measure the agreement of two partitions: 1 for equal ones, about 0 for independent ones, negative for worse.

    Parameters
    ----------
    a, b : ndarray of shape (n_customers,), integers
        Two labellings of the same customers; noise counts as one more segment.

    Returns
    -------
    float
        In [-0.5, 1]. 1 if no pair of customers can disagree, for example with fewer than two customers.

    Notes
    -----
    Counts of pairs are exact integers; the one rounding is the last division. Costs a sort of the customers.

    References
    ----------
    Hubert & Arabie (1985), Journal of Classification 2, in the form of scikit-learn's ``adjusted_rand_score``.
    """
    rows, columns, i, j, counts = _pairs(a, b)
    in_a = np.bincount(i, weights=counts, minlength=len(rows)).astype(np.int64)
    in_b = np.bincount(j, weights=counts, minlength=len(columns)).astype(np.int64)
    return _adjusted_rand(counts, in_a, in_b)


def adjusted_rand_of_table(counts: np.ndarray) -> float:
    """Return `adjusted_rand_index` of two partitions of which all groups are counted against each other.

    Parameters
    ----------
    counts : ndarray of shape (n_groups_a, n_groups_b), int
        Customers in both groups.
    """
    return _adjusted_rand(counts.reshape(-1), counts.sum(axis=1), counts.sum(axis=0))


def _adjusted_rand(counts: np.ndarray, sizes_a: np.ndarray, sizes_b: np.ndarray) -> float:
    n = int(sizes_a.sum())
    together, in_a, in_b = (_sum_of_squares(found) for found in (counts, sizes_a, sizes_b))
    both, only_a, only_b = together - n, in_a - together, in_b - together
    neither = n * n - in_a - in_b + together
    if only_a == 0 and only_b == 0:
        return 1.0
    return 2 * (both * neither - only_a * only_b) / ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither))


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    """Tell whether both group the customers in the same way, whatever the numbers of the groups."""
    rows, columns, _, _, counts = _pairs(a, b)
    return len(counts) == len(rows) == len(columns)


def matched_segments(a: np.ndarray, b: np.ndarray) -> list[tuple[int, int, float]]:
    """Return the segments that are the same in both, each with its label in ``a`` and in ``b`` and the Jaccard index; noise is none."""
    rows, columns, i, j, counts = _pairs(a, b)
    jaccard = counts / (np.bincount(i, weights=counts)[i] + np.bincount(j, weights=counts)[j] - counts)
    same = (rows[i] != NOISE) & (columns[j] != NOISE) & (jaccard > SAME_SEGMENT)
    return list(zip(rows[i[same]].tolist(), columns[j[same]].tolist(), jaccard[same].tolist(), strict=True))


def same_labels(a: np.ndarray, b: np.ndarray) -> bool:
    """Tell whether every customer has the same label in both."""
    return bool(np.array_equal(a, b))


def inertia_gap(a: float | None, b: float | None) -> float | None:
    """Return by which share inertia ``a`` exceeds ``b``: 0.01 is 1 % worse, negative is better.

    ``None`` if one of them is undefined, or if ``b`` is 0 and ``a`` is not.
    """
    if a is None or b is None:
        return None
    if a == b:
        return 0.0
    return (a - b) / b if b else None


def _pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the labels of ``a`` and of ``b``, and for each pair that occurs its positions in them and its count.

    Only pairs that occur are kept: two labellings with a segment for almost every customer would not fit as a full table.
    """
    if np.shape(a) != np.shape(b) or np.ndim(a) != 1:
        raise ParameterError(f"Two labellings to compare need the same customers, got {len(a)} and {len(b)} customers.")
    rows, i = np.unique(a, return_inverse=True)
    columns, j = np.unique(b, return_inverse=True)
    codes, counts = np.unique(i.astype(np.int64) * len(columns) + j, return_counts=True)
    return rows, columns, codes // max(len(columns), 1), codes % max(len(columns), 1), counts


def _sum_of_squares(counts: np.ndarray) -> int:
    """Return the sum of squares as an unbounded integer; int64 holds each square up to 3,000 million customers."""
    return sum(int(count) ** 2 for count in counts.tolist())
