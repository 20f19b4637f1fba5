"""k-means: scikit-learn's labels from stock, labels that nearest centres explain from both engines."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.quality.measures import inertia

KMEANS = algorithm("kmeans")
POINTS = [{"n_clusters": k, "tol": tol} for k in (1, 2, 5, 9) for tol in (1e-2, 1e-4)]


@pytest.fixture(scope="module")
def X():  # noqa: N802
    rows, _ = make_blobs(800, 6, centers=5, cluster_std=4.0, random_state=3)
    return StandardScaler().fit_transform(rows)


def sweep(X, points, engine="stock", **options):
    return list(KMEANS.sweep(X, points, engine, **options))


@pytest.mark.parametrize("n_init", [None, 4])
def test_stock_labels_are_scikit_learns_own(X, n_init):
    points = [point if n_init is None else {**point, "n_init": n_init} for point in POINTS]
    for point, solution in zip(points, sweep(X, points, seed=7), strict=True):
        theirs = KMeans(point["n_clusters"], tol=point["tol"], n_init=n_init or "auto", random_state=7).fit(X)
        np.testing.assert_array_equal(solution.labels, theirs.labels_)
        np.testing.assert_array_equal(solution.arrays["centres"], theirs.cluster_centers_)


@pytest.mark.parametrize("engine", ["stock", "intel"])
class TestEachEngine:
    def test_training_rows_get_their_training_labels(self, X, engine):
        for solution in sweep(X, POINTS, engine):
            np.testing.assert_array_equal(KMEANS.scoring.assign(X, solution.arrays, solution.params), solution.labels)

    def test_same_seed_gives_the_same_labels(self, X, engine):
        first, second = sweep(X, POINTS, engine, seed=3), sweep(X, POINTS, engine, seed=3)
        assert all(np.array_equal(a.labels, b.labels) for a, b in zip(first, second, strict=True))

    def test_separate_blobs_are_found(self, engine):
        rows, truth = make_blobs(600, 3, centers=[[0, 0, 0], [9, 0, 0], [0, 9, 0]], random_state=0)
        (solution,) = sweep(rows, [{"n_clusters": 3, "tol": 1e-4, "n_init": 10}], engine)
        assert adjusted_rand_score(truth, solution.labels) == 1.0
        assert solution.n_segments == 3

    def test_a_shift_far_from_the_origin_changes_nothing(self, X, engine):
        near = sweep(X, [{"n_clusters": 5, "tol": 1e-4}], engine)[0]
        far = sweep(X + 1e8, [{"n_clusters": 5, "tol": 1e-4}], engine)[0]
        assert adjusted_rand_score(near.labels, far.labels) > 0.99
        assert inertia(X, far.labels) == pytest.approx(inertia(X, near.labels), rel=1e-3)

    def test_more_clusters_than_rows_are_skipped_with_the_reason(self, X, engine):
        skipped, fitted = sweep(X[:4], [{"n_clusters": 5, "tol": 1e-4}, {"n_clusters": 2, "tol": 1e-4}], engine)
        assert (skipped.status, fitted.status) == ("skipped", "ok")
        assert skipped.reason == "n_clusters = 5 is more than the 4 rows."
        assert skipped.labels is None

    def test_as_many_clusters_as_rows_put_each_on_its_own(self, X, engine):
        (solution,) = sweep(X[:6], [{"n_clusters": 6, "tol": 1e-4}], engine)
        assert sorted(solution.sizes) == [1] * 6

    def test_fewer_distinct_rows_than_clusters_are_told(self, engine):
        rows = np.repeat([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]], 10, axis=0)
        (solution,) = sweep(rows, [{"n_clusters": 5, "tol": 1e-4}], engine)
        assert solution.status == "ok"
        assert solution.n_segments == 3
        assert solution.reason == "Only 3 of the 5 segments have customers, as there are no more distinct customers."

    def test_the_record_says_who_ran(self, X, engine):
        (solution,) = sweep(X, [{"n_clusters": 5, "tol": 1e-4}], engine, seed=11)
        assert (solution.engine, solution.seed) == (engine, 11)
        assert ("running accelerated version" in solution.evidence) == (engine == "intel")
        assert solution.fit_seconds > 0


def test_a_point_that_raises_fails_with_the_reason_and_the_others_go_on(X, monkeypatch):
    import segcore.clustering.algorithms.kmeans as module

    real = module.fit_estimator

    def sometimes(engine, name, rows, **params):
        if params["n_clusters"] == 3:
            raise MemoryError
        if params["n_clusters"] == 4:
            raise ValueError("something native broke.\nand a second line")
        return real(engine, name, rows, **params)

    monkeypatch.setattr(module, "fit_estimator", sometimes)
    solutions = sweep(X, [{"n_clusters": k, "tol": 1e-4} for k in (2, 3, 4, 5)])
    assert [solution.status for solution in solutions] == ["ok", "failed", "failed", "ok"]
    assert "not enough memory" in solutions[1].reason
    assert solutions[2].reason == "The fit stopped with ValueError: something native broke."


def test_points_are_begun_one_after_the_other_and_yielded_when_done(X):
    begun = []
    running = KMEANS.sweep(X, POINTS[:3], "stock", progress=begun.append)
    for done in range(3):
        next(running)
        assert begun == list(range(done + 1))


def test_new_rows_join_the_nearest_centre():
    arrays = {"centres": np.array([[0.0, 0.0], [10.0, 0.0]]), "origin": np.array([5.0, 0.0])}
    rows = np.array([[4.0, 3.0], [6.0, -3.0], [5.0, 0.0], [1e6, 0.0]])
    np.testing.assert_array_equal(KMEANS.scoring.assign(rows, arrays, {}), [0, 1, 0, 1])


def test_a_fit_that_did_not_settle_says_so(X, monkeypatch):
    import segcore.clustering.algorithms.kmeans as module

    monkeypatch.setattr(module, "_MAX_ITER", 1)
    (solution,) = sweep(X, [{"n_clusters": 5, "tol": 0.0}])
    assert "before it converged" in solution.reason
