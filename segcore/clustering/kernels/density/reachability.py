"""Mutual reachability: core distances, the minimum spanning tree that Prim's algorithm finds, and the nearest rows under it.

The mutual reachability of two rows is the largest of their distance and their two core distances. Distances are sums of squared
differences, added feature after feature, and a root, which is scikit-learn's arithmetic to the bit. Equal distances are common here,
because one core distance serves many pairs, so trees are equal only where ties fall alike too.

Rows are stored in blocks of ``WIDTH`` near ones, feature after feature, each block with its bounding box. A box's distance is computed as a
pair's is, and rounding keeps order, so it never exceeds the distance of a row within: what it rules out is out.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit

from segcore.system.cores import in_threads, usable_cores

_compiled = njit(nogil=True, cache=True, error_model="numpy")
# No value is NaN and the sign of 0 is of no meaning, so a smallest value may be looked for in several lanes at once.
_compiled_extremes = njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz"})

WIDTH = 64
_NOBODY = np.iinfo(np.int64).max
_REMADE = 6
_TASKS_PER_CORE = 4


class Blocks(NamedTuple):
    """Rows in blocks of near ones.

    Parameters
    ----------
    holds : ndarray of shape (n_blocks, WIDTH), int64
        The row at each position; the last block is padded with ``n_rows``, which is not a row.
    values : ndarray of shape (n_blocks, n_features, WIDTH), float64
    low, high : ndarray of shape (n_features, n_blocks), float64
        The boxes.
    n_rows : int
    """

    holds: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_rows: int


class SpanningTree(NamedTuple):
    """Edges in the order in which Prim's algorithm adds them, from row 0 on.

    Parameters
    ----------
    source, target : ndarray of shape (n_rows - 1,), int64
        The row in the tree, and the one that joins it.
    distance : ndarray of shape (n_rows - 1,), float64
    """

    source: np.ndarray
    target: np.ndarray
    distance: np.ndarray


def block_rows(X: np.ndarray) -> Blocks:
    """Put the rows of ``X`` of shape (n_rows, n_features), finite float64, into blocks: halves of the widest feature, and so on.

    Takes ``n_rows * log2(n_rows / WIDTH)`` steps and a copy of ``X``.
    """
    n_rows = len(X)
    order = np.arange(n_rows)
    waiting = [(0, n_rows)]
    while waiting:
        start, stop = waiting.pop()
        n_blocks = -(-(stop - start) // WIDTH)
        if n_blocks <= 1:
            continue
        members = order[start:stop]
        rows = X[members]
        widest = rows[:, int(np.argmax(rows.max(axis=0) - rows.min(axis=0)))]
        half = n_blocks // 2 * WIDTH
        order[start:stop] = members[np.argpartition(widest, half)]
        waiting += [(start, start + half), (start + half, stop)]
    return _blocks_of(X, order)


def _blocks_of(X: np.ndarray, order: np.ndarray) -> Blocks:
    """Put some rows of ``X`` into blocks in the order of ``order`` of shape (n_some,)."""
    n_blocks = -(-len(order) // WIDTH)
    holds = np.append(order, np.full(n_blocks * WIDTH - len(order), len(X))).reshape(n_blocks, WIDTH)
    # What fills the last block up repeats one of its rows, so that it changes no box.
    values = X[np.where(holds < len(X), holds, holds[:, :1])]
    return Blocks(
        holds,
        np.ascontiguousarray(values.transpose(0, 2, 1)),
        np.ascontiguousarray(values.min(axis=1).T),
        np.ascontiguousarray(values.max(axis=1).T),
        len(X),
    )


def core_distances(X: np.ndarray, blocks: Blocks, ranks: list[int]) -> np.ndarray:
    """Return the distances from rows to their nearest ones of some ranks.

    Parameters
    ----------
    X : ndarray of shape (n_asking, n_features), float64
        A row that is in ``blocks`` counts as its own nearest.
    blocks : Blocks
    ranks : list of int
        Each from 1 to ``blocks.n_rows``.

    Returns
    -------
    ndarray of shape (len(ranks), n_asking), float64
    """
    X = np.ascontiguousarray(X, dtype=np.float64)
    found, wanted = np.empty((len(ranks), len(X))), np.array(ranks, dtype=np.int64) - 1
    # Near rows ask together, so that a block is fetched once for all of them.
    groups = block_rows(X).holds
    step = -(-len(groups) // (usable_cores() * _TASKS_PER_CORE)) or 1
    in_threads(partial(_core_distances, X, groups[start : start + step], *blocks, wanted, found) for start in range(0, len(groups), step))
    return found


@_compiled
def _core_distances(X, groups, holds, values, low, high, n_rows, ranks, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the distances of the groups' rows to their columns of ``found``, looking into the blocks beside the nearest one first."""
    n_blocks = holds.shape[0]
    heaps, bounds = np.empty((WIDTH, ranks.max() + 1)), np.empty((WIDTH, n_blocks))
    squares = np.empty(WIDTH)
    filled = WIDTH - (n_blocks * WIDTH - n_rows)
    for group in groups:
        heaps[:] = np.inf
        count = 0
        while count < WIDTH and group[count] < X.shape[0]:
            _box_squares(X[group[count]], low, high, bounds[count])
            count += 1
        first = np.argmin(bounds[0])
        for turn in range(2 * n_blocks):
            b = first + (turn + 1) // 2 if turn % 2 else first - turn // 2
            if b < 0 or b >= n_blocks:
                continue
            there = filled if b == n_blocks - 1 else WIDTH
            for i in range(count):
                heap = heaps[i]
                if bounds[i, b] >= heap[0]:
                    continue
                _squares(values[b], X[group[i]], squares)
                if _least(squares) >= heap[0]:
                    continue
                for j in range(there):
                    if squares[j] < heap[0]:
                        _replace_largest(heap, squares[j])
        for i in range(count):
            heaps[i].sort()
            for rank in range(ranks.size):
                found[rank, group[i]] = math.sqrt(heaps[i, ranks[rank]])


@_compiled_extremes
def _least(squares):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    least = np.inf
    for j in range(WIDTH):
        least = min(least, squares[j])
    return least


@_compiled
def _replace_largest(heap, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Replace the heap's largest, which is first, by ``value``."""
    at, size = 0, heap.size
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@_compiled
def _squares(block, row, squares):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the squared distances from ``row`` to a block's rows, four features at a time so that sums are seldom stored."""
    n_features, whole = row.size, row.size // 4 * 4
    squares[:] = 0.0
    for f in range(0, whole, 4):
        t0, t1, t2, t3 = block[f], block[f + 1], block[f + 2], block[f + 3]
        a0, a1, a2, a3 = row[f], row[f + 1], row[f + 2], row[f + 3]
        for j in range(WIDTH):
            c0, c1, c2, c3 = t0[j] - a0, t1[j] - a1, t2[j] - a2, t3[j] - a3
            squares[j] = squares[j] + c0 * c0 + c1 * c1 + c2 * c2 + c3 * c3
    for f in range(whole, n_features):
        t, a = block[f], row[f]
        for j in range(WIDTH):
            c = t[j] - a
            squares[j] += c * c


@_compiled_extremes
def _box_squares(row, low, high, squares):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the smallest squared distances that rows within the boxes can have to ``row``."""
    squares[:] = 0.0
    for f in range(row.size):
        a, below, above = row[f], low[f], high[f]
        for b in range(squares.size):
            gap = max(max(below[b] - a, a - above[b]), 0.0)
            squares[b] += gap * gap


def spanning_tree(X: np.ndarray, blocks: Blocks, core: np.ndarray) -> SpanningTree:
    """Return the minimum spanning tree of the mutual reachabilities that Prim's algorithm builds from row 0.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        The rows in ``blocks``; at least two.
    blocks : Blocks
    core : ndarray of shape (n_rows,), float64
        Core distances.

    Notes
    -----
    The next row is the one of least reachability from the tree, the lowest of equals; its source is the first row that reached it so.
    A row that the tree reaches at its own core distance can be reached no better, and is not looked at again. Blocks are rebuilt as rows
    join, those still to be bettered first, and a block is looked at only where the row that joined could better one of its rows. So
    the time is ``n_rows ** 2`` steps at most, and mostly less than half of that. Memory grows with ``n_rows``.
    """
    X = np.ascontiguousarray(X, dtype=np.float64)
    n_rows = len(X)
    edges = SpanningTree(np.empty(n_rows - 1, np.int64), np.empty(n_rows - 1, np.int64), np.empty(n_rows - 1))
    # One place more, for what fills up the last block; rows in the tree have core distance infinity, so nothing reaches them.
    core, reach, origin = np.append(core, np.inf), np.full(n_rows + 1, np.inf), np.zeros(n_rows + 1, dtype=np.int64)
    position = np.empty(n_rows + 1, dtype=np.int64)
    left, current, edge = blocks.holds.ravel()[blocks.holds.ravel() < n_rows], 0, 0
    while edge < n_rows - 1:
        settled = reach[left] <= core[left]
        parts = _blocks_of(X, np.concatenate((left[~settled], left[settled])))
        position[parts.holds.ravel()] = np.arange(parts.holds.size)
        state = core[parts.holds], reach[parts.holds], origin[parts.holds]
        until = min(n_rows - 1, edge + max(WIDTH, len(left) // _REMADE))
        current = _span(X, *parts[:4], *state, position, current, edge, until, *edges)
        core[parts.holds], reach[parts.holds], origin[parts.holds] = state
        left, edge = left[np.isfinite(core[left])], until
    return edges


@_compiled
def _span(X, holds, values, low, high, core, reach, origin, position, current, begin, end, source, target, distance):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the edges from ``begin`` to ``end``, the first from the row ``current`` on; returns the row that joined last."""
    n_blocks = holds.shape[0]
    nearest, farthest, holder = np.empty(n_blocks), np.empty(n_blocks), np.empty(n_blocks, dtype=np.int64)
    for b in range(n_blocks):
        nearest[b], farthest[b] = _extremes(reach[b], core[b])
        holder[b] = _lowest_holder(reach[b], holds[b], nearest[b])
    squares, bounds = np.empty(WIDTH), np.empty(n_blocks)
    for edge in range(begin, end):
        row, at = X[current], position[current]
        home, own = at // WIDTH, core[at // WIDTH, at % WIDTH]
        core[home, at % WIDTH] = np.inf
        reach[home, at % WIDTH] = np.inf
        _box_squares(row, low, high, bounds)
        for b in range(n_blocks):
            changed = b == home
            if own < farthest[b] and math.sqrt(bounds[b]) < farthest[b]:
                _squares(values[b], row, squares)
                changed |= _draw_nearer(squares, core[b], own, current, reach[b], origin[b])
            if changed:
                nearest[b], farthest[b] = _extremes(reach[b], core[b])
                holder[b] = _lowest_holder(reach[b], holds[b], nearest[b])
        best = 0
        for b in range(1, n_blocks):
            if nearest[b] < nearest[best] or (nearest[b] == nearest[best] and holder[b] < holder[best]):
                best = b
        joined = holder[best]
        at = position[joined]
        source[edge], target[edge], distance[edge] = origin[best, at % WIDTH], joined, nearest[best]
        current = joined
    return current


@_compiled
def _draw_nearer(squares, core, own, current, reach, origin):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Lower the reachabilities that the row ``current`` improves; return whether there are any."""
    bettered = 0
    for j in range(WIDTH):
        mutual = max(max(math.sqrt(squares[j]), core[j]), own)
        better = mutual < reach[j]
        reach[j] = mutual if better else reach[j]
        origin[j] = current if better else origin[j]
        bettered += better
    return bettered > 0


@_compiled_extremes
def _extremes(reach, core):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the least reachability, and the largest of those that can still fall: a row's own core distance is the end."""
    least, largest = np.inf, -1.0
    for j in range(WIDTH):
        least = min(least, reach[j])
        largest = max(largest, reach[j] if reach[j] > core[j] else -1.0)
    return least, largest


@_compiled
def _lowest_holder(reach, index, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    lowest = _NOBODY
    for j in range(WIDTH):
        lowest = min(lowest, index[j] if reach[j] == least else _NOBODY)
    return lowest


def nearest_reachable(
    X: np.ndarray, core: np.ndarray, blocks: Blocks, row_core: np.ndarray, labels: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Return the label of the row of least mutual reachability, among those within the level of their label.

    Parameters
    ----------
    X : ndarray of shape (n_asking, n_features), float64
    core : ndarray of shape (n_labellings, n_asking), float64
        Their core distances.
    blocks : Blocks
    row_core : ndarray of shape (n_labellings, n_rows), float64
    labels : ndarray of shape (n_labellings, n_rows), int32
        -1 is not a label of any row.
    levels : ndarray of shape (n_labellings, n_rows), float64
        A row answers only where the mutual reachability is smaller than this.

    Returns
    -------
    ndarray of shape (n_labellings, n_asking), int32
        Of rows equally reachable the nearest answers, of those the lowest; -1 where nobody does.
    """
    X, core = np.ascontiguousarray(X, dtype=np.float64), np.ascontiguousarray(core)
    padded = np.concatenate((np.where(labels >= 0, levels, -1.0), np.full((len(labels), 1), -1.0)), axis=1)
    limit = np.ascontiguousarray(padded[:, blocks.holds])
    mutual = np.ascontiguousarray(np.append(row_core, np.zeros((len(labels), 1)), axis=1)[:, blocks.holds])
    rows = np.full((len(labels), len(X)), -1, dtype=np.int64)
    step = -(-len(X) // (usable_cores() * _TASKS_PER_CORE)) or 1
    in_threads(
        partial(_answer, X, start, min(start + step, len(X)), core, *blocks[:4], mutual, limit, rows) for start in range(0, len(X), step)
    )
    return np.where(rows >= 0, np.take_along_axis(labels, np.maximum(rows, 0), axis=1), -1).astype(np.int32)


@_compiled
def _answer(X, start, stop, core, index, values, low, high, row_core, limit, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write which row answers to each of ``start`` to ``stop``, under every labelling."""
    n_labellings, n_blocks = limit.shape[:2]
    squares, bounds = np.empty(WIDTH), np.empty(n_blocks)
    best, distance = np.empty(n_labellings), np.empty(n_labellings)
    largest = np.empty(n_labellings)
    for labelling in range(n_labellings):
        largest[labelling] = limit[labelling].max()
    for i in range(start, stop):
        row = X[i]
        best[:] = largest
        distance[:] = np.inf
        _box_squares(row, low, high, bounds)
        first = np.argmin(bounds)
        for turn in range(2 * n_blocks):
            b = first + (turn + 1) // 2 if turn % 2 else first - turn // 2
            if b < 0 or b >= n_blocks or math.sqrt(bounds[b]) > best.max():
                continue
            _squares(values[b], row, squares)
            for labelling in range(n_labellings):
                own = core[labelling, i]
                if own <= best[labelling] and _any_within(squares, row_core[labelling, b], own, limit[labelling, b], best[labelling]):
                    for j in range(WIDTH):
                        away = math.sqrt(squares[j])
                        mutual = max(max(away, row_core[labelling, b, j]), own)
                        if mutual >= limit[labelling, b, j] or mutual > best[labelling]:
                            continue
                        nearer = away < distance[labelling] or (away == distance[labelling] and index[b, j] < rows[labelling, i])
                        if mutual < best[labelling] or rows[labelling, i] < 0 or nearer:
                            best[labelling], distance[labelling], rows[labelling, i] = mutual, away, index[b, j]


@_compiled
def _any_within(squares, core, own, limit, best):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Tell whether any row of the block could answer better than, or as well as, ``best``."""
    count = 0
    for j in range(WIDTH):
        mutual = max(max(math.sqrt(squares[j]), core[j]), own)
        count += (mutual < limit[j]) & (mutual <= best)
    return count > 0


def compile_kernels() -> None:
    """Compile what the functions above need, for the types they are called with."""
    X = np.arange(6.0).reshape(3, 2)
    blocks = block_rows(X)
    core = core_distances(X, blocks, [1, 2])
    spanning_tree(X, blocks, core[1])
    nearest_reachable(X, core[:1], blocks, core[:1], np.zeros((1, 3), dtype=np.int32), np.ones((1, 3)))
