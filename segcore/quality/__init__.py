"""How good a labelling is: each measure is one function, used by the screens, the command line and the tests."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from segcore.quality.compactness import mean_compactness, relative_compactness
from segcore.quality.kdistance import KDistances, k_distances
from segcore.quality.silhouette import SilhouetteScorer
from segcore.solution import NOISE, Estimate, Quality

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
    """Measure one labelling; noise is left out of everything but the overall spread that compactness compares with.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        The scaled matrix that was clustered.
    values : ndarray of shape (n_customers, n_features), float64
        The same features in their own units.
    names : sequence of str, one a feature
    labels : ndarray of shape (n_customers,), int
    seed : int
        Of the silhouette's sample.
    scorer : SilhouetteScorer or None
        One made for ``X``; ``None`` makes one.
    silhouette : Estimate or None
        This labelling's, where it has been measured with a whole grid's; ``None`` has the scorer measure it.
    """
    labels = np.asarray(labels)
    kept = labels != NOISE
    rows = X if kept.all() else X[kept]
    segments, sizes = np.unique(labels[kept], return_counts=True)
    reasons: dict[str, str] = {}
    compactness = relative_compactness(values, names, labels)
    return Quality(
        inertia=_or_reason("inertia", reasons, lambda: inertia(rows, labels[kept]), len(segments) > 0, "There is no segment."),
        silhouette=silhouette or (scorer or SilhouetteScorer(X, seed=seed)).score(labels),
        calinski_harabasz=_index("calinski_harabasz", reasons, rows, labels[kept], len(segments)),
        davies_bouldin=_index("davies_bouldin", reasons, rows, labels[kept], len(segments)),
        compactness=compactness,
        mean_compactness=mean_compactness(compactness, names, dict(zip(segments.tolist(), sizes.tolist(), strict=True))),
        reasons=reasons,
    )


def inertia(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the sum of squared distances of rows to their segment's mean, in double precision, from labels alone.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    labels : ndarray of shape (n_customers,), int
        No noise among them.
    """
    total = 0.0
    for label in np.unique(labels):
        members = X[labels == label]
        # About one of its members first: the mean of equal numbers far from 0 is not quite that number.
        offsets = members - members[0]
        offsets -= offsets.mean(axis=0)
        total += float(np.einsum("ij,ij->", offsets, offsets))
    return total


def _index(name: str, reasons: dict[str, str], X: np.ndarray, labels: np.ndarray, n_segments: int) -> float | None:
    from sklearn import metrics

    function = {"calinski_harabasz": metrics.calinski_harabasz_score, "davies_bouldin": metrics.davies_bouldin_score}[name]
    if n_segments < 2:
        reasons[name] = f"It compares segments, and there is {'only one segment' if n_segments else 'no segment'}."
        return None
    if n_segments >= len(X):
        reasons[name] = "Every segment has one customer."
        return None
    centred = X - X[0]
    centred -= centred.mean(axis=0)
    spread = float(np.sqrt(np.einsum("ij,ij->", centred, centred) / len(X)))
    within = inertia(X, labels)
    # scikit-learn answers 1 where nothing is left within the segments, though the ratio then has no value.
    if spread == 0 or (name == "calinski_harabasz" and within <= np.finfo(np.float64).eps * spread**2 * len(X)):
        reasons[name] = "The segments have no spread to compare with."
        return None
    # In units of the overall spread, because scikit-learn takes distances below 1e-8 for none.
    return _or_reason(name, reasons, lambda: float(function(centred / spread, labels)), True, "")


def _or_reason(name: str, reasons: dict[str, str], compute: Callable[[], float], defined: bool, reason: str) -> float | None:
    if not defined:
        reasons[name] = reason
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value = compute()
    if not math.isfinite(value):
        reasons[name] = "It is not a finite number: the segments have no spread, or their centres fall together."
        return None
    return value
