import os
import signal
import threading
import time

from segcore import jobs
from segcore.jobs.locks import job_lock
from segcore.store.file_lock import is_held


def test_cancelling_leaves_no_process_within_two_seconds(store, make_spec, act_in_worker, at_point, processes, until):
    # The worker has started a child of its own, as joblib does.
    act_in_worker("import subprocess\nsubprocess.Popen(['sleep', '600', ])\n" + at_point("time.sleep(600)", [2]))
    sweep = jobs.start_sweep(store, make_spec())
    until(lambda: jobs.read_job(store, sweep).done == 2)
    tree = [*processes(), *(child for process in processes("act.py") for child in process.children(recursive=True))]
    assert len(tree) == 3
    begun = time.monotonic()
    jobs.cancel(store, sweep)
    assert time.monotonic() - begun < 2
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in tree), 0.5)
    job = jobs.read_job(store, sweep)
    assert (job.state, job.done) == ("cancelled", 2)


def test_a_supervisor_that_does_not_listen_is_killed_with_its_worker(store, make_spec, act_in_worker, at_point, processes, until):
    act_in_worker(at_point("time.sleep(600)"))
    sweep = jobs.start_sweep(store, make_spec())
    until(lambda: store.attempts(sweep))
    for process in processes():
        process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    jobs.cancel(store, sweep)
    assert time.monotonic() - begun < 2
    assert processes() == []
    assert jobs.read_job(store, sweep).state == "cancelled"


def test_a_queued_job_is_cancelled_at_once_and_the_running_one_goes_on(store, make_spec, act_in_worker, at_point, until):
    act_in_worker(at_point("time.sleep(0.3)"))
    first = jobs.start_sweep(store, make_spec(points=6))
    until(lambda: jobs.read_job(store, first).state == "running")
    second = jobs.start_sweep(store, make_spec(seed=1))
    jobs.cancel(store, second)
    assert jobs.read_job(store, second).state == "cancelled"
    assert jobs.read_job(store, first).state == "running"
    assert jobs.wait(store, first, timeout=60).state == "done"
    assert store.positions(second) == set()


def test_a_job_that_is_cancelled_while_it_starts_does_not_run(store, make_spec, processes, until):
    for seed in range(4):
        sweep = jobs.start_sweep(store, make_spec(seed=seed, points=100))  # more than a fast machine fits meanwhile
        time.sleep(0.03 * seed)
        jobs.cancel(store, sweep)
        assert jobs.read_job(store, sweep).state == "cancelled"
        until(lambda: processes() == [], seconds=2)  # the system may still list one whose locks are free


def test_a_cancelled_sweep_goes_on_where_it_was(store, make_spec, act_in_worker, at_point, until):
    act_in_worker(at_point("time.sleep(600)", [3]))
    spec = make_spec(points=5)
    sweep = jobs.start_sweep(store, spec)
    until(lambda: jobs.read_job(store, sweep).done >= 2)
    jobs.cancel(store, sweep)
    kept = dict(store._rows("select position, rowid from points where sweep = ?", sweep))
    assert 2 <= len(kept) < 5
    act_in_worker("")
    jobs.start_sweep(store, spec)
    assert jobs.wait(store, sweep, timeout=60).state == "done"
    assert kept.items() <= dict(store._rows("select position, rowid from points where sweep = ?", sweep)).items()


def test_cancelling_what_is_over_changes_nothing(store, make_spec):
    sweep = jobs.start_sweep(store, make_spec(points=1))
    done = jobs.wait(store, sweep, timeout=60)
    jobs.cancel(store, sweep)
    assert jobs.read_job(store, sweep) == done


def test_a_number_left_in_a_lock_that_nobody_holds_is_not_killed(store, make_spec, monkeypatch, until):
    sweep = jobs.start_sweep(store, make_spec(points=1))
    jobs.wait(store, sweep, timeout=60)
    until(lambda: not is_held(job_lock(store, sweep)))
    (store.home / "locks" / f"{sweep}.lock").write_text(f"{os.getpid():>10} {os.getpid():>10}\n")
    store.update_job(sweep, state="running")
    assert jobs.read_job(store, sweep).state == "interrupted"
    signals = []
    monkeypatch.setattr(os, "killpg", lambda *arguments: signals.append(arguments))
    jobs.cancel(store, sweep)
    assert jobs.read_job(store, sweep).state == "cancelled"
    assert signals == []


def test_starting_again_while_it_is_being_cancelled_ends_in_one_running_job(store, make_spec, act_in_worker, at_point, until):
    act_in_worker(at_point("time.sleep(0.2)"))
    spec = make_spec(points=4)
    sweep = jobs.start_sweep(store, spec)
    until(lambda: store.attempts(sweep))
    canceller = threading.Thread(target=jobs.cancel, args=(store, sweep))
    canceller.start()
    until(lambda: store.job_state(sweep) == "cancelled")
    jobs.start_sweep(store, spec)
    canceller.join(10)
    assert jobs.wait(store, sweep, timeout=60).state == "done"
