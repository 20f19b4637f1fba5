"""DBSCAN: scikit-learn's labels, on any data, and new rows assigned by the rule that gives the training labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

import segcore.clustering.algorithms.dbscan as module
from segcore.clustering.algorithms.registry import algorithm
from tests.examples import few

SPEC = algorithm("dbscan")
GRID = [{"eps": eps, "min_samples": m} for eps in (0.3, 0.8, 1.6) for m in (3, 10, 40)]


def sweep(X, points, engine="stock", **options):
    return list(SPEC.sweep(X, points, engine, **options))


@pytest.fixture(scope="module", params=[3, 12, 21], ids="{} features".format)
def X(request):  # noqa: N802
    rows, _ = make_blobs(700, request.param, centers=4, cluster_std=2.5, random_state=1)
    rows[:50] = rows[50:100]
    return StandardScaler().fit_transform(rows)


def test_stock_labels_are_scikit_learns_own(X):
    for point, solution in zip(GRID, sweep(X, GRID), strict=True):
        np.testing.assert_array_equal(solution.labels, DBSCAN(**point).fit(X).labels_)


@pytest.mark.parametrize("engine", ["stock", "intel"])
class TestEachEngine:
    def test_training_rows_get_their_training_labels(self, X, engine):
        for solution in sweep(X, GRID, engine):
            np.testing.assert_array_equal(SPEC.scoring.assign(X, solution.arrays, solution.params), solution.labels)

    def test_far_from_the_origin_the_labels_stay(self, X, engine):
        for near, far in zip(sweep(X, GRID, engine), sweep(X + 1e6, GRID, engine), strict=True):
            assert adjusted_rand_score(near.labels, far.labels) > 0.999

    def test_all_noise_is_a_solution_that_says_so(self, X, engine):
        (solution,) = sweep(X, [{"eps": 1e-9, "min_samples": 60}], engine)
        assert (solution.status, solution.n_segments, solution.noise_share) == ("ok", 0, 1.0)
        assert "all are noise" in solution.reason
        np.testing.assert_array_equal(SPEC.scoring.assign(X, solution.arrays, solution.params), -1)

    def test_one_segment_is_a_solution(self, X, engine):
        (solution,) = sweep(X, [{"eps": 100.0, "min_samples": 2}], engine)
        assert (solution.n_segments, solution.n_noise) == (1, 0)

    def test_the_record_says_who_ran(self, X, engine):
        assert {solution.engine for solution in sweep(X, GRID, engine)} == {engine}


def test_a_shift_keeps_whole_numbers_exact_and_ties_at_eps_ties():
    rows = np.arange(60.0).reshape(30, 2) % 7
    near, far = (sweep(X, [{"eps": 1.0, "min_samples": 3}])[0] for X in (rows, rows + 2.0**40))
    np.testing.assert_array_equal(near.labels, DBSCAN(eps=1.0, min_samples=3).fit(rows).labels_)
    np.testing.assert_array_equal(near.labels, far.labels)


def test_rows_spread_too_wide_for_squared_norms_are_compared_coordinate_by_coordinate():
    rng = np.random.default_rng(0)
    rows = rng.normal(scale=0.1, size=(300, 20))
    rows[150:, 0] += 1e9
    for engine in ("stock", "intel"):
        (solution,) = sweep(rows, [{"eps": 1.5, "min_samples": 5}], engine)
        assert solution.sizes == (150, 150)
        assert solution.engine == "stock"
        assert ("intel was requested" in solution.evidence) == (engine == "intel")


def test_neighbours_that_would_not_fit_fail_beforehand_and_the_others_go_on():
    X = np.random.default_rng(0).normal(size=(2_000, 2))
    many, few = sweep(X, [{"eps": 9.0, "min_samples": 5}, {"eps": 0.01, "min_samples": 2}], memory=4_000_000)
    assert (many.status, few.status) == ("failed", "ok")
    assert "choose a smaller eps" in many.reason
    assert "not enough memory" in many.reason


def test_a_fit_that_runs_out_of_memory_fails_with_the_reason(monkeypatch):
    def exhausted(*args, **options):
        raise MemoryError

    monkeypatch.setattr(module, "fit_estimator", exhausted)
    (solution,) = sweep(np.eye(5), [{"eps": 1.0, "min_samples": 2}])
    assert (solution.status, solution.reason) == ("failed", "There was not enough memory for this solution.")


def test_a_new_row_takes_the_lowest_label_within_eps_even_where_another_is_nearer():
    arrays = {"core_points": np.array([[0.0], [2.0], [2.2]]), "core_labels": np.array([0, 1, 1], dtype=np.int32)}
    rows = np.array([[1.0], [1.01], [3.2], [3.3], [-1.0]])
    np.testing.assert_array_equal(SPEC.scoring.assign(rows, arrays, {"eps": 1.0}), [0, 1, 1, -1, 0])


@settings(max_examples=few(60), deadline=None)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(12, 40), st.integers(1, 3)), elements=st.integers(0, 4)),
    st.sampled_from([1.0, 2.0, 2**0.5]),
    st.integers(2, 6),
)
def test_on_lattices_full_of_ties_labels_and_assignment_are_scikit_learns(rows, eps, min_samples):
    X = rows.astype(float)
    (solution,) = sweep(X, [{"eps": eps, "min_samples": min_samples}])
    theirs = DBSCAN(eps=eps, min_samples=min_samples).fit(X)
    np.testing.assert_array_equal(solution.labels, theirs.labels_)
    np.testing.assert_array_equal(SPEC.scoring.assign(X, solution.arrays, solution.params), theirs.labels_)
