"""Sweeps on Ray: two nodes on this machine, one of them killed; and a Ray of one's own, which leaves nothing behind."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from segcore.store.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
# A cluster of one machine that only that machine can reach; Ray reads these before anything else.
LOOPBACK = {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
KMEANS = ("kmeans", "n_clusters=2,3,4,6", "tol=1e-3,1e-4")
DBSCAN = ("dbscan", "eps=0.3,0.6", "min_samples=5,10")


@pytest.fixture
def customers(tmp_path):
    values = np.random.default_rng(0).normal(size=(3_000, 5)).round(5)
    path = tmp_path / "customers.csv"
    table = pd.DataFrame(values, columns=[f"f{column}" for column in range(values.shape[1])])
    table.insert(0, "customer_id", [f"c{row:05d}" for row in range(len(table))])
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def nodes():
    """Start two nodes; gives the environment of those who use them, and the processes of the second, which the last test kills."""
    env = {**os.environ, **LOOPBACK, "RAY_AUTH_TOKEN": secrets.token_hex(32), "PYTHONPATH": str(ROOT)}
    cluster = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "sweeps" / "two_ray_nodes.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        said = json.loads(cluster.stdout.readline())
        yield {**env, "RAY_ADDRESS": said["address"]}, said["second"]
    finally:
        below = psutil.Process(cluster.pid).children(recursive=True)
        cluster.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            cluster.wait(20)
        cluster.kill()
        cluster.wait()
        cluster.stdout.close()
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def command(data, grid, engine, *more):
    algorithm, *axes = grid
    axes = [word for axis in axes for word in ("--grid", axis)]
    return [sys.executable, "-m", "segcore", "sweep", str(data), "--algo", algorithm, *axes, "--engine", engine, "--json", *more]


def sweep(data, home, grid, engine, env, *more):
    """Run a sweep to its end; returns its document and the labels of each point."""
    out = home.with_name(f"{home.name}-out")
    done = subprocess.run(
        [*command(data, grid, engine, *more), "--out", str(out)],
        capture_output=True, text=True, cwd=ROOT, env={**env, "SEGCORE_HOME": str(home)}, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), pd.read_parquet(out / "labels.parquet")


def processes_of(home):
    """Return the processes that were started, however far down, for the store at ``home``."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SEGCORE_HOME") == str(home) and process.pid != os.getpid():
                found.append(process)
    return found


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


# DBSCAN's points share one neighbour search, so together they are one unit.
@pytest.mark.parametrize(("grid", "engine", "used"), [(KMEANS, "shared", 2), (DBSCAN, "stock", 2), (DBSCAN, "shared", 1)])
def test_two_nodes_give_the_same_labels_as_none(customers, tmp_path, nodes, grid, engine, used):
    env, _ = nodes
    local, here = sweep(customers, tmp_path / "local", grid, engine, os.environ)
    ray, there = sweep(customers, tmp_path / "ray", grid, engine, env, "--workers", "ray")

    pd.testing.assert_frame_equal(there, here)
    assert [point["status"] for point in ray["points"]] == ["ok"] * len(local["points"])
    assert len({point["evidence"].rpartition(", on Ray node ")[2] for point in ray["points"]}) == used


def test_a_ray_of_ones_own_listens_on_loopback_alone_and_leaves_nothing_behind(customers, tmp_path):
    home = tmp_path / "own"
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"SEGCORE_HOME": str(home)}
    grid = ("kmeans", "n_clusters=10,11,12,13", "tol=1e-9", "n_init=40")
    running = subprocess.Popen(
        command(customers, grid, "stock", "--workers", "ray"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=env
    )
    wait_for(lambda: home.exists() and any(store.positions(row["id"]) for store in [Store(home)] for row in store.job_rows(1)), 60)

    listening = [
        connection.laddr.ip
        for process in processes_of(home)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}

    running.send_signal(signal.SIGINT)  # cancels: the worker is killed
    running.communicate(timeout=30)
    wait_for(lambda: not processes_of(home), 15)

    document, _ = sweep(customers, home, grid, "stock", env, "--workers", "ray")
    assert [point["status"] for point in document["points"]] == ["ok"] * 4
    wait_for(lambda: not processes_of(home), 15)


def test_a_node_killed_in_the_middle_costs_no_point(customers, tmp_path, nodes):
    env, second = nodes
    grid = ("kmeans", "n_clusters=10,11,12,13,14,15,16,17,18,19", "tol=1e-9", "n_init=200")
    _, here = sweep(customers, tmp_path / "local", grid, "stock", os.environ)
    home, out = tmp_path / "ray", tmp_path / "out"
    running = subprocess.Popen(
        [*command(customers, grid, "stock", "--workers", "ray"), "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**env, "SEGCORE_HOME": str(home)},
    )  # fmt: skip

    def done():
        store = Store(home)
        return sum(len(store.positions(row["id"])) for row in store.job_rows(1))

    wait_for(lambda: home.exists() and done() >= 2, 60)
    for pid in second:
        os.kill(pid, signal.SIGKILL)
    assert done() <= 7, "too late to be in the middle"
    printed, said = running.communicate(timeout=150)

    assert running.returncode == 0, said
    assert [point["status"] for point in json.loads(printed)["points"]] == ["ok"] * 10
    pd.testing.assert_frame_equal(pd.read_parquet(out / "labels.parquet"), here)
