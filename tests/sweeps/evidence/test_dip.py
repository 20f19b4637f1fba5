from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from segcore.clustering.kernels.dip import dip
from segcore.sweeps.evidence.dip import falls_in_groups
from tests.examples import few


def slow_dip(values):
    """Return the dip from its definition: for each mode, the nearest unimodal distribution function is a linear program."""
    n = len(values)
    gaps = np.diff(values)
    # Variables: the function just below each value, just above the mode, and the largest difference.
    above, miss = n, n + 1
    best = 1.0
    for mode in range(n):
        rows, limits = [], []

        def at_most(limit, terms, rows=rows, limits=limits):
            row = np.zeros(n + 2)
            for variable, factor in terms:
                row[variable] += factor
            rows.append(row)
            limits.append(limit)

        for i in range(n):
            at_most(i / n, [(i, 1), (miss, -1)])
            at_most(-(i if i == mode else i + 1) / n, [(i, -1), (miss, -1)])
        at_most((mode + 1) / n, [(above, 1), (miss, -1)])
        at_most(-(mode + 1) / n, [(above, -1), (miss, -1)])
        at_most(0, [(mode, 1), (above, -1)])
        left, right = [*range(mode + 1)], [above, *range(mode + 1, n)]
        for part, sign, widths in ((left, 1, gaps[:mode]), (right, -1, gaps[mode:])):
            for low, high in pairwise(part):
                at_most(0, [(low, 1), (high, -1)])
            for at in range(len(part) - 2):
                first, second = sign / widths[at], sign / widths[at + 1]
                at_most(0, [(part[at], -first), (part[at + 1], first + second), (part[at + 2], -second)])
        found = linprog(np.eye(n + 2)[miss], A_ub=np.array(rows), b_ub=limits, bounds=(0, 1))
        best = min(best, found.fun) if found.status == 0 else best
    return best


@settings(max_examples=few(30), deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.sampled_from([0.0, 2.0, 8.0]))
def test_the_dip_is_the_distance_to_the_nearest_distribution_with_one_peak(seed, n, apart):
    rng = np.random.default_rng(seed)
    values = np.sort(rng.normal(size=n) + apart * rng.integers(3, size=n))
    assert dip(values) == pytest.approx(slow_dip(values), abs=1e-8)


def test_two_far_groups_have_the_largest_dip():
    values = np.concatenate([np.linspace(0, 1e-3, 500), np.linspace(1, 1 + 1e-3, 500)])
    assert dip(values) == pytest.approx(0.25, abs=0.002)


def test_equally_spaced_values_have_the_smallest_dip():
    assert dip(np.arange(50.0)) == pytest.approx(1 / 100)


def test_the_dip_does_not_depend_on_unit_or_direction():
    values = np.sort(np.random.default_rng(0).normal(size=200) ** 3)
    assert dip(3 * values + 7) == pytest.approx(dip(values))
    assert dip(-values[::-1]) == pytest.approx(dip(values))


def test_groups_are_found_and_single_peaks_are_not():
    rng = np.random.default_rng(0)
    one = rng.normal(size=600)
    assert falls_in_groups(one) > 0.3
    assert falls_in_groups(np.exp(one)) > 0.3
    assert falls_in_groups(np.concatenate([one, one + 4])) == 0.001


def test_uniform_values_are_called_grouped_at_the_level():
    rng = np.random.default_rng(1)
    p = [falls_in_groups(rng.random(100)) for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.09


def test_rounding_makes_no_groups():
    days = np.floor(365 * np.random.default_rng(2).random(2000))
    assert falls_in_groups(days) > 0.05


def test_order_does_not_matter_and_the_seed_settles_the_rest():
    values = np.random.default_rng(3).normal(size=300).round(2)
    assert falls_in_groups(values, seed=5) == falls_in_groups(values[::-1], seed=5)


def test_many_values_are_sampled():
    values = np.random.default_rng(4).normal(size=200_000)
    values[::2] += 4
    assert falls_in_groups(values) == 0.001


@pytest.mark.parametrize("values", [np.arange(9.0), np.zeros(100), np.arange(1000) % 2.0, np.arange(1000) % 20.0, np.empty(0)])
def test_few_or_heavily_tied_values_have_no_test(values):
    assert falls_in_groups(values) is None
