"""Sample of the rows that a sweep would cluster, from which an algorithm's cost is estimated."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from segcore.errors import DataError
from segcore.features.assemble import assemble, kept_customers
from segcore.features.preparation import prepare_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan

_SAMPLED = 10_000
_ASKED = 256
_PILOT = 1_000
_COPIES = 5
_LEAF = 24
_MOST_STEPS = 60
_GROWTH = 0.25


class SampledRows:
    """Rows represented by a sample; see ``RowsToCost``.

    Parameters
    ----------
    sample : ndarray of shape (n_sampled, n_features), float64
        Rows as they are clustered, evenly drawn; copies of one customer are adjacent.
    n_rows : int
        Rows to cluster, copies included.
    repeats, sampled_repeats : int
        Copies of each customer among all rows and in the sample: near copies are counted separately, as they thin out with the customers
        that the sample leaves out.
    """

    def __init__(self, sample: np.ndarray, n_rows: int, *, repeats: int = 1, sampled_repeats: int = 1) -> None:
        self.n_rows, self.n_features = n_rows, sample.shape[1]
        self._sample, self._repeats, self._copies = sample, repeats, sampled_repeats
        self._asked = np.unique(np.linspace(0, len(sample) - 1, min(_ASKED, len(sample))).astype(np.intp))
        self._distances: np.ndarray | None = None
        self._boxes: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._counts: dict[float, np.ndarray] = {}
        self._paths: dict[int, list[float]] = {}

    @classmethod
    def of(cls, table: FeatureTable, plan: Plan) -> SampledRows:
        """Draw the sample of the rows that a plan clusters; ``table`` has every feature of every customer.

        Raises
        ------
        DataError
            If no customer is left.
        """
        kept = np.flatnonzero(kept_customers(table, plan))
        if not len(kept):
            raise DataError("The outlier rule leaves no customer: turn it off (outliers: none).")
        copies = min(plan.repeats, _COPIES)
        customers = min(len(kept), _SAMPLED // copies)
        drawn = kept if customers == len(kept) else np.sort(np.random.default_rng(plan.seed).choice(kept, customers, replace=False))
        rows = assemble(table.take(drawn), replace(plan, outliers="none", repeats=copies)).table
        return cls(prepare_rows(rows, plan), len(kept) * plan.repeats, repeats=plan.repeats, sampled_repeats=copies)

    def neighbours(self, eps: float) -> float:
        """Return the average number of rows within ``eps`` of a row, itself included."""
        return float(self._within(eps).mean())

    def dense_share(self, eps: float, min_samples: int) -> float:
        """Return the share of the rows, 0 to 1, with at least ``min_samples`` rows within ``eps``."""
        return float(np.mean(self._within(eps) >= min_samples))

    def _within(self, eps: float) -> np.ndarray:
        """Estimate the number of all rows within ``eps`` of each given row, shape (n_asked,)."""
        if eps not in self._counts:
            if self._distances is None:
                from scipy.spatial.distance import cdist

                self._distances = cdist(self._sample[self._asked], self._sample)
            inside = self._distances <= eps
            owner = np.arange(len(self._sample)) // self._copies
            own = np.count_nonzero(inside & (owner == owner[self._asked, None]), axis=1)
            others = np.count_nonzero(inside, axis=1) - own
            customers, sampled = self.n_rows // self._repeats, len(self._sample) // self._copies
            copies = 1 + (own - 1) * (self._repeats - 1) / max(1, self._copies - 1)
            factor = (customers - 1) / max(1, sampled - 1) * self._repeats / self._copies
            self._counts[eps] = copies + others * factor
        return self._counts[eps]

    def near_share(self, eps: float) -> float:
        """Return the share of the rows, 0 to 1, in boxes of about 24 rows of the sample that come within ``eps`` of a row."""
        if self._boxes is None:
            self._boxes = _boxes(self._sample)
        low, high, sizes = self._boxes
        near = 0.0
        for row in self._sample[self._asked]:
            gaps = np.maximum(0.0, np.maximum(low - row, row - high))
            near += float(sizes[np.einsum("ij,ij->i", gaps, gaps) <= eps * eps].sum())
        return near / len(self._asked) / len(self._sample)

    def iterations(self, n_clusters: int, tol: float) -> float:
        """Estimate the iterations of k-means from one start: those on 1,000 rows, times a power of the ratio of rows.

        They are counted for powers of 2 segments only; other numbers use the nearest one.
        """
        k = min(2 ** round(math.log2(n_clusters)), len(self._sample))
        if k == 1:
            return 2.0
        if k not in self._paths:
            rows = self._sample[np.unique(np.linspace(0, len(self._sample) - 1, min(_PILOT, len(self._sample))).astype(np.intp))]
            self._paths[k] = _shifts(rows, min(k, len(rows)))
        shifts = self._paths[k]
        steps = next((step for step, shift in enumerate(shifts, 1) if shift <= tol), len(shifts))
        return float(min(300.0, steps * max(1.0, self.n_rows / _PILOT) ** _GROWTH))


def _boxes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the low and high corners, shape (n_boxes, n_features), and the sizes of boxes made by halving the widest feature."""
    waiting, found = [np.arange(len(rows))], []
    while waiting:
        members = waiting.pop()
        values = rows[members]
        widest = int(np.argmax(np.ptp(values, axis=0)))
        if len(members) <= _LEAF:
            found.append(members)
            continue
        middle = len(members) // 2
        order = members[np.argpartition(values[:, widest], middle)]
        waiting += [order[:middle], order[middle:]]
    low = np.array([rows[members].min(axis=0) for members in found])
    high = np.array([rows[members].max(axis=0) for members in found])
    return low, high, np.array([len(members) for members in found])


def _shifts(rows: np.ndarray, n_clusters: int) -> list[float]:
    """Return how far the centres move at each iteration of a k-means, squared, as a share of the mean variance; 0 once it settles."""
    variance = float(rows.var(axis=0).mean())
    if variance == 0:
        return [0.0]
    centres = rows[np.random.default_rng(0).choice(len(rows), n_clusters, replace=False)].copy()
    found: list[float] = []
    last: np.ndarray | None = None
    for _ in range(_MOST_STEPS):
        labels = np.argmin(np.einsum("ij,ij->i", centres, centres) - 2 * rows @ centres.T, axis=1)
        if last is not None and np.array_equal(labels, last):
            return [*found, 0.0]
        members = np.zeros((n_clusters, len(rows)))
        members[labels, np.arange(len(rows))] = 1.0
        sizes = members.sum(axis=1)[:, None]
        moved = np.where(sizes > 0, (members @ rows) / np.maximum(sizes, 1), centres)
        found.append(float(((moved - centres) ** 2).sum()) / variance)
        centres, last = moved, labels
    return found
