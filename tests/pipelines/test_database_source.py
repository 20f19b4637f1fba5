"""Pipelines on the rows of a database."""

import sqlite3
import tomllib

import pandas as pd
import pytest

from segcore.cli import main
from segcore.data.databases.stored_extract import from_database
from segcore.intake.take_in import take_in
from segcore.pipelines.format.pipeline_file import read_document
from segcore.pipelines.journey import build_journey
from segcore.pipelines.saving import data_table, pipeline_text
from segcore.records.intake import DatabaseQuestion, DataRequest
from segcore.store.store import Store

SECRET = "swordfish-47"
SCORED = '\n[[score]]\npath = "sqlite:///shop.db"\ntable = "lines"\nout = "out/scored.csv"\n'
DATABASE = ('path = "orders.csv"', 'path = "sqlite:///shop.db"\ntable = "lines"')


@pytest.fixture
def shop(folder):
    """Return the SQLite database beside the pipelines, with the orders as ``lines``."""
    file = folder / "shop.db"
    orders = pd.read_csv(folder / "orders.csv", dtype=str)
    connection = sqlite3.connect(file)
    orders.to_sql("lines", connection, index=False)
    connection.close()
    return file


def execute(file, sql):
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(sql)
    connection.close()


def test_a_database_gives_the_segments_of_the_file(folder, shop, weekly, run_json):
    run_json(weekly())
    expected = (folder / "out/segments.csv").read_bytes()
    (folder / "out/segments.csv").unlink()
    run_json(weekly(SCORED, changes=[DATABASE]))
    assert (folder / "out/segments.csv").read_bytes() == expected
    segments, scored = (pd.read_csv(folder / "out" / name, dtype={"customer_id": str}) for name in ("segments.csv", "scored.csv"))
    assert scored["segment"].tolist() == segments["segment"].tolist()


def test_each_run_reads_again_and_repeats_only_what_has_changed(shop, weekly, run_json):
    path = weekly(changes=[DATABASE])
    run_json(path)
    assert {step["from_store"] for step in run_json(path)["steps"]} == {True}
    execute(shop, "DELETE FROM lines WHERE customer_id = (SELECT min(customer_id) FROM lines)")
    assert [step["from_store"] for step in run_json(path)["steps"] if step["step"] == "prepare"] == [False]


def test_later_steps_use_the_rows_that_were_prepared(shop, weekly, run_json):
    """Each step may be a process of its own, and the database may change between them."""
    path = weekly(changes=[DATABASE])
    before = run_json(path, "--only", "prepare")["manifest"]
    execute(shop, "DELETE FROM lines")
    after = run_json(path, "--only", "features")["manifest"]
    assert after["data"]["customers"] == 30
    assert before["question"] == after["question"]


def test_a_step_before_anything_is_prepared_is_refused(shop, weekly, capsys):
    assert main(["run", str(weekly(changes=[DATABASE])), "--only", "features"]) == 2
    assert "prepare" in capsys.readouterr().err


def test_a_dry_run_reads_nothing(shop, weekly, capsys, home):
    assert main(["run", str(weekly(changes=[DATABASE])), "--dry-run"]) == 0
    assert "To do: read the data" in capsys.readouterr().out
    assert not (home / "extracts").exists()


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (f'path = "postgresql://me:{SECRET}@h/shop"\ntable = "a"', 2, "holds a password"),
        (f'path = "postgresql:/me:{SECRET}@h/shop"\ntable = "a"', 2, "holds a password"),
        ('path = "postgresql:/me@h/shop"\ntable = "a"', 2, "not the address of a database"),
        ('path = "sqlite:///nosuch.db"\ntable = "a"', 2, "nosuch.db"),
        ('path = "sqlite:///shop.db"', 2, "data.path: A database has many tables: name a table with table, or give a SELECT with query"),
        ('path = "sqlite:///shop.db"\nquery = "DROP TABLE lines"', 3, "data.query: Only a SELECT can be read"),
        ('path = "sqlite:///shop.db"\nquery = "SELECT 1; SELECT 2"', 3, "data.query: 2 statements"),
        ('path = "sqlite:///shop.db"\nquery = "SELECT (1"', 3, "data.query: The SELECT cannot be read"),
        ('path = "sqlite:///shop.db"\nquery = "SELECT load_extension(\'x\')"', 3, "data.query: The function"),
        ('path = "sqlite:///shop.db"\nquery = "SELECT nosuch FROM lines"', 3, "data.query"),
        ('path = "sqlite:///shop.db"\nquery = "SELECT 1 FROM nosuch"', 3, "data.query"),
        ('path = "sqlite:///shop.db"\ntable = "nosuch"', 3, "data.table"),
        ('path = "orders.csv"\ncustomers = "postgresql://u@h/db"', 3, "data.customers: Tables of customers are read from files"),
        ('path = "sqlite:///shop.db"\ntable = "lines"\ntimeout = 0', 4, "data.timeout must be"),
        ('path = "orders.csv"\ntable = "lines"', 1, "not a database"),
        ('path = "sqlite:///shop.db"\ntable = "lines"\ntime_zone = "Mars"', 4, "data.time_zone: There is no time zone"),
        ('path = "sqlite:///shop.db"\ntable = "lines"\ntimeout = "soon"', 4, "timeout"),
    ],
)
def test_a_bad_source_is_one_sentence_with_its_line(shop, weekly, capsys, text, line, sentence):
    assert main(["run", str(weekly(changes=[('path = "orders.csv"', text)]))]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert f"line {line}" in said
    assert SECRET not in said


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_destination_whose_folder_is_not_there_is_found_before_anything_is_read(folder, weekly, capsys, monkeypatch, scheme):
    monkeypatch.setattr("segcore.pipelines.running.take_in_apart", lambda *_: pytest.fail("read"))
    export = f'\n[[export]]\nout = "{scheme}:///nodir/rel.db"\ninto = "segments"\n'
    assert main(["run", str(weekly(export))]) == 2
    said = capsys.readouterr().err
    assert f"its folder {folder / 'nodir'} does not exist" in said and "out: The database" in said and ", line " in said


def test_a_folder_that_the_pipeline_creates_for_a_file_may_hold_a_database(folder, weekly):
    exports = '\n[[export]]\nout = "made/a.csv"\n[[export]]\nout = "sqlite:///made/rel.db"\ninto = "segments"\n'
    build_journey(read_document(weekly(exports)))
    assert not (folder / "made").exists()


def test_a_setting_with_a_password_is_refused(shop, weekly, capsys):
    assert main(["run", str(weekly()), "--set", f"data.path=postgresql://me:{SECRET}@h/shop", "--set", "data.table=a"]) == 2
    assert SECRET not in capsys.readouterr().err


def test_what_is_saved_names_the_database_and_reads_back(shop, home):
    store = Store(home)
    question = DatabaseQuestion("", query="SELECT * FROM lines", timeout_seconds=5, time_zone="Europe/Berlin", most_rows=1000)
    read = from_database(store, DataRequest("sqlite:///shop.db", database=question, where=("quantity > 0",)))
    taken = take_in(store, read)
    table = data_table(store, read)
    assert table == {
        "path": f"sqlite:///{shop}",
        "query": "SELECT * FROM lines",
        "timeout": 5,
        "time_zone": "Europe/Berlin",
        "most_rows": 1000,
        "name": "query (shop.db)",
        "where": ["quantity > 0"],
    }
    assert taken.data["name"] == "query (shop.db)"


def test_the_saved_text_is_a_pipeline(shop, folder, weekly, run_json, home):
    found = run_json(weekly(changes=[DATABASE]))["manifest"]["solution"]
    saved = folder / "saved.toml"
    saved.write_text(pipeline_text(Store(home), found["sweep"], 1))
    written = tomllib.loads(saved.read_text())["data"]
    assert (written["path"], written["table"]) == (f"sqlite:///{shop}", "lines")
    request = build_journey(read_document(saved)).request
    assert (request.data, request.database.table) == (f"sqlite:///{shop}", "lines")
