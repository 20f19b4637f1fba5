"""Columns of any type as text."""

import decimal

import pyarrow as pa

from segcore.data.columns.ids import as_ids
from segcore.data.columns.text import as_text


def test_text_keeps_everything_but_outer_spaces():
    assert as_text(pa.chunked_array([pa.array([" =1+1 ", "NA", None])])).to_pylist() == ["=1+1", "NA", None]


def test_decimal_ids_of_many_digits_stay_apart():
    ids = [decimal.Decimal("12345678901234567890"), decimal.Decimal("12345678901234567891"), None]

    assert as_ids(pa.chunked_array([pa.array(ids, pa.decimal128(20, 0))])).to_pylist() == [str(ids[0]), str(ids[1]), None]
    assert as_ids(pa.chunked_array([pa.array([decimal.Decimal("17850.00"), decimal.Decimal("100.00")])])).to_pylist() == ["17850", "100"]
    assert as_text(pa.chunked_array([pa.array([decimal.Decimal("1.50"), decimal.Decimal("10.00")])])).to_pylist() == ["1.5", "10"]
