"""Transforms of skewed features: values worked by hand, and scikit-learn's own lambda."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import PowerTransformer

from segcore.features.transforms import fitted_transform, power_lambda, transformed, yeo_johnson
from tests.examples import few

RNG = np.random.default_rng(0)
FEATURES = {
    "skewed to the right": RNG.lognormal(3, 1, 2_000),
    "skewed to the left": 10 - RNG.lognormal(0, 0.7, 2_000),
    "normal": RNG.normal(size=2_000),
    "negative": -RNG.lognormal(2, 1, 2_000),
    "of both signs": RNG.normal(1, 3, 2_000) ** 3,
    "mostly 0": np.where(RNG.random(2_000) < 0.8, 0, RNG.lognormal(4, 2, 2_000)),
    "counts": RNG.poisson(5, 2_000).astype(float),
    "rare counts": RNG.poisson(0.1, 2_000).astype(float),
    "two values": np.array([0.0, 0, 0, 1]),
    "heavy tails": RNG.standard_cauchy(2_000) * 1e6,
    "huge": RNG.random(500) * 1e150,
    "huge, of both signs": RNG.standard_cauchy(500) * 1e140,
    "whole years": np.round(RNG.gamma(9, 4, 2_000) + 18),
}


@pytest.mark.parametrize("values", FEATURES.values(), ids=FEATURES)
def test_lambda_is_scikit_learns(values):
    theirs = PowerTransformer(standardize=False).fit(values[:, None])
    found = power_lambda(values)
    assert found == pytest.approx(theirs.lambdas_[0], abs=1e-5)
    np.testing.assert_allclose(yeo_johnson(values, float(theirs.lambdas_[0])), theirs.transform(values[:, None])[:, 0], rtol=1e-9)


@pytest.mark.parametrize(
    ("x", "power", "expected"), [(3, 2, 7.5), (3, 0, np.log(4)), (3, 1, 3), (-3, 0, -7.5), (-3, 2, -np.log(4)), (-3, 1, -3), (0, -5, 0)]
)
def test_the_power_is_that_worked_by_hand(x, power, expected):
    assert yeo_johnson(np.array([float(x)]), power)[0] == pytest.approx(expected, rel=1e-15)


def test_the_logarithm_keeps_the_sign():
    found = transformed(np.array([np.e - 1, 0, 1 - np.e, 1e308]), "log", 0.0)
    np.testing.assert_allclose(found, [1, 0, -1, np.log(1e308)])


def test_a_constant_feature_keeps_its_values():
    assert fitted_transform(np.full(5, 7.0), "power") == 1
    assert fitted_transform(np.array([4.0]), "power") == 1


@pytest.mark.parametrize("values", [[0.0, 1e-300], [5e-324, 1e-323], [-1e-300, 1e-300], [1.0, 1 + 2e-16]])
def test_a_spread_too_small_to_square_is_no_error(values):
    assert np.isfinite(yeo_johnson(np.array(values), power_lambda(np.array(values)))).all()


def test_equal_values_count_as_often_as_they_occur():
    assert power_lambda(np.repeat([0.0, 1, 5], [6, 3, 1])) != pytest.approx(power_lambda(np.array([0.0, 1, 5])), abs=0.1)


def test_values_far_from_0_beside_their_spread_stay_apart():
    values = 1e9 + np.arange(50.0)
    assert len(np.unique(yeo_johnson(values, power_lambda(values)))) == 50


def test_rare_values_take_lambda_no_further_than_its_bound():
    values = np.repeat([0.0, 1, 2], [9_990, 6, 4])
    assert power_lambda(values) == pytest.approx(-30)
    assert len(np.unique(yeo_johnson(values, -30.0))) == 3


@settings(max_examples=few(80), deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e150, 1e150)), st.sampled_from(["log", "power"]))
def test_any_feature_comes_out_finite_and_in_its_order(values, transform):
    found = transformed(values, transform, fitted_transform(values, transform))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1.01e150
    assert (np.diff(found[np.argsort(values)]) >= 0).all()


@given(hnp.arrays(np.float64, 12, elements=st.floats(-1e6, 1e6)))
def test_turning_the_signs_round_turns_the_power_round(values):
    power = power_lambda(values)
    np.testing.assert_allclose(yeo_johnson(-values, 2 - power), -yeo_johnson(values, power), rtol=1e-9)
