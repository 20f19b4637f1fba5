"""Ward: one tree for every number of segments, with the labels of scikit-learn's independent fits."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import make_blobs, make_moons

import segcore.clustering.algorithms.ward as module
from segcore.clustering.algorithms.registry import algorithm
from tests.examples import few

WARD = algorithm("ward")
POINTS = [{"n_clusters": k} for k in (1, 2, 3, 7, 30)]


def sweep(X, points, engine="shared", **options):
    return list(WARD.sweep(X, points, engine, **options))


def theirs(X, n_clusters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a few rows can look like a matrix of distances
        return AgglomerativeClustering(n_clusters, linkage="ward").fit(X).labels_


def rows_of_many_kinds():
    rng = np.random.default_rng(0)
    blobs = make_blobs(300, 6, centers=5, random_state=1)[0]
    return {
        "blobs": blobs,
        "moons": make_moons(250, noise=0.05, random_state=0)[0],
        "duplicated rows": np.repeat(rng.normal(size=(40, 4)), 5, axis=0),
        "whole numbers": rng.integers(0, 5, (300, 3)).astype(float),
        "60 features": rng.normal(size=(120, 60)),
        "tiny": blobs * 1e-6,
        "one far away": np.vstack((blobs, np.full(6, 1e7))),
        "all equal": np.ones((40, 3)),
    }


@pytest.mark.parametrize("kind", rows_of_many_kinds())
def test_labels_are_scikit_learns_own_whoever_is_asked(kind):
    X = rows_of_many_kinds()[kind]
    for shared, stock in zip(sweep(X, POINTS), sweep(X, POINTS, "stock"), strict=True):
        np.testing.assert_array_equal(shared.labels, theirs(X, shared.params["n_clusters"]))
        np.testing.assert_array_equal(stock.labels, shared.labels)
        for name in shared.arrays:
            np.testing.assert_array_equal(stock.arrays[name], shared.arrays[name])


def test_a_shift_far_from_the_origin_changes_no_label():
    # Differences of the shifted rows are those of the same rows centred, to the bit.
    X = make_blobs(300, 20, centers=4, random_state=2)[0] + 1e6
    for solution in sweep(X, POINTS):
        np.testing.assert_array_equal(solution.labels, theirs(X - X.mean(axis=0), solution.params["n_clusters"]))


@settings(max_examples=few(60), deadline=None)
@given(hnp.arrays(np.int64, st.tuples(st.integers(2, 30), st.integers(1, 3)), elements=st.integers(0, 3)), st.data())
def test_on_lattices_full_of_ties_labels_and_their_numbers_are_scikit_learns(rows, data):
    X = rows.astype(float)
    points = [{"n_clusters": k} for k in data.draw(st.sets(st.integers(1, len(X)), min_size=1))]
    for solution in sweep(X, points):
        np.testing.assert_array_equal(solution.labels, theirs(X, solution.params["n_clusters"]))


def test_training_rows_get_their_training_labels():
    X = make_blobs(400, 3, centers=4, cluster_std=4.0, random_state=0)[0]
    for solution in sweep(X, POINTS):
        np.testing.assert_array_equal(WARD.scoring.assign(X, solution.arrays, solution.params), solution.labels)
        assert solution.agreement is None


def test_where_equal_customers_are_parted_it_is_said_and_the_agreement_measured():
    X = np.repeat([[0.0], [1.0]], [3, 1], axis=0)
    (solution,) = sweep(X, [{"n_clusters": 3}])
    again = WARD.scoring.assign(X, solution.arrays, solution.params)
    assert solution.agreement.value == np.mean(again == solution.labels) == 0.75
    assert solution.reason == "Only 2 customers are distinct, so some with equal values are in different segments."


def test_a_new_customer_joins_its_nearest_customers_segment_the_first_of_equals():
    arrays = {"rows": np.array([[0.0], [2.0], [9.0]]), "row_labels": np.array([1, 0, 2], dtype=np.int32)}
    np.testing.assert_array_equal(WARD.scoring.assign(np.array([[0.9], [1.0], [1.1], [-50.0], [6.0]]), arrays, {}), [1, 1, 0, 1, 2])


@pytest.mark.parametrize("engine", ["shared", "stock"])
class TestEachEngine:
    def test_more_segments_than_rows_are_skipped_and_the_others_go_on(self, engine):
        skipped, fitted = sweep(np.eye(3), [{"n_clusters": 4}, {"n_clusters": 2}], engine)
        assert (skipped.status, skipped.reason) == ("skipped", "n_clusters = 4 is more than the 3 rows.")
        assert fitted.status == "ok"

    def test_one_row_is_skipped_with_the_reason_and_two_rows_can_be_parted(self, engine):
        (alone,) = sweep(np.ones((1, 2)), [{"n_clusters": 1}], engine)
        assert alone.reason == "Hierarchical clustering needs at least 2 customers, but there is 1."
        one, two = sweep(np.eye(2), [{"n_clusters": 1}, {"n_clusters": 2}], engine)
        assert (one.sizes, two.sizes) == ((2,), (1, 1))

    def test_distances_that_would_not_fit_fail_before_they_are_made(self, engine, monkeypatch):
        monkeypatch.setattr(module, "fit_estimator", None)
        X = np.broadcast_to(np.zeros(2), (50_000, 2))
        solutions = sweep(X, POINTS[:2], engine, memory=10**9)
        assert {solution.status for solution in solutions} == {"failed"}
        assert (
            "between all pairs of 50,000 customers need about 18.6 GiB, but only 0.9 GiB is free: cluster fewer rows" in solutions[0].reason
        )

    def test_distances_that_overflow_fail_in_one_sentence(self, engine):
        (solution,) = sweep(np.array([[0.0], [1e200], [-1e200]]), [{"n_clusters": 2}], engine)
        assert solution.status == "failed"
        assert solution.reason.count("\n") == 0

    def test_every_point_is_begun_once(self, engine):
        begun = []
        assert len(sweep(np.eye(4), [{"n_clusters": k} for k in (9, 2, 3)], engine, progress=begun.append)) == 3
        assert sorted(begun) == [0, 1, 2]

    def test_the_record_says_who_ran(self, engine):
        (solution,) = sweep(np.eye(4), [{"n_clusters": 2}], engine)
        assert solution.engine == engine
        assert "scikit-learn 1." in solution.evidence


def test_the_tree_is_built_once_and_its_time_is_told_as_shared():
    times, X = [], make_blobs(500, 5, random_state=0)[0]
    solutions = sweep(X, POINTS, shared=times.append)
    assert len(times) == 1
    assert times[0] > max(solution.fit_seconds for solution in solutions)


def test_the_top_of_the_tree_holds_every_row_once_and_each_branch_in_one_segment():
    X = make_blobs(300, 4, centers=5, random_state=1)[0]
    for solution in sweep(X, [{"n_clusters": k} for k in (1, 3, 30, 80)]):
        arrays, n_clusters = solution.arrays, solution.params["n_clusters"]
        n_branches = max(50, n_clusters + 1)
        assert arrays["tree_children"].shape == (n_branches - 1, 2)
        assert sorted(arrays["tree_children"].ravel()) == list(range(2 * n_branches - 2))
        assert (np.diff(arrays["tree_heights"]) >= 0).all()
        np.testing.assert_array_equal(
            np.bincount(arrays["branch_labels"], arrays["branch_sizes"], minlength=n_clusters), np.bincount(solution.labels)
        )


def test_heights_are_the_roots_of_twice_the_inertia_that_merges_add():
    X = np.array([[0.0], [2.0], [10.0]])
    (solution,) = sweep(X, [{"n_clusters": 2}])
    # {0, 2} add 2 to the inertia; {0, 2} and {10}, 9 apart, add 2 * 1 / 3 * 81 = 54.
    np.testing.assert_allclose(solution.arrays["tree_heights"], [2.0, np.sqrt(2 * 54.0)])
