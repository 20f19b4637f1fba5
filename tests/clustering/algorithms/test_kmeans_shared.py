"""k-means, engine shared: stock's labels, centres, reasons and iterations at every point, in whatever order the points come."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_blobs, make_moons

from segcore.clustering.algorithms.registry import algorithm
from segcore.records.grid import point_key
from tests.examples import few

KMEANS = algorithm("kmeans")
POINTS = [{"n_clusters": k, "tol": tol} for k in (2, 5, 1, 9) for tol in (1e-4, 1e-2, 1e-5)]


def blobs(n_rows=600, n_features=5, std=2.5, seed=4):
    return make_blobs(n_rows, n_features, centers=6, cluster_std=std, random_state=seed)[0]


def with_one_far_away(rows):
    rows = rows.copy()
    rows[len(rows) // 2] += 1e6
    return rows


ROWS = {
    "blobs": blobs(),
    "two features": blobs(n_features=2),
    "sixty features": blobs(n_features=60),
    "moons": make_moons(500, noise=0.05, random_state=0)[0],
    "every row five times": np.repeat(blobs(80), 5, axis=0),
    "a whole-number grid": np.argwhere(np.ones((12, 12))).astype(float),
    "scaled by a millionth": blobs() * 1e-6,
    "one customer far away": with_one_far_away(blobs()),
    "all customers equal": np.full((60, 4), 3.7),
    "shifted by a million": blobs() + 1e6,
}


def sweep(X, points, engine, **options):
    return {point_key(solution.params): solution for solution in KMEANS.sweep(X, points, engine, **options)}


def assert_as_stock(X, points, seed=0):
    shared, stock = sweep(X, points, "shared", seed=seed), sweep(X, points, "stock", seed=seed)
    assert shared.keys() == stock.keys() == {point_key(point) for point in points}
    for key, theirs in stock.items():
        ours = shared[key]
        assert (ours.status, ours.reason, ours.sizes, ours.seed) == (theirs.status, theirs.reason, theirs.sizes, theirs.seed)
        if theirs.labels is None:
            assert ours.labels is None
            continue
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        for name in ("centres", "origin", "iterations"):
            np.testing.assert_array_equal(ours.arrays[name], theirs.arrays[name])


@pytest.mark.parametrize("name", ROWS)
def test_every_point_is_stocks(name):
    assert_as_stock(ROWS[name], POINTS)


@pytest.mark.parametrize("name", ["blobs", "a whole-number grid", "every row five times"])
def test_several_starts_are_stocks(name):
    assert_as_stock(ROWS[name], [{**point, "n_init": n_init} for point in POINTS[:6] for n_init in (1, 4)], seed=3)


def test_as_many_segments_as_rows_and_more():
    points = [{"n_clusters": k, "tol": 1e-4} for k in (11, 12, 13)]
    assert_as_stock(blobs(12), points)


@settings(max_examples=few(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    n_rows=st.integers(2, 120),
    n_features=st.integers(1, 8),
    decimals=st.sampled_from([0, 1, 12]),
    n_clusters=st.integers(1, 14),
    seed=st.integers(0, 50),
)
def test_any_rows_at_any_rounding_are_stocks(n_rows, n_features, decimals, n_clusters, seed):
    X = np.random.default_rng(seed).normal(size=(n_rows, n_features)).round(decimals)
    assert_as_stock(X, [{"n_clusters": n_clusters, "tol": tol} for tol in (1e-3, 0.0)], seed=seed)


def test_a_path_is_begun_at_all_its_points_before_any_of_them_comes():
    begun, came = [], []
    for solution in KMEANS.sweep(blobs(), POINTS, "shared", progress=begun.append):
        came.append(solution.params)
        assert {position for position, point in enumerate(POINTS) if point["n_clusters"] == solution.params["n_clusters"]} <= set(begun)
    assert sorted(begun) == list(range(len(POINTS)))
    assert len(came) == len(POINTS)


def test_a_path_that_raises_fails_at_all_its_points_and_the_others_go_on(monkeypatch):
    from segcore.clustering.kernels.kmeans import grid as kernel

    real = kernel.Walk.run

    def run(walk):
        if walk.n_clusters == 5:
            raise ValueError("something native broke.\nand a second line")
        return real(walk)

    monkeypatch.setattr(kernel.Walk, "run", run)
    for solution in sweep(blobs(), POINTS, "shared").values():
        assert solution.status == ("failed" if solution.params["n_clusters"] == 5 else "ok")
        if solution.status == "failed":
            assert solution.reason == "The fit stopped with ValueError: something native broke."


def test_the_record_says_who_ran_and_what_each_took():
    shared = []
    solutions = sweep(blobs(), POINTS, "shared", seed=11, shared=shared.append)
    assert len(shared) == 1
    assert shared[0] > 0
    for solution in solutions.values():
        assert (solution.engine, solution.seed) == ("shared", 11)
        assert solution.evidence.startswith("segcore ")
        assert "labels as scikit-learn " in solution.evidence
        assert solution.fit_seconds > 0


def test_training_rows_get_their_training_labels():
    X = blobs()
    for solution in sweep(X, POINTS, "shared").values():
        np.testing.assert_array_equal(KMEANS.scoring.assign(X, solution.arrays, solution.params), solution.labels)


def test_a_fit_that_did_not_settle_says_so(monkeypatch):
    from segcore.clustering.algorithms import kmeans
    from segcore.clustering.kernels.kmeans import path

    monkeypatch.setattr(path, "MAX_ITER", 1)
    monkeypatch.setattr(kmeans, "_MAX_ITER", 1)
    (solution,) = sweep(blobs(), [{"n_clusters": 5, "tol": 0.0}], "shared").values()
    assert "before it converged" in solution.reason
