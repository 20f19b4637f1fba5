"""A synthetic sweep whose points take some 50 ms, and workers that misbehave on purpose."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from segcore import jobs
from segcore.jobs import start
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from tests.fork_server import NOTES

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("a", "b", "c", "d")


@pytest.fixture(autouse=True)
def forked(forked):
    """Fork the processes of jobs: see ``tests/fork_server.py``."""


@pytest.fixture
def store(home):
    """Return an empty store; whatever it still runs when the test ends is stopped."""
    store = Store(home)
    yield store
    for job in jobs.list_jobs(store):
        jobs.cancel(store, job.id)


@pytest.fixture
def make_spec(store):
    """Return a function that builds the spec of a k-means over random customers, no two calls' options alike."""

    def make(points=6, rows=300, seed=0, clusters=8, **options):
        values = np.random.default_rng(0).normal(size=(rows, len(NAMES))).round(6)
        table = FeatureTable(
            values=values,
            names=NAMES,
            customers=np.array([f"c{row:06d}" for row in range(rows)], dtype=object),
            copies=np.zeros(rows, dtype=np.int32),
            dictionary=tuple(FeatureEntry(name, name, "", "A random number.") for name in NAMES),
        )
        kept = store.put_feature_table(table)
        return SweepSpec(
            table=kept,
            data={"name": "random", "kind": "customers", "fingerprint": table.fingerprint, "roles": {}, "filters": []},
            plan=Plan(NAMES, seed=seed),
            algorithm="kmeans",
            points=tuple({"n_clusters": clusters, "tol": 1e-4 / (1 + point)} for point in range(points)),
            engine="stock",
            versions={},
            **options,
        )

    return make


@pytest.fixture
def act_in_worker(monkeypatch, tmp_path):
    """Return a function that has Python statements run at the start of every worker; the rest of the worker is the real one."""

    def act(statements):
        folder = tmp_path / "worker"
        folder.mkdir(exist_ok=True)
        (folder / "act.py").write_text(f"import sys\nfrom segcore.jobs import worker\n{statements}\nsys.exit(worker.main(sys.argv[1:]))\n")
        (folder / "supervise.py").write_text(
            "import sys\n"
            "from segcore.jobs import supervisor\n"
            "real = supervisor.Supervision._command\n"
            f"acting = [sys.executable, {str(folder / 'act.py')!r}]\n"
            "supervisor.Supervision._command = lambda self, kind: [*acting, *real(self, kind)[4:]]\n"
            "sys.exit(supervisor.main(sys.argv[1:]))\n"
        )
        monkeypatch.setattr(start, "SUPERVISOR", (sys.executable, str(folder / "supervise.py")))

    return act


@pytest.fixture
def at_point():
    """Return a function that writes statements for ``act_in_worker`` which run when a point is begun."""

    def write(statement, positions=None):
        condition = "True" if positions is None else f"position in {positions!r}"
        return (
            "import os, signal, time\n"
            "from segcore.store.index import Index\n"
            "begin = Index.begin_attempt\n"
            "def begin_attempt(self, sweep_id, position):\n"
            "    count = begin(self, sweep_id, position)\n"
            f"    if {condition}:\n"
            f"        {statement}\n"
            "    return count\n"
            "Index.begin_attempt = begin_attempt\n"
        )

    return write


@pytest.fixture
def told(act_in_worker, tmp_path, home):
    """Have every worker tell what it is acknowledged, as soon as the store has returned; return a function that reads it.

    What is read is, by sweep, each stored position with a digest of its row, and each position that was begun or stored once it was there.
    """
    notes = tmp_path / "told"
    act_in_worker(
        "import hashlib, os\n"
        "from segcore.store.index import Index\n"
        "from segcore.store.store import Store\n"
        f"notes = os.open({str(notes)!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
        "begin, put = Index.begin_attempt, Store.put_solution\n"
        "def row(store, *point):\n"
        "    return store._one('select rowid, record from points where sweep = ? and position = ?', *point)\n"
        "def begin_attempt(self, *point):\n"
        "    if row(self, *point):\n"
        "        os.write(notes, f'{point[0]} {point[1]} again\\n'.encode())\n"
        "    return begin(self, *point)\n"
        "def put_solution(self, *point):\n"
        "    is_new = put(self, *point)\n"
        "    digest = hashlib.sha256(repr(row(self, *point[:2])).encode()).hexdigest()\n"
        "    os.write(notes, f'{point[0]} {point[1]} {digest if is_new else \"again\"}\\n'.encode())\n"
        "    return is_new\n"
        "Index.begin_attempt, Store.put_solution = begin_attempt, put_solution\n"
    )

    def read(sweep):
        lines = [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []
        return [(int(position), what) for of, position, what in lines if of == sweep]

    return read


@pytest.fixture
def processes(store):
    """Return a function that finds every live process working on this store, by its command line."""

    def find(module=""):
        notes, found = store.home / NOTES, []
        forked = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        commands = {note["pid"]: note["command"] for note in forked}
        for process in psutil.process_iter():
            try:
                command = commands.get(process.pid) or process.cmdline()
                ours = str(store.home) in command and module in " ".join(command) and process.pid != os.getpid()
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    return find


@pytest.fixture
def until():
    """Return a function that waits until something is true, and fails where it does not become so."""

    def wait(condition, seconds=20.0):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not within {seconds:g} seconds"
            time.sleep(0.02)
        return found

    return wait
