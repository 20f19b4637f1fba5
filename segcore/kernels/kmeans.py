"""k-means over a whole grid: one path a number of clusters, its tolerances stops on the way, scikit-learn's labels at each.

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
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from segcore.cores import usable_cores
from segcore.kernels import kmeans_literal as literal
from segcore.kernels.kmeans_steps import assign, empty_panels, lanes_for, move_centres, prepare_rows, relabel, weigh
from segcore.kernels.seeding import candidates_a_centre, draw_starts

MAX_ITER = 300
_ROUNDING = 2.0**-53
_FEW_ROWS = 16_384
_FEW_UNDECIDED = 1000
_NEAR_TOLERANCE = 1e-6


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
        Starts, of which the best is kept, for each tolerance by itself.
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
    largest first; once fewer are left than there are cores, the cores that are free take a share of the rows. The labels do not depend on
    the number of threads.
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
        waiting = sorted(paths, key=lambda path: path.n_clusters * path.n_init)
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


class Crew:
    """Threads that drive paths, and help one another where fewer paths run than there are threads.

    Parameters
    ----------
    size : int
        At least 1.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._drivers, self._helpers = ThreadPoolExecutor(size), ThreadPoolExecutor(max(1, size - 1))
        self._driving, self._lock = 0, Lock()

    def drive(self, task: Callable[..., PathResult], *arguments: Any) -> Future[PathResult]:
        """Start a path in a thread of its own."""
        with self._lock:
            self._driving += 1
        return self._drivers.submit(self._run, task, *arguments)

    def _run(self, task: Callable[..., PathResult], *arguments: Any) -> PathResult:
        try:
            return task(*arguments)
        finally:
            with self._lock:
                self._driving -= 1

    def spread(self, count: int, task: Callable[[int, int], Any], *, few: int = _FEW_ROWS) -> list[Any]:
        """Run ``task(start, stop)`` over parts of ``range(count)``, as many as cores are free; return what the parts return, in order."""
        parts = max(1, self.size // max(1, self._driving)) if count >= few else 1
        if parts == 1:
            return [task(0, count)]
        edges = [count * part // parts for part in range(parts + 1)]
        others = [self._helpers.submit(task, edges[part], edges[part + 1]) for part in range(1, parts)]
        return [task(edges[0], edges[1]), *(other.result() for other in others)]

    def dismiss(self) -> None:
        """Let the threads end."""
        self._drivers.shutdown(cancel_futures=True)
        self._helpers.shutdown(cancel_futures=True)


class _Grid:
    """The rows and what the paths share of them."""

    def __init__(self, X: np.ndarray, paths: Sequence[Path], seed: int, crew: Crew) -> None:
        self.crew, self.seed = crew, seed
        self.rows = prepare_rows(X, crew.spread)
        self.variance: float | None = None
        self.threads = literal.threads_of_scikit_learn()
        largest: dict[int, int] = {}
        for path in paths:
            candidates = candidates_a_centre(path.n_clusters)
            largest[candidates] = max(path.n_clusters, largest.get(candidates, 0))
        self.starts = {
            candidates: draw_starts(self.rows, n_clusters, np.random.RandomState(seed), self.spread_blocks)
            for candidates, n_clusters in largest.items()
        }

    def spread_blocks(self, count: int, task: Callable[[int, int], Any]) -> list[Any]:
        return self.crew.spread(count, task, few=16)

    def run(self, path: Path, shared_seconds: float) -> PathResult:
        """Return a path's result; whatever goes wrong stands in it."""
        try:
            return PathResult(path, self._best_of_starts(path), self.rows.mean, shared_seconds)
        except Exception as error:
            return PathResult(path, (), self.rows.mean, shared_seconds, error)

    def _best_of_starts(self, path: Path) -> tuple[Stop, ...]:
        candidates = candidates_a_centre(path.n_clusters)
        chosen = self.starts[candidates][: path.n_clusters]
        random_state = np.random.RandomState(self.seed)
        random_state.random_sample(1 + (path.n_clusters - 1) * candidates)
        best: list[_Reached] = []
        for start in range(path.n_init):
            if start:
                chosen = draw_starts(self.rows, path.n_clusters, random_state, self.spread_blocks)
            reached = _Walk(self, self.rows.X[chosen] - self.rows.mean, path.tols, several=path.n_init > 1).run()
            best = [_better(old, new, path.n_clusters) for old, new in zip(best, reached, strict=True)] if best else reached
        return tuple(
            Stop(tol, found.labels, found.centres + self.rows.mean, found.iterations, found.seconds)
            for tol, found in zip(path.tols, best, strict=True)
        )

    def tolerance(self, tol: float, *, exactly: bool = False) -> float:
        """Return the squared shift of the centres at which to stop; ``exactly`` is to scikit-learn's last bit."""
        if tol == 0:
            return 0.0
        if exactly:
            if self.variance is None:
                self.variance = float(np.mean(np.var(self.rows.X, axis=0)))
            return self.variance * tol
        return self.rows.squares / self.rows.scale**2 / self.rows.X.size * tol


@dataclass(slots=True, eq=False)
class _Reached:
    """Where one start stood at one tolerance; centres are those of the centred rows."""

    labels: np.ndarray
    centres: np.ndarray
    iterations: int
    seconds: float
    inertia: float


def _better(old: _Reached, new: _Reached, n_clusters: int) -> _Reached:
    """Return the start scikit-learn keeps, with the time of both."""
    seconds = old.seconds + new.seconds
    keep = new if new.inertia < old.inertia and not literal.same_clustering(new.labels, old.labels, n_clusters) else old
    return _Reached(keep.labels, keep.centres, keep.iterations, seconds, keep.inertia)


class _Walk:
    """Lloyd's iterations from one start.

    Parameters
    ----------
    grid : _Grid
    centres : ndarray of shape (n_clusters, n_features), float64
        Of the centred rows.
    tols : tuple of float
    several : bool
        Whether starts will be compared, which needs the inertia.
    """

    def __init__(self, grid: _Grid, centres: np.ndarray, tols: tuple[float, ...], *, several: bool) -> None:
        self.grid, self.rows, self.several = grid, grid.rows, several
        self.n_clusters, self.n_features = centres.shape
        n_rows = len(self.rows.X)
        self.centres, self.exact = centres, True
        self.labels = np.zeros(n_rows, np.uint8 if self.n_clusters <= 256 else np.int32)
        self.before = np.empty_like(self.labels)
        self.room, self.undecided = np.zeros(n_rows, np.float32), np.empty(n_rows, np.int64)
        self.spent = np.zeros(self.n_clusters)
        self.sums, self.counts = np.zeros(centres.shape), np.zeros(self.n_clusters, np.int64)
        self.traffic = np.zeros(self.n_clusters, np.int64)
        self.lanes = lanes_for(self.n_clusters)
        self.panels = empty_panels(self.n_clusters, self.n_features, self.lanes)
        # A sum of n numbers is off by at most n roundings of the sum of their sizes, scikit-learn's and this one.
        self.doubt = 20 * _ROUNDING * self.rows.norms / self.rows.scale
        self.hopeless = False
        self.tols = tols
        self.ahead = list(range(len(tols)))
        self.stopping: list[int] = []
        self.reached: dict[int, _Reached] = {}
        self.since = time.perf_counter()

    def run(self) -> list[_Reached]:
        """Walk until every tolerance has its clustering; return them in the order of ``tols``."""
        for iteration in range(MAX_ITER):
            changed = self._assign(first_time=iteration == 0)
            self._record(self.stopping, iteration)
            self.stopping = []
            if not self.ahead:
                break
            if self.counts.min() == 0 or self.hopeless:
                self._walk_literally(iteration)
                break
            if changed == 0:
                self._add_up()
                self._record(self.ahead, iteration + 1)
                break
            self._move()
        else:
            self._assign(first_time=False)
            self._be_exact()
            self._record([*self.stopping, *self.ahead], MAX_ITER)
        return [self.reached[position] for position in range(len(self.tols))]

    def _assign(self, *, first_time: bool) -> int:
        """Give each row the label of its nearest centre; return how many labels changed."""
        rows = self.rows
        np.copyto(self.before, self.labels)
        weigh(self.centres, rows.scale, self.lanes, self.panels)

        def part(start: int, stop: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
            moved, counts = np.zeros_like(self.sums), np.zeros((self.n_clusters, 2), np.int64)
            changed, doubtful = assign(
                rows.X,
                rows.mean,
                rows.screened,
                self.centres,
                self.panels,
                self.lanes,
                self.spent,
                self.labels,
                self.room,
                moved,
                counts,
                self.undecided,
                rows.scale,
                self.doubt,
                first_time,
                start,
                stop,
            )
            return changed, moved, counts, self.undecided[start : start + doubtful]

        changed, undecided = 0, []
        for part_changed, moved, counts, doubtful in self.grid.crew.spread(len(rows.X), part):
            changed += part_changed
            self._take_in(moved, counts)
            undecided.append(doubtful)
        doubtful = np.concatenate(undecided)
        self.hopeless = len(doubtful) > max(_FEW_UNDECIDED, len(rows.X) // 8)
        return changed + (self._settle(doubtful) if len(doubtful) else 0)

    def _settle(self, rows: np.ndarray) -> int:
        """Give the rows that double precision cannot decide scikit-learn's labels; return how many changed."""
        self._be_exact()
        X, mean = self.rows.X, self.rows.mean
        chunks, place = np.unique(rows // literal.CHUNK, return_inverse=True)
        labels = literal.label_chunks(X, mean, self.centres, chunks)[place * literal.CHUNK + rows % literal.CHUNK]
        moved, counts = np.zeros_like(self.sums), np.zeros((self.n_clusters, 2), np.int64)
        changed = relabel(X, mean, rows, labels, self.labels, moved, counts)
        self._take_in(moved, counts)
        return changed

    def _take_in(self, moved: np.ndarray, counts: np.ndarray) -> None:
        self.sums += moved
        self.counts += counts[:, 0]
        self.traffic += counts[:, 1]

    def _move(self) -> None:
        """Put the centres on the means of their rows, and see which tolerances stop here."""
        if (self.traffic > 8 * self.counts).any():
            # Sums from which most of what was added has been taken away again have lost digits.
            self._add_up(centres=False)
        old, new, shift = self.centres, np.empty_like(self.centres), np.empty(self.n_clusters)
        total = move_centres(self.sums, self.counts, old, self.rows.scale, new, shift, self.spent)
        error = 4 * self.doubt * (np.sqrt(self.n_clusters * total) + self.n_clusters * self.doubt)
        limits = np.array([self.grid.tolerance(self.tols[position]) for position in self.ahead])
        if (np.abs(total - limits) <= _NEAR_TOLERANCE * limits + error).any():
            self._be_exact()
            old = self.centres
            self._add_up()
            new = self.centres
            total = float((literal.shift_of(old, new) ** 2).sum())
            limits = np.array([self.grid.tolerance(self.tols[position], exactly=True) for position in self.ahead])
        self.centres, self.exact = new, False
        stops = total <= limits
        self.stopping = [position for position, stop in zip(self.ahead, stops, strict=True) if stop]
        self.ahead = [position for position, stop in zip(self.ahead, stops, strict=True) if not stop]
        if self.stopping:
            self._add_up()

    def _add_up(self, *, centres: bool = True) -> None:
        """Add up the rows of each cluster anew, as scikit-learn does, and put the centres on their means."""
        self.sums, counts = literal.ordered_sums(self.rows.X, self.rows.mean, self.labels, self.n_clusters, self.grid.threads)
        self.traffic[:] = 0
        if centres:
            self.centres, self.exact = self.sums * (1.0 / counts)[:, None], True

    def _be_exact(self) -> None:
        """Replace the centres by scikit-learn's: the means of the rows as they were labelled before the last assignment."""
        if not self.exact:
            sums, counts = literal.ordered_sums(self.rows.X, self.rows.mean, self.before, self.n_clusters, self.grid.threads)
            self.centres, self.exact = sums * (1.0 / counts)[:, None], True

    def _walk_literally(self, iteration: int) -> None:
        """Go on in scikit-learn's own steps, where a cluster has lost its last row or rounding decides about many rows."""
        self._be_exact()
        rows, labels = self.rows, self.labels
        before = self.before if iteration else None
        limits = [self.grid.tolerance(tol, exactly=True) for tol in self.tols]
        for number in range(iteration, MAX_ITER):
            if number > iteration:
                before, labels = labels, literal.label_rows(rows.X, rows.mean, self.centres)
                self.labels = labels
                self._record(self.stopping, number)
                self.stopping = []
                if not self.ahead:
                    return
            old = self.centres
            self.centres = literal.means_of(rows.X, rows.mean, labels, old, self.grid.threads)
            if before is not None and np.array_equal(labels, before):
                self._record(self.ahead, number + 1)
                return
            total = float((literal.shift_of(old, self.centres) ** 2).sum())
            self.stopping = [position for position in self.ahead if total <= limits[position]]
            self.ahead = [position for position in self.ahead if total > limits[position]]
        self.labels = literal.label_rows(rows.X, rows.mean, self.centres)
        self._record([*self.stopping, *self.ahead], MAX_ITER)

    def _record(self, positions: list[int], iterations: int) -> None:
        """Keep the labels and centres of now for some tolerances."""
        if not positions:
            return
        rows, centres = self.rows, self.centres.copy()
        inertia = literal.inertia(rows.X, rows.mean, centres, self.labels, self.grid.threads) if self.several else 0.0
        now = time.perf_counter()
        seconds, self.since = (now - self.since) / len(positions), now
        reached = _Reached(self.labels.astype(np.int32), centres, iterations, seconds, inertia)
        self.reached.update(dict.fromkeys(positions, reached))


def compile_kernels() -> None:
    """Compile every loop that a grid calls, for the arguments it is called with."""
    X = np.random.RandomState(0).normal(size=(600, 3))
    for n_clusters in (3, 300):
        for result in kmeans_grid(X, [Path(n_clusters, (1e-2, 0.0), 2)], seed=0, threads=1):
            if result.error:
                raise result.error
