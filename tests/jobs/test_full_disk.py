"""Jobs whose disk fills up while they run."""

import signal

import pytest

from segcore import jobs
from segcore.errors import DiskError
from segcore.jobs.deaths import Death, Deaths
from segcore.jobs.supervisor import Supervision

FULL_AFTER_ONE = """
from segcore.store import store
real = store.Store.put_solution
def no_space(self, content, suffix, **more):
    raise store.store_error(OSError(28, "No space left on device"), self.home, needed=len(content))
def put_solution(*arguments):
    real(*arguments)
    store.Store.put_bytes = no_space
store.Store.put_solution = put_solution
"""


def test_a_sweep_whose_disk_fills_up_is_interrupted_and_goes_on_where_it_was(store, make_spec, act_in_worker):
    act_in_worker(FULL_AFTER_ONE)
    spec = make_spec(points=4)
    sweep = jobs.start_sweep(store, spec)
    job = jobs.wait(store, sweep, timeout=60)
    assert job.state == "interrupted" and f"The disk with SEGCORE_HOME ({store.home}) is full" in job.message
    kept = [solution and solution.status for solution in store.sweep(sweep).solutions]
    assert kept.count("ok") == 1 and set(kept) == {"ok", None}
    assert "Traceback" not in job.log.read_text()
    assert jobs.list_jobs(store)[0] == job
    act_in_worker("")
    assert jobs.start_sweep(store, spec) == sweep
    assert (jobs.wait(store, sweep, timeout=60).state, jobs.read_job(store, sweep).message) == ("done", None)
    assert [solution.status for solution in store.sweep(sweep).solutions] == ["ok"] * 4


def test_no_point_is_blamed_for_a_worker_that_dies_on_a_full_disk(store, make_spec, monkeypatch):
    # As libraries do whose files cannot be written: without the exit code that a worker has for this.
    sweep = store.add_sweep(make_spec(points=3))
    store.put_job(sweep, kind="sweep", title="", spec={}, total=3, state="running")
    supervision = Supervision(store, sweep, lock=0)

    def die(self, kind):
        store.begin_attempt(sweep, 1)
        return -signal.SIGABRT, Death(-signal.SIGABRT, 2**30)

    monkeypatch.setattr(Supervision, "_work", die)
    monkeypatch.setattr("segcore.jobs.supervisor.disk_problem", lambda home: DiskError("The disk is full."))
    with pytest.raises(DiskError, match="The disk is full"):
        supervision.run()
    assert supervision.deaths == Deaths()
