"""Gaussian mixture: scikit-learn's labels and criteria from both engines, and rows scored from the plain arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

import segcore.clustering.algorithms.gaussian_mixture as module
from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.algorithms.side_by_side import side_by_side
from tests.examples import few

SPEC = algorithm("gaussian_mixture")
TYPES = ("full", "tied", "diag", "spherical")
GRID = [{"n_components": k, "covariance_type": shape} for k in (1, 2, 4, 7) for shape in TYPES]


def sweep(X, points, engine, **options):
    found = list(SPEC.sweep(X, points, engine, **options))
    return [next(solution for solution in found if dict(solution.params) == point) for point in points]


def blobs(n_rows=500, n_features=4, seed=1):
    rows, _ = make_blobs(n_rows, n_features, centers=4, cluster_std=2.0, random_state=seed)
    return StandardScaler().fit_transform(rows)


def assert_alike(stock, shared):
    assert (stock.status, stock.reason) == (shared.status, shared.reason)
    if stock.status != "ok":
        return
    np.testing.assert_array_equal(stock.labels, shared.labels)
    for name in ("bic", "aic"):
        assert shared.criteria[name] == pytest.approx(stock.criteria[name], rel=1e-9)
    for name, array in stock.arrays.items():
        # With several BLAS threads stock's own last digits depend on their number.
        np.testing.assert_allclose(array, shared.arrays[name], rtol=1e-6, atol=1e-9 * max(1.0, np.abs(array).max()))
    assert stock.agreement == shared.agreement


@pytest.mark.parametrize("engine", ["stock", "shared"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_labels_and_criteria_are_scikit_learns_own(engine):
    X = blobs()
    for point, solution in zip(GRID, sweep(X, GRID, engine, seed=3), strict=True):
        theirs = GaussianMixture(**point, random_state=3).fit(X)
        np.testing.assert_array_equal(solution.labels, theirs.predict(X))
        assert solution.criteria == {"bic": pytest.approx(theirs.bic(X), rel=1e-9), "aic": pytest.approx(theirs.aic(X), rel=1e-9)}
        assert int(solution.arrays["iterations"][0]) == theirs.n_iter_
        assert solution.agreement.value == 1.0


def hostile(name):
    rng = np.random.default_rng(7)
    return {
        "60 features": blobs(300, 60),
        "duplicated points": np.repeat(blobs(20, 3), 15, axis=0),
        "all equal": np.full((40, 3), 2.5),
        "whole numbers": rng.integers(0, 3, (200, 2)).astype(float),
        "one far customer": np.vstack([blobs(200, 3), np.full((1, 3), 1e6)]),
        "far from 0": blobs() + 1e6,
        "tiny units": blobs() * 1e-6,
        "huge units": blobs() * 1e200,
        "a constant feature": np.column_stack([blobs(), np.full(500, 7.0)]),
        "few rows": rng.normal(size=(5, 3)),
        "one row": np.ones((1, 2)),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "60 features", "duplicated points", "all equal", "whole numbers", "one far customer", "far from 0", "tiny units",
        "huge units", "a constant feature", "few rows", "one row",
    ],
)  # fmt: skip
def test_shared_is_stock_on_hostile_data_and_no_point_raises(name):
    X = hostile(name)
    for stock, shared in zip(sweep(X, GRID, "stock"), sweep(X, GRID, "shared"), strict=True):
        assert_alike(stock, shared)
        assert (stock.status == "skipped") == (len(X) < max(2, stock.params["n_components"]))


@settings(max_examples=few(15), deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(6, 120), st.integers(1, 3), st.booleans())
def test_shared_is_stock_whatever_the_rows(seed, n_features, n_rows, n_init, rounded):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)) + 3 * rng.integers(0, 3, (n_rows, 1))
    X = np.round(X) if rounded else X
    points = [{"n_components": k, "covariance_type": shape, "n_init": n_init} for k in (2, 6) for shape in TYPES]
    for stock, shared in zip(sweep(X, points, "stock", seed=seed), sweep(X, points, "shared", seed=seed), strict=True):
        assert_alike(stock, shared)


def test_far_from_0_the_labels_are_those_of_the_centred_data():
    X = blobs()
    for near, far in zip(sweep(X, GRID, "shared"), sweep(X + 1e6, GRID, "shared"), strict=True):
        assert np.mean(near.labels == far.labels) > 0.999
        np.testing.assert_allclose(far.arrays["means"] - 1e6, near.arrays["means"], atol=1e-6)
        assert far.agreement.value > 0.999


def test_nothing_depends_on_the_number_of_threads(monkeypatch):
    X = blobs(300, 5)
    monkeypatch.setattr(module, "usable_cores", lambda: 1)
    alone = sweep(X, GRID, "shared")
    monkeypatch.setattr(module, "usable_cores", lambda: 3)
    for one, three in zip(alone, sweep(X, GRID, "shared"), strict=True):
        assert_alike(one, three)


@pytest.mark.parametrize("shape", TYPES)
def test_held_out_rows_are_scored_by_hand_from_the_arrays(shape):
    from scipy.stats import multivariate_normal

    rows = blobs(600, 3)
    X, new = rows[:400], rows[400:]
    (solution,) = sweep(X, [{"n_components": 4, "covariance_type": shape}], "shared")
    arrays, d = solution.arrays, X.shape[1]
    by_density, by_steps = np.empty((len(new), 4)), np.empty((len(new), 4))
    for i in range(4):
        covariance = {
            "full": lambda i=i: arrays["covariances"][i],
            "tied": lambda: arrays["covariances"],
            "diag": lambda i=i: np.diag(arrays["covariances"][i]),
            "spherical": lambda i=i: np.eye(d) * arrays["covariances"][i],
        }[shape]()
        by_density[:, i] = arrays["weights"][i] * multivariate_normal(arrays["means"][i], covariance).pdf(new)
        # The words of ``steps``, one by one.
        away = new - arrays["means"][i]
        P = arrays["precisions_cholesky"] if shape == "tied" else arrays["precisions_cholesky"][i]
        z = away @ P if shape in ("full", "tied") else away * P
        det = {"full": lambda P: P.diagonal().prod(), "diag": lambda P: P.prod(), "spherical": lambda P: P**d}.get(
            shape, lambda P: P.diagonal().prod()
        )(P)
        by_steps[:, i] = np.log(arrays["weights"][i]) + np.log(det) - (z**2).sum(axis=1) / 2
    found = SPEC.scoring.assign(new, arrays, solution.params)
    np.testing.assert_array_equal(found, by_density.argmax(axis=1))
    np.testing.assert_array_equal(found, by_steps.argmax(axis=1))
    assert len(np.unique(found)) > 1


def test_a_fit_that_was_stopped_says_so(monkeypatch):
    monkeypatch.setattr(module, "_MAX_ITER", 2)
    for engine in ("stock", "shared"):
        (solution,) = sweep(blobs(), [{"n_components": 5, "covariance_type": "full"}], engine)
        assert solution.reason == "It stopped at the limit of 2 iterations, before it converged."


def test_components_that_are_nobodys_likeliest_are_counted():
    for engine in ("stock", "shared"):
        (solution,) = sweep(np.repeat([[0.0, 0.0], [9.0, 9.0]], 20, axis=0), [{"n_components": 4, "covariance_type": "diag"}], engine)
        assert solution.n_segments == 2
        assert "Only 2 of the 4 components are the most likely one for any customer" in solution.reason


@pytest.mark.parametrize("shape", module.COVARIANCE_TYPES)
def test_a_component_without_a_covariance_fails_with_what_to_change(shape):
    X = np.column_stack([np.repeat([0.0, 5.0], 10)] * 2)
    for engine in ("stock", "shared"):
        failed, held = sweep(X, [{"n_components": 2, "covariance_type": shape, "reg_covar": r} for r in (0.0, 1e-3)], engine)
        assert (failed.status, held.status) == ("failed", "ok")
        assert "larger reg_covar" in failed.reason


def test_another_error_of_scikit_learns_is_not_called_a_collapse(monkeypatch):
    def refuse(self, X):
        raise ValueError("some components have ill-defined empirical covariance")

    monkeypatch.setattr("sklearn.mixture.GaussianMixture.fit", refuse)
    (failed,) = sweep(blobs(), [{"n_components": 2, "covariance_type": "full"}], "stock")
    assert failed.reason == "The fit stopped with ValueError: some components have ill-defined empirical covariance."


def test_a_least_variance_that_blurs_the_data_is_told():
    point = {"n_components": 2, "covariance_type": "full"}
    (blurred,) = sweep(blobs() * 1e-6, [point], "shared")
    (scaled,) = sweep(blobs() * 1e-6, [{**point, "reg_covar": 1e-18}], "shared")
    (usual,) = sweep(blobs(), [point], "shared")
    assert "reg_covar = 1e-06 is large compared with the features' mean variance" in blurred.reason
    assert scaled.reason is None
    np.testing.assert_array_equal(scaled.labels, usual.labels)


@pytest.mark.parametrize("engine", ["stock", "shared"])
def test_what_does_not_fit_into_memory_fails_and_the_others_go_on(engine):
    small, large = sweep(blobs(), [{"n_components": k, "covariance_type": "diag"} for k in (2, 60)], engine, memory=400_000)
    assert (small.status, large.status) == ("ok", "failed")
    assert "not enough memory" in large.reason
    assert "fewer components" in large.reason


def test_each_point_is_begun_once_and_shared_seconds_are_told():
    begun, seconds = [], []
    found = list(SPEC.sweep(blobs(), GRID, "shared", progress=begun.append, shared=seconds.append))
    assert sorted(begun) == list(range(len(GRID)))
    assert len(found) == len(GRID)
    assert len(seconds) == 4
    assert all(second > 0 for second in seconds)


def test_a_start_that_goes_wrong_fails_its_points_only(monkeypatch):
    fit = module.fit_estimator

    def broken(engine, name, X, **params):
        if params.get("n_clusters") == 2:
            raise MemoryError
        return fit(engine, name, X, **params)

    monkeypatch.setattr(module, "fit_estimator", broken)
    for solution in sweep(blobs(), GRID, "shared"):
        assert solution.status == ("failed" if solution.params["n_components"] == 2 else "ok")


@pytest.mark.parametrize("shape", TYPES)
def test_free_parameters_are_what_scikit_learn_counts(shape):
    X = blobs(60, 3)
    theirs = GaussianMixture(3, covariance_type=shape, random_state=0).fit(X)
    counted = (theirs.bic(X) - theirs.aic(X)) / (np.log(60) - 2)
    assert module.free_parameters(3, 3, shape) == pytest.approx(counted)


class TestSideBySide:
    def test_every_outcome_comes_with_its_index_and_what_is_raised_is_one(self):
        def task(index):
            if index == 2:
                raise ValueError("two")
            return 10 * index

        found = dict(side_by_side(((i, lambda i=i: task(i)) for i in range(5)), threads=2))
        assert {index: value for index, value in found.items() if index != 2} == {0: 0, 1: 10, 3: 30, 4: 40}
        assert isinstance(found[2], ValueError)

    def test_a_task_is_taken_when_a_thread_is_free_and_never_before(self):
        taken = []

        def tasks():
            for i in range(6):
                taken.append(i)
                yield i, lambda: None

        for done, _ in enumerate(side_by_side(tasks(), threads=2), start=1):
            assert len(taken) <= done + 3  # both threads may be done at once

    def test_nothing_to_do_is_done(self):
        assert list(side_by_side([])) == []


@pytest.mark.parametrize("shape", TYPES)
def test_squared_distances_are_those_of_the_covariance_matrices(shape):
    X = blobs(200)
    point = {"n_components": 3, "covariance_type": shape}
    [solution] = sweep(X, [point], "shared")
    distances = module.squared_distances(X, solution.arrays, point)
    for component, covariance in enumerate(module.covariance_matrices(solution.arrays, point)):
        away = X - solution.arrays["means"][component]
        oracle = np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away)
        np.testing.assert_allclose(distances[:, component], oracle, rtol=1e-8)
