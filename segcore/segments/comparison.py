"""Comparison of two solutions of the same customers: what became of each segment, and who moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcore.clustering.compare import adjusted_rand_index
from segcore.records.solution import NOISE

Kind = Literal["stayed", "split", "merged", "vanished", "appeared"]
STAYED = 0.5
"""Jaccard index above which two segments are the same one; a segment can then have only one such partner."""
_MOSTLY = 0.5
_PART = 0.1


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of segments.

    Parameters
    ----------
    kind : {"stayed", "split", "merged", "vanished", "appeared"}
    before, after : tuple of int
        Segments of the first and of the second solution; one of them is empty where segments vanished or appeared.
    customers : int
        Customers who are in both; for vanished and appeared ones, their size.
    jaccard : float or None
        Of ``before`` and ``after``, each taken together: the customers in both as a share of those in either.
    """

    kind: Kind
    before: tuple[int, ...]
    after: tuple[int, ...]
    customers: int
    jaccard: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "kind": self.kind,
            "before": list(self.before),
            "after": list(self.after),
            "customers": self.customers,
            "jaccard": self.jaccard,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two labellings of the same customers.

    Parameters
    ----------
    before, after : ndarray of shape (n_customers,), int
        Segments in the first and in the second solution; -1 is noise.
    labels_before, labels_after : tuple of int
        Those that occur, ascending, so noise comes first.
    counts : ndarray of shape (len(labels_before), len(labels_after)), int64
        Customers in each pair.
    fates : tuple of Fate
        One for each segment, except noise: those that stayed, were split, were merged, vanished, appeared.
    partners : mapping of int to int
        For segments of the first solution, that of the second which has most of the same customers, each used once.
    """

    before: np.ndarray
    after: np.ndarray
    labels_before: tuple[int, ...]
    labels_after: tuple[int, ...]
    counts: np.ndarray
    fates: tuple[Fate, ...]
    partners: Mapping[int, int]

    @property
    def agreement(self) -> float:
        """Adjusted Rand index; noise counts as one more segment."""
        return adjusted_rand_index(self.before, self.after)

    @property
    def moved(self) -> np.ndarray:
        """Customers who are not in the partner of their segment, shape (n_customers,), bool."""
        unmatched = min(self.labels_after, default=0) - 1
        expected = np.array([self.partners.get(label, unmatched) for label in self.labels_before])
        return np.asarray(expected[np.searchsorted(self.labels_before, self.before)] != self.after)


def compare_labels(before: np.ndarray, after: np.ndarray) -> Comparison:
    """Compare two labellings.

    Parameters
    ----------
    before, after : ndarray of shape (n_customers,), int
        -1 is noise.

    Notes
    -----
    A segment was *split* if at least two segments of the second solution consist mostly of its customers, each holds at least a tenth of
    them, and together they hold most of them; *merged* is the same the other way round. Of the others, two with a Jaccard index above
    one half are one that *stayed*. What is left *vanished* or *appeared*. Partners are the assignment, noise to noise, under which most
    customers stay.
    """
    rows, i = np.unique(before, return_inverse=True)
    columns, j = np.unique(after, return_inverse=True)
    counts = np.bincount(i * len(columns) + j, minlength=len(rows) * len(columns)).reshape(len(rows), len(columns)).astype(np.int64)
    labels = (tuple(int(label) for label in rows), tuple(int(label) for label in columns))
    return Comparison(before, after, *labels, counts, _fates(counts, *labels), _partners(counts, *labels))


def _fates(counts: np.ndarray, before: tuple[int, ...], after: tuple[int, ...]) -> tuple[Fate, ...]:
    sizes, later = counts.sum(axis=1), counts.sum(axis=0)
    left = [at for at, label in enumerate(before) if label != NOISE]
    right = [at for at, label in enumerate(after) if label != NOISE]
    split: list[Fate] = []
    merged: list[Fate] = []
    for row in list(left):
        parts = _parts(counts[row], sizes[row], later, right)
        if parts:
            split.append(Fate("split", (before[row],), tuple(after[at] for at in parts), *_overlap(counts, [row], parts)))
            left.remove(row)
            right = [at for at in right if at not in parts]
    for column in list(right):
        parts = _parts(counts[:, column], later[column], sizes, left)
        if parts:
            merged.append(Fate("merged", tuple(before[at] for at in parts), (after[column],), *_overlap(counts, parts, [column])))
            right.remove(column)
            left = [at for at in left if at not in parts]
    stayed = []
    for row in list(left):
        for column in right:
            customers, jaccard = _overlap(counts, [row], [column])
            if jaccard > STAYED:
                stayed.append(Fate("stayed", (before[row],), (after[column],), customers, jaccard))
                left.remove(row)
                right.remove(column)
                break
    vanished = [Fate("vanished", (before[row],), (), int(sizes[row])) for row in left]
    appeared = [Fate("appeared", (), (after[column],), int(later[column])) for column in right]
    return (*stayed, *split, *merged, *vanished, *appeared)


def _parts(shared: np.ndarray, size: int, sizes: np.ndarray, among: list[int]) -> list[int]:
    """Return the segments that a segment was split into, if it was."""
    parts = [at for at in among if shared[at] > _MOSTLY * sizes[at] and shared[at] >= _PART * size]
    return parts if len(parts) > 1 and shared[parts].sum() > _MOSTLY * size else []


def _overlap(counts: np.ndarray, rows: list[int], columns: list[int]) -> tuple[int, float]:
    """Return the customers that some segments of both solutions share, and their Jaccard index."""
    both = int(counts[np.ix_(rows, columns)].sum())
    either = int(counts[rows].sum() + counts[:, columns].sum()) - both
    return both, both / either


def _partners(counts: np.ndarray, before: tuple[int, ...], after: tuple[int, ...]) -> dict[int, int]:
    from scipy.optimize import linear_sum_assignment

    rows = [at for at, label in enumerate(before) if label != NOISE]
    columns = [at for at, label in enumerate(after) if label != NOISE]
    some = counts[np.ix_(rows, columns)]
    found = {before[rows[at]]: after[columns[to]] for at, to in zip(*linear_sum_assignment(-some), strict=True) if some[at, to]}
    return {**found, NOISE: NOISE}
