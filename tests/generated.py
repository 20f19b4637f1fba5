"""Data sets whose segments are known, to measure how often evidence finds them: ``generate(kind, seed)``."""

import zlib
from dataclasses import dataclass
from unittest import mock

import numpy as np
from scipy.stats import norm
from sklearn.metrics import silhouette_score

from segcore.clustering.algorithms.registry import algorithm
from segcore.records.evidence import PLACEBOS
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.sweeps.evidence import gather
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

PLANTED = (2, 3, 4, 5, 7)
VARIANTS = ("", ", irrelevant features", ", categories")
REPORTED = ("banana", "heavy tails", "sizes 10:1")
"""Kinds without a demand: what evidence says about them is only reported."""
FEWEST, MOST = 400, 2_000
FEWEST_PLANTED, SMALLEST_SEGMENT = 600, 60
LEAST_SILHOUETTE, MOST_SILHOUETTE = 0.22, 0.4
_HALVINGS = 20


@dataclass(frozen=True, eq=False)
class Generated:
    """One data set.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features), float64
    names : tuple of str
    kinds, blocks : tuple of str, one per feature
        See ``FeatureEntry``.
    labels : ndarray of shape (n_rows,), int, or None
        The planted segment of each row; ``None`` without segments.
    centres : ndarray of shape (n_segments, n_informative), float64, or None
        Their means. Within a segment every informative number has a standard deviation of 1.
    silhouette : float or None
        Of the planted labels in the informative numbers, scaled.
    """

    values: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    blocks: tuple[str, ...]
    labels: np.ndarray | None = None
    centres: np.ndarray | None = None
    silhouette: float | None = None

    @property
    def n_segments(self):
        """Number of planted segments; 1 if there are none."""
        return 1 if self.centres is None else len(self.centres)

    @property
    def nearest_centres(self):
        """Distance of the two nearest centres, in standard deviations; ``None`` without segments."""
        if self.centres is None:
            return None
        apart = np.linalg.norm(self.centres[:, None] - self.centres, axis=2)
        return float(apart[np.triu_indices(len(apart), 1)].min())

    def feature_table(self):
        """Return the data set as the table that a sweep reads."""
        described = zip(self.names, self.kinds, self.blocks, strict=True)
        return FeatureTable(
            values=np.ascontiguousarray(self.values, dtype=np.float64),
            names=self.names,
            customers=np.array([f"{row:05d}" for row in range(len(self.values))], dtype=object),
            copies=np.zeros(len(self.values), dtype=np.int32),
            dictionary=tuple(FeatureEntry(name, name, "", "", (block or name,), block=block, kind=kind) for name, kind, block in described),
        )


def of_columns(numbers, binaries=(), categories=(), **planted):
    """Return a data set of numbers, of 0/1 columns, and of the dummies of categorical columns given as codes."""
    columns, names = list(np.asarray(numbers).T), [f"number {at}" for at in range(np.shape(numbers)[1])]
    kinds, blocks = ["number"] * len(names), [""] * len(names)
    for at, column in enumerate(binaries):
        columns.append(column)
        names.append(f"binary {at}")
        kinds.append("binary")
        blocks.append("")
    for at, codes in enumerate(categories):
        for code in np.unique(codes):
            columns.append(codes == code)
            names.append(f"category {at}: {code}")
            kinds.append("dummy")
            blocks.append(f"category {at}")
    return Generated(np.column_stack(columns).astype(float), tuple(names), tuple(kinds), tuple(blocks), **planted)


def correlated(rng, n, d):
    """Return normal variables of one to three common factors, shape (n, d)."""
    loadings = rng.normal(size=(d, int(rng.integers(1, 4))))
    own = rng.uniform(0.3, 1.5, d)
    return rng.normal(size=(n, loadings.shape[1])) @ loadings.T + own * rng.normal(size=(n, d))


def uniform(rng, n):
    return of_columns(rng.uniform(size=(n, int(rng.integers(2, 9)))))


def one_gaussian(rng, n):
    return of_columns(rng.normal(size=(n, int(rng.integers(2, 9)))))


def correlated_gaussian(rng, n):
    return of_columns(correlated(rng, n, int(rng.integers(2, 21))))


def log_normal(rng, n):
    X = correlated(rng, n, int(rng.integers(2, 9)))
    return of_columns(np.exp(rng.uniform(0.4, 1.2) * X / X.std(axis=0)))


def binaries_of_one_factor(rng, n):
    d = int(rng.integers(6, 13))
    share = rng.uniform(0.3, 0.7, d)
    latent = np.sqrt(share) * rng.normal(size=(n, 1)) + np.sqrt(1 - share) * rng.normal(size=(n, d))
    return of_columns(np.empty((n, 0)), (latent < norm.ppf(rng.uniform(0.2, 0.8, d))).T)


def independent_categories(rng, n):
    numbers = correlated(rng, n, int(rng.integers(3, 7)))
    columns = [rng.choice(m, n, p=rng.dirichlet(np.full(m, 5.0))) for m in rng.integers(3, 6, int(rng.integers(1, 3)))]
    return of_columns(numbers, categories=columns)


def banana(rng, n):
    bent = rng.normal(size=n)
    others = rng.normal(size=(n, int(rng.integers(0, 4))))
    return of_columns(np.column_stack([bent, bent**2 + rng.uniform(0.2, 0.6) * rng.normal(size=n), others]))


def heavy_tails(rng, n):
    X = correlated(rng, n, int(rng.integers(2, 9)))
    return of_columns(X / np.sqrt(rng.chisquare(3, size=(n, 1)) / 3))


WITHOUT_SEGMENTS = {
    "uniform": uniform,
    "one Gaussian": one_gaussian,
    "correlated Gaussians": correlated_gaussian,
    "log-normal": log_normal,
    "0/1 columns of one factor": binaries_of_one_factor,
    "independent categories": independent_categories,
    "banana": banana,
    "heavy tails": heavy_tails,
}
WITH_SEGMENTS = {f"{k} segments{variant}": (k, variant) for variant in VARIANTS for k in PLANTED}
KINDS = (*(kind for kind in WITHOUT_SEGMENTS if kind not in REPORTED), *WITH_SEGMENTS, *REPORTED)


def generate(kind, seed, *, n=None):
    """Return a data set of a kind; equal kinds, seeds and sizes give equal data.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    seed : int
    n : int or None
        Number of rows; ``None`` draws it from 400 to 2,000 (planted segments: from 600).
    """
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    if kind in WITHOUT_SEGMENTS:
        return WITHOUT_SEGMENTS[kind](rng, n or int(rng.integers(FEWEST, MOST + 1)))
    n = n or int(rng.integers(FEWEST_PLANTED, MOST + 1))
    if kind == "sizes 10:1":
        k = int(rng.integers(2, 5))
        shares = np.geomspace(10, 1, k)
        return planted(rng, spread_out(n, shares / shares.sum()), "")
    k, variant = WITH_SEGMENTS[kind]
    sizes = np.zeros(k, dtype=int)
    while sizes.min() < min(SMALLEST_SEGMENT, n // (2 * k)):
        sizes = spread_out(n, rng.dirichlet(np.full(k, 8.0)))
    return planted(rng, sizes, variant)


def spread_out(n, shares):
    """Return whole sizes with about these shares that add up to ``n``."""
    sizes = np.floor(n * shares).astype(int)
    sizes[0] += n - sizes.sum()
    return sizes


def planted(rng, sizes, variant):
    """Return round segments of these sizes, as far apart as their silhouette of 0.22 to 0.4 asks for."""
    k, d = len(sizes), int(rng.integers(3, 9))
    labels = np.repeat(np.arange(k), sizes)
    directions = rng.normal(size=(k, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    within = rng.normal(size=(len(labels), d))
    wanted = rng.uniform(LEAST_SILHOUETTE, MOST_SILHOUETTE)
    low, high = 0.0, 20.0
    for _ in range(_HALVINGS):
        radius = (low + high) / 2
        low, high = (radius, high) if silhouette_of(directions[labels] * radius + within, labels) < wanted else (low, radius)
    centres = directions * radius
    numbers = centres[labels] + within
    truth = {"labels": labels, "centres": centres, "silhouette": float(silhouette_of(numbers, labels))}
    if variant == ", irrelevant features":
        return of_columns(np.hstack([numbers, rng.normal(size=numbers.shape)]), **truth)
    if variant == ", categories":
        return of_columns(numbers, [following(rng, labels, 2) for _ in range(2)], [following(rng, labels, 4)], **truth)
    return of_columns(numbers, **truth)


def silhouette_of(X, labels):
    return silhouette_score((X - X.mean(axis=0)) / X.std(axis=0), labels)


def following(rng, labels, n_codes):
    """Return codes that are their segment's own in 7 of 10 rows, and random ones in the others."""
    k = labels.max() + 1
    own = rng.permutation(np.arange(k) % n_codes)
    return np.where(rng.uniform(size=len(labels)) < 0.7, own[labels], rng.integers(0, n_codes, len(labels)))


def swept(data, home, *, sizes=range(2, 9), n_init=10, placebos=PLACEBOS):
    """Return the sweep of a data set with k-means and all evidence on it, made in a store at ``home`` as the product makes it."""
    store = Store(home)
    points = algorithm("kmeans").parse_grid([f"n_clusters={','.join(map(str, sizes))}", "tol=0.0001", f"n_init={n_init}"]).points()
    table = store.put_feature_table(data.feature_table())
    spec = make_spec(store, table, {"name": "generated", "kind": "customers"}, Plan(data.names), algorithm="kmeans", points=points)
    store.add_sweep(spec)
    run_sweep(store, spec.id)
    with mock.patch.object(gather, "PLACEBOS", placebos):
        gather.gather(store, spec.id, "all")
    return store.sweep(spec.id)
