import json
import os
import subprocess
import sys
import threading
import time

import pytest

from segcore import jobs
from segcore.errors import JobError, StoreError
from segcore.jobs import start, worker
from segcore.jobs.locks import job_lock, starting
from segcore.store.file_lock import take
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.system.child_process import CHECKOUT
from segcore.wording.findings import sentence


@pytest.mark.fresh_processes
def test_a_sweep_runs_to_its_end_in_processes_of_its_own(store, make_spec, processes, until):
    spec = make_spec(points=3)
    sweep = jobs.start_sweep(store, spec)
    assert sweep == spec.id
    seen = []
    job = jobs.wait(store, sweep, on_progress=seen.append, timeout=60)
    assert (job.state, job.done, job.total, job.message) == ("done", 3, 3, None)
    assert job.created <= job.started <= job.finished
    assert {found.state for found in seen} <= {"queued", "running", "done"}
    assert seen[0].state != "done"
    found = store.sweep(sweep)
    assert [solution.status for solution in found.solutions] == ["ok"] * 3
    assert found.summary["rows"] == 300
    until(lambda: processes() == [])


def test_a_complete_sweep_is_answered_without_a_process(store, make_spec, monkeypatch):
    spec = make_spec(points=1)
    jobs.wait(store, jobs.start_sweep(store, spec), timeout=60)
    assert store.is_complete(spec.id)
    monkeypatch.setattr(start, "SUPERVISOR", ("/no/such/program",))
    created = jobs.read_job(store, spec.id).created
    assert jobs.start_sweep(store, spec) == spec.id
    job = jobs.read_job(store, spec.id)
    assert (job.state, job.created) == ("done", created)


def test_a_complete_sweep_without_a_job_gets_one_that_is_done(store, make_spec, monkeypatch):
    spec = make_spec(points=1)
    jobs.wait(store, jobs.start_sweep(store, spec), timeout=60)
    store.drop_job(spec.id)
    monkeypatch.setattr(start, "SUPERVISOR", ("/no/such/program",))
    jobs.start_sweep(store, spec)
    job = jobs.read_job(store, spec.id)
    assert (job.state, job.done, job.total) == ("done", 1, 1)


def test_two_who_ask_for_the_same_sweep_at_once_share_one_job(store, make_spec, processes):
    spec = make_spec(points=8, rows=6_000)
    found = []
    askers = [threading.Thread(target=lambda: found.append(jobs.start_sweep(Store(store.home), spec))) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(30)
    assert found == [spec.id] * 6
    assert len(processes("supervisor")) == 1
    assert len(jobs.list_jobs(store)) == 1
    jobs.wait(store, spec.id, timeout=60)
    assert set(store.attempts(spec.id)) == set()
    counts = {count for (count,) in store._rows("select count from attempts where sweep = ?", spec.id)}
    assert counts == {1}


def test_two_processes_that_ask_at_once_share_one_job(store, make_spec):
    spec = make_spec(points=4)
    store.add_sweep(spec)
    code = (
        "import sys\nfrom segcore import jobs\nfrom segcore.store.store import Store\n"
        "store = Store(sys.argv[1])\nprint(jobs.start_sweep(store, store.spec(sys.argv[2])))"
    )
    askers = [
        subprocess.Popen([sys.executable, "-c", code, store.home, spec.id], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        for _ in range(3)
    ]
    assert [asker.communicate(timeout=60)[0].strip() for asker in askers] == [spec.id] * 3
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    assert {count for (count,) in store._rows("select count from attempts where sweep = ?", spec.id)} == {1}


def test_the_pace_gives_the_time_that_is_left_once_there_is_a_point(store, make_spec, act_in_worker, at_point):
    # Solutions that come quickly are measured together, so slow ones are needed to see some there and some not.
    act_in_worker(at_point("time.sleep(1.1)"))
    sweep = jobs.start_sweep(store, make_spec(points=4))
    seen = []
    jobs.wait(store, sweep, on_progress=seen.append, timeout=60)
    assert all(job.seconds_left is None for job in seen if job.done == 0 or job.state != "running")
    left = [job.seconds_left for job in seen if job.state == "running" and 0 < job.done < 4]
    assert left and all(0 < seconds < 60 for seconds in left)


def test_a_sweep_that_cannot_be_run_as_a_whole_fails_with_its_sentence_and_at_once(store, make_spec, monkeypatch):
    spec = make_spec(points=2)
    store.object_path(spec.table).unlink()
    monkeypatch.setattr(start, "load_damaged_again", lambda *_: None)
    job = jobs.wait(store, jobs.start_sweep(store, spec), timeout=60)
    assert job.state == "failed"
    assert job.message == sentence(job.finding) and job.finding.values == {"what": "table", "data": "random"}
    assert job.log.read_text() == ""
    with pytest.raises(JobError, match="The features of random are missing or damaged"):
        job.raise_finding()


def test_a_sweep_of_damaged_data_that_nobody_can_load_again_is_not_started(store, make_spec):
    spec = make_spec(points=2)
    store.object_path(spec.table).unlink()
    with pytest.raises(StoreError, match="load the data again"):
        jobs.start_sweep(store, spec)
    assert store.job_state(spec.id) is None


def test_a_solution_that_a_worker_made_again_is_kept_by_those_who_waited_to_start(store, make_spec):
    spec = make_spec(points=1)
    run_sweep(store, store.add_sweep(spec))
    labels = store.object_path(json.loads(store._one("select record from points")[0])["labels"])
    sound = labels.read_bytes()
    labels.unlink()
    asker = threading.Thread(target=lambda: jobs.start_sweep(Store(store.home), spec))
    with starting(store):
        asker.start()
        asker.join(0.5)  # long enough to see the damage, if it looked now
        assert asker.is_alive()
        labels.write_bytes(sound)
        at_work = take(job_lock(store, spec.id))
        store.put_job(spec.id, kind="sweep", title="", spec={}, total=1, state="running")
    asker.join(30)
    os.close(at_work)
    assert store.solution(spec.id, 0).labels is not None


def test_what_is_asked_before_the_start_of_a_sweep_can_refuse_it(store, make_spec):
    spec = make_spec(points=1)

    def refuse(complete):
        raise JobError(f"complete: {complete}")

    with pytest.raises(JobError, match="complete: False"):
        jobs.start_sweep(store, spec, before=refuse)
    assert store.job_state(spec.id) is None
    run_sweep(store, spec.id)
    with pytest.raises(JobError, match="complete: True"):
        jobs.start_sweep(store, spec, before=refuse)
    store.object_path(json.loads(store._one("select record from points")[0])["labels"]).unlink()
    with pytest.raises(JobError, match="complete: False"):
        jobs.start_sweep(store, spec, before=refuse)


def test_what_workers_print_goes_to_the_log(store, make_spec, act_in_worker):
    act_in_worker("print('hello from the worker', flush=True)")
    job = jobs.wait(store, jobs.start_sweep(store, make_spec(points=1)), timeout=60)
    assert job.state == "done"
    assert "hello from the worker" in job.log.read_text()


def test_where_no_process_can_be_started_the_job_says_so(store, make_spec, monkeypatch):
    monkeypatch.setattr(start, "SUPERVISOR", ("/no/such/program",))
    spec = make_spec()
    with pytest.raises(JobError, match="No process could be started"):
        jobs.start_sweep(store, spec)
    assert jobs.read_job(store, spec.id).state == "failed"


def test_a_store_that_cannot_take_a_lock_is_told_in_one_sentence(store, make_spec):
    spec = make_spec()
    (store.home / "locks").write_text("a file where a folder is needed")
    with pytest.raises(StoreError, match="cannot be used"):
        jobs.start_sweep(store, spec)


def test_an_index_that_is_read_only_is_told_in_one_sentence(store, make_spec):
    spec = make_spec()
    store._index().execute("pragma query_only = on")
    with pytest.raises(StoreError, match="cannot be used .*readonly"):
        jobs.start_sweep(store, spec)
    store._index().execute("pragma query_only = off")


def test_an_unknown_job_is_told_in_one_sentence(store):
    for ask in (jobs.read_job, jobs.cancel, jobs.resume):
        with pytest.raises(StoreError, match="There is no job 'none'"):
            ask(store, "none")


def test_the_supervisor_needs_no_numerical_library():
    code = "import sys, segcore.jobs.supervisor, segcore.jobs; print(sorted({'numpy', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, check=True)
    assert found.stdout.strip() == "[]"


def test_waiting_ends_when_the_time_is_up(store, make_spec, act_in_worker, at_point):
    act_in_worker(at_point("time.sleep(60)"))
    sweep = jobs.start_sweep(store, make_spec())
    begun = time.monotonic()
    assert jobs.wait(store, sweep, timeout=0.5).state in ("queued", "running")
    assert time.monotonic() - begun < 3


def test_a_thread_that_a_worker_may_not_start_is_its_jobs_message(store, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    store.put_job("ab", kind="sweep", title="", spec={}, total=1, state="running")
    monkeypatch.setattr("segcore.jobs.worker.watch_parent", lambda _: None)
    monkeypatch.setattr("segcore.jobs.worker._work", lambda *_: threading.Thread(target=print).start())
    monkeypatch.setattr("threading._start_new_thread", refuse)
    assert worker.main([str(store.home), "ab", "0"]) == 2
    assert "No more processes or threads can be started" in store.job_row("ab")["message"]
