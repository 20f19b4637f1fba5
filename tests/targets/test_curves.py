import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from segcore.errors import ParameterError
from segcore.targets.curves import ProfitPeak, buyers_among_first, compare_rankings, curve_budgets, most_profitable


@st.composite
def customers(draw):
    """Return who bought, at least one, and scores with many ties."""
    n = draw(st.integers(1, 40))
    y = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    y[draw(st.integers(0, n - 1))] = True
    return y, np.array(draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)), dtype=np.float64)


def naive_buyers(y, scores, budget):
    """Return the buyers among the first: each customer of the last step is contacted with the same probability."""
    total = 0.0
    for score in sorted(set(scores.tolist()), reverse=True):
        step = scores == score
        taken = min(budget, int(step.sum()))
        total += y[step].sum() * taken / step.sum()
        budget -= taken
    return total


@given(customers())
@settings(deadline=None)
def test_buyers_among_the_first_are_those_of_a_loop_over_the_steps(drawn):
    y, scores = drawn
    found = buyers_among_first(y, scores, np.arange(len(y) + 1))
    assert found == pytest.approx([naive_buyers(y, scores, n) for n in range(len(y) + 1)])


@given(customers(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_rows_does_not_matter(drawn, random):
    y, scores = drawn
    rows = list(range(len(y)))
    random.shuffle(rows)
    budgets = np.arange(len(y) + 1)
    assert buyers_among_first(y[rows], scores[rows], budgets) == pytest.approx(buyers_among_first(y, scores, budgets))


def test_the_area_under_the_gain_is_that_of_the_roc_curve():
    draw = np.random.default_rng(0)
    y = draw.random(500) < 0.2
    scores = np.round(draw.normal(size=500) + y, 1)
    gain = buyers_among_first(y, scores, np.arange(501)) / y.sum()
    # The gain counts the buyers among the contacted too: area = base rate / 2 + (1 - base rate) * AUC.
    assert np.trapezoid(gain) / 500 == pytest.approx(y.mean() / 2 + (1 - y.mean()) * roc_auc_score(y, scores))


@given(customers(), st.floats(0, 100), st.floats(0, 10))
@settings(max_examples=25, deadline=None)
def test_what_holds_of_every_curve(drawn, value, cost):
    y, scores = drawn
    curve = compare_rankings(y, {"score": scores}, budget=1, resamples=50).curves["score"]
    for band in (curve.gain, curve.rate, curve.lift):
        assert np.all(band.low <= band.value + 1e-12) and np.all(band.value <= band.high + 1e-12)
    assert np.all(np.diff(curve.gain.value) >= -1e-12) and curve.gain.value[0] >= 0
    assert (curve.gain.value[-1], curve.lift.value[-1]) == pytest.approx((1, 1))
    assert curve.lift.low[-1] <= 1 <= curve.lift.high[-1]
    once, twice = (curve.profit(value=times * value, cost=times * cost).value for times in (1, 2))
    assert twice == pytest.approx(2 * once)
    free = curve.profit(value=value, cost=0).value
    assert once == pytest.approx(free - cost * curve.budgets)


def test_numbers_at_a_budget_can_be_followed_by_hand():
    y = np.array([True, True, False, True, False, False, False, False, False, False])
    curve = compare_rankings(y, {"score": -np.arange(10.0)}, budget=4).curves["score"]
    at = curve.place(4)
    assert (curve.gain.value[at], curve.rate.value[at], curve.lift.value[at]) == pytest.approx((1, 0.75, 2.5))
    assert curve.profit(value=10, cost=2).value[at] == pytest.approx(3 * 10 - 4 * 2)
    # All three buyers were found, and of three the interval of Clopper and Pearson begins at 0.025 ** (1 / 3).
    assert (curve.gain.low[at], curve.gain.high[at]) == pytest.approx((0.025 ** (1 / 3), 1))


def test_bands_are_as_wide_as_a_bootstrap_that_sorts_again():
    draw = np.random.default_rng(1)
    y = draw.random(2_000) < 0.2
    scores = np.round(draw.normal(size=2_000) + y, 1)
    curve = compare_rankings(y, {"score": scores}, budget=400, resamples=400, seed=2).curves["score"]
    drawn = [draw.integers(0, 2_000, 2_000) for _ in range(400)]
    slow = [naive_buyers(y[rows], scores[rows], 400) / y[rows].sum() * 5 for rows in drawn]
    at = curve.place(400)
    assert (curve.lift.low[at], curve.lift.high[at]) == pytest.approx(np.quantile(slow, [0.025, 0.975]), rel=0.02)


@pytest.mark.parametrize(("n", "rate", "budget"), [(1_000, 0.02, 50), (600, 0.4, 200)], ids=["one buyer expected", "many buyers"])
def test_the_lift_of_chance_covers_1(n, rate, budget):
    lifts = []
    for seed in range(100):
        draw = np.random.default_rng([seed, 3])
        y = draw.random(n) < rate
        curve = compare_rankings(y, {"chance": draw.random(n)}, budget=budget, resamples=50).curves["chance"]
        lifts.append(curve.lift.at(curve.place(budget), n))
    assert sum(one.low <= 1 <= one.high for one in lifts) >= 90
    # An interval that covers because it says nothing would be no better.
    assert np.mean([one.high for one in lifts]) < (6 if rate < 0.1 else 1.3)


@pytest.mark.parametrize("n", [50, 1_009, 3_000])
def test_equal_scores_have_a_lift_of_exactly_1(n):
    """To the last bit: the interval is as short, and would be below 1 otherwise."""
    curve = compare_rankings(np.arange(n) % 9 == 0, {"none": np.zeros(n)}, budget=n // 3, resamples=50).curves["none"]
    assert all((band == 1).all() for band in (curve.lift.value, curve.lift.low, curve.lift.high))


def test_a_ranking_beats_another_that_adds_noise_to_it_and_not_itself():
    draw = np.random.default_rng(4)
    scores = draw.normal(size=4_000)
    y = draw.random(4_000) < 0.1 * np.exp(scores - 0.5).clip(0, 9)
    rankings = {"score": scores, "same": 2 * scores + 1, "noisy": scores + 2 * draw.normal(size=4_000)}
    found = compare_rankings(y, rankings, budget=400)
    same = found.difference("score", "same").lift
    assert (same.value, same.low, same.high) == (0, 0, 0) and found.difference("same", "score").winner is None
    assert found.difference("score", "noisy").winner == found.difference("noisy", "score").winner == "score"
    forward, backward = found.difference("score", "noisy"), found.difference("noisy", "score")
    assert (backward.lift.low, backward.lift.high) == (-forward.lift.high, -forward.lift.low)
    reached = [buyers_among_first(y, rankings[name], np.array([400]))[0] for name in ("score", "noisy")]
    assert forward.buyers.value == pytest.approx(reached[0] - reached[1])
    assert forward.lift.value == pytest.approx(forward.buyers.value / 400 / y.mean())


def test_the_difference_of_two_rankings_by_chance_covers_0_and_is_shorter_where_they_agree():
    covered, lengths = 0, []
    for seed in range(100):
        draw = np.random.default_rng([seed, 5])
        y, first = draw.random(800) < 0.05, draw.normal(size=800)
        rankings = {"first": first, "akin": first + 0.3 * draw.normal(size=800), "other": draw.normal(size=800)}
        found = compare_rankings(y, rankings, budget=80, resamples=50)
        akin, other = (found.difference("first", name).lift for name in ("akin", "other"))
        covered += akin.low <= 0 <= akin.high
        lengths.append((akin.high - akin.low, other.high - other.low))
    assert covered >= 90
    assert np.mean(lengths, axis=0)[0] < 0.8 * np.mean(lengths, axis=0)[1]


def test_the_same_seed_gives_the_same_numbers_and_json_is_plain():
    y, scores = np.arange(30) % 3 == 0, np.arange(30.0) % 7
    first, second = (compare_rankings(y, {"a": scores, "b": -scores}, budget=5, seed=7).to_json() for _ in range(2))
    assert first == second and first["curves"]["a"]["budgets"][-1] == 30
    assert first["differences"][0]["lift"]["value"] == pytest.approx(
        first["curves"]["a"]["lift"]["value"][4] - first["curves"]["b"]["lift"]["value"][4]
    )


@pytest.mark.parametrize(("n", "budget"), [(1, 1), (7, 3), (250_000, 1_234)])
def test_the_budget_asked_for_and_all_customers_are_on_the_grid(n, budget):
    found = curve_budgets(n, budget)
    assert budget in found and found[-1] == n and found[0] >= 1 and len(found) <= 101
    assert np.all(np.diff(found) > 0)


def test_contacts_stop_where_a_buyer_is_worth_less_than_a_contact():
    probabilities = np.random.default_rng(6).random(200)
    descending = np.sort(probabilities)[::-1]
    profits = 30 * np.cumsum(descending) - 4 * np.arange(1, 201)
    found = most_profitable(probabilities, value=30, cost=4)
    assert (found.contacts, found.profit) == (int(np.argmax(profits)) + 1, pytest.approx(profits.max()))
    assert most_profitable(probabilities, value=1, cost=4) == ProfitPeak(0, 0.0, 0.0)
    assert most_profitable(probabilities, value=1, cost=0).contacts == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(5, dtype=bool)}, "None of 5 customers bought"),
        ({"y": np.zeros(0, dtype=bool)}, "no customers to rank"),
        ({"budget": 0}, "The number of contacts must be between 1 and 5, got 0"),
        ({"budget": 6}, "between 1 and 5, got 6"),
        ({"rankings": {"a": np.array([1.0, np.nan, 0, 0, 0])}}, "ranking a has 1 scores that are not numbers"),
        ({"rankings": {"a": np.zeros(4)}}, "one score for each of 5 customers"),
        ({"resamples": 10}, "resamples must be at least 50"),
    ],
)
def test_what_cannot_be_ranked_is_refused(change, message):
    asked = {"y": np.arange(5) > 2, "rankings": {"a": np.arange(5.0)}, "budget": 2, **change}
    with pytest.raises(ParameterError, match=message):
        compare_rankings(asked.pop("y"), asked.pop("rankings"), **asked)


def test_a_contact_that_costs_less_than_nothing_is_refused():
    with pytest.raises(ParameterError, match="The cost of a contact must be at least 0, got -1"):
        most_profitable(np.array([0.5]), value=1, cost=-1)
    curve = compare_rankings(np.array([True]), {"a": np.zeros(1)}, budget=1).curves["a"]
    assert (curve.lift.value.tolist(), curve.rate.value.tolist()) == ([1.0], [1.0])
    with pytest.raises(ParameterError, match="no budget of 7 contacts"):
        curve.place(7)
