"""The k-distance curve and the eps read from it."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from segcore.clustering.quality.k_distance import k_distances
from segcore.errors import ParameterError


@pytest.fixture(scope="module")
def blobs():
    rows, truth = make_blobs(900, 3, centers=[[0, 0, 0], [12, 0, 0], [0, 12, 0]], cluster_std=0.7, random_state=0)
    return np.vstack([rows, np.random.default_rng(0).uniform(-20, 30, size=(60, 3))]), np.append(truth, [-1] * 60)


def test_the_curve_is_the_sorted_distance_to_the_kth_neighbour_the_customer_itself_counted(blobs):
    X = blobs[0][:300]
    found = k_distances(X, 7)
    theirs = np.sort(NearestNeighbors(n_neighbors=7).fit(X).kneighbors(X)[0][:, -1])
    np.testing.assert_allclose(found.distance, theirs, atol=1e-12)
    assert (found.k, found.n_sampled, found.share[-1]) == (7, 300, 1.0)


def test_the_suggested_eps_finds_the_blobs_and_leaves_most_of_the_scatter(blobs):
    X, truth = blobs
    found = k_distances(X, 10)
    labels = DBSCAN(eps=found.eps, min_samples=10).fit(X).labels_
    assert adjusted_rand_score(truth, labels) > 0.9
    assert 0.8 < found.core_share < 1
    assert f"{found.eps:.3g}" in found.reason


def test_the_curve_is_thinned_and_ascending(blobs):
    found = k_distances(blobs[0], 10)
    assert len(found.distance) == len(found.share) <= 400
    assert (np.diff(found.distance) >= 0).all()
    assert (np.diff(found.share) > 0).all()


def test_a_sample_is_asked_among_all_customers_and_seeded(blobs):
    X = blobs[0]
    whole, first, again, other = (k_distances(X, 10, seed=seed, max_rows=rows) for seed, rows in ((0, 2000), (1, 300), (1, 300), (2, 300)))
    assert (whole.n_sampled, first.n_sampled) == (960, 300)
    np.testing.assert_array_equal(first.distance, again.distance)
    assert not np.array_equal(first.distance, other.distance)
    assert np.median(first.distance) == pytest.approx(np.median(whole.distance), rel=0.1)


@pytest.mark.parametrize(
    "X",
    [np.ones((10, 2)), np.zeros((1, 3)), np.arange(6.0).reshape(3, 2), np.arange(50.0)[:, None]],
    ids=["identical", "one customer", "three", "evenly spaced"],
)
def test_curves_without_a_bend_suggest_no_eps_or_a_positive_one(X):
    found = k_distances(X, 5)
    assert found.eps is None or found.eps > 0
    assert found.reason.endswith(".")


def test_more_neighbours_than_customers_take_the_farthest():
    assert k_distances(np.array([[0.0], [1.0], [5.0]]), 100).distance.tolist() == [4.0, 5.0, 5.0]


@pytest.mark.parametrize(("X", "k"), [(np.ones((3, 1)), 0), (np.ones((0, 2)), 3)])
def test_without_neighbours_or_customers_there_is_no_curve(X, k):
    with pytest.raises(ParameterError, match="at least 1"):
        k_distances(X, k)


def test_it_needs_no_scikit_learn_so_that_the_server_can_draw_it():
    code = (
        "import sys, numpy as np; from segcore.clustering.quality.k_distance import k_distances; k_distances(np.random.rand(300, 2), 5); "
        "assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
