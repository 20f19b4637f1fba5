"""Mini-batch k-means: scikit-learn's labels from both engines, and rows scored from the plain arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.preprocessing import StandardScaler

import segcore.clustering.algorithms.minibatch_kmeans as module
from segcore.clustering.algorithms.registry import algorithm
from tests.examples import few

SPEC = algorithm("minibatch_kmeans")
GRID = [{"n_clusters": k, "batch_size": size} for k in (1, 2, 5, 9) for size in (64, 1024)]


def sweep(X, points, engine, **options):
    found = list(SPEC.sweep(X, points, engine, **options))
    return [next(solution for solution in found if dict(solution.params) == point) for point in points]


def blobs(n_rows=3_000, n_features=4, seed=1):
    rows, _ = make_blobs(n_rows, n_features, centers=4, cluster_std=2.0, random_state=seed)
    return StandardScaler().fit_transform(rows)


def assert_alike(stock, shared):
    assert (stock.status, stock.reason) == (shared.status, shared.reason)
    if stock.status == "ok":
        np.testing.assert_array_equal(stock.labels, shared.labels)
        np.testing.assert_array_equal(stock.arrays["centres"], shared.arrays["centres"])
        assert stock.agreement == shared.agreement


@pytest.mark.parametrize("engine", ["stock", "shared"])
@pytest.mark.parametrize("n_rows", [500, 3_000, 20_000])
def test_labels_are_scikit_learns_own(engine, n_rows):
    X = blobs(n_rows)
    for point, solution in zip(GRID, sweep(X, GRID, engine, seed=3), strict=True):
        theirs = MiniBatchKMeans(**point, random_state=3).fit(X)
        np.testing.assert_array_equal(solution.labels, theirs.labels_)
        np.testing.assert_array_equal(solution.arrays["centres"], theirs.cluster_centers_)
        assert solution.agreement.value == 1.0


HOSTILE = {
    "60 features": blobs(1_200, 60),
    "duplicated points": np.repeat(blobs(20, 3), 100, axis=0),
    "all equal": np.full((1_500, 3), 2.5),
    "whole numbers": np.random.default_rng(7).integers(0, 3, (2_000, 2)).astype(float),
    "one far customer": np.vstack([blobs(1_500, 3), np.full((1, 3), 1e6)]),
    "far from 0": blobs() + 1e6,
    "tiny units": blobs() * 1e-6,
    "huge units": blobs() * 1e200,
    "few rows": np.random.default_rng(7).normal(size=(6, 3)),
    "one row": np.ones((1, 2)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_shared_is_stock_on_hostile_data_and_no_point_raises(name):
    X = HOSTILE[name]
    for stock, shared in zip(sweep(X, GRID, "stock"), sweep(X, GRID, "shared"), strict=True):
        assert_alike(stock, shared)
        assert (stock.status == "skipped") == (stock.params["n_clusters"] > len(X))


@settings(max_examples=few(20), deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(6, 4_000), st.integers(1, 3), st.booleans())
def test_shared_is_stock_whatever_the_rows(seed, n_features, n_rows, n_init, rounded):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)) + 3 * rng.integers(0, 3, (n_rows, 1))
    X = np.round(X) if rounded else X
    points = [{"n_clusters": k, "batch_size": size, "n_init": n_init} for k in (2, 6) for size in (10, 1024)]
    for stock, shared in zip(sweep(X, points, "stock", seed=seed), sweep(X, points, "shared", seed=seed), strict=True):
        assert_alike(stock, shared)


def test_far_from_0_the_labels_are_those_of_the_centred_data():
    X = blobs()
    for near, far in zip(sweep(X, GRID, "shared"), sweep(X + 1e6, GRID, "shared"), strict=True):
        assert np.mean(near.labels == far.labels) > 0.99


def test_held_out_rows_join_the_nearest_centre():
    rows = blobs()
    (solution,) = sweep(rows[:2_000], [{"n_clusters": 5, "batch_size": 256}], "shared")
    nearest = ((rows[2_000:, None] - solution.arrays["centres"][None]) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(SPEC.scoring.assign(rows[2_000:], solution.arrays, solution.params), nearest)
    assert len(np.unique(nearest)) == 5


def test_segments_without_customers_are_counted():
    for engine in ("stock", "shared"):
        (solution,) = sweep(np.full((50, 2), 3.0), [{"n_clusters": 3, "batch_size": 16}], engine)
        assert (solution.n_segments, solution.reason) == (1, "Only 1 of the 3 segments have customers.")


def test_the_draws_are_numpys_own_and_made_from_one_sum(monkeypatch):
    n_rows = 5_000
    chances = np.ones(n_rows) / n_rows
    cumulative = chances.cumsum()
    cumulative /= cumulative[-1]
    ours, theirs = module._Draws(4, cumulative), np.random.RandomState(4)
    for size, replace, p in (
        (64, True, chances),
        (None, True, chances),
        (7, False, None),
        (3, True, np.ones(10) / 10),
        (64, True, chances),
    ):
        rows = 10 if p is not None and len(p) == 10 else n_rows
        np.testing.assert_array_equal(ours.choice(rows, size, replace=replace, p=p), theirs.choice(rows, size, replace=replace, p=p))


def test_each_point_is_begun_once():
    begun = []
    assert len(list(SPEC.sweep(blobs(), GRID, "shared", progress=begun.append))) == len(GRID)
    assert sorted(begun) == list(range(len(GRID)))


def test_a_fit_that_goes_wrong_fails_with_the_reason(monkeypatch):
    def exhausted(*args, **options):
        raise MemoryError

    monkeypatch.setattr(module, "fit_estimator", exhausted)
    monkeypatch.setattr(module, "_fit_shared", exhausted)
    for engine in ("stock", "shared"):
        (solution,) = sweep(blobs(), [GRID[2]], engine)
        assert (solution.status, solution.reason) == ("failed", "There was not enough memory for this solution.")
