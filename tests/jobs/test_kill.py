"""kill -9 at random moments: nothing acknowledged is lost or fitted twice, and the sweep ends complete."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import psutil
import pytest

from segcore import jobs
from segcore.jobs.locks import job_lock, read_processes, worker_lock
from segcore.store.file_lock import take
from segcore.store.store import Store
from segcore.system.child_process import CHECKOUT

ROWS = 8_000  # a point takes some 50 to 100 ms


@contextmanager
def noting_what_is_acknowledged(store, sweep):
    """Note every point's row as soon as another process can see it; gives the notes, position to row."""
    noted, stop, replaced = {}, threading.Event(), []

    def look():
        reader = Store(store.home)
        while not stop.is_set():
            for position, row in points_of(reader, sweep).items():
                if noted.setdefault(position, row) != row:
                    replaced.append(position)
            stop.wait(0.02)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield noted
    finally:
        stop.set()
        thread.join()
    assert replaced == []


def points_of(store, sweep):
    rows = store._rows("select position, rowid, record from points where sweep = ?", sweep)
    return {position: (rowid, record) for position, rowid, record in rows}


def kill(store, sweep, whom):
    """Kill a sweep's worker, or its supervisor and then its worker; tells whether there was what was to be killed."""
    supervisor, worker = read_processes(job_lock(store, sweep))
    victims = [worker] if whom == "worker" else [supervisor, worker]
    for victim in filter(None, victims):
        if psutil.pid_exists(victim):
            os.kill(victim, signal.SIGKILL)
    return bool(supervisor and victims[-1])


def run_under_fire(store, spec, whom, kills, dice):
    """Run a sweep to its end while it is killed up to ``kills`` times; returns how often it was."""
    killed = 0
    sweep = jobs.start_sweep(store, spec)
    while True:
        job = jobs.wait(store, sweep, timeout=dice.uniform(0.0, 2.5) if killed < kills else 100)
        if job.state == "running" and killed < kills:
            killed += kill(store, sweep, whom)
        elif job.state == "interrupted":
            assert whom == "both", "the worker alone was killed, and its supervisor went with it"
            assert jobs.resume_interrupted(Store(store.home)) == [sweep]  # as a server does when it is started
        elif job.is_over:
            assert job.state == "done", job.message
            return killed


def check(store, spec, noted):
    """Check that all is there, what was noted unchanged, and that every array that a row names can be read."""
    sweep = store.sweep(spec.id)
    assert sweep.is_complete and sweep.summary["recommended"]
    rows = points_of(store, spec.id)
    assert noted.items() <= rows.items()
    assert set(rows) == set(range(len(spec.points)))
    for position, solution in enumerate(sweep.solutions):
        assert solution.status == "ok", solution.reason
        read = store.solution(spec.id, position)
        assert len(read.labels) == sum(read.sizes) == ROWS
        assert read.arrays["centres"].shape == (12, 4)
    assert store._rows("pragma integrity_check") == [("ok",)]


@pytest.mark.parametrize("whom", ["worker", "both"])
@pytest.mark.parametrize(
    ("points", "kills"), [(12, 3), pytest.param(60, 20, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], ids=["few", "twenty"]
)
def test_a_sweep_that_is_killed_at_random_moments_ends_complete(store, make_spec, processes, until, whom, points, kills):
    dice, killed, seed, seen = random.Random(f"{whom} {kills}"), 0, 0, 0
    while killed < kills:
        spec = make_spec(points=points, rows=ROWS, clusters=12, seed=seed)
        store.add_sweep(spec)
        with noting_what_is_acknowledged(store, spec.id) as noted:
            killed += run_under_fire(store, spec, whom, kills - killed, dice)
        check(store, spec, noted)
        seen += len(noted)
        seed += 1
    # Rows are written several at a time, and on a quick machine most of a sweep's may come after the last look.
    assert seen >= kills // 3
    until(lambda: processes() == [])


def test_a_sweep_whose_supervisor_is_killed_is_interrupted_without_an_orphan(store, make_spec, act_in_worker, at_point, processes, until):
    act_in_worker(at_point("time.sleep(600)", [1]))
    spec = make_spec(points=3)
    sweep = jobs.start_sweep(store, spec)
    until(lambda: 1 in store.attempts(sweep) and store.positions(sweep))
    supervisor, _ = read_processes(job_lock(store, sweep))
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: processes() == [], 2)
    job = jobs.read_job(store, sweep)
    assert (job.state, job.done) == ("interrupted", 1)
    act_in_worker("")
    jobs.resume(store, sweep)
    assert jobs.wait(store, sweep, timeout=60).state == "done"
    assert [solution.status for solution in store.sweep(sweep).solutions] == ["ok"] * 3


def test_what_a_server_that_died_had_queued_goes_on_in_its_order(store, make_spec, act_in_worker, at_point, until):
    act_in_worker(at_point("time.sleep(0.2)"))
    asked = [jobs.start_sweep(store, make_spec(points=3, seed=seed)) for seed in range(3)]
    until(lambda: store.attempts(asked[0]))
    for sweep in asked:  # a power cut
        until(lambda sweep=sweep: read_processes(job_lock(store, sweep))[0])
        kill(store, sweep, "both")
    until(lambda: [jobs.read_job(store, sweep).state for sweep in asked] == ["interrupted"] * 3)
    restarted = Store(store.home)
    assert jobs.resume_interrupted(restarted) == asked
    assert jobs.resume_interrupted(restarted) == []
    finished = [jobs.wait(restarted, sweep, timeout=60) for sweep in asked]
    assert [job.state for job in finished] == ["done"] * 3
    assert [job.started for job in finished] == sorted(job.started for job in finished)


def test_a_sweep_outlives_the_server_that_started_it(store, make_spec, act_in_worker, at_point, until):
    """The server is killed with its whole process group, as a closed terminal or a container's supervisor does it."""
    spec = make_spec(points=12, rows=ROWS)
    store.add_sweep(spec)
    code = (
        "import sys, time\nfrom segcore import jobs\nfrom segcore.store.store import Store\nstore = Store(sys.argv[1])\n"
        "jobs.start_sweep(store, store.spec(sys.argv[2]))\nprint('started', flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, store.home, spec.id], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, start_new_session=True
    ) as server:
        assert server.stdout.readline() == "started\n"
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    assert jobs.wait(store, spec.id, timeout=60).state == "done"


def test_a_worker_that_does_not_die_with_its_supervisor_keeps_the_next_one_waiting(store, make_spec, until):
    """Where the kernel cannot tie them together, two workers must still not fit the same point."""
    spec = make_spec(points=2)
    handle = take(worker_lock(store, spec.id))
    sweep = jobs.start_sweep(store, spec)
    until(lambda: jobs.read_job(store, sweep).state == "running")
    time.sleep(1.5)
    assert store.attempts(sweep) == {}
    os.close(handle)
    assert jobs.wait(store, sweep, timeout=60).state == "done"
