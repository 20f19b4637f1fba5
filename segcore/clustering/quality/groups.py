"""Sums over the segments of a labelling, from which inertia, the indices and compactness are computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.records.solution import NOISE, first_rows

_BLOCK_VALUES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The segments of a labelling.

    Parameters
    ----------
    labels : ndarray of shape (n_segments,)
        Those that occur, ascending, without noise.
    sizes : ndarray of shape (n_segments,)
    centres : ndarray of shape (n_segments, n_features)
        Means, less ``origin``.
    squares : ndarray of shape (n_segments, n_features)
        Sums of squared offsets from the segment's mean.
    distances : ndarray of shape (n_segments,)
        Mean Euclidean distances to the segment's mean.
    origin : ndarray of shape (n_features,)
        A row of the data, near which nothing cancels.
    """

    labels: np.ndarray
    sizes: np.ndarray
    centres: np.ndarray
    squares: np.ndarray
    distances: np.ndarray
    origin: np.ndarray


def group(X: np.ndarray, labels: np.ndarray) -> Groups:
    """Sum up the segments of a labelling, with a few megabytes of memory besides ``X``.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    labels : ndarray of shape (n_customers,), int
        -1 is noise, which belongs to no segment.

    Notes
    -----
    Offsets are taken from a member of the segment first: the mean of equal numbers far from 0 is not quite that number, and so a segment
    of equal rows has squares of exactly 0.
    """
    found, first, codes = _codes(np.asarray(labels))
    n_groups, n_features = len(found), X.shape[1]
    sizes = np.bincount(codes[codes >= 0], minlength=n_groups)
    reference = np.asarray(X[first], dtype=np.float64).reshape(n_groups, n_features)
    sums, squares = np.zeros((n_groups, n_features)), np.zeros((n_groups, n_features))
    distances = np.zeros(n_groups)
    for offsets, members, _ in _blocks(X, codes, reference):
        sums += members @ offsets
    means = sums / sizes[:, None] if n_groups else sums
    for offsets, members, own in _blocks(X, codes, reference):
        offsets -= means[own]
        np.square(offsets, out=offsets)
        squares += members @ offsets
        distances += members @ np.sqrt(offsets.sum(axis=1))
    origin = reference[0] if n_groups else np.zeros(n_features)
    return Groups(found, sizes, means + (reference - origin), squares, distances / np.maximum(sizes, 1), origin)


def _codes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the labels that occur, the first row of each, and each row's position among them (-1 for noise)."""
    first = first_rows(labels)
    found = np.flatnonzero(first < len(labels))
    code = np.full(len(first) + 1, NOISE)
    code[found + 1] = np.arange(len(found))
    return found, first[found], code[labels + 1]


def _blocks(X: np.ndarray, codes: np.ndarray, reference: np.ndarray) -> Iterator[tuple[np.ndarray, Any, np.ndarray]]:
    """Yield, block by block, the rows' offsets from their segment's reference, the matrix that sums them, and their segments."""
    from scipy.sparse import csr_matrix

    step = max(1, _BLOCK_VALUES // max(1, X.shape[1]))
    for start in range(0, len(X), step):
        own = codes[start : start + step]
        kept = own >= 0
        rows = X[start : start + step]
        if not kept.all():
            own, rows = own[kept], rows[kept]
        if len(own):
            members = csr_matrix((np.ones(len(own)), own, np.arange(len(own) + 1)), shape=(len(own), len(reference))).T
            yield rows - reference[own], members, own
