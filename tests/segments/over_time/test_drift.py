import numpy as np
import pytest
from scipy.stats import chi2

from segcore.errors import ParameterError
from segcore.segments.over_time.drift import bin_edges, critical_index, drift_of_counts, find_drift, stability_index


def test_the_index_of_counts_can_be_followed_by_hand():
    # Shares 0.5, 0.5 and 0.8, 0.2, but for the half customer.
    expected = 0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
    assert stability_index(np.array([50_000, 50_000]), np.array([80_000, 20_000])) == pytest.approx(expected, abs=1e-4)
    assert stability_index(np.array([30, 70]), np.array([30, 70])) == 0


def test_the_critical_value_shrinks_with_the_samples():
    assert critical_index(10, 500, 1_000, level=0.01) == pytest.approx((1 / 500 + 1 / 1_000) * chi2.isf(0.01, 9))
    assert critical_index(1, 5, 5, level=0.01) == 0


def test_bins_hold_equally_many_of_the_earlier_customers_and_ties_stay_together():
    assert bin_edges(np.arange(1.0, 101.0), fewest=1_000).tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert bin_edges(np.arange(1.0, 101.0), fewest=45).tolist() == [50]
    assert bin_edges(np.array([0.0] * 95 + [1.0] * 5), fewest=1_000).tolist() == [0]
    assert bin_edges(np.array([0.0] * 5 + [1.0] * 95), fewest=1_000).tolist() == [np.nextafter(1.0, 0.0)]


@pytest.mark.parametrize("kind", ["normal", "skewed", "counts", "binary", "rare"])
def test_two_samples_of_one_population_seldom_drift(kind):
    draw = np.random.default_rng(5)
    sample = {
        "normal": lambda n: draw.normal(size=n),
        "skewed": lambda n: draw.lognormal(0, 1.5, n),
        "counts": lambda n: draw.poisson(1.2, n).astype(float),
        "binary": lambda n: (draw.random(n) < 0.3).astype(float),
        "rare": lambda n: (draw.random(n) < 0.01).astype(float),
    }[kind]
    above = [find_drift(["x"], sample(400)[:, None], sample(700)[:, None], level=0.05)[0].drifted for _ in range(400)]
    assert np.mean(above) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_shift_is_found_in_the_feature_that_has_it_and_only_there():
    draw = np.random.default_rng(0)
    earlier, later = draw.normal(size=(800, 5)), draw.normal(size=(800, 5))
    later[:, 3] += 0.4
    assert [one.drifted for one in find_drift(list("abcde"), earlier, later)] == [False, False, False, True, False]


def test_a_feature_that_was_constant_drifts_once_it_is_not():
    constant, later = np.full((300, 1), 2.0), np.full((300, 1), 2.0)
    assert not find_drift(["x"], constant, later)[0].drifted
    later[:60] = 3
    assert find_drift(["x"], constant, later)[0].drifted


def test_a_tiny_index_counts_with_many_customers_and_a_large_one_not_with_few():
    many = drift_of_counts("sizes", np.array([500_000, 500_000]), np.array([510_000, 490_000]))
    few = drift_of_counts("sizes", np.array([5, 5]), np.array([8, 2]))
    assert many.drifted and many.psi < 0.01
    assert not few.drifted and few.psi > 0.25


def test_nobody_is_refused():
    with pytest.raises(ParameterError, match="at least one customer"):
        find_drift(["x"], np.empty((0, 1)), np.ones((3, 1)))
    with pytest.raises(ParameterError, match="above 0 and below 1"):
        critical_index(3, 5, 5, level=1.0)
