import numpy as np
import pytest

from segcore.explain.overview import correlations, spread


def test_a_spread_counts_every_customer_once():
    values = np.concatenate([np.arange(1000.0), [1e6]])
    found = spread("spend", values)
    assert sum(found.counts) + found.outside == 1001
    assert found.outside >= 1
    assert found.edges[-1] < 1e6
    assert (found.low, found.median, found.high) == (0.0, 500.0, 1e6)


def test_small_whole_numbers_get_a_bin_each():
    found = spread("orders", np.array([1.0, 1, 1, 2, 4]))
    assert found.counts == (3, 1, 0, 1)
    assert found.edges == (0.5, 1.5, 2.5, 3.5, 4.5)
    assert found.zeros == 0


def test_a_constant_feature_has_one_bin_and_says_so():
    found = spread("same", np.full(5, 3.0))
    assert found.is_constant
    assert found.counts == (5,)


def test_mostly_equal_values_do_not_hide_the_others():
    found = spread("rare", np.array([0.0] * 999 + [7.5]))
    assert found.outside == 0
    assert sum(found.counts) == 1000
    assert found.zeros == pytest.approx(0.999)


def test_features_that_say_the_same_are_found_in_either_direction():
    draws = np.random.default_rng(0).normal(size=(200, 2))
    values = np.column_stack([draws[:, 0], -2 * draws[:, 0] + 1, draws[:, 1], np.ones(200)])
    found = correlations(("a", "minus_a", "b", "one"), values)
    assert found.constant == ("one",)
    assert found.names == ("a", "minus_a", "b")
    [(first, second, r)] = found.near_duplicates()
    assert (first, second) == ("a", "minus_a")
    assert r == pytest.approx(-1)
    assert np.allclose(found.r, np.corrcoef(values[:, :3], rowvar=False))


def test_nothing_that_varies_gives_an_empty_table():
    found = correlations(("one",), np.ones((4, 1)))
    assert found.names == ()
    assert found.near_duplicates() == ()


def test_one_feature_correlates_with_itself_only():
    found = correlations(("a",), np.array([[1.0], [2.0]]))
    assert found.r.tolist() == [[1.0]]
