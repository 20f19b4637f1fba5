"""One path of k-means: Lloyd's iterations from one start, with the clustering at each tolerance it passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segcore.clustering.kernels.kmeans import literal
from segcore.clustering.kernels.kmeans.march import march
from segcore.clustering.kernels.kmeans.single_precision import Rows, Spread, empty_panels, lanes_for, weigh
from segcore.clustering.kernels.kmeans.steps import assign, move_centres, relabel

MAX_ITER = 300
_ROUNDING = 2.0**-53
_FEW_UNDECIDED = 1000
_NEAR_TOLERANCE = 1e-6


@dataclass(slots=True, eq=False)
class Reached:
    """Where one start stood at one tolerance; centres are those of the centred rows."""

    labels: np.ndarray
    centres: np.ndarray
    iterations: int
    seconds: float
    inertia: float


def better_of(old: Reached, new: Reached, n_clusters: int) -> Reached:
    """Return the start scikit-learn keeps, with the time of both."""
    seconds = old.seconds + new.seconds
    keep = new if new.inertia < old.inertia and not literal.same_clustering(new.labels, old.labels, n_clusters) else old
    return Reached(keep.labels, keep.centres, keep.iterations, seconds, keep.inertia)


class Walk:
    """Lloyd's iterations from one start.

    Parameters
    ----------
    rows : Rows
    centres : ndarray of shape (n_clusters, n_features), float64
        Of the centred rows.
    tols : tuple of float
    tolerance : callable (tol, exactly) -> float
        The squared shift of the centres at which to stop, on demand to scikit-learn's last bit.
    spread : callable (count, task) -> list
        Runs ``task(start, stop)`` over parts of ``range(count)`` and returns what the parts return.
    threads : int
        scikit-learn's, which set the order in which it adds.
    several : bool
        Whether starts will be compared, which needs the inertia.
    alone : bool
        Whether no other thread will take a share of the rows, so that many iterations can be one compiled call; with few rows the calls
        between iterations would take four times as long as the iterations. The result is the same.
    """

    def __init__(
        self,
        rows: Rows,
        centres: np.ndarray,
        tols: tuple[float, ...],
        *,
        tolerance: Callable[[float, bool], float],
        spread: Spread,
        threads: int,
        several: bool,
        alone: bool = False,
    ) -> None:
        self.alone = alone
        self.rows, self.tolerance, self.spread, self.threads, self.several = rows, tolerance, spread, threads, several
        self.n_clusters, self.n_features = centres.shape
        n_rows = len(self.rows.X)
        self.centres, self.moved, self.exact = centres, np.empty_like(centres), True
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
        self.reached: dict[int, Reached] = {}
        self.since = time.perf_counter()

    def run(self) -> list[Reached]:
        """Walk until every tolerance has its clustering; return them in the order of ``tols``."""
        iteration = 0
        while iteration < MAX_ITER:
            iteration, changed, total = self._march(iteration) if self.alone else (iteration, self._assign(first_time=iteration == 0), None)
            if total is not None:
                self._look_at_shift(total)
                iteration += 1
                continue
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
            iteration += 1
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
        for part_changed, moved, counts, doubtful in self.spread(len(rows.X), part):
            changed += part_changed
            self._take_in(moved, counts)
            undecided.append(doubtful)
        return changed + self._decide(np.concatenate(undecided))

    def _march(self, iteration: int) -> tuple[int, int, float | None]:
        """Assign and move until something has to be decided, in one call.

        Returns
        -------
        (iteration, changed, total) : tuple
            The iteration reached, and how many labels it changed. ``total`` is the squared shift to ``self.moved`` if the last step was
            to move the centres, ``None`` if it was to assign the rows.
        """
        rows, begun = self.rows, iteration
        # An assignment after which a tolerance stops is recorded before anything moves.
        going_on = bool(self.ahead) and not self.stopping
        limit = max(self.tolerance(self.tols[position], False) for position in self.ahead) if going_on else -1.0
        iteration, changed, doubtful, total = march(
            rows.X,
            rows.mean,
            rows.screened,
            self.centres,
            self.moved,
            self.panels,
            self.lanes,
            self.spent,
            self.labels,
            self.before,
            self.room,
            self.sums,
            self.counts,
            self.traffic,
            self.undecided,
            rows.scale,
            self.doubt,
            _NEAR_TOLERANCE,
            limit,
            self.threads,
            iteration,
            MAX_ITER - 1,
            0,
            len(rows.X),
        )
        self.exact = self.exact and iteration == begun
        if total >= 0:
            return iteration, changed, total
        return iteration, changed + self._decide(self.undecided[:doubtful]), None

    def _decide(self, doubtful: np.ndarray) -> int:
        """Settle the rows that double precision cannot decide; return how many labels changed."""
        self.hopeless = len(doubtful) > max(_FEW_UNDECIDED, len(self.rows.X) // 8)
        return self._settle(doubtful) if len(doubtful) else 0

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
        shift = np.empty(self.n_clusters)
        self._look_at_shift(move_centres(self.sums, self.counts, self.centres, self.rows.scale, self.moved, shift, self.spent))

    def _look_at_shift(self, total: float) -> None:
        """Take the moved centres, whose squared shift is ``total``, and see which tolerances stop here."""
        old, new = self.centres, self.moved
        error = 4 * self.doubt * (np.sqrt(self.n_clusters * total) + self.n_clusters * self.doubt)
        limits = np.array([self.tolerance(self.tols[position], False) for position in self.ahead])
        if (np.abs(total - limits) <= _NEAR_TOLERANCE * limits + error).any():
            self._be_exact()
            old = self.centres
            self._add_up()
            new = self.centres
            total = float((literal.shift_of(old, new) ** 2).sum())
            limits = np.array([self.tolerance(self.tols[position], True) for position in self.ahead])
            self.moved = old
        else:
            self.centres, self.moved = new, old
        self.exact = False
        stops = total <= limits
        self.stopping = [position for position, stop in zip(self.ahead, stops, strict=True) if stop]
        self.ahead = [position for position, stop in zip(self.ahead, stops, strict=True) if not stop]
        if self.stopping:
            self._add_up()

    def _add_up(self, *, centres: bool = True) -> None:
        """Add up the rows of each cluster again, as scikit-learn does, and put the centres on their means."""
        self.sums, counts = literal.ordered_sums(self.rows.X, self.rows.mean, self.labels, self.n_clusters, self.threads)
        self.traffic[:] = 0
        if centres:
            self.centres, self.exact = self.sums * (1.0 / counts)[:, None], True

    def _be_exact(self) -> None:
        """Replace the centres by scikit-learn's: the means of the rows as they were labelled before the last assignment."""
        if not self.exact:
            sums, counts = literal.ordered_sums(self.rows.X, self.rows.mean, self.before, self.n_clusters, self.threads)
            self.centres, self.exact = sums * (1.0 / counts)[:, None], True

    def _walk_literally(self, iteration: int) -> None:
        """Go on in scikit-learn's own steps, where a cluster has lost its last row or rounding decides about many rows."""
        self._be_exact()
        rows, labels = self.rows, self.labels
        before = self.before if iteration else None
        limits = [self.tolerance(tol, True) for tol in self.tols]
        for number in range(iteration, MAX_ITER):
            if number > iteration:
                before, labels = labels, literal.label_rows(rows.X, rows.mean, self.centres)
                self.labels = labels
                self._record(self.stopping, number)
                self.stopping = []
                if not self.ahead:
                    return
            old = self.centres
            self.centres = literal.means_of(rows.X, rows.mean, labels, old, self.threads)
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
        inertia = literal.inertia(rows.X, rows.mean, centres, self.labels, self.threads) if self.several else 0.0
        now = time.perf_counter()
        seconds, self.since = (now - self.since) / len(positions), now
        reached = Reached(self.labels.astype(np.int32), centres, iterations, seconds, inertia)
        self.reached.update(dict.fromkeys(positions, reached))
