"""kill -9 at random moments: nothing acknowledged is lost or fitted twice, and the sweep ends complete."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from segcore import jobs
from segcore.jobs.locks import job_lock, read_processes, worker_lock
from segcore.store.file_lock import is_held, take
from segcore.store.store import Store
from segcore.system.child_process import CHECKOUT

ROWS = 8_000  # a point takes some 50 to 100 ms


def kill(store, sweep, whom):
    """Kill a sweep's worker, its supervisor, or both; tells whether there was what was to be killed."""
    supervisor, worker = read_processes(job_lock(store, sweep))
    victims = {"worker": [worker], "supervisor": [supervisor], "both": [supervisor, worker]}[whom]
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
            assert whom != "worker", "the worker alone was killed, and its supervisor went with it"
            assert jobs.resume_interrupted(Store(store.home)) == [sweep]  # as a server does when it is started
        elif job.is_over:
            assert job.state == "done", job.message
            return killed


def check(store, spec, told, kills):
    """Check that all is there, what a worker was told is stored is unchanged and was computed once, and every array can be read."""
    sweep = store.sweep(spec.id)
    assert sweep.is_complete and sweep.summary["recommended"]
    rows = store._rows("select position, rowid, record from points where sweep = ?", spec.id)
    digests = {position: hashlib.sha256(repr(tuple(row)).encode()).hexdigest() for position, *row in rows}
    assert set(digests) == set(range(len(spec.points)))
    assert len(dict(told)) == len(told), "a point was stored or begun again once it was there"
    assert dict(told).items() <= digests.items()
    assert len(told) >= len(digests) - kills, "only a kill between the two keeps a worker from telling what is stored"
    for position, solution in enumerate(sweep.solutions):
        assert solution.status == "ok", solution.reason
        read = store.solution(spec.id, position)
        assert len(read.labels) == sum(read.sizes) == ROWS
        assert read.arrays["centres"].shape == (12, 4)
    assert store._rows("pragma integrity_check") == [("ok",)]


@pytest.mark.parametrize("whom", ["worker", "supervisor", "both"])
@pytest.mark.parametrize(
    ("points", "kills"), [(12, 3), pytest.param(60, 20, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], ids=["few", "twenty"]
)
def test_a_sweep_that_is_killed_at_random_moments_ends_complete(store, make_spec, told, processes, until, whom, points, kills):
    dice, killed, seed = random.Random(f"{whom} {kills}"), 0, 0
    while killed < kills:
        spec = make_spec(points=points, rows=ROWS, clusters=12, seed=seed)
        of_this_sweep = run_under_fire(store, spec, whom, kills - killed, dice)
        check(store, spec, told(spec.id), of_this_sweep)
        killed += of_this_sweep
        seed += 1
    until(lambda: processes() == [])
    store.drop_leftovers()
    assert list(store.temporary.iterdir()) == []
    assert not any(is_held(path) for path in (store.home / "locks").iterdir())


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
