"""Identifiers: one spelling each, and what was unified is said."""

import decimal
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.data.columns.ids import as_ids, read_ids
from segcore.wording.findings import sentence
from segcore.wording.quotes import quoted


def read(values, kind=None):
    ids = read_ids(pa.chunked_array([pa.array(values, kind)]), name="id", where=lambda row: f"line {row + 2}")
    return ids.values.to_pylist(), [sentence(note) for note in ids.notes], {note.severity for note in ids.notes}


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        (
            ["7", " 17850", "17850\u00a0", "\u200317850\t"],
            ["7", "17850", "17850", "17850"],
            "3 values of id have spaces around them, such as ' 17850' in line 3",
        ),
        (["x\u200by", "xy"], ["xy", "xy"], "1 value of id has invisible characters, such as 'x\\u200by' in line 2"),
        (
            ["\ufeffA1", "A\u00ad1", "\u202aA1\u202c", "A\u00001"],
            ["A1"] * 4,
            "4 values of id have invisible characters, such as '\\ufeffA1' in line 2",
        ),
        (
            ["José", "Jose\u0301"],
            ["José"] * 2,
            "1 id of id is written in two Unicode forms, such as 'Jos\\xe9' in line 2 and 'Jose\\u0301' in line 3",
        ),
        (
            ["Jose\u0301", "b"],
            ["José", "b"],
            "1 value of id has letters stored in two parts (another Unicode form), such as 'Jose\\u0301' in line 2",
        ),
        (
            ["17850.0", "17850", "0017850.0"],
            ["17850", "17850", "0017850"],
            "2 values of id end in .0, which is dropped: '17850.0' in line 2 is '17850'",
        ),
    ],
)
def test_ids_that_look_the_same_are_one_and_that_is_said(values, expected, said):
    ids, notes, levels = read(values)

    assert ids == expected
    assert len(notes) == 1
    assert said in notes[0]
    assert levels == {"info"}


@pytest.mark.parametrize("values", [["17850", "00017850", "a b", "A\u0327"[:1]], ["1.0", "1.1"], ["é"], ["Ω", "ñandú"], [17850.0, None]])
def test_nothing_is_said_about_ids_that_are_taken_as_they_are(values):
    assert read(values)[1] == []


def test_leading_zeros_and_inner_spaces_stay():
    assert read(["007", "7", "a  b"])[0] == ["007", "7", "a  b"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([2**63 - 1, 2**53 + 1], pa.int64()),
        ([12_345_678_901_234_567_891], pa.uint64()),
        ([decimal.Decimal("12345678901234567890123")], pa.decimal128(23, 0)),
        (["12345678901234567890"], pa.string()),
    ],
)
def test_ids_of_many_digits_keep_them_all(values, kind):
    assert read(values, kind)[0] == [str(value) for value in values]
    assert read(values, kind)[1] == []


@pytest.mark.parametrize(
    ("values", "kind", "first"),
    [
        ([5.0, 12_345_678_901_234_567_890.0], pa.float64(), "'12345678901234567168' in line 3"),
        ([16_777_217.0], pa.float32(), "'16777216' in line 2"),
        ([2049.0], pa.float16(), "'2048' in line 2"),
    ],
)
def test_floating_ids_of_more_digits_than_they_keep_are_warned_about(values, kind, first):
    ids, notes, levels = read(values, kind)

    assert ids[-1] == first.split("'")[1]
    assert levels == {"warning"}
    assert f"1 value of id has more digits than its type (a floating number) keeps, such as {first}" in notes[0]


def test_a_spreadsheets_short_form_of_long_ids_is_warned_about():
    ids, notes, levels = read(["4.00638E+12", "4,00638E+12", "15056E1"])

    assert ids == ["4.00638E+12", "4,00638E+12", "15056E1"]
    assert levels == {"warning"}
    assert "2 values of id look like" in notes[0]


def test_a_value_that_is_only_space_or_invisible_is_missing():
    assert read(["\u200b", "  ", "\u00a0", "NULL", "#N/A", None, "-"])[0] == [None] * 6 + ["-"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\u200bb", r"'a\u200bb'"),
        ("two\nlines\r\t\x00", r"'two\nlines\r\t\x00'"),
        ("\u202eevil", r"'\u202eevil'"),
        ("x" * 100, "'" + "x" * 57 + "...'"),
        ("it's", '"it\'s"'),
        (None, "'None'"),
    ],
)
def test_a_quoted_value_shows_what_cannot_be_seen(value, expected):
    assert quoted(value) == expected


@given(st.text(max_size=10**4))
def test_a_quoted_value_is_short_and_stands_on_one_line(text):
    found = quoted(text)

    assert len(found) <= 100
    assert found.isprintable()


@given(st.lists(st.from_regex(r"[A-Za-zäöéñ0-9]{1,8}", fullmatch=True), min_size=1, max_size=20), st.randoms())
def test_however_an_id_is_dressed_up_it_is_the_same(ids, random):
    ids = [each for each in ids if each not in ("NA", "nan", "NaN", "Null", "NULL", "null", "None", "NaT")] or ["a"]

    def dress(text):
        text = random.choice([text, unicodedata.normalize("NFD", text)])
        place = random.randrange(len(text) + 1)
        text = random.choice([text, text[:place] + "\u200b" + text[place:]])
        return random.choice(["", " ", "\u00a0"]) + text + random.choice(["", " ", "\u2003"])

    assert read([dress(each) for each in ids])[0] == [unicodedata.normalize("NFC", each) for each in ids]


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
