"""All pairs of rows within several radii, found in one search and handed on in packed form.

A pair is ruled out or in by boxes and by distances in single precision wherever these leave no doubt; a pair within a hair of a radius is
decided by the squared differences of the original rows, added feature after feature in double precision, against the radius squared:
scikit-learn's tree decides so.

References
----------
Gray and Moore (2000), "N-Body problems in statistical learning", NIPS 13: pairs of boxes that lie within or beyond a radius as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from segcore.clustering.kernels.density.lanes import (
    LANES,
    count_lanes,
    covered_boxes,
    lane_count,
    lanes_within,
    lowest_lane,
    near_box,
    near_boxes,
    near_rows,
    shift_rows,
)
from segcore.clustering.kernels.density.row_tree import BLOCK, RowTree, build_tree
from segcore.system.cores import in_ranges, in_threads, take_rows, usable_cores

_CACHE_LINES = 128
_ROWS_PER_PART = 1 << 14
_MINUS_ZERO = np.uint64(1 << 63)
_SINGLE = 2.0**-24
_DOUBLE = 2.0**-53
# Of the search for each thread, so that none waits long for the last.
_PIECES = 48
_PER_BLOCK_PAIR = BLOCK * LANES
_WHOLE_PER_BLOCK_PAIR = 64 + 2 * LANES * LANES


# Counting references of some forty arrays in every call took two thirds of the time; these functions allocate and keep nothing.
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "forceinline": True, "_nrt": False}
_compiled = njit(**_OPTIONS)


class Pairs(NamedTuple):
    """A buffer of found neighbours, in positions of the tree.

    Parameters
    ----------
    row, leaf : ndarray of shape (capacity,), int32
        A row, and a leaf in which it has neighbours; each pair of rows stands once.
    bits : ndarray of shape (capacity, n_radii), uint16
        Which of the leaf's 16 rows lie within each radius, less those in ``whole``.
    whole : ndarray of shape (capacity, 3), int32
        Two nodes, and the index of the radius from which on all their rows are neighbours of one another.
    """

    row: np.ndarray
    leaf: np.ndarray
    bits: np.ndarray
    whole: np.ndarray

    @classmethod
    def empty(cls, capacity: int, n_radii: int) -> Pairs:
        """Make a buffer; memory is taken only as it is filled."""
        n_whole = max(capacity // 8, _WHOLE_PER_BLOCK_PAIR * 2)
        sizes = (4 * capacity, 4 * capacity, 12 * n_whole, 2 * capacity * n_radii)
        # In one piece, which the system can back with large pages if it takes more than 4 MiB.
        row, leaf, whole, bits = np.split(np.empty(sum(sizes), np.uint8), np.cumsum(sizes)[:-1])
        return cls(
            row.view(np.int32),
            leaf.view(np.int32),
            bits.view(np.uint16).reshape(capacity, n_radii),
            whole.view(np.int32).reshape(n_whole, 3),
        )

    def first(self, n_rows: int, n_whole: int) -> Pairs:
        """Return what is filled."""
        return Pairs(self.row[:n_rows], self.leaf[:n_rows], self.bits[:n_rows], self.whole[:n_whole])

    @property
    def nbytes(self) -> int:
        """Bytes that are filled."""
        return sum(array.nbytes for array in self)


class Radii(NamedTuple):
    """The radii, ascending, and how pairs near one are decided.

    Parameters
    ----------
    value : ndarray of shape (n_radii,), float64
    relative : ndarray of shape (n_radii,), float64
        In multiples of the largest.
    by_norms : bool
        Whether scikit-learn computes these distances from squared norms.
    """

    value: np.ndarray
    relative: np.ndarray
    by_norms: bool


class Exact(NamedTuple):
    """The rows as they were given.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
    row : ndarray of shape (n_distinct,), int64
        The lowest row of ``X`` that is the distinct row at a position of the tree.
    weight : ndarray of shape (n_distinct + 16,), int32
        How many rows of ``X`` that is; 0 behind the last.
    """

    X: np.ndarray
    row: np.ndarray
    weight: np.ndarray


@_compiled
def _decide(exact: Exact, radii: Radii, a: int, b: int, unsure: np.ndarray) -> int:
    """Return the index of the smallest radius within which two positions lie, or the number of radii.

    ``unsure[e]`` is set where rounding, and so the library's own path through its code, decides whether they lie within radius ``e``.
    """
    x, y = exact.X[exact.row[a]], exact.X[exact.row[b]]
    squared = 0.0
    norms = 0.0
    for feature in range(len(x)):
        difference = x[feature] - y[feature]
        squared += difference * difference
        norms += x[feature] * x[feature] + y[feature] * y[feature]
    found = len(radii.value)
    for e in range(len(radii.value) - 1, -1, -1):
        limit = radii.value[e] * radii.value[e]
        if squared <= limit:
            found = e
        if radii.by_norms:
            if abs(squared - limit) <= 4 * (len(x) + 4) * _DOUBLE * norms:
                unsure[e] = 1
        elif (squared <= limit) != (np.sqrt(squared) <= radii.value[e]):
            unsure[e] = 1
    return found


@_compiled
def _box_distances(tree: RowTree, a: int, b: int) -> tuple[float, float]:
    """Return the smallest and the largest distance between the boxes of two nodes."""
    least = most = 0.0
    for axis in range(tree.node_low.shape[1]):
        below = tree.node_low[b, axis] - tree.node_high[a, axis]
        above = tree.node_low[a, axis] - tree.node_high[b, axis]
        gap = max(below, above, 0.0)
        reach = max(-below, -above)
        least += gap * gap
        most += reach * reach
    return np.sqrt(least), np.sqrt(most)


@_compiled
def _note_whole(found: Found, tree: RowTree, a: int, b: int, first: int, last: int) -> None:
    """Note that all rows of two nodes are neighbours from radius ``first`` on, ``last`` and above being noted already."""
    if found.keep[0]:
        used = found.used[1]
        found.pairs.whole[used, 0], found.pairs.whole[used, 1], found.pairs.whole[used, 2] = a, b, first
        found.used[1] += 1
    for e in range(first, last):
        _add_range(found, tree, e, a, b)
        if a != b:
            _add_range(found, tree, e, b, a)


@_compiled
def _add_range(found: Found, tree: RowTree, e: int, a: int, b: int) -> None:
    # Only where the range begins and ends; added up over the rows in the end.
    weight = found.sums[tree.stop[b]] - found.sums[tree.start[b]]
    found.steps[e, tree.start[a]] += weight
    found.steps[e, tree.stop[a]] -= weight


@_compiled
def _limits(radii: Radii, margin: float, axes: int, low: np.ndarray, high: np.ndarray) -> None:
    """Write the squared single-precision distances up to which a pair is surely within a radius, and beyond which surely not."""
    stretch = (axes + 8) * _SINGLE
    for e in range(len(low)):
        inner = (radii.relative[e] - margin) * (1 - stretch)
        outer = (radii.relative[e] + margin) * (1 + stretch)
        low[e] = np.float32(inner * inner * (1 - 4 * _SINGLE)) if inner > 0 else np.float32(-1)
        high[e] = np.float32(outer * outer * (1 + 4 * _SINGLE))
        if not margin < 1e15:
            low[e], high[e] = np.float32(-1), np.float32(np.inf)


class Found(NamedTuple):
    """What one thread has found.

    Parameters
    ----------
    counts : ndarray of shape (n_radii * (n_distinct + 16),), int32
        How many rows each position has as neighbours, radius after radius, but for those that whole nodes count.
    steps : ndarray of shape (n_radii, n_distinct + 16), int32
        What whole nodes count, as differences from position to position.
    sums : ndarray of shape (n_distinct + 1,), int64
        How many rows stand before a position.
    unsure : ndarray of shape (n_radii,), uint8
    pairs : Pairs
        The buffer.
    used : ndarray of shape (2,), int64
        How much of it is filled.
    keep : ndarray of shape (1,), bool
        Whether pairs are written into the buffer, or only counted.
    """

    counts: np.ndarray
    steps: np.ndarray
    sums: np.ndarray
    unsure: np.ndarray
    pairs: Pairs
    used: np.ndarray
    keep: np.ndarray


class Skip(NamedTuple):
    """Which blocks and leaves a repeated search need not compare.

    Two of them are passed over where their groups are equal and not negative, or where no bit of ``seeks`` of one meets the same bit of
    ``gives`` of the other.

    Parameters
    ----------
    block_group, leaf_group : ndarray of shape (n_blocks,) or (n_leaves,), int64
    block_seeks, leaf_seeks, block_gives, leaf_gives : ndarray of the same shapes, uint64
    """

    block_group: np.ndarray
    block_seeks: np.ndarray
    block_gives: np.ndarray
    leaf_group: np.ndarray
    leaf_seeks: np.ndarray
    leaf_gives: np.ndarray

    @classmethod
    def nothing(cls, n_blocks: int, n_leaves: int) -> Skip:
        """Pass over nothing."""
        block, leaf = np.ones(n_blocks, np.uint64), np.ones(n_leaves, np.uint64)
        return cls(np.full(n_blocks, -1), block, block, np.full(n_leaves, -1), leaf, leaf)


@_compiled
def _is_skipped(group: np.ndarray, seeks: np.ndarray, gives: np.ndarray, a: int, b: int) -> bool:
    if group[a] >= 0 and group[a] == group[b]:
        return True
    return ((seeks[a] & gives[b]) | (seeks[b] & gives[a])) == 0


class Scratch(NamedTuple):
    """Room for one thread's intermediate values, float32 but for the last, which is int64.

    Parameters
    ----------
    low, high : ndarray of shape (n_radii,)
        Squared distances up to which a pair is surely within a radius, and beyond which surely not.
    shift : ndarray of shape (n_axes,)
        From the centre of the other block to that of one's own.
    rows : ndarray of shape (n_axes * 16,)
        A leaf, relative to the centre of the other block.
    box_low, box_high : ndarray of shape (n_axes,)
        Its box.
    near, far : ndarray of shape (16,)
        The smallest and largest squared distances to 16 leaves.
    distance : ndarray of shape (32,)
        Squared distances of two rows to 16.
    bits : ndarray of shape (n_radii,)
    """

    low: np.ndarray
    high: np.ndarray
    shift: np.ndarray
    rows: np.ndarray
    box_low: np.ndarray
    box_high: np.ndarray
    near: np.ndarray
    far: np.ndarray
    distance: np.ndarray
    bits: np.ndarray

    @classmethod
    def empty(cls, n_radii: int, axes: int) -> Scratch:
        """Make the room."""
        sizes = (n_radii, n_radii, axes, axes * LANES, axes, axes, LANES, LANES, 2 * LANES)
        return cls._make([*(_apart(size, np.float32) for size in sizes), _apart(n_radii, np.int64)])


def _apart(size: int, kind: type) -> np.ndarray:
    """Return zeros that share no cache line with other arrays, which another thread may be writing."""
    margin = _CACHE_LINES // np.dtype(kind).itemsize
    return np.zeros(size + 2 * margin, kind)[margin : margin + size]


@_compiled
def search(
    tree: RowTree, exact: Exact, radii: Radii, skip: Skip, found: Found, scratch: Scratch, last: int, state: np.ndarray, stack: np.ndarray
) -> bool:
    """Search the neighbours of blocks ``state[0]`` to ``last`` among themselves and all later blocks.

    Parameters
    ----------
    state : ndarray of shape (2,), int64
        The block that is searched, and the depth of its ``stack``: -1 at the start.
    stack : ndarray of shape (128, 2), int64

    Returns
    -------
    bool
        Whether all is done; else the buffer is full, and the same call with an empty one goes on where this one stopped.
    """
    while state[0] < last:
        mine = tree.block[state[0]]
        if state[1] < 0:
            stack[0, 0], stack[0, 1], state[1] = 0, len(radii.relative), 1
        while state[1] > 0:
            if found.keep[0] and _is_full(found):
                return False
            state[1] -= 1
            node, within = stack[state[1], 0], stack[state[1], 1]
            if tree.stop[node] <= tree.start[mine]:
                continue
            out = 0
            if tree.start[node] >= tree.start[mine]:
                out, within = _compare_nodes(tree, radii, found, mine, node, within)
                if out >= within:
                    continue
            if tree.child[node]:
                for child in (tree.child[node], node + 1):
                    stack[state[1], 0], stack[state[1], 1] = child, within
                    state[1] += 1
                continue
            other = tree.start[node] // BLOCK
            if not _is_skipped(skip.block_group, skip.block_seeks, skip.block_gives, state[0], other):
                _search_blocks(tree, exact, radii, skip, found, scratch, state[0], other, out, within)
        state[0] += 1
        state[1] = -1
    return True


@_compiled
def _is_full(found: Found) -> bool:
    return len(found.pairs.row) - found.used[0] < _PER_BLOCK_PAIR or len(found.pairs.whole) - found.used[1] < _WHOLE_PER_BLOCK_PAIR


@_compiled
def _compare_nodes(tree: RowTree, radii: Radii, found: Found, a: int, b: int, within: int) -> tuple[int, int]:
    """Return from which radius on, and before which, pairs of two nodes are undecided; those at and above ``within`` are not."""
    least, most = _box_distances(tree, a, b)
    out, before = 0, within
    while out < within and least > radii.relative[out] + 2 * tree.slack:
        out += 1
    while within > out and most <= radii.relative[within - 1] - 2 * tree.slack:
        within -= 1
    if within < before:
        _note_whole(found, tree, a, b, within, before)
    return out, within


@_compiled
def _search_blocks(
    tree: RowTree, exact: Exact, radii: Radii, skip: Skip, found: Found, scratch: Scratch, a: int, b: int, out: int, within: int
) -> None:
    """Search the rows of block ``a`` in block ``b``, for the radii from ``out`` to before ``within``."""
    axes = tree.rotated.shape[1]
    n_rows = len(tree.rotated)
    # Rows, a shift of at most both radii and a distance, and sums of these are rounded.
    _limits(radii, 4 * _SINGLE * (tree.radius[a] + tree.radius[b] + 2) + tree.slack, axes, scratch.low, scratch.high)
    for axis in range(axes):
        scratch.shift[axis] = tree.centre[a, axis] - tree.centre[b, axis]
    first = b * axes * LANES
    valid = (1 << min(LANES, (n_rows - b * BLOCK + LANES - 1) // LANES)) - 1
    for number in range(min(LANES, (n_rows - a * BLOCK + LANES - 1) // LANES)):
        leaf, box = a * LANES + number, a * axes * LANES + number
        for axis in range(axes):
            scratch.box_low[axis] = tree.low[box + axis * LANES] + scratch.shift[axis]
            scratch.box_high[axis] = tree.high[box + axis * LANES] + scratch.shift[axis]
        mask = near_boxes(tree.low, tree.high, first, scratch.box_low, scratch.box_high, axes, scratch.high[within - 1], scratch.near)
        mask &= (valid & (-1 << number)) if a == b else valid
        if mask == 0:
            continue
        covered = covered_boxes(tree.low, tree.high, first, scratch.box_low, scratch.box_high, axes, scratch.low[within - 1], scratch.far)
        shift_rows(tree.lanes, leaf * axes * LANES, scratch.shift, axes, scratch.rows)
        while mask:
            lane = lowest_lane(mask)
            mask &= mask - 1
            nearest, farthest = out, within
            if covered >> lane & 1:
                while farthest > out and scratch.far[lane] <= scratch.low[farthest - 1]:
                    farthest -= 1
                nodes = len(tree.child)
                _note_whole(found, tree, nodes + leaf, nodes + b * LANES + lane, farthest, within)
            while nearest < farthest and scratch.near[lane] > scratch.high[nearest]:
                nearest += 1
            other = b * LANES + lane
            if nearest < farthest and not _is_skipped(skip.leaf_group, skip.leaf_seeks, skip.leaf_gives, leaf, other):
                _search_leaves(tree, exact, radii, found, scratch, leaf, other, nearest, farthest)


@_compiled
def _search_leaves(
    tree: RowTree, exact: Exact, radii: Radii, found: Found, scratch: Scratch, a: int, b: int, out: int, within: int
) -> None:
    """Search the rows of leaf ``a``, which ``scratch`` holds, in leaf ``b``."""
    axes = tree.rotated.shape[1]
    n_rows = len(tree.rotated)
    limit = scratch.high[within - 1]
    box = b // LANES * axes * LANES + b % LANES
    mine = near_box(scratch.rows, 0, tree.low, tree.high, box, LANES, axes, limit) & ((1 << min(LANES, n_rows - a * LANES)) - 1)
    if mine == 0:
        return
    place = b * axes * LANES
    theirs = (1 << min(LANES, n_rows - b * LANES)) - 1
    if lane_count(mine) > 2:
        theirs &= near_box(tree.lanes, place, scratch.box_low, scratch.box_high, 0, 1, axes, limit)
    if theirs == 0:
        return
    # A step compares two rows of the one leaf with all of the other, so the steps go over the fewer rows.
    if a == b or lane_count(mine) <= lane_count(theirs):
        while mine:
            row, other, mine = _next_two(mine)
            near = near_rows(tree.lanes, place, scratch.rows, row, other, axes, limit, scratch.distance)
            _note_two(exact, radii, found, scratch, a, row, other, b, theirs, near, out, within)
    else:
        while theirs:
            row, other, theirs = _next_two(theirs)
            near = near_rows(scratch.rows, 0, tree.lanes, place + row, place + other, axes, limit, scratch.distance)
            _note_two(exact, radii, found, scratch, b, row, other, a, mine, near, out, within)


@_compiled
def _next_two(mask: int) -> tuple[int, int, int]:
    """Return the lowest two lanes of a mask, twice the same where there is only one, and the mask without them."""
    first = lowest_lane(mask)
    mask &= mask - 1
    second = lowest_lane(mask) if mask else first
    return first, second, mask & (mask - 1)


@_compiled
def _note_two(
    exact: Exact,
    radii: Radii,
    found: Found,
    scratch: Scratch,
    a: int,
    row: int,
    other: int,
    b: int,
    allowed: int,
    near: int,
    out: int,
    within: int,
) -> None:
    """Note which of the rows ``allowed`` of leaf ``b`` are near rows ``row`` and ``other`` of leaf ``a``."""
    for half in range(1 + (row != other)):
        lane = other if half else row
        others = allowed & (near >> (LANES * half))
        if a == b:
            others &= -1 << lane
        if others:
            _note(exact, radii, found, scratch, LANES * half, a * LANES + lane, b, others, out, within)


@_compiled
def _note(
    exact: Exact, radii: Radii, found: Found, scratch: Scratch, place: int, row: int, leaf: int, others: int, out: int, within: int
) -> None:
    """Count, and keep, which of the rows ``others`` of a leaf lie within which radius of a row.

    Their squared distances stand at ``place`` of ``scratch.distance``.
    """
    start = leaf * LANES
    doubtful = 0
    scratch.bits[:] = 0
    for e in range(within - 1, out - 1, -1):
        others &= lanes_within(scratch.distance, place, scratch.high[e])
        if others == 0:
            break
        scratch.bits[e] = others & lanes_within(scratch.distance, place, scratch.low[e])
        doubtful |= others ^ scratch.bits[e]
    while doubtful:
        lane = lowest_lane(doubtful)
        doubtful &= doubtful - 1
        smallest = _decide(exact, radii, row, start + lane, found.unsure)
        for e in range(out, within):
            scratch.bits[e] = (scratch.bits[e] & ~(1 << lane)) | ((1 << lane) if e >= smallest else 0)
    if scratch.bits[within - 1] == 0:
        return
    size = found.steps.shape[1]
    myself = (1 << (row - start)) if start <= row < start + LANES else 0
    for e in range(within - 1, out - 1, -1):
        if scratch.bits[e] == 0:
            break
        if scratch.bits[e] & myself:
            found.counts[e * size + row] += exact.weight[row]
            scratch.bits[e] ^= myself
        if scratch.bits[e]:
            found.counts[e * size + row] += count_lanes(
                found.counts, e * size + start, exact.weight, start, scratch.bits[e], exact.weight[row]
            )
    if found.keep[0] and scratch.bits[within - 1]:
        here = found.used[0]
        found.pairs.row[here], found.pairs.leaf[here] = row, leaf
        for e in range(len(scratch.bits)):
            found.pairs.bits[here, e] = scratch.bits[e]
        found.used[0] += 1


class NeighbourSearch:
    """One search for the neighbours of all rows within several radii.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        Finite; at least one row.
    radii : sequence of float
        Each > 0.
    by_norms : bool
        Whether the library that is to be equalled computes distances from squared norms, so that rounding decides near a radius.
    threads : int or None
        ``None`` is one a core.

    Attributes
    ----------
    radii : ndarray, float64
        Without repetition, ascending.
    position : ndarray of shape (n_rows,), int64
        Where in the tree each row stands.
    row : ndarray of shape (n_distinct,), int64
        The lowest row that stands at a position.
    unsure : ndarray of shape (n_radii,), uint8
        Whether rounding in that library decides a pair at a radius, as far as any ``run`` has seen.
    """

    def __init__(self, X: np.ndarray, radii: Sequence[float], *, by_norms: bool = False, threads: int | None = None) -> None:
        # Read-only arrays are another type to compiled code, which would be compiled again for them.
        X = np.require(X, dtype=np.float64, requirements=["C", "W"])
        self.threads = threads or usable_cores()
        self.radii = np.unique(np.asarray(radii, dtype=np.float64))
        lowest, member = distinct_rows(X, threads=self.threads)
        distinct = take_rows(X, lowest, threads=self.threads) if len(lowest) < len(X) else X
        self.tree = build_tree(distinct, float(self.radii[-1]), threads=self.threads)
        place = np.empty(len(lowest), np.int64)
        place[self.tree.order] = np.arange(len(lowest))
        self.position = place[member]
        self.row = lowest[self.tree.order]
        weight = np.bincount(self.position, minlength=len(lowest) + LANES).astype(np.int32)
        self._exact = Exact(X, self.row, weight)
        self._radii = Radii(self.radii, self.radii / self.radii[-1], by_norms)
        self._sums = np.concatenate([[0], np.cumsum(weight[: len(lowest)], dtype=np.int64)])
        self.unsure = np.zeros(len(self.radii), np.uint8)

    def run(self, take: Callable[[int, Pairs], Skip | None], *, capacity: int, skip: Skip | None = None) -> np.ndarray:
        """Search, handing on the pairs; returns how many rows lie within each radius of each position, itself counted.

        Parameters
        ----------
        take : callable (thread, pairs) -> Skip or None
            Called in the thread itself with each buffer that is full and with the last one; returns what that thread need not search
            from then on, or ``None`` where it is only to count and will hand on nothing more.
        capacity : int
            Rows a buffer takes; raised to what one pair of blocks may need.
        skip : Skip or None
            What none of the threads need search.

        Returns
        -------
        ndarray of shape (n_radii, n_distinct), int32
            Without what was skipped.
        """
        n_blocks, step = len(self.tree.block), max(1, len(self.tree.block) // (self.threads * _PIECES))
        begins = iter(range(0, n_blocks, step))
        start = skip or self.skip_nothing()

        def work(thread: int) -> Found:
            found, mine = self._empty(max(capacity, 2 * _PER_BLOCK_PAIR)), start
            scratch = Scratch.empty(len(self.radii), self.tree.rotated.shape[1])
            stack, state = np.zeros((128, 2), np.int64), _apart(2, np.int64)
            for begin in begins:
                state[:] = begin, -1
                end = min(begin + step, n_blocks)
                while not search(self.tree, self._exact, self._radii, mine, found, scratch, end, state, stack):
                    answer = take(thread, found.pairs.first(*found.used))
                    found.keep[0], mine = answer is not None, answer or mine
                    found.used[:] = 0
                    found = found._replace(pairs=Pairs.empty(len(found.pairs.row) if answer else 1, len(self.radii)))
            if found.keep[0]:
                take(thread, found.pairs.first(*found.used))
            return found

        results = in_threads([partial(work, thread) for thread in range(self.threads)], threads=self.threads)
        # A search that passes over pairs must not forget what one that saw them has found.
        self.unsure = np.maximum.reduce([self.unsure, *(found.unsure for found in results)])
        counts, steps = results[0].counts, results[0].steps.reshape(-1)

        def add_up(first: int, last: int) -> None:
            for other in results[1:]:
                counts[first:last] += other.counts[first:last]
                steps[first:last] += other.steps.reshape(-1)[first:last]

        in_ranges(len(counts), add_up, threads=self.threads)
        counts = counts.reshape(results[0].steps.shape)
        in_threads(
            [partial(_count_whole, radius, step) for radius, step in zip(counts, results[0].steps, strict=True)], threads=self.threads
        )
        return counts[:, : len(self.tree.rotated)]

    def skip_nothing(self) -> Skip:
        """Return what passes over nothing."""
        return Skip.nothing(len(self.tree.block), len(self.tree.start) - len(self.tree.child))

    def _empty(self, capacity: int) -> Found:
        n_radii, size = len(self.radii), len(self.tree.rotated) + LANES
        counts, steps = np.zeros(n_radii * size, np.int32), np.zeros((n_radii, size), np.int32)
        unsure, used, keep = _apart(n_radii, np.uint8), _apart(2, np.int64), _apart(1, np.bool_)
        keep[0] = True
        return Found(counts, steps, self._sums, unsure, Pairs.empty(capacity, n_radii), used, keep)


@njit(nogil=True, cache=True)
def _count_whole(counts: np.ndarray, steps: np.ndarray) -> None:
    """Add to each count the steps up to its position."""
    total = np.int32(0)
    for position in range(len(counts)):
        total += steps[position]
        counts[position] += total


def distinct_rows(X: np.ndarray, *, threads: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest row of each group of equal rows, and for each row the index of its group; groups in the order of their lowest."""
    key, leader = np.empty(len(X), np.uint64), np.empty(len(X), np.int64)
    bits = X.view(np.uint64)
    in_ranges(len(X), partial(_hash, bits, key), threads=threads)
    parts = 1 << min(threads or usable_cores(), len(X) // _ROWS_PER_PART).bit_length()
    repeated = in_threads([partial(_lead, X, key, leader, part, parts) for part in range(parts)], threads=threads)
    if not any(repeated):
        return leader, leader
    leads = leader == np.arange(len(X))
    return np.flatnonzero(leads), (np.cumsum(leads) - 1)[leader]


@njit(nogil=True, cache=True)
def _hash(bits: np.ndarray, key: np.ndarray, first: int, last: int) -> None:
    """Write a number for each row that is equal for equal rows, from the bits of its values."""
    for row in range(first, last):
        mixed = np.uint64(1469598103934665603)
        for feature in range(bits.shape[1]):
            value = bits[row, feature]
            # 0.0 and -0.0 are equal.
            if value == _MINUS_ZERO:
                value = np.uint64(0)
            mixed = (mixed ^ value) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        key[row] = mixed


@njit(nogil=True, cache=True)
def _lead(X: np.ndarray, key: np.ndarray, leader: np.ndarray, part: int, parts: int) -> bool:
    """Write into ``leader`` the lowest row equal to each row whose key is in a part; returns whether any row is not its own.

    Parameters
    ----------
    part, parts : int
        The part of the keys' lowest bits, and how many there are: a power of two.
    """
    mine = np.uint64(parts - 1)
    count = 0
    for row in range(len(key)):
        count += key[row] & mine == np.uint64(part)
    size = 2
    while size < 2 * count:
        size *= 2
    table = np.full(size, -1)
    found = False
    for row in range(len(key)):
        if key[row] & mine != np.uint64(part):
            continue
        slot = np.int64(key[row] >> np.uint64(32)) & (size - 1)
        while True:
            other = table[slot]
            if other < 0:
                table[slot] = leader[row] = row
                break
            if key[other] == key[row] and (X[other] == X[row]).all():
                leader[row] = other
                found = True
                break
            slot = (slot + 1) & (size - 1)
    return found


def compile_kernels() -> None:
    """Compile what a search needs, on a few rows."""
    X = np.random.default_rng(0).normal(size=(600, 3)) / 10
    X[1] = X[0]
    X[5:7] += 5.0
    NeighbourSearch(X, (0.05, 0.1), threads=1).run(lambda thread, pairs: None, capacity=0)
