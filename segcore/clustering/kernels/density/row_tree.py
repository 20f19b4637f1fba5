"""Rows ordered so that near rows are together, and their bounding boxes, with which a neighbour search prunes.

Rows are rotated onto their principal axes, which keeps distances, puts most of the spread into the leading coordinates and so makes
boxes tight, and are split at medians into *leaves* of 16 rows and *blocks* of 16 leaves; above the blocks stands a binary tree.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit

from segcore.clustering.kernels.density.lanes import CHUNK, LANES
from segcore.system.cores import in_ranges, in_threads, in_turns, take_rows

BLOCK = LANES * LANES
_SAMPLED = 512
_SAMPLED_ROWS = 1 << 14
_ROWS_AT_ONCE = 1 << 12
_DOUBLE = float(np.finfo(np.float64).eps)


class RowTree(NamedTuple):
    """Distinct rows in the order of the tree, in units of the largest radius.

    Parameters
    ----------
    rotated : ndarray of shape (n_distinct, n_axes), float64
        ``n_axes`` is ``n_features`` filled up with zeros to a multiple of ``CHUNK``.
    order : ndarray of shape (n_distinct,), int64
        Which distinct row stands at a position.
    lanes : ndarray, float32
        For each leaf ``n_axes`` x 16 values, relative to the centre of the leaf's block.
    low, high : ndarray, float32
        The leaves' boxes: for each block ``n_axes`` x 16 values, relative to its centre.
    centre : ndarray of shape (n_blocks, n_axes), float64
    radius : ndarray of shape (n_blocks,), float64
        Half the diagonal of the block's box.
    block : ndarray of shape (n_blocks,), int64
        The node that is a block.
    child : ndarray of shape (n_nodes,), int64
        A node's right child, the left one being the next node; 0 for a node that is one block.
    node_low, node_high : ndarray of shape (n_nodes, n_axes), float64
    start, stop : ndarray of shape (n_nodes + n_leaves,), int64
        The positions a node holds, the leaves behind the nodes.
    slack : float
        How far off a distance between rotated rows may be.
    """

    rotated: np.ndarray
    order: np.ndarray
    lanes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    radius: np.ndarray
    block: np.ndarray
    child: np.ndarray
    node_low: np.ndarray
    node_high: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    slack: float


def build_tree(X: np.ndarray, unit: float, *, threads: int) -> RowTree:
    """Order rows into a tree.

    Parameters
    ----------
    X : ndarray of shape (n_distinct, n_features), float64
        At least one row.
    unit : float
        Distances will be in multiples of it.
    threads : int
    """
    rotated, slack = _rotate(X, unit, threads)
    order = np.arange(len(X))
    values = np.empty(len(X))
    _split_on(rotated, order, values, threads)
    rotated = take_rows(rotated, order, threads=threads)
    start, stop, child = _nodes(len(X))
    n_blocks, axes = -(-len(X) // BLOCK), rotated.shape[1]
    n_leaves = -(-len(X) // LANES)
    lanes = np.empty(n_leaves * axes * LANES, np.float32)
    low, high = (np.empty(n_blocks * axes * LANES, np.float32) for _ in range(2))
    centre, radius = np.empty((n_blocks, axes)), np.empty(n_blocks)
    node_low, node_high = (np.empty((len(child), axes)) for _ in range(2))
    block = np.flatnonzero(child == 0)
    fill = partial(_fill, rotated, block, lanes, low, high, centre, radius, node_low, node_high)
    in_ranges(n_blocks, fill, threads=threads, least=64)
    _bound(child, node_low, node_high)
    return RowTree(rotated, order, lanes, low, high, centre, radius, block, child, node_low, node_high, start, stop, slack)


def axes_of(n_features: int) -> int:
    """Return how many coordinates a row has in the tree."""
    return -(-n_features // CHUNK) * CHUNK


def _rotate(X: np.ndarray, unit: float, threads: int) -> tuple[np.ndarray, float]:
    """Return rows on their principal axes in multiples of ``unit``, and a bound of the error of their distances."""
    features = X.shape[1]
    # Any shift and rotation will do, so both come from a sample.
    sample = X[:: max(1, len(X) // _SAMPLED_ROWS)]
    mean = sample.mean(axis=0)
    sample = (sample - mean) / unit
    # Not by BLAS, whose threads would wait for one another, and for cores that other processes use, longer than this takes.
    spread = np.einsum("ij,ik->jk", sample, sample)
    finite = bool(np.isfinite(spread).all())
    turn = np.linalg.eigh(spread)[1][:, ::-1] if finite else np.eye(features)
    rotated, reach = _turned(X, mean, unit, turn, threads)
    slack = 4 * (features + 8) ** 1.5 * _DOUBLE * reach
    if not (finite and slack < 1e-6):
        # Rows spread so wide that rotating would blur the radius keep their coordinates; only the axes are sorted.
        order = np.argsort(-np.diag(spread), kind="stable") if finite else np.arange(features)
        rotated, reach = _turned(X, mean, unit, np.eye(features)[:, order], threads)
        slack = 4 * _DOUBLE * reach
    return rotated, slack + 1e-12


def _turned(X: np.ndarray, mean: np.ndarray, unit: float, turn: np.ndarray, threads: int) -> tuple[np.ndarray, float]:
    """Return ``(X - mean) / unit @ turn``, filled up with axes of zeros, and the greatest length of a row."""
    rotated = np.empty((len(X), axes_of(X.shape[1])))
    wide = np.zeros((len(turn), rotated.shape[1]))
    wide[:, : len(turn)] = turn
    begins = range(0, len(X), max(_ROWS_AT_ONCE, -(-len(X) // (4 * threads))))
    tasks = [partial(_turn, X, mean, 1 / unit, wide, rotated, begin, min(begin + begins.step, len(X))) for begin in begins]
    return rotated, float(np.sqrt(max(in_threads(tasks, threads=threads))))


@njit(nogil=True, cache=True)
def _turn(X: np.ndarray, mean: np.ndarray, scale: float, turn: np.ndarray, rotated: np.ndarray, first: int, last: int) -> float:
    axes = rotated.shape[1]
    longest = 0.0
    total = np.empty(axes)
    for row in range(first, last):
        total[:] = 0.0
        length = 0.0
        for feature in range(X.shape[1]):
            value = (X[row, feature] - mean[feature]) * scale
            length += value * value
            for axis in range(axes):
                total[axis] += value * turn[feature, axis]
        rotated[row] = total
        longest = max(longest, length)
    return longest


def _split_on(rotated: np.ndarray, order: np.ndarray, values: np.ndarray, threads: int) -> None:
    """Halve all rows down to leaves: large parts one level at a time, so that all cores find something to do, small ones at once."""
    most = max(2 * BLOCK, len(order) // (8 * threads)) if threads > 1 else len(order)
    parts = [(0, len(order))]
    small: list[tuple[int, int]] = []
    while parts:
        small += [(start, stop) for start, stop in parts if stop - start <= most]
        large = [partial(_halve, rotated, order, values, start, stop) for start, stop in parts if stop - start > most]
        parts = [half for halves in in_threads(large, threads=threads) for half in halves]
    in_turns([partial(_split, rotated, order, values, start, stop) for start, stop in small], threads=threads)


@njit(nogil=True, cache=True)
def _halve(rows: np.ndarray, order: np.ndarray, values: np.ndarray, start: int, stop: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Sort a part of ``order`` so that its halves, in whole blocks or leaves, lie apart along their widest axis."""
    unit = BLOCK if stop - start > BLOCK else LANES
    middle = start + (stop - start + unit - 1) // unit // 2 * unit
    axis = _widest(rows, order, start, stop)
    for i in range(start, stop):
        values[i] = rows[order[i], axis]
    _select(values, order, start, stop, middle)
    return (start, middle), (middle, stop)


@njit(nogil=True, cache=True)
def _split(rows: np.ndarray, order: np.ndarray, values: np.ndarray, start: int, stop: int) -> None:
    """Halve a part of ``order``, its halves, and so on down to leaves."""
    stack = [(start, stop)]
    while stack:
        start, stop = stack.pop()
        if stop - start > LANES:
            first, second = _halve(rows, order, values, start, stop)
            stack.append(second)
            stack.append(first)


@njit(nogil=True, cache=True)
def _widest(rows: np.ndarray, order: np.ndarray, start: int, stop: int) -> np.signedinteger:
    axes = rows.shape[1]
    low, high = rows[order[start]].copy(), rows[order[start]].copy()
    step = max(1, (stop - start) // _SAMPLED)
    for i in range(start, stop, step):
        row = order[i]
        for axis in range(axes):
            low[axis] = min(low[axis], rows[row, axis])
            high[axis] = max(high[axis], rows[row, axis])
    return np.argmax(high - low)


@njit(nogil=True, cache=True)
def _select(values: np.ndarray, order: np.ndarray, start: int, stop: int, middle: int) -> None:
    """Move the smaller of ``values[start:stop]`` before ``middle`` and the larger behind, and ``order`` with them."""
    left, right = start, stop - 1
    while left < right:
        a, b, c = values[left], values[(left + right) // 2], values[right]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = left, right
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            right = j
        elif middle >= i:
            left = i
        else:
            return


def _nodes(n_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first position, the position behind the last, and the right child of each node; behind the nodes the leaves."""
    starts: list[int] = []
    stops: list[int] = []
    child: list[int] = []

    def add(start: int, stop: int) -> None:
        here = len(child)
        starts.append(start)
        stops.append(stop)
        child.append(0)
        if stop - start > BLOCK:
            middle = start + -(-(stop - start) // BLOCK) // 2 * BLOCK
            add(start, middle)
            child[here] = len(child)
            add(middle, stop)

    add(0, n_rows)
    leaves = np.arange(0, n_rows, LANES)
    return np.append(starts, leaves), np.append(stops, np.minimum(leaves + LANES, n_rows)), np.asarray(child)


@njit(nogil=True, cache=True)
def _fill(
    rotated: np.ndarray,
    node: np.ndarray,
    lanes: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    centre: np.ndarray,
    radius: np.ndarray,
    node_low: np.ndarray,
    node_high: np.ndarray,
    begin_block: int,
    end_block: int,
) -> None:
    """Write the blocks' centres, radii and boxes, and their leaves' rows and boxes relative to the centre."""
    n_rows, axes = rotated.shape
    for block in range(begin_block, end_block):
        first, last = block * BLOCK, min(block * BLOCK + BLOCK, n_rows)
        half = 0.0
        for axis in range(axes):
            least = most = rotated[first, axis]
            for row in range(first, last):
                least, most = min(least, rotated[row, axis]), max(most, rotated[row, axis])
            node_low[node[block], axis], node_high[node[block], axis] = least, most
            centre[block, axis] = 0.5 * (least + most)
            half += (0.5 * (most - least)) ** 2
        radius[block] = np.sqrt(half)
        for leaf in range(LANES):
            begin = first + leaf * LANES
            end = min(begin + LANES, last)
            for axis in range(axes):
                place, box = (begin * axes + axis * LANES), (block * axes + axis) * LANES + leaf
                least, most = np.inf, -np.inf
                for row in range(begin, begin + LANES):
                    # A lane without a row stands infinitely far off, and so does the box of a leaf without rows.
                    value = rotated[row, axis] - centre[block, axis] if row < end else np.inf
                    if begin < n_rows:
                        lanes[place + row - begin] = value
                    if row < end:
                        least, most = min(least, value), max(most, value)
                low[box], high[box] = (least, most) if end > begin else (np.inf, np.inf)


@njit(nogil=True, cache=True)
def _bound(child: np.ndarray, node_low: np.ndarray, node_high: np.ndarray) -> None:
    """Write the boxes of the nodes above the blocks."""
    for node in range(len(child) - 1, -1, -1):
        if child[node]:
            a, b = node + 1, child[node]
            for axis in range(node_low.shape[1]):
                node_low[node, axis] = min(node_low[a, axis], node_low[b, axis])
                node_high[node, axis] = max(node_high[a, axis], node_high[b, axis])
