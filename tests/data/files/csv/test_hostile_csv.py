"""Files of text that are broken, hostile or not what they say: one sentence each, soon and in little memory."""

import codecs
import gzip
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.files import compression
from segcore.data.files.reader import read_file
from segcore.errors import DataError, ParameterError, SegcoreError, SourceError
from segcore.records.data_rules import ReadOptions

HEADER = "customer_id,order_id,date,amount\n"
LINES = "".join(f"c{n % 3},o{n},2024-01-{n % 27 + 1:02d} 10:00,{n}.5\n" for n in range(30))
TABLE = (HEADER + LINES).encode()


def zstd(content):
    return pa.compress(content, codec="zstd", asbytes=True)


def read(tmp_path, name, content, **reading):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, reading=ReadOptions(**reading))


def assert_refused(tmp_path, name, content, *words, kind=SegcoreError, **reading):
    with pytest.raises(kind) as error:
        read(tmp_path, name, content, **reading)
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (codecs.BOM_UTF8, ["empty"]),
        (codecs.BOM_UTF16_LE + "\n \n".encode("utf-16-le"), ["empty"]),
        (HEADER, ["header", "no row"]),
        (LINES, ["no header", "line 1", "'c0', 'o0', '2024-01-01 10:00'", "--header-row 1"]),
        ("1,2,3\n4,5,6\n7,8,9\n", ["no header"]),
        ("Smith,34,Berlin\nJones,29,Paris\nKim,30,Rome\n", ["no header"]),
        ("yes,no,single\nno,no,married\nyes,yes,single\nno,yes,single\n", ["no header"]),
        ("a,b,a\n1,2,3\n", ["two columns named 'a'", "columns 1 and 3"]),
        (",".join(f"c{n}" for n in range(2001)) + "\n" + ",".join("1" * 2001), ["2,001 columns", "2,000"]),
        (HEADER + LINES + "c1,o1,2024-01-01,5,6\n", ["5 values in line 32", "header has 4"]),
        (HEADER + LINES + "c1,o1\n" + LINES, ["2 values in line 32", "header has 4"]),
        (HEADER + "\n\n" + LINES + "c1\n", ["1 value in line 34"]),
        (HEADER + 'c1,"a\nb",2024-01-01,5\nc1,o2\n', ["2 values in line 4"]),
        (HEADER + LINES + 'c1,"o1,2024-01-01,5\n' + LINES, ["quote in line 32", "never closed"]),
        (HEADER + 'c1,"two\nlines","2024-01-01,5\n' + LINES, ["quote in line 3", "never closed"]),
        (HEADER + LINES + 'c1,"o1,2024-01-01,5\n' + LINES + 'c1,o2",2024-01-01,5\n', ["line 32", "closed only in line 63"]),
        (HEADER + LINES + 'c1,"o1,2024-01-01,5\nc1,o2",2024-01-01,5\n', ["line 32", "closed only in line 33"]),
        ('a,b,c\n1,5" pipe,2\n2,"x,3\n4,y",5\n', ["line 3", "closed only in line 4"]),
        (HEADER + 'c1,"o1" x,2024-01-01,5\n' + LINES, ["text after a closing quote in line 2"]),
        (HEADER + LINES + 'c1,"o\n1" x,2024-01-01,5\n', ["line 33", "opened in line 32"]),
        (HEADER + LINES + "c1,o\x001,2024-01-01,5\n", ["NUL byte in line 32"]),
        ("Sales report 2011\n\ncustomer,date,qty\na,2024-01-13,1\nb,2024-01-14,1\n", ["only one name in line 1", "--header-row 3"]),
        (TABLE + b"c1,o1,2024-01-01,\xff\xfe\x81" + bytes(range(32)) * 40, ["not a text file"]),
        (("id,name\n" + "".join(f"{n},Zoë é\n" for n in range(30))).encode() + b"31,Zo\xe9\n", ["UTF-8 except in one place", "line 32"]),
        ("x" * 20_000 + "\nabc\n", ["not a table", "20,000 letters"]),
    ],
)
def test_broken_text_is_refused_with_its_place(tmp_path, content, words):
    assert_refused(tmp_path, "rows.csv", content, "rows.csv", *words, kind=SegcoreError)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, ["a PNG image"]),
        ("rows.csv", b"GIF89a" + bytes(100), ["a GIF image"]),
        ("rows.csv", b"\n<!DOCTYPE html>\n<html><body><form>Log in</form></body></html>", ["a web page"]),
        ("rows.csv", b'\xef\xbb\xbf<?xml version="1.0"?><rows/>', ["XML"]),
        ("rows.csv", b"BZh91AY&SY" + bytes(range(200)), ["bzip2"]),
        ("rows.csv", b"PK\x03\x04 and then nothing", ["damaged"]),
        ("rows.csv", b'{"a": 1}\n', ["is JSON, not CSV", "rename it to rows.jsonl"]),
        ("rows.xlsx", TABLE, ["plain text (CSV), not an XLSX workbook", "rename it to rows.csv"]),
        ("rows.parquet", TABLE, ["plain text (CSV), not Parquet", "rename it to rows.csv"]),
        ("rows.json", TABLE, ["plain text (CSV), not JSON"]),
        ("rows.xls", TABLE, ["plain text (CSV), not an Excel workbook"]),
        ("rows.csv.gz", TABLE, ["not gzip", "rename it to rows.csv,"]),
        ("rows.csv.zst", TABLE, ["not zstd", "rename it to rows.csv,"]),
        ("rows.csv.zst", gzip.compress(TABLE), ["compressed with gzip, not zstd", "rows.csv.gz"]),
        ("rows.json.gz", gzip.compress(TABLE), ["plain text (CSV), not JSON", "rows.csv.gz"]),
        ("rows.csv.gz", b"\x1f\x8b\x08 and then nothing", ["damaged gzip"]),
        ("rows.csv.gz", gzip.compress(TABLE)[:-12], ["damaged gzip"]),
        ("rows.csv.zst", zstd(TABLE)[:-9], ["damaged zstd"]),
        ("rows.csv.gz", gzip.compress(b"PAR1" + bytes(100)), ["unpacked", "Parquet"]),
        ("rows.csv.gz", gzip.compress(gzip.compress(TABLE)), ["packed"]),
        ("rows.parquet", b"PAR1 and then nothing", ["damaged Parquet"]),
        ("rows.parquet", b"PAR1" + bytes(1000) + b"PAR1", ["damaged Parquet"]),
    ],
)
def test_what_a_file_really_is_is_said(tmp_path, name, content, words):
    assert_refused(tmp_path, name, content, *words, kind=SourceError)


def test_a_packed_table_may_be_called_csv(tmp_path):
    for content in (gzip.compress(TABLE), zstd(TABLE)):
        assert read(tmp_path, "rows.csv", content).n_rows == 30


def test_an_ending_that_the_upload_had_counts_and_not_what_it_is_kept_as(tmp_path):
    path = tmp_path / "0123abcd"
    path.write_bytes(TABLE)

    assert read_file(path, "rows.csv").n_rows == 30
    with pytest.raises(SourceError, match=r"mine\.xlsx is plain text"):
        read_file(path, "mine.xlsx")


def test_names_that_cannot_be_seen_are_escaped_in_messages_and_kept_in_the_table(tmp_path):
    raw = read(tmp_path, "a\u202eb\n.csv", "../../x,<b>y</b>\n=1+1,<script>alert(1)</script>\n")

    assert raw.names == ("../../x", "<b>y</b>")
    assert raw.read(raw.names).to_pylist() == [{"../../x": "=1+1", "<b>y</b>": "<script>alert(1)</script>"}]
    assert_refused(tmp_path, "a\u202eb\n.csv", "a,b\n1\n", r"\u202e", r"\n")


@pytest.mark.parametrize(
    "content",
    [
        "customer,2019,2020,2021\nc1,5,6,7\nc2,6,7,8\n",
        "0,1,2\n5,6,7\n8,9,10\n",
        "customer,22423,22720\nc1,0,1\nc2,1,0\nc3,2,5\n",
        "name,2020,city\nAnn,5,Rome\nBob,7,Oslo\n",
        "customer,1,2,3\nAnn,5,6,7\nBob,6,7,8\n",
        "name,city\nAnn,Rome\nBob,Oslo\n",
        "name,city\nname,city\nAnn,Rome\n",
        "id,name\n1,Ann\n2,Bob\n",
    ],
)
def test_headers_of_years_counts_and_codes_are_headers(tmp_path, content):
    raw = read(tmp_path, "rows.csv", content)

    assert raw.names == tuple(content.split("\n")[0].split(","))


@pytest.mark.parametrize(
    "content",
    [
        'id,note,amount\n1,"Dear sir,\nthanks, best,\nAnn",5\n2,"a, b\nc, d",6\n3,x,7\n',
        'id,note\n1,"Hello\nDear all, thanks"\n2,x\n',
        'id,note\n1,"one, two\nthree, four"\n2,x\n',
    ],
)
def test_texts_of_several_lines_are_read(tmp_path, content):
    raw = read(tmp_path, "rows.csv", content)

    assert raw.column("note")[0].as_py().count("\n") >= 1


def test_a_header_that_looks_like_data_can_be_said_to_be_one(tmp_path):
    raw = read(tmp_path, "rows.csv", "1,2\n4,5\n7,8\n", header_row=1)

    assert raw.names == ("1", "2")


@pytest.mark.parametrize(
    ("reading", "content", "words", "kind"),
    [
        ({"encoding": "klingon"}, TABLE, ["Unknown encoding 'klingon'"], ParameterError),
        ({"encoding": "hex"}, TABLE, ["Unknown encoding"], ParameterError),
        ({"encoding": "utf-8"}, b"id,name\n1,a\n2,Zo\xeb\n", ["not valid UTF-8 in line 3"], DataError),
        ({"encoding": "ascii"}, "id,name\n1,Zoë\n", ["not valid ASCII"], DataError),
        ({"delimiter": '"'}, TABLE, ["delimiter cannot be"], ParameterError),
        ({"delimiter": ";"}, TABLE, ["no semicolons"], DataError),
        ({"header_row": 99}, TABLE, ["no line 99", "ends with line 31"], DataError),
        ({"header_row": 2}, b"title\n\na,b\n1,2\n", ["nothing in line 2"], DataError),
    ],
)
def test_options_that_do_not_fit_the_file_are_said(tmp_path, reading, content, words, kind):
    assert_refused(tmp_path, "rows.csv", content, *words, kind=kind, **reading)


_CHILD = """
import sys, time, pathlib
import pyarrow, pyarrow.compute, pyarrow.csv
from segcore.errors import SegcoreError
from segcore.data.files.reader import read_file

def peak():
    status = pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1]
    return int(status.split()[0]) * 1024

pathlib.Path("/proc/self/clear_refs").write_text("5")
base, began = peak(), time.process_time()
try:
    said = "read %d" % read_file(pathlib.Path(sys.argv[1])).n_rows
except SegcoreError as error:
    said = str(error)
print(time.process_time() - began, peak() - base, said, sep="\\n")
"""


def _write_bomb(path):
    rows = b"a,b,c\n1,2,3\n" * 100_000
    with gzip.open(path, "wb", 6) if path.suffix == ".gz" else pa.CompressedOutputStream(str(path), "zstd") as file:
        for _ in range(200):
            file.write(rows)


def _write_sparse(path):
    with path.open("wb") as file:
        file.truncate(5 * 2**30)


_HUGE = {
    "field.csv": (
        HEADER.encode() + b"c1," + b"x" * 10_000_000 + b",2024-01-01,5\n" + LINES.encode(),
        ["10,000,000 bytes in line 2, column order_id"],
    ),
    "lines.csv": (HEADER.encode() + b'c1,"' + b"xyz \n" * 2_000_000 + b'",2024-01-01,5\n', ["in line 2, column order_id"]),
    "line.csv": (HEADER.encode() + b"c1," * 7_000_000 + b"\n" + LINES.encode(), ["21,000,000 bytes (line 2)", "8 MiB"]),
    "header.csv": (b"abc," * 5_000_000 + b"\n1,2\n", ["line 1", "8 MiB"]),
    "quotes.csv": (b"a,b\n" + b'"' * 20_000_001 + b",1\n", ["line 2"]),
    "unclosed.csv": (b'a,b\n1,"2\n' + b"1,2\n" * 1_000_000, ["quote in line 2", "never closed"]),
    "ragged.csv": (b"a,b\n" + b"1,2\n" * 1_000_000 + b"1\n", ["1 value in line 1000002"]),
    "field.jsonl": (b'{"a": "' + b"x" * 7_000_000 + b'"}\n', ["line 1, column a"]),
    "deep.jsonl": (b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}\n", ["too deeply in line 1"]),
    "bomb.csv.gz": (_write_bomb, ["unpacks to more than 250 times"]),
    "bomb.csv.zst": (_write_bomb, ["unpacks to more than 250 times"]),
    "sparse.csv": (_write_sparse, ["larger than 4 GiB"]),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads a process's peak of memory from /proc")
@pytest.mark.parametrize("name", _HUGE)
def test_huge_files_are_refused_soon_and_in_little_memory(tmp_path, name):
    content, words = _HUGE[name]
    path = tmp_path / name
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)

    done = subprocess.run([sys.executable, "-c", _CHILD, str(path)], capture_output=True, text=True, check=True)

    seconds, held, said = done.stdout.split("\n", 2)
    assert float(seconds) < 5
    assert int(held) < 512 * 2**20
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1}\n\n{"a": 2,}\n', ["line 3"]),
        (b'{"a": 1}\n[1, 2]\n', ["a list in line 2"]),
        (b'{"a": 1} {"a": 2}\n', ["more than one object in line 1"]),
        (b'{"a": 1, "a": 2}\n', ["line 1", "key a occurs twice"]),
        (b'{"a": 1}\n{"a": "\\ud800"}\n', ["column a"]),
        (b'[{"a": 1}, {"a": 2}\n', ["breaks off", "object 2"]),
        (b'[{"a": 1}, 5]\n', ["a number in object 2"]),
        (b"[]", ["no object"]),
        (json.dumps({f"k{n}": n for n in range(2001)}).encode(), ["2,000 columns", "line 1"]),
    ],
)
def test_broken_json_is_refused_with_its_place(tmp_path, content, words):
    assert_refused(tmp_path, "rows.jsonl", content, *words, kind=DataError)


def test_parts_that_differ_are_named_with_the_column(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"2\.parquet has no column b"):
        read_file(tmp_path)

    pq.write_table(pa.table({"a": [1], "b": [2.5]}), tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"2\.parquet has double in column b, where .*1\.parquet has string"):
        read_file(tmp_path)

    (tmp_path / "2.parquet").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"2\.parquet is not Parquet"):
        read_file(tmp_path)


def test_a_folder_without_parts_says_so(tmp_path):
    with pytest.raises(SourceError, match="folder without Parquet files"):
        read_file(tmp_path)


def test_text_that_is_not_utf_8_in_a_parquet_file_is_one_sentence(tmp_path):
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    pq.write_table(pa.table({"a": bad}), tmp_path / "rows.parquet")

    with pytest.raises(SourceError, match="UTF8|UTF-8"):
        read_file(tmp_path / "rows.parquet").read(["a"])


def test_a_bomb_is_told_from_the_little_that_was_read_of_it(tmp_path, monkeypatch):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"1,2\n" * 2**24) * 40)
    sizes, real = [], compression._Inflater.read

    def read_and_count(self, count):
        chunk = real(self, count)
        sizes.append(len(chunk))
        return chunk

    monkeypatch.setattr(compression._Inflater, "read", read_and_count)
    with pytest.raises(SourceError, match="more than 250 times its size"):
        compression.unpack(tmp_path / "x.csv.gz", "x.csv.gz")
    assert sum(sizes) < 2 * compression.BOMB_BYTES
