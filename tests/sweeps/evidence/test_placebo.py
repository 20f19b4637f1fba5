import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.sweeps.evidence.placebo import placebo_test
from tests.examples import few

NAN = np.nan


def slow_maxima(placebos):
    """Return the highest z of each placebo, from the others as they are."""
    found = []
    for number, own in enumerate(placebos):
        others = np.delete(placebos, number, axis=0)
        found.append(max((own - others.mean(axis=0)) / others.std(axis=0, ddof=1)))
    return found


def test_z_of_a_point_by_hand():
    # Mean 0.3; deviations -0.1, 0, 0.1: standard deviation 0.1.
    point = placebo_test(np.array([0.45]), np.array([[0.2], [0.3], [0.4]])).points[0]
    assert (point.observed, point.n_defined) == (0.45, 3)
    assert [point.mean, point.low, point.high, point.highest, point.z] == pytest.approx([0.3, 0.21, 0.39, 0.4, 1.5])


def test_maxima_and_p_by_hand():
    found = placebo_test(np.array([0.45]), np.array([[0.2], [0.3], [0.4], [0.3]]))
    # Without 0.4: mean 0.8 / 3, deviations -2/30, 1/30, 1/30, standard deviation sqrt(6 / 900 / 2) = 0.0577; z = (4 / 30) / 0.0577.
    assert found.maxima == pytest.approx((-2.3094, 0.0, 2.3094, 0.0), abs=1e-4)
    # Standard deviation sqrt(0.02 / 3) = 0.0816, so that the observed z is 0.15 / 0.0816, which one placebo reaches.
    assert found.highest_z == pytest.approx(1.8371, abs=1e-4)
    assert found.p_value == pytest.approx(2 / 5)
    assert found.needed_z is None


@settings(max_examples=few(60), deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 45), st.integers(1, 6))
def test_placebos_are_judged_without_themselves(seed, n_placebos, n_points):
    rng = np.random.default_rng(seed)
    placebos = rng.normal(0.3, 0.05, size=(n_placebos, n_points))
    found = placebo_test(placebos[0] + 0.01, placebos)
    assert found.maxima == pytest.approx(slow_maxima(placebos))
    assert found.highest_z == max(point.z for point in found.points)
    assert found.p_value == (1 + sum(value >= found.highest_z for value in found.maxima)) / (1 + n_placebos)


@pytest.mark.parametrize(("n_placebos", "rank"), [(19, 1), (38, 1), (39, 2), (99, 5), (18, None)])
def test_the_needed_z_leaves_5_percent_of_the_maxima_above(n_placebos, rank):
    placebos = np.random.default_rng(n_placebos).normal(0.3, 0.05, size=(n_placebos, 3))
    found = placebo_test(np.full(3, 0.3), placebos)
    assert found.needed_z == (None if rank is None else sorted(found.maxima)[-rank])


@pytest.mark.parametrize("n_placebos", [19, 39, 50])
def test_the_needed_z_is_where_p_falls_to_5_percent(n_placebos):
    placebos = np.random.default_rng(n_placebos).normal(0.3, 0.05, size=(n_placebos, 1))
    needed = placebo_test(np.array([0.3]), placebos).needed_z
    at = placebos.mean() + needed * placebos.std(ddof=1)
    assert placebo_test(np.array([at + 1e-6]), placebos).p_value <= 0.05 < placebo_test(np.array([at - 1e-6]), placebos).p_value


def test_data_like_the_placebos_are_called_clustered_no_more_often_than_the_level_says():
    rng = np.random.default_rng(0)
    curves = rng.multivariate_normal(np.full(5, 0.3), 0.001 * (0.6 + 0.4 * np.eye(5)), size=(400, 20))
    called = np.mean([placebo_test(each[0], each[1:]).p_value <= 0.05 for each in curves])
    assert 0.01 < called <= 0.05


def test_a_point_that_most_placebos_lack_has_no_z():
    placebos = np.array([[0.1, 0.1], [0.2, NAN], [0.4, NAN], [0.3, 0.2]])
    found = placebo_test(np.array([0.5, 0.5]), placebos)
    assert [point.n_defined for point in found.points] == [4, 2]
    assert found.points[1].z is not None
    placebos[3, 1] = NAN
    found = placebo_test(np.array([0.5, 0.5]), placebos)
    assert found.points[1].z is None
    assert found.points[1].mean == found.points[1].highest == 0.1
    assert found.highest_z == found.points[0].z


def test_undefined_silhouettes_do_not_count():
    placebos = np.array([[0.1, NAN, 0.3], [0.2, NAN, 0.5], [NAN, NAN, 0.4], [0.3, NAN, 0.4]])
    found = placebo_test(np.array([0.15, 0.9, NAN]), placebos)
    assert [point.z for point in found.points] == [pytest.approx(-0.5), None, None]
    assert found.points[1].mean is None
    assert found.points[2].observed is None
    assert found.maxima == pytest.approx(slow_maxima(np.array([[0.1], [0.2], [0.3]])))
    assert found.p_value == 3 / 4


def test_placebos_that_are_all_equal_give_no_z():
    found = placebo_test(np.array([0.5]), np.full((20, 1), 0.1 + 0.2))
    assert (found.points[0].mean, found.points[0].z) == (pytest.approx(0.3), None)
    assert (found.highest_z, found.p_value, found.maxima, found.needed_z) == (None, None, (), None)


def test_the_only_placebo_that_differs_counts_as_higher():
    found = placebo_test(np.array([0.9]), np.array([[0.3]] * 18 + [[0.4]]))
    assert found.highest_z > 10
    assert found.maxima[-1] == np.inf
    assert found.p_value == 2 / 20


def test_nothing_to_compare_gives_no_p():
    assert placebo_test(np.array([0.5, NAN]), np.empty((0, 2))).p_value is None
    assert placebo_test(np.empty(0), np.empty((20, 0))).p_value is None
