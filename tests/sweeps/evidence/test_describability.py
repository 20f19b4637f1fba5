"""Describability by a small tree, against scikit-learn's own cross-validation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from segcore.sweeps.evidence.describability import FOLDS, describability, folds_of
from tests.examples import few


def two_features(n=200, seed=0):
    return np.random.default_rng(seed).uniform(size=(n, 2))


def quadrants(X):
    return 2 * (X[:, 0] > 0.5) + (X[:, 1] > 0.5)


def noisy_segments(n=300, seed=0):
    """Return rows and four segments, numbered by their first rows, of which a tree finds most."""
    X = two_features(n, seed)
    labels = quadrants(X + np.random.default_rng(seed + 1).normal(scale=0.2, size=X.shape))
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(4)]
    return X, np.argsort(np.argsort(first))[labels]


def test_it_is_the_cross_validated_balanced_accuracy_of_scikit_learn():
    X, labels = noisy_segments()
    tree = DecisionTreeClassifier(max_leaf_nodes=8, class_weight="balanced", random_state=4)
    predicted = cross_val_predict(tree, X, labels, cv=PredefinedSplit(folds_of(labels, 4)))
    expected = balanced_accuracy_score(labels, predicted, adjusted=True)
    found = describability(X, labels, seed=4)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert 0.3 < found.value < 0.9
    assert found.low < found.value < found.high
    assert found.sample_size == 300


def test_noise_is_one_more_class_without_leaves_of_its_own():
    X, labels = noisy_segments()
    noise = np.random.default_rng(5).uniform(size=300) < 0.3
    noise[0] = False
    noise[1] = True
    marked = np.where(noise, -1, labels)
    # Classes are numbered by their first rows.
    order = list(dict.fromkeys(marked.tolist()))
    classes = np.array([order.index(label) for label in marked])
    tree = DecisionTreeClassifier(max_leaf_nodes=8, class_weight="balanced", random_state=0)
    predicted = cross_val_predict(tree, X, classes, cv=PredefinedSplit(folds_of(classes, 0)))
    assert describability(X, marked).value == pytest.approx(balanced_accuracy_score(classes, predicted, adjusted=True), abs=1e-12)


def test_boxes_are_described_and_random_segments_are_not():
    X = two_features(400)
    assert describability(X, quadrants(X)).value > 0.85
    chance = describability(X, np.random.default_rng(1).integers(0, 4, 400))
    assert abs(chance.value) < 0.15
    assert chance.low < 0 < chance.high


def test_more_boxes_than_leaves_are_not_described():
    X = two_features(600)
    chequered = ((X * 6).astype(int).sum(axis=1) % 2).astype(int)
    assert describability(X, chequered).value < 0.4


def test_small_segments_count_like_large_ones():
    X = two_features(400)
    corner = (X < 0.15).all(axis=1).astype(int)
    assert 3 < corner.sum() < 20
    assert describability(X, corner).value > 0.6


def test_the_interval_covers_what_an_endless_sample_would_give():
    """Of 30 intervals at 95 %, at least 24 should cover: fewer have a probability below 1 in 1,000."""
    truth = describability(*noisy_segments(2_000, seed=99)).value
    intervals = [describability(*noisy_segments(250, seed=seed)) for seed in range(30)]
    # Trees of few customers are a little worse than those of many, so the middle of the small samples is what they estimate.
    middle = float(np.mean([found.value for found in intervals]))
    assert truth == pytest.approx(middle, abs=0.1)
    assert sum(found.low <= middle <= found.high for found in intervals) >= 24


def test_members_of_a_class_are_spread_over_the_folds():
    classes = np.repeat([0, 1, 2], [50, 3, 12])
    folds = folds_of(classes, 0)
    assert np.bincount(folds).tolist() == [13] * FOLDS
    assert np.bincount(folds[classes == 0]).tolist() == [10] * FOLDS
    assert len(set(folds[classes == 1])) == 3
    assert set(np.bincount(folds[classes == 2])) == {2, 3}


@pytest.mark.parametrize("members", [2, 3, 4])
def test_a_segment_with_fewer_members_than_folds_is_described_too(members):
    X = two_features(100)
    X[:members] += 10
    labels = np.r_[np.ones(members, int), np.zeros(100 - members, int)]
    found = describability(X, labels)
    assert found.value == 1
    assert found.low < 0.9
    assert found.sample_size == 100


def test_a_segment_of_one_is_left_out():
    X = two_features(100)
    labels = np.r_[7, quadrants(X[1:])]
    found = describability(X, labels)
    assert found.sample_size == 99
    assert found.value > 0.7


@pytest.mark.parametrize(
    "labels",
    [np.zeros(30, int), np.full(30, -1), np.arange(30), np.r_[1, np.zeros(29, int)], np.empty(0, int)],
    ids=["one segment", "all noise", "segments of one", "one beside all others", "no customers"],
)
def test_fewer_than_two_classes_cannot_be_distinguished(labels):
    found = describability(two_features(len(labels)), labels)
    assert found.value is None
    assert "fewer than two" in found.reason


def test_one_segment_and_noise_are_told_apart():
    X = two_features()
    assert describability(X, np.where(X[:, 0] > 0.5, 0, -1)).value > 0.9


def test_more_than_5000_customers_are_sampled_and_small_segments_stay():
    X = two_features(12_000)
    labels = (X[:, 0] > 0.004).astype(int)
    small = int((labels == 0).sum())
    found = describability(X, labels)
    assert 4_990 <= found.sample_size <= 5_000
    assert found.value > 0.9
    # All of the small segment was sampled, so its recall is known from all its members.
    assert 30 < small < 60
    assert found.high - found.low > 1 / small


def test_thousands_of_segments_are_not_described():
    labels = np.repeat(np.arange(2_501), 2)
    assert "too many" in describability(two_features(len(labels)), labels).reason


@given(st.lists(st.integers(-1, 3), min_size=2, max_size=40), st.permutations(range(4)), st.integers(0, 5))
@settings(max_examples=few(30), deadline=None)
def test_it_stays_in_range_and_ignores_the_numbering(labels, numbers, seed):
    labels = np.array(labels)
    X = two_features(len(labels))
    found = describability(X, labels, seed=seed)
    assert describability(X, np.array([*numbers, -1])[labels], seed=seed) == found
    if found.value is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1
