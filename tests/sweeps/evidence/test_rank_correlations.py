import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from segcore.sweeps.evidence.rank_correlations import RankCorrelations

R = np.array([-0.9, -0.5, 0.0, 0.2, 0.6, 0.95])


def ascending(values):
    apart = np.sort(values) - np.mean(values)
    return apart / np.sqrt(np.sum(apart**2)) if apart.any() else apart


def pairs(r):
    return np.array([[1.0, r], [r, 1.0]])


NUMBER = ascending(np.arange(2000.0))
MEDIAN_SPLIT = ascending(np.repeat([0.0, 1.0], 1000))
ONE_IN_TEN = ascending(np.repeat([0.0, 1.0], [1800, 200]))


@pytest.mark.parametrize("r", R)
def test_numbers_without_ties_have_the_known_correlation(r):
    found = RankCorrelations(np.array([NUMBER, NUMBER])).of(pairs(r))[0, 1]
    assert found == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.002)


@pytest.mark.parametrize("r", R)
def test_median_splits_have_the_known_correlation(r):
    found = RankCorrelations(np.array([MEDIAN_SPLIT, MEDIAN_SPLIT])).of(pairs(r))[0, 1]
    assert found == pytest.approx(2 / np.pi * np.arcsin(r), abs=0.002)


@pytest.mark.parametrize("r", R)
def test_rare_indicators_have_the_correlation_of_their_joint_frequency(r):
    cut = norm.ppf(0.9)
    both = multivariate_normal([0, 0], pairs(r)).cdf([-cut, -cut])
    found = RankCorrelations(np.array([ONE_IN_TEN, ONE_IN_TEN])).of(pairs(r))[0, 1]
    assert found == pytest.approx((both - 0.01) / 0.09, abs=0.003)


@pytest.mark.parametrize("r", R)
def test_latent_correlations_are_found_back(r):
    series = RankCorrelations(np.array([NUMBER, ONE_IN_TEN]))
    assert series.latent(series.of(pairs(r)))[0, 1] == pytest.approx(r, abs=0.001)


def test_correlations_out_of_reach_get_the_ends():
    # A number and an indicator of one row in ten have a Spearman correlation of 0.52 at most.
    assert RankCorrelations(np.array([NUMBER, ONE_IN_TEN])).latent(pairs(0.8))[0, 1] == 1.0
    assert RankCorrelations(np.array([NUMBER, ONE_IN_TEN])).latent(pairs(-0.8))[0, 1] == -1.0


def test_a_constant_column_has_no_latent_correlation():
    series = RankCorrelations(np.array([NUMBER, np.zeros(2000)]))
    assert series.latent(pairs(0.0)).tolist() == [[1.0, 0.0], [0.0, 1.0]]
