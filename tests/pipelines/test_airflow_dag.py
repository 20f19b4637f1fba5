"""DAG files: what is written, that importing one does nothing, which commands its tasks give, and how they end.

The files are run with a stub of Airflow, and with an interpreter that only notes its arguments; ``test_airflow.py`` has the real ones.
"""

import ast
import json
import logging
import os
import re
import shutil
import signal
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import segcore
from segcore.cli import main
from segcore.pipelines.airflow_dag import id_from
from segcore.pipelines.format.pipeline_file import read_document
from segcore.system.child_process import CHECKOUT
from tests.hostile_names import NAMES
from tests.pipelines.stub_airflow import FailedError, FinalError, load
from tests.pipelines.test_running import SCORED, TARGETS

NOTE = """\
#!/bin/sh
printf '%s\\0' "$@" > {folder}/words
env -0 > {folder}/environment
{then}
"""


@pytest.fixture
def airflow(capsys):
    """Return a function that gives the command and returns its exit code, its standard output and its errors."""

    def give(*words):
        code = main(["airflow", *map(str, words)])
        out, errors = capsys.readouterr()
        return code, out, errors

    return give


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """Return a function that puts a script in the place of Python, which notes its words and its environment and then does something."""
    folder = tmp_path / "noted"
    folder.mkdir()

    def put(then="exit 0"):
        script = folder / "python"
        script.write_text(NOTE.format(folder=folder, then=then))
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        return folder

    return put


def noted(folder, what="words"):
    return [os.fsdecode(part) for part in (folder / what).read_bytes().split(b"\0")[:-1]]


def read_setting(text):
    return read_document(Path("again.toml"), [text]).value("names", "0")


def step(dag, name):
    return next(task for task in dag.order if task.options["task_id"] == name)


def test_a_dag_has_a_task_for_each_step_in_their_order(folder, weekly, airflow, monkeypatch, home):
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    path = weekly(SCORED + TARGETS)
    code, out, _ = airflow(path, "--out", "dags")
    steps = ["prepare", "features", "sweep", "choose", "export", "score", "targets"]
    assert code == 0 and "dags/weekly.py is written: DAG weekly, 0 6 * * 1; tasks prepare, features, sweep" in out
    dag = load(folder / "dags/weekly.py", monkeypatch)
    assert [task.options["task_id"] for task in dag.order] == steps
    assert [task.words for task in dag.order] == [["--only", name] for name in steps]
    assert {key: dag.options[key] for key in ("dag_id", "schedule", "catchup", "max_active_runs", "tags")} == {
        "dag_id": "weekly",
        "schedule": "0 6 * * 1",
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["segcore"],
    }
    assert dag.options["start_date"] == datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC"))
    assert dag.options["default_args"] == {"owner": "segcore", "retries": 2, "retry_delay": timedelta(minutes=10)}


def test_options_are_in_the_dag(folder, weekly, airflow, monkeypatch):
    words = ["--schedule", "@weekly", "--timezone", "Europe/Berlin", "--start", "2026-03-01", "--retries", "0", "--retry-minutes", "0.5"]
    words += ["--owner", "Ann & Bob's", "--tag", "shop", "--tag", '{{ "x" }}', "--dag-id", "shop.v2", "--json"]
    code, out, _ = airflow(weekly(), "--out", folder / "new/dags", *words)
    tasks = ["prepare", "features", "sweep", "choose", "export"]
    file = folder / "new/dags/shop.v2.py"
    assert code == 0
    assert json.loads(out) == {"dag_id": "shop.v2", "file": str(file), "tasks": tasks, "schedule": "@weekly", "is_written": True}
    dag = load(file, monkeypatch)
    assert dag.options["schedule"] == "@weekly" and dag.options["tags"] == ["shop", '{{ "x" }}']
    assert dag.options["start_date"] == datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert dag.options["default_args"] == {"owner": "Ann & Bob's", "retries": 0, "retry_delay": timedelta(seconds=30)}


def test_without_a_schedule_it_is_started_by_hand(folder, weekly, airflow, monkeypatch):
    _, out, _ = airflow(weekly(), "--out", "dags", "--schedule", "none")
    assert "started by hand" in out and load(folder / "dags/weekly.py", monkeypatch).options["schedule"] is None


def test_the_library_writes_the_same_file(folder, weekly, airflow):
    path = weekly()
    airflow(path, "--out", "dags", "--schedule", "@daily", "--set", "plan.seed=5", "--tag", "a")
    dag = segcore.pipeline(path, {"plan.seed": 5}).airflow("dags", schedule="@daily", tags="a")
    assert (dag.is_written, dag.file) == (False, Path("dags/weekly.py"))


def test_the_same_command_writes_the_same_bytes_and_another_changes_them(folder, weekly, airflow):
    path = weekly()
    airflow(path, "--out", "dags")
    before = (folder / "dags/weekly.py").read_bytes()
    code, out, _ = airflow(path, "--out", "dags")
    assert code == 0 and "already exists, unchanged" in out and (folder / "dags/weekly.py").read_bytes() == before
    assert airflow(path, "--out", "dags", "--schedule", "@daily")[0] == 0
    assert (folder / "dags/weekly.py").read_bytes() != before
    assert [file.name for file in (folder / "dags").iterdir()] == ["weekly.py"]


@pytest.mark.parametrize("content", ["", "PIPELINE = 'other.toml'\n", "import airflow\n", "(" * 10_000, "\0", None])
def test_a_file_that_is_not_its_own_is_not_overwritten(folder, weekly, airflow, content):
    file = folder / "dags/weekly.py"
    file.parent.mkdir()
    file.mkdir() if content is None else file.write_text(content)
    code, out, errors = airflow(weekly(), "--out", "dags")
    assert (code, out) == (2, "") and errors.count("\n") == 1
    assert "dags/weekly.py already exists, and is not the DAG of this pipeline (weekly.toml): move it away, or choose another" in errors
    assert content is None or file.read_text() == content
    assert airflow(weekly(), "--out", "dags", "--dag-id", "other")[0] == 0


def test_a_folder_that_cannot_be_made_is_one_sentence(folder, weekly, airflow):
    code, _, errors = airflow(weekly(), "--out", "orders.csv/dags")
    assert code == 2 and "orders.csv/dags cannot be written" in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--schedule", "0 6 * * 9"], "has the weekday '9'"),
        (["--timezone", "Mars/Base"], "'Mars/Base' is not a time zone"),
        (["--timezone", "../../etc/passwd"], "is not a time zone"),
        (["--timezone", ""], "is not a time zone"),
        (["--start", "tomorrow"], "The start 'tomorrow' is not a day: write it as 2024-12-31."),
        (["--retries", "-1"], "retries must be between 0 and 100, got -1"),
        (["--retry-minutes", "nan"], "retry_minutes must be between 0.01 and 1,440, got nan"),
        (["--owner", " "], "The owner ' ' cannot be used"),
        (["--tag", "a\nb"], "The tag 'a\\nb' cannot be used"),
        (["--tag", "x" * 101], "give 1 to 100 printable characters"),
        (["--dag-id", "../up"], "The dag_id '../up' cannot be used"),
        (["--dag-id", "a\n"], "The dag_id 'a\\n' cannot be used"),
        (["--dag-id", "größe"], "ASCII letters"),
        (["--connection", "{{ x }}"], "The connection '{{ x }}' cannot be used"),
        (["--set", "data.path=postgresql://me:hunter2@db/x"], "holds a password"),
        (["--set", "sweep.algorithm=k-means"], "did you mean 'kmeans'?"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_nothing_is_written(folder, weekly, airflow, words, sentence):
    code, out, errors = airflow(weekly(), "--out", "dags", *words)
    assert (code, out) == (2, "") and sentence in errors and errors.count("\n") == 1 and "hunter2" not in errors
    assert not (folder / "dags").exists()


def test_an_unknown_option_of_the_library_is_one_sentence(weekly):
    with pytest.raises(segcore.ParameterError, match="Unknown option 'retry_hours': choose one of schedule, timezone"):
        segcore.pipeline(weekly()).airflow("dags", retry_hours=1)


def test_importing_a_dag_does_nothing(folder, weekly, airflow, monkeypatch, home):
    """It imports Airflow and the standard library, and needs neither the pipeline nor the data, the store, or our Python."""
    airflow(weekly(), "--out", "dags")
    kept = folder.parent / "kept.py"
    (folder / "dags/weekly.py").rename(kept)
    for gone in (folder, home):
        shutil.rmtree(gone)
    imports = [node for node in ast.walk(ast.parse(kept.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports}
    assert names <= sys.stdlib_module_names | {"airflow"}
    monkeypatch.chdir("/")
    for name in ("subprocess.Popen", "os.system", "socket.socket"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("work at import"))
    assert len(load(kept, monkeypatch).order) == 5


def test_a_task_gives_one_command_with_the_store_of_its_pipeline(folder, weekly, airflow, monkeypatch, interpreter, home):
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://airflow:secret@db/airflow")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    monkeypatch.setenv("PYTHONPATH", "/plugins")
    monkeypatch.setenv("PGPASSWORD", "the worker's")
    seen = interpreter()
    path = weekly()
    airflow(path, "--out", "dags", "--set", "plan.seed=7", "--set", "names.0= a 'b'")
    monkeypatch.setenv("SEGCORE_HOME", "/another")
    monkeypatch.chdir("/")
    step(load(folder / "dags/weekly.py", monkeypatch), "sweep").execute({})
    settings = ["--set=plan.seed=7", "--set=names.0= a 'b'"]
    assert noted(seen) == ["-P", "-m", "segcore", "run", str(path), *settings, "--only", "sweep"]
    environment = dict(line.split("=", 1) for line in noted(seen, "environment"))
    assert environment["SEGCORE_HOME"] == str(home) and environment["PYTHONPATH"] == str(CHECKOUT)
    assert environment["PGPASSWORD"] == "the worker's"
    assert [name for name in environment if "AIRFLOW" in name] == []


def test_a_path_that_is_set_is_written_in_full(folder, weekly, airflow, monkeypatch, interpreter):
    seen = interpreter()
    path = weekly()
    (folder / "elsewhere").mkdir()
    shutil.copy(folder / "orders.csv", folder / "elsewhere/june.csv")
    monkeypatch.chdir(folder / "elsewhere")
    airflow(path, "--out", folder, "--set", "data.path=june.csv")
    monkeypatch.chdir("/")
    load(folder / "weekly.py", monkeypatch).order[0].execute({})
    assert noted(seen)[5] == f"--set=data.path={folder / 'elsewhere/june.csv'}"


def test_the_password_of_a_connection_is_read_by_the_task_and_written_nowhere(folder, weekly, airflow, monkeypatch, interpreter, caplog):
    seen = interpreter()
    airflow(weekly(), "--out", "dags", "--connection", "warehouse")
    with caplog.at_level(logging.DEBUG):
        step(load(folder / "dags/weekly.py", monkeypatch), "prepare").execute({})
    assert "PGPASSWORD=tell-nobody" in noted(seen, "environment")
    assert "tell-nobody" not in (folder / "dags/weekly.py").read_text() + "".join(noted(seen)) + caplog.text


FILE_NAMES = [name.replace("/", "∕").replace("\0", "")[:80] for name in NAMES] + [
    "$(touch ran)`touch ran`;touch ran",
    "'; import os; os.system('touch ran') #",
    '"""\nimport os\nos.system("touch ran")\n"""',
    "{% for x in y %}{{ ti.xcom_pull() }}{% endfor %}",
    "\\",
    "-x --json",
    "\udcff\udcfe",
    "..",
    "naïve 週次",
]


@pytest.mark.parametrize("name", FILE_NAMES)
def test_nothing_in_a_name_runs_or_is_rendered(folder, weekly, airflow, monkeypatch, interpreter, name):
    seen = interpreter()
    place = folder / f"in {name}"
    place.mkdir()
    path = place / f"{name}.toml"
    shutil.copy(weekly(), "again.toml")
    weekly().rename(path)
    shutil.copy(folder / "orders.csv", place)
    code, out, errors = airflow(path, "--out", "dags", "--set", f"names.0={name}", "--json")
    assert code == 0, errors
    file = folder / json.loads(out)["file"]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", json.loads(out)["dag_id"])
    dag = load(file, monkeypatch)
    assert dag.order[0].template_fields == ()
    dag.order[0].execute({})
    words = noted(seen)
    assert words[:5] == ["-P", "-m", "segcore", "run", str(path)] and words[6:] == ["--only", "prepare"]
    assert read_setting(words[5].removeprefix("--set=")) == read_setting(f"names.0={name}")
    assert list(folder.rglob("ran")) == []


def test_ids_of_dags_are_safe():
    assert [id_from(name) for name in ("weekly", "a b", "{{ x }}", "..", "週次", "é.v2", "_-a-_", "a" * 300)] == [
        "weekly", "a_b", "x", "pipeline", "pipeline", "e.v2", "a", "a" * 200,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("then", "raised", "text"),
    [
        ("echo one; echo 'segcore: two' >&2; exit 2", FinalError, "segcore: two"),
        ("echo Not the same.; echo Because.; exit 3", FinalError, "Not the same.\nBecause."),
        ("echo 'segcore: The sweep failed.' >&2; exit 1", FailedError, "segcore: The sweep failed."),
        ("exit 130", FailedError, "segcore ended with exit code 130."),
        ("kill -9 $$", FailedError, "segcore ended with exit code -9."),
        ("exit 2", FinalError, "segcore refused the pipeline."),
    ],
)
def test_how_a_command_ends_decides_whether_its_task_is_tried_again(
    folder, weekly, airflow, monkeypatch, interpreter, caplog, then, raised, text
):
    interpreter(then)
    airflow(weekly(), "--out", "dags")
    with caplog.at_level(logging.INFO), pytest.raises(FailedError) as failed:
        load(folder / "dags/weekly.py", monkeypatch).order[0].execute({})
    assert (type(failed.value), str(failed.value)) == (raised, text)
    shown = [record.getMessage() for record in caplog.records if record.name == "airflow.task"]
    assert shown == re.findall(r"echo '?([^;'>]*[^;'> ])", then)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def working(folder, weekly, airflow, monkeypatch, interpreter):
    """Return a task whose command has a child and never ends, and a function that waits until both are there and returns their numbers."""
    seen = interpreter("sleep 600 &\necho $$ $! > $0.tmp\nmv $0.tmp $0.processes\nwait")
    airflow(weekly(), "--out", "dags")

    def processes():
        file = seen / "python.processes"
        while not file.exists():
            time.sleep(0.01)
        return list(map(int, file.read_text().split()))

    return load(folder / "dags/weekly.py", monkeypatch).order[0], processes


def until_ended(numbers):
    end = time.monotonic() + 60
    while any(map(alive, numbers)) and time.monotonic() < end:
        time.sleep(0.01)
    return not any(map(alive, numbers))


def test_a_task_that_airflow_ends_ends_its_processes(working):
    task, processes = working
    failed = []

    def execute():
        with pytest.raises(FailedError) as error:
            task.execute({})
        failed.append(str(error.value))

    thread = threading.Thread(target=execute)
    thread.start()
    numbers = processes()
    task.on_kill()
    assert until_ended(numbers)
    thread.join(10)
    assert failed == ["segcore ended with exit code -15."]
    task.on_kill()  # Airflow may say so twice


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_task_that_is_interrupted_ends_its_processes(working):
    task, processes = working
    numbers = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

    def interrupt():
        numbers.extend(processes())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            task.execute({})
    finally:
        signal.signal(signal.SIGINT, before)
    assert until_ended(numbers)


def test_a_signed_off_pipeline_is_checked_before_anything_is_made_of_its_sweep(folder, weekly, airflow, monkeypatch, interpreter):
    path = weekly('\n[check]\nreference = "signed-off.json"\n')
    code, _, errors = airflow(path, "--out", "dags")
    assert code == 2 and "There is no manifest of a signed-off run at" in errors
    solution = {"sweep": "5" * 64, "position": 0, "segments": []}
    (folder / "signed-off.json").write_text(json.dumps({"edition": 1, "complete": True, "solution": solution}))
    seen = interpreter("exit 3")
    assert airflow(path, "--out", "dags")[0] == 0
    dag = load(folder / "dags/weekly.py", monkeypatch)
    assert [task.options["task_id"] for task in dag.order] == ["prepare", "features", "sweep", "check", "choose", "export"]
    with pytest.raises(FinalError):
        step(dag, "check").execute({})
    assert noted(seen)[4:] == [str(path), "--check"]
