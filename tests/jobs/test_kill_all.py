"""kill -9 of everything that is not a worker of a sweep (see ``test_kill.py``): a server, the reader of a file, and commands.

What each test kills, it kills at random moments: its processes end within a second, the next start deletes their files, and a command that
is run again does what it would have done.
"""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import psutil
import pytest

from segcore import jobs
from segcore.errors import SourceError
from segcore.intake.child import take_in_child
from segcore.records.intake import DataRequest
from segcore.store.file_lock import is_held
from segcore.store.store import Store
from segcore.system.child_process import child_environment, python_command, signal_group
from tests.fork_server import NOTES

FEW_OR_MANY = pytest.mark.parametrize(
    "kills", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], ids=["few", "twenty"]
)
ENDING_SECONDS = 1.0
ROLES = ("customer=Who", "order=Receipt", "time=Moment", "quantity=Pieces", "price=Each")
OLD = "what was there before"


def lines_of_a_shop(path, *, customers, lines):
    dice = np.random.default_rng(0)
    when = pd.Timestamp("2011-01-01") + pd.to_timedelta(dice.integers(0, 100 * 24 * 60, lines), unit="min")
    pd.DataFrame(
        {
            "Who": [f"W{number:05d}" for number in dice.integers(0, customers, lines)],
            "Receipt": [f"R{number}" for number in dice.integers(0, lines // 4, lines)],
            "Moment": when.strftime("%Y-%m-%d %H:%M:%S"),
            "Pieces": dice.integers(1, 9, lines),
            "Each": dice.choice([1.5, 2.25, 40.0], lines),
        }
    ).to_csv(path, index=False)
    return path


@pytest.fixture
def command(fork_server, home, tmp_path):
    """Return a function that starts a command as a process of its own, and its output's file."""
    log = tmp_path / "output"

    def start(*arguments):
        with log.open("ab") as output:
            return fork_server.start_forked(
                python_command("segcore", *map(str, arguments)),
                environment=child_environment(SEGCORE_HOME=str(home)),
                own="session",
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    start.log = log
    return start


@pytest.fixture
def family(home):
    """Return a function that finds every live process that was forked for this store."""

    def find():
        found = []
        for line in (home / NOTES).read_text().splitlines():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(json.loads(line)["pid"])
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    return find


def is_clean(store):
    """Tell whether the next start finds nothing that is left over."""
    store.drop_leftovers()
    return list(store.temporary.iterdir()) == [] and not any(is_held(path) for path in (store.home / "locks").iterdir())


def kill_at_random(command, arguments, dice, seconds):
    """Start a command and kill it after a random time below ``seconds``; tells whether it was still at work."""
    process = command(*arguments)
    time.sleep(dice.uniform(0.0, seconds))
    was_at_work = process.poll() is None
    if was_at_work:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return was_at_work


def seconds_of(command, arguments):
    begun = time.monotonic()
    command(*arguments).wait()
    return time.monotonic() - begun


def with_roles():
    return [part for role in ROLES for part in ("--role", role)]


@FEW_OR_MANY
@pytest.mark.parametrize("kind", ["score", "export", "features"])
def test_a_command_that_is_killed_leaves_the_old_file_or_the_new_one_and_nothing_else(command, family, home, tmp_path, until, kind, kills):
    data = lines_of_a_shop(tmp_path / "shop.csv", customers=400, lines=20_000)
    store, point = Store(home), "n_clusters=3,tol=0.001"
    if kind != "features":
        command("sweep", data, *with_roles(), "--algo", "kmeans", "--grid", "n_clusters=3", "--grid", "tol=0.001").wait()
        (sweep,) = [job.id for job in jobs.list_jobs(store)]
    out = tmp_path / "out"
    out.mkdir()
    arguments = {
        "score": lambda: ["score", sweep, data, "--point", point, "--out", out / "rows.csv"],
        "export": lambda: ["export", sweep, "--point", point, "--out", out / "rows.csv"],
        "features": lambda: ["features", data, *with_roles(), "--out", out / "rows.csv", "--guess"],
    }[kind]()
    seconds = seconds_of(command, arguments)
    new = (out / "rows.csv").read_text()
    names = sorted(path.name for path in out.iterdir())
    assert new.count("\n") == 401, command.log.read_text()

    dice, killed = random.Random(f"{kind} {kills}"), 0
    while killed < kills:
        (out / "rows.csv").write_text(OLD)
        store._rows("delete from intakes")  # so that the file is read again
        killed += kill_at_random(command, arguments, dice, seconds)
        until(lambda: family() == [], ENDING_SECONDS)
        assert (out / "rows.csv").read_text() in (OLD, new)
        assert is_clean(store)
    command(*arguments).wait()
    assert (out / "rows.csv").read_text() == new
    assert sorted(path.name for path in out.iterdir()) == names
    assert "Traceback" not in command.log.read_text()


@FEW_OR_MANY
def test_a_reader_that_is_killed_is_one_sentence_and_the_next_reads_the_file(
    monkeypatch, fork_server, family, home, tmp_path, until, kills
):
    monkeypatch.setattr("segcore.intake.reading_process.start_child", fork_server.start_forked)
    data = lines_of_a_shop(tmp_path / "shop.csv", customers=400, lines=20_000)
    request = DataRequest.from_json({"data": str(data)})
    store, dice, killed = Store(home), random.Random(kills), 0
    (home / NOTES).touch()
    real = fork_server.start_forked

    def start_and_kill(*arguments, **options):
        process = real(*arguments, **options)
        killer = threading.Timer(dice.uniform(0.0, 0.4), signal_group, (process.pid,))
        killer.daemon = True
        killer.start()
        return process

    while killed < kills:
        with monkeypatch.context() as patch:
            patch.setattr("segcore.intake.reading_process.start_child", start_and_kill)
            try:
                take_in_child(home, request)
            except SourceError as error:
                killed += 1
                assert "crashed" in str(error) and "shop.csv" in str(error)
            else:
                store._rows("delete from intakes")
        until(lambda: family() == [], ENDING_SECONDS)
        assert is_clean(store)
    assert take_in_child(home, request).table == take_in_child(home, request).table


SERVER = """
import sys, threading, time
from segcore import jobs
from segcore.intake.child import take_in_child
from segcore.records.intake import DataRequest
from segcore.store.store import Store
store = Store(sys.argv[1])
jobs.resume_interrupted(store)
jobs.start_sweep(store, store.spec(sys.argv[2]))
print("ready", flush=True)
take_in_child(store.home, DataRequest.from_json({"data": sys.argv[3]}))
time.sleep(600)
"""


@FEW_OR_MANY
def test_a_server_that_is_killed_while_points_are_stored_loses_and_repeats_nothing(
    store, make_spec, fork_server, family, home, tmp_path, until, kills
):
    """What a server does to a store, without the pages: it resumes jobs, starts a sweep and has a file read."""
    (tmp_path / "server.py").write_text(SERVER)
    data = lines_of_a_shop(tmp_path / "shop.csv", customers=400, lines=20_000)
    spec = make_spec(points=8 * kills, rows=4_000, clusters=12)
    store.add_sweep(spec)
    dice, stored = random.Random(kills), {}

    def rows():
        found = store._rows("select position, rowid, record from points where sweep = ?", spec.id)
        return {position: hashlib.sha256(f"{row} {record}".encode()).hexdigest() for position, row, record in found}

    for _ in range(kills):
        command = [sys.executable, str(tmp_path / "server.py"), str(home), spec.id, str(data)]
        with (tmp_path / "log").open("ab") as log:
            server = fork_server.start_forked(
                command, environment=child_environment(SEGCORE_HOME=str(home)), own="session", stdout=log, stderr=subprocess.STDOUT
            )
        until(lambda: rows().keys() - stored.keys() or store.is_complete(spec.id))
        time.sleep(dice.uniform(0.0, 0.3))
        readers = [process for process in family() if process.pid != server.pid and is_reader(home, process.pid)]
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        _, alive = psutil.wait_procs(readers, timeout=ENDING_SECONDS)
        assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
        assert stored.items() <= rows().items()
        stored.update(rows())
    assert jobs.wait(store, spec.id, timeout=100).state == "done"
    assert stored.items() <= rows().items() and len(rows()) == len(spec.points)
    assert [count for (count,) in store._rows("select count from attempts where sweep = ?", spec.id)] == [1] * len(spec.points)
    until(lambda: family() == [])
    assert is_clean(store)


def is_reader(home, process):
    notes = [json.loads(line) for line in (home / NOTES).read_text().splitlines()]
    return any(note["pid"] == process and "segcore.intake" in note["command"] for note in notes)
