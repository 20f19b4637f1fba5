"""Naive Bayes against the segments, out of fold: scikit-learn's cross-validation is the oracle."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from segcore.records.estimate import wilson_interval
from segcore.segments.validation import naive_bayes
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
