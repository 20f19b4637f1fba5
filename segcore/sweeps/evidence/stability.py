"""Stability: how well each segment is found again when some of the customers are clustered again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.records.evidence import Scheme, SegmentStability, Stability
from segcore.records.grid import Point
from segcore.records.solution import NOISE
from segcore.sweeps.evidence.refit import refit

BOOT_ROWS = 20_000
"""From so many customers on, a resample is a subset, of at most as many customers."""
NO_SEGMENTS = "The solution has no segments to find again."
_DISSOLVED, _RECOVERED = 0.5, 0.75
_QUANTILES = (0.05, 0.95)
_TABLE_CELLS = 1 << 20
_FEWEST_ROWS = 2


def scheme_for(n: int) -> Scheme:
    """Return how resamples of ``n`` customers are drawn: "boot" below 20,000, else "subset"."""
    return "boot" if n < BOOT_ROWS else "subset"


def drawn_rows(n: int, number: int, seed: int) -> tuple[np.ndarray, Scheme]:
    """Draw the customers of one resample.

    Parameters
    ----------
    n : int
        Number of customers, at least 0.
    number, seed : int
        Number of the resample and seed of all of them, each at least 0.

    Returns
    -------
    rows : ndarray of shape (n_drawn,), int64
        Ascending, each row once. For "boot" those that ``n`` draws with replacement hit, about 63 %; for "subset" half, at most 20,000.
    scheme : {"boot", "subset"}
    """
    rng, scheme = np.random.default_rng([seed, number]), scheme_for(n)
    if scheme == "subset":
        return np.sort(rng.choice(n, min(n // 2, BOOT_ROWS), replace=False)), scheme
    return np.unique(rng.integers(0, n, n)) if n else np.empty(0, np.int64), scheme


def jaccards(labels: np.ndarray, new_labels: np.ndarray, *, n_labels: int | None = None) -> np.ndarray:
    """Return how similar each segment is to the most similar one of another labelling of the same customers.

    Parameters
    ----------
    labels, new_labels : ndarray of shape (n_drawn,), int
        -1 is noise, which is not a segment in either.
    n_labels : int or None
        Number of labels of the solution, so that segments without a drawn customer count too; ``None`` is the largest label plus 1.

    Returns
    -------
    ndarray of shape (n_labels,), float64
        The largest Jaccard index ``n_AB / (n_A + n_B - n_AB)``; 0 where no customer of the segment was drawn.

    Notes
    -----
    Counts the pairs of labels once: about half a millisecond for 20,000 customers, or 5 ms if there are thousands of segments in both.

    Examples
    --------
    Segment 0 keeps two of its three customers; segment 1 comes back together with the third.

    >>> jaccards(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 4, 4, 4])).round(3).tolist()
    [0.667, 0.667]
    """
    if n_labels is None:
        n_labels = int(labels.max(initial=NOISE)) + 1
    best = np.zeros(n_labels)
    if not n_labels or not len(labels):
        return best
    # Place 0 is for noise.
    width = int(new_labels.max(initial=NOISE)) + 2
    codes = (labels.astype(np.int64) + 1) * width + (new_labels.astype(np.int64) + 1)
    if (n_labels + 1) * width <= _TABLE_CELLS:
        table = np.bincount(codes, minlength=(n_labels + 1) * width)
        pairs = np.flatnonzero(table)
        counts = table[pairs]
    else:
        pairs, counts = np.unique(codes, return_counts=True)
    a, b = pairs // width, pairs % width
    in_a, in_b = np.bincount(labels + 1, minlength=n_labels + 1), np.bincount(new_labels + 1, minlength=width)
    segments = (a > 0) & (b > 0)
    a, b, counts = a[segments], b[segments], counts[segments]
    np.maximum.at(best, a - 1, counts / (in_a[a] + in_b[b] - counts))
    return best


def resampled_jaccards(
    algorithm: AlgorithmSpec,
    X: np.ndarray,
    points: Sequence[Point],
    labels_per_point: Sequence[np.ndarray | None],
    *,
    number: int,
    seed: int,
    memory: int | None = None,
    threads: int | None = None,
) -> list[np.ndarray | str]:
    """Cluster one resample with every point of a grid, and compare with the grid's own solutions.

    Parameters
    ----------
    algorithm : AlgorithmSpec
    X : ndarray of shape (n_customers, n_features), float64
        The matrix that was clustered; it is not scaled again.
    points : sequence of points
    labels_per_point : sequence of ndarray of shape (n_customers,), int, or None
        Labels of each point's solution; ``None`` if it has none.
    number, seed : int
        See `drawn_rows`; ``seed`` also seeds the fits.
    memory, threads : int or None
        See `SweepTask`.

    Returns
    -------
    list of (ndarray or str)
        For each point what `jaccards` returns, one value per label; or a reason.

    Notes
    -----
    Costs one sweep of the grid over the drawn customers. Resamples of k-means may run in parallel, with ``threads=1`` each (see
    `segcore.system.cores.in_threads`), and give the same values. Mixtures and mini-batch k-means limit BLAS for the whole process, so
    their resamples should run one by one.
    """
    drawn, _ = drawn_rows(len(X), number, seed)
    wanted = [position for position, labels in enumerate(labels_per_point) if labels is not None]
    found: list[np.ndarray | str] = [NO_SEGMENTS] * len(points)
    if len(drawn) < _FEWEST_ROWS:
        return ["There are too few customers to draw from."] * len(points)
    solutions = refit(algorithm, X, drawn, [points[position] for position in wanted], seed=seed, memory=memory, threads=threads)
    for position, again in zip(wanted, solutions, strict=True):
        labels = np.asarray(labels_per_point[position])
        if again.labels is None:
            found[position] = again.reason or "The fit to the drawn customers has no result."
        else:
            found[position] = jaccards(labels[drawn], again.labels, n_labels=int(labels.max(initial=NOISE)) + 1)
    return found


def stability(segments: Sequence[int], resamples: Sequence[np.ndarray | str], *, n_rows: int) -> Stability:
    """Summarise the resamples of one solution.

    Parameters
    ----------
    segments : sequence of int
        Labels of the solution's segments.
    resamples : sequence of (ndarray or str)
        What `resampled_jaccards` returned for the solution's point, one entry per resample. Those with a reason are left out.
    n_rows : int
        Number of customers that were clustered.

    Returns
    -------
    Stability
        Undefined, with the reason, if there is no segment, or if fewer than half of the resamples could be clustered.

    References
    ----------
    Hennig (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis 52; the rules for noise and
    for segments without a drawn customer are those of his R package fpc.
    """
    scheme = scheme_for(n_rows)
    measured = [resample for resample in resamples if not isinstance(resample, str)]
    if not segments:
        return Stability({}, 0, scheme, NO_SEGMENTS)
    if not resamples:
        return Stability({}, 0, scheme, "No resample was drawn.")
    if 2 * len(measured) < len(resamples):  # with 5 customers, 5 segments are only found where all are drawn, and are then the same
        first = next(resample for resample in resamples if isinstance(resample, str))
        return Stability({}, 0, scheme, f"{first} So it was in {len(resamples) - len(measured)} of {len(resamples)} resamples.")
    values = np.array(measured)[:, list(segments)]
    low, high = np.quantile(values, _QUANTILES, axis=0)
    columns = (values.mean(axis=0), low, high, (values <= _DISSOLVED).mean(axis=0), (values > _RECOVERED).mean(axis=0))
    rows = zip(segments, *(column.tolist() for column in columns), strict=True)
    return Stability({int(label): SegmentStability(*row) for label, *row in rows}, len(measured), scheme)
