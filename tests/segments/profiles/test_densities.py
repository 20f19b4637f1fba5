"""Kernel densities against scipy's, and where they are not defensible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gaussian_kde, iqr

from segcore.segments.profiles.densities import Density, density_pair, distribution_pair, kernel_density, silverman_bandwidth
from segcore.segments.profiles.histograms import Histogram, LeftOut


def drawn(kind, n=3_000):
    draw = np.random.default_rng(5)
    return np.sort(
        {"normal": draw.normal(10, 3, n), "skewed": np.exp(draw.normal(0, 1.2, n)), "two": draw.normal(0, 1, n) + 8 * (np.arange(n) % 2)}[
            kind
        ]
    )


def theirs(values, bandwidth):
    return gaussian_kde(values, bw_method=bandwidth / values.std(ddof=1))


@pytest.mark.parametrize("kind", ["normal", "skewed", "two"])
def test_without_reflection_it_is_scipys_density(kind):
    values = drawn(kind)
    bandwidth = silverman_bandwidth(values)
    at = np.linspace(values[0] - 1, values[-1] + 1, 200)
    expected = theirs(values, bandwidth)(at)
    np.testing.assert_allclose(kernel_density(values, at, bandwidth=bandwidth), expected, atol=0.002 * expected.max())


def test_reflection_adds_what_scipy_finds_beyond_either_end():
    values = np.sort(np.random.default_rng(6).beta(0.8, 1.1, 2_000))
    bandwidth = silverman_bandwidth(values)
    at = np.linspace(0, 1, 300)
    other = theirs(values, bandwidth)
    expected = other(at) + other(-at) + other(2 - at)
    found = kernel_density(values, at, bandwidth=bandwidth, low=0.0, high=1.0)
    np.testing.assert_allclose(found, expected, atol=0.003 * expected.max())
    assert np.trapezoid(found, at) == pytest.approx(1, abs=1e-3)


def test_the_bandwidth_is_silvermans():
    values = drawn("skewed")
    assert silverman_bandwidth(values) == pytest.approx(0.9 * min(values.std(ddof=1), iqr(values) / 1.34) * 3_000**-0.2)
    assert silverman_bandwidth(np.array([1.0, 1.0])) == 0


@pytest.mark.parametrize("whole", [False, True])
def test_each_curve_encloses_the_share_that_is_shown(whole):
    values = np.random.default_rng(7).exponential(400, 5_000)
    values = np.rint(values) if whole else values
    members = values > np.quantile(values, 0.3)
    pair = density_pair(values, members)
    assert pair.at[0] >= values.min() and pair.at[-1] < values.max()
    assert 200 <= len(pair.at) <= 800
    outside = pair.left_out
    assert 50 <= outside.outside <= 110
    areas = [np.trapezoid(curve, pair.at) for curve in (pair.population, pair.segment)]
    assert areas == pytest.approx([1 - outside.outside / 5_000, 1 - outside.segment_outside / members.sum()], abs=0.01)


def test_whole_numbers_are_not_heaped_at_the_least_of_them():
    values = np.tile(np.arange(60.0), 50)
    pair = density_pair(values, np.ones(3_000, dtype=bool))
    np.testing.assert_allclose(pair.population, 1 / 60, rtol=0.01)  # reflected at 0 itself, it would be 2 / 60 there


def test_missing_values_are_left_out_and_counted():
    values = drawn("normal")
    members = np.arange(3_000) % 3 == 0
    gone = np.concatenate([values, np.full(30, np.nan)])
    pair, whole = density_pair(gone, np.append(members, np.arange(30) < 10)), density_pair(values, members)
    assert (pair.population, pair.segment) == (whole.population, whole.segment)
    assert pair.left_out == LeftOut(whole.left_out.outside, whole.left_out.segment_outside, missing=30, segment_missing=10)


EVERYONE = np.random.default_rng(8).normal(50, 20, 1_000)
NOT_CONTINUOUS = {
    "constant": (np.full(1_000, 4.0), np.arange(1_000) < 400),
    "0 or 1": (np.arange(1_000) % 2.0, np.arange(1_000) < 400),
    "30 values": (np.arange(1_000) % 30.0, np.arange(1_000) < 400),
    "a heap of more than a tenth": (np.where(np.arange(1_000) < 101, 0.0, EVERYONE), np.arange(1_000) % 2 == 0),
    "a heap in the segment": (np.where(np.arange(1_000) < 90, 0.0, EVERYONE), np.arange(1_000) < 400),
    "a segment of one customer": (EVERYONE, np.arange(1_000) == 7),
    "two equal customers": (np.append(EVERYONE, [1.5, 1.5]), np.arange(1_002) >= 1_000),
    "30 customers": (EVERYONE, np.arange(1_000) < 30),
    "nobody": (EVERYONE, np.zeros(1_000, dtype=bool)),
    "most in a crowd that no curve over the range would show": (
        np.concatenate([np.linspace(0, 1e-6, 800), np.linspace(1, 2, 200)]),
        np.arange(1_000) % 2 == 0,
    ),
    "whole numbers, mostly few": (
        np.minimum(np.arange(400_000) % 12 + np.where(np.arange(400_000) % 97 == 0, np.arange(400_000) % 300, 0), 310.0),
        np.ones(400_000, dtype=bool),
    ),
}


@pytest.mark.parametrize("case", NOT_CONTINUOUS)
def test_bars_stay_where_a_density_is_not_defensible(case):
    values, members = NOT_CONTINUOUS[case]
    assert isinstance(distribution_pair(values, members), Histogram)


def test_31_different_values_and_heaps_of_a_tenth_have_a_density():
    values = np.where(np.arange(1_000) < 100, 0.0, EVERYONE)
    assert isinstance(distribution_pair(values, np.arange(1_000) >= 969), Density)
    assert isinstance(distribution_pair(values, np.arange(1_000) % 2 == 0), Density)


def test_the_unit_does_not_change_a_curve():
    members = np.arange(1_000) < 400
    small, large = density_pair(EVERYONE, members), density_pair(EVERYONE * 2.0**1000, members)
    np.testing.assert_allclose(
        np.array(large.segment) * 2.0**1000, small.segment, rtol=0.02
    )  # where squares overflow, the quartiles alone give the bandwidth


@given(st.lists(st.floats(-1e12, 1e12), min_size=31, max_size=80), st.integers(0, 2**32))
def test_whatever_the_values_there_is_a_figure_of_finite_numbers(values, seed):
    values = np.array(values)
    found = distribution_pair(values, np.random.default_rng(seed).random(len(values)) < 0.7)
    assert np.isfinite([*found.population, *found.segment]).all()
    assert min(*found.population, *found.segment) >= 0
