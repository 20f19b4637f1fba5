"""Many iterations of a path in one compiled call, for rows so few that the calls would take longer than the work."""

from __future__ import annotations

import numpy as np
from numba import njit

from segcore.clustering.kernels.kmeans.literal import ordered_sums
from segcore.clustering.kernels.kmeans.single_precision import weigh
from segcore.clustering.kernels.kmeans.steps import assign, move_centres


@njit(cache=True, nogil=True)
def march(
    X: np.ndarray,
    mean: np.ndarray,
    screened: np.ndarray,
    centres: np.ndarray,
    moved: np.ndarray,
    panels: np.ndarray,
    lanes: int,
    spent: np.ndarray,
    labels: np.ndarray,
    before: np.ndarray,
    room: np.ndarray,
    sums: np.ndarray,
    counts: np.ndarray,
    traffic: np.ndarray,
    undecided: np.ndarray,
    scale: float,
    doubt: float,
    near: float,
    limit: float,
    threads: int,
    iteration: int,
    last: int,
    start: int,
    stop: int,
) -> tuple[int, int, int, float]:
    """Assign rows and move centres until something has to be decided.

    Parameters
    ----------
    X, mean, screened, panels, lanes, spent, labels, room, undecided, scale, doubt
        As for ``assign``.
    centres, moved : ndarray of shape (n_clusters, n_features), float64
        The centres, updated by each move but one after which something has to be decided: that is left in ``moved``.
    before : ndarray of shape (n_rows,), uint8 or int32
        Filled with the labels before the last assignment.
    sums, counts, traffic : ndarray of shape (n_clusters, n_features), float64, and (n_clusters,), int64
        Of each cluster's centred rows, and how many came or left; updated.
    near, limit : float
        The share of a limit within which a shift needs a closer look; the largest squared shift at which the path has a stop. Below 0
        without a limit: then it ends after one assignment.
    threads : int
        scikit-learn's.
    iteration, last : int
        Number of the first iteration, 0 if the rows have no labels yet, and of the last one allowed.
    start, stop : int
        The first row, 0, and the number of rows. As constants in here they would be one more type to compile ``assign`` for.

    Returns
    -------
    (iteration, changed, doubtful, total) : tuple
        The iteration reached, how many labels it changed, and how many rows are in ``undecided``. ``total`` is the squared shift of the
        centres if it ended after a move: one near or below the limit, or that of the last iteration; -1 if it ended after an assignment:
        one that changed no label, left rows undecided or a cluster empty.
    """
    n_clusters, n_features = centres.shape
    shift = np.empty(n_clusters)
    while True:
        before[:] = labels
        weigh(centres, scale, lanes, panels)
        came, came_count = np.zeros((n_clusters, n_features)), np.zeros((n_clusters, 2), np.int64)
        changed, doubtful = assign(
            X,
            mean,
            screened,
            centres,
            panels,
            lanes,
            spent,
            labels,
            room,
            came,
            came_count,
            undecided,
            scale,
            doubt,
            iteration == 0,
            start,
            stop,
        )
        sums += came
        counts += came_count[:, 0]
        traffic += came_count[:, 1]
        if changed == 0 or doubtful or limit < 0.0 or counts.min() == 0:
            return iteration, changed, doubtful, -1.0
        if (traffic > 8 * counts).any():
            sums[:], _ = ordered_sums(X, mean, labels, n_clusters, threads)
            traffic[:] = 0
        total = move_centres(sums, counts, centres, scale, moved, shift, spent)
        error = 4 * doubt * (np.sqrt(n_clusters * total) + n_clusters * doubt)
        if total <= limit * (1 + near) + error or iteration == last:
            return iteration, changed, doubtful, total
        centres[:] = moved
        iteration += 1
