"""Whatever is damaged in the store: each command says in one sentence what is lost and what makes it again, and that then does."""

import contextlib
import io
import json
import shutil
import sqlite3
import time

import numpy as np
import pandas as pd
import pytest

from segcore.cli import main
from segcore.errors import SegcoreError
from segcore.jobs.tasks import finding_drivers
from segcore.segments.drivers.stored import drivers_of
from segcore.store.store import Store
from segcore.store.worker_errors import report_error
from segcore.sweeps.run import run_sweep

DEEP = "[" * 200_000 + "]" * 200_000
POINT = ("--point", "n_clusters=3")
ON_A_SOLUTION = {"explain", "rules", "validate", "drivers", "map", "compare", "export", "score"}


def flip(content):
    return content[:-1] + bytes([content[-1] ^ 1])


# Of a file, by name: its new content, from the old one. ``None`` deletes it.
OF_FILES = {
    "a flipped bit": flip,
    "cut": lambda content: content[: len(content) // 2],
    "missing": None,
    "empty": lambda content: b"",
    "{": lambda content: b"{",
    "another object": lambda content: b'{"a":1}',
    "nested deep": lambda content: DEEP.encode(),
    "another array": lambda content: two_dimensional(),
}
OF_ROWS = {"{": "{", "empty object": "{}", "list": "[]", "another object": '{"a":1}', "nested deep": DEEP, "bytes": b"\xff\x00", "": ""}


def two_dimensional():
    written = io.BytesIO()
    np.save(written, np.zeros((3, 2)))
    return written.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a folder with a file of customers, and a store in which they were swept."""
    folder = tmp_path_factory.mktemp("whole")
    draw = np.random.default_rng(0)
    centres = np.repeat([[20.0, 5.0], [40.0, 60.0], [70.0, 15.0]], 20, axis=0)
    frame = pd.DataFrame((centres + draw.normal(size=centres.shape)).round(3), columns=["age", "visits"])
    frame.insert(0, "customer_id", [f"c{row:03}" for row in range(len(frame))])
    frame["churn"] = np.where(np.arange(len(frame)) % 3, "yes", "no")
    frame.to_csv(folder / "customers.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        at_once(patch)
        patch.setenv("SEGCORE_HOME", str(folder / "store"))
        assert main(sweep_of(folder / "customers.csv")) == 0
        store = Store(folder / "store")
        drivers_of(store, *store.sweep_ids(), 1)
    return folder


@pytest.fixture(scope="module")
def undamaged(whole, tmp_path_factory):
    """Return what each command prints and writes of the store before anything is damaged."""
    folder = tmp_path_factory.mktemp("undamaged")
    with pytest.MonkeyPatch.context() as patch:
        at_once(patch)
        patch.setenv("SEGCORE_HOME", str(shutil.copytree(whole / "store", folder / "store")))
        found = {}
        for name, command in readers(*sweep_and(folder, whole)).items():
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                assert main(command) == 0
            found[name] = shown_by(printed.getvalue(), name, folder)
    return found


def shown_by(printed, name, folder):
    """Return what a command printed, and the content of its file if it writes one."""
    path = folder / f"{name}.csv"
    return printed.replace(str(folder), "FOLDER"), path.read_bytes() if path.exists() else None


def at_once(patch):
    """Have sweeps and drivers run in this process: what is tested here is what they read, not how they are started."""

    def launch(store, row):
        store.put_job(row["id"], kind=row["kind"], title=row["title"], spec=row["spec"], total=row["total"], state="running")
        state = "done"
        try:
            if row["kind"] == "drivers":
                finding_drivers.work(Store(store.home), row["spec"], lambda share: None)
            else:
                run_sweep(Store(store.home), row["id"])
        except SegcoreError as error:
            report_error(store, row["id"], error)
            state = "failed"
        store.update_job(row["id"], state=state, finished=time.time())

    patch.setattr("segcore.jobs.start._launch", launch)
    patch.setattr("segcore.cli.sweeps.start_early", lambda *_, **__: None)


@pytest.fixture
def home(whole, tmp_path, monkeypatch, read_here):
    """Return a copy of that store, which the commands use."""
    at_once(monkeypatch)
    home = tmp_path / "store"
    shutil.copytree(whole / "store", home)
    monkeypatch.setenv("SEGCORE_HOME", str(home))
    return home


@pytest.fixture
def store(home):
    return Store(home)


def sweep_of(path):
    return ["sweep", str(path), "--algo", "kmeans", "--features", "age,visits", "--grid", "n_clusters=2,3", "--grid", "tol=1e-4"]


def readers(sweep, folder, path):
    """Return every command that reads a sweep or its data, with what it writes in ``folder``."""
    return {
        "jobs": ["jobs"],  # the first: drivers that are lost start one
        "explain": ["explain", sweep, *POINT],
        "rules": ["rules", sweep, *POINT],
        "validate": ["validate", sweep, *POINT],
        "drivers": ["drivers", sweep, *POINT],
        "map": ["map", sweep, *POINT, "--out", str(folder / "map.csv")],
        "compare": ["compare", sweep, sweep, "--point", "n_clusters=2", *POINT],
        "export": ["export", sweep, *POINT, "--out", str(folder / "export.csv"), "--profile", "--model", str(folder / "model.zip")],
        "score": ["score", sweep, *POINT, str(path), "--out", str(folder / "score.csv")],
        "sweeps": ["sweeps"],
    }


def answers(commands, folder, capsys):
    """Run commands; return the exit code of each, its sentence, and what it printed and wrote. One that raises fails the test."""
    found = {}
    for name, command in commands.items():
        (folder / f"{name}.csv").unlink(missing_ok=True)
        code = main(command)
        shown = capsys.readouterr()
        found[name] = (code, shown.err.strip(), shown_by(shown.out, name, folder))
        assert "Traceback" not in shown.err + shown.out
    return found


def check_told(found, told, failing, undamaged):
    """Check that just these commands say in one sentence what is lost, and that the others do what they did before the damage."""
    assert {name for name, (code, *_) in found.items() if code != 0} == failing
    for name, (code, said, shown) in found.items():
        if name not in failing:
            assert shown == undamaged[name], name
            continue
        assert code == 2, (name, said)
        assert len(said.splitlines()) == 1 and said.startswith(f"segcore: {told}"), (name, said)


def sweep_and(folder, whole):
    [sweep] = Store(whole / "store").sweep_ids()
    return sweep, folder, whole / "customers.csv"


def objects_of(store, sweep):
    """Return the files of a sweep and its data, by what is lost with them, as the sentence says it."""
    table = store.spec(sweep).table
    record = store.json(table)
    point = json.loads(store._one("select record from points where sweep = ? and position = 1", sweep)[0])
    labels = f"The labels of the solution n_clusters=3,tol=0.0001,n_init=10 of sweep {sweep[:12]} are missing or damaged"
    return {
        "labels": (labels, point["labels"]),
        "centres": (labels.replace("labels", "model").replace(" are ", " is "), point["arrays"]["centres"]),
        "record of the table": ("The features of customers.csv are missing or damaged", table),
        "values": ("The features of customers.csv are missing or damaged", record["values"]),
        "rows": ("The features of customers.csv are missing or damaged", record["rows"]),
        "profile": ("The features of customers.csv are missing or damaged", record["profile"]),
    }


@pytest.mark.parametrize("damage", OF_FILES)
@pytest.mark.parametrize("lost", ["labels", "centres", "record of the table", "values", "rows", "profile"])
def test_a_damaged_file_is_told_by_each_command_that_reads_it_and_made_again(lost, damage, store, whole, undamaged, tmp_path, capsys):
    sweep, *rest = sweep_and(tmp_path, whole)
    commands = readers(sweep, *rest)
    told, name = objects_of(store, sweep)[lost]
    path, change = store.object_path(name), OF_FILES[damage]
    before = path.read_bytes()
    path.unlink() if change is None else path.write_bytes(change(before))
    found = answers(commands, tmp_path, capsys)
    check_told(found, told, {"explain", "rules", "export", "score"} if lost == "profile" else ON_A_SOLUTION, undamaged)
    assert f"'segcore jobs resume {sweep[:12]}'" in next(said for _, said, _ in found.values() if "damaged" in said)
    assert main(["jobs", "resume", sweep[:12]]) == 0
    capsys.readouterr()
    assert path.read_bytes() == before
    if damage == "a flipped bit":
        check_told(answers({name: commands[name] for name in (*ON_A_SOLUTION, "sweeps")}, tmp_path, capsys), "", set(), undamaged)


@pytest.mark.parametrize("lost", ["labels", "values"])
@pytest.mark.parametrize("command", ["sweep", "evidence"])
def test_sweeping_again_and_gathering_evidence_make_a_damaged_file_again(command, lost, store, whole, tmp_path, capsys):
    sweep, _, path = sweep_and(tmp_path, whole)
    damaged = store.object_path(objects_of(store, sweep)[lost][1])
    before = damaged.read_bytes()
    damaged.write_bytes(flip(before))
    assert main(sweep_of(path) if command == "sweep" else ["evidence", sweep]) == 0
    assert damaged.read_bytes() == before
    assert ("saved results" in capsys.readouterr().out) == ((command, lost) == ("sweep", "values"))


ROWS = {
    "solution": ("points", "record", "position = 1", "The solution n_clusters=3,tol=0.0001,n_init=10 of sweep"),
    "preparation": ("sweeps", "preparation", "1", "The scaling that sweep"),
    "summary": ("sweeps", "summary", "1", "The summary of sweep"),
    "settings": ("sweeps", "spec", "1", "What sweep"),
}


@pytest.mark.parametrize("damage", OF_ROWS)
@pytest.mark.parametrize("lost", ROWS)
def test_a_damaged_row_is_told_by_each_command_that_reads_it_and_made_again(lost, damage, store, whole, undamaged, tmp_path, capsys):
    sweep, *rest = sweep_and(tmp_path, whole)
    commands = readers(sweep, *rest)
    table, column, which, told = ROWS[lost]
    before = change(store, table, column, which, OF_ROWS[damage])
    found = answers(commands, tmp_path, capsys)
    if (lost, damage) != ("summary", "empty object"):  # that is a summary that was not written yet
        check_told(found, told, {*ON_A_SOLUTION, "sweeps"}, undamaged)
    repair = sweep_of(rest[1]) if lost == "settings" else ["jobs", "resume", sweep[:12]]
    assert main(repair) == 0
    capsys.readouterr()
    after = store._one(f"select {column} from {table} where {which}")[0]
    assert after == before or lost in ("solution", "summary")  # which tell of seconds
    if damage == "{":
        check_told(answers({name: commands[name] for name in (*ON_A_SOLUTION, "sweeps")}, tmp_path, capsys), "", set(), undamaged)


def change(store, table, column, which, value):
    """Put a value into a row, and return the former one."""
    former = store._one(f"select {column} from {table} where {which}")[0]
    with sqlite3.connect(store.home / "index.db") as index:
        index.execute(f"update {table} set {column} = ? where {which}", (value,))
    return former


@pytest.mark.parametrize("damage", OF_ROWS)
def test_damaged_records_of_intakes_are_made_again_by_loading_the_data(damage, store, whole, capsys):
    change(store, "intakes", "record", "1", OF_ROWS[damage])
    assert main(sweep_of(whole / "customers.csv")) == 0
    assert "damaged" not in capsys.readouterr().err


@pytest.mark.parametrize("damage", OF_ROWS)
def test_a_damaged_job_is_listed_and_told(damage, store, whole, tmp_path, capsys):
    sweep = sweep_and(tmp_path, whole)[0]
    for column in ("spec", "result", "finding"):
        change(store, "jobs", column, "1", OF_ROWS[damage])
    assert main(["jobs"]) == 0
    code = main(["jobs", "resume", sweep[:12]])
    shown = capsys.readouterr()
    assert sweep[:12] in shown.out
    assert code == 0 or (code == 2 and "was asked to do is missing or damaged" in shown.err and len(shown.err.splitlines()) == 1)
    assert main(sweep_of(whole / "customers.csv")) == 0
    assert main(["jobs", "resume", sweep[:12]]) == 0


def test_damaged_choices_are_said_and_detected_again(store, whole, tmp_path, capsys):
    data = str(whole / "customers.csv")
    assert main(["features", data, "--category", "visits", "--out", str(tmp_path / "out.csv")]) == 0
    change(store, "intakes", "record", "key like 'shape:%'", '{"a":1}')
    capsys.readouterr()
    assert main(["features", data, "--out", str(tmp_path / "out.csv")]) == 0
    assert "What was chosen for files with these columns is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [lambda content: content[:5000], lambda content: b"", lambda content: b"text" * 3000])
def test_a_damaged_index_is_told_by_every_command_with_what_is_lost(damage, store, whole, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("segcore.store.index._MAKING_SECONDS", 0.05)
    commands = readers(*sweep_and(tmp_path, whole))
    store._index().execute("pragma wal_checkpoint(truncate)")
    store._index().close()
    index = store.home / "index.db"
    content = damage(index.read_bytes())
    for path in store.home.glob("index.db*"):
        path.unlink()
    index.write_bytes(content)
    for code, said, _ in answers(commands, tmp_path, capsys).values():
        assert code == 2
        assert said.startswith(f"segcore: {index}, which lists all data, sweeps and jobs, is damaged")
    for path in store.home.glob("index.db*"):
        path.unlink()
    assert main(sweep_of(whole / "customers.csv")) == 0
