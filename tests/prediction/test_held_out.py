import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score

from segcore.prediction.held_out import accuracy, auc, calibration_bins
from segcore.records.estimate import wilson_interval


@pytest.mark.parametrize("digits", [0, 6], ids=["with ties", "without"])
def test_area_is_scikit_learns(digits):
    draw = np.random.default_rng(0)
    y = draw.random(300) < 0.3
    scores = np.round(draw.normal(size=300) + y, digits)
    found = auc(y, scores)
    assert found.value == pytest.approx(roc_auc_score(y, scores), abs=1e-12)
    assert found.low < found.value < found.high


def test_interval_is_delongs_by_the_definition():
    draw = np.random.default_rng(1)
    y = draw.random(60) < 0.4
    scores = np.round(draw.normal(size=60) + y, 1)
    yes, no = scores[y], scores[~y]
    pairs = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    error = np.sqrt(pairs.mean(axis=1).var(ddof=1) / len(yes) + pairs.mean(axis=0).var(ddof=1) / len(no))
    found = auc(y, scores)
    assert (found.value - found.low) / 1.959963984540054 == pytest.approx(error, rel=1e-9)
    assert found.value - auc(y, scores, z=1.0).low == pytest.approx(error, rel=1e-9)


def test_interval_of_chance_covers_a_half():
    covered = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        found = auc(draw.random(150) < 0.3, draw.random(150))
        covered += found.low <= 0.5 <= found.high
    assert 180 <= covered <= 198


def test_few_customers_told_apart_without_exception_are_no_certainty():
    y = np.repeat([True, False], [10, 500])
    found = auc(y, y.astype(float))
    assert (found.low, found.value, found.high) == pytest.approx((wilson_interval(1, 10)[0], 1, 1))
    same = auc(y, np.zeros(510))
    assert same.value == 0.5 and same.low < 0.3 < 0.7 < same.high


def test_accuracy_is_scikit_learns_and_its_interval_is_not_empty_at_1():
    draw = np.random.default_rng(3)
    y = draw.random(400) < 0.1
    predicted = y ^ (draw.random(400) < 0.2)
    found = accuracy(y, predicted)
    assert found.balanced.value == pytest.approx(balanced_accuracy_score(y, predicted))
    assert found.sensitivity.value == pytest.approx(recall_score(y, predicted))
    assert (found.specificity.low, found.specificity.high) == wilson_interval(found.specificity.value, int((~y).sum()))
    assert found.balanced.sample_size == 400
    perfect = accuracy(y, y).balanced
    assert perfect.low < perfect.value == perfect.high == 1


def test_bins_hold_everybody_once_and_equal_probabilities_together():
    probabilities = np.repeat([0.1, 0.1, 0.1, 0.7], 25)
    y = np.concatenate([np.arange(75) < 9, np.arange(25) < 16])
    low, high = calibration_bins(y, probabilities)
    assert (low.customers, low.observed, high.customers, high.observed) == (75, 0.12, 25, 0.64)
    assert (high.low, high.high) == wilson_interval(0.64, 25)
    assert high.to_json() == {"customers": 25, "predicted": pytest.approx(0.7), "observed": 0.64, "low": high.low, "high": high.high}


def test_bins_ascend_and_are_about_equal():
    draw = np.random.default_rng(2)
    found = calibration_bins(draw.random(1_000) < 0.2, draw.random(1_000))
    assert len(found) == 10 and sum(one.customers for one in found) == 1_000
    assert all(95 <= one.customers <= 105 for one in found)
    assert sorted(one.predicted for one in found) == [one.predicted for one in found]
