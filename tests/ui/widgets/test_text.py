import time

import pytest

from ui.widgets.text import ago, count, day, duration, number, share


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (20.4, "20 s"), (89, "89 s"), (100, "2 min"), (7_500, "2 h 5 min")])
def test_durations_are_rounded_to_what_matters(seconds, words):
    assert duration(seconds) == words


def test_one_is_singular():
    assert (count(1, "point"), count(2, "point"), count(1234, "customer")) == ("1 point", "2 points", "1,234 customers")


@pytest.mark.parametrize(("part", "words"), [(0.0, "0 %"), (0.0004, "less than 0.1 %"), (0.237, "23.7 %"), (0.5, "50 %"), (1.0, "100 %")])
def test_a_share_is_never_rounded_to_nothing(part, words):
    assert share(part) == words


@pytest.mark.parametrize(
    ("value", "words"), [(3.0, "3"), (12345.0, "12,345"), (12345.67, "12,346"), (0.123456, "0.1235"), (-2.5, "-2.5"), (1e300, "1e+300")]
)
def test_numbers_have_four_digits_and_separators(value, words):
    assert number(value) == words


def test_days_are_read_from_iso_times():
    assert (day("2017-01-01T06:53:26"), day("2011-12-09"), day(None)) == ("1 Jan 2017", "9 Dec 2011", "unknown")


def test_moments_become_how_long_ago_they_were():
    now = time.time()
    assert (ago(now - 5), ago(now - 600), ago(None)) == ("just now", "10 min ago", "")
