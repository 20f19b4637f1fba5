import sys

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from segcore.errors import JobError, ParameterError
from segcore.prediction.classifier import FOLDS, Calibration, calibrate, calibrate_mean, draw_folds, fit_classifier
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


def test_rows_of_one_customer_are_held_out_together():
    """Noise that is a customer's own would otherwise predict that customer's other rows."""
    draw = np.random.default_rng(2)
    owners = np.repeat([f"c{at}" for at in range(200)], 5)
    X = np.repeat(draw.normal(size=(200, 8)), 5, axis=0)
    y = np.repeat(draw.random(200) < 0.3, 5)
    fold = draw_folds(y, owners=owners)
    assert all(len(set(fold[owners == owner])) == 1 for owner in set(owners)) and len(set(fold)) == FOLDS
    assert auc(y, fit_classifier(X, y).log_odds).value > 0.8
    assert auc(y, fit_classifier(X, y, owners=owners).log_odds).value < 0.6


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


def test_the_highest_ranks_of_others_are_not_predicted_too_low():
    """The mean of five is less noisy than one fold's trees, so their calibration would be too flat."""
    predicted, plain, actual = 0.0, 0.0, 0.0
    for seed in range(6):
        draw = np.random.default_rng(seed)
        X = draw.normal(size=(6_000, 6))
        truth = expit(-2.2 + 0.4 * (X[:, 0] + X[:, 1] * X[:, 2]))
        y = draw.random(3_000) < truth[:3_000]
        found = fit_classifier(X[:3_000], y)
        log_odds = found.predict_log_odds(X[3_000:])
        top = np.argsort(-log_odds)[:300]
        predicted += found.predict(X[3_000:])[top].mean()
        plain += calibrate(found.log_odds, y).probabilities(log_odds)[top].mean()
        actual += truth[3_000:][top].mean()
    assert plain < 0.9 * actual < predicted < 1.1 * actual


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


@pytest.mark.parametrize("rate", [-4.0, 0.0], ids=["rare", "even"])
def test_the_mean_of_the_folds_is_calibrated_as_if_it_had_been_held_out(rate):
    draw = np.random.default_rng(6)
    signal, noise = draw.normal(size=100_000), draw.normal(size=(FOLDS, 100_000))
    y = draw.random(100_000) < expit(rate + signal)
    log_odds = signal + noise  # of two folds, these correlate by a half
    found = calibrate_mean(calibrate(log_odds[0], y), log_odds[0], 0.5)
    oracle = calibrate(log_odds.mean(axis=0), y)
    # The slope of noisy log-odds is a little below its ratio of variances, because answers are not linear in log-odds.
    assert found.slope == pytest.approx(oracle.slope, rel=0.07)
    assert found.probabilities(log_odds.mean(axis=0)).mean() == pytest.approx(y.mean(), rel=0.02)
    assert calibrate_mean(oracle, log_odds[0], 1.0).slope == oracle.slope


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


def test_a_system_without_openmp_is_told_what_to_install(monkeypatch):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "lightgbm":
                raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    X, y, _ = planted(0, n=100)
    with pytest.raises(JobError, match=r"libgomp\.so\.1: cannot open .*: install libgomp1 \(Debian, Ubuntu\)"):
        fit_classifier(X, y)
