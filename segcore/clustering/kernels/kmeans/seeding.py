"""k-means++ starts drawn as scikit-learn draws them, from passes over single-precision rows.

scikit-learn draws, for each further centre, ``2 + int(log(n_clusters))`` candidates with probability proportional to the squared distance
to the nearest centre, and keeps the one that lowers the sum of these distances most. With one seed, therefore, numbers of clusters with
the same number of candidates begin alike: one draw serves them all. A pass over the rows bounds what each candidate would gain; exact
distances are computed for the one chosen, and only where it may be nearer. Where rounding could change a choice, scikit-learn draws.

References
----------
Arthur and Vassilvitskii (2007), SODA, "k-means++: the advantages of careful seeding".
"""

from __future__ import annotations

import numpy as np
from numba import njit

from segcore.clustering.kernels.kmeans.scores import CANDIDATES, add_gains
from segcore.clustering.kernels.kmeans.single_precision import ROUNDING32, Rows, Spread, empty_panels, prepare_rows, weigh

BLOCK = 1024
_SHORT = 64
_ROUNDING64 = 2.0**-53


def candidates_a_centre(n_clusters: int) -> int:
    """Return how many candidates scikit-learn draws for each centre after the first."""
    return 2 + int(np.log(n_clusters))


@njit(cache=True, nogil=True)
def _join(
    X: np.ndarray,
    scale: float,
    row: int,
    number: int,
    wanted: int,
    marks: np.ndarray,
    closest: np.ndarray,
    nearest: np.ndarray,
    block_sums: np.ndarray,
    start: int,
    stop: int,
) -> None:
    """Add ``row`` as centre ``number``: in blocks ``start`` to ``stop``, update the rows whose ``marks`` have the bit ``wanted``."""
    n_rows, n_features = X.shape
    whole = n_features - n_features % 4
    for block in range(start, stop):
        first, last = block * BLOCK, min(n_rows, (block + 1) * BLOCK)
        for other in range(first, last):
            if not marks[other] & wanted:
                continue
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            for f in range(0, whole, 4):
                e, g = X[other, f] - X[row, f], X[other, f + 1] - X[row, f + 1]
                h, m = X[other, f + 2] - X[row, f + 2], X[other, f + 3] - X[row, f + 3]
                a += e * e
                b += g * g
                c += h * h
                d += m * m
            for f in range(whole, n_features):
                e = X[other, f] - X[row, f]
                a += e * e
            square = ((a + b) + (c + d)) * (scale * scale)
            if square < closest[other]:
                closest[other] = square
                nearest[other] = number
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for other in range(first, last - (last - first) % 4, 4):
            a += closest[other]
            b += closest[other + 1]
            c += closest[other + 2]
            d += closest[other + 3]
        for other in range(last - (last - first) % 4, last):
            a += closest[other]
        block_sums[block] = (a + b) + (c + d)


@njit(cache=True, nogil=True)
def _locate(values: np.ndarray, closest: np.ndarray, block_sums: np.ndarray, doubt: float, rows: np.ndarray) -> bool:
    """Fill ``rows`` with where the cumulative sum of ``closest`` reaches each value; tell whether none is within ``doubt`` of a step."""
    for index in range(len(values)):
        value, before, block = values[index], 0.0, 0
        while block < len(block_sums) - 1 and before + block_sums[block] < value:
            before += block_sums[block]
            block += 1
        row, last = block * BLOCK, len(closest) - 1
        while row < last and before + closest[row] < value:
            before += closest[row]
            row += 1
        rows[index] = row
        if value - before <= doubt or before + closest[row] - value <= doubt:
            return False
    return True


@njit(cache=True, nogil=True)
def _reach(X: np.ndarray, scale: float, chosen: np.ndarray, candidates: np.ndarray, reach: np.ndarray) -> None:
    """Fill ``reach`` (n_chosen,): rows of this centre up to this squared distance from it are not nearer to any candidate."""
    for j in range(len(chosen)):
        least = np.inf
        for candidate in candidates:
            square = 0.0
            for f in range(X.shape[1]):
                step = (X[chosen[j], f] - X[candidate, f]) * scale
                square += step * step
            least = min(least, square)
        reach[j] = 0.25 * least * (1 - 1e-9)


@njit(cache=True, nogil=True)
def _gains(
    screened: np.ndarray,
    n_features: int,
    panels: np.ndarray,
    reach: np.ndarray,
    closest: np.ndarray,
    nearest: np.ndarray,
    marks: np.ndarray,
    start: int,
    stop: int,
) -> tuple[np.ndarray, int, float, float]:
    """Return an upper bound of what each candidate takes off the distances of the rows in blocks ``start`` to ``stop``.

    ``marks`` gets a bit for each candidate that may be nearer than the nearest centre so far. With the gains (float64) come how many
    rows were looked at, the sum of their norms, and of their squared norms, from which the bound's width follows.
    """
    width = screened.shape[1]
    flat = screened.reshape(-1)
    n_panels = len(panels) // ((width + 1) * CANDIDATES)
    part = np.zeros(n_panels * CANDIDATES, np.float32)
    gains = np.zeros(len(part))
    looked, norms, squares = 0, 0.0, 0.0
    for row in range(start * BLOCK, min(len(closest), stop * BLOCK)):
        if closest[row] <= reach[nearest[row]]:
            marks[row] = 0
            continue
        norm = np.float64(screened[row, n_features])
        norms += norm
        squares += norm * norm
        most = np.float32((closest[row] - norm * norm) + 1e-6 * (closest[row] + norm * norm))
        bits = 0
        for panel in range(n_panels):
            bits |= add_gains(flat, row * width, width, panels, panel, most, part) << (panel * CANDIDATES)
        marks[row] = bits
        looked += 1
        # Single precision adds few numbers well; many would lose digits.
        if looked % _SHORT == 0:
            for j in range(len(part)):
                gains[j] += np.float64(part[j])
                part[j] = np.float32(0.0)
    for j in range(len(part)):
        gains[j] += np.float64(part[j])
    return gains, looked, norms, squares


@njit(cache=True, nogil=True)
def _exact_gain(X: np.ndarray, scale: float, row: int, wanted: int, marks: np.ndarray, closest: np.ndarray, start: int, stop: int) -> float:
    """Return what ``row`` as a centre takes off the distances of blocks ``start`` to ``stop``, in double precision."""
    total = 0.0
    for other in range(start * BLOCK, min(len(closest), stop * BLOCK)):
        if marks[other] & wanted:
            square = 0.0
            for f in range(X.shape[1]):
                step = (X[other, f] - X[row, f]) * scale
                square += step * step
            total += max(0.0, closest[other] - square)
    return total


@njit(cache=True, nogil=True)
def _extend(
    X: np.ndarray,
    mean: np.ndarray,
    screened: np.ndarray,
    scale: float,
    rounding: float,
    shares: np.ndarray,
    panels: np.ndarray,
    lanes: int,
    marks: np.ndarray,
    closest: np.ndarray,
    nearest: np.ndarray,
    block_sums: np.ndarray,
    chosen: np.ndarray,
    number: int,
    start: int,
    stop: int,
) -> int:
    """Choose centres from ``number`` on as long as one candidate is clearly the best; return the number of the first centre left open.

    Parameters
    ----------
    X, mean, screened, scale
        Of the `Rows`.
    rounding : float
        What rounding may add to a cumulative sum of ``closest``.
    shares : ndarray of shape (n_clusters - 1, n_candidates), float64
        Where each candidate is drawn, as a share of the sum of ``closest``.
    panels, lanes : ndarray, float32, and int
        Room for ``weigh``.
    marks, closest, nearest, block_sums
        As for ``_join``; updated.
    chosen : ndarray of shape (n_clusters,), int64
        Rows of the centres so far; filled.
    start, stop : int
        The first block, 0, and the number of blocks. As constants in here they would be one more type to compile ``_join`` for.
    """
    n_rows, n_features = X.shape
    n_candidates = shares.shape[1]
    drawn, reach, square = np.empty(n_candidates, np.int64), np.empty(len(chosen)), np.empty(n_candidates)
    centres = np.empty((n_candidates, n_features))
    while number < len(chosen):
        total = block_sums.sum()
        doubt = rounding + 2 * n_rows * _ROUNDING64 * total
        if not _locate(shares[number - 1] * total, closest, block_sums, doubt, drawn):
            return number
        for index in range(n_candidates):
            square[index] = 0.0
            for f in range(n_features):
                centres[index, f] = X[drawn[index], f] - mean[f]
                square[index] += centres[index, f] * centres[index, f]
        square *= scale * scale
        weigh(centres, scale, lanes, panels)
        _reach(X, scale, chosen[:number], drawn, reach)
        gains, looked, norms, squares = _gains(screened, n_features, panels, reach, closest, nearest, marks, start, stop)
        most, least = _gain_bounds(gains[:n_candidates], square, looked, norms, squares, n_features)
        contenders = np.flatnonzero(most >= least.max())
        if len(contenders) > 1:
            return number
        best = contenders[0]
        chosen[number] = drawn[best]
        _join(X, scale, chosen[number], number, 1 << best, marks, closest, nearest, block_sums, start, stop)
        number += 1
    return number


@njit(cache=True, nogil=True)
def _gain_bounds(
    gains: np.ndarray, square: np.ndarray, looked: int, norms: float, squares: float, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the most and the least that each candidate may gain, from what ``_gains`` returns and the candidates' squared norms."""
    width = 4 * (n_features + 10) * ROUNDING32 * (looked * square + 2 * norms * np.sqrt(square))
    least = gains * (1 - 2 * _SHORT * ROUNDING32) - width - 4e-6 * (squares + looked * square) - looked * 1e-35
    return gains * (1 + 2 * _SHORT * ROUNDING32), least


class Seeding:
    """One run of k-means++ on prepared rows.

    Parameters
    ----------
    rows : Rows
    spread : callable (count, task) -> list
        Runs ``task(start, stop)`` over parts of ``range(count)`` and returns what the parts return.
    alone : bool
        Whether ``spread`` never divides so few rows, so that many centres can be chosen in one compiled call.
    """

    def __init__(self, rows: Rows, spread: Spread, *, alone: bool = False) -> None:
        self.rows, self.spread, self.alone = rows, spread, alone
        n_rows = len(rows.X)
        self.blocks = -(-n_rows // BLOCK)
        self.closest = np.full(n_rows, np.inf)
        self.nearest = np.zeros(n_rows, np.int32)
        self.marks = np.ones(n_rows, np.uint32)
        self.sums = np.empty(self.blocks)

    def draw(self, n_clusters: int, random_state: np.random.RandomState) -> np.ndarray | None:
        """Return the rows (n_clusters,) that scikit-learn would draw, or ``None`` where rounding could have changed one."""
        rows, n_rows = self.rows, len(self.rows.X)
        candidates = candidates_a_centre(n_clusters)
        chosen = np.empty(n_clusters, np.int64)
        chosen[0] = random_state.choice(n_rows, p=np.ones(n_rows) / float(n_rows))
        self._join(chosen, 0, 1)
        square = float(((rows.X[chosen[0]] - rows.mean) ** 2).sum()) * rows.scale**2
        rounding = 8 * (rows.n_features + 10) * _ROUNDING64 * (rows.squares + n_rows * square)
        shares = random_state.uniform(size=(n_clusters - 1, candidates))
        number = 1
        while number < n_clusters:
            if self.alone:
                number = self._extend(chosen, number, shares, rounding)
                if number == n_clusters:
                    break
            total = float(self.sums.sum())
            doubt = rounding + 2 * n_rows * _ROUNDING64 * total
            drawn = np.empty(candidates, np.int64)
            if not _locate(shares[number - 1] * total, self.closest, self.sums, doubt, drawn):
                return None
            best = self._best(chosen[:number], drawn, doubt)
            if best is None:
                return None
            chosen[number] = drawn[best]
            self._join(chosen, number, 1 << best)
            number += 1
        return chosen

    def _extend(self, chosen: np.ndarray, number: int, shares: np.ndarray, rounding: float) -> int:
        rows = self.rows
        panels = empty_panels(shares.shape[1], rows.n_features, CANDIDATES)
        return _extend(
            rows.X,
            rows.mean,
            rows.screened,
            rows.scale,
            rounding,
            shares,
            panels,
            CANDIDATES,
            self.marks,
            self.closest,
            self.nearest,
            self.sums,
            chosen,
            number,
            0,
            self.blocks,
        )

    def _join(self, chosen: np.ndarray, number: int, wanted: int) -> None:
        rows = self.rows
        self.spread(
            self.blocks,
            lambda start, stop: _join(
                rows.X, rows.scale, chosen[number], number, wanted, self.marks, self.closest, self.nearest, self.sums, start, stop
            ),
        )

    def _best(self, chosen: np.ndarray, drawn: np.ndarray, doubt: float) -> int | None:
        """Return which candidate gains most, the first of equal rows, or ``None`` where ``doubt`` leaves it open."""
        rows, n_drawn = self.rows, len(drawn)
        panels, reach = empty_panels(n_drawn, rows.n_features, CANDIDATES), np.empty(len(chosen))
        centres = rows.X[drawn] - rows.mean
        weigh(centres, rows.scale, CANDIDATES, panels)
        _reach(rows.X, rows.scale, chosen, drawn, reach)
        parts = self.spread(
            self.blocks,
            lambda start, stop: _gains(rows.screened, rows.n_features, panels, reach, self.closest, self.nearest, self.marks, start, stop),
        )
        gains = sum(part[0] for part in parts)[:n_drawn]
        looked, norms, squares = (sum(part[index] for part in parts) for index in (1, 2, 3))
        square = np.einsum("ij,ij->i", centres, centres) * rows.scale**2
        most, least = _gain_bounds(gains, square, looked, norms, squares, rows.n_features)
        contenders = np.flatnonzero(most >= least.max())
        if len(contenders) > 1:
            contenders = _without_copies(rows.X[drawn[contenders]], contenders)
        if len(contenders) == 1:
            return int(contenders[0])
        exact = [sum(self._exact_gain(drawn[index], 1 << int(index))) for index in contenders]
        order = np.argsort(exact)[::-1]
        return int(contenders[order[0]]) if exact[order[0]] - exact[order[1]] > doubt else None

    def _exact_gain(self, row: int, wanted: int) -> list[float]:
        rows = self.rows
        return self.spread(
            self.blocks, lambda start, stop: _exact_gain(rows.X, rows.scale, row, wanted, self.marks, self.closest, start, stop)
        )


def _without_copies(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the numbers of the rows that equal no earlier one."""
    _, first = np.unique(rows, axis=0, return_index=True)
    return numbers[np.sort(first)]


def draw_starts(rows: Rows, n_clusters: int, random_state: np.random.RandomState, spread: Spread, *, alone: bool = False) -> np.ndarray:
    """Return the rows at which ``KMeans(n_clusters)`` would start with ``random_state``, which moves on as it would.

    Parameters
    ----------
    rows : Rows
    n_clusters : int
        At least 1, at most the number of rows.
    random_state : numpy.random.RandomState
    spread, alone : callable, bool
        As for ``Seeding``.

    Returns
    -------
    ndarray of shape (n_clusters,), int64
        Its first entries are the starts for every smaller number of clusters with as many candidates a centre.
    """
    before = random_state.get_state()
    chosen = Seeding(rows, spread, alone=alone).draw(n_clusters, random_state)
    if chosen is None:
        from sklearn.cluster import kmeans_plusplus

        random_state.set_state(before)
        _, chosen = kmeans_plusplus(rows.X - rows.mean, n_clusters, random_state=random_state)
    return np.asarray(chosen, np.int64)


def compile_kernels() -> None:
    """Compile every loop of this file for the arguments it is called with."""
    rows = prepare_rows(np.random.RandomState(0).normal(size=(40, 3)), lambda count, task: [task(0, count)])
    for alone in (True, False):
        seeding = Seeding(rows, lambda count, task: [task(0, count)], alone=alone)
        seeding.draw(3, np.random.RandomState(0))
    seeding._exact_gain(0, 1)
