"""Quality measures of a labelling, one function each, used by screens, command line and tests."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from segcore.clustering.quality.compactness import mean_compactness, relative_compactness
from segcore.clustering.quality.groups import Groups, group
from segcore.clustering.quality.k_distance import KDistances, k_distances
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.records.estimate import Estimate
from segcore.records.solution import Quality

__all__ = ["KDistances", "SilhouetteScorer", "inertia", "k_distances", "measure"]


def measure(
    X: np.ndarray,
    values: np.ndarray,
    names: Sequence[str],
    labels: np.ndarray,
    *,
    seed: int = 0,
    scorer: SilhouetteScorer | None = None,
    silhouette: Estimate | None = None,
) -> Quality:
    """Measure one labelling; noise counts only for the overall spread that compactness compares with.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        The scaled matrix that was clustered.
    values : ndarray of shape (n_customers, n_features), float64
        The same features in their own units, or ``X`` itself: compactness does not depend on units.
    names : sequence of str, one per feature
    labels : ndarray of shape (n_customers,), int
    seed : int
        Seed of the silhouette's sample.
    scorer : SilhouetteScorer or None
        One made for ``X``; ``None`` makes one.
    silhouette : Estimate or None
        This labelling's, if already measured with a whole grid; with ``None`` the scorer measures it.
    """
    labels = np.asarray(labels)
    groups = group(X, labels)
    reasons: dict[str, str] = {}
    compactness = relative_compactness(values, names, labels, groups if values is X else None)
    return Quality(
        inertia=_or_reason("inertia", reasons, lambda: float(groups.squares.sum()), len(groups.labels) > 0, "There is no segment."),
        silhouette=silhouette or (scorer or SilhouetteScorer(X, seed=seed)).score(labels),
        calinski_harabasz=_index("calinski_harabasz", reasons, groups),
        davies_bouldin=_index("davies_bouldin", reasons, groups),
        compactness=compactness,
        mean_compactness=mean_compactness(compactness, names, dict(zip(groups.labels.tolist(), groups.sizes.tolist(), strict=True))),
        reasons=reasons,
    )


def inertia(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the sum of squared distances of rows to their segment's mean, in double precision, from labels alone.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    labels : ndarray of shape (n_customers,), int
        Without noise.
    """
    return float(group(X, labels).squares.sum())


def _index(name: str, reasons: dict[str, str], groups: Groups) -> float | None:
    n_segments, n_rows = len(groups.labels), int(groups.sizes.sum())
    if n_segments < 2:
        reasons[name] = f"It compares segments, but there is {'only one segment' if n_segments else 'no segment'}."
        return None
    if n_segments >= n_rows:
        reasons[name] = "Every segment has one customer."
        return None
    within, between = float(groups.squares.sum()), _between(groups)
    # Without spread within the segments the ratio is undefined; without spread between them both indices are.
    if within + between == 0 or (name == "calinski_harabasz" and within <= np.finfo(np.float64).eps * (within + between)):
        reasons[name] = "The segments have no spread to compare with."
        return None
    compute = {"calinski_harabasz": lambda: calinski_harabasz(groups), "davies_bouldin": lambda: davies_bouldin(groups)}[name]
    return _or_reason(name, reasons, compute, True, "")


def _between(groups: Groups) -> float:
    middle = np.average(groups.centres, axis=0, weights=groups.sizes)
    return float(groups.sizes @ ((groups.centres - middle) ** 2).sum(axis=1))


def calinski_harabasz(groups: Groups) -> float:
    """Return the variance between segments divided by that within them, each over its degrees of freedom; higher is better.

    References
    ----------
    Calinski and Harabasz (1974), Communications in Statistics 3.
    """
    n_segments, n_rows = len(groups.labels), int(groups.sizes.sum())
    return _between(groups) / float(groups.squares.sum()) * (n_rows - n_segments) / (n_segments - 1)


def davies_bouldin(groups: Groups) -> float:
    """Return the mean over segments of the largest ratio of two segments' widths to their centres' distance; lower is better.

    Segments with equal centres are not compared with each other, as in scikit-learn.

    References
    ----------
    Davies and Bouldin (1979), IEEE Transactions on Pattern Analysis and Machine Intelligence 1.
    """
    squares = np.zeros((len(groups.centres), len(groups.centres)))
    for column in groups.centres.T:  # one feature at a time, without a copy for each
        squares += (column[:, None] - column) ** 2
    apart = np.sqrt(squares)
    apart[apart == 0] = np.inf
    return float(np.mean(np.max((groups.distances[:, None] + groups.distances) / apart, axis=1)))


def _or_reason(name: str, reasons: dict[str, str], compute: Callable[[], float], defined: bool, reason: str) -> float | None:
    if not defined:
        reasons[name] = reason
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value = compute()
    if not math.isfinite(value):
        reasons[name] = "It is not a finite number: the segments have no spread, or their centres coincide."
        return None
    return value
