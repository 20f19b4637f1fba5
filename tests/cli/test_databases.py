"""Commands that read from databases."""

import gc
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from segcore.cli import main
from segcore.errors import SourceError, StoreError
from segcore.intake.child import from_database_apart
from segcore.intake.take_in import take_in
from segcore.records.intake import DatabaseQuestion, DataRequest
from segcore.store.store import Store
from tests.cli.test_features import HEADER, lines
from tests.hostile_names import NAMES

SECRET = "swordfish-47"


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + lines())
    return path


@pytest.fixture
def shop(orders):
    """Return the address of an SQLite database with the table ``lines``."""
    file = orders.with_name("shop.db")
    with sqlite3.connect(file) as connection:
        pd.read_csv(orders, dtype={"customer_id": str}).to_sql("lines", connection, index=False)
    connection.close()
    return f"sqlite:///{file}"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def features(run, tmp_path):
    """Return what runs ``segcore features`` and returns the table that it writes."""

    def call(*arguments):
        out = tmp_path / "features.parquet"
        code, _, said = run("features", *arguments, "--features", "all", "--out", out)
        assert code == 0, said
        return pd.read_parquet(out)

    return call


def test_a_table_and_a_select_give_the_features_of_the_file(features, orders, shop):
    expected = features(orders)
    pd.testing.assert_frame_equal(features(shop, "--table", "lines"), expected, rtol=1e-9)
    pd.testing.assert_frame_equal(features(shop, "--query", "SELECT * FROM lines;"), expected, rtol=1e-9)


def test_filters_and_roles_are_those_of_files(features, orders, shop):
    options = ("--where", "country = 'FR'", "--from", "2024-02-01", "--role", "customer=customer_id")
    pd.testing.assert_frame_equal(features(shop, "--table", "lines", *options), features(orders, *options), rtol=1e-9)


def test_what_has_not_changed_comes_from_the_store(run, shop, tmp_path):
    sweep = ("sweep", shop, "--table", "lines", "--algo", "kmeans", "--grid", "n_clusters=2,3", "--evidence", "none")
    for out, state in (("a", False), ("b", True)):
        code, printed, said = run(*sweep, "--out", tmp_path / out, "--json")
        assert (code, json.loads(printed)["from_store"]) == (0, state), said


def test_what_has_changed_is_read_again(features, shop):
    before = features(shop, "--table", "lines")
    with sqlite3.connect(shop.removeprefix("sqlite:///")) as connection:
        connection.execute("DELETE FROM lines WHERE customer_id = '001'")
    connection.close()
    assert set(before["customer_id"]) - set(features(shop, "--table", "lines")["customer_id"]) == {"001"}


def test_new_customers_are_scored_and_followed_from_a_database(run, shop, tmp_path):
    code, printed, said = run(
        "sweep",
        shop,
        "--table",
        "lines",
        "--algo",
        "kmeans",
        "--grid",
        "n_clusters=2",
        "--evidence",
        "none",
        "--out",
        tmp_path / "s",
        "--json",
    )
    assert code == 0, said
    sweep = json.loads(printed)["sweep"]
    assert run("score", sweep, shop, "--table", "lines", "--point", "n_clusters=2", "--out", tmp_path / "scores.csv")[0] == 0
    code, printed, said = run("over-time", sweep, shop, "--query", "SELECT * FROM lines", "--point", "n_clusters=2", "--json")
    assert code == 0, said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "A database has many tables: name a table with --table, or give a SELECT with --query"),
        (("--table", "lines", "--query", "SELECT 1"), "A database has many tables"),
        (("--table", "line"), "There is no table 'line' in the database: did you mean 'lines'?"),
        (("--query", "DROP TABLE lines"), "Only a SELECT can be read, not 'DROP'"),
        (("--query", "SELECT nosuch FROM lines"), "check the names of the columns"),
        (("--table", "lines", "--most-rows", "10"), "400 rows of shop.db would be read, more than 10: read them all with --most-rows 400"),
        (("--table", "lines", "--timeout", "0"), "The time-out of the database, in seconds, must be between 1 and 86,400"),
        (("--table", "lines", "--time-zone", "Mars"), "There is no time zone 'Mars'"),
        (("--table", "lines", "--customers", "sqlite:///other.db"), "Tables of customers are read from files"),
    ],
)
def test_a_users_mistake_is_one_sentence(run, shop, tmp_path, options, sentence):
    code, printed, said = run("features", shop, *options, "--out", tmp_path / "x.csv")
    assert (code, printed) == (2, "")
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_file_has_no_tables(run, orders, tmp_path):
    code, _, said = run("features", orders, "--table", "lines", "--out", tmp_path / "x.csv")
    assert code == 2
    assert "is a file or a sample, not a database" in said


@pytest.mark.parametrize(
    "command",
    [
        ("features", "DATA", "--table", "a", "--out", "x.csv"),
        ("features", "orders.csv", "--customers", "DATA", "--out", "x.csv"),
        ("score", "0", "DATA", "--table", "a", "--point", "n_clusters=2", "--out", "x.csv"),
        ("over-time", "0", "DATA", "--table", "a", "--point", "n_clusters=2"),
        ("targets", "DATA", "--table", "a", "--promote", "x=y", "--budget", "5"),
        ("benchmark", "DATA", "--table", "a", "--algo", "kmeans"),
        ("neighbours", "DATA", "--table", "a", "--features", "cust2vec=8", "--item", "x"),
    ],
)
@pytest.mark.parametrize("address", [f"postgresql://me:{SECRET}@nowhere.invalid/shop", f"postgresql://me@h/shop?password={SECRET}"])
def test_a_password_in_an_address_is_refused_and_kept_nowhere(run, home, tmp_path, monkeypatch, command, address):
    monkeypatch.chdir(tmp_path)
    code, printed, said = run(*[address if word == "DATA" else word for word in command])
    assert (code, "leave it out, and put it in PGPASSWORD" in said) == (2, True)
    assert SECRET not in printed + said
    assert all(SECRET.encode() not in file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_the_kits_command_reads_files_only(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, said = run("analyze", "-a", "kmeans", "--dataset_path", f"postgresql://me:{SECRET}@nowhere.invalid/shop")
    assert (code, "A database cannot be read here" in said) == (2, True)
    assert SECRET not in printed + said


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_an_extract_that_is_damaged_is_read_again(features, shop, home, harm):
    expected = features(shop, "--table", "lines")
    (extract,) = (home / "extracts").iterdir()
    if harm == "cut":
        extract.write_bytes(extract.read_bytes()[:-10])
    else:
        extract.unlink()
    request = DataRequest(str(extract), database=DatabaseQuestion(shop, table="lines"))
    with pytest.raises(StoreError, match="What was read from the database is missing or damaged in the store: read it again"):
        take_in(Store(home), request)
    pd.testing.assert_frame_equal(features(shop, "--table", "lines"), expected)


def test_a_missing_driver_is_one_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "adbc_driver_postgresql", None)
    code, _, said = run("features", "postgresql://me@nowhere.invalid/shop", "--table", "a", "--out", tmp_path / "x.csv")
    assert code == 2
    assert "PostgreSQL needs a package that is not installed: install it with 'pip install adbc-driver-postgresql'" in said


@pytest.mark.parametrize("name", NAMES[::4])
def test_tables_and_columns_of_any_name_are_data(features, orders, tmp_path, name):
    file = tmp_path / "hostile.db"
    frame = pd.read_csv(orders, dtype={"customer_id": str}).rename(columns={"country": name})
    with sqlite3.connect(file) as connection:
        frame.to_sql(name, connection, index=False)
    connection.close()
    plain = features(orders)
    assert list(features(f"sqlite:///{file}", "--table", name)["customer_id"]) == list(plain["customer_id"])


def test_nothing_keeps_the_password_of_a_server(run, features, orders, postgresql, home, tmp_path):
    table = duckdb.sql(f"SELECT * FROM read_csv('{orders}', types = {{'customer_id': 'VARCHAR'}})")
    postgresql.run(
        "CREATE TABLE lines (customer_id text, order_id int, date timestamp, sku text, quantity int, price float8, country text)"
    )
    rows = ", ".join(f"({', '.join(repr(str(value)) for value in row)})" for row in table.fetchall())
    postgresql.run(f"INSERT INTO lines VALUES {rows}")
    pd.testing.assert_frame_equal(features(postgresql.url, "--table", "lines"), features(orders), rtol=1e-9)
    sweep = ("sweep", postgresql.url, "--table", "lines", "--algo", "kmeans", "--grid", "n_clusters=2", "--evidence", "none")
    assert run(*sweep, "--out", tmp_path / "sweep")[0] == 0
    for mistake in (("--table", "nosuch"), ("--query", "SELECT nosuch FROM lines"), ("--query", "SELECT 1/0 AS a")):
        code, printed, said = run("features", postgresql.url, *mistake, "--out", tmp_path / "x.csv")
        assert code == 2
        assert postgresql.server.password not in printed + said
    gc.collect()  # closes stores that are no longer used, whose index then has fewer files
    files = [file for folder in (home, tmp_path) for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 10
    assert [file for file in files if postgresql.server.password.encode() in file.read_bytes()] == []


def test_a_wrong_password_is_one_sentence_without_it(run, postgresql, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", SECRET)
    code, _, said = run("features", postgresql.url, "--table", "a", "--out", tmp_path / "x.csv")
    assert code == 2
    assert "refused user or password" in said
    assert SECRET not in said


@pytest.mark.parametrize("form", ["streamlit", "url", "url and password"])
def test_a_password_in_streamlits_secrets_is_used(run, postgresql, tmp_path, monkeypatch, form):
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    postgresql.run("CREATE TABLE lines AS SELECT n AS customer_id, n % 7 AS visits FROM generate_series(1, 30) AS n")
    password, server = postgresql.server.password, postgresql.server
    plain = (
        f'dialect = "postgresql"\nhost = "{server.folder}"\ndatabase = "{postgresql.name}"\nusername = "segcore"\npassword = "{password}"'
    )
    url = f"segcore@/{postgresql.name}?host={server.folder}"
    sections = {
        "streamlit": plain,
        "url": f'url = "postgresql://{url.replace("@", f":{password}@")}"',
        "url and password": f'url = "postgresql://{url}"\npassword = "{password}"',
    }
    arguments = ("features", postgresql.url, "--table", "lines", "--out", tmp_path / "x.csv")
    code, _, said = run(*arguments)
    assert (code, "needs a password" in said) == (2, True)
    folder = Path(".streamlit")
    folder.mkdir()
    (folder / "secrets.toml").write_text(f'[connections.other]\npassword = "x"\n[connections.shop]\n{sections[form]}\n')
    assert run(*arguments)[0] == 0


@pytest.mark.slow  # half a million rows are written to each database and read four times
@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgresql"])
def test_online_retail_gives_one_feature_table_from_anywhere(request, features, run, data_dir, tmp_path, kind):
    source = data_dir / "online_retail.parquet"
    if kind == "duckdb":
        with duckdb.connect(str(tmp_path / "retail.duckdb")) as connection:
            connection.execute(f"CREATE TABLE lines AS SELECT * FROM '{source}'")
        address = f"duckdb:///{tmp_path}/retail.duckdb"
    elif kind == "sqlite":
        frame = pq.read_table(source).to_pandas()
        with sqlite3.connect(tmp_path / "retail.db") as connection:
            frame.assign(InvoiceDate=frame["InvoiceDate"].astype(str)).to_sql("lines", connection, index=False)
        connection.close()
        address = f"sqlite:///{tmp_path}/retail.db"
    else:
        from adbc_driver_postgresql import dbapi

        address = request.getfixturevalue("postgresql").url
        with dbapi.connect(address) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest("lines", pq.read_table(source), mode="create")
            connection.commit()
    expected = features(data_dir / "OnlineRetail.csv.gz")
    pd.testing.assert_frame_equal(features(source), expected, rtol=1e-9)
    pd.testing.assert_frame_equal(features(address, "--table", "lines"), expected, rtol=1e-9)
    labels = []
    for data, more in ((source, ()), (address, ("--table", "lines"))):
        out = tmp_path / f"sweep-{len(labels)}"
        code, _, said = run("sweep", data, *more, "--algo", "kmeans", "--grid", "n_clusters=4", "--evidence", "none", "--out", out)
        assert code == 0, said
        labels.append(pd.read_parquet(out / "labels.parquet"))
    pd.testing.assert_frame_equal(*labels)


@pytest.fixture
def duck(orders):
    """Return the address of a DuckDB database with the table ``lines``."""
    file = orders.with_name("shop.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE lines AS SELECT * FROM read_csv('{orders}', types = {{'customer_id': 'VARCHAR'}})")
    return f"duckdb:///{file}"


ROLES = ("customer=customer_id", "order=order_id", "time=date", "item=sku", "quantity=quantity", "price=price")
MEANING = ("--kind", "transactions", *(word for role in ROLES for word in ("--role", role)))


@pytest.mark.parametrize("filters", [("--where", "quantity > 2"), ("--from", "2024-02-01", "--to", "2024-06-30")])
def test_filters_in_the_database_change_no_feature(run, features, orders, duck, filters, tmp_path):
    pd.testing.assert_frame_equal(features(duck, "--table", "lines", *MEANING, *filters), features(orders, *MEANING, *filters), rtol=1e-9)
    _, printed, _ = run("features", duck, "--table", "lines", *MEANING, *filters, "--out", tmp_path / "x.csv", "--json")
    (note,) = [note for note in json.loads(printed)["notes"] if note["code"] == "database.filtered"]
    assert note["values"]["rows"] == 400


def test_without_a_filter_the_rows_that_it_left_out_are_read_again(duck, home):
    """On Data, a filter is taken away, but the extract lacks rows."""
    store = Store(home)
    meaning = {"kind": "transactions", "roles": dict(role.split("=") for role in ROLES)}
    request = DataRequest(duck, database=DatabaseQuestion("", table="lines"), where=("quantity > 2",), **meaning)
    filtered = from_database_apart(store, request)
    with pytest.raises(SourceError, match="read it again"):
        take_in(store, replace(filtered, where=()))
    whole = from_database_apart(store, replace(filtered, where=()))
    assert take_in(store, whole).rows_read == 400
    assert take_in(store, filtered).rows_read < 400
    assert from_database_apart(store, filtered) == filtered


def test_a_database_that_does_not_answer_is_a_failure_that_a_scheduler_repeats(run, tmp_path):
    pytest.importorskip("adbc_driver_postgresql", reason="make install-postgresql adds PostgreSQL's driver")
    address = "postgresql://me@127.0.0.1:1/shop"
    code, _, said = run("features", address, "--table", "lines", "--out", tmp_path / "x.csv")
    assert (code, "does not accept connections" in said) == (1, True)
    pipeline = tmp_path / "weekly.toml"
    pipeline.write_text(f'[data]\npath = "{address}"\ntable = "lines"\n\n[sweep]\nalgorithm = "kmeans"\n\n[[export]]\nout = "a.csv"\n')
    code, _, said = run("run", pipeline)
    assert (code, "weekly.toml, line 1" in said) == (1, True)


def test_a_lost_connection_is_worth_another_try(run, postgresql, postgresql_server, tmp_path):
    """Schedulers repeat what exits with 1, and leave alone what exits with 2, a mistake."""
    postgresql.run(f"DROP ROLE IF EXISTS many; CREATE ROLE many LOGIN PASSWORD '{postgresql_server.password}' CONNECTION LIMIT 0")
    address = postgresql.url.replace("segcore@", "many@")
    code, _, said = run("features", address, "--table", "lines", "--out", tmp_path / "features.parquet")
    assert (code, said.count("\n")) == (1, 1)
    assert "try again" in said


def test_options_of_files_are_reported_as_unused_for_a_database(run, shop, tmp_path):
    code, out, said = run("features", shop, "--table", "lines", "--delimiter", ";", "--out", tmp_path / "features.parquet")
    assert code == 0
    assert "is read from a database: the delimiter that you gave was not used" in out + said
    assert "Parquet:" not in out + said
