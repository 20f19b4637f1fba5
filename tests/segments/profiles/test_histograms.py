import numpy as np
import pytest

from segcore.segments.profiles.histograms import LeftOut, histogram_pair


def test_whole_numbers_of_a_small_range_get_a_bin_each():
    values = np.array([1, 1, 2, 3, 3, 3], dtype=float)
    pair = histogram_pair(values, np.array([True, True, False, False, False, True]))
    assert pair.edges == (0.5, 1.5, 2.5, 3.5)
    assert pair.population == pytest.approx((2 / 6, 1 / 6, 3 / 6))
    assert pair.segment == pytest.approx((2 / 3, 0, 1 / 3))
    assert pair.left_out == LeftOut(0, 0, 0, 0)


def test_extremes_are_left_out_of_the_range_and_counted():
    values = np.concatenate([np.linspace(0, 1, 1000), [50.0, 60.0]])
    members = np.zeros(1002, dtype=bool)
    members[[0, 500, 1001]] = True
    pair = histogram_pair(values, members)
    assert pair.edges[-1] < 2
    assert pair.left_out.outside >= 2
    assert pair.left_out.segment_outside == 2  # the smallest and the largest
    assert sum(pair.population) == pytest.approx(1 - pair.left_out.outside / 1002)


def test_shares_are_of_the_customers_with_a_value_and_the_others_are_counted():
    values = np.array([1, np.nan, 2, 2, np.nan, 1, np.nan])
    pair = histogram_pair(values, np.array([True, True, True, True, True, False, False]))
    assert pair.population == (0.5, 0.5)
    assert pair.segment == pytest.approx((1 / 3, 2 / 3))
    assert pair.left_out == LeftOut(outside=0, segment_outside=0, missing=3, segment_missing=2)


@pytest.mark.parametrize("values", [[5.0, 5.0, 5.0], [0.25] * 4, [0.0] * 200 + [3.5]])
def test_constant_and_nearly_constant_features_have_a_histogram(values):
    values = np.array(values)
    pair = histogram_pair(values, values == values[0])
    assert sum(pair.segment) == pytest.approx(1)
    assert len(pair.edges) == len(pair.population) + 1


def test_an_empty_segment_is_empty_bars():
    assert sum(histogram_pair(np.arange(10.0), np.zeros(10, dtype=bool)).segment) == 0


def test_wide_ranges_of_whole_numbers_get_bins_of_whole_width():
    edges = np.diff(histogram_pair(np.arange(1000.0), np.ones(1000, dtype=bool), bins=20).edges)
    assert set(edges) == {edges[0]}
    assert edges[0] == round(edges[0])
    assert len(edges) <= 20
