"""Inertia, Calinski-Harabasz, Davies-Bouldin and compactness of one labelling."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from segcore.clustering.quality.compactness import mean_compactness, relative_compactness
from segcore.clustering.quality.measures import inertia, measure
from tests.examples import few

NAMES = ("a", "b")


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(400, 2, centers=4, cluster_std=2.0, random_state=0)


def test_indices_are_scikit_learns(blobs):
    X, labels = blobs
    found = measure(X, X, NAMES, labels)
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(X, labels), rel=1e-9)
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(X, labels), rel=1e-9)
    assert found.reasons == {}


def test_noise_is_left_out_of_the_indices(blobs):
    X, labels = blobs
    labels = np.where(np.arange(400) % 5 == 0, -1, labels)
    kept = labels >= 0
    found = measure(X, X, NAMES, labels)
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(X[kept], labels[kept]), rel=1e-9)
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(X[kept], labels[kept]), rel=1e-9)
    assert found.inertia == pytest.approx(inertia(X[kept], labels[kept]))


def test_inertia_is_that_of_k_means_once_it_has_settled(blobs):
    X, _ = blobs
    model = KMeans(4, tol=0, n_init=3, random_state=0).fit(X)
    assert inertia(X, model.labels_) == pytest.approx(model.inertia_, rel=1e-12)


def test_inertia_by_hand_and_far_from_the_origin():
    X = np.array([[0.0, 0.0], [2.0, 0.0], [7.0, 7.0]])
    assert inertia(X, np.array([0, 0, 1])) == 2.0
    assert inertia(X + 2.0**40, np.array([0, 0, 1])) == 2.0


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_indices_do_not_depend_on_the_unit(blobs, scale):
    X, labels = blobs
    found = measure(X * scale, X, NAMES, labels)
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(X, labels), rel=1e-9)
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(X, labels), rel=1e-9)


@pytest.mark.parametrize(
    "labels", [[-1, -1, -1, -1], [0, 0, 0, 0], [0, 1, 2, 3], [0, 0, -1, -1]], ids=["all noise", "one segment", "all alone", "one and noise"]
)
def test_what_is_undefined_is_none_with_a_reason(labels):
    found = measure(np.arange(8.0).reshape(4, 2), np.arange(8.0).reshape(4, 2), NAMES, np.array(labels))
    assert found.calinski_harabasz is found.davies_bouldin is found.silhouette.value is None
    assert found.silhouette.reason
    assert {"calinski_harabasz", "davies_bouldin"} <= set(found.reasons)
    assert (found.inertia is None) == (set(labels) == {-1}) == ("inertia" in found.reasons)


def test_segments_without_any_spread_have_no_finite_calinski_harabasz():
    X = np.repeat([[0.0, 0.1], [1.0, 0.3]], 4, axis=0)
    found = measure(X, X, NAMES, np.repeat([0, 1], 4))
    assert found.calinski_harabasz is None
    assert "spread" in found.reasons["calinski_harabasz"]
    assert found.davies_bouldin == 0.0
    assert found.silhouette.value == 1.0


def test_the_same_rows_in_two_segments_give_no_infinity():
    X = np.ones((6, 2)) * 0.1
    found = measure(X, X, NAMES, np.repeat([0, 1], 3))
    assert found.inertia == 0.0
    assert all(value is None or math.isfinite(value) for value in (found.calinski_harabasz, found.davies_bouldin, found.silhouette.value))


class TestCompactness:
    def test_by_hand(self):
        values = np.array([[0.0, 5.0], [2.0, 5.0], [10.0, 5.0], [10.0, 5.0], [3.0, 5.0]])
        labels = np.array([0, 0, 1, 1, 2])
        overall = math.sqrt(17.6)  # mean 5, squared offsets 25 + 9 + 25 + 25 + 4 = 88 of 5 customers
        found = relative_compactness(values, NAMES, labels)
        assert found[0]["a"] == pytest.approx(1 - 1 / overall)
        assert found[1]["a"] == 1.0
        assert found[2] == {"a": None, "b": None}
        assert found[0]["b"] is None
        means = mean_compactness(found, NAMES, {0: 2, 1: 2, 2: 1})
        assert means == {"a": pytest.approx((2 * (1 - 1 / overall) + 2) / 4), "b": None}

    def test_noise_counts_overall_but_is_no_segment(self):
        values = np.array([[0.0], [2.0], [100.0]])
        found = relative_compactness(values, ["a"], np.array([0, 0, -1]))
        assert set(found) == {0}
        assert found[0]["a"] == pytest.approx(1 - 1 / values.std())

    def test_a_feature_that_is_constant_but_for_its_mean_rounding_is_constant(self):
        values = np.full((7, 1), 0.1)
        assert relative_compactness(values, ["a"], np.array([0, 0, 0, 1, 1, 1, 1])) == {0: {"a": None}, 1: {"a": None}}

    def test_equal_members_far_from_zero_are_exactly_compact(self):
        values = np.array([[1e9 + 0.1], [1e9 + 0.1], [1e9 + 0.1], [2.0], [7.0]])
        assert relative_compactness(values, ["a"], np.array([0, 0, 0, 1, 1]))[0]["a"] == 1.0

    @settings(max_examples=few(80), deadline=None)
    @given(
        hnp.arrays(np.float64, st.tuples(st.integers(4, 25), st.just(2)), elements=st.integers(-50, 50).map(float)),
        st.floats(0.01, 100),
        st.integers(-1000, 1000),
        st.randoms(use_true_random=False),
    )
    def test_unit_and_origin_of_a_feature_do_not_matter_and_one_is_the_most(self, values, unit, origin, random):
        labels = np.array([random.choice([-1, 0, 1]) for _ in values])
        assume((labels >= 0).any())
        found = relative_compactness(values, NAMES, labels)
        moved = relative_compactness(values * unit + origin, NAMES, labels)
        for label, features in found.items():
            for name, value in features.items():
                assert value is None or value <= 1
                assert moved[label][name] == (None if value is None else pytest.approx(value, abs=1e-7))

    @settings(max_examples=few(40), deadline=None)
    @given(hnp.arrays(np.float64, (20, 2), elements=st.integers(-9, 9).map(float)))
    def test_the_mean_lies_between_the_segments(self, values):
        labels = np.arange(20) % 3
        found = relative_compactness(values, NAMES, labels)
        means = mean_compactness(found, NAMES, {0: 7, 1: 7, 2: 6})
        for name in NAMES:
            known = [features[name] for features in found.values() if features[name] is not None]
            assert means[name] is None if not known else min(known) - 1e-12 <= means[name] <= max(known) + 1e-12

    def test_the_overall_spread_is_that_of_everybody_so_one_segment_of_all_scores_zero(self, blobs):
        X, _ = blobs
        assert relative_compactness(X, NAMES, np.zeros(len(X), int))[0] == {"a": pytest.approx(0), "b": pytest.approx(0)}
