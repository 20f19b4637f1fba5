"""Pipelines that write into tables of databases."""

import json
import signal
import subprocess
import sys

import pytest

from segcore.system import child_process
from tests.export.databases import KINDS, open_database

INTO = '\n[[export]]\nout = "{url}"\ninto = "segments"\nhow = "merge"\n\n[[score]]\npath = "orders.csv"\nout = "{url}"\ninto = "scores"\n'


@pytest.fixture(params=KINDS)
def database(request, folder):
    return open_database(request, request.param, folder)


def outputs(folder):
    return {one["table"]["table"]: one for one in manifest(folder)["outputs"] if "table" in one}


def manifest(folder):
    return json.loads((folder / "out" / "weekly.manifest.json").read_text())


def states(document):
    return {step["step"]: step["from_store"] for step in document["steps"]}


def test_a_run_writes_tables_and_says_what_it_changed_in_them(folder, weekly, run, run_json, database):
    path = weekly(INTO.format(url=database.url))
    code, said, _ = run(path)
    assert code == 0
    assert "30 rows in segments.csv. 30 rows written into the new table 'segments' in" in said
    found = outputs(folder)["segments"]
    assert found["files"] == [] and found["rows"] == 30
    assert {name: found["table"][name] for name in ("database", "how", "created", "added")} == {
        **{"database": database.url, "how": "merge", "created": True, "added": 30}
    }
    same = "SELECT count(*) FROM scores JOIN segments USING (customer_id) WHERE scores.segment_name = segments.segment_name"
    assert database.run(same) == [(30,)]

    before = manifest(folder)
    assert all(states(run_json(path)).values())
    assert manifest(folder) == before

    database.run("UPDATE segments SET segment = 9 WHERE segment = 0", "INSERT INTO segments (customer_id) VALUES ('of another')")
    again = run_json(path)
    assert [step for step, repeated in states(again).items() if not repeated] == ["export"]
    changes = outputs(folder)["segments"]["table"]
    assert (changes["added"], changes["changed"], changes["kept"], changes["created"]) == (0, 10, 1, False)
    assert changes["sha256"] == found["table"]["sha256"]
    assert database.run("SELECT count(*) FROM segments") == [(31,)]


def test_a_file_of_a_database_counts_from_the_folder_of_the_pipeline(folder, weekly, run_json, monkeypatch, tmp_path_factory):
    path = weekly(INTO.format(url="sqlite:///shop.db"))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    run_json(path)
    assert (folder / "shop.db").is_file()
    assert outputs(folder)["segments"]["table"]["database"] == "sqlite:///shop.db"


def test_a_preview_names_the_table_and_writes_nothing(folder, weekly, run):
    code, said, _ = run(weekly(INTO.format(url="sqlite:///shop.db")), "--dry-run")
    assert code == 0
    assert "To do, unless already done: segments.csv, table segments of shop.db." in said
    assert not (folder / "shop.db").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('\n[[export]]\nout = "sqlite:///shop.db"\n', "export 2.out: The output is the database shop.db: name its table with into."),
        ('\n[[export]]\nout = "more.csv"\ninto = "segments"\n', "set out to the address of a database, or omit into."),
        ('\n[[export]]\nout = "sqlite:///shop.db"\ninto = "segments"\nhow = "append"\n', "export 2.how cannot be 'append'"),
        (INTO.format(url="sqlite:///shop.db").replace('"scores"', '"Segments"'), "score 1.out would overwrite export 2.out"),
        (INTO.format(url="postgresql://analyst:swordfish@db/shop"), "export 2.out holds a password"),
        (INTO.format(url="postgresql://db/shop?password=swordfish"), "export 2.out holds a password"),
        (INTO.format(url="sqlite:///shop.db").replace('"segments"', '"sales.segments"'), "has no schema 'sales'"),
        (INTO.format(url="sqlite:///orders.csv"), "is not a database of SQLite"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence_with_its_line_and_without_a_password(folder, weekly, run, more, said):
    code, out, errors = run(weekly(more))
    assert code == 2
    assert said in errors
    assert "line " in errors.lower()
    assert "Traceback" not in out + errors
    assert "swordfish" not in out + errors
    assert not (folder / "out" / "more.csv").exists()


KILLED = """
import os, signal, sys
import segcore.data.databases.{module} as driver
from segcore.cli import main
driver.{kind}.commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(["run", sys.argv[1]])
"""


@pytest.mark.slow  # imports what a sweep needs in a process of its own
def test_a_run_killed_while_it_writes_goes_on_where_it_was(folder, weekly, run_json, request):
    database = open_database(request, "sqlite", folder)
    path = weekly(INTO.format(url=database.url))
    program = KILLED.format(module="sqlite_file", kind="SqliteConnection")
    killed = subprocess.run([sys.executable, "-c", program, path], env=child_process.child_environment(), capture_output=True, timeout=200)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert database.run("SELECT count(*) FROM sqlite_schema") == [(0,)]
    found = states(run_json(path))
    assert found == {"prepare": True, "features": True, "sweep": True, "choose": True, "export": False, "score": False}
    assert database.run("SELECT count(*) FROM segments") == [(30,)]
