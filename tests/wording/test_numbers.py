import pytest

from segcore.wording.numbers import counted, listed, number_text, percent_text, segment_title, unit_text


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
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a"]) == "a"


def test_units_stand_behind_numbers_only_where_they_help():
    assert [unit_text(unit) for unit in ("days", "currency", "share of lines", "log of currency", "")] == [" days", "", "", "", ""]
