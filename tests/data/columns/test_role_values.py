import decimal

import pyarrow as pa
import pytest

from segcore.data.columns.role_values import as_ids, as_numbers, as_text, is_numeric
from segcore.errors import DataError


def place(row):
    return f"line {row + 2}"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["17850.0", "17850", " 17850 "], ["17850", "17850", "17850"]),
        (["007", "7"], ["007", "7"]),
        (["1.0", "1.1"], ["1.0", "1.1"]),
        (["C5", "5.0"], ["C5", "5"]),
        (["", "NA", "null", "NaN", None], [None] * 5),
        ([17850.0, None, float("nan")], ["17850", None, None]),
        ([1.5, 2.0], ["1.5", "2"]),
        ([2**60], [str(2**60)]),
        ([decimal.Decimal("12")], ["12"]),
        ([True, False], ["true", "false"]),
    ],
)
def test_ids_are_text_and_a_whole_number_has_one_spelling(values, expected):
    assert as_ids(pa.chunked_array([pa.array(values)])).to_pylist() == expected


def test_ids_of_a_categorical_column_are_its_values():
    assert as_ids(pa.chunked_array([pa.array(["b", "a", "b"]).dictionary_encode()])).to_pylist() == ["b", "a", "b"]


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


def test_text_keeps_everything_but_outer_spaces():
    assert as_text(pa.chunked_array([pa.array([" =1+1 ", "NA", None])])).to_pylist() == ["=1+1", "NA", None]


def test_decimal_ids_of_many_digits_stay_apart():
    ids = [decimal.Decimal("12345678901234567890"), decimal.Decimal("12345678901234567891"), None]

    assert as_ids(pa.chunked_array([pa.array(ids, pa.decimal128(20, 0))])).to_pylist() == [str(ids[0]), str(ids[1]), None]
    assert as_ids(pa.chunked_array([pa.array([decimal.Decimal("17850.00"), decimal.Decimal("100.00")])])).to_pylist() == ["17850", "100"]
    assert as_text(pa.chunked_array([pa.array([decimal.Decimal("1.50"), decimal.Decimal("10.00")])])).to_pylist() == ["1.5", "10"]


def test_dots_part_thousands_where_a_comma_follows():
    assert as_numbers(pa.chunked_array([pa.array(["1.234,50", "-12.345", "7", "0,5"])]), name="price", where=place).to_pylist() == [
        1234.5,
        -12345.0,
        7.0,
        0.5,
    ]
