import time

import pytest

from segcore.records.estimate import Estimate
from segcore.wording.numbers import (
    ago_text,
    bytes_text,
    counted,
    day_text,
    difference_text,
    duration_text,
    index_text,
    listed,
    number_text,
    percent_text,
    seconds_text,
    segment_title,
    share_text,
    unit_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (5.0, "5"),
        (25321.4987, "25,321"),
        (123.456, "123"),
        (12.345, "12.3"),
        (1.2345, "1.23"),
        (1.5, "1.5"),
        (0.318964, "0.319"),
        (-0.0981, "-0.098"),
        (0.0000123, "1.2e-05"),
        (-2.5, "-2.5"),
        (12345.0, "12,345"),
        (1e300, "1e+300"),
    ],
)
def test_numbers_are_short_and_keep_what_matters(value, text):
    assert number_text(value) == text


def test_shares_are_percentages():
    assert number_text(0.1725, "share of lines") == "17 %"
    assert percent_text(0.0312) == "3.1 %"
    assert percent_text(0.0) == "0 %"
    assert percent_text(1.0) == "100 %"
    assert percent_text(None) == "–"


def test_only_nothing_is_nothing_and_only_all_is_all():
    assert percent_text(0.0001) == "under 0.1 %"
    assert percent_text(0.5) == "50 %"
    assert percent_text(0.9951) == "99.5 %"
    assert percent_text(0.9999) == "over 99.9 %"


def test_a_negative_share_keeps_its_sign():
    assert percent_text(-0.042) == "-4.2 %"


def test_segments_are_called_by_their_name_or_number():
    assert segment_title(3, {3: "Weekend families"}) == "Weekend families"
    assert segment_title(3, {}) == "Segment 3"
    assert segment_title(-1, {}) == "Noise"


def test_counts_and_lists_read_as_sentences():
    assert counted(1, "customer") == "1 customer"
    assert counted(2000, "customer") == "2,000 customers"
    assert counted(2, "category", "categories") == "2 categories"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a"]) == "a"


def test_units_stand_behind_numbers_only_where_they_help():
    assert [unit_text(unit) for unit in ("days", "currency", "share of lines", "log of currency", "")] == [" days", "", "", "", ""]


def test_amounts_of_memory_are_rounded_to_what_matters():
    assert [bytes_text(amount) for amount in (1, 180 * 2**20, 2**29, 7.3 * 2**30)] == ["1 MiB", "180 MiB", "0.5 GiB", "7.3 GiB"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (20, "20 s"), (20.4, "20 s"), (89, "89 s"), (100, "2 min"), (180, "3 min"), (7_500, "2 h 5 min")],
)
def test_durations_are_rounded_to_what_matters(seconds, words):
    assert duration_text(seconds) == words


def test_measured_times_have_three_digits():
    assert [seconds_text(value) for value in (None, 0.0123, 0.27, 29.6, 425.4)] == ["–", "12.3 ms", "0.27 s", "29.6 s", "425 s"]


def test_days_are_read_from_iso_times():
    assert (day_text("2017-01-01T06:53:26"), day_text("2011-12-09"), day_text(None)) == ("1 Jan 2017", "9 Dec 2011", "unknown")


def test_moments_become_how_long_ago_they_were():
    now = time.time()
    assert (ago_text(now - 5), ago_text(now - 600), ago_text(None)) == ("just now", "10 min ago", "")


def test_differences_and_indices_are_told_with_their_intervals():
    assert difference_text(Estimate(0.6249, 0.514, 0.73, 40)) == "+0.62 (0.51 to 0.73)"
    assert difference_text(Estimate(-0.003, -0.1, 0.096, 40)) == "+0.00 (-0.10 to 0.10)"
    assert index_text(Estimate(210.4, 179.6, 1240.2, 40)) == "210 (180 to 1,240)"
    assert index_text(Estimate(1.06, 0.0, 10.2, 40)) == "1.1 (0 to 10)"
    assert share_text(Estimate(0.9, 0.871, 0.924, 40)) == "90 % (87 % to 92 %)"
    assert share_text(Estimate.undefined("why")) == "–"
    assert difference_text(Estimate.undefined("why")) == index_text(Estimate.undefined("why")) == "–"
