"""Rows written into tables of each kind of database."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pytest

from segcore.data.databases.address import is_address
from segcore.errors import ParameterError, SegcoreError, SourceError
from segcore.export import database_table
from segcore.export.database_table import Changes, Destination, write_into_table
from segcore.system.child_process import child_environment
from tests.export.databases import KINDS, open_database
from tests.hostile_names import NAMES
from tests.small_disk import mounted

ID = "customer_id"


@pytest.fixture(params=KINDS)
def database(request, tmp_path):
    return open_database(request, request.param, tmp_path)


@pytest.fixture
def server(request, tmp_path):
    return open_database(request, "postgresql", tmp_path)


def rows_of(*rows):
    """Return rows of an id, a segment and an amount."""
    ids, segments, amounts = zip(*rows, strict=True)
    return pa.table({ID: pa.array(ids, pa.string()), "segment": pa.array(segments, pa.int32()), "amount": pa.array(amounts, pa.float64())})


def write(database, rows, *, how="replace", into="segments", key=(ID,)):
    chunks = [rows.slice(start, 2) for start in range(0, len(rows), 2)]
    return write_into_table(Destination.of(database.url, into, how), chunks, rows.schema, key)


def stored(database, table="segments"):
    return sorted(database.run(f"SELECT * FROM {table}"))


BEFORE = (("001", 0, 1.5), ("002", 1, None), ("003", 1, 3.0))
AFTER = (("001", 0, 1.5), ("002", 0, 2.0), ("004", 2, 4.0))


def test_a_missing_table_is_created_with_a_type_for_each_column(database):
    rows = pa.table(
        {
            ID: ["007", "=1+1", "Ünal"],
            "segment": pa.array([0, -1, 1], pa.int32()),
            "set_aside": [True, False, None],
            "spend": [1.5, float("nan"), None],
            "visits": pa.array([2**40, None, 3]),
            "joined": [dt.date(2024, 2, 29), None, dt.date(1999, 12, 31)],
            "seen": pa.array([dt.datetime(2024, 2, 29, 23, 59, 59), None, dt.datetime(1999, 12, 31)], pa.timestamp("ns")),
        }
    )
    assert write(database, rows) == Changes(created=True, added=3, changed=0, unchanged=0, removed=0, kept=0)
    first, second, third = stored(database)
    assert first[:5] == ("007", 0, True, 1.5, 2**40)
    assert second == ("=1+1", -1, False, None, None, None, None)
    assert third[:5] == ("Ünal", 1, None, None, 3)
    assert [str(value) for value in first[5:]] in (
        ["2024-02-29", "2024-02-29 23:59:59"],
        ["2024-02-29", "2024-02-29 23:59:59.000000"],
    )


def test_replace_leaves_exactly_the_new_rows_and_counts_what_changed(database):
    write(database, rows_of(*BEFORE))
    assert write(database, rows_of(*AFTER)) == Changes(created=False, added=1, changed=1, unchanged=1, removed=1, kept=0)
    assert stored(database) == list(AFTER)


def test_merge_keeps_the_rows_of_all_other_customers(database):
    write(database, rows_of(*BEFORE))
    assert write(database, rows_of(*AFTER), how="merge") == Changes(created=False, added=1, changed=1, unchanged=1, removed=0, kept=1)
    assert stored(database) == [*AFTER[:2], BEFORE[2], AFTER[2]]


def test_what_is_the_same_is_not_written_again(database, monkeypatch):
    write(database, rows_of(*BEFORE))
    monkeypatch.setattr(database_table._Writer, "_apply", lambda *_: pytest.fail("nothing has changed"))
    for how in ("replace", "merge"):
        assert write(database, rows_of(*BEFORE), how=how) == Changes(created=False, added=0, changed=0, unchanged=3, removed=0, kept=0)


def test_a_missing_value_is_a_change_to_a_value_and_back(database):
    write(database, rows_of(("001", 0, None)))
    assert write(database, rows_of(("001", 0, 2.0))).changed == 1
    assert write(database, rows_of(("001", 0, float("nan")))).changed == 1
    assert write(database, rows_of(("001", 0, None))).unchanged == 1


def test_copies_of_a_customer_are_rows_of_their_own(database):
    rows = pa.table({ID: ["001", "001"], "copy": pa.array([0, 1], pa.int32()), "segment": pa.array([3, 4], pa.int32())})
    write(database, rows, key=(ID, "copy"))
    moved = rows.set_column(2, "segment", pa.array([3, 5], pa.int32()))
    assert write(database, moved, key=(ID, "copy")) == Changes(created=False, added=0, changed=1, unchanged=1, removed=0, kept=0)
    assert stored(database) == [("001", 0, 3), ("001", 1, 5)]


def test_views_indexes_and_columns_in_another_order_stay_as_they_are(database):
    text = "TEXT" if database.kind != "duckdb" else "VARCHAR"
    database.run(
        f"CREATE TABLE segments (amount DOUBLE PRECISION, segment INTEGER, customer_id {text})",
        "CREATE VIEW large AS SELECT customer_id FROM segments WHERE amount > 2",
        "CREATE INDEX by_segment ON segments (segment)",
        "INSERT INTO segments VALUES (1.5, 0, '001'), (9, 9, '009')",
    )
    assert write(database, rows_of(*BEFORE)) == Changes(created=False, added=2, changed=0, unchanged=1, removed=1, kept=0)
    assert stored(database, "large") == [("003",)]
    assert {row[2] for row in database.run("SELECT * FROM segments")} == {"001", "002", "003"}


def test_rights_on_a_table_survive_its_replacement(server, postgresql):
    write(server, rows_of(*BEFORE))
    postgresql.run("CREATE ROLE reader; GRANT SELECT ON segments TO reader")
    write(server, rows_of(*AFTER))
    assert postgresql.run("SELECT has_table_privilege('reader', 'segments', 'SELECT')") == "t"
    postgresql.run("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ("CREATE TABLE segments (customer_id {text}, segment INTEGER)", "destination.other_columns"),
        ("CREATE TABLE segments (customer_id {text}, segment INTEGER, amount {real}, more {text})", "destination.other_columns"),
        ("CREATE TABLE segments (id {text}, segment INTEGER, amount {real})", "destination.other_columns"),
        ("CREATE TABLE segments (customer_id INTEGER, segment INTEGER, amount {real})", "destination.other_type"),
        ("CREATE TABLE segments (customer_id {text}, segment {text}, amount {real})", "destination.other_type"),
        ("CREATE VIEW segments AS SELECT '001' AS customer_id, 0 AS segment, 1.5 AS amount", "destination.view"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence_before_anything_is_written(database, monkeypatch, made, code):
    text, real = {"duckdb": ("VARCHAR", "DOUBLE"), "sqlite": ("TEXT", "REAL"), "postgresql": ("TEXT", "DOUBLE PRECISION")}[database.kind]
    database.run(made.format(text=text, real=real))
    monkeypatch.setattr(database_table, "_plain", lambda *_: pytest.fail("written"))
    with pytest.raises(ParameterError) as caught:
        write(database, rows_of(*BEFORE))
    assert caught.value.finding.code == code
    assert "\n" not in str(caught.value)


def test_a_customer_who_is_in_the_table_twice_is_one_sentence(database):
    text = "VARCHAR" if database.kind == "duckdb" else "TEXT"
    database.run(
        f"CREATE TABLE segments (customer_id {text}, segment INTEGER, amount DOUBLE PRECISION)",
        "INSERT INTO segments VALUES ('001', 0, 1.5), ('001', 1, 2.5), ('002', 1, 2.5)",
    )
    before = stored(database)
    with pytest.raises(ParameterError, match="has 1 value of customer_id more than once"):
        write(database, rows_of(*BEFORE))
    assert stored(database) == before


COLLATIONS = {
    "sqlite": [("nocase", "'a' and 'A'"), ("rtrim", "'a' and 'a '")],
    "duckdb": [("nocase", "'a' and 'A'"), ("noaccent", "'a' and '\\xe1'")],
    "postgresql": [("any_case", "'a' and 'A'"), ("any_form", "'\\xe9' and 'e\\u0301'")],
}


def test_an_id_column_that_takes_two_ids_for_one_is_one_sentence(database):
    if database.kind == "postgresql":
        database.run(
            "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "CREATE COLLATION any_form (provider = icu, locale = 'und', deterministic = false)",
        )
    text = "VARCHAR" if database.kind == "duckdb" else "TEXT"
    for collation, ids in COLLATIONS[database.kind]:
        table = f"of_{collation}"
        database.run(
            f"CREATE TABLE {table} (customer_id {text} COLLATE {collation} PRIMARY KEY, segment INTEGER, amount DOUBLE PRECISION)",
            f"INSERT INTO {table} VALUES ('A', 0, 1.5), ('c', 1, 2.5)",
        )
        with pytest.raises(ParameterError) as caught:
            write(database, rows_of(("a", 2, 1.0), ("A", 3, 2.0)), into=table)
        assert f"{ids} are the same id" in str(caught.value)
        assert stored(database, table) == [("A", 0, 1.5), ("c", 1, 2.5)]


TRIGGERS = {
    "sqlite": ["CREATE TRIGGER drops BEFORE INSERT ON segments BEGIN SELECT RAISE(IGNORE); END"],
    "postgresql": [
        "CREATE FUNCTION drops() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER drops BEFORE INSERT ON segments FOR EACH ROW EXECUTE FUNCTION drops()",
    ],
}


@pytest.mark.parametrize("kind", TRIGGERS)
def test_a_trigger_that_drops_rows_is_one_sentence_and_leaves_the_table_whole(request, tmp_path, kind):
    database = open_database(request, kind, tmp_path)
    write(database, rows_of(*BEFORE))
    database.run(*TRIGGERS[kind])
    with pytest.raises(SourceError, match="would have 2 rows instead of 3.*Nothing was changed"):
        write(database, rows_of(*AFTER))
    assert stored(database) == list(BEFORE)


def test_names_of_tables_and_columns_run_nothing(database):
    schema = {"sqlite": "main", "duckdb": "main", "postgresql": "public"}[database.kind]
    database.run("CREATE TABLE other (a INTEGER)", "INSERT INTO other VALUES (1)")
    hostile = ["a.b", '"quoted"', "seg'ments", 'x"; DROP TABLE other; --', "{{ x }}", "two\nlines", "/* */", "%s $1 ? :a"]
    for name in (name.encode()[:60].decode(errors="ignore") for name in [*NAMES[::4], *hostile]):
        rows = rows_of(*BEFORE).rename_columns([ID, "segment", name])
        assert write(database, rows, into=f"{schema}.{name}").created, name
        assert write(database, rows, into=f"{schema}.{name}").unchanged == 3, name
        quoted = name.replace('"', '""')
        found = database.run(f'SELECT customer_id, "{quoted}" FROM {schema}."{quoted}"')
        assert sorted(found) == [("001", 1.5), ("002", None), ("003", 3.0)], name
    assert database.run("SELECT * FROM other") == [(1,)]


def test_a_table_is_meant_exactly_or_in_any_case_or_in_its_schema(database):
    write(database, rows_of(*BEFORE), into="Segments")
    schema = {"sqlite": "main", "duckdb": "main", "postgresql": "public"}[database.kind]
    for name in ("segments", "SEGMENTS", f"{schema}.segments"):
        assert write(database, rows_of(*BEFORE), into=name).unchanged == 3
    with pytest.raises(ParameterError, match="no schema 'sales'"):
        write(database, rows_of(*BEFORE), into="sales.segments")


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_a_dot_in_a_name_that_could_be_a_schemas_is_refused(request, tmp_path, kind):
    database = open_database(request, kind, tmp_path)
    columns = "(customer_id VARCHAR, segment INTEGER, amount DOUBLE PRECISION)"
    database.run("CREATE SCHEMA a", f"CREATE TABLE a.b {columns}", f'CREATE TABLE "a.b" {columns}')
    with pytest.raises(SourceError, match=r"2 tables are called 'a.b': write '(main|public)\.a\.b', or rename the other"):
        write(database, rows_of(*BEFORE), into="a.b")
    assert database.run('SELECT * FROM a.b UNION ALL SELECT * FROM "a.b"') == []


def test_text_with_marks_of_formulas_quotes_and_statements_is_kept_as_it_is(database):
    texts = ["=SUM(A1)", "'; DROP TABLE segments; --", "two\nlines\ttab", "{{ x }}", 'say "hi"', ""]
    rows = pa.table({ID: texts, "segment": pa.array(range(6), pa.int32())})
    write(database, rows)
    assert {row[0] for row in database.run("SELECT customer_id FROM segments")} == set(texts)


def test_a_failure_in_the_rows_leaves_the_table_whole_and_is_the_rows_own(database):
    write(database, rows_of(*BEFORE))

    def failing():
        yield rows_of(*AFTER).slice(0, 2)
        raise ParameterError("The rows are damaged.")

    with pytest.raises(ParameterError, match=r"^The rows are damaged\.$"):
        write_into_table(Destination.of(database.url, "segments"), failing(), rows_of(*AFTER).schema, [ID])
    assert stored(database) == list(BEFORE)


def test_a_value_that_the_table_refuses_leaves_it_whole(database):
    text = "VARCHAR" if database.kind == "duckdb" else "TEXT"
    database.run(
        f"CREATE TABLE segments (customer_id {text}, segment INTEGER CHECK (segment < 2), amount DOUBLE PRECISION)",
        "INSERT INTO segments VALUES ('003', 1, 3.0)",
    )
    with pytest.raises(SourceError, match=r"could not be written .* Nothing was changed\.$") as caught:
        write(database, rows_of(*AFTER))
    assert caught.value.finding.code == "destination.failed"
    assert stored(database) == [("003", 1, 3.0)]


KILLED = """
import os, signal, sys
import pyarrow as pa
from segcore.export.database_table import Destination, write_into_table
import segcore.data.databases.{module} as driver

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

# All statements have run, and the transaction is about to end.
driver.{kind}.commit = killed
rows = pa.table({{"customer_id": ["001", "005"], "segment": pa.array([7, 7], pa.int32()), "amount": [0.5, 0.5]}})
write_into_table(Destination.of(sys.argv[1], "segments"), [rows], rows.schema, ["customer_id"])
"""
CONNECTIONS = {
    "sqlite": ("sqlite_file", "SqliteConnection"),
    "duckdb": ("duckdb_file", "DuckdbConnection"),
    "postgresql": ("postgresql", "PostgresqlConnection"),
}


def test_a_process_killed_before_the_end_leaves_the_old_table_and_nothing_else(database, tmp_path):
    write(database, rows_of(*BEFORE))
    module, kind = CONNECTIONS[database.kind]
    environment = child_environment(PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    program = KILLED.format(module=module, kind=kind)
    found = subprocess.run([sys.executable, "-c", program, database.url], env=environment, capture_output=True, text=True, timeout=120)
    assert found.returncode == -signal.SIGKILL, found.stderr
    assert stored(database) == list(BEFORE)
    assert write(database, rows_of(*AFTER)) == Changes(created=False, added=1, changed=1, unchanged=1, removed=1, kept=0)
    if database.kind == "postgresql":
        assert database.run("SELECT count(*) FROM pg_class WHERE relname LIKE 'segcore%' AND pg_is_other_temp_schema(relnamespace)") == [
            (0,)
        ]
    else:
        assert {path.name for path in tmp_path.iterdir()} == {f"shop.{database.kind}"}


def test_a_table_that_somebody_else_writes_is_one_sentence(database, monkeypatch):
    write(database, rows_of(*BEFORE))
    module, _ = CONNECTIONS[database.kind]
    if database.kind != "duckdb":
        monkeypatch.setattr(f"segcore.data.databases.{module}.LOCK_SECONDS", 0.2)
    other = database.connect()
    try:
        if database.kind == "duckdb":  # locks files between processes
            other.close()
            hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
            file = database.url.partition(":///")[2]
            holder = subprocess.Popen([sys.executable, "-c", hold, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            holder.stdout.readline()
        else:
            cursor = other.cursor()
            cursor.execute("BEGIN IMMEDIATE" if database.kind == "sqlite" else "UPDATE segments SET segment = 9")
        with pytest.raises(SourceError) as caught:
            write(database, rows_of(*AFTER))
        assert caught.value.finding.code == "database.locked"
    finally:
        if database.kind == "duckdb":
            holder.communicate()
        else:
            cursor.close()
            other.close()
    assert stored(database) == list(BEFORE)


def test_two_exports_at_once_end_as_one_after_the_other(server):
    """Both create the table, which PostgreSQL's catalogue would refuse to the later one."""
    begun, found = threading.Barrier(2), []

    def export(rows, how):
        def chunks():
            yield rows

        begun.wait()
        found.append(write_into_table(Destination.of(server.url, "segments", how), chunks(), rows.schema, [ID]))

    threads = [threading.Thread(target=export, args=(rows_of(*rows), "merge")) for rows in (BEFORE, AFTER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(one.created for one in found) == [False, True]
    assert {row[0] for row in stored(server)} == {"001", "002", "003", "004"}


def test_who_has_no_rights_is_told(server, postgresql, monkeypatch):
    write(server, rows_of(*BEFORE))
    postgresql.run("CREATE ROLE guest LOGIN PASSWORD 'guest-word'; GRANT SELECT ON segments TO guest")
    monkeypatch.setenv("PGPASSWORD", "guest-word")
    url = postgresql.server.url(postgresql.name, user="guest")
    for table in ("segments", "of_my_own"):
        with pytest.raises(SourceError, match="You lack the rights for this") as caught:
            write_into_table(Destination.of(url, table), [rows_of(*AFTER)], rows_of(*AFTER).schema, [ID])
        assert "guest-word" not in str(caught.value)
    monkeypatch.setenv("PGPASSWORD", postgresql.server.password)
    assert stored(server) == list(BEFORE)
    postgresql.run("DROP OWNED BY guest; DROP ROLE guest")


def test_a_column_name_that_postgresql_would_cut_is_refused(server):
    rows = rows_of(*BEFORE).rename_columns([ID, "segment", "é" * 32])
    with pytest.raises(ParameterError, match="at most 63 bytes"):
        write(server, rows)
    assert write(server, rows.rename_columns([ID, "segment", "é" * 31])).created


def test_text_that_postgresql_cannot_hold_is_one_sentence(server):
    rows = pa.table({ID: ["a\0b"], "segment": pa.array([0], pa.int32())})
    with pytest.raises(SourceError, match="Nothing was changed"):
        write(server, rows)
    assert server.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.parametrize("file", ["out.csv", "folder/out.parquet", "./postgresql.csv"])
def test_a_file_is_no_table(file):
    assert not is_address(file)
    assert Destination.of(file, None) is None
    for options in ({"into": "segments"}, {"into": None, "how": "merge"}):
        with pytest.raises(ParameterError, match="has no tables"):
            Destination.of(file, **options)


@pytest.mark.parametrize(
    ("into", "how", "sentence"),
    [
        (None, None, "name its table with --into"),
        ("", None, "name its table with --into"),
        ("a\0b", None, "cannot be called"),
        ("x" * 64, None, "at most 63 bytes"),
        ("segments", "append", "Unknown way to write into a table 'append'"),
    ],
)
def test_a_table_that_cannot_be_meant_is_one_sentence(into, how, sentence):
    with pytest.raises(SegcoreError, match=sentence):
        Destination.of("postgresql://analyst@db.example.com/shop", into, how)


@pytest.mark.parametrize("before", ["", " ", "\ufeff", '"', "jdbc:"])
def test_an_address_with_a_password_is_refused_without_repeating_it(before):
    with pytest.raises(ParameterError) as caught:
        Destination.of(f"{before}postgresql://analyst:swordfish@db.example.com/shop", "segments")
    assert "swordfish" not in str(caught.value)
    assert "PGPASSWORD" in str(caught.value)


def many_rows():
    """Return rows of about 10 MB, random so that nothing packs them."""
    dice, n = np.random.default_rng(0), 200_000
    ids = [part.tobytes().hex() for part in np.split(np.frombuffer(dice.bytes(20 * n), np.uint8), n)]
    return pa.table({ID: ids, "segment": pa.array([1] * n, pa.int32()), "amount": dice.random(n)})


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_full_disk_is_one_sentence_and_leaves_the_table_whole(request, tmp_path, kind):
    with mounted(tmp_path / "small", 8) as folder:
        database = open_database(request, kind, folder)
        write(database, rows_of(*BEFORE))
        many = many_rows()
        with pytest.raises(SourceError) as caught:
            write_into_table(Destination.of(database.url, "segments"), [many], many.schema, [ID])
        assert caught.value.finding.code == "database.disk_full"
        assert stored(database) == list(BEFORE)


def test_a_full_disk_of_a_server_is_one_sentence_and_leaves_the_table_whole(server, postgresql):
    home = postgresql.server.folder
    with mounted(home / "small", 8) as folder:
        os.chown(folder, home.stat().st_uid, -1)
        postgresql.run(f"CREATE TABLESPACE small LOCATION '{folder}'")
        postgresql.run("CREATE TABLE segments (customer_id TEXT, segment INTEGER, amount DOUBLE PRECISION) TABLESPACE small")
        write(server, rows_of(*BEFORE))
        many = many_rows()
        with pytest.raises(SourceError) as caught:
            write_into_table(Destination.of(server.url, "segments"), [many], many.schema, [ID])
        assert caught.value.finding.code == "database.disk_full"
        assert stored(server) == list(BEFORE)
        postgresql.run("DROP TABLE segments")
        postgresql.run("DROP TABLESPACE small")


def test_the_rights_that_the_guide_names_are_enough(server, postgresql, monkeypatch):
    write(server, rows_of(*BEFORE))
    postgresql.run("CREATE ROLE clerk LOGIN PASSWORD 'clerk-word'; GRANT SELECT, INSERT, UPDATE, DELETE ON segments TO clerk")
    monkeypatch.setenv("PGPASSWORD", "clerk-word")
    url = postgresql.server.url(postgresql.name, user="clerk")
    assert write_into_table(Destination.of(url, "segments"), [rows_of(*AFTER)], rows_of(*AFTER).schema, [ID]).changed == 1
    monkeypatch.setenv("PGPASSWORD", postgresql.server.password)
    assert stored(server) == list(AFTER)
    postgresql.run("DROP OWNED BY clerk; DROP ROLE clerk")
