"""The grid from one neighbour search: scikit-learn's labels at every point, whatever the data."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs, make_moons

import segcore.clustering.kernels.density.dbscan as module
from segcore.clustering.kernels.density.dbscan import dbscan_grid, least_memory
from segcore.clustering.kernels.density.neighbours import search
from tests.examples import few


def require_equal(X, points, **options):
    for (eps, min_samples), found in zip(points, dbscan_grid(X, points, **options).labellings, strict=True):
        theirs = DBSCAN(eps=eps, min_samples=min_samples).fit(X)
        np.testing.assert_array_equal(found.labels, theirs.labels_, err_msg=f"eps = {eps}, min_samples = {min_samples}")
        np.testing.assert_array_equal(found.core_rows, theirs.core_sample_indices_)


def require_equal_in_little_memory(X, points):
    radii = len({eps for eps, _ in points})
    for threads in (1, 2):
        require_equal(X, points, threads=threads, memory=least_memory(X, radii, threads))


def grid(radii, sizes):
    return [(float(eps), size) for eps in radii for size in sizes]


@pytest.mark.parametrize("features", [1, 2, 5, 15, 16, 33, 60])
def test_labels_are_scikit_learns_from_a_few_to_many_features(features):
    X, _ = make_blobs(1_200, features, centers=5, random_state=features)
    require_equal(X, grid(np.sqrt(2 * features) * np.array([0.3, 0.6, 0.9, 1.2]), (1, 3, 10, 60)))


def test_labels_are_scikit_learns_on_moons_from_all_noise_to_one_segment():
    require_equal(make_moons(1_500, noise=0.08, random_state=0)[0], grid((0.001, 0.02, 0.05, 0.1, 0.3, 5), (2, 5, 20)))


def test_equal_rows_count_as_often_as_they_stand():
    rng = np.random.default_rng(0)
    require_equal(rng.normal(size=(150, 4))[rng.integers(0, 150, 2_000)], grid((0.1, 0.5, 1, 2), (2, 5, 20, 100)))
    require_equal(np.ones((500, 7)), grid((0.1, 0.5), (2, 500, 501)))


@pytest.mark.parametrize("features", [1, 2, 3, 20])
def test_on_lattices_pairs_at_exactly_eps_are_neighbours(features):
    X = np.random.default_rng(features).integers(0, 5 if features < 10 else 2, (900, features)).astype(float)
    require_equal(X, grid((1, 2**0.5, 2, 3, 5**0.5), (2, 5, 20)))


@pytest.mark.parametrize("far", [1e3, 1e6, 1e12])
def test_one_row_far_away_changes_nothing_for_the_others(far):
    X, _ = make_blobs(1_000, 6, centers=5, random_state=1)
    X[77] = far
    require_equal(X, grid((0.5, 1, 2), (3, 10)))


@pytest.mark.parametrize("scale", [1e-100, 1e-6, 1e9])
def test_the_unit_does_not_matter(scale):
    X, _ = make_blobs(1_000, 6, centers=5, random_state=1)
    require_equal(X * scale, grid(np.array([0.5, 1, 2]) * scale, (3, 10)))


def test_read_only_rows_need_no_compiling_and_no_row_is_changed():
    X, _ = make_blobs(300, 3, random_state=0)
    dbscan_grid(X, [(0.5, 3)])
    compiled = len(search.signatures)
    X.flags.writeable = False
    require_equal(X, grid((0.5, 1), (3,)))
    assert len(search.signatures) == compiled


@pytest.mark.parametrize("rows", [1, 2, 11, 12, 16, 17, 256, 257, 513])
def test_any_number_of_rows(rows):
    X = np.random.default_rng(rows).normal(size=(rows, 3))
    require_equal(X, grid((0.1, 0.7, 2, 20), (1, 2, 5)))


def test_the_number_of_threads_changes_nothing():
    X, _ = make_blobs(3_000, 8, centers=6, random_state=0)
    points = grid((1.5, 2, 3), (5, 50))
    for one, three in zip(*(dbscan_grid(X, points, threads=threads).labellings for threads in (1, 3)), strict=True):
        np.testing.assert_array_equal(one.labels, three.labels)


@pytest.mark.parametrize("features", [2, 7, 20])
def test_pairs_that_do_not_fit_are_searched_again_instead_of_kept(features, monkeypatch):
    monkeypatch.setattr(module, "_Store", partial(refuse_all, module._Store))
    X, _ = make_blobs(2_500, features, centers=5, random_state=features)
    X[100:200] = X[:100]
    require_equal_in_little_memory(X, grid(np.sqrt(2 * features) * np.array([0.4, 0.8, 1.2, 8]), (3, 30)))


def refuse_all(store, search, budget):
    return store(search, 0)


def test_what_rounding_decides_is_told_when_pairs_are_searched_again_too(monkeypatch):
    X = np.random.default_rng(0).integers(0, 5, (900, 3)).astype(float)
    points = [(3**0.5, 1), (1.0, 1)]
    kept = [labelling.unsure for labelling in dbscan_grid(X, points).labellings]
    monkeypatch.setattr(module, "_Store", partial(refuse_all, module._Store))
    assert kept == [labelling.unsure for labelling in dbscan_grid(X, points).labellings] == [True, False]


def test_what_cannot_fit_says_how_much_it_needs():
    with pytest.raises(MemoryError, match="needs at least"):
        dbscan_grid(np.eye(50), [(1.0, 3)], memory=1_000)


@settings(max_examples=few(100), deadline=None)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(12, 80), st.integers(1, 4)), elements=st.integers(0, 4)),
    st.lists(st.sampled_from([1.0, 2.0, 2**0.5, 3.0]), min_size=1, max_size=3),
    st.integers(1, 9),
)
def test_lattices_full_of_ties_and_equal_rows(rows, radii, min_samples):
    require_equal(rows.astype(float), [(eps, min_samples) for eps in radii])


@settings(max_examples=few(100), deadline=None)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 20)), elements=st.floats(-2, 2, width=16)),
    st.lists(st.floats(0.05, 5), min_size=1, max_size=4),
    st.integers(1, 9),
)
def test_any_rows(rows, radii, min_samples):
    require_equal(rows, [(eps, min_samples) for eps in radii])
