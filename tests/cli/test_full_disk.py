"""Every command with SEGCORE_HOME on a disk that is full, or fills up."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segcore.store.store import Store
from tests.small_disk import fill, mounted

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
POINT = ("--point", "n_clusters=3")
READING = (
    ("jobs",),
    ("sweeps",),
    ("explain", "SWEEP", *POINT),
    ("rules", "SWEEP", *POINT),
    ("validate", "SWEEP", *POINT),
    ("compare", "SWEEP", "SWEEP", *POINT, "--point", "n_clusters=2"),
    ("map", "SWEEP", *POINT, "--out", "OUT/map.html"),
    ("export", "SWEEP", *POINT, "--out", "OUT/segments.csv"),
    ("features", "DATA", "--out", "OUT/features.csv"),
)
WRITING = (
    ("sweeps", "name", "SWEEP", "Another name"),
    ("evidence", "SWEEP"),
    ("drivers", "SWEEP", *POINT),
    ("map", "SWEEP", *POINT, "--method", "tsne", "--out", "OUT/map.html"),
    ("export", "SWEEP", *POINT, "--out", "HOME/segments.csv"),
    ("score", "SWEEP", "DATA", *POINT, "--out", "OUT/scores.csv"),
    ("features", "DATA", "--where", "quantity>2", "--out", "OUT/features.csv"),
    ("sweep", "DATA", "--algo", "kmeans", "--grid", "n_clusters=2,3,4,5,6", "--seed", "1"),
    ("sweep", "DATA", "--algo", "dbscan", "--dry-run"),
    ("benchmark", "DATA", "--algo", "kmeans"),
)


@pytest.fixture
def on_small_disk(tmp_path):
    """Return a function that runs a command with its store on a disk of 24 MB, which holds a sweep of 400 customers."""
    rng = np.random.default_rng(0)
    data = tmp_path / "orders.csv"
    columns = {
        "customer": rng.integers(0, 400, 6_000),
        "invoice": np.arange(6_000) // 3,
        "date": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 6_000), unit="D")).strftime("%Y-%m-%d"),
        "quantity": rng.integers(1, 9, 6_000),
        "price": rng.uniform(1, 90, 6_000).round(2),
    }
    pd.DataFrame(columns).to_csv(data, index=False)
    with mounted(tmp_path / "disk", 24) as home:
        places = {"DATA": str(data), "HOME": str(home), "OUT": str(tmp_path)}

        def run(*command):
            words = []
            for word in command:
                start, slash, rest = word.partition("/")
                words.append(places.get(start, start) + slash + rest)
            environment = {**os.environ, "SEGCORE_HOME": str(home), "PYTHONPATH": str(ROOT), "SEGCORE_SPARE_WORKER": "0"}
            return subprocess.run(
                [sys.executable, "-P", "-m", "segcore", *words], capture_output=True, text=True, env=environment, cwd=ROOT, timeout=300
            )

        assert run("sweep", "DATA", "--algo", "kmeans", "--grid", "n_clusters=2,3").returncode == 0
        places["SWEEP"] = Store(home).sweep_ids()[0]
        yield run, home


def test_every_command_answers_from_a_full_disk_or_names_it(on_small_disk):
    run, home = on_small_disk
    fill(home)
    for command in READING:
        found = run(*command)
        assert (found.returncode, "Traceback" in found.stderr) == (0, False), (command, found.stderr)
    for command in WRITING:
        found = run(*command)
        last = found.stderr.splitlines()[-1]
        assert found.returncode == 2 and "Traceback" not in found.stderr, (command, found.stderr)
        assert last.startswith("segcore: The disk with ") and " is full (" in last, (command, last)


@pytest.mark.parametrize("kilobytes", [8, 60, 150])
def test_a_sweep_that_fills_the_disk_goes_on_once_there_is_room(on_small_disk, kilobytes):
    run, home = on_small_disk
    command = ("sweep", "DATA", "--algo", "kmeans", "--grid", "n_clusters=2,3,4,5,6,7,8", "--seed", str(kilobytes))
    filler = fill(home, but=1024 * kilobytes)
    found = run(*command)
    assert found.returncode == 2 and " is full (" in found.stderr, found.stderr
    assert run("jobs").returncode == 0
    filler.unlink()
    found = run(*command)
    assert found.returncode == 0, found.stderr
    store = Store(home)
    for sweep in store.sweep_ids():
        assert {solution.status for solution in store.sweep(sweep).solutions} == {"ok"}
