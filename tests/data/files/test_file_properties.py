"""Any table survives the way through any form of file, each row with its own line, and no damage ends in anything but a sentence."""

import codecs
import csv
import gzip
import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segcore.data.files.reader import read_file
from segcore.errors import SegcoreError
from segcore.records.data_rules import ReadOptions
from tests.examples import few

QUICK = settings(max_examples=few(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADER = ["first", "second", "third"]
# Letters that mean something to a CSV file are frequent; control characters have no place in a text.
letters = st.one_of(st.sampled_from(list("\"',;|\t \nab1")), st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"))
cells = st.text(letters, max_size=8)
latin_cells = st.text(st.one_of(st.sampled_from(list("\"',;|\t ab1")), st.sampled_from("éüß£ñ")), max_size=8)
# Python's writer leaves a line feed unquoted where lines end in CR: it is then a line end.
ends_and_quoting = [
    ("\n", csv.QUOTE_MINIMAL),
    ("\n", csv.QUOTE_ALL),
    ("\r\n", csv.QUOTE_MINIMAL),
    ("\r\n", csv.QUOTE_ALL),
    ("\r", csv.QUOTE_ALL),
]
dialects = st.builds(
    lambda delimiter, form: {"delimiter": delimiter, "lineterminator": form[0], "quoting": form[1]},
    st.sampled_from(list(",;\t|:^~")),
    st.sampled_from(ends_and_quoting),
)
packings = st.sampled_from([lambda content: content, gzip.compress, lambda content: pa.compress(content, codec="zstd", asbytes=True)])


def written(rows, dialect):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **dialect).writerows(rows)
    return buffer.getvalue()


def lines_of(rows, dialect):
    """Return the line that each row begins in, as an editor counts them."""
    return [written(rows[:count], dialect).replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1 for count in range(1, len(rows))]


def assert_reads_back(path, rows, dialect, reading=None):
    raw = read_file(path, reading=reading)
    assert raw.names == tuple(rows[0])
    assert [list(row.values()) for row in raw.read(raw.names).to_pylist()] == rows[1:]
    assert [raw.where(row) for row in range(raw.n_rows)] == [f"line {line}" for line in lines_of(rows, dialect)]


@QUICK
@given(
    table=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8),
    dialect=dialects,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    pack=packings,
)
def test_any_table_is_read_back_with_the_line_of_each_row(tmp_path, table, dialect, encoding, pack):
    rows = [HEADER, *[list(row) for row in table]]
    path = tmp_path / "rows"
    path.write_bytes(pack(written(rows, dialect).encode(encoding)))

    # What is delimited, quoted and encoded how cannot be told from a few odd letters: it is said. A header may look like anything.
    known = "utf-16-le" if encoding == "utf-16-le" else None
    assert_reads_back(path, rows, dialect, ReadOptions(delimiter=dialect["delimiter"].replace("\t", "tab"), header_row=1, encoding=known))


@QUICK
@given(table=st.lists(st.tuples(latin_cells, latin_cells, latin_cells), min_size=1, max_size=8), dialect=dialects)
def test_any_table_of_western_letters_is_read_back_from_latin_1(tmp_path, table, dialect):
    rows = [HEADER, *[list(row) for row in table]]
    path = tmp_path / "rows.csv"
    path.write_bytes(written(rows, dialect).encode("latin-1"))

    reading = ReadOptions(delimiter=dialect["delimiter"].replace("\t", "tab"), header_row=1, encoding="latin-1")
    assert_reads_back(path, rows, dialect, reading)


@QUICK
@given(
    table=st.lists(
        st.tuples(st.integers(), st.text(st.characters(exclude_categories=("Cs",)), max_size=6), st.none() | st.floats()), min_size=1
    ),
    pack=packings,
    as_list=st.booleans(),
)
def test_any_objects_are_read_back_with_each_digit(tmp_path, table, pack, as_list):
    objects = [dict(zip(HEADER, row, strict=True)) for row in table]
    text = json.dumps(objects) if as_list else "\n".join(json.dumps(entry, ensure_ascii=False) for entry in objects)
    path = tmp_path / "rows"
    path.write_bytes(pack(text.encode("utf-8")))

    raw = read_file(path)

    wanted = [[str(number), text, None if other is None else json.dumps(other)] for number, text, other in table]
    assert [list(row.values()) for row in raw.read(raw.names).to_pylist()] == wanted
    assert raw.where(raw.n_rows - 1) == f"{'object' if as_list else 'line'} {len(table)}"


def _parquet(rows):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"customer": [f"c{n}" for n in range(rows)], "amount": [n / 2 for n in range(rows)]}), buffer)
    return buffer.getvalue()


_CSV = written(
    [["customer", "note", "amount"], *[[f"c{n % 7}", f'say "{n}",\nor' if n % 5 == 0 else "é", f"{n}.5"] for n in range(60)]], {}
)
_SOUND = {
    "rows.csv": _CSV.encode(),
    "utf16.csv": codecs.BOM_UTF16_LE + _CSV.encode("utf-16-le"),
    "rows.csv.gz": gzip.compress(_CSV.encode()),
    "rows.csv.zst": pa.compress(_CSV.encode(), codec="zstd", asbytes=True),
    "rows.jsonl": "\n".join(json.dumps({"customer": f"c{n}", "amount": n / 2, "tags": [n, None]}) for n in range(60)).encode(),
    "rows.json": json.dumps([{"customer": f"c{n}", "amount": n / 2} for n in range(60)]).encode(),
    "rows.parquet": _parquet(60),
}


@pytest.mark.parametrize("name", _SOUND)
def test_no_damage_ends_in_anything_but_rows_or_a_sentence(tmp_path, name):
    sound = _SOUND[name]
    path = tmp_path / name
    path.write_bytes(sound)
    assert read_file(path).n_rows == 60
    chance = random.Random(name)

    for _ in range(150):
        damaged = bytearray(sound[: chance.randrange(1, len(sound))] if chance.random() < 0.4 else sound)
        for _ in range(chance.choice((0, 1, 1, 2, 20))):
            damaged[chance.randrange(len(damaged))] = chance.choice((chance.randrange(256), 0, 10, 34, 44))
        path.write_bytes(damaged)
        try:
            raw = read_file(path)
            table = raw.read(raw.names)
            assert table.num_rows == raw.n_rows
            raw.head(5)
            raw.where(raw.n_rows - 1)
            table.to_pylist()
        except SegcoreError as error:
            assert "\n" not in str(error)
            assert str(error).endswith(".")
