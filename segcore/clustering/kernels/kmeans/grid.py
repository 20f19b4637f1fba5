"""k-means over a whole grid: one path per number of clusters that stops at each tolerance, with scikit-learn's labels.

Lloyd's iterations from one start are one path, and a larger tolerance only stops earlier on it. The centred rows and their norms are
shared by all paths, the starts by those that draw alike (see ``seeding``), and a path looks only at rows whose label may change (see
``kmeans_steps``).

What is promised: labels, numbers of iterations and centres of ``sklearn.cluster.KMeans(n_clusters, tol=tol, n_init=n_init,
random_state=seed).fit(X)``, to the bit where scikit-learn's own result is determined to the bit (up to two OpenMP threads). Rows that two
centres are equally near, up to rounding, are scored as scikit-learn scores them, with centres added up as it adds them, so integer grids
and copied rows come out alike too (see ``kmeans_literal``).

References
----------
Lloyd (1982), IEEE Transactions on Information Theory 28(2); Hamerly (2010), SDM, "Making k-means even faster".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.clustering.kernels.kmeans import literal
from segcore.clustering.kernels.kmeans.crew import Crew
from segcore.clustering.kernels.kmeans.path import Reached, Walk, better_of
from segcore.clustering.kernels.kmeans.seeding import candidates_a_centre, draw_starts
from segcore.clustering.kernels.kmeans.single_precision import prepare_rows
from segcore.system.cores import usable_cores


@dataclass(frozen=True, slots=True)
class Path:
    """One number of clusters, with the tolerances at which to stop.

    Parameters
    ----------
    n_clusters : int
        At least 1, at most the number of rows.
    tols : tuple of float
        Each at least 0, as a share of the features' mean variance; any order.
    n_init : int
        Starts, of which the best is kept, separately for each tolerance.
    """

    n_clusters: int
    tols: tuple[float, ...]
    n_init: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """The clustering at one tolerance.

    Parameters
    ----------
    tol : float
    labels : ndarray of shape (n_rows,), int32
    centres : ndarray of shape (n_clusters, n_features), float64
        In the units of ``X``.
    iterations : int
    seconds : float
        Wall time from the previous stop of the path to this one, shared evenly by stops at the same place; several starts added up.
    """

    tol: float
    labels: np.ndarray
    centres: np.ndarray
    iterations: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class PathResult:
    """What came of a path.

    Parameters
    ----------
    path : Path
    stops : tuple of Stop
        One for each of ``path.tols``, in that order; empty where it failed.
    origin : ndarray of shape (n_features,), float64
        The mean of the rows, which scikit-learn subtracts before anything else.
    shared_seconds : float
        Wall time spent for all paths together before the first was begun: centring, norms, the first starts. The same in each result.
    error : Exception or None
        Why it failed.
    """

    path: Path
    stops: tuple[Stop, ...]
    origin: np.ndarray
    shared_seconds: float
    error: Exception | None = None


def kmeans_grid(
    X: np.ndarray,
    paths: Sequence[Path],
    *,
    seed: int,
    threads: int | None = None,
    begin: Callable[[Path], None] | None = None,
) -> Iterator[PathResult]:
    """Yield the k-means of each path as soon as it is done, in any order.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        Finite; at least one row.
    paths : sequence of Path
    seed : int
        scikit-learn's ``random_state``.
    threads : int or None
        How many cores to use; ``None`` is all.
    begin : callable or None
        Called with each path right before it is begun, in the thread that asks for the results; what it raises goes through.

    Notes
    -----
    Takes, beside ``X``, half its size (a copy in single precision) and about 30 bytes a row for each thread. Paths run side by side, the
    smallest first, because somebody waits for a first result, then the largest; once fewer are left than there are cores, the cores that
    are free take a share of the rows. The labels do not depend on the number of threads.
    """
    crew = Crew(threads or usable_cores())
    try:
        started = time.perf_counter()
        try:
            grid = _Grid(X, paths, seed, crew)
        except Exception as error:
            yield from (PathResult(path, (), np.zeros(X.shape[1]), 0.0, error) for path in paths)
            return
        shared_seconds = time.perf_counter() - started
        ordered = sorted(paths, key=lambda path: path.n_clusters * path.n_init)
        waiting = ordered[1:] + ordered[:1]  # the last is taken first
        running: set[Future[PathResult]] = set()

        def fill() -> None:
            while waiting and len(running) < crew.size:
                path = waiting.pop()
                if begin:
                    begin(path)
                running.add(crew.drive(grid.run, path, shared_seconds))

        fill()
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            running -= done
            fill()
            for future in done:
                yield future.result()
    finally:
        crew.dismiss()


class _Grid:
    """The rows and what the paths share of them."""

    def __init__(self, X: np.ndarray, paths: Sequence[Path], seed: int, crew: Crew) -> None:
        self.crew, self.seed = crew, seed
        self.rows = prepare_rows(X, crew.spread)
        self.alone = crew.is_alone(len(X))
        self.variance: float | None = None
        self.threads = literal.threads_of_scikit_learn()
        largest: dict[int, int] = {}
        for path in paths:
            candidates = candidates_a_centre(path.n_clusters)
            largest[candidates] = max(path.n_clusters, largest.get(candidates, 0))
        self.starts = {candidates: self._draw(n_clusters, np.random.RandomState(seed)) for candidates, n_clusters in largest.items()}

    def _draw(self, n_clusters: int, random_state: np.random.RandomState) -> np.ndarray:
        return draw_starts(self.rows, n_clusters, random_state, self.spread_blocks, alone=self.alone)

    def spread_blocks(self, count: int, task: Callable[[int, int], Any]) -> list[Any]:
        return self.crew.spread(count, task, few=16)

    def run(self, path: Path, shared_seconds: float) -> PathResult:
        """Return a path's result, or in it the error that ended the path."""
        try:
            return PathResult(path, self._best_of_starts(path), self.rows.mean, shared_seconds)
        except Exception as error:
            return PathResult(path, (), self.rows.mean, shared_seconds, error)

    def _best_of_starts(self, path: Path) -> tuple[Stop, ...]:
        candidates = candidates_a_centre(path.n_clusters)
        chosen = self.starts[candidates][: path.n_clusters]
        random_state = np.random.RandomState(self.seed)
        random_state.random_sample(1 + (path.n_clusters - 1) * candidates)
        best: list[Reached] = []
        for start in range(path.n_init):
            if start:
                chosen = self._draw(path.n_clusters, random_state)
            reached = Walk(
                self.rows,
                self.rows.X[chosen] - self.rows.mean,
                path.tols,
                tolerance=self.tolerance,
                spread=self.crew.spread,
                threads=self.threads,
                several=path.n_init > 1,
                alone=self.alone,
            ).run()
            best = [better_of(old, new, path.n_clusters) for old, new in zip(best, reached, strict=True)] if best else reached
        return tuple(
            Stop(tol, found.labels, found.centres + self.rows.mean, found.iterations, found.seconds)
            for tol, found in zip(path.tols, best, strict=True)
        )

    def tolerance(self, tol: float, exactly: bool) -> float:
        """Return the squared shift of the centres at which to stop; ``exactly`` is to scikit-learn's last bit."""
        if tol == 0:
            return 0.0
        if exactly:
            if self.variance is None:
                self.variance = float(np.mean(np.var(self.rows.X, axis=0)))
            return self.variance * tol
        return self.rows.squares / self.rows.scale**2 / self.rows.X.size * tol


def compile_kernels() -> None:
    """Compile every loop that a grid calls, for the arguments it is called with."""
    X = np.random.RandomState(0).normal(size=(600, 3))
    many = np.random.RandomState(0).normal(size=(17_000, 3))  # more than are walked in one call
    for n_clusters in (3, 300):
        for rows, tols, threads in ((X, (1e-2, 0.0), 1), (many, (1.0,), 2)):
            for result in kmeans_grid(rows, [Path(n_clusters, tols, 2)], seed=0, threads=threads):
                if result.error:
                    raise result.error
