"""Silhouette: exact if that is quick, else estimated from sampled customers measured against all customers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from segcore.records.estimate import Estimate
from segcore.records.solution import NOISE

EXACT_ROWS = 50_000
"""With 21 features the silhouette is exact up to so many customers that are not noise: 2 s for a whole grid on two cores of 2.6 GHz."""
_WORK = EXACT_ROWS**2 * (14 + 21)  # A distance costs about as much as 14 features more: its root and the sums.
_SUMS = 1 << 15
_MIN_SAMPLE = 2_000
_FLOOR = 10
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class _Partition:
    """One labelling with segments numbered from 0 by first customer, and the rows its silhouette is measured on.

    ``strata`` has the stratum of each segment: its own, or one of all that are too small to be sampled on their own.
    """

    codes: np.ndarray
    sizes: np.ndarray
    strata: np.ndarray
    drawn: np.ndarray


@dataclass(slots=True, eq=False)
class _Batch:
    """Partitions measured in one pass: the sampled rows of any against the rows that are not noise in all."""

    kept: np.ndarray
    drawn: np.ndarray
    members: list[bytes] = field(default_factory=list)
    n_segments: int = 0

    @property
    def cost(self) -> int:
        return int(np.count_nonzero(self.kept)) * int(np.count_nonzero(self.drawn))


class SilhouetteScorer:
    """Silhouettes of many labellings of the same rows, from one pass of the distances.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Scaled features.
    seed : int
        Of the order in which rows are sampled.
    pairs : int or None
        How many distances one labelling may cost: the silhouette is exact up to its square root of customers that are not noise.
        ``None`` is 2.5e9 with 21 features, that is 50,000 customers, and fewer with more features: ``8.75e10 / (14 + n_features)``.

    Notes
    -----
    Distances do not depend on labels, so each is computed once for all labellings, from differences (equal customers are at distance
    0), and none is kept: see `segcore.clustering.kernels.silhouette.silhouettes`. Labellings that are the same partition are measured once.

    Above the limit, ``pairs / n`` rows (2,000 at least) are drawn within each segment in proportion to its size, 10 a segment at least,
    and measured against all rows that are not noise; where segments are so many that this would be more than half again as many rows,
    the small ones are one stratum. With ``W_h`` a stratum's share, ``N_h`` its size, ``n_h`` and ``s_h`` its sample's size and standard
    deviation, the estimate is ``sum W_h mean_h`` and its variance ``sum W_h^2 (1 - n_h / N_h) s_h^2 / n_h``: unlike a sample measured
    within itself it has no bias for small segments. The interval also allows for what no sampled row shows: were it more than the rule
    of three's share of all rows (3 / n), one of them would show it, 19 times in 20. The rows are the first of each stratum in one seeded
    order of all rows, so that the labellings of a grid are largely measured on the same rows, and what is drawn for one does not depend
    on the others.

    References
    ----------
    Rousseeuw (1987), J. Comput. Appl. Math. 20. Cochran (1977), Sampling Techniques, 5. Hanley and Lippman-Hand (1983), "If nothing
    goes wrong, is everything all right?", JAMA 249.
    """

    def __init__(self, X: np.ndarray, *, seed: int = 0, pairs: int | None = None) -> None:
        self._X = np.ascontiguousarray(X, dtype=np.float64)
        self._seed = seed
        self._pairs = _WORK // (14 + self._X.shape[1]) if pairs is None else pairs
        self._order: np.ndarray | None = None

    def score(self, labels: np.ndarray) -> Estimate:
        """Return the mean silhouette of one labelling, as `score_all` does."""
        return self.score_all([labels])[0]

    def score_all(self, labellings: Sequence[np.ndarray]) -> list[Estimate]:
        """Return the mean silhouette of the rows that are not noise, with its 95 % interval, of each labelling.

        Parameters
        ----------
        labellings : sequence of ndarrays of shape (n_customers,), int
            -1 is noise, which neither counts nor is a neighbour. A segment of one customer has silhouette 0.

        Returns
        -------
        list of Estimate
            One per labelling, in their order, each as if measured alone. Undefined, with the reason, unless there are at least 2 segments
            and fewer than customers in them.
        """
        keys: list[bytes] = []
        found: dict[bytes, Estimate] = {}
        partitions: dict[bytes, _Partition] = {}
        for labels in labellings:
            codes, sizes = _numbered(np.asarray(labels))
            keys.append(hashlib.sha256(codes.tobytes()).digest())
            if keys[-1] in found or keys[-1] in partitions:
                continue
            reason = _undefined(sizes)
            if reason:
                found[keys[-1]] = Estimate.undefined(reason)
            else:
                partitions[keys[-1]] = self._drawn(codes, sizes)
        for batch in _batches(partitions, len(self._X)):
            found.update(self._measured(batch, [partitions[key] for key in batch.members]))
        return [found[key] for key in keys]

    def _drawn(self, codes: np.ndarray, sizes: np.ndarray) -> _Partition:
        """Draw the rows to measure: all except noise, or the first of each stratum in one seeded order of all rows."""
        kept = np.flatnonzero(codes >= 0)
        if len(kept) ** 2 <= self._pairs:
            return _Partition(codes, sizes, np.arange(len(sizes)), kept)
        if self._order is None:
            self._order = np.random.default_rng(self._seed).permutation(len(self._X))
        wanted = max(_MIN_SAMPLE, self._pairs // len(kept))
        strata = _strata(sizes, wanted)
        in_strata = np.bincount(strata, sizes).astype(np.intp)
        quota = np.minimum(in_strata, np.maximum(_FLOOR, np.rint(wanted * in_strata / len(kept)).astype(np.intp)))
        order = self._order[codes[self._order] >= 0]
        of_row = strata[codes[order]]
        by_stratum = order[np.argsort(of_row, kind="stable")]
        rank = np.arange(len(kept)) - np.repeat(np.cumsum(in_strata) - in_strata, in_strata)
        return _Partition(codes, sizes, strata, np.sort(by_stratum[rank < np.repeat(quota, in_strata)]))

    def _measured(self, batch: _Batch, partitions: Sequence[_Partition]) -> dict[bytes, Estimate]:
        from segcore.clustering.kernels.silhouette import silhouettes  # numba takes a second to import, and screens only read results.

        kept, rows = np.flatnonzero(batch.kept), np.flatnonzero(batch.drawn)
        examples, cells = _joint_cells([partition.codes[kept] for partition in partitions])
        order = np.argsort(cells, kind="stable")
        place = np.empty(len(self._X), dtype=np.intp)
        place[kept[order]] = np.arange(len(kept))
        segments = np.array([partition.codes[kept[examples]] for partition in partitions])
        scores = silhouettes(self._X[kept[order]], cells[order], segments, place[rows])
        return {
            key: _estimate(partition, own[np.searchsorted(rows, partition.drawn)])
            for key, partition, own in zip(batch.members, partitions, scores, strict=True)
        }


def _numbered(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with segments numbered by their first customers, noise -1, and the segments' sizes: equal for equal partitions."""
    kept = np.flatnonzero(labels != NOISE)
    _, first, inverse, sizes = np.unique(labels[kept], return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = np.full(len(labels), NOISE, dtype=np.int32)
    codes[kept] = rank[inverse]
    return codes, sizes[order]


def _undefined(sizes: np.ndarray) -> str | None:
    if len(sizes) < 2:
        return f"Silhouette compares segments, but there is {'only one segment' if len(sizes) else 'no segment'}."
    return "Silhouette is undefined if every segment has one customer." if len(sizes) >= sizes.sum() else None


def _strata(sizes: np.ndarray, wanted: int) -> np.ndarray:
    """Return the stratum of each segment, numbered from 0 without a gap: those too small for a sample share the last one."""
    small = wanted * sizes < _FLOOR * sizes.sum()
    if 2 * _FLOOR * np.count_nonzero(small) <= wanted:
        return np.arange(len(sizes))
    return np.where(small, np.count_nonzero(~small), np.cumsum(~small) - 1)


def _batches(partitions: dict[bytes, _Partition], n_rows: int) -> Iterable[_Batch]:
    """Group partitions into passes: they share one if that costs no more distances than separate passes and their sums fit."""
    batches: list[_Batch] = []
    for key, partition in sorted(partitions.items(), key=lambda item: -int(item[1].sizes.sum())):
        kept, drawn = partition.codes >= 0, np.zeros(n_rows, dtype=bool)
        drawn[partition.drawn] = True
        n_segments, cost = len(partition.sizes), len(partition.drawn) * int(np.count_nonzero(kept))
        for batch in batches:
            joint = _Batch(batch.kept | kept, batch.drawn | drawn)
            if joint.cost <= batch.cost + cost and batch.n_segments + n_segments <= _SUMS:
                batch.kept, batch.drawn = joint.kept, joint.drawn
                break
        else:
            batch = _Batch(kept, drawn)
            batches.append(batch)
        batch.members.append(key)
        batch.n_segments += n_segments
    return batches


def _joint_cells(labellings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return one row of each cell and every row's cell; rows that are together in every labelling share a cell."""
    joint = np.zeros(len(labellings[0]), dtype=np.int64)
    room = 1
    for codes in labellings:
        count = int(codes.max()) + 2
        if room * count >= 1 << 62:
            joint = np.unique(joint, return_inverse=True)[1]
            room = int(joint.max()) + 1
        joint = joint * count + (codes + 1)
        room *= count
    _, examples, cells = np.unique(joint, return_index=True, return_inverse=True)
    return examples, cells


def _estimate(partition: _Partition, scores: np.ndarray) -> Estimate:
    """Estimate the mean silhouette of all customers, with its 95 % interval, from the sampled ones."""
    n_kept, n_drawn = int(partition.sizes.sum()), len(scores)
    if n_drawn == n_kept:
        value = float(np.mean(scores))
        return Estimate(value, value, value, n_kept)
    sizes = np.bincount(partition.strata, partition.sizes)
    strata = partition.strata[partition.codes[partition.drawn]]
    weight, taken = sizes / n_kept, np.bincount(strata, minlength=len(sizes))
    means = np.bincount(strata, scores, len(sizes)) / taken
    squares = np.bincount(strata, (scores - means[strata]) ** 2, len(sizes))
    spread = squares / np.maximum(taken - 1, 1)
    value = float(weight @ means)
    half = _Z95 * float(np.sqrt(np.sum(weight**2 * (1 - taken / sizes) * spread / taken)))
    # This share of the rows may differ from all sampled ones by as much as a silhouette can; exact if no row is left to differ.
    unseen = float(np.log(0.05) / np.log1p(-n_drawn / n_kept)) / n_kept
    low, high = value - max(half, unseen * (1 + value)), value + max(half, unseen * (1 - value))
    return Estimate(value, max(-1.0, low), min(1.0, high), n_drawn)
