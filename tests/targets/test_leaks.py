import numpy as np
import pytest

from segcore.targets.leaks import find_leaks


def planted(seed=0, n=2_000):
    draw = np.random.default_rng(seed)
    y = draw.random(n) < 0.1
    honest = draw.normal(size=(n, 3)) + y[:, None] * [1.5, 0.5, 0.0]
    return draw, y, honest


def test_a_feature_made_from_the_outcome_is_found_and_no_honest_one():
    draw, y, honest = planted()
    orders_in_window = np.where(y, draw.integers(1, 4, len(y)), 0)
    either_end = np.where(y, draw.choice([-9.0, 9.0], len(y)), draw.normal(size=len(y)))
    X = np.column_stack([honest, orders_in_window, either_end])
    found = find_leaks(X, y, ["a", "b", "c", "orders_in_window", "either_end"])
    assert {leak.feature for leak in found} == {"orders_in_window", "either_end"}
    assert all(leak.area.value > 0.95 for leak in found)


def test_an_id_that_encodes_the_outcome_is_found():
    _, y, honest = planted(1)
    number = np.where(y, 50_000, 10_000) + np.arange(len(y))
    assert [leak.feature for leak in find_leaks(np.column_stack([honest, number]), y, ["a", "b", "c", "number"])] == ["number"]


def test_numbers_that_are_all_different_do_not_seem_to_tell_anything():
    """Groups as small as one customer would memorise the outcome."""
    draw, y, _ = planted(2)
    assert find_leaks(draw.normal(size=(len(y), 20)), y, [f"n{at}" for at in range(20)]) == ()


@pytest.mark.parametrize("n_yes", [0, 3, 1_999])
def test_too_few_of_either_answer_show_nothing(n_yes):
    X = (np.arange(2_000) < n_yes).astype(float)[:, None]
    assert find_leaks(X, X[:, 0] > 0, ["copy"]) == ()


def test_large_data_are_sampled():
    _, y, honest = planted(3, n=120_000)
    assert [leak.feature for leak in find_leaks(np.column_stack([honest, y]), y, ["a", "b", "c", "copy"])] == ["copy"]
