import pytest
from scipy.stats import binomtest

from segcore.records.estimate import difference_interval, wilson_interval


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (1, 4000)])
def test_the_interval_is_wilsons(count, of):
    theirs = binomtest(count, of).proportion_ci(method="wilson")
    assert wilson_interval(count / of, of) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize("of", range(1, 200))
def test_a_share_of_nobody_or_of_everybody_reaches_the_very_end(of):
    assert wilson_interval(0.0, of)[0] == 0.0
    assert wilson_interval(1.0, of)[1] == 1.0


def test_nothing_is_known_of_a_share_of_nobody():
    assert wilson_interval(0.0, 0) == (0.0, 1.0)


def test_the_interval_of_a_difference_is_newcombes():
    """Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10: 56 of 70 and 48 of 80."""
    low, high = difference_interval((56 / 70, 70), (48 / 80, 80))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
