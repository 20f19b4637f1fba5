import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.errors import ParameterError
from segcore.targets.hold_out import detectable_difference, draw_hold_out, hold_out_power, hold_out_size, plan_hold_out


def simulated_power(contacts, hold_out, rate, untouched, *, draws=20_000):
    """Return how often the z test of two proportions, by its definition, rejects at 5 %."""
    draw = np.random.default_rng(0)
    a, b = draw.binomial(contacts, rate, draws), draw.binomial(hold_out, untouched, draws)
    pooled = (a + b) / (contacts + hold_out)
    error = np.sqrt(pooled * (1 - pooled) * (1 / contacts + 1 / hold_out))
    return float((np.abs(a / contacts - b / hold_out) > 1.959964 * error).mean())


@pytest.mark.parametrize(("contacts", "rate", "untouched"), [(1_000, 0.12, 0.06), (300, 0.4, 0.2), (5_000, 0.05, 0.035)])
def test_a_hold_out_of_the_planned_size_detects_the_effect_in_80_of_100_tests(contacts, rate, untouched):
    size = hold_out_size(contacts, rate=rate, untouched=untouched)
    # With few buyers in a small group, the normal approximation is a few hundredths off.
    assert simulated_power(contacts, size, rate, untouched) == pytest.approx(0.8, abs=0.04)


def test_groups_of_equal_size_are_those_of_the_textbook():
    rate, untouched = 0.6, 0.45
    mean = (rate + untouched) / 2
    root = 1.959964 * math.sqrt(2 * mean * (1 - mean)) + 0.841621 * math.sqrt(rate * (1 - rate) + untouched * (1 - untouched))
    n = math.ceil((root / (rate - untouched)) ** 2)
    assert hold_out_size(n, rate=rate, untouched=untouched) == pytest.approx(n, abs=1)


@pytest.mark.parametrize(("contacts", "rate", "untouched"), [(1_000, 0.12, 0.06), (80, 0.5, 0.2)])
def test_one_customer_fewer_is_not_enough(contacts, rate, untouched):
    size = hold_out_size(contacts, rate=rate, untouched=untouched)
    powers = [hold_out_power(contacts, n, rate=rate, untouched=untouched) for n in (size - 1, size)]
    assert powers[0] < 0.8 <= powers[1]


def test_what_a_hold_out_detects_is_what_it_was_sized_for():
    size = hold_out_size(1_000, rate=0.12, untouched=0.06)
    assert detectable_difference(1_000, size, rate=0.12) == pytest.approx(0.06, abs=2e-4)
    assert detectable_difference(1_000, 4 * size, rate=0.12) < 0.06 < detectable_difference(1_000, size // 2, rate=0.12)


def test_too_few_contacts_detect_nothing_at_any_size():
    assert hold_out_size(50, rate=0.02, untouched=0.01) is None
    assert detectable_difference(50, 25, rate=0.02) is None
    assert detectable_difference(50, 0, rate=0.9) is None
    assert hold_out_size(50, rate=0.2, untouched=0.2) is None


def test_the_plan_takes_what_is_needed_within_its_limits():
    enough = plan_hold_out(1_000, rate=0.12, customers=6_000)
    assert (enough.size, enough.listed, enough.is_enough) == (hold_out_size(1_000, rate=0.12, untouched=0.06), 1_000 + enough.size, True)
    capped = plan_hold_out(300, rate=0.12, customers=6_000)
    assert (capped.size, capped.is_enough) == (150, False) and capped.detectable > 0.06
    nobody_left = plan_hold_out(300, rate=0.12, customers=300)
    assert (nobody_left.size, nobody_left.detectable, nobody_left.is_enough) == (0, None, False)
    assert plan_hold_out(1_000, rate=0.12, customers=6_000, untouched=0.09).size == 500
    assert enough.to_json()["listed"] == enough.listed


@given(st.data(), st.integers(1, 300), st.integers(0, 99))
def test_the_hold_out_has_its_size_and_is_spread_over_the_ranks(data, listed, seed):
    size = data.draw(st.integers(0, listed - 1))
    held = draw_hold_out(listed, size, seed=seed)
    assert (held.sum(), len(held)) == (size, listed)
    half = listed // 2
    assert abs(held[:half].sum() - size * half / listed) <= 2 + size / min(20, max(size, 1))


def test_each_customer_is_held_out_with_the_same_probability():
    often = np.mean([draw_hold_out(23, 7, seed=seed) for seed in range(4_000)], axis=0)
    assert often == pytest.approx(np.full(23, 7 / 23), abs=5 * np.sqrt(7 / 23 * 16 / 23 / 4_000))


def test_ranks_of_both_groups_are_alike_and_the_draw_is_seeded():
    held = draw_hold_out(1_200, 200, seed=3)
    ranks = np.arange(1_200)
    # A simple random draw would differ by 25 ranks or so; each of the 20 parts holds 10 of the 200.
    assert [int(part.sum()) for part in np.split(held, 20)] == [10] * 20
    assert abs(ranks[held].mean() - ranks[~held].mean()) < 10
    draws = [draw_hold_out(1_200, 200, seed=seed) for seed in (3, 4)]
    assert np.array_equal(draws[0], held) and not any(itertools.starmap(np.array_equal, [draws]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_hold_out(10, 10), "size of the hold-out must be between 0 and 9, got 10"),
        (lambda: draw_hold_out(0, 0), "customers on the list must be at least 1"),
        (lambda: hold_out_size(0, rate=0.1, untouched=0.05), "number of contacts must be at least 1"),
        (lambda: hold_out_size(10, rate=1.2, untouched=0.05), "buyers with a contact must be between 0 and 1, got 1.2"),
        (lambda: plan_hold_out(11, rate=0.2, customers=10), "number of contacts must be between 1 and 10, got 11"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
