"""Whatever a column holds, it is read or refused with one sentence; bad rows are null and nothing else is."""

import datetime as dt
import decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.data.columns.dates import read_times
from segcore.data.columns.ids import read_ids
from segcore.data.columns.numbers import is_numeric, read_numbers
from segcore.data.columns.text import as_text
from segcore.errors import DataError
from tests.examples import few

LETTERS = st.sampled_from(list("0123456789.,-+/: eETZ%()£$€'JanDecAPMh\u00a0\u200b\u2212５é٣\n\t\x00"))
TEXTS = st.one_of(
    st.none(),
    st.text(LETTERS, max_size=14),
    st.text(max_size=8),
    st.from_regex(r"[0-3]?[0-9][/.-][0-3]?[0-9][/.-](19|20)?[0-9]{2}( [0-2][0-9]:[0-6][0-9])?", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,3}([.,][0-9]{3}){0,3}([.,][0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9]{4,20}", fullmatch=True),
)


def place(row):
    return f"line {row + 2}"


@settings(max_examples=few(400))
@given(st.lists(TEXTS, max_size=8), st.booleans(), st.sampled_from([None, "dmy", "mdy", "ymd"]))
def test_any_texts_are_read_or_refused_with_one_sentence(texts, set_aside, order):
    column = pa.chunked_array([pa.array(texts, pa.string())])
    is_numeric(column)
    assert len(read_ids(column, name="x", where=place).values) == len(texts)
    for read, options in ((read_numbers, {}), (read_times, {"order": order})):
        try:
            found = read(column, name="x", where=place, set_aside=set_aside, **options)
        except DataError as error:
            assert "\n" not in str(error)
            assert str(error).endswith(".")
            assert not set_aside or error.remedy == "date_order"
            continue
        assert len(found.values) == len(texts)
        if found.bad is not None:
            assert set_aside
            assert found.bad.any()
            assert found.values.filter(pa.array(found.bad)).null_count == found.bad.sum()


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1], None]),
        pa.array([{"a": 1}, None]),
        pa.array([b"\xff\xfe", b"1"]),
        pa.array([b"abc"], pa.binary(3)),
        pa.array([None, None]),
        pa.array([], pa.string()),
        pa.chunked_array([], pa.float64()),
        pa.chunked_array([["a"], ["b", None]], pa.dictionary(pa.int8(), pa.string())),
        pa.array(["1", "x"], pa.string_view()),
        pa.array([dt.time(8), None]),
        pa.array([dt.timedelta(1)]),
        pa.array([1.5, float("nan"), float("inf")], pa.float16()),
        pa.array([decimal.Decimal("1e40")], pa.decimal256(50, 2)),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    ],
    ids=lambda column: str(column.type),
)
def test_any_type_of_column_is_read_or_refused(column):
    assert len(as_text(column)) == len(read_ids(column, name="x", where=place).values) == len(column)
    is_numeric(column)
    for read in (read_numbers, read_times):
        for set_aside in (False, True):
            try:
                assert len(read(column, name="x", where=place, set_aside=set_aside).values) == len(column)
            except DataError as error:
                assert str(error).startswith("x must hold")


def test_numbers_and_dates_of_very_many_digits_take_no_time():
    column = pa.array(["9" * 100_000 + str(n) for n in range(50)])

    with pytest.raises(DataError, match=r"more digits than a number can hold"):
        read_numbers(column, name="x", where=place)
    with pytest.raises(DataError, match="line 2"):
        read_times(column, name="x", where=place)
