"""HDBSCAN: a grid from one neighbour search, with the labels of scikit-learn's independent fits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from sklearn.cluster import HDBSCAN
from sklearn.datasets import make_blobs, make_moons

from segcore.clustering.algorithms.hdbscan import segment_levels
from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.kernels.density.reachability import block_rows, core_distances, nearest_reachable, spanning_tree
from tests.examples import few

SPEC = algorithm("hdbscan")
GRID = [{"min_cluster_size": size, "min_samples": samples} for size in (2, 5, 20) for samples in (1, 4, 15)]


def sweep(X, points, engine="shared", **options):
    return list(SPEC.sweep(X, points, engine, **options))


def theirs(X, point):
    return HDBSCAN(**point, copy=True).fit(X).labels_


def rows_of_many_kinds():
    rng = np.random.default_rng(0)
    blobs = make_blobs(300, 6, centers=5, cluster_std=2.0, random_state=1)[0]
    return {
        "blobs": blobs,
        "moons": make_moons(260, noise=0.06, random_state=0)[0],
        "duplicated rows": np.repeat(rng.normal(size=(40, 4)), 6, axis=0),
        "whole numbers": rng.integers(0, 6, (300, 2)).astype(float),
        "whole numbers in 5 features": rng.integers(0, 3, (300, 5)).astype(float),
        "60 features": rng.normal(size=(150, 60)),
        "tiny": blobs * 1e-6,
        "one far away": np.vstack((blobs, np.full(6, 1e7))),
        "all equal": np.ones((40, 3)),
        "one feature": rng.normal(size=(129, 1)),
    }


@pytest.mark.parametrize("kind", rows_of_many_kinds())
def test_labels_are_scikit_learns_own(kind):
    X = rows_of_many_kinds()[kind]
    for solution in sweep(X, GRID):
        np.testing.assert_array_equal(solution.labels, theirs(X, solution.params))
        assert solution.engine == "shared"


def test_a_shift_far_from_the_origin_changes_no_label():
    # Differences of the shifted rows are those of the same rows centred, to the bit.
    X = make_blobs(300, 20, centers=4, random_state=2)[0] + 1e6
    for solution in sweep(X, GRID):
        np.testing.assert_array_equal(solution.labels, theirs(X - X.mean(axis=0), solution.params))


@settings(max_examples=few(80), deadline=None)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(15, 90), st.integers(1, 3)), elements=st.integers(0, 4)),
    st.sets(st.tuples(st.integers(2, 8), st.integers(1, 9)), min_size=1, max_size=3),
)
def test_on_lattices_full_of_ties_labels_are_scikit_learns(rows, pairs):
    X = rows.astype(float)
    for solution in sweep(X, [{"min_cluster_size": size, "min_samples": samples} for size, samples in pairs]):
        np.testing.assert_array_equal(solution.labels, theirs(X, solution.params))


def test_stock_has_scikit_learns_labels_and_the_same_arrays_to_score_with():
    X = rows_of_many_kinds()["blobs"]
    for stock, shared in zip(sweep(X, GRID, "stock"), sweep(X, GRID), strict=True):
        np.testing.assert_array_equal(stock.labels, theirs(X, stock.params))
        assert (stock.params, stock.engine, stock.agreement) == (shared.params, "stock", shared.agreement)
        assert "sklearn.cluster.HDBSCAN" in stock.evidence
        for name in shared.arrays:
            np.testing.assert_array_equal(stock.arrays[name], shared.arrays[name])


def test_same_rows_give_the_same_solutions():
    X = make_blobs(2_500, 3, centers=4, cluster_std=2.0, random_state=0)[0]
    first, second = sweep(X, GRID[4:6]), sweep(X, GRID[4:6])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.labels, b.labels)
        assert a.agreement == b.agreement


class TestScoring:
    @pytest.mark.parametrize("kind", ["blobs", "moons", "60 features", "one feature"])
    def test_training_rows_get_their_labels_noise_too_but_for_one_a_segment(self, kind):
        X = rows_of_many_kinds()[kind]
        for solution in sweep(X, GRID):
            again = SPEC.scoring.assign(X, solution.arrays, solution.params)
            # The row whose core distance is a segment's level is in the segment or not by the order of equal edges.
            assert np.sum(again != solution.labels) <= solution.n_segments
            assert solution.agreement.value == np.mean(again == solution.labels)
            assert solution.agreement.is_exact

    @pytest.mark.parametrize("kind", ["whole numbers", "duplicated rows", "all equal"])
    def test_the_agreement_is_what_scoring_gives_where_distances_tie(self, kind):
        X = rows_of_many_kinds()[kind]
        for solution in sweep(X, GRID):
            again = SPEC.scoring.assign(X, solution.arrays, solution.params)
            assert solution.agreement.value == np.mean(again == solution.labels)

    def test_above_2000_rows_the_agreement_is_an_estimate_with_an_interval(self):
        X = make_blobs(2_600, 2, centers=3, cluster_std=3.0, random_state=0)[0]
        (solution,) = sweep(X, [{"min_cluster_size": 20, "min_samples": 5}])
        exact = np.mean(SPEC.scoring.assign(X, solution.arrays, solution.params) == solution.labels)
        assert solution.agreement.sample_size == 2_000
        assert not solution.agreement.is_exact
        assert solution.agreement.low <= exact <= solution.agreement.high

    def test_new_rows_in_a_crowd_join_it_and_rows_between_crowds_are_noise(self):
        rng = np.random.default_rng(0)
        X = np.vstack((rng.normal(0, 1, (80, 2)), rng.normal(20, 0.1, (80, 2))))
        point = {"min_cluster_size": 10, "min_samples": 5}
        (solution,) = sweep(X, [point])
        dense, wide = solution.labels[80], solution.labels[0]
        new = np.array([[0.1, 0.1], [20.0, 20.01], [10.0, 10.0], [1e6, 0.0]])
        np.testing.assert_array_equal(SPEC.scoring.assign(new, solution.arrays, point)[:2], [wide, dense])
        assert SPEC.scoring.assign(new, solution.arrays, point)[3] == -1

    def test_where_all_are_noise_new_rows_are_too(self):
        (solution,) = sweep(np.random.default_rng(0).normal(size=(60, 8)), [{"min_cluster_size": 30, "min_samples": 5}])
        assert solution.n_segments == 0
        assert solution.reason == "No two groups of 30 or more customers are separate from each other, so all are noise."
        np.testing.assert_array_equal(SPEC.scoring.assign(np.zeros((3, 8)), solution.arrays, solution.params), -1)

    def test_levels_are_the_reachabilities_to_the_nearest_row_outside(self):
        X = rows_of_many_kinds()["blobs"]
        blocks = block_rows(X)
        core = core_distances(X, blocks, [4])[0]
        labels = theirs(X, {"min_cluster_size": 5, "min_samples": 4})
        mutual = np.maximum(cdist(X, X), np.maximum(core[:, None], core))
        expected = [mutual[np.ix_(labels == segment, labels != segment)].min() for segment in range(labels.max() + 1)]
        assert len(expected) > 1
        np.testing.assert_allclose(segment_levels(spanning_tree(X, blocks, core), labels), expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ["shared", "stock"])
class TestEachEngine:
    @pytest.mark.parametrize("name", ["min_cluster_size", "min_samples"])
    def test_more_than_there_are_rows_is_skipped_and_the_others_go_on(self, engine, name):
        points = [{"min_cluster_size": 3, "min_samples": 3, name: 41}, {"min_cluster_size": 3, "min_samples": 3}]
        skipped, fitted = sweep(rows_of_many_kinds()["all equal"], points, engine)
        assert (skipped.status, skipped.reason) == ("skipped", f"{name} = 41 is more than the 40 rows.")
        assert fitted.status == "ok"

    def test_one_row_is_skipped_and_two_rows_are_noise(self, engine):
        (alone,) = sweep(np.ones((1, 2)), GRID[:1], engine)
        assert alone.reason == "HDBSCAN needs at least 2 customers, but there is 1."
        (pair,) = sweep(np.eye(2), GRID[:1], engine)
        assert (pair.status, pair.n_noise) == ("ok", 2)

    def test_distances_that_overflow_fail_in_one_sentence(self, engine):
        (solution,) = sweep(np.repeat([[0.0], [1e200], [-1e200]], 3, axis=0), GRID[:1], engine)
        assert solution.status == "failed"
        assert "distances overflow: scale the features." in solution.reason

    def test_every_point_is_begun_once(self, engine):
        begun = []
        points = [{"min_cluster_size": 99, "min_samples": 2}, *({"min_cluster_size": 3, "min_samples": m} for m in (2, 4))]
        sweep(rows_of_many_kinds()["all equal"], points, engine, progress=begun.append)
        assert sorted(begun) == [0, 1, 2]


def test_shared_work_is_told_once():
    times = []
    solutions = sweep(make_blobs(600, 5, random_state=0)[0], GRID, shared=times.append)
    assert len(times) == 1
    assert times[0] > max(solution.fit_seconds for solution in solutions)


def test_a_failure_in_what_is_shared_fails_every_point(monkeypatch):
    import segcore.clustering.algorithms.hdbscan as module

    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr(module, "_densities", exhausted)
    solutions = sweep(np.eye(20), GRID[:2])
    assert [solution.reason for solution in solutions] == ["There was not enough memory for this solution."] * 2


class TestKernels:
    @pytest.mark.parametrize("n_rows", [2, 3, 63, 64, 65, 300])
    def test_blocks_hold_every_row_once_within_its_box(self, n_rows):
        X = np.random.default_rng(n_rows).normal(size=(n_rows, 5))
        blocks = block_rows(X)
        assert sorted(blocks.holds.ravel()[blocks.holds.ravel() < n_rows]) == list(range(n_rows))
        for number, rows in enumerate(blocks.holds):
            inside = X[rows[rows < n_rows]]
            np.testing.assert_array_equal(blocks.values[number][:, : len(inside)], inside.T)
            assert (inside >= blocks.low[:, number]).all()
            assert (inside <= blocks.high[:, number]).all()

    def test_core_distances_are_the_sorted_distances_of_each_rank(self):
        X = np.random.default_rng(0).normal(size=(200, 7))
        found = core_distances(X, block_rows(X), [1, 6, 200])
        np.testing.assert_allclose(found, np.sort(cdist(X, X))[:, [0, 5, 199]].T, atol=1e-12)

    @pytest.mark.parametrize("kind", ["blobs", "whole numbers", "duplicated rows"])
    def test_the_tree_is_the_one_that_prims_algorithm_finds_edge_by_edge(self, kind):
        X = rows_of_many_kinds()[kind][:150]
        blocks = block_rows(X)
        core = core_distances(X, blocks, [5])[0]
        mutual = np.maximum(np.sqrt(sum((column[:, None] - column) ** 2 for column in X.T)), np.maximum(core[:, None], core))
        reach, source, current, expected = np.full(len(X), np.inf), np.zeros(len(X), dtype=int), 0, []
        outside = np.ones(len(X), dtype=bool)
        for _ in range(len(X) - 1):
            outside[current] = False
            better = mutual[current] < reach
            reach[better], source[better] = mutual[current][better], current
            current = int(np.argmin(np.where(outside, reach, np.inf)))
            expected.append((source[current], current, reach[current]))
        tree = spanning_tree(X, blocks, core)
        assert list(zip(tree.source, tree.target, tree.distance, strict=True)) == expected

    def test_the_nearest_by_reachability_answers_within_its_level_only(self):
        X = np.array([[0.0], [1.0], [5.0], [6.0]])
        labels, core = np.array([[0, 0, 1, -1]], dtype=np.int32), np.ones((1, 4))
        asking, near = np.array([[2.4], [3.1], [6.2], [0.5]]), np.full((1, 4), 1.5)
        wide, tight = np.full((1, 4), 3.0), np.full((1, 4), 1.45)
        np.testing.assert_array_equal(nearest_reachable(asking, near, block_rows(X), core, labels, wide), [[0, 1, 1, 0]])
        np.testing.assert_array_equal(nearest_reachable(asking, near, block_rows(X), core, labels, tight), [[-1, -1, -1, -1]])
