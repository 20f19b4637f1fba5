import codecs
import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.errors import DataError
from segcore.sources.csvfile import read_csv

ROWS = [["id", "name", "value"], ["007", "Zoë", "1.50"], ["0123", "naïve – £", "2"], ["", "", ""], ["4", "a b", "-3"]]


def text_of(rows, delimiter=",", lineterminator="\n"):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=lineterminator).writerows(rows)
    return buffer.getvalue()


def values_of(raw):
    table = raw.read(raw.names)
    return [list(raw.names), *[list(row.values()) for row in table.to_pylist()]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("lineterminator", ["\n", "\r\n", "\r"])
def test_every_value_comes_back_as_it_was_written(write_text, delimiter, lineterminator):
    raw = read_csv(write_text(text_of(ROWS, delimiter, lineterminator)), "rows")

    assert values_of(raw) == ROWS


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", "byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_every_encoding_is_found_and_said(write_text, encoding, said):
    raw = read_csv(write_text(text_of(ROWS), encoding=encoding), "rows")

    assert values_of(raw) == ROWS
    spoken = " ".join(note.text for note in raw.notes)
    assert (said in spoken) if said else not raw.notes


def test_latin_1_is_told_from_windows_1252(write_text):
    raw = read_csv(write_text("id,name\n1,\n2,£ é\n", encoding="latin-1"), "rows")

    assert values_of(raw)[2] == ["2", "£ é"]
    assert "line 3" in raw.notes[0].text
    assert "Latin-1" in raw.notes[0].text


def test_gzip_is_read_like_the_plain_file(write_text):
    raw = read_csv(write_text(gzip.compress(text_of(ROWS).encode())), "rows")

    assert values_of(raw) == ROWS
    assert raw.where(2) == "line 4"


def test_quoted_delimiters_and_line_breaks_belong_to_the_value(write_text):
    rows = [["a", "b"], ["1,5", 'say "hi"'], ["two\nlines", "x;y"], ['5" pipe', ""]]

    raw = read_csv(write_text(text_of(rows)), "rows")

    assert values_of(raw) == rows
    assert [raw.where(row) for row in range(3)] == ["line 2", "line 3", "line 5"]


def test_a_lone_quote_inside_a_text_is_no_open_quote(write_text):
    raw = read_csv(write_text('a,b\n1,5" pipe\n2,x\n'), "rows")

    assert values_of(raw)[1:] == [["1", '5" pipe'], ["2", "x"]]


def test_columns_without_a_name_are_named_by_their_position(write_text):
    raw = read_csv(write_text(",b,\n1,2,3\n"), "rows")

    assert raw.names == ("column_1", "b", "column_3")
    assert "column_1, column_3" in raw.notes[0].text


def test_empty_lines_are_no_rows_and_do_not_shift_the_line_numbers(write_text):
    raw = read_csv(write_text("a,b\n\n1,2\n\n\n3,4\n"), "rows")

    assert raw.n_rows == 2
    assert [raw.where(0), raw.where(1)] == ["line 3", "line 6"]


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_any_table_survives_the_way_through_a_file(tmp_path_factory, table):
    rows = [["first", "second", "third"], *[list(row) for row in table]]
    path = tmp_path_factory.mktemp("any") / "rows.csv"
    path.write_bytes(codecs.BOM_UTF8 + text_of(rows).encode())

    assert values_of(read_csv(path, "rows")) == rows


def test_a_first_line_that_says_the_delimiter_to_excel_is_no_header(write_text):
    raw = read_csv(write_text("sep=;\r\na;b\r\n1,5;2\r\n"), "rows")

    assert values_of(raw) == [["a", "b"], ["1,5", "2"]]
    assert raw.where(0) == "line 3"


def test_a_title_above_the_header_is_named_as_what_is_wrong(tmp_path):
    path = tmp_path / "report.csv"
    path.write_text("Sales 2011,,,\n\ncustomer,date,qty,price\na,2024-01-13,1,2\n")

    with pytest.raises(DataError, match="take out titles and empty rows above the header"):
        read_csv(path, "report.csv")
