"""Numbers in the forms people write them: what is read is said, what contradicts the rest is bad."""

import decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.data.columns.numbers import as_numbers, is_numeric, read_numbers
from segcore.errors import DataError
from segcore.wording.findings import sentence


def place(row):
    return f"line {row + 2}"


def read(values, kind=None, **options):
    return read_numbers(pa.chunked_array([pa.array(values, kind)]), name="price", where=place, **options)


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        (["1,50", "2"], [1.5, 2], "Commas in price are read as decimal commas: '1,50' in line 2 is 1.5."),
        (["1,234.50", "7"], [1234.5, 7], "Commas in price are read as thousands separators: '1,234.50' in line 2 is 1234.5."),
        (["1.234.567"], [1_234_567], "Points in price are read as thousands separators: '1.234.567' in line 2 is 1234567."),
        (
            ["5", "1\u00a0234.5", "1\u2009000"],
            [5, 1234.5, 1000],
            "Spaces in price are read as thousands separators: '1\\xa0234.5' in line 3 is 1234.5.",
        ),
        (["1'234.50", "1’000"], [1234.5, 1000], "Apostrophes in price are read as thousands separators"),
        (["1,00,000.00"], [100_000], "Commas in price are read as thousands separators"),
        (
            ["£1.50", "-£1.50", "£ 2", "3"],
            [1.5, -1.5, 2, 3],
            "price has the currency £, such as '£1.50' in line 2: it is read as plain numbers.",
        ),
        (["$ -3", "$1", "USD 4"], [-3, 1, 4], "price has the currency $"),
        (["5 EUR", "6 €"], [5, 6], "price has the currency EUR"),
        (["12 %", "3%", "0"], [12, 3, 0], "price has percent signs, such as '12 %' in line 2: 12 % is read as 12."),
        (["(1.50)", "2.5"], [-1.5, 2.5], "Brackets in price are read as negative: '(1.50)' in line 2 is -1.5."),
        (["1.50-", "2.5"], [-1.5, 2.5], "A minus after the number in price is read as negative: '1.50-' in line 2 is -1.5."),
        (["\u22125", "6"], [-5, 6], "price has characters other than plain digits and signs: '\\u22125' in line 2 is read as '-5'."),
        (["５", "٣"], [5, 3], "price has characters other than plain digits and signs"),
        (["1\u200b5"], [15], "'1\\u200b5' in line 2 is read as '15'"),
        (["1", "-", "?", "n.a."], [1, None, None, None], "3 values of price, the first '-' in line 3, are read as missing."),
        (["1,5E+03"], [1500], "read as decimal commas"),
        (["5,-", "6,50"], [5, 6.5], "read as decimal commas"),
        (["0,123", "0,5"], [0.123, 0.5], "read as decimal commas"),
    ],
)
def test_each_form_is_read_and_said_with_an_example(values, expected, said):
    numbers = read(values)

    assert numbers.values.to_pylist() == expected
    assert numbers.bad is None
    assert [note.severity for note in numbers.notes] == ["info"]
    assert said in sentence(numbers.notes[0])


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        (
            ["567", "1,234", "12,345"],
            [567, 1234, 12_345],
            "Commas in price could be thousands or decimals: '1,234' in line 3 is read as 1234;",
        ),
        (["5678", "1,234"], [5678, 1.234], "Commas in price could be thousands or decimals: '1,234' in line 3 is read as 1.234;"),
        (
            ["1.234", "2.345", "3.456"],
            [1.234, 2.345, 3.456],
            "Points in price could be thousands or decimals: '1.234' in line 2 is read as 1.234;",
        ),
        (["567", "1.230", "2.345", "3.456"], [567, 1230, 2345, 3456], "'1.230' in line 3 is read as 1230;"),
        (["1.234"], [1.234], "'1.234' in line 2 is read as 1.234; if it is 1234, write it that way"),
        (["250", "980", "1.200"], [250, 980, 1200], "'1.200' in line 4 is read as 1200; if it is 1.2, write it that way"),
    ],
)
def test_a_column_that_tells_neither_thousands_nor_decimals_is_read_with_a_warning(values, expected, said):
    numbers = read(values)

    assert numbers.values.to_pylist() == expected
    assert [note.severity for note in numbers.notes] == ["warning"]
    assert said in sentence(numbers.notes[0])


@pytest.mark.parametrize("values", [["1", "2.50", "-3e2", "+4", ".5", "", None], ["1.234", "2.5"], ["0.123", "0.456", "0.789"]])
def test_nothing_is_said_about_plain_numbers(values):
    assert read(values).notes == ()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["1.234,50", "1,234.50", "2.345,10"], "though others have decimal commas, such as '1.234,50' in line 2"),
        (["£2", "$3", "£4"], "though others are in another currency, such as '£2' in line 2"),
        (["12%", "5", "7%"], "though others have a percent sign, such as '12%' in line 2"),
        ([".5", "12%", ".7"], "though others have no percent sign, such as '.5' in line 2"),
        (["1", "inf", "2"], "not finite"),
        (["1", "-Infinity", "2"], "not finite"),
        (["1", "1e400", "2"], "too large"),
        (["1", "12345678901234567890", "2"], "more digits than a number can hold (is it an id?)"),
        (["1", "9007199254740993", "2"], "more digits than a number can hold (is it an id?)"),
        (["1", "unknown", "2"], "correct it"),
        (["1", "true", "2"], "correct it"),
        (["1", "2011-01-01", "2"], "correct it"),
        (["1", "#REF!", "2"], "correct it"),
        (["1", "5²", "2"], "correct it"),
        (["1", "12 34", "2"], "correct it"),
        (["1", "(5", "2"], "correct it"),
        (["1", "1.2.3", "2"], "correct it"),
    ],
)
def test_a_bad_number_is_refused_with_its_line_and_what_is_wrong_or_set_aside(values, why):
    with pytest.raises(DataError) as error:
        read(values)

    text = str(error.value)
    assert text.startswith(f"price must hold numbers, but 1 value cannot be read: the first is {values[1]!r} in line 3")
    assert why in text
    assert "--set-aside" in text
    assert error.value.remedy == "set_aside"
    numbers = read(values, set_aside=True)
    assert list(numbers.bad) == [False, True, False]
    assert [value is None for value in numbers.values.to_pylist()] == [False, True, False]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2**60], pa.int64()),
        ([1, 2**63 + 1], pa.uint64()),
        ([decimal.Decimal(1), decimal.Decimal(10**22)], pa.decimal128(25, 0)),
        ([1.0, float("inf")], pa.float64()),
        ([1.0, float("-inf")], pa.float32()),
    ],
)
def test_typed_numbers_that_float64_does_not_hold_are_bad_too(values, kind):
    with pytest.raises(DataError, match="1 value cannot be read.*line 3") as error:
        read(values, kind)

    assert error.value.remedy == "set_aside"
    assert list(read(values, kind, set_aside=True).bad) == [False, True]
    assert not is_numeric(pa.array(values, kind))


def test_a_column_without_any_number_is_not_offered_to_be_set_aside():
    with pytest.raises(DataError, match="2 values cannot be read") as error:
        read(["a", "b", None])

    assert error.value.remedy == ""
    assert read(["a", "b", None], set_aside=True).values.to_pylist() == [None] * 3


def test_the_largest_whole_numbers_and_floating_ones_are_read():
    assert read(["9007199254740991", "-9007199254740991", "1e300"]).values.to_pylist() == [2**53 - 1, 1 - 2**53, 1e300]
    assert read([2**53 - 1], pa.int64()).values.to_pylist() == [2**53 - 1]
    assert read([1e300]).values.to_pylist() == [1e300]


def test_what_stands_with_the_numbers_is_their_unit():
    assert [read([text]).unit for text in ("5", "£5", "5 %", "5 EUR")] == ["", "£", "%", "EUR"]


@pytest.mark.parametrize(("text", "numeric"), [("£5", True), ("12 %", True), ("?", False), ("+441234567890", False), ("1-2", False)])
def test_a_dressed_up_number_is_one_and_a_telephone_number_is_none(text, numeric):
    assert is_numeric(pa.array([text])) is numeric


def formatted(value, thousands, decimals, dress):
    text = f"{abs(value):,.2f}".replace(",", "\0").replace(".", decimals).replace("\0", thousands)
    return dress(text, value < 0)


DRESSES = {
    "plain": lambda text, negative: "-" * negative + text,
    "currency": lambda text, negative: "-" * negative + "£" + text,
    "behind": lambda text, negative: "-" * negative + text + " €",
    "brackets": lambda text, negative: f"({text})" if negative else text,
    "trailing": lambda text, negative: text + "-" * negative,
    "minus": lambda text, negative: "\u2212" * negative + text,
    "percent": lambda text, negative: "-" * negative + text + "%",
}


@given(
    st.lists(st.decimals(-10_000_000, 10_000_000, places=2), min_size=1, max_size=30),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u00a0", ","), ("\u2009", "."), ("'", "."), ("", "."), ("", ",")]),
    st.sampled_from(sorted(DRESSES)),
)
def test_numbers_in_any_locale_come_back(values, locale, dress):
    numbers = read([formatted(value, *locale, DRESSES[dress]) for value in values])

    assert numbers.values.to_pylist() == [float(value) for value in values]
    assert all(note.severity == "info" for note in numbers.notes)


@given(st.lists(st.sampled_from(["1,50", "1.50", "x", "", "-", "12345678901234567890"]), min_size=1, max_size=30))
def test_exactly_the_bad_rows_are_set_aside(texts):
    numbers = read(["7,25"] * 31 + texts, set_aside=True)

    bad = [False] * 31 + [text not in ("1,50", "", "-") for text in texts]
    assert list(numbers.bad if numbers.bad is not None else np.zeros(len(bad))) == bad
    assert numbers.values.to_pylist()[31:] == [1.5 if text == "1,50" else None for text in texts]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", " 2.5 ", "-3", "+4", "1e2", ".5", ""], [1, 2.5, -3, 4, 100, 0.5, None]),
        (["1,5", "2", "3,25"], [1.5, 2, 3.25]),
        (["1,234.50", "12", "1,000"], [1234.5, 12, 1000]),
        (["1,234,567"], [1_234_567]),
        ([1, None, 3], [1, None, 3]),
        ([1.0, float("nan")], [1, None]),
        ([decimal.Decimal("1.50")], [1.5]),
    ],
)
def test_numbers_are_read_strictly(values, expected):
    assert as_numbers(pa.chunked_array([pa.array(values)]), name="price", where=place).to_pylist() == expected


@pytest.mark.parametrize("values", [["1,5", "2.5"], ["1,234.5", "1,5"], ["£5", "$5"], ["1 00"], ["0x10"], ["--1"], ["1_000"], ["five"]])
def test_what_may_be_another_number_is_refused_with_its_line(values):
    with pytest.raises(DataError, match=r"price must hold numbers.*line [23]"):
        as_numbers(pa.chunked_array([pa.array(["1", *values])]), name="price", where=place)


def test_yes_and_no_are_no_numbers():
    with pytest.raises(DataError, match="yes and no"):
        as_numbers(pa.chunked_array([pa.array([True])]), name="flag", where=place)


@pytest.mark.parametrize(
    ("values", "numeric"),
    [
        (["1", "", "2.5"], True),
        (["01", "02"], False),
        (["0", "0.5"], True),
        (["a", "1"], False),
        ([None, None], False),
        ([True], False),
        ([1], True),
    ],
)
def test_a_column_is_numeric_where_all_that_is_there_is_a_number_and_no_code(values, numeric):
    assert is_numeric(pa.chunked_array([pa.array(values, None if any(values) else pa.string())])) is numeric


def test_dots_part_thousands_where_a_comma_follows():
    assert as_numbers(pa.chunked_array([pa.array(["1.234,50", "-12.345", "7", "0,5"])]), name="price", where=place).to_pylist() == [
        1234.5,
        -12345.0,
        7.0,
        0.5,
    ]
