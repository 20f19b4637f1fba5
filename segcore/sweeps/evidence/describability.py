"""Describability: how much of a solution a small decision tree reproduces for customers it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segcore.records.estimate import Estimate, wilson_interval
from segcore.records.solution import NOISE

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

FOLDS = 5
MOST_ROWS = 5_000
"""Of more customers, so many are sampled."""
_FLOOR = 50
_LEAVES_A_SEGMENT = 2
_FEWEST_LEAVES = 2


def describability(X: np.ndarray, labels: np.ndarray, *, seed: int = 0) -> Estimate:
    """Measure how well a decision tree with two leaves per segment predicts the segments, out of fold.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Features to describe the segments by; their scale does not matter to a tree.
    labels : ndarray of shape (n_customers,), int
        -1 is noise, one more class to predict.
    seed : int
        Of the sample, the folds, and the tree's choice between equally good splits.

    Returns
    -------
    Estimate
        Balanced accuracy, rescaled so that guessing is 0 and perfect prediction is 1; below 0 if worse than guessing. ``sample_size`` is
        the number of customers predicted. Undefined, with the reason, unless there are two classes of at least two customers.

    Notes
    -----
    At most 5,000 customers are sampled, in proportion to the classes' sizes but at least 50 per class where it has them and there is
    room. Each class is spread evenly over 5 folds, over as many as it has members if these are fewer; every customer is predicted by the
    tree of the other folds. A class with one member is left out, because no other fold could show it to a tree. The tree weights classes
    equally, as balanced accuracy does; otherwise small segments would get no leaf.

    The mean over classes of the share predicted correctly (recall) is unbiased whatever the sampling rates of the classes. Each recall
    is a share of independent customers, for the trees that were grown, so it has Wilson's interval, which is valid for small classes and
    for shares of 1. The interval of the mean adds up the squared distances to the ends of these intervals (the method of variance
    estimates recovery), so it is neither empty for perfect recalls nor wider than [-1 / (n_classes - 1), 1]. It covers the draw of
    customers, not that of the folds, which also changes the trees a little.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22. Zou and Donner (2008), Statistics in Medicine 27 (variance
    estimates recovery). Brodersen et al. (2010), ICPR (balanced accuracy).
    """
    kept, classes, n_segments = _classes(labels)
    sizes = np.bincount(classes)
    if len(sizes) < 2:
        return Estimate.undefined("A description distinguishes segments, but fewer than two have at least two customers.")
    if len(sizes) > MOST_ROWS // 2:
        return Estimate.undefined(f"{len(sizes):,} segments are too many to describe.")
    sampled = _sampled(classes, sizes, seed)
    classes = classes[sampled]
    predicted = _predicted(X[kept[sampled]], classes, small_tree(n_segments, seed), folds_of(classes, seed))
    members = np.bincount(classes)
    return _estimate(np.bincount(classes[predicted == classes], minlength=len(members)) / members, members)


def folds_of(classes: np.ndarray, seed: int) -> np.ndarray:
    """Return the fold, below 5, of each customer, shape (n_customers,), int64: each class spread evenly, the folds equally large."""
    order = np.random.default_rng([seed, 1]).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    folds = np.empty(len(classes), np.int64)
    folds[by_class] = np.arange(len(classes)) % FOLDS
    return folds


def small_tree(n_segments: int, seed: int) -> DecisionTreeClassifier:
    """Return the untrained tree that describes so many segments."""
    from sklearn.tree import DecisionTreeClassifier

    leaves = max(_FEWEST_LEAVES, _LEAVES_A_SEGMENT * n_segments)
    return DecisionTreeClassifier(max_leaf_nodes=leaves, class_weight="balanced", random_state=seed)


def _classes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the rows to describe, their classes, and how many of these are segments.

    Classes are numbered by their first rows, because the numbers decide where a tree finds two classes equally good.
    """
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(sizes[inverse] > 1)
    number = np.empty(len(first), np.int64)
    used = np.flatnonzero(sizes > 1)
    number[used[np.argsort(first[used])]] = np.arange(len(used))
    noise = int(np.count_nonzero(labels == NOISE) > 1)
    return kept, number[inverse[kept]], len(used) - noise


def _sampled(classes: np.ndarray, sizes: np.ndarray, seed: int) -> np.ndarray:
    """Return the positions to describe, ascending: all, or at most 5,000 that represent every class."""
    if len(classes) <= MOST_ROWS:
        return np.arange(len(classes))
    quota = np.minimum(sizes, min(_FLOOR, MOST_ROWS // len(sizes)))
    quota += (MOST_ROWS - quota.sum()) * (sizes - quota) // (len(classes) - quota.sum())
    order = np.random.default_rng([seed, 0]).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    rank = np.arange(len(classes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(by_class[rank < np.repeat(quota, sizes)])


def _predicted(X: np.ndarray, classes: np.ndarray, tree: DecisionTreeClassifier, folds: np.ndarray) -> np.ndarray:
    """Return each row's class as the tree of the other folds predicts it."""
    predicted = np.empty_like(classes)
    for fold in np.unique(folds):
        held_out = folds == fold
        predicted[held_out] = tree.fit(X[~held_out], classes[~held_out]).predict(X[held_out])
    return predicted


def _estimate(recalls: np.ndarray, members: np.ndarray) -> Estimate:
    """Return the rescaled mean of the recalls with its 95 % interval, from the number of members each was measured on."""
    bounds = np.array([wilson_interval(float(recall), int(count)) for recall, count in zip(recalls, members, strict=True)])
    n_classes, mean = len(recalls), float(recalls.mean())
    below, above = np.sqrt(np.sum((recalls[:, None] - bounds) ** 2, axis=0)) / n_classes
    chance = 1 / n_classes
    value, low, high = ((share - chance) / (1 - chance) for share in (mean, max(0.0, mean - below), min(1.0, mean + above)))
    return Estimate(value, low, high, int(members.sum()))
