"""Compiled steps of Lloyd's iteration that look only at the rows whose nearest centre may have changed.

A row remembers how far the centres may move before another centre can be nearer than its own (Hamerly, 2010), so most rows are passed
over. The others are compared with all centres in single precision, with a bound on the rounding beside each score; what single precision
cannot tell is compared in double precision, and what double precision cannot tell is handed back, to be settled as scikit-learn would.

References
----------
Lloyd (1982), IEEE Trans. Inf. Theory 28(2); Hamerly (2010), SDM, "Making k-means even faster".
"""

from __future__ import annotations

import numpy as np
from numba import njit

from segcore.clustering.kernels.kmeans.scores import add_row, fetch, lowest_other
from segcore.clustering.kernels.kmeans.single_precision import FAR, ROUNDING32

_BATCH = 1024
_AHEAD = 8
_ROUNDING64 = 2.0**-53


@njit(cache=True, nogil=True)
def _two_nearest(row: np.ndarray, mean: np.ndarray, centres: np.ndarray) -> tuple[int, float, float, float]:
    """Return the nearest centre, its squared distance, the second nearest's, and the row's squared norm, in double precision."""
    nearest, first, second = 0, np.inf, np.inf
    norm = 0.0
    for f in range(len(mean)):
        value = row[f] - mean[f]
        norm += value * value
    for j in range(len(centres)):
        total = 0.0
        for f in range(len(mean)):
            value = row[f] - mean[f] - centres[j, f]
            total += value * value
        if total < first:
            second = first
            first = total
            nearest = j
        elif total < second:
            second = total
    return nearest, first, second, norm


@njit(cache=True, nogil=True)
def _list_open(labels: np.ndarray, room: np.ndarray, spent: np.ndarray, everyone: bool, start: int, stop: int, listed: np.ndarray) -> int:
    """Fill ``listed`` with the rows whose room is spent; return how many. No branch, because which they are cannot be foreseen."""
    count = 0
    for row in range(start, stop):
        listed[count] = row
        count += 1 if everyone or spent[labels[row]] > room[row] else 0
    return count


@njit(cache=True, nogil=True)
def _second_lowest(scores: np.ndarray, n_clusters: int, lowest: int) -> float:
    second = float(FAR)
    for j in range(n_clusters):
        if j != lowest and scores[j] < second:
            second = float(scores[j])
    return second


@njit(cache=True, nogil=True)
def _score(
    screened: np.ndarray,
    panels: np.ndarray,
    lanes: int,
    spent: np.ndarray,
    lengths: np.ndarray,
    labels: np.ndarray,
    listed: np.ndarray,
    count: int,
    n_features: int,
    scores: np.ndarray,
    nearest: np.ndarray,
    found: np.ndarray,
) -> None:
    """Find the nearest centre of each listed row in single precision.

    ``found`` (5, batch), float64, gets by row: its score, the lowest other score, the row's norm, the nearest centre's norm and what its
    cluster has spent.
    """
    n_clusters, width = len(spent), screened.shape[1]
    n_panels = len(panels) // ((width + 1) * lanes)
    flat = screened.reshape(-1)
    for index in range(count):
        row = listed[index]
        fetch(flat, listed[index + _AHEAD] * width, width)
        label = int(labels[row])
        other = lowest_other(flat, row * width, width, panels, n_panels, lanes, label, FAR, scores)
        own = scores[label]
        if other < own:
            for j in range(n_clusters):
                if scores[j] == other and j != label:
                    label = j
                    break
            own, other = other, _second_lowest(scores, n_clusters, label)
        nearest[index] = label
        found[0, index] = own
        found[1, index] = other
        found[2, index] = flat[row * width + n_features]
        found[3, index] = lengths[label]
        found[4, index] = spent[label]


@njit(cache=True, nogil=True)
def _bound(found: np.ndarray, count: int, rounding: float, slack: float, loss: float, left: np.ndarray) -> None:
    """Fill ``left`` with the room of each scored row, ``-inf`` where single precision cannot decide the nearest centre."""
    for index in range(count):
        own, other, norm, length, spent = found[0, index], found[1, index], found[2, index], found[3, index], found[4, index]
        most = own + 2.0 * rounding * (length * length + 2.0 * norm * length) + 4e-36
        square = norm * norm
        near, far = square * (1 + 1e-6) + most, square * (1 - 1e-6) + other
        near, far = np.sqrt(near if near > 0.0 else 0.0), np.sqrt(far if far > 0.0 else 0.0)
        room = spent + (far - near) - slack * (norm + far) - loss
        left[index] = room - 2e-7 * abs(room) if most < other else -np.inf


@njit(cache=True, nogil=True)
def assign(
    X: np.ndarray,
    mean: np.ndarray,
    screened: np.ndarray,
    centres: np.ndarray,
    panels: np.ndarray,
    lanes: int,
    spent: np.ndarray,
    labels: np.ndarray,
    room: np.ndarray,
    moved: np.ndarray,
    moved_count: np.ndarray,
    undecided: np.ndarray,
    scale: float,
    doubt: float,
    first_time: bool,
    start: int,
    stop: int,
) -> tuple[int, int]:
    """Give rows ``start`` to ``stop`` the label of their nearest centre.

    Parameters
    ----------
    X, mean : ndarray of shape (n_rows, n_features) and (n_features,), float64
    screened : ndarray of shape (n_rows, screened_width), float32
    centres : ndarray of shape (n_clusters, n_features), float64
        Of the centred rows.
    panels, lanes : ndarray, float32, and int
        From ``weigh``.
    spent : ndarray of shape (n_clusters,), float64
        How far the centres have come, in scaled units, as seen from each cluster.
    labels, room : ndarray of shape (n_rows,), uint8 or int32, and float32
        Updated. A row is passed over while ``spent`` of its label is not above its ``room``.
    moved, moved_count : ndarray of shape (n_clusters, n_features), float64, and (n_clusters, 2), int64
        What comes to each cluster less what leaves it is added here; the second count is of rows that came or left, later than at first.
    undecided : ndarray of shape (n_rows,), int64
        Filled from ``start`` with the rows that double precision cannot decide; these keep their label (0 the first time).
    scale, doubt : float
        The factor from ``X`` to ``screened``; how far scikit-learn's centres may be from these, in the units of ``X``.
    first_time : bool
        Whether the rows have no label yet.

    Returns
    -------
    (changed, doubtful) : tuple of int
    """
    n_clusters, n_features = centres.shape
    size = (screened.shape[1] + 1) * lanes
    rounding = (n_features + 10) * ROUNDING32
    rounding64 = (n_features + 10) * _ROUNDING64
    slack, loss = max(4e-7, 4.0 * np.sqrt(rounding64)), 4.0 * doubt * scale
    lengths = np.empty(n_clusters)
    for j in range(n_clusters):
        lengths[j] = np.sqrt(max(0.0, float(panels[(j // lanes) * size + j % lanes]))) * 1.001
    scores = np.empty(len(panels) // size * lanes, np.float32)
    listed, nearest = np.full(_BATCH + _AHEAD, start), np.empty(_BATCH, np.int64)
    found, left = np.empty((5, _BATCH)), np.empty(_BATCH)
    rows, sums = X.reshape(-1), moved.reshape(-1)
    changed, doubtful = 0, 0
    for first in range(start, stop, _BATCH):
        count = _list_open(labels, room, spent, first_time, first, min(stop, first + _BATCH), listed)
        _score(screened, panels, lanes, spent, lengths, labels, listed, count, n_features, scores, nearest, found)
        _bound(found, count, rounding, slack, loss, left)
        for index in range(count):
            row, new = listed[index], nearest[index]
            label = int(labels[row])
            if left[index] == -np.inf:
                new, one, two, square = _two_nearest(X[row], mean, centres)
                near, far, norm = np.sqrt(one), np.sqrt(two), np.sqrt(square)
                if two - one > 8.0 * rounding64 * (norm + far) * (norm + far) + 4.0 * doubt * far:
                    left[index] = spent[new] + ((far - near) - slack * (norm + far)) * scale - loss
                else:
                    undecided[start + doubtful] = row
                    doubtful += 1
                    new, left[index] = (0 if first_time else label), -FAR
            room[row] = np.float32(left[index] - 2e-7 * abs(left[index]))
            if first_time or new != label:
                changed += 1
                labels[row] = new
                moved_count[new, 0] += 1
                add_row(sums, new * n_features, rows, row * n_features, mean, n_features, 1.0)
                if not first_time:
                    moved_count[new, 1] += 1
                    moved_count[label, 0] -= 1
                    moved_count[label, 1] += 1
                    add_row(sums, label * n_features, rows, row * n_features, mean, n_features, -1.0)
    return changed, doubtful


@njit(cache=True, nogil=True)
def relabel(
    X: np.ndarray, mean: np.ndarray, rows: np.ndarray, new: np.ndarray, labels: np.ndarray, moved: np.ndarray, moved_count: np.ndarray
) -> int:
    """Give ``rows`` the labels ``new``, both int64, and return how many changed; the other arrays are those of ``assign``."""
    changed = 0
    for index in range(len(rows)):
        row, nearest = rows[index], new[index]
        label = int(labels[row])
        if nearest == label:
            continue
        changed += 1
        labels[row] = nearest
        moved_count[nearest, 0] += 1
        moved_count[nearest, 1] += 1
        moved_count[label, 0] -= 1
        moved_count[label, 1] += 1
        for f in range(len(mean)):
            value = X[row, f] - mean[f]
            moved[nearest, f] += value
            moved[label, f] -= value
    return changed


@njit(cache=True, nogil=True)
def move_centres(
    sums: np.ndarray, counts: np.ndarray, centres: np.ndarray, scale: float, moved: np.ndarray, shift: np.ndarray, spent: np.ndarray
) -> float:
    """Put each centre on the mean of its rows; return the sum of the squared shifts, in the units of the rows.

    Parameters
    ----------
    sums, counts : ndarray of shape (n_clusters, n_features), float64, and (n_clusters,), int64
        Of each cluster's centred rows; no count is 0.
    centres : ndarray of shape (n_clusters, n_features), float64
    scale : float
    moved : ndarray of shape (n_clusters, n_features), float64
        Filled with the new centres.
    shift, spent : ndarray of shape (n_clusters,), float64
        How far each centre moved; what this takes from the room of each cluster's rows is added to ``spent``.
    """
    n_clusters, n_features = centres.shape
    total, most, next_most, mover = 0.0, 0.0, 0.0, 0
    for j in range(n_clusters):
        alpha = 1.0 / counts[j]
        square = 0.0
        for f in range(n_features):
            moved[j, f] = sums[j, f] * alpha
            step = moved[j, f] - centres[j, f]
            square += step * step
        total += square
        shift[j] = np.sqrt(square)
        if shift[j] > most:
            next_most = most
            most = shift[j]
            mover = j
        elif shift[j] > next_most:
            next_most = shift[j]
    for j in range(n_clusters):
        spent[j] += scale * (shift[j] + (next_most if j == mover else most)) * (1 + 1e-6)
    return total


def compile_kernels() -> None:
    """Compile what is called in rare cases only; a small grid calls the rest."""
    X, mean, rows = np.zeros((4, 2)), np.zeros(2), np.zeros(1, np.int64)
    for kind in (np.uint8, np.int32):
        relabel(X, mean, rows, rows, np.zeros(4, kind), np.zeros((1, 2)), np.zeros((1, 2), np.int64))
