"""Promises that take many draws or the real sample: intervals that cover, ranks that find buyers, and first lines that say who does not."""

import functools

import numpy as np
import pytest
from scipy.special import expit

from segcore.intake.take_in import take_in
from segcore.prediction.classifier import fit_classifier
from segcore.records.intake import DataRequest
from segcore.records.target_question import TargetQuestion
from segcore.store.store import Store
from segcore.targets import rankings
from segcore.targets.answer import find_targets
from segcore.targets.buyers.buyer_components import describe_components
from segcore.targets.curves import compare_rankings
from segcore.targets.expected_buyers import KnownOutcomes, expect_buyers
from segcore.wording.targets import headline

pytestmark = pytest.mark.slow
BUDGETS = (100, 300, 1_000)


def planted(seed):
    """Return 6,000 customers, their true probabilities (one linear effect and one interaction; 12 % on average), and who buys."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(6_000, 8))
    X[:, 5:] = np.exp(X[:, 5:]).round(1)
    truth = expit(-2.83 + 0.9 * X[:, 0] + 1.6 * (X[:, 1] > 0) * (X[:, 2] > 0))
    return X, truth, draw.random(6_000) < truth


def test_of_100_planted_responses_the_interval_covers_and_the_ranks_are_nearly_the_best():
    covered, best, rates = [], [], []
    for seed in range(100):
        X, truth, y = planted(seed)
        found = fit_classifier(X[:3_000], y[:3_000], seed=seed)
        p, real, bought = found.predict(X[3_000:]), truth[3_000:], y[3_000:]
        rates.append(truth.mean())
        for budget in BUDGETS:
            top = np.argsort(-p)[:budget]
            expected = expect_buyers(p[top], KnownOutcomes(found.probabilities, y[:3_000]))
            covered.append(expected.low <= bought[top].sum() <= expected.high)
            best.append(real[top].mean() / np.sort(real)[-budget:].mean())
    assert np.mean(rates) == pytest.approx(0.12, abs=0.01)
    assert (np.reshape(covered, (100, len(BUDGETS))).sum(axis=0) >= 90).all()
    assert (np.reshape(best, (100, len(BUDGETS))).mean(axis=0) >= 0.9).all()


@pytest.mark.parametrize("later", [False, True])
def test_of_100_responses_without_an_effect_the_lift_covers_1(later):
    """On customers held out by the folds, and on others, where a model that found nothing ranks nobody first."""
    covered = 0
    for seed in range(100):
        X, _, _ = planted(seed)
        y = np.random.default_rng([seed, 1]).random(6_000) < 0.12
        found = fit_classifier(X[:3_000], y[:3_000], seed=seed)
        outcome, scores = (y[3_000:], found.predict(X[3_000:])) if later else (y[:3_000], found.probabilities)
        curve = compare_rankings(outcome, {"model": scores}, budget=300, resamples=200, seed=seed).curves["model"]
        at = curve.place(300)
        covered += bool(curve.lift.low[at] <= 1 <= curve.lift.high[at])
    assert covered >= 90


@pytest.mark.parametrize(
    "promoted",
    [
        {"promote": "department", "value": "MEAT"},
        {"promote": "department", "value": "DELI"},
        {"promote": "department", "value": "PASTRY"},
        {"promote": "campaign", "value": "18"},
        {"promote": "campaign", "value": "13"},
    ],
    ids=lambda promoted: " ".join(promoted.values()),
)
def test_the_sample_is_judged_on_a_later_period_and_the_first_line_says_who_is_no_better(tmp_path, monkeypatch, promoted):
    few = functools.partial(describe_components, placebos=1, n_components=(1, 2), covariance_types=("diag",))
    monkeypatch.setattr(rankings, "describe_components", few)
    store, request = Store(tmp_path), DataRequest("complete-journey")
    found = find_targets(store, take_in(store, request), request, TargetQuestion(**promoted, budget=200))
    document = found.document
    lifts, first = document["later_period"]["lift_at_budget"], headline(document, "model")

    assert {"model", "random", "recency"} <= set(lifts)
    assert all(lift["low"] <= lift["value"] <= lift["high"] for lift in lifts.values())
    assert (lifts["random"]["low"], lifts["random"]["high"]) == (1, 1)
    winners = {(pair["first"], pair["second"]): pair["winner"] for pair in document["comparison"]}
    beaten = {second for (first_one, second), winner in winners.items() if first_one == winner == "model"}
    if "random" not in beaten:
        assert "not better than contacting customers at random" in first
    elif {"recency", "past buyers"} & set(lifts) <= beaten:
        assert first.startswith("Model: better than")
    else:
        assert "no better than" in first
