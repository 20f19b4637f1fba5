from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom

from segcore.errors import ParameterError
from segcore.prediction.classifier import fit_classifier
from segcore.targets.expected_buyers import KnownOutcomes, expect_buyers, judge_level


def known(n=200_000, *, rate=0.1, observed=None, seed=0):
    """Return customers with spread probabilities; with ``observed``, they buy at that multiple of them."""
    draw = np.random.default_rng(seed)
    p = expit(logit(rate) + draw.normal(size=n))
    return KnownOutcomes(p, draw.random(n) < p * (1.0 if observed is None else observed))


def poisson_binomial(probabilities):
    """Return the distribution of the number of buyers, one customer after another."""
    found = np.ones(1)
    for p in probabilities:
        found = np.append(found, 0) * (1 - p) + np.append(0, found) * p
    return found


def test_with_a_level_that_is_known_only_chance_is_left():
    found = expect_buyers(np.full(100, 0.2), known(1_000_000, rate=0.3))
    assert (found.buyers, found.contacts) == pytest.approx((20, 100))
    assert (found.low, found.high) == (binom.ppf(0.025, 100, 0.2), binom.ppf(0.975, 100, 0.2))


def test_unequal_probabilities_have_the_interval_of_the_poisson_binomial():
    p = np.random.default_rng(1).beta(0.5, 1.5, size=300)
    upto = np.cumsum(poisson_binomial(p))
    found = expect_buyers(p, known(1_000_000, rate=0.3))
    assert (found.low, found.high) == pytest.approx(np.searchsorted(upto, [0.025, 0.975]), abs=1)


def test_few_known_customers_widen_the_interval_as_simulated():
    p, few = np.full(500, 0.3), KnownOutcomes(np.full(200, 0.3), np.arange(200) < 60)
    found = expect_buyers(p, few)
    draw = np.random.default_rng(2)
    level = draw.binomial(200, 0.3, 40_000) / 60  # what 200 customers would have shown
    simulated = np.quantile(draw.binomial(500, np.clip(0.3 * level, 0, 1)), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(simulated, abs=2)
    assert found.known.error == pytest.approx(np.sqrt(0.7 / 60))


def test_a_level_is_judged_among_equal_ranks_and_among_more_if_few_buyers_are_expected():
    p = np.repeat([0.5, 0.1], [200, 1_000])
    both = KnownOutcomes(p, np.concatenate([np.arange(200) < 90, np.arange(1_000) < 100]))
    assert (judge_level(both, 0.5).customers, judge_level(both, 0.5).observed) == (200, 90)
    assert judge_level(both, 0.5).ratio == pytest.approx(0.9)
    assert judge_level(KnownOutcomes(p[192:], both.y[192:]), 0.5).customers in (68, 69)  # 4 buyers expected of 8, and 6 of 60
    assert judge_level(both, 0.0).customers == 1_200


def test_a_later_period_corrects_the_level_and_one_that_agrees_narrows_it():
    p, here = np.full(300, 0.2), known(3_000, rate=0.2)
    alone = expect_buyers(p, here)
    fewer = expect_buyers(p, here, later=known(50_000, rate=0.2, observed=0.6, seed=3))
    assert alone.factor == 1 and fewer.factor == pytest.approx(0.6, abs=0.05)
    assert fewer.buyers == pytest.approx(60 * fewer.factor) and fewer.later.ratio == pytest.approx(0.6, abs=0.05)
    # The shift was seen once and may come again: back to where it was, or further.
    assert fewer.high >= 50 and fewer.error > alone.error
    agreeing = expect_buyers(p, here, later=known(50_000, rate=0.2, seed=4))
    assert agreeing.factor == pytest.approx(1, abs=0.03) and agreeing.error < alone.error


def test_a_later_period_with_few_customers_hardly_counts():
    later = KnownOutcomes(np.full(20, 0.2), np.arange(20) < 6)
    found = expect_buyers(np.full(300, 0.2), known(20_000, rate=0.2), later=later)
    assert 1 < found.factor < 1.1


def test_known_customers_who_contradict_their_probabilities_widen_the_interval_and_do_not_move_it():
    p, right = np.full(300, 0.2), known(20_000, rate=0.2)
    wrong = replace(right, y=known(20_000, rate=0.2, observed=0.5).y)
    found, usual = expect_buyers(p, wrong), expect_buyers(p, right)
    assert found.buyers == usual.buyers == pytest.approx(60)
    assert found.low < 30 < usual.low


def test_extremes_are_defined():
    everybody, nobody = expect_buyers(np.ones(40), known(500)), expect_buyers(np.zeros(40), known(500))
    assert (everybody.buyers, everybody.high) == (40, 40)
    assert (nobody.buyers, nobody.low, nobody.high) == (0, 0, 0)
    one = expect_buyers(np.array([0.3]), KnownOutcomes(np.array([0.0]), np.array([False])))
    assert (one.low, one.high) == (0, 1)
    assert one.to_json()["known"] == {"customers": 1, "observed": 0, "expected": 0.0, "ratio": 1.0, "error": 1.0}


@pytest.mark.parametrize(
    ("probabilities", "known_ones", "message"),
    [
        ([], ([0.1], [True]), "chosen customers are missing"),
        ([1.2], ([0.1], [True]), "chosen customers must be between 0 and 1"),
        ([np.nan], ([0.1], [True]), "chosen customers must be between 0 and 1"),
        ([0.2], ([], []), "known customers are missing"),
        ([0.2], ([0.1, 0.2], [True]), "2 known customers need as many outcomes, got 1"),
    ],
)
def test_what_cannot_be_expected_is_refused(probabilities, known_ones, message):
    with pytest.raises(ParameterError, match=message):
        expect_buyers(np.array(probabilities), KnownOutcomes(np.array(known_ones[0]), np.array(known_ones[1])))


def test_of_planted_responses_the_interval_covers_the_buyers_among_others():
    """Fits take seconds: this is what the interval promises, on customers the model has not seen."""
    covered, best = [], []
    for seed in range(4):
        draw = np.random.default_rng(seed)
        X = draw.normal(size=(6_000, 6))
        truth = expit(-3.1 + X[:, 0] + 1.5 * (X[:, 1] > 0) * (X[:, 2] > 0))
        y = draw.random(6_000) < truth
        found = fit_classifier(X[:3_000], y[:3_000])
        p, real, answers = found.predict(X[3_000:]), truth[3_000:], y[3_000:]
        for budget in (50, 300, 1_000):
            top = np.argsort(-p)[:budget]
            expected = expect_buyers(p[top], KnownOutcomes(found.probabilities, y[:3_000]))
            covered.append(expected.low <= answers[top].sum() <= expected.high)
            best.append(real[top].mean() / np.sort(real)[-budget:].mean())
            assert expected.high - expected.low < 2.2 * 3.92 * np.sqrt((p[top] * (1 - p[top])).sum())
    assert np.mean(covered) >= 0.9 and np.mean(best) > 0.9


def test_the_list_adds_up_to_the_number_and_lies_in_its_interval():
    """A few are near 1 already when the later period shows more buyers than expected; none can count for more than one."""
    p = np.concatenate([np.full(20, 0.8), np.full(480, 0.01)])
    draw = np.random.default_rng(0)
    known = KnownOutcomes(p, draw.random(500) < p)
    later = KnownOutcomes(p, draw.random(500) < np.where(p > 0.5, 0.8, 0.06))
    found = expect_buyers(p, known, later=later)
    assert found.factor > 1.2
    assert found.buyers == pytest.approx(np.minimum(1, found.factor * p).sum())
    assert found.low <= found.buyers <= found.high
