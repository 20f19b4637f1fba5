"""Pipelines in a real Airflow, from an environment of its own; each run of a DAG takes some twenty seconds.

``make install-airflow`` makes that environment; SEGCORE_AIRFLOW names another. Airflow's own database is SQLite or PostgreSQL.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from segcore.cli import main
from segcore.jobs.locks import job_lock, read_processes
from segcore.store.store import Store
from tests.library.conftest import small_orders
from tests.pipelines.test_running import SCORED, TARGETS
from tests.postgresql_server import USER

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("SEGCORE_AIRFLOW", ROOT / ".venv-airflow")) / "bin" / "airflow"
HOSTILE = """a {{ 7 * 7 }} {% for x in y %} '"$(touch ran)`touch ran`;touch ran #\n\\"""
LONG_SWEEP = [
    ("n_clusters = [2, 3]", f"n_clusters = [{', '.join(map(str, range(2, 14)))}], n_init = [400]"),
    ('algorithm = "kmeans"', 'algorithm = "kmeans"\nengine = "stock"'),
    ("point = { n_clusters = 3 }", "point = { n_clusters = 3, n_init = 400 }"),
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.fresh_processes,
    pytest.mark.in_a_child,
    pytest.mark.skipif(not PROGRAM.exists(), reason="Airflow is not installed: make install-airflow (330 MB) makes an environment for it"),
]


class Airflow:
    """An Airflow with an empty database, no examples, and nobody to report to."""

    def __init__(self, home, connection=None):
        self.home = home
        self.processes = []
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        self.environment = {
            "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "DO_NOT_TRACK": "1",
            "OMP_NUM_THREADS": "1",
        }
        if connection is not None:
            self.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = connection
        assert self("db", "migrate").returncode == 0

    def start(self, *words):
        """Start one of its commands; what it prints is in ``log``."""
        self.log = self.home / "log"
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [PROGRAM, *words], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.home
            )
        self.processes.append(process)
        return process

    def close(self):
        """End what a test that failed has left running."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def __call__(self, *words):
        process = self.start(*words)
        process.wait()
        return subprocess.CompletedProcess(words, process.returncode, self.log.read_text())

    def json(self, *words):
        """Return what a command lists, which it prints after its warnings; with import errors it exits with 1."""
        done = subprocess.run([PROGRAM, *words, "--output", "json"], env=self.environment, capture_output=True, text=True, check=False)
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def start_airflow(tmp_path):
    """Return a function that makes an Airflow; what it still runs when the test ends is ended."""
    made = []

    def make(connection=None):
        made.append(Airflow(tmp_path / "airflow", connection))
        return made[-1]

    yield make
    for airflow in made:
        airflow.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def airflow(request, start_airflow):
    """Return an Airflow for each kind of database that it may have."""
    if request.param == "sqlite":
        return start_airflow()
    database = request.getfixturevalue("postgresql")
    server = database.server
    password = quote(server.password)
    return start_airflow(f"postgresql+psycopg2://{USER}:{password}@/{database.name}?host={quote(str(server.folder), safe='')}")


@pytest.fixture
def airflow_on_sqlite(start_airflow):
    return start_airflow()


def write_dag(pipeline, airflow, *words):
    assert main(["airflow", str(pipeline), "--out", str(airflow.dags), *words]) == 0


def outputs(folder):
    """Return the content of the files that a pipeline wrote, without times."""
    found = {}
    for file in sorted((folder / "out").iterdir()):
        if file.suffix == ".json":
            document = json.loads(file.read_text())
            found[file.name] = {key: value for key, value in document.items() if key not in ("created", "finished", "outputs")}
            found[f"outputs of {file.name}"] = [(one["step"], one["inputs"], one["rows"]) for one in document.get("outputs", ())]
        else:
            found[file.name] = file.read_bytes()
    return found


def tries(airflow):
    """Return the state and the number of tries of each task of the latest run."""
    with sqlite3.connect(airflow.home / "airflow.db") as database:
        rows = database.execute(
            "select task_id, state, try_number from task_instance where run_id = (select run_id from dag_run order by id desc limit 1)"
        )
        return {task: (state, number) for task, state, number in rows}


def solutions(store, sweep):
    """Return what is stored of each solution: its row and its record."""
    rows = store._rows("select position, rowid, record from points where sweep = ?", sweep)
    return {position: (row, hashlib.sha256(str(record).encode()).hexdigest()) for position, row, record in rows}


def until(is_time, process, seconds=600):
    end = time.monotonic() + seconds
    while not is_time():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)


def commands_of(pipeline):
    """Return the live processes of segcore that run a pipeline."""
    found = [process for process in psutil.process_iter(["cmdline"]) if str(pipeline) in (process.info["cmdline"] or ())]
    return [process for process in found if "segcore" in process.info["cmdline"]]


def working_on(home):
    """Return the live processes that work on a store, or run a command with it."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.status() != psutil.STATUS_ZOMBIE
                and process.environ().get("SEGCORE_HOME") == str(home)
                and process.pid != os.getpid()
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_dag_writes_what_a_plain_run_writes(airflow, folder, weekly, run, home, monkeypatch, tmp_path_factory):
    """The pipeline is in a folder, and has a name, that would run or be rendered in a shell or a template."""
    pipeline = weekly(SCORED + TARGETS)
    small_orders().to_csv(folder / "next.csv", index=False)
    place = folder / HOSTILE
    place.mkdir()
    for name in ("orders.csv", "next.csv"):
        shutil.copy(folder / name, place)
    pipeline = pipeline.rename(place / f"{HOSTILE}.toml")
    write_dag(pipeline, airflow, "--tag", HOSTILE.replace("\n", " "), "--dag-id", "weekly")
    (airflow.dags / "broken.py").write_text("from airflow.sdk import DAG, nothing")
    assert airflow("dags", "reserialize").returncode == 0
    assert [Path(error["filepath"]).name for error in airflow.json("dags", "list-import-errors")] == ["broken.py"]
    (listed,) = airflow.json("dags", "list")
    assert listed["dag_id"] == "weekly" and listed["owners"] == ["segcore"]
    done = airflow("dags", "test", "weekly")
    assert done.returncode == 0, done.stdout
    written = outputs(place)
    assert list(folder.rglob("ran")) + list(airflow.home.rglob("ran")) == []

    shutil.rmtree(place / "out")
    monkeypatch.setenv("SEGCORE_HOME", str(tmp_path_factory.mktemp("plain")))
    assert run(pipeline)[0] == 0
    assert written == outputs(place) and {"segments.csv", "scored.parquet", "targets.csv"} <= set(written)


def test_a_task_that_was_killed_is_tried_again_and_repeats_no_finished_work(airflow, folder, weekly, home):
    """The sweep's command, its supervisor and its worker are killed with -9 once some solutions are stored."""
    pipeline = weekly(changes=LONG_SWEEP)
    write_dag(pipeline, airflow, "--retries", "1", "--retry-minutes", "0.01")
    process = airflow.start("dags", "test", "weekly")
    store = Store(home)
    until(lambda: store.sweep_ids() and len(solutions(store, store.sweep_ids()[0])) >= 3, process)
    (sweep,) = store.sweep_ids()
    (command,) = commands_of(pipeline)
    command.kill()
    for number in reversed(read_processes(job_lock(store, sweep))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    before = solutions(store, sweep)
    assert 3 <= len(before) < 12, "the sweep was over too soon to be killed"
    assert process.wait() == 0, airflow.log.read_text()
    after = solutions(store, sweep)
    assert before.items() <= after.items() and len(after) == 12
    attempts = dict(store._rows("select position, count from attempts where sweep = ?", sweep))
    assert {attempts[position] for position in before} == {1}
    assert "already done" not in airflow.log.read_text().partition("sweep     ")[2].partition("choose")[0]
    assert (folder / "out/segments.csv").exists()

    again = airflow("dags", "test", "weekly")
    assert again.returncode == 0 and solutions(store, sweep) == after
    for step in ("prepare", "features", "sweep", "choose", "export"):
        assert f"{step:<9} already done: " in again.stdout


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_task_that_is_ended_ends_the_sweep_that_it_began(airflow_on_sqlite, folder, weekly, home, sent):
    """The sweep would take minutes; Ctrl-C interrupts the task, and SIGTERM is what Airflow's supervisor sends it."""
    pipeline = weekly(changes=[(old, new.replace("400", "20000")) for old, new in LONG_SWEEP])
    write_dag(pipeline, airflow_on_sqlite, "--retries", "0")
    process = airflow_on_sqlite.start("dags", "test", "weekly")
    store = Store(home)
    until(lambda: store.sweep_ids() and store.attempts(store.sweep_ids()[0]), process)
    process.send_signal(sent)
    process.wait()
    assert working_on(home) == [], airflow_on_sqlite.log.read_text()
    assert len(solutions(store, store.sweep_ids()[0])) < 12


def test_a_mistake_is_not_tried_again_and_says_what_to_do(airflow_on_sqlite, folder, weekly):
    """A column is gone; `prepare` fails at once, although it may be tried twice more."""
    pipeline = weekly()
    write_dag(pipeline, airflow_on_sqlite)
    small_orders().rename(columns={"invoice": "order_number"}).to_csv(folder / "orders.csv", index=False)
    done = airflow_on_sqlite("dags", "test", "weekly")
    assert tries(airflow_on_sqlite)["prepare"] == ("failed", 1), done.stdout
    assert "AirflowFailException: segcore: weekly.toml, line 3, data.roles.order: " in done.stdout.replace("airflow.sdk.exceptions.", "")


def test_other_segments_than_the_signed_off_ones_fail_with_the_verdict(airflow_on_sqlite, folder, weekly, run):
    pipeline = weekly('\n[check]\nreference = "signed-off.json"\n')
    assert run(pipeline)[0] == 0
    (folder / "out/weekly.manifest.json").rename(folder / "signed-off.json")
    before = (folder / "out/segments.csv").read_bytes()
    write_dag(pipeline, airflow_on_sqlite)
    orders = small_orders()
    orders[orders["customer_id"].fillna("0").astype(int) % 3 > 0].to_csv(folder / "orders.csv", index=False)
    done = airflow_on_sqlite("dags", "test", "weekly")
    found = tries(airflow_on_sqlite)
    assert found["check"] == ("failed", 1) and found["export"][0] == "upstream_failed", done.stdout
    assert "AirflowFailException: Today's data do not give the signed-off segments: " in done.stdout.replace("airflow.sdk.exceptions.", "")
    assert (folder / "out/segments.csv").read_bytes() == before


def test_no_password_is_left_anywhere(airflow_on_sqlite, folder, weekly, home):
    """The connection's password reaches the tasks; neither the DAG, the logs, the store nor the outputs have it."""
    secret = "tell-nobody-4711"
    airflow_on_sqlite.environment["AIRFLOW_CONN_WAREHOUSE"] = f"postgresql://me:{secret}@localhost/db"
    write_dag(weekly(), airflow_on_sqlite, "--connection", "warehouse")
    done = airflow_on_sqlite("dags", "test", "weekly")
    assert done.returncode == 0, done.stdout
    places = [folder, home, airflow_on_sqlite.home]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert len(files) > 20 and [file for file in files if secret.encode() in file.read_bytes()] == []


def test_what_is_accepted_as_a_schedule_airflow_accepts(airflow_on_sqlite):
    """The oracle is Airflow's own reading of cron, of which the accepted ones are a part."""
    from tests.pipelines.test_schedule import GOOD

    code = (
        "import sys, json; from croniter import croniter; print(json.dumps([croniter.is_valid(text) for text in json.loads(sys.argv[1])]))"
    )
    done = subprocess.run([PROGRAM.parent / "python", "-c", code, json.dumps(GOOD)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True] * len(GOOD)
