import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.errors import ParameterError
from segcore.records.estimate import wilson_interval
from segcore.targets.uplift import find_imbalance, measure_uplift, qini_curve, score_uplift, uplift_among_first
from segcore.wording.findings import sentence


def planted(seed, n=3_000, *, effect=0.3):
    """Return features, who bought, who was treated, and the true uplift: ``effect`` if the first feature is positive, else none."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 4))
    treated = draw.random(n) < 0.6
    truth = effect * (X[:, 0] > 0)
    y = draw.random(n) < 0.1 + 0.2 * (X[:, 1] > 0) + truth * treated
    return X, y, treated, truth


@st.composite
def arms(draw):
    """Return who bought, who was treated (somebody, not everybody), and scores with many ties."""
    n = draw(st.integers(2, 30))
    y, treated = (np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))) for _ in range(2))
    treated[:2] = True, False
    return y, treated, np.array(draw(st.lists(st.integers(-2, 2), min_size=n, max_size=n)), dtype=np.float64)


def naive_extra(y, treated, scores, share):
    """Return the extra buyers per customer: each customer of the last step is contacted with the same probability."""
    left, extra = share * len(y), 0.0
    for score in sorted(set(scores.tolist()), reverse=True):
        step = scores == score
        taken = min(left, step.sum()) / step.sum()
        extra += taken * (y[step & treated].sum() / treated.sum() - y[step & ~treated].sum() / (~treated).sum())
        left -= taken * step.sum()
    return extra


@given(arms())
@settings(max_examples=40, deadline=None)
def test_the_curve_and_its_area_are_those_of_a_loop_over_the_steps(drawn):
    y, treated, scores = drawn
    found = qini_curve(y, treated, scores, resamples=2)
    assert found.extra.value == pytest.approx([naive_extra(y, treated, scores, share) for share in found.shares], abs=1e-12)
    assert found.extra.value[-1] == pytest.approx(y[treated].mean() - y[~treated].mean())
    fine = np.arange(len(y) + 1) / len(y)  # steps end on these, and the curve is straight between them
    extra = np.array([naive_extra(y, treated, scores, share) for share in fine])
    assert found.area.value == pytest.approx(np.trapezoid(extra - fine * extra[-1], fine), abs=1e-12)


@given(arms(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_what_holds_of_every_ranking(drawn, random):
    y, treated, scores = drawn
    rows = list(range(len(y)))
    random.shuffle(rows)
    found = qini_curve(y, treated, scores, resamples=2)
    shuffled = qini_curve(y[rows], treated[rows], scores[rows], resamples=2)
    assert shuffled.area.value == pytest.approx(found.area.value, abs=1e-12)
    assert qini_curve(y, treated, -scores, resamples=2).area.value == pytest.approx(-found.area.value, abs=1e-12)
    assert qini_curve(y, treated, np.zeros(len(y)), resamples=2).area.value == pytest.approx(0, abs=1e-12)


def test_scores_find_whom_the_contact_changes():
    X, y, treated, truth = planted(0)
    scores = score_uplift(X, y, treated)
    top = np.argsort(-scores)[:1_000]
    assert truth[top].mean() > 0.27  # of 0.3 at best, and 0.15 by chance
    found = measure_uplift(y, treated, scores, budget=1_000)
    assert found.qini.area.low > 0 and found.passes_self_test
    assert found.at_budget.uplift.low <= truth[top].mean() <= found.at_budget.uplift.high
    best = qini_curve(y, treated, truth, resamples=2).area.value
    assert 0.8 * best < found.qini.area.value


def test_scores_are_held_out_so_that_without_an_effect_none_is_found():
    covered, areas = 0, []
    for seed in range(6):
        X, y, treated, _ = planted(seed, n=600, effect=0.0)
        area = qini_curve(y, treated, score_uplift(X, y, treated), resamples=100).area
        covered += area.low <= 0 <= area.high
        areas.append(area.value / (area.high - area.low))
    # Scores that had seen the customers would leave 0 outside nearly every interval, always above it.
    assert covered >= 5 and abs(np.mean(areas)) < 0.3


def test_of_a_fold_the_score_depends_on_the_features_alone():
    """Equal customers of different arms would else get different ranks, and the arms could not be compared at a rank."""
    X, y, treated, _ = planted(1, n=600)
    X = np.round(X[:, :1])
    scores = score_uplift(X, y, treated)
    # Five folds: one score for each value and fold, whatever the arm.
    assert all(len(np.unique(scores[X[:, 0] == value])) <= 5 for value in np.unique(X))


def test_the_area_of_a_random_score_covers_0():
    covered = 0
    for seed in range(100):
        _, y, treated, _ = planted(seed, n=500)
        area = qini_curve(y, treated, np.random.default_rng([seed, 9]).random(500), resamples=100).area
        covered += area.low <= 0 <= area.high
    assert 90 <= covered <= 99


def test_uplift_among_the_first_is_a_difference_of_rates_with_newcombes_interval():
    # Newcombe (1998), table II: 56 of 70 less 48 of 80, by his method 10.
    y = np.concatenate([np.arange(70) < 56, np.arange(80) < 48, np.zeros(50, dtype=bool)])
    treated = np.arange(200) < 70
    found = uplift_among_first(y, treated, -(np.arange(200) >= 150).astype(float), 150)
    assert (found.uplift.value, found.uplift.low, found.uplift.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (found.treated.low, found.treated.high) == pytest.approx(wilson_interval(0.8, 70))
    assert found.to_json()["control"]["value"] == pytest.approx(0.6)


def test_of_equal_scores_everybody_counts_by_the_share_contacted():
    y, treated = np.array([True, False, True, False]), np.array([True, True, False, False])
    found = uplift_among_first(y, treated, np.zeros(4), 2)
    assert (found.treated.value, found.treated.sample_size, found.uplift.value) == (0.5, 1, 0)


def test_an_arm_with_nobody_among_the_first_leaves_the_uplift_undefined():
    found = uplift_among_first(np.array([True, False]), np.array([True, False]), np.array([2.0, 1.0]), 1)
    assert found.uplift.value is None and found.uplift.reason == "Nobody among the first 1 customer was untreated."
    assert found.treated.value == 1 and found.control.value is None


def test_features_that_differ_between_the_arms_are_found_and_others_are_not():
    draw = np.random.default_rng(2)
    X = np.column_stack([draw.normal(size=(800, 30)), np.zeros(800)])
    treated = draw.random(800) < 0.5
    names = [f"f{at}" for at in range(31)]
    assert find_imbalance(X, treated, names) is None
    X[treated, 4] -= 0.6
    X[treated, 7] += 0.4
    found = find_imbalance(X, treated, names)
    assert (found.values["feature"], found.values["others"]) == ("f4", 1) and found.values["high"] < 0.5
    assert sentence(found).startswith("The treatment was not drawn at random: f4 differs between those with and without it (AUC 0.3")
    assert sentence(found).endswith("and so does 1 other feature, so the uplift may come from who was treated.")


def test_random_treatments_are_rarely_doubted():
    doubted = 0
    for seed in range(100):
        draw = np.random.default_rng([seed, 11])
        doubted += find_imbalance(draw.normal(size=(300, 10)), draw.random(300) < 0.3, list("abcdefghij")) is not None
    assert doubted <= 10


@pytest.mark.parametrize(
    ("y", "treated", "message"),
    [
        (np.arange(100) % 2 == 0, np.ones(100, dtype=bool), "of the 0 customers not treated, 0 bought"),
        (np.arange(100) < 25, np.arange(100) < 50, "of the 50 customers not treated, 0 bought"),
        (np.ones(100, dtype=bool), np.arange(100) < 50, "of the 50 customers treated, 50 bought"),
        (np.ones(100, dtype=bool), np.ones(3, dtype=bool), "one value for each of 100 customers, got 3"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(y, treated, message):
    for call in (lambda: score_uplift(np.zeros((len(y), 1)), y, treated), lambda: measure_uplift(y, treated, np.zeros(len(y)), budget=1)):
        with pytest.raises(ParameterError, match=message):
            call()


def test_the_same_seed_gives_the_same_measures():
    _, y, treated, truth = planted(3, n=300)
    first, second = (measure_uplift(y, treated, truth, budget=50, resamples=50, seed=5).to_json() for _ in range(2))
    assert first == second and set(first) == {"qini", "random", "at_budget", "passes_self_test"}
