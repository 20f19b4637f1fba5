"""Engine ``shared`` of DBSCAN: stock's labels, segments and scoring arrays at every point, whatever the data and the memory."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs, make_moons
from sklearn.preprocessing import StandardScaler

import segcore.clustering.kernels.density.dbscan as kernel
from segcore.clustering.algorithms.registry import algorithm
from segcore.records.grid import point_key
from segcore.system.cores import usable_cores
from tests.examples import few

SPEC = algorithm("dbscan")


def grid(radii, sizes):
    return [{"min_samples": size, "eps": float(eps)} for size in sizes for eps in radii]


def sweep(X, points, engine="shared", **options):
    found = {point_key(solution.params): solution for solution in SPEC.sweep(X, points, engine, **options)}
    return [found[point_key(point)] for point in points]


def require_stocks(X, points, **options):
    ran = set()
    for shared, stock in zip(sweep(X, points, **options), sweep(X, points, "stock"), strict=True):
        assert (shared.status, stock.status) == ("ok", "ok"), shared.reason
        np.testing.assert_array_equal(shared.labels, stock.labels, err_msg=str(stock.params))
        for name, array in stock.arrays.items():
            np.testing.assert_array_equal(shared.arrays[name], array)
        assert shared.reason == stock.reason
        ran.add(shared.engine)
    return ran


def blobs(features, rows=900):
    return StandardScaler().fit_transform(make_blobs(rows, features, centers=5, random_state=features)[0])


LATTICE = np.random.default_rng(0).integers(0, 6, (900, 3)).astype(float)
COPIES = np.random.default_rng(1).normal(size=(90, 5))[np.random.default_rng(2).integers(0, 90, 900)]
ALONE = blobs(6)
ALONE[123] = 1e6
DATA = {
    "2 features": (blobs(2), (0.05, 0.2, 0.6)),
    "21 features": (blobs(21), (1.0, 2.0, 4.0)),
    "60 features": (blobs(60), (2.0, 4.0, 8.0)),
    "moons": (make_moons(900, noise=0.07, random_state=0)[0], (0.03, 0.1, 0.3)),
    "copies": (COPIES, (0.2, 1.0, 2.0)),
    "a lattice": (LATTICE, (1.0, 2**0.5, 2.0)),
    "a millionth": (blobs(6) * 1e-6, (0.2e-6, 0.6e-6, 1.2e-6)),
    "one far away": (ALONE, (0.2, 0.6, 1.2)),
    "all equal": (np.full((300, 4), 2.5), (0.1, 1.0, 2.0)),
}


@pytest.mark.parametrize("name", DATA)
def test_everything_is_stocks(name):
    X, radii = DATA[name]
    assert require_stocks(X, grid(radii, (2, 10, 40))) == {"shared"}


@pytest.mark.parametrize("name", ["2 features", "21 features", "copies", "a lattice"])
def test_in_little_memory_too(name, monkeypatch):
    X, radii = DATA[name]
    monkeypatch.setattr(kernel, "_Store", partial(lambda store, search, budget: store(search, 0), kernel._Store))
    assert require_stocks(X, grid(radii, (2, 10)), memory=kernel.least_memory(X, 3, usable_cores())) == {"shared"}


@pytest.mark.parametrize("features", [4, 20])
def test_a_shift_changes_nothing(features):
    X = np.rint(blobs(features) * 1024) / 1024
    points = grid(np.sqrt(features) * np.array([0.1, 0.3, 0.6]), (3, 10))
    for near, far in zip(sweep(X, points, "stock"), sweep(X + 2.0**20, points), strict=True):
        np.testing.assert_array_equal(near.labels, far.labels)


def test_where_rounding_inside_scikit_learn_decides_stock_fits():
    points = [{"min_samples": 3, "eps": 3**0.5}, {"min_samples": 3, "eps": 1.0}]
    rounded, whole = sweep(LATTICE, points)
    assert (rounded.engine, whole.engine) == ("stock", "shared")
    assert "but for rounding" in rounded.evidence
    np.testing.assert_array_equal(rounded.labels, DBSCAN(eps=3**0.5, min_samples=3).fit(LATTICE).labels_)
    tenths = np.random.default_rng(0).integers(0, 2, (400, 20)) / 10
    assert require_stocks(tenths, grid((0.2, 0.25), (3,))) == {"stock", "shared"}


def test_what_does_not_fit_fails_at_the_largest_eps_and_the_others_go_on():
    X = blobs(3)
    points = grid((0.2, 0.5), (3, 10))
    found = sweep(X, points, memory=kernel.least_memory(X, 1, usable_cores()))
    assert [solution.status for solution in found] == ["ok", "failed"] * 2
    assert "not enough memory" in found[1].reason
    assert "needs at least" in found[1].reason


def test_the_points_to_give_up_are_begun_first_and_the_shared_seconds_are_told_once():
    points = grid((0.2, 0.5, 0.4), (3, 10))
    begun, seconds = [], []
    solutions = SPEC.sweep(blobs(3), points, "shared", progress=begun.append, shared=seconds.append)
    next(solutions)
    assert [points[position]["eps"] for position in begun] == [0.5, 0.5]
    assert len(list(solutions)) == 5
    assert sorted(begun) == list(range(6))
    assert len(seconds) == 1


def test_a_bug_in_the_search_is_a_failed_point(monkeypatch):
    def broken(*args, **options):
        raise ValueError("broken")

    monkeypatch.setattr(kernel, "dbscan_grid", broken)
    for solution in sweep(blobs(3), grid((0.2, 0.5), (3,))):
        assert (solution.status, solution.engine) == ("failed", "shared")


@settings(max_examples=few(60), deadline=None)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(3, 60), st.integers(1, 4)), elements=st.integers(0, 4)),
    st.lists(st.sampled_from([1.0, 2.0, 2**0.5, 3**0.5, 3.0, 0.1]), min_size=1, max_size=3, unique=True),
    st.sampled_from([1.0, 0.1, 1 / 3]),
    st.integers(1, 9),
)
def test_lattices_full_of_ties(rows, radii, scale, min_samples):
    require_stocks(rows * scale, grid(np.array(radii) * scale, (min_samples,)))


@settings(max_examples=few(60), deadline=None)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(3, 60), st.integers(1, 20)), elements=st.floats(-2, 2, width=16)),
    st.lists(st.floats(0.05, 5), min_size=1, max_size=4, unique=True),
    st.integers(1, 9),
)
def test_any_rows(rows, radii, min_samples):
    require_stocks(rows, grid(radii, (min_samples,)))
