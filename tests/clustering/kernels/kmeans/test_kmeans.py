"""k-means paths: scikit-learn's labels, centres and iterations at every tolerance, ties and empty clusters included."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.datasets import make_blobs, make_moons
from sklearn.exceptions import ConvergenceWarning

from segcore.clustering.kernels.kmeans import crew, path, seeding, single_precision
from segcore.clustering.kernels.kmeans import grid as kmeans
from segcore.clustering.kernels.kmeans import literal as kmeans_literal
from segcore.clustering.kernels.kmeans import steps as kmeans_steps
from segcore.clustering.kernels.kmeans.grid import Path, kmeans_grid
from tests.examples import few

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TOLS = (1e-2, 1e-4, 0.0)
SEED = 5


def whole(count, task):
    return [task(0, count)]


def blobs(n_rows=900, n_features=6, centers=5, std=2.0, seed=0):
    return make_blobs(n_rows, n_features, centers=centers, cluster_std=std, random_state=seed)[0]


def grid(*sizes):
    return np.stack(np.meshgrid(*[np.arange(size, dtype=float) for size in sizes]), axis=-1).reshape(-1, len(sizes))


def far_customer():
    rows = blobs()
    rows[417] = 1e6
    return rows


ROWS = {
    "blobs": blobs(),
    "two features": blobs(n_features=2, std=4.0),
    "sixty features": blobs(n_features=60, std=6.0),
    "moons": make_moons(700, noise=0.05, random_state=1)[0],
    "copies of few rows": np.repeat(blobs(40), 20, axis=0),
    "five distinct rows": np.repeat(blobs(5), 30, axis=0),
    "square grid": grid(16, 16),
    "cubic grid": grid(7, 7, 7),
    "small whole numbers": np.random.default_rng(2).integers(0, 3, (800, 4)).astype(float),
    "tiny numbers": blobs() * 1e-6,
    "smaller than single precision": blobs() * 1e-60,
    "huge numbers": blobs() * 1e60,
    "one customer far away": far_customer(),
    "all customers equal": np.full((200, 3), 0.1),
    "shifted by a million": blobs() + 1e6,
    "one feature": blobs(n_features=1, std=4.0),
    "constant feature": np.column_stack([blobs(n_features=2), np.full(900, 7.0)]),
    "columns first": np.asfortranarray(blobs()),
}


def assert_as_scikit_learn(X, path, seed=SEED, **options):
    (result,) = kmeans_grid(X, [path], seed=seed, **options)
    assert result.error is None, result.error
    for tol, stop in zip(path.tols, result.stops, strict=True):
        theirs = KMeans(path.n_clusters, tol=tol, n_init=path.n_init, random_state=seed).fit(X)
        assert stop.tol == tol
        assert stop.labels.dtype == np.int32
        np.testing.assert_array_equal(stop.labels, theirs.labels_)
        np.testing.assert_array_equal(stop.centres, theirs.cluster_centers_)
        assert stop.iterations == theirs.n_iter_


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 8, 25])
@pytest.mark.parametrize("name", ROWS)
def test_labels_centres_and_iterations_are_scikit_learns(name, n_clusters):
    assert_as_scikit_learn(ROWS[name], Path(n_clusters, TOLS))


@pytest.fixture
def step_by_step(monkeypatch):
    """Have few rows walked as many rows are: one compiled call per step."""
    monkeypatch.setattr(crew.Crew, "is_alone", lambda *_: False)


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("name", ROWS)
def test_steps_that_other_threads_may_share_end_alike(name):
    assert_as_scikit_learn(ROWS[name], Path(8, TOLS, n_init=2))


@pytest.mark.parametrize("name", ["blobs", "square grid", "copies of few rows", "moons"])
def test_the_best_of_several_starts_is_scikit_learns(name):
    assert_as_scikit_learn(ROWS[name], Path(6, TOLS, n_init=5))


@pytest.mark.parametrize("n_rows", [2, 7, 40])
def test_as_many_clusters_as_rows(n_rows):
    for n_clusters in (n_rows - 1, n_rows):
        assert_as_scikit_learn(blobs(n_rows), Path(n_clusters, TOLS))


def test_rows_of_which_many_are_left_to_rounding():
    rows = np.random.default_rng(0).normal(size=(12_000, 3))
    rows[7] = 1e13
    assert_as_scikit_learn(rows, Path(4, (1e-4, 0.0)))


def test_more_clusters_than_a_byte_can_number():
    assert_as_scikit_learn(blobs(1500, 3), Path(300, (1e-3, 1e-5)))


def test_the_labels_do_not_depend_on_the_threads(monkeypatch):
    monkeypatch.setattr(crew, "_FEW_ROWS", 1)
    for threads in (1, 2, 3):
        assert_as_scikit_learn(blobs(5000, 4, std=5.0), Path(7, TOLS, n_init=2), threads=threads)


@settings(max_examples=few(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_small_table_of_few_values(data):
    n_features = data.draw(st.integers(1, 4))
    values = data.draw(st.sampled_from([st.integers(0, 2), st.integers(-3, 3), st.sampled_from([0.0, 0.1, 0.3, 1e3])]))
    rows = data.draw(st.lists(st.lists(values, min_size=n_features, max_size=n_features), min_size=3, max_size=60))
    X = np.array(rows, dtype=float)
    n_clusters, seed = data.draw(st.integers(1, min(len(X), 12))), data.draw(st.integers(0, 3))
    assert_as_scikit_learn(X, Path(n_clusters, (1e-2, 1e-4), n_init=data.draw(st.integers(1, 3))), seed=seed)


class TestGrid:
    def test_every_path_comes_once_with_its_tolerances_in_their_order(self):
        paths = [Path(3, (1e-4, 1e-1)), Path(2, (1e-1,)), Path(9, (0.0, 1e-3, 1e-3))]
        results = {result.path: result for result in kmeans_grid(blobs(), paths, seed=0)}
        assert set(results) == set(paths)
        assert all(tuple(stop.tol for stop in result.stops) == path.tols for path, result in results.items())

    def test_paths_are_begun_before_they_come_the_smallest_first_and_then_the_largest(self):
        begun = []
        results = kmeans_grid(blobs(), [Path(k, (1e-3,)) for k in (3, 2, 9, 4)], seed=0, threads=1, begin=begun.append)
        first = next(results)
        assert (first.path.n_clusters, [path.n_clusters for path in begun]) == (2, [2, 9])
        assert [result.path.n_clusters for result in results] == [9, 4, 3]

    def test_a_path_that_fails_says_why_and_the_others_go_on(self, monkeypatch):
        real = kmeans.Walk.run

        def run(walk):
            if walk.n_clusters == 3:
                raise MemoryError("no room")
            return real(walk)

        monkeypatch.setattr(kmeans.Walk, "run", run)
        results = {result.path.n_clusters: result for result in kmeans_grid(blobs(), [Path(2, (1e-3,)), Path(3, (1e-3,))], seed=0)}
        assert isinstance(results[3].error, MemoryError)
        assert (results[3].stops, results[2].error, len(results[2].stops)) == ((), None, 1)

    def test_rows_that_cannot_be_prepared_fail_every_path(self, monkeypatch):
        def broken(X, spread):
            raise MemoryError

        monkeypatch.setattr(kmeans, "prepare_rows", broken)
        results = list(kmeans_grid(blobs(), [Path(2, TOLS), Path(3, TOLS)], seed=0))
        assert [isinstance(result.error, MemoryError) for result in results] == [True, True]

    def test_rows_that_may_not_be_written_are_taken_too(self):
        X = blobs()
        X.flags.writeable = False
        assert_as_scikit_learn(X, Path(4, TOLS))

    def test_everything_is_compiled_beforehand(self):
        dispatchers = {
            name: found
            for module in (single_precision, kmeans_steps, kmeans_literal, seeding)
            for name, found in vars(module).items()
            if hasattr(found, "signatures") and hasattr(found, "py_func")
        }
        for module in (kmeans_steps, kmeans_literal, seeding, kmeans):
            module.compile_kernels()
        before = {name: len(found.signatures) for name, found in dispatchers.items()}
        for name in ("square grid", "five distinct rows", "one customer far away", "shifted by a million"):
            for n_clusters in (2, 6, 40):
                list(kmeans_grid(ROWS[name], [Path(n_clusters, TOLS, 2)], seed=0))
        list(kmeans_grid(blobs(1500, 3), [Path(300, (1e-3,))], seed=0))
        assert {name: len(found.signatures) for name, found in dispatchers.items()} == before
        assert before["assign"] == 2

    def test_the_rows_are_left_as_they_were(self):
        X = blobs()
        before = X.copy()
        list(kmeans_grid(X, [Path(4, TOLS)], seed=0))
        np.testing.assert_array_equal(X, before)


class TestSeeding:
    @pytest.mark.parametrize("n_clusters", [1, 2, 5, 20, 30])
    def test_starts_are_scikit_learns_without_its_help(self, n_clusters):
        X = blobs(4000, 9, std=6.0)
        rows = single_precision.prepare_rows(X, whole)
        chosen = seeding.Seeding(rows, whole).draw(n_clusters, np.random.RandomState(SEED))
        _, theirs = kmeans_plusplus(X - rows.mean, n_clusters, random_state=SEED)
        np.testing.assert_array_equal(chosen, theirs)

    def test_numbers_of_clusters_with_as_many_candidates_begin_alike(self):
        rows = single_precision.prepare_rows(blobs(), whole)
        longest = seeding.draw_starts(rows, 20, np.random.RandomState(SEED), whole)
        for n_clusters in (8, 13):
            assert seeding.candidates_a_centre(n_clusters) == seeding.candidates_a_centre(20)
            shorter = seeding.draw_starts(rows, n_clusters, np.random.RandomState(SEED), whole)
            np.testing.assert_array_equal(shorter, longest[:n_clusters])

    def test_where_rounding_could_choose_scikit_learn_draws(self):
        rows = single_precision.prepare_rows(np.full((50, 2), 0.1), whole)
        assert seeding.Seeding(rows, whole).draw(3, np.random.RandomState(SEED)) is None

    def test_the_random_numbers_go_on_where_scikit_learn_would(self):
        rows = single_precision.prepare_rows(blobs(), whole)
        ours, theirs = np.random.RandomState(SEED), np.random.RandomState(SEED)
        for _ in range(3):
            chosen = seeding.draw_starts(rows, 6, ours, whole)
            np.testing.assert_array_equal(chosen, kmeans_plusplus(rows.X - rows.mean, 6, random_state=theirs)[1])


class TestSteps:
    @pytest.mark.usefixtures("step_by_step")
    def test_most_rows_are_passed_over_once_the_centres_hardly_move(self, monkeypatch):
        looked = []
        real = path.assign

        def counting(*arguments):
            spent, labels, room = arguments[6:9]
            looked.append(int((spent[labels] > room).sum()))
            return real(*arguments)

        monkeypatch.setattr(path, "assign", counting)
        list(kmeans_grid(blobs(3000, 4, std=3.0), [Path(8, (0.0,))], seed=0, threads=1))
        assert looked[-1] < 300

    def test_scores_never_lie_above_the_true_ones(self):
        X = blobs(500, 21, std=5.0)
        rows = single_precision.prepare_rows(X, whole)
        centres = (X - rows.mean)[::50]
        panels = single_precision.empty_panels(10, 21, 16)
        single_precision.weigh(centres, rows.scale, 16, panels)
        panel = panels.reshape(-1, 16)
        scores = (panel[0] + rows.screened @ panel[1:])[:, :10].astype(float)
        near, apart = (X - rows.mean) * rows.scale, centres * rows.scale
        true = (apart**2).sum(axis=1) - 2 * near @ apart.T
        assert (scores <= true).all()
        assert (true - scores).max() < 1e-5


class TestLiterally:
    def test_an_empty_cluster_gets_the_row_farthest_from_its_centre(self):
        X = np.array([[0.0], [1.0], [2.0], [10.0]])
        centres = np.array([[1.0], [5.0], [50.0]])
        moved = kmeans_literal.means_of(X, np.zeros(1), np.array([0, 0, 0, 1], np.int32), centres, 1)
        np.testing.assert_array_equal(moved, [[1.0], [1.0], [10.0]])

    def test_the_same_clustering_under_other_numbers_is_recognised(self):
        first, second = np.array([0, 0, 1, 2], np.int32), np.array([2, 2, 0, 1], np.int32)
        assert kmeans_literal.same_clustering(first, second, 3)
        assert not kmeans_literal.same_clustering(first, np.array([2, 1, 0, 1], np.int32), 3)


def test_fewer_distinct_rows_than_clusters_warn_in_scikit_learn_only():
    with pytest.warns(ConvergenceWarning):
        KMeans(6, n_init=1, random_state=0).fit(ROWS["five distinct rows"])
    list(kmeans_grid(ROWS["five distinct rows"], [Path(6, TOLS)], seed=0))
