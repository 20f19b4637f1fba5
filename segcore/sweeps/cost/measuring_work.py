"""Operations of measuring a sweep's solutions, which every algorithm needs."""

from __future__ import annotations

from collections.abc import Sequence

from segcore.clustering.quality.silhouette import EXACT_ROWS

MEASURING_KINDS = ("silhouette", "measuring")
"""Names of the two kinds of work below, in their order."""
_EXACT_FEATURES = 21
_BESIDES = 14  # a distance costs as much as this many additional features


def silhouette_work(n_rows: int, n_features: int, clustered: Sequence[float]) -> float:
    """Return the operations of a grid's silhouettes: one pass of the distances of all rows, or of the sampled ones.

    Parameters
    ----------
    n_rows, n_features : int
    clustered : sequence of float
        Share of the rows, 0 to 1, that are not noise at each point.
    """
    limit = EXACT_ROWS * ((_BESIDES + _EXACT_FEATURES) / (_BESIDES + n_features)) ** 0.5
    kept = max((share * n_rows for share in clustered), default=0.0)
    # Above the limit, the labellings are mostly measured on the same rows, so that together they cost little more than one.
    drawn = kept if kept <= limit else limit * limit / kept * 1.5
    return drawn * kept * (_BESIDES + n_features + 0.5 * len(clustered))


def other_work(n_rows: int, n_features: int, clustered: Sequence[float]) -> float:
    """Return the operations of the other measures: some passes over the rows for each point."""
    return sum(2e4 + share * n_rows * n_features for share in clustered)
