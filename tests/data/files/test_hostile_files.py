"""Files that are broken, or are not what they say: each ends in one clear sentence, naming the line where there is one."""

import gzip
import io
import random
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.files.csv.reader import read_csv
from segcore.data.files.reader import read_file
from segcore.data.sources import read_source
from segcore.errors import DataError, SegcoreError, SourceError
from segcore.records.intake import DataRequest

HEADER = "customer_id,order_id,date,amount\n"
LINES = "".join(f"c{n % 3},o{n},2024-01-{n % 27 + 1:02d} 10:00,{n}.5\n" for n in range(30))


def assert_one_sentence(error, *words):
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", DataError, ["empty"]),
        (b"  \n\n ", DataError, ["empty"]),
        (HEADER.encode(), DataError, ["no row"]),
        ((HEADER + LINES + "c1,o99,2024-01-01\n").encode(), DataError, ["3 values", "line 32", "header has 4"]),
        ((HEADER + "c1,o1,2024-01-01,5,6\n" + LINES).encode(), DataError, ["5 values", "line 2"]),
        ((HEADER + "\n\n" + LINES + "c1\n").encode(), DataError, ["1 value", "line 34"]),
        ((HEADER + 'c1,"o1,2024-01-01,5\n' + LINES).encode(), DataError, ["quote", "line 2", "never closed"]),
        ((HEADER + 'c1,"two\nlines",2024-01-01,5\nc1,o2\n').encode(), DataError, ["2 values", "line 4"]),
        (("date,date,amount\n" + "2024-01-01,2024-01-01,5\n").encode(), DataError, ["two columns", "'date'"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, SourceError, ["PNG"]),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, SourceError, ["JPEG"]),
        (b"%PDF-1.7\n%\xe2\xe3", SourceError, ["PDF"]),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", SourceError, ["web page"]),
        (b'<?xml version="1.0"?><rows/>', SourceError, ["XML"]),
        (b'[{"customer": 1}]', SourceError, ["JSON"]),
        (b"\x7fELF\x02\x01\x01" + bytes(4000), SourceError, ["not a text file"]),
        (random.Random(0).randbytes(20_000), SourceError, ["not a text file"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), SourceError, [".xls"]),
        (b"PK\x03\x04 and then nothing", SourceError, ["damaged"]),
        (b"PAR1 and then nothing", SourceError, ["is Parquet", "rename it to rows.parquet"]),
        ((HEADER + "c1,o\x0099,2024-01-01,5\n" + LINES).encode(), DataError, ["NUL byte", "line 2"]),
        (b"\x1f\x8b\x08 and then nothing", SourceError, ["damaged gzip"]),
        (gzip.compress((HEADER + LINES).encode())[:-20], SourceError, ["damaged gzip"]),
        (b"\xff\xfea\x00b", SourceError, ["UTF-16"]),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) and value[:2] != b"\x1f\x8b" else None,
)
def test_a_broken_file_ends_in_one_clear_sentence(write_text, content, kind, words):
    path = write_text(content, "rows.csv")

    with pytest.raises(kind) as error:
        read_source(DataRequest(str(path)))

    assert_one_sentence(error, *words)


def test_a_file_that_is_not_what_its_name_says_is_refused_and_a_name_without_an_ending_is_read(tmp_path):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"customer_id": ["a", "a"], "date": ["2024-01-01", "2024-01-02"], "amount": [1.0, 2.0]}), buffer)
    named, nameless = tmp_path / "really_parquet.csv", tmp_path / "upload"
    for path in (named, nameless):
        path.write_bytes(buffer.getvalue())

    with pytest.raises(SourceError) as error:
        read_source(DataRequest(str(named)))
    assert_one_sentence(error, "is Parquet, not CSV", "really_parquet.parquet")
    assert read_source(DataRequest(str(nameless))).rows_read == 2


def test_a_missing_file_a_folder_and_a_name_with_a_null_are_said(tmp_path):
    for data in (str(tmp_path / "nothing.csv"), str(tmp_path), "a\0b", "", "/dev/zero"):
        with pytest.raises(SourceError) as error:
            read_source(DataRequest(data))
        assert_one_sentence(error)


def test_a_zip_that_is_no_workbook_says_to_unpack_it(tmp_path):
    path = tmp_path / "rows.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.csv", HEADER + LINES)

    with pytest.raises(SourceError) as error:
        read_file(path)

    assert_one_sentence(error, "zip archive", "unpack")


def test_a_gzip_bomb_stops_at_the_limit(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 3_000_000))

    with pytest.raises(SourceError) as error:
        read_csv(path, "bomb.csv.gz", max_bytes=1_000_000)

    assert_one_sentence(error, "larger than", "unpacked")


def test_a_workbook_with_one_stray_cell_at_the_far_corner_is_refused(write_xlsx):
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )

    with pytest.raises(SourceError) as error:
        read_file(write_xlsx({"Sheet1": sheet}))

    assert_one_sentence(error, "1,048,576", "16,384")


def test_a_stray_cell_is_refused_whatever_the_order_of_its_attributes(write_xlsx):
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c t="n" s="0" r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )

    with pytest.raises(SourceError, match="1,048,576"):
        read_file(write_xlsx({"Sheet1": sheet}))


@pytest.mark.parametrize("rows", [[], [["customer", "date"]]])
def test_a_workbook_without_rows_says_so(write_xlsx, rows):
    with pytest.raises(DataError) as error:
        read_file(write_xlsx({"Sheet1": rows}))

    assert_one_sentence(error, "rows")


def test_a_workbook_whose_sheet_is_broken_says_so(write_xlsx):
    with pytest.raises(SegcoreError) as error:
        read_file(write_xlsx({"Sheet1": "<worksheet><sheetData><row r='1'><c r='A1'>"}))

    assert_one_sentence(error)


def test_a_bad_number_is_reported_with_count_line_and_value(write_text):
    path = write_text(HEADER + LINES + "c1,o98,2024-01-01,abc\n\nc1,o99,2024-01-01,many\n")

    with pytest.raises(DataError) as error:
        read_source(DataRequest(str(path)))

    assert_one_sentence(error, "amount", "2 values", "'abc'", "line 32")


def test_a_bad_number_below_a_value_of_two_lines_has_its_true_line(write_text):
    path = write_text('customer_id,note,date,amount\nc1,"a\nb",2024-01-01,5\nc1,x,2024-01-02,6\nc1,x,2024-01-02,1.2.3\n')

    with pytest.raises(DataError, match="line 5"):
        read_source(DataRequest(str(path)))


@pytest.mark.parametrize("number", ["inf", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused(write_text, number):
    with pytest.raises(DataError, match="line 32"):
        read_source(DataRequest(str(write_text(HEADER + LINES + f"c1,o98,2024-01-01,{number}\n"))))


def test_a_bad_date_is_reported_with_its_line(write_text):
    for bad in ("2024-02-30", "soon", "2024-01-01 25:00", "24-1"):
        with pytest.raises(DataError) as error:
            read_source(DataRequest(str(write_text(HEADER + LINES + f"c1,o98,{bad},5\n"))))
        assert_one_sentence(error, "date", "line 32", repr(bad))


def test_rows_that_are_all_set_aside_leave_a_sentence(write_text):
    with pytest.raises(DataError) as error:
        read_source(DataRequest(str(write_text(HEADER + ",o1,2024-01-01,5\nNULL,o2,2024-01-01,6\n")), kind="transactions"))

    assert_one_sentence(error, "no row left", "2")


def test_a_very_long_line_that_is_no_table_is_refused(write_text):
    with pytest.raises(SegcoreError) as error:
        read_source(DataRequest(str(write_text("x" * 200_000 + "\n" + "y" * 200_000 + "\n"))))

    assert_one_sentence(error)
