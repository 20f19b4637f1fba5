import warnings

import duckdb
import numpy as np
import pandas as pd
import pytest

from segcore.errors import DataError, ParameterError
from segcore.export.sql import rule_filter
from segcore.segments.rules.condition import Condition
from segcore.targets.buyers.buyer_rules import find_buyer_rules
from segcore.targets.buyers.selected_customers import measure_selection

METHODS = ["rulefit", "search"]


def planted(seed, n=3_000):
    """Return customers, half of whom buy if their basket is above 60 and their age at most 0.4, and one in fifty of the others."""
    draw = np.random.default_rng(seed)
    frame = {"basket": draw.uniform(0, 100, n), "age": draw.uniform(0, 1, n), "noise": draw.normal(size=n)}
    likely = (frame["basket"] > 60) & (frame["age"] <= 0.4)
    return frame, draw.random(n) < np.where(likely, 0.5, 0.02), likely


def rows_of(frame, rows):
    return {name: column[rows] for name, column in frame.items()}


def met(one, frame):
    return np.logical_and.reduce([condition.meets(frame[condition.feature]) for condition in one.rule.conditions])


def best_of(rules):
    """Return the rule with the highest F1, by the customers held out."""
    shares = {one: (one.held_out.precision.value or 0, one.held_out.recall.value) for one in rules.rules}
    return max(shares, key=lambda one: 2 * shares[one][0] * shares[one][1] / max(sum(shares[one]), 1e-9))


@pytest.fixture(scope="module", params=METHODS)
def found(request):
    frame, bought, likely = planted(0)
    return frame, bought, likely, find_buyer_rules(frame, bought, method=request.param)


def test_a_planted_rule_is_found(found):
    frame, _, likely, rules = found
    best = best_of(rules)
    hit = met(best, frame)
    assert (hit & likely).sum() / hit.sum() > 0.85 and (hit & likely).sum() / likely.sum() > 0.85
    assert best.held_out.lift.low > 3
    assert {condition.feature for condition in best.rule.conditions} >= {"basket", "age"}


def test_figures_are_those_of_customers_who_were_not_fitted_to(found):
    frame, bought, _, rules = found
    assert not set(rules.fitted.tolist()) & set(rules.held_out.tolist())
    held, own = rows_of(frame, rules.held_out), rows_of(frame, rules.fitted)
    for one in rules.rules:
        assert one.held_out == measure_selection(met(one, held), bought[rules.held_out])
        assert (one.rule.precision, one.rule.coverage) == (one.held_out.precision, one.held_out.recall)
        assert one.raises == (bought[rules.fitted][met(one, own)].mean() > bought[rules.fitted].mean())
    assert rules.together == measure_selection(rules.near(held), bought[rules.held_out])
    assert 1 <= len(rules.rules) <= 5 and len(rules.text()) == len(rules.rules)


@pytest.mark.parametrize("method", METHODS)
def test_what_customers_held_out_are_like_changes_no_rule(method):
    frame, bought, _ = planted(1, n=1_000)
    before = find_buyer_rules(frame, bought, method=method)
    moved = {name: column.copy() for name, column in frame.items()}
    for column in moved.values():
        column[before.held_out] = 1e6
    after = find_buyer_rules(moved, bought, method=method)
    assert after.text() == before.text() and np.array_equal(after.shares, before.shares)
    assert [one.held_out for one in after.rules] != [one.held_out for one in before.rules]


def test_scores_are_the_share_of_buyers_among_customers_fitted_who_meet_the_same_rules(found):
    frame, bought, _, rules = found
    same = np.array([met(one, frame) for one in rules.rules]).T
    own, mine = same[rules.fitted], bought[rules.fitted]
    scores = rules.scores(frame)
    for at in range(0, len(bought), 97):
        alike = (own == same[at]).all(axis=1)
        assert scores[at] == pytest.approx((mine[alike].sum() + 20 * mine.mean()) / (alike.sum() + 20))
    held = rules.held_out
    of_buyers, of_others = scores[held][bought[held]], scores[held][~bought[held]]
    assert ((of_buyers[:, None] > of_others) + 0.5 * (of_buyers[:, None] == of_others)).mean() > 0.75


def test_rules_together_select_from_the_best_f1_of_the_customers_fitted(found):
    frame, bought, _, rules = found
    scores, mine = rules.scores(rows_of(frame, rules.fitted)), bought[rules.fitted]
    f1 = {cut: 2 * mine[scores >= cut].sum() / ((scores >= cut).sum() + mine.sum()) for cut in set(scores) if cut > mine.mean()}
    assert rules.cut == max(f1, key=f1.get)
    assert np.array_equal(rules.near(frame), rules.scores(frame) >= rules.cut)


def test_a_rule_as_sql_finds_the_same_customers(found):
    frame, _, _, rules = found
    customer = pd.DataFrame(frame)  # noqa: F841  # DuckDB reads it by its name
    for one in rules.rules:
        [[count]] = duckdb.sql(f"SELECT count(*) FROM customer WHERE {rule_filter(one.rule)}").fetchall()
        assert count == met(one, frame).sum() > 0


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_for_fresh_customers(method):
    missed = 0
    for seed in range(2):
        frame, bought, _ = planted(seed, n=1_500)
        fresh, fresh_bought, _ = planted(100 + seed, n=20_000)
        for one in find_buyer_rules(frame, bought, method=method, most_rules=2, seed=seed).rules:
            truth = measure_selection(met(one, fresh), fresh_bought)
            missed += not one.held_out.precision.low <= truth.precision.value <= one.held_out.precision.high
            missed += not one.held_out.recall.low <= truth.recall.value <= one.held_out.recall.high
    assert missed <= 1  # of up to eight


@pytest.mark.parametrize("method", METHODS)
def test_the_same_question_has_the_same_answer_and_leaves_the_global_draws_alone(method):
    frame, bought, _ = planted(2, n=800)
    np.random.seed(5)
    first = find_buyer_rules(frame, bought, method=method, seed=3)
    drawn = np.random.random()
    np.random.seed(5)
    assert drawn == np.random.random()
    assert find_buyer_rules(frame, bought, method=method, seed=3).rules == first.rules


def test_rulefit_reads_the_order_of_values_and_not_their_units():
    frame, bought, _ = planted(3, n=1_000)
    units = {"basket": 1e-9, "age": 1e12, "noise": 1.0}  # imodels rounds thresholds to five decimals
    scaled = {name: column * units[name] for name, column in frame.items()}
    rules, others = (find_buyer_rules(each, bought) for each in (frame, scaled))
    assert [one.held_out for one in rules.rules] == [one.held_out for one in others.rules]


def test_thresholds_have_few_digits(found):
    values = [condition.value for one in found[3].rules for condition in one.rule.conditions]
    assert max(len(repr(value)) for value in values) <= 8


@pytest.mark.parametrize("method", METHODS)
def test_texts_flags_and_missing_values_make_conditions_too(method):
    draw = np.random.default_rng(6)
    n = 2_000
    city = draw.choice(np.array(["Bern", "Linz", None], dtype=object), n)
    member = draw.integers(0, 2, n).astype(float)
    basket = np.where(draw.random(n) < 0.2, np.nan, draw.uniform(0, 100, n))
    likely = (city == "Linz") & (member == 1)
    bought = draw.random(n) < np.where(likely, 0.7, 0.03)
    found = find_buyer_rules({"city": city, "member": member, "basket": basket}, bought, method=method)
    best = best_of(found)
    assert {Condition("city", "=", "Linz"), Condition("member", ">", 0.0)} <= set(best.rule.conditions)
    assert best.held_out.precision.value == pytest.approx(0.7, abs=0.1)


def test_one_condition_of_customers_who_buy_less_is_turned_round():
    draw = np.random.default_rng(7)
    a = draw.uniform(0, 1, 2_000)
    found = find_buyer_rules({"a": a}, draw.random(2_000) < np.where(a < 0.2, 0.0, 0.5))
    single = [one for one in found.rules if len(one.rule.conditions) == 1]
    assert single and all(one.raises and one.held_out.lift.value > 1 for one in single)
    assert single[0].rule.conditions[0].op == ">"


def test_rules_of_customers_who_buy_less_lower_scores_and_are_near_nobody():
    draw = np.random.default_rng(7)
    X = draw.uniform(0, 1, (4_000, 2))
    frame = {"a": X[:, 0], "b": X[:, 1]}
    # Only a corner buys nothing: no single condition tells it, nor its opposite.
    corner = (X < 0.5).all(axis=1)
    found = find_buyer_rules(frame, draw.random(4_000) < np.where(corner, 0.0, 0.3))
    lowering = [one for one in found.rules if not one.raises]
    assert lowering and all(one.held_out.lift.high < 1 for one in lowering)
    assert found.scores(frame)[corner].mean() < 0.05
    assert (found.near(frame) & corner).sum() < 0.05 * corner.sum()
    assert (found.near(frame) & ~corner).sum() > 0.8 * (~corner).sum()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("buyers", [0, 3, 100])
def test_too_few_of_either_are_refused(method, buyers):
    with pytest.raises(DataError, match=f"but {buyers} of 100 customers are buyers"):
        find_buyer_rules({"a": np.arange(100.0)}, np.arange(100) < buyers, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_odd_columns_make_no_trouble(method):
    draw = np.random.default_rng(8)
    bought = np.arange(400) % 4 == 0
    with pytest.raises(DataError, match="The features are the same for all 200 customers"):
        find_buyer_rules({"a": np.ones(400), "b": np.zeros(400)}, bought, method=method)
    with pytest.raises(ParameterError, match="a has 400 rows"):
        find_buyer_rules({"a": np.ones(400)}, bought[:-1], method=method)
    twice = draw.normal(size=400)
    found = find_buyer_rules({"a": twice, "again": twice, "same": np.ones(400), "nothing": np.full(400, np.nan)}, bought, method=method)
    assert len(found.scores({"a": twice, "again": twice, "same": np.ones(400), "nothing": np.full(400, np.nan)})) == 400
    perfect = find_buyer_rules({"a": np.arange(400.0), "buys": bought.astype(float)}, bought, method=method)
    assert perfect.rules[0].held_out.precision.value == perfect.rules[0].held_out.recall.value == 1.0


def test_what_is_asked_wrongly_is_said():
    bought = np.arange(100) < 20
    with pytest.raises(ParameterError, match="Unknown method for rules 'tree': choose one of rulefit, search"):
        find_buyer_rules({"a": np.arange(100.0)}, bought, method="tree")
    with pytest.raises(ParameterError, match="most_rules must be between 1 and 20, got 0"):
        find_buyer_rules({"a": np.arange(100.0)}, bought, most_rules=0)


def test_no_warning_of_a_library_is_seen():
    frame, bought, _ = planted(9, n=300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_buyer_rules(frame, bought).rules


@pytest.mark.parametrize("method", METHODS)
def test_noise_has_no_lift_held_out(method):
    contradicted = 0
    for seed in range(2):
        draw = np.random.default_rng(seed)
        found = find_buyer_rules({"a": draw.normal(size=400), "b": draw.normal(size=400)}, draw.random(400) < 0.2, method=method, seed=seed)
        lifts = [one.held_out.lift for one in found.rules if one.held_out.lift.low is not None]
        contradicted += sum(not lift.low <= 1 <= lift.high for lift in lifts)
    assert contradicted <= 1  # of up to ten


def test_a_search_describes_other_customers_with_each_rule():
    draw = np.random.default_rng(12)
    a, b = draw.uniform(0, 1, 4_000), draw.uniform(0, 1, 4_000)
    bought = draw.random(4_000) < np.where((a > 0.85) | (b < 0.15), 0.8, 0.02)
    first, second = find_buyer_rules({"a": a, "b": b}, bought, method="search").rules[:2]
    assert {first.rule.conditions[0].feature, second.rule.conditions[0].feature} == {"a", "b"}


def test_rules_that_find_the_same_customers_are_one():
    draw = np.random.default_rng(0)
    frame = {name: draw.normal(size=4_000) for name in ("visits", "basket", "noise")}
    bought = draw.random(4_000) < 1 / (1 + np.exp(2 - 0.5 * frame["visits"]))  # no threshold is better than those next to it
    found = find_buyer_rules(frame, bought, method="rulefit")
    hits = [np.logical_and.reduce([condition.meets(frame[condition.feature]) for condition in one.rule.conditions]) for one in found.rules]
    assert hits
    for at, first in enumerate(hits):
        assert all((first & other).sum() < 0.9 * (first | other).sum() for other in hits[:at])
