"""Silhouettes of many labellings from one pass of the distances, which do not depend on the labels."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit

from segcore.system.cores import in_threads, usable_cores

# Contraction lets a difference be squared and added in one rounding; unlike the rest of fast-math it changes the order of no sum.
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})

_TILE_BYTES = 40_000
_SUMS_BYTES = 1 << 24
_LANES = 16
_TILES_PER_TASK = 8


def silhouettes(X: np.ndarray, cells: np.ndarray, segments: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the silhouettes of some rows, each measured against all rows, under every labelling.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
    cells : ndarray of shape (n_rows,), int
        Ascending from 0 without a gap: rows of one cell are together under every labelling.
    segments : ndarray of shape (n_labellings, n_cells), int
        The segment of each cell, numbered from 0 without a gap; -1 is noise, which is not a neighbour of any row.
    rows : ndarray of shape (n_scored,), int
        Indices into ``X``.

    Returns
    -------
    ndarray of shape (n_labellings, n_scored), float64
        NaN where the row is noise; 0 where it is alone in its segment or at distance 0 of everybody it is compared with. Where there is
        only one segment the values have no meaning.

    Notes
    -----
    A block of scored rows, stored feature by feature, is compared with all rows in the order of their cells; distances are summed up for
    each cell, and a cell's sum is added to its segment's in each labelling. That is ``n_scored * n_rows`` distances whatever the number
    of labellings, and ``n_scored * n_cells * n_labellings`` additions. Distances come from differences, so equal rows are at distance
    0. A thread holds one block's sums per segment (16 MB at most, unless one block of 16 rows needs more).

    References
    ----------
    Rousseeuw (1987), J. Comput. Appl. Math. 20.
    """
    X = np.ascontiguousarray(X, dtype=np.float64)
    starts = np.searchsorted(cells, np.arange(segments.shape[1] + 1)).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(segments.max(axis=1) + 1))).astype(np.int64)
    slots = np.where(segments >= 0, segments + first[:-1, None], -1).T.astype(np.int64, order="C")
    members = np.broadcast_to(np.diff(starts)[:, None], slots.shape)
    sizes = np.bincount(slots[slots >= 0], members[slots >= 0], first[-1])
    scores = np.empty((len(segments), len(rows)))
    width = _tile_width(X.shape[1], len(sizes))
    chunk = width * max(1, min(_TILES_PER_TASK, len(rows) // (width * 2 * usable_cores())))

    def score(begin: int) -> None:
        part = rows[begin : begin + chunk]
        own = np.ascontiguousarray(slots[cells[part]].T)
        _score_rows(X, X[part], own, starts, slots, first, sizes, *_scratch(X.shape[1], width, len(sizes)), scores, begin)

    in_threads(partial(score, begin) for begin in range(0, len(rows), chunk))
    return scores


def _tile_width(n_features: int, n_sums: int) -> int:
    """Return how many rows are scored at a time: as many as leave the block in the first cache, a multiple of 16."""
    fitting = min(256, max(64, _TILE_BYTES // (8 * n_features)), _SUMS_BYTES // (8 * n_sums))
    return max(1, fitting // _LANES) * _LANES


def _scratch(n_features: int, width: int, n_sums: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return zeros of shapes (n_features, width), (4, width) and (n_sums, width), on 64-byte boundaries: a vector spans no two lines."""
    lengths = (n_features, 4, n_sums)
    room = np.zeros(sum(lengths) * width + 8)
    start = (-room.ctypes.data % 64) // 8
    found = []
    for length in lengths:
        found.append(room[start : start + length * width].reshape(length, width))
        start += length * width
    return found[0], found[1], found[2]


@_compiled
def _score_rows(X, rows, own, starts, slots, first, sizes, tile, lines, sums, scores, begin):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the scores of ``rows``, one tile after the other, to the columns of ``scores`` from ``begin`` on."""
    width = tile.shape[1]
    for at in range(0, rows.shape[0], width):
        count = min(width, rows.shape[0] - at)
        for j in range(count):
            for f in range(tile.shape[0]):
                tile[f, j] = rows[at + j, f]
        sums[:] = 0.0
        _sum_distances(X, tile, starts, slots, lines[0], lines[1], lines[2], sums)
        for labelling in range(own.shape[0]):
            low, high = first[labelling], first[labelling + 1]
            _compare(sums[low:high], sizes[low:high], own[labelling, at : at + count] - low, lines[3], scores[labelling, begin + at :])


@_compiled
def _sum_distances(X, tile, starts, slots, squares, next_squares, total, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add each tile row's distances to all rows, two at a time, to the sums of the segments that those are in."""
    n_rows = X.shape[0]
    squares[:] = 0.0
    next_squares[:] = 0.0
    total[:] = 0.0
    cell, end = 0, starts[1]
    for i in range(0, n_rows, 2):
        _square(tile, X[i], X[min(i + 1, n_rows - 1)], squares, next_squares)
        if i + 1 < end:
            _add_roots(squares, next_squares, total)
        else:
            _add_root(squares, total)
            _hand_over(total, slots[cell], sums)
            if i + 1 == n_rows:
                return
            cell, end = cell + 1, starts[cell + 2]
            _add_root(next_squares, total)
        if i + 2 == end:
            _hand_over(total, slots[cell], sums)
            if end == n_rows:
                return
            cell, end = cell + 1, starts[cell + 2]


@_compiled
def _square(tile, one, other, squares, next_squares):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add the squared distances of the tile's rows to two rows, four features at a time so that the running sums stay in registers."""
    n_features, width = tile.shape
    whole = n_features // 4 * 4
    for f in range(0, whole, 4):
        t0, t1, t2, t3 = tile[f], tile[f + 1], tile[f + 2], tile[f + 3]
        a0, a1, a2, a3 = one[f], one[f + 1], one[f + 2], one[f + 3]
        b0, b1, b2, b3 = other[f], other[f + 1], other[f + 2], other[f + 3]
        for j in range(width):
            c0, c1, c2, c3 = t0[j] - a0, t1[j] - a1, t2[j] - a2, t3[j] - a3
            d0, d1, d2, d3 = t0[j] - b0, t1[j] - b1, t2[j] - b2, t3[j] - b3
            squares[j] = squares[j] + c0 * c0 + c1 * c1 + c2 * c2 + c3 * c3
            next_squares[j] = next_squares[j] + d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
    for f in range(whole, n_features):
        t, a, b = tile[f], one[f], other[f]
        for j in range(width):
            c, d = t[j] - a, t[j] - b
            squares[j] += c * c
            next_squares[j] += d * d


@_compiled
def _add_roots(squares, next_squares, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add two rows' distances to the cell's sum, and start again."""
    for j in range(total.size):
        total[j] += math.sqrt(squares[j]) + math.sqrt(next_squares[j])
        squares[j] = 0.0
        next_squares[j] = 0.0


@_compiled
def _add_root(squares, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for j in range(total.size):
        total[j] += math.sqrt(squares[j])
        squares[j] = 0.0


@_compiled
def _hand_over(total, slots, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add a finished cell's sums to those of its segment in each labelling, and start again."""
    for slot in slots:
        if slot >= 0:
            segment = sums[slot]
            for j in range(total.size):
                segment[j] += total[j]
    total[:] = 0.0


@_compiled
def _compare(sums, sizes, own, outside, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the silhouettes of the tile's rows under one labelling; ``sums`` of shape (n_segments, width) are used up."""
    inside = scores
    for j in range(own.size):
        inside[j] = np.nan
        if own[j] >= 0:
            inside[j] = sums[own[j], j] / max(sizes[own[j]] - 1.0, 1.0)
            sums[own[j], j] = np.inf
    outside[:] = np.inf
    for segment in range(sizes.size):
        line, size = sums[segment], sizes[segment]
        for j in range(outside.size):
            mean = line[j] / size
            outside[j] = mean if mean < outside[j] else outside[j]
    for j in range(own.size):
        larger = max(inside[j], outside[j])
        if own[j] >= 0:
            alone = sizes[own[j]] == 1.0
            scores[j] = 0.0 if alone or larger == 0.0 else (outside[j] - inside[j]) / larger


def compile_kernels() -> None:
    """Compile what `silhouettes` needs, for the types it is called with."""
    silhouettes(np.arange(3.0)[:, None], np.arange(3), np.array([[0, 0, 1]]), np.arange(3))
