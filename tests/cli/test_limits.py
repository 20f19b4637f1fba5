"""Commands under a limit on memory: they work, or name the limit in one line."""

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segcore.errors import MemoryLimitError
from segcore.intake import child
from segcore.system.machine import MemoryLimit
from segcore.wording.memory import least_bytes, memory_error

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def orders(tmp_path):
    """Return a file with order lines of 300 customers."""
    rng = np.random.default_rng(0)
    lines = pd.DataFrame(
        {
            "customer": rng.integers(0, 300, 5_000),
            "invoice": np.arange(5_000) // 3,
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 5_000), unit="D"),
            "quantity": rng.integers(1, 9, 5_000),
            "price": rng.uniform(1, 90, 5_000).round(2),
        }
    )
    path = tmp_path / "orders.parquet"
    lines.to_parquet(path, index=False)
    return path


def limited(home, megabytes, *arguments):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20,) * 2)

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARROW_", "MALLOC_"))}
    environment = {**kept, "SEGCORE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "segcore", *map(str, arguments)]
    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=300)


@pytest.mark.parametrize("megabytes", [400, 700])
def test_a_limit_that_is_too_low_for_any_work_is_named_at_once(home, orders, tmp_path, megabytes):
    found = limited(home, megabytes, "features", orders, "--out", tmp_path / "out.csv")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("segcore: This needs about") and found.stderr.count("\n") == 1
    assert "that it may use (ulimit -v): raise the limit." in found.stderr
    assert limited(home, megabytes, "jobs").returncode == 0  # which reads only the index


@pytest.mark.slow
@pytest.mark.parametrize("above", [50, 250, 750, 1250])
def test_with_more_it_works_as_without_a_limit(home, orders, tmp_path, above):
    megabytes = (least_bytes() >> 20) + above
    features = limited(home, megabytes, "features", orders, "--out", tmp_path / "out.csv")
    assert (features.returncode, features.stderr) == (0, "")
    swept = limited(home, megabytes, "sweep", orders, "--algo", "kmeans", "--grid", "n_clusters=2,3")
    assert swept.returncode == 0 and "computed by shared" in swept.stdout


@pytest.mark.slow
def test_data_that_do_not_fit_are_told_from_damaged_ones(home, tmp_path):
    # 400 MB of numbers under a limit that a small file can be read with.
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(500_000, 100)), columns=[f"c{number}" for number in range(100)])
    path = tmp_path / "wide.parquet"
    wide.to_parquet(path)
    found = limited(home, (least_bytes() >> 20) + 50, "features", path, "--kind", "customers", "--out", tmp_path / "out.csv")
    assert found.returncode == 2 and "Traceback" not in found.stderr
    assert "wide.parquet needs more memory than the" in found.stderr and "(ulimit -v)" in found.stderr


def test_a_child_that_dies_under_a_low_limit_is_reported_with_it(home, monkeypatch):
    # As one does that cannot even import: an exit code, and no answer.
    monkeypatch.setattr("segcore.wording.memory.memory_limit", lambda: MemoryLimit(900 << 20, "ulimit -v"))
    monkeypatch.setattr(child, "lent_reader", lambda home: None)
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    monkeypatch.setattr(
        child, "start_reader", lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0)
    )
    with pytest.raises(MemoryLimitError, match=r"Reading a\.csv needs more memory than the 0\.9 GiB that it may use \(ulimit -v\)"):
        run_child(home)


def test_a_process_or_thread_that_cannot_start_is_reported_with_the_limit(home, monkeypatch):
    monkeypatch.setattr("segcore.wording.memory.memory_limit", lambda: MemoryLimit(900 << 20, "ulimit -v"))
    monkeypatch.setattr(child, "lent_reader", lambda home: None)

    monkeypatch.setattr(child, "start_reader", lambda: threading.Thread(target=print).start())

    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading._start_new_thread", refuse)
    with pytest.raises(MemoryLimitError, match=r"\(ulimit -v\): raise the limit"):
        run_child(home)


def run_child(home):
    return REAL_RUN_CHILD("{}", home=home, name="a.csv", timeout=60, max_bytes=None)


REAL_RUN_CHILD = child._run_child  # which tests of commands replace


def test_without_a_limit_the_free_memory_is_named(monkeypatch):
    monkeypatch.setattr("segcore.wording.memory.memory_limit", lambda: None)
    monkeypatch.setattr("segcore.wording.memory.available_bytes", lambda: 300 << 20)
    text = str(memory_error("Reading a.csv"))
    assert text == "Reading a.csv needs more memory than the 300 MiB that is free: close other programs, or give fewer rows or columns."
