"""DBSCAN for every point of a grid from one neighbour search.

The pairs within the largest radius contain those of every smaller one, and ``min_samples`` only moves the threshold at which a row is a
core, so the expensive part, the search, is done once.

References
----------
Ester et al. (1996), KDD-96; Schubert et al. (2017), ACM TODS 42(3): what makes a row a core, a border or noise.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit

from segcore.cores import in_threads
from segcore.kernels._lanes import LANES, lowest_lane
from segcore.kernels.neighbours import NeighbourSearch, Pairs

_NONE = np.iinfo(np.int32).max


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
    """

    labels: np.ndarray
    core_rows: np.ndarray
    seconds: float


@njit(nogil=True, cache=True)
def _find(parent: np.ndarray, row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@njit(nogil=True, cache=True)
def _join(parent: np.ndarray, a: int, b: int) -> int:
    """Unite the components of two rows; returns the root."""
    a, b = _find(parent, a), _find(parent, b)
    if a < b:
        parent[b] = a
        return a
    parent[a] = b
    return b


@njit(nogil=True, cache=True)
def _core_bits(core: np.ndarray) -> np.ndarray:
    """Return for each leaf which of its rows are cores."""
    bits = np.zeros((len(core) + LANES - 1) // LANES, np.uint16)
    for row in range(len(core)):
        if core[row]:
            bits[row // LANES] |= 1 << (row % LANES)
    return bits


@njit(nogil=True, cache=True)
def _join_pairs(pairs: Pairs, e: int, core: np.ndarray, core_bits: np.ndarray, parent: np.ndarray) -> None:
    for i in range(len(pairs.row)):
        row = pairs.row[i]
        if not core[row]:
            continue
        start = pairs.leaf[i] * LANES
        mask = np.int64(pairs.bits[i, e] & core_bits[pairs.leaf[i]])
        if mask:
            root = _find(parent, row)
            while mask:
                other = start + lowest_lane(mask)
                mask &= mask - 1
                if parent[other] != root:
                    root = _join(parent, root, other)


@njit(nogil=True, cache=True)
def _join_whole(
    whole: np.ndarray, e: int, start: np.ndarray, stop: np.ndarray, next_core: np.ndarray, linked: np.ndarray, parent: np.ndarray
) -> None:
    """Unite the cores of nodes whose rows are all neighbours of one another; ``linked`` tells whose cores are united already."""
    for i in range(len(whole)):
        a, b = whole[i, 0], whole[i, 1]
        first, second = next_core[start[a]], next_core[start[b]]
        if whole[i, 2] > e or first >= stop[a] or second >= stop[b]:
            continue
        root = _join(parent, first, second)
        for node in (a, b):
            if not linked[node]:
                linked[node] = 1
                row = next_core[start[node]]
                while row < stop[node]:
                    if parent[row] != root:
                        root = _join(parent, root, row)
                    row = next_core[row + 1]


@njit(nogil=True, cache=True)
def _next_core(core: np.ndarray) -> np.ndarray:
    """Return the first core at or behind each position."""
    following = np.empty(len(core) + 1, np.int32)
    following[len(core)] = len(core)
    for row in range(len(core) - 1, -1, -1):
        following[row] = row if core[row] else following[row + 1]
    return following


@njit(nogil=True, cache=True)
def _number(parent: np.ndarray, core: np.ndarray, by_row: np.ndarray) -> np.ndarray:
    """Give the components of the cores numbers, in the order of their lowest rows; other positions get ``_NONE``."""
    label = np.full(len(core), _NONE, np.int32)
    found = 0
    for position in by_row:
        if core[position]:
            root = _find(parent, position)
            if label[root] == _NONE:
                label[root] = found
                found += 1
    for position in range(len(core)):
        if core[position]:
            label[position] = label[_find(parent, position)]
    return label


@njit(nogil=True, cache=True)
def _border_pairs(pairs: Pairs, e: int, core: np.ndarray, core_bits: np.ndarray, label: np.ndarray, border: np.ndarray) -> None:
    """Lower ``border`` of rows that are no cores to the lowest label of a core neighbour."""
    for i in range(len(pairs.row)):
        row, leaf = pairs.row[i], pairs.leaf[i]
        mask = np.int64(pairs.bits[i, e])
        cores = np.int64(core_bits[leaf])
        mask = (mask & ~cores) if core[row] else (mask & cores)
        while mask:
            other = leaf * LANES + lowest_lane(mask)
            mask &= mask - 1
            if core[row]:
                border[other] = min(border[other], label[row])
            else:
                border[row] = min(border[row], label[other])


@njit(nogil=True, cache=True)
def _border_whole(
    whole: np.ndarray,
    e: int,
    start: np.ndarray,
    stop: np.ndarray,
    next_core: np.ndarray,
    label: np.ndarray,
    lowest: np.ndarray,
    offered: np.ndarray,
) -> None:
    """Offer each node the lowest label among the cores of the nodes it is a neighbour of as a whole.

    ``lowest`` holds the lowest label in a node, -1 where it is not known yet.
    """
    for i in range(len(whole)):
        if whole[i, 2] > e:
            continue
        for a, b in ((whole[i, 0], whole[i, 1]), (whole[i, 1], whole[i, 0])):
            if lowest[b] < 0:
                lowest[b] = _NONE
                row = next_core[start[b]]
                while row < stop[b]:
                    lowest[b] = min(lowest[b], label[row])
                    row = next_core[row + 1]
            offered[a] = min(offered[a], lowest[b])


@njit(nogil=True, cache=True)
def _spread_offers(offered: np.ndarray, start: np.ndarray, stop: np.ndarray, border: np.ndarray) -> None:
    for node in range(len(offered)):
        if offered[node] < _NONE:
            for row in range(start[node], stop[node]):
                border[row] = min(border[row], offered[node])


@njit(nogil=True, cache=True)
def _write(label: np.ndarray, border: np.ndarray, core: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels = np.empty(len(position), np.int32)
    is_core = np.empty(len(position), np.bool_)
    for row in range(len(position)):
        place = position[row]
        is_core[row] = core[place]
        found = label[place] if core[place] else border[place]
        labels[row] = -1 if found == _NONE else found
    return labels, is_core


def dbscan_grid(
    X: np.ndarray, points: Sequence[tuple[float, int]], *, memory: int | None = None, threads: int | None = None
) -> list[Labelling]:
    """Return the DBSCAN of each point (eps, min_samples), as ``sklearn.cluster.DBSCAN`` labels it."""
    search = NeighbourSearch(X, [eps for eps, _ in points], threads=threads)
    kept: list[Pairs] = []
    counts = search.run(lambda thread, pairs: kept.append(pairs))
    by_row = np.argsort(search._exact.row)

    def one(eps: float, min_samples: int) -> Labelling:
        begin = time.perf_counter()
        e = int(np.searchsorted(search.radii, eps))
        core = counts[e] >= min_samples
        core_bits, next_core = _core_bits(core), _next_core(core)
        parent = np.arange(len(core), dtype=np.int32)
        tree = search.tree
        linked = np.zeros(len(tree.start), np.uint8)
        for pairs in kept:
            _join_whole(pairs.whole, e, tree.start, tree.stop, next_core, linked, parent)
            _join_pairs(pairs, e, core, core_bits, parent)
        label = _number(parent, core, by_row)
        border = np.full(len(core), _NONE, np.int32)
        lowest, offered = np.full(len(tree.start), -1, np.int32), np.full(len(tree.start), _NONE, np.int32)
        for pairs in kept:
            _border_whole(pairs.whole, e, tree.start, tree.stop, next_core, label, lowest, offered)
            _border_pairs(pairs, e, core, core_bits, label, border)
        _spread_offers(offered, tree.start, tree.stop, border)
        labels, is_core = _write(label, border, core, search.position)
        return Labelling(labels, np.flatnonzero(is_core), time.perf_counter() - begin)

    return in_threads([partial(one, eps, min_samples) for eps, min_samples in points], threads=search.threads)


def compile_kernels() -> None:
    """Compile what a grid needs, on a few rows."""
    X = np.random.default_rng(0).normal(size=(600, 3)) / 10
    X[1] = X[0]
    dbscan_grid(X, [(0.05, 3), (0.1, 5)], threads=1)
