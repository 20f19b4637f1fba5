import io
import re

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segcore.export.cells import safe_headers, safe_text
from tests.examples import few

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫"]
COVERS = ["", " ", "   ", "\ufeff", '"', "'", "\u00a0", "\u3000", '\ufeff "', "“", "\x0b", "\x00"]
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
HOSTILE = st.builds("".join, st.lists(st.sampled_from([*STARTS, *COVERS, "1", "e", ".", "cmd|' /C calc'!A0", "SUM(A1)", ","]), max_size=6))
TEXTS = st.one_of(HOSTILE, st.text(max_size=12), st.none())


def one(text):
    return safe_text(pa.array([text], pa.string()))[0][0].as_py()


def would_run(text):
    """Say it again without a regular expression: the first character behind blanks, marks and quotes decides."""
    bare = text.lstrip(" \u00a0\u3000\ufeff\"'“\x0b\x00")
    return bare[:1] in STARTS and bool(bare) and not NUMBER.fullmatch(text)


def taken_back(cell):
    """Undo the mark as a reader would."""
    return cell[1:] if cell[:1] == "'" and one(cell[1:]) != cell[1:] else cell


@pytest.mark.parametrize("cover", COVERS, ids=ascii)
@pytest.mark.parametrize("start", STARTS, ids=ascii)
def test_every_dangerous_beginning_is_marked(cover, start):
    text = f"{cover}{start}HYPERLINK(1)"
    assert one(text) == f"'{text}"


@pytest.mark.parametrize("number", ["-5", "+5", "5", "-0.25", "+1e3", "-1E-05", "-.5", "-5.", "+447911123456"])
def test_what_is_strictly_a_number_stays(number):
    assert one(number) == number


@pytest.mark.parametrize("text", ["-5 ", " -5", "-5-1", "-", "+", "--5", "-5%", "-٥", "-1e", "-1,5", "-0x1", "-inf", "-5\n", "+1+1"])
def test_what_only_looks_like_a_number_is_marked(text):
    assert one(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "17850", "O'Neil", "'quoted'", "x-1", "a\tb", "Müller & Söhne", "100 %", "ﬁ", " "])
def test_harmless_text_stays(text):
    assert one(text) == text


@settings(max_examples=few(400), deadline=None)
@given(TEXTS.filter(lambda text: text is not None))
@example("''=1")
@example("'-5")
def test_marking_is_decided_by_the_first_real_character_and_can_be_taken_back(text):
    cell = one(text)
    if would_run(text):
        assert cell == f"'{text}"
    assert cell in (text, f"'{text}")
    assert taken_back(cell) == text
    assert cell == text or cell[0] == "'"


@settings(max_examples=few(200), deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_hostile_text_comes_back_from_the_csv_file(texts):
    cells, marked = safe_text(pa.array(texts, pa.string()))
    buffer = io.BytesIO()
    pa.csv.write_csv(pa.table({"id": cells}), buffer)
    options = pa.csv.ConvertOptions(column_types={"id": pa.string()}, strings_can_be_null=True, quoted_strings_can_be_null=False)
    read = pa.csv.read_csv(
        io.BytesIO(buffer.getvalue()),
        convert_options=options,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
    )
    assert [None if cell is None else taken_back(cell) for cell in read["id"].to_pylist()] == texts
    assert marked == sum(cell != text for cell, text in zip(cells.to_pylist(), texts, strict=True))


def test_headers_are_made_harmless_too():
    assert safe_headers(["customer_id", "=cmd()", "-1", "＠x"]) == ["customer_id", "'=cmd()", "-1", "'＠x"]
