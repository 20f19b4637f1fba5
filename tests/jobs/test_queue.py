import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import psutil

from segcore import jobs
from segcore.store.store import Store
from segcore.system.child_process import CHECKOUT


def test_jobs_run_one_at_a_time_in_the_order_they_were_asked_for(store, make_spec, act_in_worker, at_point):
    act_in_worker(at_point("time.sleep(0.1)"))
    asked = [jobs.start_sweep(store, make_spec(points=3, seed=seed)) for seed in range(4)]
    assert [job.id for job in jobs.list_jobs(store)] == asked[::-1]
    finished = [jobs.wait(store, sweep, timeout=100) for sweep in asked]
    assert [job.state for job in finished] == ["done"] * 4
    for earlier, later in pairwise(finished):
        assert earlier.finished <= later.started


def test_a_dead_one_in_the_queue_is_passed_over(store, make_spec, act_in_worker, at_point, until, processes):
    act_in_worker(at_point("time.sleep(0.3)"))
    first, second, third = (jobs.start_sweep(store, make_spec(points=4, seed=seed)) for seed in range(3))
    (supervisor,) = until(lambda: processes(second))
    supervisor.kill()
    assert jobs.wait(store, third, timeout=60).state == "done"
    assert jobs.read_job(store, first).state == "done"
    assert jobs.read_job(store, second).state == "interrupted"


def test_work_in_this_process_waits_for_its_turn_and_keeps_it(store, make_spec, act_in_worker, at_point, until):
    act_in_worker(at_point("time.sleep(0.2)"))
    first = jobs.start_sweep(store, make_spec(points=3))
    until(lambda: jobs.read_job(store, first).state == "running")
    with jobs.turn(store):
        assert jobs.read_job(store, first).state == "done"
        second = jobs.start_sweep(store, make_spec(points=1, seed=1))
        time.sleep(1.0)
        assert jobs.read_job(store, second).state == "queued"
        assert [job.id for job in jobs.list_jobs(store)] == [second, first]
    assert jobs.wait(store, second, timeout=60).state == "done"
    assert store.jobs_in(["queued", "running"]) == []


def test_threads_of_one_process_take_turns(store):
    inside, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal inside, most
        with jobs.turn(Store(store.home)):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with lock:
                inside -= 1

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert (inside, most) == (0, 1)


def test_the_turn_of_a_process_that_died_passes_on(store):
    code = (
        "import sys, time\nfrom segcore import jobs\nfrom segcore.store.store import Store\nwith jobs.turn(Store(sys.argv[1])):\n"
        "    print('mine', flush=True)\n    time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, store.home], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    with holder:
        assert holder.stdout.readline() == "mine\n"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with jobs.turn(store):
            assert len(store.jobs_in(["queued", "running"])) == 1


def test_waiting_costs_next_to_nothing(store, make_spec, processes, until):
    with jobs.turn(store):
        sweep = jobs.start_sweep(store, make_spec(points=1))
        (supervisor,) = until(lambda: processes("supervisor"))
        time.sleep(0.5)
        before = psutil.Process(supervisor.pid).cpu_times()
        time.sleep(2)
        after = psutil.Process(supervisor.pid).cpu_times()
        assert (after.user + after.system) - (before.user + before.system) < 0.2
    assert jobs.wait(store, sweep, timeout=60).state == "done"
