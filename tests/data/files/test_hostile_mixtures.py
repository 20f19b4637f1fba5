"""Mixtures and variants of bad input that somebody adversarial would try: the right place is named, and nothing ends in a traceback."""

import datetime as dt
import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.files.compression import unpack
from segcore.data.files.file_identity import content_digest, user_path
from segcore.data.files.parquet_text_size import swollen_texts
from segcore.data.files.reader import read_file
from segcore.data.sources import read_source
from segcore.errors import DataError, SegcoreError, SourceError
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from segcore.wording.findings import sentence

HEADER = "customer_id,order_id,date,amount\n"
LINES = "".join(f"c{n % 3},o{n},2024-01-{n % 27 + 1:02d} 10:00,{n}.5\n" for n in range(30))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture
def write_parquet(tmp_path):
    """Return a function that writes a table of 30 orders, some columns in another's place."""

    def write(name="rows.parquet", **columns):
        table = {
            "customer_id": [f"c{n % 3}" for n in range(30)],
            "order_id": [f"o{n}" for n in range(30)],
            "date": [f"2024-01-{n % 27 + 1:02d}" for n in range(30)],
            "amount": [n * 1.5 for n in range(30)],
        }
        path = tmp_path / name
        pq.write_table(pa.table({**table, **columns}), path)
        return str(path)

    return write


@pytest.mark.parametrize("empty", [",,,\n", ",,,\n , ,,\n", '"",,,\r\n'])
def test_rows_of_empty_cells_above_the_header_are_left_out(write_text, empty):
    raw = read_file(write_text(empty + HEADER + LINES))

    assert raw.names == ("customer_id", "order_id", "date", "amount")
    assert raw.n_rows == 30
    assert raw.where(0) == f"line {empty.count(chr(10)) + 2}"
    assert any("skipped" in sentence(note) for note in raw.notes)


def test_a_fault_below_rows_of_empty_cells_has_its_true_line(write_text):
    with pytest.raises(DataError, match="line 33"):
        read_source(DataRequest(str(write_text(",,,\n" + HEADER + LINES + "c1,o9,2024-01-01,abc\n"))))


@pytest.mark.parametrize("names", [("café", "cafe\u0301"), ("date", "date\u200b"), ("\u200e x", "x\u00ad")])
def test_names_that_look_the_same_are_refused_and_shown_escaped(write_text, names):
    with pytest.raises(DataError, match="look the same") as error:
        read_file(write_text(f"{names[0]},{names[1]},n\n" + "a,b,1\n" * 3))

    assert str(error.value).isascii()


def test_a_name_that_nobody_can_see_is_no_name(write_text):
    assert read_file(write_text("\u200b,b\n1,2\n")).names == ("column_1", "b")


def test_a_very_long_or_unprintable_name_is_shortened_or_escaped_in_messages_and_notes(write_text, store):
    path = write_text(f"id,{'x' * 9_000},\u202eage,n\n" + "".join(f"K{n},t{n},u{n * n % 29},{n * n}\n" for n in range(30)))

    notes = [sentence(note) for note in take_in(store, DataRequest(str(path), kind="customers")).notes]

    assert any("Not used" in note for note in notes)
    assert all(note.isprintable() and len(note) < 1_000 for note in notes)


def test_a_role_column_with_a_line_break_in_its_name_is_refused_in_one_line(write_text):
    path = write_text('customer_id,order_id,date,"total\namount"\n' + LINES + "c1,o9,2024-01-01,abc\n")

    with pytest.raises(DataError) as error:
        read_source(DataRequest(str(path), kind="transactions", roles={"amount": "total\namount"}))

    assert "\n" not in str(error.value)
    assert "line 33" in str(error.value)


@pytest.mark.parametrize(
    "values", [pa.array([{"a": n % 3} for n in range(30)]), pa.array([[n % 3] for n in range(30)])], ids=["struct", "list"]
)
def test_structures_and_lists_in_the_column_of_the_customer_are_texts(write_parquet, values):
    dataset = read_source(DataRequest(write_parquet(customer_id=values)))

    assert dataset.kind == "transactions"
    assert dataset.frame["customer_id"].nunique() == 3


def test_a_column_without_a_type_is_empty(write_parquet):
    with pytest.raises(DataError, match="no row left"):
        read_source(DataRequest(write_parquet(customer_id=pa.nulls(30))))


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_an_infinity_among_numbers_of_parquet_is_refused_with_its_row(write_parquet, bad):
    with pytest.raises(DataError, match="amount must hold numbers, but 1 value cannot be read.*row 30") as error:
        read_source(DataRequest(write_parquet(amount=[1.0] * 29 + [bad])))

    assert error.value.remedy == "set_aside"


@pytest.mark.parametrize(
    "days",
    [
        pa.array([dt.date(2024, 1, 1)] * 29 + [dt.date(9999, 12, 31)]),
        pa.array([dt.datetime(2024, 1, 1)] * 30, pa.timestamp("us", "Mars/Olympus")),
        pa.array([2**40] * 30, pa.timestamp("s")),
        pa.array([dt.time(1)] * 30),
    ],
    ids=["9999", "unknown zone", "far", "time of day"],
)
def test_a_time_that_is_no_feature_never_refuses_a_customer_table(write_parquet, days, store):
    intake = take_in(store, DataRequest(write_parquet(date=days), kind="customers", roles={"customer": ""}))

    assert intake.rows_used == 30
    assert [use.use for use in intake.uses if use.column == "date"] == ["dropped"]


def test_durations_in_a_customer_table_are_numbers_of_days(write_parquet):
    spans = pa.array([dt.timedelta(hours=12 * n) for n in range(30)], pa.duration("ms"))

    dataset = read_source(DataRequest(write_parquet(amount=spans), kind="customers", roles={"customer": ""}))

    assert dataset.frame["amount"].tolist() == [n / 2 for n in range(30)]
    assert any("read as days" in sentence(note) for note in dataset.notes)


def test_a_zone_that_nobody_knows_is_said(write_parquet):
    times = pa.array([dt.datetime(2024, 1, 1)] * 30, pa.timestamp("us", "Mars/Olympus"))

    with pytest.raises(DataError, match="Mars/Olympus"):
        read_source(DataRequest(write_parquet(date=times)))


def test_a_long_text_that_parquet_keeps_once_is_refused_with_its_row(write_parquet):
    path = write_parquet(order_id=["o"] * 20 + ["x" * 2_000_000] * 10)

    with pytest.raises(DataError, match=r"order_id, has a value of 2,000,000 bytes in row 21"):
        read_source(DataRequest(path))


def test_texts_that_outgrow_the_file_by_far_are_refused(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"customer_id": ["x" * 900_000] * 1_000, "n": np.arange(1_000)}), path)

    with pytest.raises(SourceError, match="more than 250 times the file"):
        read_file(path).read(["customer_id"])


def test_texts_kept_once_are_spread_to_their_rows(tmp_path):
    path = tmp_path / "rows.parquet"
    values = [["a" * 60_000, None, "b", "é"][n % 4] for n in range(4_000)]
    pq.write_table(pa.table({"t": values, "n": np.random.default_rng(0).random(4_000)}), path, row_group_size=1_500)

    assert swollen_texts(pq.ParquetFile(path).metadata) == ("t",)
    assert read_file(path).read(["t"])["t"].to_pylist() == values
    assert read_file(path).head(5)["t"].to_pylist() == values[:5]


def test_what_is_said_of_a_damaged_file_can_be_printed(write_parquet, tmp_path):
    content = bytearray((tmp_path / write_parquet()).read_bytes())
    for place in range(len(content) - 400, len(content) - 8, 7):
        damaged = tmp_path / "damaged.parquet"
        damaged.write_bytes(content[:place] + bytes([place % 256]) + content[place + 1 :])
        try:
            read_source(DataRequest(str(damaged)))
        except SegcoreError as error:
            assert str(error).isprintable()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"customer_id": ' + "[" * 700 + "]" * 700 + "}", "too deeply in line 31"),
        ('{"\\udc00": 1}', "line 31, a key"),
        ('{"customer_id": "c\\ud800"}', "line 31, column customer_id"),
    ],
)
def test_odd_json_is_refused_with_its_line(write_text, line, words):
    rows = "".join(json.dumps({"customer_id": f"c{n % 3}", "date": f"2024-01-{n % 27 + 1:02d}", "amount": n}) + "\n" for n in range(30))

    with pytest.raises(DataError, match=words):
        read_file(write_text(rows + line + "\n" + rows, "rows.jsonl"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"data": [{"a": 1}, {"a": 2}], "count": 2}, "holds 2 objects in the list data"),
        ({"a": [1, 2], "b": [3, 4]}, "one per column"),
        ([{}], "no object with a named value"),
    ],
)
def test_json_that_wraps_its_rows_is_not_taken_for_one_row(write_text, content, words):
    with pytest.raises(DataError, match=words):
        read_file(write_text(json.dumps(content), "rows.json"))


def test_a_gzip_header_with_an_endless_file_name_is_read_at_once(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 20_000_000)

    with pytest.raises(SourceError, match="damaged gzip"):
        unpack(path, "rows.csv.gz")


@pytest.mark.parametrize(
    ("tail", "good"), [(b"", True), (bytes(512), True), (gzip.compress(b"c9,1\n"), True), (b"junk", False), (b"\x1f", False)]
)
def test_what_stands_behind_a_gzip_file_is_a_member_zeros_or_damage(tmp_path, tail, good):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"id,n\nc1,2\n") + tail)

    if good:
        assert unpack(path, "rows.csv.gz")[0].startswith(b"id,n\nc1,2\n")
    else:
        with pytest.raises(SourceError, match="damaged gzip"):
            unpack(path, "rows.csv.gz")


def test_a_home_of_nobody_a_file_of_the_system_and_one_too_large_are_refused_at_once(tmp_path, store):
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(5 * 2**30)

    assert str(user_path("~nobody-of-that-name/x.csv")) == "~nobody-of-that-name/x.csv"
    with pytest.raises(SourceError, match="larger than 4 GiB"):
        content_digest(large)
    for data in ("~nobody-of-that-name/x.csv", "/proc/self/cmdline", str(large)):
        with pytest.raises(SegcoreError):
            take_in(store, DataRequest(data))
