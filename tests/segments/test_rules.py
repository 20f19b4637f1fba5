"""Rules that describe segments: planted ones are found, measured on fresh customers, and mean what SQL means."""

import doctest
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segcore
from segcore.errors import ParameterError
from segcore.segments.rules.condition import ColumnTitles, Condition, short_number
from segcore.segments.rules.search import find_rules


def planted(seed, n):
    """Return columns, two of which make a segment of a share drawn between 2 and 40 %; and what makes it."""
    draw = np.random.default_rng(seed)
    first, second = draw.choice(8, 2, replace=False)
    rate = draw.uniform(0.02, 0.4)
    share = rate ** draw.uniform(0.35, 0.65)
    upper = draw.random(2) < 0.5

    def customers(rows, stream):
        own = np.random.default_rng([seed, stream])
        return np.column_stack([own.normal(size=(rows, 3)), own.exponential(size=(rows, 3)), own.random((rows, 2)) * 100])

    reference = customers(100_000, 1)
    cuts = [
        np.quantile(reference[:, at], 1 - part if up else part)
        for at, part, up in zip((first, second), (share, rate / share), upper, strict=True)
    ]

    def members(X, stream):
        found = np.ones(len(X), bool)
        for at, cut, up in zip((first, second), cuts, upper, strict=True):
            found &= X[:, at] > cut if up else X[:, at] <= cut
        own = np.random.default_rng([seed, stream])
        swapped = int(0.05 * found.sum())
        out, into = (own.choice(np.flatnonzero(which), swapped, replace=False) for which in (found, ~found))
        found[out], found[into] = False, True
        return found

    X, fresh = customers(n, 2), customers(50_000, 3)
    return {"first": int(first), "second": int(second)}, (X, members(X, 4)), (fresh, members(fresh, 5))


def test_a_rule_that_fits_a_few_customers_by_chance_is_not_chosen():
    labels = np.arange(60) % 3
    found = [
        rules
        for seed in range(8)
        for rules in find_rules(pd.DataFrame(np.random.default_rng(seed).normal(size=(60, 20))).add_prefix("f"), labels, seed=seed)
    ]
    by_chance = [rules for rules in found if rules.frontier and rules.frontier[-1].coverage.high < 0.7]
    assert len(by_chance) > 5  # of 20 in the searched half, hardly any in the other
    assert all(rules.chosen is None and rules.reason.startswith("No rule of up to three conditions") for rules in by_chance)


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_rule_is_found_and_its_intervals_hold_for_fresh_customers(seed):
    at, (X, mine), (fresh, fresh_mine) = planted(seed, 20_000)
    _, found = find_rules({f"f{n}": X[:, n] for n in range(8)}, mine.astype(int), seed=seed)
    rule = found.chosen
    assert {condition.feature for condition in rule.conditions} == {f"f{at['first']}", f"f{at['second']}"}
    hit = np.logical_and.reduce([condition.meets(fresh[:, int(condition.feature[1:])]) for condition in rule.conditions])
    both = (hit & fresh_mine).sum()
    # Wilson's intervals, widened by a half: four of four must hold, where one in twenty misses.
    for estimate, truth in ((rule.coverage, both / fresh_mine.sum()), (rule.precision, both / hit.sum())):
        slack = (estimate.high - estimate.low) / 2
        assert estimate.low - slack <= truth <= estimate.high + slack
    assert rule.coverage.sample_size == mine.sum() // 2


def test_rules_in_text_numbers_and_missing_values_mean_what_sql_means():
    n = 4_000
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "land": draw.choice(["Åland", "O'Brien", "x"], n),
            "spend": np.where(draw.random(n) < 0.2, np.nan, draw.normal(100, 10, n)),
            "kind": pd.Categorical(draw.choice(["a", "b"], n)),
            "yes": draw.random(n) < 0.5,
        }
    )
    frame.loc[:50, "land"] = None
    mine = (frame["land"] == "O'Brien") & (frame["spend"] > 100)
    _, found = find_rules(frame, mine.astype(int))
    assert {(condition.feature, condition.op) for condition in found.chosen.conditions} == {("land", "="), ("spend", ">")}
    assert "land = O'Brien" in found.chosen.text()
    assert found.chosen.coverage.value == pytest.approx(1, abs=0.02)
    assert found.chosen.precision.value == pytest.approx(1, abs=0.02)
    assert Condition("spend", "<=", 1e9).meets(frame["spend"].to_numpy()).sum() == frame["spend"].notna().sum()
    texts = np.array(["x", None, "y"], dtype=object)
    assert Condition("land", "!=", "x").meets(texts).tolist() == [False, False, True]
    assert Condition("land", "=", "x").meets(texts).tolist() == [True, False, False]


def test_no_condition_is_more_than_is_needed():
    draw = np.random.default_rng(1)
    frame = {name: draw.normal(size=6_000) for name in "abcdef"}
    _, found = find_rules(frame, (frame["c"] > 0.5).astype(int))
    assert [condition.feature for condition in found.chosen.conditions] == ["c"]
    assert len(found.frontier) == 1
    assert found.chosen.conditions[0].value == pytest.approx(0.5, abs=0.01)
    assert found.to_json()["rules"][0]["text"] == found.chosen.text()


def test_a_segment_without_a_short_rule_says_so():
    draw = np.random.default_rng(2)
    frame = {name: draw.normal(size=3_000) for name in "abc"}
    noise, scattered = find_rules(frame, (draw.random(3_000) < 0.2).astype(int))
    assert scattered.chosen is None
    assert scattered.to_json()["rules"] == [] and "No rule" in scattered.to_json()["no_rule"]
    assert noise.label == 0


@pytest.mark.parametrize(
    ("frame", "labels", "said"),
    [
        ({"a": [1.0, 2, 3, 4]}, [0, 0, 0, 1], "too few"),
        ({"a": [1.0] * 8}, [0, 0, 0, 0, 1, 1, 1, 1], "No column"),
        ({"a": [np.nan] * 8}, [0, 0, 0, 0, 1, 1, 1, 1], "No column"),
        ({"a": [None] * 8}, [0, 0, 0, 0, 1, 1, 1, 1], "No column"),
        ({"a": np.arange(8.0)}, [0] * 8, "nobody to tell them from"),
    ],
)
def test_degenerate_tables_have_no_rule_and_a_reason(frame, labels, said):
    found = find_rules(frame, labels)
    assert said in found[-1].reason
    assert found[-1].chosen is None


def test_noise_has_no_rule_and_no_customer_is_no_segment():
    assert find_rules({"a": [1.0, 2, 3]}, [-1, -1, -1]) == ()
    assert find_rules({"a": []}, []) == ()


def test_what_cannot_be_searched_is_refused_in_one_sentence():
    with pytest.raises(ParameterError, match="at least one column"):
        find_rules({}, [0, 1])
    with pytest.raises(ParameterError, match="a has 3 rows"):
        find_rules({"a": [1, 2, 3]}, [0, 1])


def test_the_same_seed_gives_the_same_rules_and_the_order_of_labels_does_not_matter():
    draw = np.random.default_rng(3)
    frame = {"a": draw.normal(size=2_000), "b": draw.normal(size=2_000)}
    labels = (frame["a"] > 0).astype(int) + 2 * (frame["b"] > 0.3)
    one, two = (segcore.find_rules(frame, labels, seed=5) for _ in range(2))
    assert one == two
    assert [found.label for found in one] == [0, 1, 2, 3]
    assert all(len(found.chosen.conditions) == 2 for found in one)


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_short_number_lies_between_and_prints_as_it_is(one, other):
    low, high = sorted((one, other))
    if low == high:
        return
    found = short_number(low, high)
    assert low <= found < high
    assert float(f"{found:.15g}") == found or found == low


def test_numbers_near_zero_are_kept():
    assert short_number(-2.2250738585e-313, -1e-313) == -2.2250738585e-313
    assert -2e-313 <= short_number(-2e-313, 0.0) < 0


def test_short_numbers():
    ends = ((0.6234, 0.6512), (-3.0, 2.0), (1234.5, 1250.0), (38.0, 38.5), (-0.27, -0.2))
    assert [short_number(*pair) for pair in ends] == [0.63, 0, 1240, 38, -0.27]


def test_the_example_of_the_docstring_holds():
    found = doctest.DocTestFinder().find(find_rules, "find_rules", globs={"segcore": segcore})
    assert next(doctest.DocTestRunner().run(example) for example in found if example.examples).failed == 0


def test_a_rule_reads_as_a_sentence():
    draw = np.random.default_rng(4)
    frame = {"spend": draw.exponential(size=2_000)}
    low, high = find_rules(frame, (frame["spend"] > 1).astype(int))
    assert re.fullmatch(
        r"[\d.]+ % \([\d.]+ % to [\d.]+ %\) of its customers are found by spend > 1; [\d.]+ % \([\d.]+ % to [\d.]+ %\) of those found "
        r"are in this segment\.",
        high.sentence(),
    )
    assert "spend <= 1;" in low.sentence()
    assert "Net spend <= 1;" in low.sentence(ColumnTitles({"spend": "Net spend"}))
