"""Lloyd's iteration in scikit-learn's own arithmetic, operation by operation, for the cases that rounding decides.

Two centres that are equally near, a cluster that has lost its last row, a shift that equals the tolerance: there the last bit of a sum
chooses, and the bit depends on the order in which numbers were added. scikit-learn adds chunks of 256 rows, spread in order over its
threads, and scores a chunk with one call of BLAS; so does this. With more than two threads scikit-learn's own order is not fixed.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from segcore.system.cores import usable_cores

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

CHUNK = 256


def threads_of_scikit_learn() -> int:
    """Return how many threads a scikit-learn fit in this process would take.

    Once scikit-learn is imported, it answers itself: its threads may have been limited. Before, its rule is followed, because importing
    it takes as long as a small sweep.
    """
    if "sklearn.utils._openmp_helpers" in sys.modules:
        return int(sys.modules["sklearn.utils._openmp_helpers"]._openmp_effective_n_threads())
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if first.isdigit() and int(first):
        return int(first)
    from joblib import cpu_count

    # OpenMP ignores a setting that is not a number, and scikit-learn then leaves the number to OpenMP.
    return usable_cores() if os.environ.get("OMP_NUM_THREADS") else min(usable_cores(), cpu_count(only_physical_cores=True))


@njit(cache=True, nogil=True)
def ordered_sums(X: np.ndarray, mean: np.ndarray, labels: np.ndarray, n_clusters: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums (n_clusters, n_features) and counts (n_clusters,), float64, of each cluster's centred rows.

    Parameters
    ----------
    X, mean : ndarray of shape (n_rows, n_features) and (n_features,), float64
    labels : ndarray of shape (n_rows,), uint8 or int32
    n_clusters : int
    threads : int
        scikit-learn's: each adds its own chunks, then the threads' sums are added.
    """
    n_rows, n_features = X.shape
    sums, counts = np.zeros((n_clusters, n_features)), np.zeros(n_clusters)
    chunks = -(-n_rows // CHUNK)
    threads = min(threads, chunks)
    share, more = chunks // threads, chunks % threads
    stop = 0
    for thread in range(threads):
        start = stop
        stop = min(n_rows, start + (share + (1 if thread < more else 0)) * CHUNK)
        own, own_counts = np.zeros((n_clusters, n_features)), np.zeros(n_clusters)
        for row in range(start, stop):
            label = labels[row]
            own_counts[label] += 1.0
            for f in range(n_features):
                own[label, f] += X[row, f] - mean[f]
        sums += own
        counts += own_counts
    return sums, counts


@njit(cache=True, nogil=True)
def inertia(X: np.ndarray, mean: np.ndarray, centres: np.ndarray, labels: np.ndarray, threads: int) -> float:
    """Return the sum of the squared distances of the centred rows to their centres, added as scikit-learn adds them."""
    n_rows, n_features = X.shape
    threads = min(threads, n_rows)
    share, more = n_rows // threads, n_rows % threads
    whole = n_features - n_features % 4
    total, stop = 0.0, 0
    for thread in range(threads):
        start = stop
        stop = start + share + (1 if thread < more else 0)
        own = 0.0
        for row in range(start, stop):
            centre = centres[labels[row]]
            square = 0.0
            for f in range(0, whole, 4):
                a, b = X[row, f] - mean[f] - centre[f], X[row, f + 1] - mean[f + 1] - centre[f + 1]
                c, d = X[row, f + 2] - mean[f + 2] - centre[f + 2], X[row, f + 3] - mean[f + 3] - centre[f + 3]
                square += a * a + b * b + c * c + d * d
            for f in range(whole, n_features):
                a = X[row, f] - mean[f] - centre[f]
                square += a * a
            own += square
        total += own
    return total


@njit(cache=True, nogil=True)
def shift_of(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return how far each centre moved, of shape (n_clusters,), added as scikit-learn adds it."""
    n_clusters, n_features = old.shape
    whole = n_features - n_features % 4
    shift = np.empty(n_clusters)
    for j in range(n_clusters):
        square = 0.0
        for f in range(0, whole, 4):
            a, b = new[j, f] - old[j, f], new[j, f + 1] - old[j, f + 1]
            c, d = new[j, f + 2] - old[j, f + 2], new[j, f + 3] - old[j, f + 3]
            square += a * a + b * b + c * c + d * d
        for f in range(whole, n_features):
            a = new[j, f] - old[j, f]
            square += a * a
        shift[j] = np.sqrt(square)
    return shift


@njit(cache=True, nogil=True)
def same_clustering(first: np.ndarray, second: np.ndarray, n_clusters: int) -> bool:
    """Tell whether ``second`` gives all rows of each cluster of ``first`` one label: scikit-learn's test between starts."""
    mapping = np.full(n_clusters, -1, np.int64)
    for row in range(len(first)):
        label = first[row]
        if mapping[label] == -1:
            mapping[label] = second[row]
        elif mapping[label] != second[row]:
            return False
    return True


@cache
def _libraries() -> ThreadpoolController:
    """Return what limits the threads of BLAS; finding the libraries takes long, so they are looked for once."""
    import scipy.linalg.blas  # noqa: F401 - it must be there to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def label_chunks(X: np.ndarray, mean: np.ndarray, centres: np.ndarray, chunks: np.ndarray) -> np.ndarray:
    """Return the labels of the rows of some chunks, one chunk's after the other, int64.

    Parameters
    ----------
    X, mean : ndarray of shape (n_rows, n_features) and (n_features,), float64
    centres : ndarray of shape (n_clusters, n_features), float64
    chunks : ndarray of int64
        Numbers of chunks; a matrix product rounds a row by its place in it, so whole chunks are scored.
    """
    from scipy.linalg.blas import dgemm

    norms = np.einsum("ij,ij->i", centres, centres)
    labels: list[np.ndarray] = []
    with _libraries().limit(limits=1, user_api="blas"):
        for chunk in chunks:
            rows = X[chunk * CHUNK : (chunk + 1) * CHUNK] - mean
            scores = np.empty((len(rows), len(centres)))
            scores[:] = norms
            scored = dgemm(-2.0, centres.T, rows.T, beta=1.0, c=scores.T, trans_a=True, overwrite_c=True)
            labels.append(np.argmin(scored.T, axis=1))
    return np.concatenate(labels) if labels else np.empty(0, np.int64)


def label_rows(X: np.ndarray, mean: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the label of every row, int32, as scikit-learn's E-step gives it."""
    return label_chunks(X, mean, centres, np.arange(-(-len(X) // CHUNK))).astype(np.int32)


def means_of(X: np.ndarray, mean: np.ndarray, labels: np.ndarray, old: np.ndarray, threads: int) -> np.ndarray:
    """Return the new centres (n_clusters, n_features), a cluster without rows put where scikit-learn puts it.

    Parameters
    ----------
    X, mean, labels, threads
        As for ``ordered_sums``.
    old : ndarray of shape (n_clusters, n_features), float64
        The centres that gave ``labels``.
    """
    sums, counts = ordered_sums(X, mean, labels, len(old), threads)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        _relocate(X, mean, labels, old, sums, counts, empty)
    biggest = int(np.argmax(counts))
    for j in range(len(old)):
        # In this order: scikit-learn copies the biggest cluster's sum where that cluster comes later, its mean where it came before.
        sums[j] = sums[j] * (1.0 / counts[j]) if counts[j] > 0 else sums[biggest]
    return sums


def _relocate(
    X: np.ndarray, mean: np.ndarray, labels: np.ndarray, old: np.ndarray, sums: np.ndarray, counts: np.ndarray, empty: np.ndarray
) -> None:
    """Give each empty cluster one of the rows farthest from their centres."""
    distances = ((X - mean - old[labels]) ** 2).sum(axis=1)
    far = np.argpartition(distances, -len(empty))[: -len(empty) - 1 : -1]
    if distances.max() == 0:
        return
    for cluster, row in zip(empty, far, strict=True):
        values = X[row] - mean
        sums[labels[row]] -= values
        sums[cluster] = values
        counts[cluster] = 1.0
        counts[labels[row]] -= 1.0


def compile_kernels() -> None:
    """Compile every loop of this file for the arguments it is called with."""
    X, mean = np.zeros((4, 2)), np.zeros(2)
    for kind in (np.uint8, np.int32):
        labels = np.zeros(4, kind)
        ordered_sums(X, mean, labels, 1, 1)
        inertia(X, mean, X[:1], labels, 1)
        same_clustering(labels, labels, 1)
    shift_of(X, X)
