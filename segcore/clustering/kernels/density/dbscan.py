"""DBSCAN for every point of a grid from one neighbour search.

The pairs within the largest radius contain those of every smaller one, and ``min_samples`` only moves the threshold at which a row is a
core, so the expensive part, the search, is done once.

References
----------
Ester et al. (1996), KDD-96; Schubert et al. (2017), ACM TODS 42(3): what makes a row a core, a border or noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from segcore.clustering.kernels.density import components
from segcore.clustering.kernels.density.lanes import LANES
from segcore.clustering.kernels.density.neighbours import NeighbourSearch, Pairs, Skip
from segcore.clustering.kernels.density.row_tree import BLOCK, axes_of
from segcore.system.cores import in_threads, in_turns, usable_cores
from segcore.system.machine import available_bytes

_TREE_FEATURES = 15
_BRUTE_ROWS = 11
_MOST_MEMORY = 4 << 30
_MOST_PAIRS = 2 << 30
_BUFFER_ROWS = 1 << 19
_POINTS_AT_ONCE = 64


class Labelling(NamedTuple):
    """The result of one point.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), int32
        -1 is noise.
    core_rows : ndarray of shape (n_core,), int64
        Ascending.
    seconds : float
        Wall time of this point alone.
    unsure : bool
        Whether rounding decides if some pair lies within ``eps``, so that scikit-learn may see it differently; see ``dbscan_grid``.
    """

    labels: np.ndarray
    core_rows: np.ndarray
    seconds: float
    unsure: bool


class GridLabels(NamedTuple):
    """The results of all points, in the order asked, and the wall time of the work they share."""

    labellings: list[Labelling]
    shared_seconds: float


def dbscan_grid(
    X: np.ndarray,
    points: Sequence[tuple[float, int]],
    *,
    memory: int | None = None,
    threads: int | None = None,
    by_norms: bool | None = None,
) -> GridLabels:
    """Return for each point (eps, min_samples) the labels that ``sklearn.cluster.DBSCAN`` gives.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        Finite. Near the origin where they are to equal scikit-learn's above 15 features, which are spoilt far from it.
    points : sequence of (float, int)
        ``eps > 0`` in the units of ``X``, ``min_samples >= 1``.
    memory : int or None
        Bytes the work may take; ``None`` is half of what is free, 4 GiB at most. Where the pairs do not fit they are searched three
        times instead of kept.
    threads : int or None
        ``None`` is one a core; the result does not depend on it.
    by_norms : bool or None
        Whether scikit-learn computes the distances from squared norms; ``None`` is its own choice.

    Raises
    ------
    MemoryError
        Where not even the rows' tree and counts fit into ``memory``.

    Notes
    -----
    A row lies within ``eps`` of another when the sum of their squared differences, added feature after feature in double precision, is
    not above ``eps * eps``. That is scikit-learn's rule up to 15 features, ties at exactly ``eps`` included, but for radii such as the
    square root of 3, whose square rounds to less than 3: there its tree takes whole boxes by the distance and single rows by its square.
    Above 15 features it adds squared norms and products, which is the same where all are exact, as for whole numbers, and leaves what
    lies within rounding of ``eps`` to chance. Wherever either can matter for a pair, the labellings of that ``eps`` are ``unsure``; all
    others equal scikit-learn's.

    The cost is that of the pairs of rows which boxes cannot tell apart at the largest ``eps``, 16 to a step: at worst all pairs. Equal
    rows cost as one.
    """
    begin = time.perf_counter()
    X = np.ascontiguousarray(X, dtype=np.float64)
    threads = threads or usable_cores()
    radii = sorted({eps for eps, _ in points})
    room = _room(X, len(radii), memory, threads)
    if by_norms is None:
        by_norms = X.shape[1] > _TREE_FEATURES or len(X) <= _BRUTE_ROWS
    search = NeighbourSearch(X, radii, by_norms=by_norms and not _is_exact(X), threads=threads)
    store = _Store(search, min(room // 2, _MOST_PAIRS))
    counts = search.run(store.take, capacity=_capacity(room, len(radii), threads))
    by_row = np.argsort(search.row)
    labellings: list[Labelling] = []
    own_seconds = 0.0
    at_once = max(1, min(_POINTS_AT_ONCE, room // 2 // _point_bytes(len(X))))
    for first in range(0, len(points), at_once):
        some = [_Point(search, counts, eps, min_samples) for eps, min_samples in points[first : first + at_once]]
        borders = _borders_kept(some, by_row, store.pairs) if store.left >= 0 else _borders_searching(some, by_row, room)
        shared_until = time.perf_counter()
        labellings += in_threads([partial(border.point.finish, border.spread) for border in borders], threads=threads)
        own_seconds += time.perf_counter() - shared_until
    return GridLabels(labellings, time.perf_counter() - begin - own_seconds)


def _is_exact(X: np.ndarray) -> bool:
    """Tell whether squared norms and products of the rows are free of rounding: whole numbers, halves and the like, not too large."""
    unit = 1024.0
    for rows in (X[:16], X):
        scaled = rows * unit
        if not (np.rint(scaled) == scaled).all() or np.abs(scaled).max() ** 2 * X.shape[1] * 4 > 2.0**53:
            return False
    return True


def _point_bytes(n_rows: int) -> int:
    """Return what one point takes while it is labelled: cores, labels, its forest and borders."""
    return n_rows * 19


def _room(X: np.ndarray, n_radii: int, memory: int | None, threads: int) -> int:
    """Return the bytes left for pairs and points."""
    if memory is None:
        memory = min(available_bytes() // 2, _MOST_MEMORY)
    least = least_memory(X, n_radii, threads)
    if memory < least:
        raise MemoryError(
            f"the search for neighbours among these customers needs at least {least / 2**20:,.1f} MiB "
            f"and {memory / 2**20:,.1f} MiB are free"
        )
    return memory - _fixed_bytes(X, n_radii, threads)


def least_memory(X: np.ndarray, n_radii: int, threads: int) -> int:
    """Return the fewest bytes that labelling needs: the tree, counts, one point and the smallest buffers."""
    buffers = 2 * threads * _row_bytes(n_radii) * BLOCK * LANES * 2
    return _fixed_bytes(X, n_radii, threads) + 2 * _point_bytes(len(X)) + buffers


def _fixed_bytes(X: np.ndarray, n_radii: int, threads: int) -> int:
    return len(X) * (axes_of(X.shape[1]) * 32 + 48 + (threads + 1) * n_radii * 8)


def _row_bytes(n_radii: int) -> int:
    return 10 + 2 * n_radii


def _capacity(room: int, n_radii: int, threads: int) -> int:
    return min(_BUFFER_ROWS, room // (8 * threads * _row_bytes(n_radii)))


class _Store:
    """Keeps pairs until they take more than ``budget`` bytes; from then on they are only counted."""

    def __init__(self, search: NeighbourSearch, budget: int) -> None:
        self.left = budget
        self.pairs: list[Pairs] = []
        self._nothing = search.skip_nothing()

    def take(self, thread: int, pairs: Pairs) -> Skip | None:
        self.left -= pairs.nbytes
        if self.left < 0:
            self.pairs.clear()
            return None
        self.pairs.append(pairs)
        return self._nothing


class _Point:
    """One point while it is labelled: its cores and, once they are numbered, their labels."""

    def __init__(self, search: NeighbourSearch, counts: np.ndarray, eps: float, min_samples: int) -> None:
        self.search = search
        self.e = int(np.searchsorted(search.radii, eps))
        self.core = counts[self.e] >= min_samples
        self.core_bits, self.following = components.core_bits(self.core), components.next_core(self.core)
        self.label = np.empty(0, np.int32)
        self.start, self.stop = search.tree.start, search.tree.stop

    def number(self, parent: np.ndarray, by_row: np.ndarray) -> None:
        self.label = components.number(parent, self.core, by_row)

    def finish(self, border: Callable[[], np.ndarray]) -> Labelling:
        begin = time.perf_counter()
        labels, is_core = components.write(self.label, border(), self.core, self.search.position)
        core_rows = np.flatnonzero(is_core)
        return Labelling(labels, core_rows, time.perf_counter() - begin, bool(self.search.unsure[self.e]))


class _Forest:
    """The components of a point's cores, as far as the pairs taken so far unite them; any thread may take pairs."""

    def __init__(self, point: _Point) -> None:
        self.point = point
        self.parent = np.arange(len(point.core), dtype=np.int32)
        self.linked = np.zeros(len(point.start), np.uint8)
        self.known = np.zeros(len(point.core_bits), np.int64)

    def take(self, pairs: Pairs) -> None:
        point = self.point
        components.join_whole(pairs.whole, point.e, point.start, point.stop, point.following, self.linked, self.parent)
        components.join_pairs(pairs, point.e, point.core, point.core_bits, self.parent, self.known)


class _Borders:
    """The lowest label among the core neighbours of each of a point's rows, as far as the pairs taken so far tell; see `_Forest`."""

    def __init__(self, point: _Point) -> None:
        self.point = point
        self.border = np.full(len(point.core), components.NONE, np.int32)
        self.lowest = np.full(len(point.start), -1, np.int32)
        self.offered = np.full(len(point.start), components.NONE, np.int32)

    def take(self, pairs: Pairs) -> None:
        point = self.point
        components.border_whole(pairs.whole, point.e, point.start, point.stop, point.following, point.label, self.lowest, self.offered)
        components.border_pairs(pairs, point.e, point.core, point.core_bits, point.label, self.border)

    def spread(self) -> np.ndarray:
        components.spread_offers(self.offered, self.point.start, self.point.stop, self.border)
        return self.border


def _number(forests: Sequence[_Forest], by_row: np.ndarray) -> None:
    in_threads([partial(forest.point.number, forest.parent, by_row) for forest in forests], threads=forests[0].point.search.threads)


def _borders_kept(points: Sequence[_Point], by_row: np.ndarray, kept: list[Pairs]) -> list[_Borders]:
    """Find the borders of some points, once the components of their cores are numbered, from pairs that were kept."""
    threads = points[0].search.threads
    forests = [_Forest(point) for point in points]
    # All points take a buffer before the next one, so that it is fetched from memory once.
    in_turns([partial(forest.take, pairs) for pairs in kept for forest in forests], threads=threads)
    _number(forests, by_row)
    borders = [_Borders(point) for point in points]
    in_turns([partial(border.take, pairs) for pairs in kept for border in borders], threads=threads)
    return borders


def _borders_searching(points: Sequence[_Point], by_row: np.ndarray, room: int) -> list[_Borders]:
    """Do the same by searching twice more: for the components of the cores, then for the borders."""
    search = points[0].search
    capacity = _capacity(room, len(search.radii), search.threads)
    forests = [_Forest(point) for point in points]
    uniting = [_Uniting(forests) for _ in range(search.threads)]
    search.run(lambda thread, pairs: uniting[thread].take(pairs), capacity=capacity, skip=uniting[0].skip)
    _number(forests, by_row)
    borders = [_Borders(point) for point in points]
    skip = _skip_settled(search, points, [~point.core for point in points])

    def take(thread: int, pairs: Pairs) -> Skip:
        for border in borders:
            border.take(pairs)
        return skip

    search.run(take, capacity=capacity, skip=skip)
    return borders


class _Uniting:
    """One thread's view of the forests of several points; boxes whose cores are all united need no more searching."""

    def __init__(self, forests: Sequence[_Forest]) -> None:
        self.forests = forests
        points = [forest.point for forest in forests]
        self.skip = _skip_settled(points[0].search, points, [point.core for point in points])
        self._taken = 0

    def take(self, pairs: Pairs) -> Skip:
        for forest in self.forests:
            forest.take(pairs)
        self._taken += len(pairs.row)
        if self._taken >= len(self.forests[0].parent):
            self._taken = 0
            self.skip = self.skip._replace(block_group=self._groups(BLOCK), leaf_group=self._groups(LANES))
        return self.skip

    def _groups(self, size: int) -> np.ndarray:
        """Give ``size`` rows each a number, equal where they are united at every point; -1 where their own cores are not."""
        group = np.zeros(-(-len(self.forests[0].parent) // size), np.int64)
        apart = np.zeros(len(group), np.bool_)
        for forest in self.forests:
            root = components.common_root(forest.parent, forest.point.core, size)
            apart |= root == -1
            group = np.unique(group * (len(forest.parent) + 2) + root + 2, return_inverse=True)[1]
        return np.where(apart, -1, group)


def _skip_settled(search: NeighbourSearch, points: Sequence[_Point], seeking: Sequence[np.ndarray]) -> Skip:
    """Pass over boxes of which, at every point, one has no core or the other no row of those ``seeking`` one."""
    skip = search.skip_nothing()
    bits = {}
    for name, size in (("block", BLOCK), ("leaf", LANES)):
        begins = np.arange(0, len(points[0].core), size)
        for what, rows in (("seeks", seeking), ("gives", [point.core for point in points])):
            bits[f"{name}_{what}"] = np.bitwise_or.reduce(
                [np.logical_or.reduceat(marked, begins).astype(np.uint64) << np.uint64(bit) for bit, marked in enumerate(rows)]
            )
    return skip._replace(**bits)


def compile_kernels() -> None:
    """Compile what a grid needs, on a few rows."""
    X = np.random.default_rng(0).normal(size=(3_000, 3)) / 10
    X[1] = X[0]
    points = [(0.05, 3), (0.1, 5)]
    dbscan_grid(X, points, threads=1)
    dbscan_grid(X, points, threads=2, memory=1 + least_memory(X, 2, 2))
