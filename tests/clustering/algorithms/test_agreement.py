import numpy as np
import pytest

from segcore.clustering.algorithms.agreement import agreement, agreement_rows


def test_up_to_2000_rows_all_are_scored_and_the_share_is_exact():
    np.testing.assert_array_equal(agreement_rows(2_000, 0), np.arange(2_000))
    found = agreement(np.array([True, True, True, False]), 4)
    assert (found.value, found.is_exact, found.sample_size) == (0.75, True, 4)


def test_above_that_rows_are_drawn_with_the_seed_each_once():
    rows = agreement_rows(5_000, 3)
    assert len(set(rows)) == 2_000
    np.testing.assert_array_equal(rows, agreement_rows(5_000, 3))
    assert not np.array_equal(rows, agreement_rows(5_000, 4))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_sample_without_exception_still_has_an_interval(share):
    found = agreement(np.full(2_000, share == 1.0), 50_000)
    assert found.low <= found.value == share <= found.high
    assert not found.is_exact


def test_the_interval_covers_the_share_of_all_rows_19_times_in_20():
    everyone = np.random.default_rng(0).random(6_000) < 0.97
    covered = 0
    for seed in range(400):
        found = agreement(everyone[agreement_rows(6_000, seed)], 6_000)
        covered += found.low <= everyone.mean() <= found.high
    assert covered >= 370
