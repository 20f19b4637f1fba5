"""kill -9 at random moments: nothing acknowledged is lost or fitted twice, and the sweep ends complete."""

import os
import random
import signal
import threading
import time

import psutil
import pytest

from segcore import jobs
from segcore.jobs.locks import job_lock, read_processes

POINTS = 24


@pytest.fixture
def watch_acknowledged(store):
    """Return a function that begins to note every point's row as soon as it is there, and a way to end it and read the notes."""

    def begin(sweep):
        noted, stop = {}, threading.Event()

        def look():
            while not stop.is_set():
                for position, rowid, record in store._rows("select position, rowid, record from points where sweep = ?", sweep):
                    assert noted.setdefault(position, (rowid, record)) == (rowid, record), "an acknowledged point was replaced"
                time.sleep(0.02)

        thread = threading.Thread(target=look)
        thread.start()

        def end():
            stop.set()
            thread.join()
            return noted

        return end

    return begin


def kill(store, sweep, whom):
    """Kill a sweep's worker, or its worker and supervisor, where there are such; tells whether there were."""
    supervisor, worker = read_processes(job_lock(store, sweep))
    victims = [worker] if whom == "worker" else [supervisor, worker]
    for victim in victims:
        if victim and psutil.pid_exists(victim):
            os.kill(victim, signal.SIGKILL)
    return all(victims)


def sweep_under_fire(store, spec, whom, kills, seed, end_of_notes):
    """Run a sweep to its end while it is killed ``kills`` times; returns how often it really was."""
    dice = random.Random(seed)
    sweep, done = spec.id, 0
    while not store.is_complete(sweep):
        jobs.start_sweep(store, spec)
        if done < kills:
            time.sleep(dice.uniform(0.0, 2.5))
            if jobs.read_job(store, sweep).state == "running" and kill(store, sweep, whom):
                done += 1
        else:
            jobs.wait(store, sweep, timeout=100)
        if whom == "both":
            jobs.wait(store, sweep, timeout=0.2)
    jobs.wait(store, sweep, timeout=60)
    return done


def check(store, spec, noted):
    """Check that what was noted is there unchanged, that every point was kept once, and that each array it names can be read."""
    sweep = store.sweep(spec.id)
    assert sweep.is_complete and sweep.summary
    rows = {position: (rowid, record) for position, rowid, record in store._rows("select position, rowid, record from points")}
    assert noted.items() <= rows.items()
    assert set(rows) == set(range(len(spec.points)))
    for position, solution in enumerate(sweep.solutions):
        if solution.status == "ok":
            read = store.solution(spec.id, position)
            assert len(read.labels) == sum(read.sizes)
        else:
            assert "SIGKILL" in solution.reason
    assert store._rows("pragma integrity_check") == [("ok",)]


@pytest.mark.parametrize("whom", ["worker", "both"])
def test_a_sweep_that_is_killed_a_few_times_ends_complete(store, make_spec, watch_acknowledged, processes, whom):
    spec = make_spec(points=POINTS, rows=8_000, clusters=12)
    store.add_sweep(spec)
    end = watch_acknowledged(spec.id)
    try:
        killed = sweep_under_fire(store, spec, whom, kills=4, seed=1, end_of_notes=end)
    finally:
        noted = end()
    assert killed >= 2
    check(store, spec, noted)
    assert jobs.read_job(store, spec.id).state == "done"
    assert processes() == []
