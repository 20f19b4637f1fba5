import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from segcore.errors import ParameterError
from segcore.prediction.classifier import FOLDS, Calibration, calibrate, draw_folds, fit_classifier
from segcore.prediction.held_out import auc


def planted(seed, n=3_000):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 6))
    truth = expit(-2.5 + X[:, 0] + 1.2 * (X[:, 1] > 0) * (X[:, 2] > 0))
    return X, draw.random(n) < truth, truth


def test_every_fold_has_its_share_of_either_answer():
    y = np.arange(103) < 23
    fold = draw_folds(y, seed=4)
    for answer in (True, False):
        assert np.ptp(np.bincount(fold[y == answer], minlength=FOLDS)) <= 1


def test_held_out_log_odds_come_from_the_trees_of_the_own_fold():
    X, y, _ = planted(0, n=400)
    found = fit_classifier(X, y)
    for row in (0, 7, 399):
        own = found.boosters[found.fold[row]].predict(X[[row]], raw_score=True)
        assert found.log_odds[row] == own[0]


def test_noise_is_predicted_no_better_than_by_chance():
    draw = np.random.default_rng(1)
    X, y = draw.normal(size=(800, 5)), draw.random(800) < 0.2
    found = fit_classifier(X, y)
    # Trees that memorised would put most of the customers who answered yes above the others.
    assert np.abs(np.corrcoef(found.probabilities, y)[0, 1]) < 0.1


def test_probabilities_of_others_are_those_of_the_planted_response():
    X, y, _ = planted(2)
    found = fit_classifier(X, y)
    others, _, truth = planted(3)
    predicted = found.predict(others)
    assert predicted.mean() == pytest.approx(truth.mean(), abs=0.02)
    assert np.corrcoef(logit(predicted), logit(truth))[0, 1] > 0.9
    top = np.argsort(-predicted)[:300]
    assert predicted[top].mean() == pytest.approx(truth[top].mean(), rel=0.12)


def test_the_same_question_has_the_same_answer():
    X, y, _ = planted(4, n=500)
    first, second = fit_classifier(X, y, seed=3), fit_classifier(X, y, seed=3)
    assert np.array_equal(first.log_odds, second.log_odds) and first.calibration == second.calibration


def test_calibration_is_a_logistic_regression_on_platts_targets():
    draw = np.random.default_rng(5)
    log_odds = draw.normal(-1, 2, size=400)
    y = draw.random(400) < expit(0.5 * log_odds - 1)
    high, low = (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2)
    target = np.where(y, high, low)
    twice = np.concatenate([log_odds, log_odds])[:, None]
    answers, weights = np.repeat([True, False], 400), np.concatenate([target, 1 - target])
    oracle = LogisticRegression(C=1e12, tol=1e-10, max_iter=1_000).fit(twice, answers, sample_weight=weights)
    found = calibrate(log_odds, y)
    assert (found.slope, found.intercept) == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), rel=1e-4)


@pytest.mark.parametrize("log_odds", [np.zeros(40), np.linspace(3, -3, 40)], ids=["constant", "the wrong way round"])
def test_trees_that_say_nothing_are_calibrated_to_the_base_rate(log_odds):
    y = np.arange(40) >= 30
    assert calibrate(log_odds, y).slope == 0
    assert calibrate(log_odds, y).probabilities(log_odds) == pytest.approx(np.full(40, 0.25), abs=0.03)


def test_answers_that_can_be_told_apart_leave_probabilities_below_1():
    y = np.arange(40) >= 20
    found = calibrate(np.where(y, 5.0, -5.0), y).probabilities(np.array([-5.0, 5.0]))
    assert 0 < found[0] < 0.1 and 0.9 < found[1] < 1


def test_probabilities_ascend_with_the_log_odds():
    found = Calibration(2.0, -1.0).probabilities(np.array([-800.0, 0.0, 0.5, 800.0]))
    assert found.tolist() == [0.0, expit(-1.0), 0.5, 1.0]


@pytest.mark.parametrize("yes", [0, 9, 91, 100])
def test_too_few_of_either_answer_are_refused(yes):
    with pytest.raises(ParameterError, match=f"at least 10 customers of each answer, got {yes} of 100"):
        fit_classifier(np.zeros((100, 2)), np.arange(100) < yes)


def test_few_customers_who_differ_are_told_apart():
    draw = np.random.default_rng(5)
    y = np.arange(60) < 12
    X = draw.normal(size=(60, 3)) + 8 * y[:, None] * [1, 0, 0]
    found = fit_classifier(X, y)
    assert auc(y, found.log_odds).value > 0.95
