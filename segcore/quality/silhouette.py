"""Silhouette: exact where that is quick, else estimated on sampled customers measured against all of them."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from segcore.solution import NOISE, Estimate

PAIRS = 100_000_000
"""Distances one labelling may cost: 0.8 s on one core with 21 features; it makes the silhouette exact up to 10,000 customers."""
_MIN_SAMPLE = 500
_CACHED_ROWS = 5_000
_BLOCK_VALUES = 1 << 22
_FLOOR = 10
_Z95 = 1.959963984540054


class SilhouetteScorer:
    """Silhouettes of many labellings of the same rows.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Scaled features.
    seed : int
        Of the order in which rows are sampled.
    pairs : int
        How many distances one labelling may cost; the silhouette is exact up to its square root of customers that are not noise.

    Notes
    -----
    Up to 5,000 rows the distances are kept (200 MB at most), so each further labelling costs one product of matrices. Beyond, they
    are computed block by block, and memory does not grow with the square of the rows. Distances come from differences, not from
    squared norms, so that equal customers are at distance 0.

    Above the limit, ``pairs / n`` rows (500 at least) are drawn within each segment in proportion to its size, 10 a segment at least
    (2 where segments are many), and measured against all rows that are not noise. With ``W_h`` a segment's share, ``N_h`` its size,
    ``n_h`` and ``s_h`` its sample's size and standard deviation, the estimate is ``sum W_h mean_h`` and its variance
    ``sum W_h^2 (1 - n_h / N_h) s_h^2 / n_h``: unlike a sample measured within itself it has no bias for small segments.

    References
    ----------
    Rousseeuw (1987), J. Comput. Appl. Math. 20. Cochran (1977), Sampling Techniques, 5.
    """

    def __init__(self, X: np.ndarray, *, seed: int = 0, pairs: int = PAIRS) -> None:
        self._X = np.ascontiguousarray(X, dtype=np.float64)
        self._seed = seed
        self._pairs = pairs
        self._distances: np.ndarray | None = None
        self._order: np.ndarray | None = None

    def score(self, labels: np.ndarray) -> Estimate:
        """Return the mean silhouette of the rows that are not noise, with its 95 % interval.

        Parameters
        ----------
        labels : ndarray of shape (n_customers,), int
            -1 is noise, which neither counts nor is a neighbour. A segment of one customer has silhouette 0.

        Returns
        -------
        Estimate
            Undefined, with the reason, unless there are at least 2 segments and fewer than customers in them.
        """
        labels = np.asarray(labels)
        kept = np.flatnonzero(labels != NOISE)
        segments, codes, sizes = np.unique(labels[kept], return_inverse=True, return_counts=True)
        if len(segments) < 2:
            found = "only one segment" if len(segments) else "no segment"
            return Estimate.undefined(f"Silhouette compares segments, and there is {found}.")
        if len(segments) >= len(kept):
            return Estimate.undefined("Silhouette is undefined where every segment has one customer.")
        if len(kept) ** 2 <= self._pairs:
            value = float(np.mean(self._of_rows(kept, np.arange(len(kept)), codes, sizes)))
            return Estimate(value, value, value, len(kept))
        return self._estimate(kept, codes, sizes)

    def _estimate(self, kept: np.ndarray, codes: np.ndarray, sizes: np.ndarray) -> Estimate:
        drawn = self._draw(kept, codes, sizes)
        scores = self._of_rows(kept, drawn, codes, sizes)
        strata, weight = codes[drawn], sizes / len(kept)
        taken = np.bincount(strata, minlength=len(sizes))
        means = np.bincount(strata, scores, len(sizes)) / taken
        squares = np.bincount(strata, (scores - means[strata]) ** 2, len(sizes))
        spread = squares / np.maximum(taken - 1, 1)
        value = float(weight @ means)
        half = _Z95 * float(np.sqrt(np.sum(weight**2 * (1 - taken / sizes) * spread / taken)))
        if half == 0 and np.array_equal(taken, sizes):
            return Estimate(value, value, value, len(drawn))
        return Estimate(value, max(-1.0, value - half), min(1.0, value + half), len(drawn))

    def _draw(self, kept: np.ndarray, codes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Return indices into ``kept``: the first rows of each segment in one seeded order of all rows."""
        if self._order is None:
            self._order = np.random.default_rng(self._seed).permutation(len(self._X))
        wanted = max(_MIN_SAMPLE, self._pairs // len(kept))
        floor = max(2, min(_FLOOR, wanted // (2 * len(sizes))))
        quota = np.minimum(sizes, np.maximum(floor, np.rint(wanted * sizes / len(kept)).astype(np.intp)))
        order = np.argsort(self._order[kept], kind="stable")
        by_segment = order[np.argsort(codes[order], kind="stable")]
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        rank = np.arange(len(kept)) - np.repeat(starts, sizes)
        return by_segment[rank < np.repeat(quota, sizes)]

    def _of_rows(self, kept: np.ndarray, rows: np.ndarray, codes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Return the silhouettes of some rows, indices into ``kept``, measured against all of ``kept``."""
        sums = self._sums(kept, rows, codes, len(sizes))
        own = codes[rows]
        at = np.arange(len(rows))
        inside = sums[at, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[at, own] = np.inf
        outside = means.min(axis=1)
        larger = np.maximum(inside, outside)
        scores = np.divide(outside - inside, larger, out=np.zeros(len(rows)), where=larger > 0)
        scores[sizes[own] == 1] = 0.0
        return scores

    def _sums(self, kept: np.ndarray, rows: np.ndarray, codes: np.ndarray, n_segments: int) -> np.ndarray:
        """Return each row's summed distance to the members of each segment, shape (n_rows, n_segments)."""
        if len(self._X) <= _CACHED_ROWS:
            if self._distances is None:
                self._distances = cdist(self._X, self._X)
            members = np.zeros((len(self._X), n_segments))
            members[kept, codes] = 1.0
            return self._distances[kept[rows]] @ members if len(rows) < len(self._X) else self._distances @ members
        # With its columns sorted by segment a block's sums are runs of it; a product would cost so many times more with many segments.
        order = np.argsort(codes, kind="stable")
        X = self._X[kept[order]]
        starts = np.searchsorted(codes[order], np.arange(n_segments))
        sums = np.empty((len(rows), n_segments))
        step = max(1, _BLOCK_VALUES // len(kept))
        for start in range(0, len(rows), step):
            block = slice(start, start + step)
            sums[block] = np.add.reduceat(cdist(self._X[kept[rows[block]]], X), starts, axis=1)
        return sums
