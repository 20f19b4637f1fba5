"""Layouts on a plane that keep neighbours together: t-SNE and UMAP of any matrix, the same in every process."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from segcore.errors import DataError
from segcore.segments.maps.principal_plane import principal_plane
from segcore.system.cores import usable_cores
from segcore.wording.findings import refusal

Progress = Callable[[float], None]
NeighbourMethod = Literal["tsne", "umap"]
PERPLEXITY = 30.0
"""Of t-SNE: about how many neighbours a customer has."""
N_NEIGHBORS = 15
"""Of UMAP, the customer included."""
MOST_LAID_OUT = 50_000
LEAST = 4
"""Fewest different customers: with three, every layout keeps all neighbours."""
_FIRST_FFT = 10_000  # customers from which t-SNE's interpolation is faster than its tree
_FIRST_THREADED = 5_000  # with fewer customers, threads wait for each other longer than they save, above all on a busy machine
_EARLY, _LATE = 250, 500  # iterations of t-SNE with and without exaggeration, as in openTSNE
_EVERY = 10
_PLACED_BY = 3
_CHUNK_ROWS = 20_000
_SEARCHED, _LAID_OUT = 0.1, 0.75  # shares of the work done after searching and after the layout, if other customers are placed afterwards


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourLayout:
    """Customers on a plane, neighbours close together.

    Parameters
    ----------
    places : ndarray of shape (n_customers, 2), float64
        Customers with equal values have the same position.
    different : int
        Number of different customers.
    laid_out : int
        How many of these were laid out together; the others were placed among them.
    """

    places: np.ndarray
    different: int
    laid_out: int


def neighbour_layout(
    X: np.ndarray,
    method: NeighbourMethod,
    *,
    most: int = MOST_LAID_OUT,
    n_neighbors: int = N_NEIGHBORS,
    min_dist: float = 0.1,
    seed: int = 0,
    progress: Progress = lambda share: None,
) -> NeighbourLayout:
    """Lay customers out on a plane by t-SNE or UMAP.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Finite, and scaled for distances between customers.
    method : {"tsne", "umap"}
    most : int
        How many different customers are laid out together, at least 4. With more customers, this is a random sample, and each other
        customer is put at the median position of the three nearest customers in it.
    n_neighbors, min_dist : int, float
        Of UMAP: at least 2, and at least 0.
    seed : int
        Of the sample and of the layout: the same seed gives the same positions, whatever the order of the customers and the number of
        cores.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    DataError
        If fewer than four customers differ.

    Notes
    -----
    Both begin with the two principal components, which preserves more of the arrangement of groups than a random start. Neighbours are
    exact. t-SNE has the perplexity 30, or a third of the number of other customers if there are fewer than 90; the exaggeration 12 for 250
    of 750 iterations; the learning rate n / 12. UMAP runs on one core, because its positions would not be reproducible on several. With
    t-SNE, two cores took 20 s for 10,000 customers with 20 features and 80 s for 50,000; UMAP took half of that, after compiling for 6 s.
    Placing 350,000 more took 40 s; memory stays below 1 GB.

    References
    ----------
    van der Maaten and Hinton (2008), JMLR 9. Linderman et al. (2019), Nature Methods 16. Poličar et al. (2024), JSS 109 (openTSNE).
    McInnes et al. (2018), arXiv:1802.03426. Kobak and Linderman (2021), Nature Biotechnology 39 (initialization).
    """
    rows, customers = np.unique(X, axis=0, return_inverse=True)
    n = len(rows)
    if n < LEAST:
        raise refusal("map.too_few", kind=DataError, method=method, different=n, least=LEAST)
    rows = rows - rows.mean(axis=0)
    rows /= float(np.abs(rows).max())  # layouts do not depend on the unit, and so no square overflows
    draw = np.random.default_rng(seed)
    chosen = np.arange(n) if n <= most else np.sort(draw.choice(n, most, replace=False))
    end = 1.0 if len(chosen) == n else _LAID_OUT
    begin = _beginning(rows[chosen], draw)
    lay_out = _tsne if method == "tsne" else partial(_umap, n_neighbors=n_neighbors, min_dist=min_dist)
    found = lay_out(rows[chosen], begin, seed, lambda share: progress(end * (_SEARCHED + (1 - _SEARCHED) * share)))
    places = np.empty((n, 2))
    places[chosen] = found - found.mean(axis=0)
    others = np.setdiff1d(np.arange(n), chosen, assume_unique=True)
    if len(others):
        places[others] = _placed(rows[chosen], places[chosen], rows[others], lambda share: progress(end + (1 - end) * share))
    progress(1.0)
    return NeighbourLayout(places[customers.reshape(-1)], n, len(chosen))


def _beginning(rows: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return the principal components, scaled to a standard deviation of 1 along the first, plus noise that breaks up a line."""
    places = principal_plane(rows).places
    return places / places[:, 0].std() + draw.normal(scale=0.01, size=places.shape)


def _nearest(among: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances and positions of the ``k`` nearest, ascending, each of shape (n_rows, k)."""
    from sklearn.neighbors import NearestNeighbors

    # Exact, at the speed of matrix products: with 20 features ten times as fast as a k-d tree.
    found: tuple[np.ndarray, np.ndarray] = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(among).kneighbors(rows)
    return found


def _tsne(rows: np.ndarray, begin: np.ndarray, seed: int, progress: Progress) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    n = len(rows)
    threads = usable_cores() if n >= _FIRST_THREADED else 1
    perplexity = min(PERPLEXITY, (n - 1) / 3)
    distances, neighbours = _nearest(rows, rows, min(int(3 * perplexity), n - 1) + 1)
    progress(0.0)
    index = PrecomputedNeighbors(*_without_self(neighbours, distances))
    affinities = PerplexityBasedNN(perplexity=perplexity, knn_index=index, n_jobs=threads)
    embedding = TSNEEmbedding(
        1e-4 * begin,
        affinities,
        negative_gradient_method="fft" if n >= _FIRST_FFT else "bh",
        n_jobs=threads,
        random_state=seed,
    )
    before = 0

    def report(iteration: int, divergence: float, places: np.ndarray) -> None:
        progress((before + iteration) / (_EARLY + _LATE))

    told = {"inplace": True, "callbacks": report, "callbacks_every_iters": _EVERY}
    embedding.optimize(_EARLY, exaggeration=12, momentum=0.5, **told)
    before = _EARLY
    embedding.optimize(_LATE, momentum=0.8, **told)
    return np.asarray(embedding, dtype=np.float64)


def _without_self(neighbours: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Remove each row from its own neighbours; because of rounding, it need not be the first."""
    own = neighbours == np.arange(len(neighbours))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(neighbours), neighbours.shape[1] - 1)
    return neighbours[~own].reshape(shape), distances[~own].reshape(shape)


def _umap(rows: np.ndarray, begin: np.ndarray, seed: int, progress: Progress, *, n_neighbors: int, min_dist: float) -> np.ndarray:
    n_neighbors = min(n_neighbors, len(rows))
    distances, neighbours = _nearest(rows, rows, n_neighbors)
    progress(0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it cannot transform new customers without its own index, which is not needed
        from umap import UMAP

        fitted = UMAP(
            n_neighbors=n_neighbors,
            min_dist=min_dist,
            init=begin.astype(np.float32),
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(neighbours.astype(np.int32), distances.astype(np.float32), None),
            force_approximation_algorithm=True,  # otherwise, it computes all distances again if there are few customers
            tqdm_kwds={"disable": False, "file": _Epochs(progress), "bar_format": "{n} {total}", "desc": ""},
        ).fit(rows.astype(np.float32))
    return np.asarray(fitted.embedding_, dtype=np.float64)


class _Epochs:
    """Text file into which UMAP's progress bar writes "12 200"; it has no other way to report progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> None:
        """Report the share of epochs that are done."""
        parts = text.split()
        if len(parts) == 2 and all(part.isdigit() for part in parts) and int(parts[1]):
            self._progress(int(parts[0]) / int(parts[1]))

    def flush(self) -> None:
        """Do nothing: the file keeps no text."""


def _placed(among: np.ndarray, places: np.ndarray, rows: np.ndarray, progress: Progress) -> np.ndarray:
    """Return, for each row, the median position of its nearest rows among those that were laid out."""
    found = np.empty((len(rows), 2))
    for start in range(0, len(rows), _CHUNK_ROWS):
        _, nearest = _nearest(among, rows[start : start + _CHUNK_ROWS], _PLACED_BY)
        found[start : start + _CHUNK_ROWS] = np.median(places[nearest], axis=1)
        progress(min(start + _CHUNK_ROWS, len(rows)) / len(rows))
    return found
