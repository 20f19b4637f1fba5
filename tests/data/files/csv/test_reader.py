import codecs
import csv
import gzip
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.data.files.csv.reader import read_csv
from segcore.errors import DataError
from segcore.records.data_rules import ReadOptions
from segcore.wording.findings import sentence

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
    spoken = " ".join(sentence(note) for note in raw.notes)
    assert (said in spoken) if said else not raw.notes


def test_latin_1_is_told_from_windows_1252(write_text):
    raw = read_csv(write_text("id,name\n1,\n2,£ é\n", encoding="latin-1"), "rows")

    assert values_of(raw)[2] == ["2", "£ é"]
    assert "line 3" in sentence(raw.notes[0])
    assert "Latin-1" in sentence(raw.notes[0])


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
    assert "column_1, column_3" in sentence(raw.notes[0])


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

    with pytest.raises(DataError, match="remove titles and empty rows above the header"):
        read_csv(path, "report.csv")


@pytest.mark.parametrize(
    ("delimiter", "words"), [(":", "colons"), ("^", "carets"), ("~", "tildes"), ("\x1f", "unit separators"), ("¦", "broken bars")]
)
def test_rare_delimiters_are_found_where_all_rows_show_them_and_said(write_text, delimiter, words):
    raw = read_csv(write_text(text_of([["a", "b", "c"], ["1", "x, y", "2"], ["3", f"p{delimiter}q", ""]], delimiter)), "rows")

    assert values_of(raw)[1:] == [["1", "x, y", "2"], ["3", f"p{delimiter}q", ""]]
    assert raw.form["delimiter"] == words
    assert words in sentence(raw.notes[0])


def test_any_delimiter_can_be_said(write_text):
    raw = read_csv(write_text("a*b*c\n1*2,5*3\n"), "rows", ReadOptions(delimiter="*"))

    assert values_of(raw) == [["a", "b", "c"], ["1", "2,5", "3"]]


def test_single_quotes_are_found_where_values_stand_between_them(write_text):
    raw = read_csv(write_text("'id','name'\n'1','a, b'\n'2','it''s'\n"), "rows")

    assert values_of(raw) == [["id", "name"], ["1", "a, b"], ["2", "it's"]]
    assert raw.form["quotes"] == "single"


@pytest.mark.parametrize("text", ["id,name\n1,'tis\n2,'00123\n", "id,name\n1,O'Brien\n2,x\n"])
def test_apostrophes_are_no_quotes(write_text, text):
    raw = read_csv(write_text(text), "rows")

    assert values_of(raw)[1][1] == text.split("\n")[1].split(",")[1]
    assert raw.form["quotes"] == "double"


@pytest.mark.parametrize(
    ("content", "said", "lines"),
    [
        (b"a,b\r1,2\r3,4\r", "CR", [2, 3]),
        (b"a,b\r\n1,2\r\n3,4\r\n", "CRLF", [2, 3]),
        (b"a,b\r\n1,2\n3,4\r\n", "mixed: CRLF 2 times, LF 1 times", [2, 3]),
        (b"a,b\r\n\r\n1,2\n\r3,4", "mixed: CRLF 2 times, LF 1 times, CR 1 times", [3, 5]),
    ],
)
def test_every_line_end_is_read_and_said(write_text, content, said, lines):
    raw = read_csv(write_text(content), "rows")

    assert values_of(raw) == [["a", "b"], ["1", "2"], ["3", "4"]]
    assert raw.form["line ends"] == said
    assert [raw.where(row) for row in range(2)] == [f"line {line}" for line in lines]
    assert any("Lines of rows end" in sentence(note) for note in raw.notes) == (said != "CRLF")


def test_lines_above_the_header_are_left_out_where_its_line_is_said(write_text):
    text = 'Report, "of\n2011;x\n\nid;note\n1;"a\nb"\n\n2;c\n'

    raw = read_csv(write_text(text), "rows", ReadOptions(header_row=4))

    assert values_of(raw) == [["id", "note"], ["1", "a\nb"], ["2", "c"]]
    assert [raw.where(0), raw.where(1)] == ["line 5", "line 8"]
    assert raw.form["header"] == "line 4"
    spoken = " ".join(sentence(note) for note in raw.notes)
    assert "2 lines above the header (line 4) are skipped" in spoken
    assert "1 empty line between its rows" in spoken


def test_an_encoding_that_is_said_is_used(write_text):
    raw = read_csv(write_text("id,name\n1,Зоя\n", encoding="cp1251"), "rows", ReadOptions(encoding="windows-1251"))

    assert values_of(raw)[1] == ["1", "Зоя"]
    assert raw.form["encoding"] == "Windows-1251, as asked"


def test_cyrillic_utf_16_without_a_mark_is_found(write_text):
    raw = read_csv(write_text("id,имя\n1,Зоя\n2,Анна\n", encoding="utf-16-be"), "rows")

    assert values_of(raw)[1] == ["1", "Зоя"]
    assert raw.form["encoding"] == "UTF-16"


def test_zstd_is_read_like_the_plain_file(write_text):
    raw = read_csv(write_text(pa.compress(text_of(ROWS).encode(), codec="zstd", asbytes=True)), "rows")

    assert values_of(raw) == ROWS
    assert raw.form["format"] == "CSV, compressed with zstd"


def test_spaces_are_found_as_delimiter_where_nothing_else_is(write_text):
    raw = read_csv(write_text("date cds amount customer_id\n19970101 1 11.77 13012\n19970102 2 12.5 13013\n"), "shop.txt")
    assert raw.names == ("date", "cds", "amount", "customer_id")
    assert any("separated by spaces" in sentence(note) for note in raw.notes)
    assert read_csv(write_text("first and last\nAnn B Lee\nBob C Ray\n"), "list.txt").names == ("first and last",)
