"""Naive Bayes against the segments, out of fold: scikit-learn's cross-validation is the oracle."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.naive_bayes import BernoulliNB, GaussianNB

from segcore.features.taste.components import fit_components, project
from segcore.records.estimate import wilson_interval
from segcore.segments.validation import liked, naive_bayes, split_items
from segcore.sweeps.evidence.describability import folds_of


def test_the_matrix_is_that_of_scikit_learn_s_cross_validation():
    draw = np.random.default_rng(0)
    labels = draw.integers(-1, 3, 400)
    X = draw.normal(size=(400, 3)) + labels[:, None] * [1.0, 0, 0.3]
    found = naive_bayes(X, labels, seed=3)
    folds = folds_of(np.unique(labels, return_inverse=True)[1], 3)
    predicted = cross_val_predict(GaussianNB(), X, labels, cv=PredefinedSplit(folds))
    np.testing.assert_array_equal(found.matrix, confusion_matrix(labels, predicted))
    assert found.labels == (-1, 0, 1, 2)
    right = np.mean(predicted == labels)
    assert (found.accuracy.value, found.accuracy.low, found.accuracy.high) == pytest.approx((right, *wilson_interval(right, 400)))
    assert found.majority == pytest.approx(np.bincount(labels + 1).max() / 400)


def test_labels_that_features_say_nothing_about_are_no_better_than_the_majority():
    draw = np.random.default_rng(1)
    found = naive_bayes(draw.normal(size=(3_000, 2)), (draw.random(3_000) < 0.2).astype(int))
    assert abs(found.accuracy.value - found.majority) < 0.02
    assert f"always predicting the largest would be correct for {100 * found.majority:.0f} %" in found.sentence


def test_each_label_has_the_share_of_its_own_customers_predicted_correctly():
    draw = np.random.default_rng(2)
    labels = np.repeat([-1, 0, 4], [40, 100, 260])
    found = naive_bayes(draw.normal(size=(400, 2)) + labels[:, None] * 0.5, labels)
    for recall, row, place in zip(found.recalls, found.matrix, range(3), strict=True):
        assert recall.sample_size == [40, 100, 260][place]
        assert recall.value == pytest.approx(row[place] / row.sum())
        assert (recall.low, recall.high) == pytest.approx(wilson_interval(row[place] / row.sum(), row.sum()))


@pytest.mark.parametrize("labels", [[0], [0, 1], [0, 0, 0], [0, 0, 0, 0, 0, 1]])
def test_few_customers_and_single_ones_are_counted(labels):
    found = naive_bayes(np.arange(len(labels), dtype=float)[:, None], np.array(labels))
    assert found.matrix.sum() == len(labels)
    assert 0 <= found.accuracy.low <= found.accuracy.value <= found.accuracy.high <= 1


def tastes(seed, *, planted=True, n=600, n_items=120):
    """Return ratings, of which each customer has some thirty; those of planted groups are high for a fifth of the items."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, 5, n)
    favourite = np.arange(n_items)[None, :] % 5 == (group[:, None] if planted else draw.integers(0, 5, (n, n_items)))
    there = draw.random((n, n_items)) < np.where(favourite, 0.6, 0.15)
    return csr_array(np.where(there, np.where(favourite, draw.integers(4, 6, (n, n_items)), draw.integers(1, 4, (n, n_items))), 0.0)), group


def by_components(half):
    scores = project(half, fit_components(half, "pca", 5))
    return KMeans(5, n_init=3, random_state=0).fit_predict(scores)


def test_planted_tastes_of_one_half_of_the_items_follow_from_the_other_half():
    X, group = tastes(0)
    found = split_items(X, by_components, liked(X, rated=True), seed=1)
    assert found.accuracy.value > 0.9 and found.accuracy.sample_size == 600
    assert abs(found.permuted - max(np.bincount(group)) / 600) < 0.08
    assert found.above_chance and "tastes carry over" in found.sentence
    assert found.to_json()["accuracy"]["value"] == found.accuracy.value


def test_without_tastes_the_other_half_says_nothing():
    X, _ = tastes(1, planted=False)
    found = split_items(X, lambda half: np.random.default_rng(half.nnz).integers(0, 5, 600), liked(X, rated=True), seed=1)
    assert not found.above_chance and "no more than by chance" in found.sentence


def test_a_bernoulli_model_of_what_is_liked_is_that_of_scikit_learn():
    X, group = tastes(2)
    likes = liked(X, rated=True)
    dense = X.toarray()
    means = np.array([row[row > 0].mean() for row in dense])
    np.testing.assert_array_equal(likes.toarray(), (dense > 0) & (dense >= means[:, None]))
    np.testing.assert_array_equal(liked(X, rated=False).toarray(), dense > 0)
    found = naive_bayes(likes, group, model="bernoulli", seed=3)
    predicted = cross_val_predict(BernoulliNB(), likes.toarray(), group, cv=PredefinedSplit(folds_of(group, 3)))
    np.testing.assert_array_equal(found.matrix, confusion_matrix(group, predicted))


def test_one_item_and_one_segment_cannot_be_split():
    X = csr_array(np.ones((8, 1)))
    assert split_items(X, lambda half: np.arange(8), X) is None
    X = csr_array(np.ones((8, 4)))
    assert split_items(X, lambda half: np.zeros(8, int), X) is None
