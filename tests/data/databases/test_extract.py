"""Rows of tables and SELECTs as Parquet, for every kind of database."""

import datetime as dt
import hashlib
import stat
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.databases.extract import GROUP_ROWS, write_extract
from segcore.errors import DataError, ParameterError, SourceError
from segcore.records.intake import DatabaseQuestion
from tests.hostile_names import NAMES

LINES = "CREATE TABLE lines (customer INTEGER, item VARCHAR(20)); INSERT INTO lines VALUES (1, 'tea'), (2, NULL), (3, 'mug');"


@pytest.fixture
def read(tmp_path):
    """Return what reads a question into an Arrow table."""

    def read(shop, **question):
        path = tmp_path / "extract.parquet"
        rows = write_extract(DatabaseQuestion(shop.address.text, **question), path)
        table = pq.read_table(path)
        assert table.num_rows == rows
        return table

    return read


def test_a_table_is_read(shop, read):
    shop.run(LINES)
    assert read(shop, table="lines").to_pydict() == {"customer": [1, 2, 3], "item": ["tea", None, "mug"]}


def test_a_select_is_read(shop, read):
    shop.run(LINES)
    query = "SELECT customer * 10 AS c, upper(item) AS i FROM lines WHERE customer > 1 ORDER BY customer DESC; -- newest first"
    assert read(shop, query=query).to_pydict() == {"c": [30, 20], "i": ["MUG", None]}


def test_an_empty_table_has_its_columns(shop, read):
    shop.run("CREATE TABLE blank (a INTEGER, b VARCHAR(5))")
    table = read(shop, table="blank")
    assert (table.column_names, table.num_rows) == (["a", "b"], 0)


def test_a_view_is_read(shop, read):
    shop.run(LINES + "CREATE VIEW teas AS SELECT customer FROM lines WHERE item = 'tea';")
    assert read(shop, table="teas").to_pydict() == {"customer": [1]}


def test_the_same_rows_are_the_same_bytes_whatever_the_database_is(shop, tmp_path):
    shop.run(LINES)
    path = tmp_path / "extract.parquet"
    write_extract(DatabaseQuestion(shop.address.text, query="SELECT CAST(customer AS BIGINT) AS customer, item FROM lines"), path)
    expected = pa.table({"customer": pa.array([1, 2, 3], pa.int64()), "item": pa.array(["tea", None, "mug"], pa.large_string())})
    with pq.ParquetWriter(tmp_path / "expected.parquet", expected.schema, compression="zstd", compression_level=1) as writer:
        writer.write_table(expected, row_group_size=GROUP_ROWS)
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256((tmp_path / "expected.parquet").read_bytes()).digest()


def test_many_rows_come_in_order_and_in_whole_groups(shop, read, tmp_path):
    shop.run("CREATE TABLE numbers (n INTEGER)")
    shop.run("INSERT INTO numbers WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 300000) SELECT n FROM r")
    assert read(shop, table="numbers")["n"].to_pylist() == list(range(1, 300_001))
    with pq.ParquetFile(tmp_path / "extract.parquet") as file:
        assert [file.metadata.row_group(group).num_rows for group in range(2)] == [GROUP_ROWS, 300_000 - GROUP_ROWS]


def test_more_rows_than_asked_for_are_a_question(shop, read):
    shop.run(LINES)
    with pytest.raises(SourceError, match=r"3 rows .* more than 2: read them all with --most-rows 3") as caught:
        read(shop, table="lines", most_rows=2)
    assert caught.value.remedy == "most_rows"
    assert read(shop, table="lines", most_rows=3).num_rows == 3


def test_two_columns_of_a_name_are_refused(shop, read):
    with pytest.raises(DataError, match="another name with AS"):
        read(shop, query="SELECT 1 AS a, 2 AS a")


def test_a_slow_select_ends_with_its_time(shop, read):
    slow = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 500000000) SELECT count(*) AS n FROM r"
    with pytest.raises(SourceError, match="time-out"):
        read(shop, query=slow, timeout_seconds=0.1)


def test_an_error_in_the_middle_of_the_rows_is_a_sentence(server, read):
    """Rows are on their way by then, and the error comes from Arrow's reader."""
    server.run("CREATE TABLE numbers AS SELECT n FROM generate_series(1, 200000) AS n")
    with pytest.raises(SourceError, match="division by zero"):
        read(server, query="SELECT n, 1 / (n - 199999) AS x FROM numbers")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({}, "database.one_of"),
        ({"table": "a", "query": "SELECT 1"}, "database.one_of"),
        ({"table": "a", "time_zone": "Mars/Olympus"}, "database.time_zone"),
        ({"table": "a", "time_zone": "../../etc/passwd"}, "database.time_zone"),
        ({"query": "DROP TABLE lines"}, "database.not_a_select"),
    ],
)
def test_a_bad_question_is_refused_before_anything_is_opened(tmp_path, question, code):
    with pytest.raises(ParameterError) as caught:
        write_extract(DatabaseQuestion("postgresql://nowhere.invalid/x", **question), tmp_path / "x.parquet")
    assert caught.value.finding.code == code


@pytest.mark.parametrize("name", NAMES)
def test_columns_may_have_any_name(shop, read, name):
    name = name.encode()[:63].decode(errors="ignore")  # as PostgreSQL cuts names
    quoted = '"' + name.replace('"', '""') + '"'
    shop.run(f"CREATE TABLE lines ({quoted} INTEGER, b INTEGER); INSERT INTO lines VALUES (1, 2);")
    assert read(shop, table="lines").to_pydict() == {name: [1], "b": [2]}


@pytest.mark.parametrize("name", NAMES)
def test_values_may_be_any_text(sqlite, read, name):
    sqlite.run("CREATE TABLE lines (a TEXT); INSERT INTO lines VALUES ('" + name.replace("'", "''") + "')")
    assert read(sqlite, table="lines")["a"].to_pylist() == [name]


def test_a_name_does_not_run(shop, read):
    shop.run(LINES)
    for text in ("lines; DROP TABLE lines", 'lines"; DROP TABLE lines; --', "lines) AS a; DROP TABLE lines; --", "{{ lines }}"):
        with pytest.raises(SourceError, match="There is no table"):
            read(shop, table=text)
    assert read(shop, table="lines").num_rows == 3


def test_postgresqls_types_are_read_exactly(server, read):
    server.run(
        "CREATE TYPE mood AS ENUM ('ok');"
        "CREATE TABLE t (i2 int2, i8 int8, f8 float8, n numeric, n2 numeric(10,2), n50 numeric(50,3), n100 numeric(100,2), ch char(5), "
        "b bool, d date, ts timestamp, tz timestamptz, u uuid, j jsonb, a int[], by bytea, e mood, m money, ip inet);"
        "INSERT INTO t VALUES (1, 9007199254740993, 0.1, 12345678901234567890.123456789, 2.50, "
        "10000000000000000000000000000000000000001.125, 7, 'ab', true, '2011-12-09', '2011-12-09 12:50:00.123456', "
        "'2011-12-09 12:50:00+02', '3f333df6-90a4-4fda-8dd3-9485d27cee36', "
        "'{\"a\": 1}', '{1,2}', '\\x00ff', 'ok', 5.5, '10.0.0.1'), (NULL, NULL, NULL, 'NaN', 'NaN', NULL, NULL, NULL, NULL, 'infinity', "
        "'-infinity', 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL);"
    )
    rows = read(server, table="t", time_zone="Europe/Berlin").to_pylist()
    assert rows[0] == {
        "i2": 1,
        "i8": 9007199254740993,
        "f8": 0.1,
        "n": Decimal("12345678901234567890.123456789"),
        "n2": Decimal("2.50"),
        "n50": Decimal("10000000000000000000000000000000000000001.125"),
        "n100": "7.00",
        "ch": "ab",
        "b": True,
        "d": dt.date(2011, 12, 9),
        "ts": dt.datetime(2011, 12, 9, 12, 50, 0, 123456),
        "tz": dt.datetime(2011, 12, 9, 11, 50),
        "u": "3f333df6-90a4-4fda-8dd3-9485d27cee36",
        "j": '{"a": 1}',
        "a": "{1,2}",
        "by": "00ff",
        "e": "ok",
        "m": Decimal("5.50"),
        "ip": "10.0.0.1/32",
    }
    assert set(rows[1].values()) == {None}


def test_a_numeric_without_scale_may_have_any_digits(server, read):
    server.run("CREATE TABLE t (n numeric); INSERT INTO t VALUES ('NaN'), ('Infinity'), (0.001), (-123), (NULL)")
    assert read(server, table="t")["n"].to_pylist() == [None, None, Decimal("0.001"), Decimal("-123.000"), None]
    server.run("INSERT INTO t VALUES (1e80 + 0.5)")
    assert read(server, table="t")["n"].to_pylist()[-1] == "1" + "0" * 80 + ".5"


def test_duckdbs_types_are_read_exactly(duck, read):
    duck.run(
        "CREATE TABLE t AS SELECT 1::TINYINT AS i, 170141183460469::HUGEINT AS h, 0.1::DOUBLE AS f, 2.50::DECIMAL(10, 2) AS n, "
        "DATE '2011-12-09' AS d, TIMESTAMP '2011-12-09 12:50:00.123456' AS ts, TIMESTAMPTZ '2011-12-09 12:50:00+02' AS tz, "
        "UUID '3f333df6-90a4-4fda-8dd3-9485d27cee36' AS u, [1, 2] AS a, '\\x00\\xFF'::BLOB AS b, DATE 'infinity' AS never, NULL AS nothing"
    )
    (row,) = read(duck, table="t", time_zone="Europe/Berlin").to_pylist()
    assert row == {
        "i": 1,
        "h": Decimal("170141183460469"),
        "f": 0.1,
        "n": Decimal("2.50"),
        "d": dt.date(2011, 12, 9),
        "ts": dt.datetime(2011, 12, 9, 12, 50, 0, 123456),
        "tz": dt.datetime(2011, 12, 9, 11, 50),
        "u": "3f333df6-90a4-4fda-8dd3-9485d27cee36",
        "a": "[1, 2]",
        "b": "00ff",
        "never": None,
        "nothing": None,
    }


def test_duckdbs_longest_integers_are_read_exactly(duck, read):
    duck.run(
        f"CREATE TABLE t AS SELECT {2**127 - 1}::HUGEINT AS h, {2**128 - 1}::UHUGEINT AS u, {10**38 - 1}::HUGEINT AS d UNION ALL "
        f"SELECT {1 - 2**127}::HUGEINT, 0::UHUGEINT, {1 - 10**38}::HUGEINT UNION ALL SELECT NULL, NULL, NULL"
    )
    table = read(duck, table="t")
    assert table.to_pydict() == {
        "h": [Decimal(2**127 - 1), Decimal(1 - 2**127), None],
        "u": [Decimal(2**128 - 1), Decimal(0), None],
        "d": [Decimal(10**38 - 1), Decimal(1 - 10**38), None],
    }
    assert [str(kind) for kind in table.schema.types] == ["decimal256(39, 0)", "decimal256(39, 0)", "decimal128(38, 0)"]


def test_a_column_of_sqlite_has_the_type_of_its_values(sqlite, read):
    sqlite.run("CREATE TABLE t (whole, mixed INTEGER, number, bytes BLOB, big, blank TEXT)")
    sqlite.run(
        f"INSERT INTO t VALUES (1, 1, 1, x'00ff', {2**53 + 1}, NULL), (2, 'two', 2.5, 'text', 0.5, NULL), (NULL, NULL, NULL, 1, 1, NULL)"
    )
    table = read(sqlite, table="t")
    assert table.to_pydict() == {
        "whole": [1, 2, None],
        "mixed": ["1", "two", None],
        "number": [1.0, 2.5, None],
        "bytes": ["00ff", "text", "1"],
        "big": [str(2**53 + 1), "0.5", "1"],
        "blank": [None, None, None],
    }


def test_a_table_of_many_columns_is_read(shop, read):
    """Databases limit the results of a SELECT, of which a column may need several to be measured."""
    names = [f"n{place}" for place in range(900)]
    kind = "numeric" if shop.scheme == "postgresql" else "INTEGER"
    shop.run(f"CREATE TABLE wide ({', '.join(f'{name} {kind}' for name in names)})")
    shop.run(f"INSERT INTO wide VALUES ({', '.join(map(str, range(900)))})")
    assert list(read(shop, table="wide").to_pylist()[0].values()) == list(range(900))


def test_every_statement_sees_the_same_moment(server, read, monkeypatch):
    """Rows are counted before they are read; what is added in between is of another moment."""
    from segcore.data.databases import extract

    server.run(LINES)
    known = extract.find_table

    def add_a_row(connection, text):
        found = known(connection, text)
        server.run("INSERT INTO lines VALUES (4, 'late')")
        return found

    monkeypatch.setattr(extract, "find_table", add_a_row)
    assert read(server, table="lines").num_rows == 3


def test_question_domain():
    with pytest.raises(ParameterError, match="time-out"):
        DatabaseQuestion("sqlite:///x.db", timeout_seconds=0)
    with pytest.raises(ParameterError, match="most rows"):
        replace(DatabaseQuestion("sqlite:///x.db"), most_rows=0)


def test_permissions_of_the_file_are_kept(sqlite, tmp_path):
    sqlite.run(LINES)
    path = tmp_path / "private.parquet"
    path.touch(mode=0o600)
    write_extract(DatabaseQuestion(sqlite.address.text, table="lines"), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.slow  # five million rows are made and read
def test_five_million_rows_need_less_memory_than_their_frame(server, tmp_path):
    """In a process of its own, whose peak counts what Python and the drivers need too."""
    server.run(
        "CREATE UNLOGGED TABLE big AS SELECT n % 200000 AS customer, 'I' || n / 4 AS invoice, "
        "timestamp '2024-01-01' + n % 31000000 * interval '1 second' AS moment, 'sku' || n * 7::bigint % 4000 AS sku, "
        "n % 12 + 1 AS quantity, (n % 997 / 10.0)::numeric(10, 2) AS price FROM generate_series(1, 5000000) AS n"
    )
    path = tmp_path / "big.parquet"
    code = (
        "import sys\nfrom pathlib import Path\nfrom segcore.data.databases.extract import write_extract\n"
        "from segcore.records.intake import DatabaseQuestion\n"
        "print(write_extract(DatabaseQuestion(sys.argv[1], table='big'), Path(sys.argv[2])))\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, server.address.text, path], capture_output=True, text=True, check=True)
    rows, peak = map(int, done.stdout.split())
    frame = pq.read_table(path)
    assert rows == frame.num_rows == 5_000_000
    assert peak * 1024 < 1.5 * frame.nbytes
