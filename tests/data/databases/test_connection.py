"""What holds for every kind of database."""

import subprocess
import sys

import duckdb
import pytest
from sqlglot import exp

from segcore.data.databases.address import parse_address
from segcore.data.databases.connection import Access, table_sql
from segcore.data.databases.drivers import connect, driver_of, find_table
from segcore.data.databases.passwords import reason_text
from segcore.errors import SourceError
from tests.hostile_names import NAMES

LINES = "CREATE TABLE lines (customer INTEGER, item VARCHAR(20)); INSERT INTO lines VALUES (1, 'tea'), (2, NULL), (3, 'mug');"
WRITING = Access(writing=True)


def read(connection, sql):
    schema, batches = connection.batches(sql)
    return schema, [row for batch in batches for row in batch.to_pylist()]


def test_rows_come_as_record_batches(shop):
    shop.run(LINES)
    with connect(shop.address) as connection:
        schema, rows = read(connection, "SELECT customer, item FROM lines ORDER BY customer")
    assert schema.names == ["customer", "item"]
    assert rows == [{"customer": 1, "item": "tea"}, {"customer": 2, "item": None}, {"customer": 3, "item": "mug"}]


def test_no_rows_have_a_schema_too(shop):
    shop.run(LINES)
    with connect(shop.address) as connection:
        schema, rows = read(connection, "SELECT * FROM lines WHERE customer > 5")
    assert (schema.names, rows) == (["customer", "item"], [])


def test_many_rows_come_in_several_batches(shop):
    shop.run("CREATE TABLE numbers (n INTEGER)")
    shop.run("INSERT INTO numbers WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 200000) SELECT n FROM r")
    with connect(shop.address) as connection:
        sizes = [batch.num_rows for batch in connection.batches(f"SELECT n, '{'long ' * 40}' AS text FROM numbers").batches]
    assert sum(sizes) == 200_000
    assert max(sizes) < 150_000


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM lines",
        "UPDATE lines SET customer = 9",
        "INSERT INTO lines VALUES (4, 'x')",
        "DROP TABLE lines",
        "CREATE TABLE other (a INTEGER)",
        "ALTER TABLE lines ADD COLUMN b INTEGER",
        "ATTACH 'other.db' AS other",
        "SELECT * FROM read_csv('/etc/hostname')",
    ],
)
def test_a_connection_for_reading_cannot_change_or_reach_anything(shop, sql):
    """Whatever a statement is: that only SELECT gets this far is another fence."""
    shop.run(LINES)
    with pytest.raises(SourceError), connect(shop.address) as connection:
        connection.rows(sql)
        connection.commit()
    with connect(shop.address) as connection:
        assert read(connection, "SELECT count(*) AS n, sum(customer) AS total FROM lines")[1] == [{"n": 3, "total": 6}]


@pytest.mark.parametrize("sql", ["SELECT pg_read_file('/etc/hostname')", "COPY (SELECT 1) TO PROGRAM 'true'", "CREATE EXTENSION dblink"])
def test_a_servers_files_and_programs_need_rights(server, postgresql_server, sql):
    server.run(f"DROP ROLE IF EXISTS analyst; CREATE ROLE analyst LOGIN PASSWORD '{postgresql_server.password}'")
    analyst = parse_address(server.address.text.replace("segcore@", "analyst@"))
    with pytest.raises(SourceError), connect(analyst) as connection:
        connection.rows(sql)


def test_only_what_is_committed_is_written(shop):
    shop.run(LINES)
    with connect(shop.address, WRITING) as connection:
        connection.rows("INSERT INTO lines VALUES (4, 'kept')")
        connection.commit()
        connection.rows("INSERT INTO lines VALUES (5, 'lost')")
    with pytest.raises(ZeroDivisionError), connect(shop.address, WRITING) as connection:
        connection.rows("INSERT INTO lines VALUES (6, 'lost too')")
        raise ZeroDivisionError
    with connect(shop.address) as connection:
        assert sorted(row["customer"] for row in read(connection, "SELECT customer FROM lines")[1]) == [1, 2, 3, 4]


SLOW = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 500000000) SELECT count(*) AS n FROM r"


def test_a_statement_ends_with_its_time(shop):
    with pytest.raises(SourceError, match="time-out"), connect(shop.address, Access(timeout_seconds=0.1)) as connection:
        connection.rows(SLOW)


def test_an_error_of_duckdb_after_the_first_rows_is_one_sentence_too(duck):
    rows = 0
    # Many rows, because DuckDB computes some before it hands over the first.
    late = "SELECT n, CASE WHEN n = 3999999 THEN CAST('x' || n AS INTEGER) ELSE n END AS late FROM range(4000000) AS r(n)"
    with pytest.raises(SourceError) as caught, connect(duck.address) as connection:
        for batch in connection.batches(late).batches:
            rows += batch.num_rows
    assert rows > 0
    assert caught.value.finding.code == "database.failed"
    assert len(str(caught.value).splitlines()) == 1


def test_duckdbs_time_ends_after_the_first_rows_too(duck):
    rows = 0
    with pytest.raises(SourceError) as caught, connect(duck.address, Access(timeout_seconds=0.3)) as connection:
        for batch in connection.batches("SELECT n, md5(n::VARCHAR) AS text FROM range(200000000) AS r(n)").batches:
            rows += batch.num_rows
    assert rows > 0
    assert caught.value.finding.code == "database.timeout"


@pytest.mark.parametrize("name", NAMES)
def test_a_tables_name_may_have_any_letters(shop, name):
    name = name.encode()[:63].decode(errors="ignore")  # as PostgreSQL cuts names
    dialect = driver_of(shop.address).dialect
    created = exp.table_(name, quoted=True).sql(dialect=dialect)
    shop.run(f"CREATE TABLE {created} (a INTEGER); CREATE TABLE other (b INTEGER);")
    with connect(shop.address) as connection:
        found = find_table(connection, name)
        assert found.name == name
        assert read(connection, f"SELECT * FROM {table_sql(found, dialect)}")[0].names == ["a"]


def test_a_table_is_found_in_any_case_and_with_its_schema(shop):
    shop.run(LINES)
    with connect(shop.address) as connection:
        (table,) = connection.tables()
        for text in ("lines", "LINES", f"{table.schema}.lines", f"{table.schema}.Lines".upper()):
            assert find_table(connection, text) == table


@pytest.mark.parametrize("kind", ["duck", "server"])
def test_a_dot_in_a_name_that_could_be_a_schemas_is_refused(request, kind):
    shop = request.getfixturevalue(kind)
    shop.run('CREATE SCHEMA a; CREATE TABLE a.b (n INTEGER); CREATE TABLE "a.b" (m INTEGER);')
    default = "main" if kind == "duck" else "public"
    with connect(shop.address) as connection:
        assert find_table(connection, f"{default}.a.b").name == "a.b"
        for text in ("a.b", "A.B"):
            with pytest.raises(SourceError, match=rf"2 tables are called .*: write .*'{default}\.a\.b'"):
                find_table(connection, text)


@pytest.mark.parametrize("text", ["line", "nothing like it", "lines; DROP TABLE lines", '"lines"', ""])
def test_a_table_that_is_not_there_is_one_sentence(shop, text):
    shop.run(LINES)
    with pytest.raises(SourceError, match="There is no table"), connect(shop.address) as connection:
        find_table(connection, text)


def test_tables_and_columns_that_do_not_exist_are_sentences(shop):
    shop.run(LINES)
    for sql, name in (("SELECT * FROM nosuch", "nosuch"), ("SELECT nosuch FROM lines", "nosuch")):
        with pytest.raises(SourceError, match=name) as caught, connect(shop.address) as connection:
            connection.rows(sql)
        assert caught.value.finding.code in ("database.no_table_in_query", "database.no_column")


def test_a_database_in_use_is_one_sentence(duck):
    duck.run(LINES)
    code = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, duck.address.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(SourceError, match=r"shop\.duckdb is in use by another process"), connect(duck.address):
            pass
        other.stdin.close()


def test_a_database_that_this_process_has_open_is_one_sentence(duck):
    with duckdb.connect(duck.address.path), pytest.raises(SourceError, match="close your own connection"), connect(duck.address):
        pass


def test_a_missing_file_is_named_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text, shown in ((f"sqlite:///{tmp_path}/x.db", f"{tmp_path}/x.db"), ("sqlite:///x.db", f"x.db ({tmp_path}/x.db)")):
        with pytest.raises(SourceError) as caught, connect(parse_address(text)):
            pass
        assert f"There is no database {shown}:" in str(caught.value)


def test_a_damaged_file_is_one_sentence(duck):
    duck.run(LINES)
    content = bytearray(duck.address.file.read_bytes())
    content[5000:5300] = b"\xff" * 300
    duck.address.file.write_bytes(content)
    with pytest.raises(SourceError, match="is damaged"), connect(duck.address) as connection:
        connection.rows("SELECT 1")


def test_a_file_of_sqlite_whose_writer_was_killed_is_one_sentence(sqlite):
    sqlite.run(LINES)
    code = (
        "import os, signal, sqlite3, sys; file = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "file.execute('PRAGMA cache_size = 1'); file.execute('BEGIN'); "
        "file.executemany('INSERT INTO lines VALUES (?, ?)', [(n, 'long ' * 50) for n in range(2000)]); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, sqlite.address.path], check=False)
    with pytest.raises(SourceError, match="was interrupted") as caught, connect(sqlite.address):
        pass
    assert caught.value.finding.code == "database.interrupted"
    sqlite.run("SELECT * FROM lines")  # what the sentence advises
    with connect(sqlite.address) as connection:
        assert connection.rows("SELECT count(*) FROM lines") == [(3,)]


@pytest.mark.parametrize("scheme", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "There is no database"), (b"", "is not a database"), (b"id,price\n1,2\n" * 99, "is not a database")]
)
def test_a_file_that_is_no_database_is_one_sentence(tmp_path, scheme, content, sentence):
    file = tmp_path / "file.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SourceError, match=sentence), connect(parse_address(f"{scheme}:///{file}")):
        pass


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://me@nowhere.invalid/shop", "database.no_host"),
        ("postgresql://me@127.0.0.1:1/shop", "database.refused"),
        ("postgresql://me@/shop?host=/nowhere", "database.refused"),
    ],
)
def test_a_server_that_is_not_there_is_one_sentence(address, code):
    with pytest.raises(SourceError) as caught, connect(parse_address(address)):
        pass
    assert caught.value.finding.code == code
    assert len(str(caught.value).splitlines()) == 1


def test_errors_of_a_server_have_their_codes(server):
    for sql, code in (
        ("SELECT * FROM nosuch", "database.no_table_in_query"),
        ("SELECT nosuch", "database.no_column"),
        ("CREATE TABLE a (b int)", "database.read_only"),
        ("SELECT 1 / 0", "database.failed"),
    ):
        with pytest.raises(SourceError) as caught, connect(server.address) as connection:
            connection.rows(sql)
        assert caught.value.finding.code == code
    missing = parse_address(server.address.text.replace(server.address.database, "nosuch"))
    with pytest.raises(SourceError, match="There is no such database"), connect(missing):
        pass


def end_connections(server):
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")


def test_a_connection_that_the_server_ends_is_one_sentence(server):
    rows = "SELECT n, repeat('long ', 40) AS text FROM generate_series(1, 500000) AS r(n)"
    with pytest.raises(SourceError) as reading, connect(server.address) as connection:
        batches = connection.batches(rows).batches
        next(batches)
        end_connections(server)
        list(batches)
    with pytest.raises(SourceError) as waiting, connect(server.address) as connection:
        end_connections(server)
        connection.rows("SELECT 1")
    for caught in (reading, waiting):
        assert caught.value.finding.code == "database.lost"
        assert len(str(caught.value).splitlines()) == 1


def test_a_user_with_too_many_connections_may_try_again(server, postgresql_server):
    server.run(f"DROP ROLE IF EXISTS busy; CREATE ROLE busy LOGIN PASSWORD '{postgresql_server.password}' CONNECTION LIMIT 0")
    busy = parse_address(server.address.text.replace("segcore@", "busy@"))
    with pytest.raises(SourceError, match="too many connections") as caught, connect(busy):
        pass
    assert caught.value.finding.code == "database.lost"


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [("08006", "database.lost"), ("57P01", "database.lost"), ("57P03", "database.lost"), ("57014", "database.timeout")],
)
def test_a_servers_states_say_whether_to_try_again(sqlstate, code):
    dbapi = pytest.importorskip("adbc_driver_manager.dbapi")
    address = parse_address("postgresql://me@host/shop")
    error = dbapi.OperationalError("any language", status_code=10, sqlstate=sqlstate)
    assert driver_of(address).explain(error, address).finding.code == code


def test_what_a_driver_says_has_no_password(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "p@ss/word")
    said = "cannot reach postgresql://me:p%40ss%2Fword@h/shop with password='other one' or p@ss/word\nmore"
    assert reason_text(said) == "cannot reach postgresql://me:***@h/shop with password=*** or ***"
