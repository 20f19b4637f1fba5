import numpy as np
import pytest
from scipy.stats import skew

from segcore.features.correlations import correlations
from segcore.features.spread import skewness, spread, value_shares


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


def test_whole_numbers_beyond_64_bits_are_counted_too():
    found = spread("huge", np.arange(1, 101) * 1e300)
    assert sum(found.counts) + found.outside == 100


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


def test_skewness_is_the_third_standardised_moment_whatever_the_unit():
    values = np.random.default_rng(1).lognormal(size=500)
    assert skewness(values) == pytest.approx(skew(values))
    assert skewness(-values) == pytest.approx(-skewness(values))
    for factor in (1e-200, 1e200):
        assert skewness(values * factor) == pytest.approx(skew(values))
    assert skewness(np.full(4, 7.3)) == 0.0
    assert spread("spend", values).skewness == skewness(values)


def test_dummies_of_one_column_make_no_pair():
    yes = np.array([1.0, 0, 1, 0, 1, 1])
    values = np.column_stack([yes, 1 - yes, yes])
    found = correlations(("job=a", "job=b", "flag"), values, ("job", "job", ""))
    assert {pair[:2] for pair in found.near_duplicates()} == {("job=a", "flag"), ("job=b", "flag")}
    assert len(correlations(("a", "b", "c"), values).near_duplicates()) == 3


def test_the_strongest_pairs_come_first_and_only_as_many_as_asked():
    draws = np.random.default_rng(2).normal(size=(300, 3))
    values = np.column_stack([draws, draws[:, 0] + 0.1 * draws[:, 1], draws[:, 1] + draws[:, 2]])
    found = correlations(("a", "b", "c", "like_a", "both"), values)
    assert found.pairs(most=1)[0][:2] == ("a", "like_a")
    sizes = [abs(r) for _, _, r in found.pairs()]
    assert len(sizes) == 10
    assert sizes == sorted(sizes, reverse=True)
    few = found.among(("both", "a"))
    assert few.names == ("both", "a")
    assert few.r[0, 1] == pytest.approx(np.corrcoef(values[:, 4], values[:, 0])[0, 1])


def test_the_values_of_a_category_are_counted_with_those_that_have_none():
    dummies = np.array([[1.0, 0], [0, 1], [0, 1], [0, 0], [0, 1]])
    found = value_shares(("web", "shop"), dummies, "(other)")
    assert list(zip(found.values, found.counts, strict=True)) == [("shop", 3), ("web", 1), ("(other)", 1)]
    assert found.n_customers == 5
    assert value_shares(("web",), np.ones((3, 1)), "(other)").values == ("web",)
