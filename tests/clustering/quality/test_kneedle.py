import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kneed import KneeLocator

from segcore.clustering.quality.kneedle import knees
from tests.examples import few


def kneeds(x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [int(knee) for knee in KneeLocator(x, y, S=1.0, curve="convex", direction="decreasing", online=True).all_knees]


def test_a_curve_that_halves_and_then_stays_bends_where_it_stops():
    assert knees([1, 2, 3, 4, 5, 6], [10, 5, 1, 0.9, 0.8, 0.7]) == [3]


def test_a_straight_line_has_no_knee():
    assert knees([1, 2, 3, 4], [4, 3, 2, 1]) == []


@given(st.lists(st.integers(2, 60), min_size=2, max_size=14, unique=True), st.integers(0, 10**6), st.sampled_from(["fall", "steps", "any"]))
@settings(max_examples=few(200), deadline=None)
def test_the_knees_are_those_of_kneed(x, seed, shape):
    x = sorted(x)
    dice = np.random.default_rng(seed)
    steps = dice.exponential(size=len(x)) if shape == "fall" else dice.integers(0, 3, len(x)).astype(float)
    y = (dice.normal(size=len(x)) if shape == "any" else -np.cumsum(steps)).tolist()
    if max(y) > min(y):
        assert knees(x, y) == kneeds(x, y)


@pytest.mark.parametrize("y", [[1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [3.0, 3.0, 1.0, 1.0, 0.0], [5.0, 1.0, 4.0, 0.5, 0.4, 0.3, 0.2]])
def test_plateaus_and_dents_are_kneeds(y):
    x = list(range(2, 2 + len(y)))
    assert knees(x, y) == kneeds(x, y)
