"""Evidence as the second stage of a sweep's job: asked for at any time, killed, cancelled and continued."""

import os
import signal

import pytest

from segcore import jobs
from segcore.jobs.locks import job_lock, read_processes
from segcore.store.store import Store

FEW = (
    "import os, time\n"
    "from segcore.store.index import Index\n"
    "from segcore.sweeps.evidence import gather\n"
    "gather.PLACEBOS, gather.RESAMPLES, gather.SPLITS, gather.usable_cores = 3, 4, 2, lambda: 1\n"
)


@pytest.fixture
def noted(tmp_path):
    """Return a function that reads the pieces that workers have begun, in order."""
    path = tmp_path / "begun"
    path.touch()

    def read():
        return [(part, int(number)) for part, number in (line.split() for line in path.read_text().splitlines())]

    read.path = path
    return read


@pytest.fixture
def gather_in_worker(act_in_worker, noted):
    """Return a function that has workers gather few pieces, note each, and run a statement at the first two attempts at some."""

    def act(statement="pass", pieces=(), more=""):
        act_in_worker(
            f"{FEW}begin = Index.begin_evidence\n"
            "def begin_evidence(self, sweep_id, part, number):\n"
            "    count = begin(self, sweep_id, part, number)\n"
            f"    with open({str(noted.path)!r}, 'a') as out:\n"
            "        print(part, number, file=out)\n"
            f"    if (part, number) in {list(pieces)!r} and count <= 2:\n"
            f"        {statement}\n"
            "    return count\n"
            f"Index.begin_evidence = begin_evidence\n{more}\n"
        )

    act()
    return act


@pytest.fixture
def spec(make_spec):
    return make_spec(points=2, rows=100, clusters=3)


def rows_of(store, table, sweep_id):
    keys = "part, number" if table == "evidence" else "position, 0"
    return set(store._rows(f"select {keys}, rowid, record from {table} where sweep = ? and record is not null", sweep_id))


def test_a_finished_sweep_gets_evidence_and_keeps_its_solutions(store, spec, gather_in_worker, noted):
    assert jobs.wait(store, jobs.start_sweep(store, spec), timeout=60).to_gather == 0
    assert noted() == []
    solutions = rows_of(store, "points", spec.id)
    jobs.start_sweep(store, spec, evidence="all")
    job = jobs.wait(store, spec.id, timeout=60)
    assert (job.state, job.done, job.total, job.gathered) == ("done", 2, 2, job.to_gather)
    assert len(noted()) == len(set(noted())) == job.to_gather >= 11
    assert job.steps == f"{job.to_gather} of {job.to_gather} pieces of evidence"
    assert rows_of(store, "points", spec.id) == solutions
    assert store.sweep(spec.id).evidence.level == "all"
    for level in ("none", "auto", "all"):
        jobs.start_sweep(store, spec, evidence=level)
        assert jobs.read_job(store, spec.id) == job


def test_more_evidence_can_be_asked_for_while_the_sweep_runs_and_less_changes_nothing(
    store, spec, act_in_worker, at_point, gather_in_worker, until
):
    act_in_worker(FEW + at_point("time.sleep(0.3)"))
    jobs.start_sweep(store, spec)
    until(lambda: store.attempts(spec.id))
    created = jobs.read_job(store, spec.id).created
    jobs.start_sweep(store, spec, evidence="all")
    jobs.start_sweep(store, spec, evidence="none")
    job = jobs.wait(store, spec.id, timeout=60)
    assert (job.state, job.created) == ("done", created)
    assert store.sweep(spec.id).evidence.level == "all"


def test_all_evidence_can_be_asked_for_while_it_is_decided_how_much_is_quick(store, spec, gather_in_worker, tmp_path, until):
    begun = tmp_path / "deciding"
    slow = f"def decide(*_):\n    open({str(begun)!r}, 'w')\n    time.sleep(0.5)\n    return [], 'Too long.'\ngather._affordable = decide"
    gather_in_worker(more=slow)
    jobs.start_sweep(store, spec, evidence="auto")
    until(begun.exists)
    jobs.start_sweep(store, spec, evidence="all")
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    evidence = store.sweep(spec.id).evidence
    assert (evidence.level, evidence.placebos, evidence.resamples, evidence.reason) == ("all", 3, 4, None)


@pytest.mark.parametrize("whom", ["worker", "both"])
def test_evidence_that_is_killed_goes_on_and_computes_nothing_twice(store, spec, gather_in_worker, noted, tmp_path, until, whom):
    once = tmp_path / "once"
    gather_in_worker(f"os.path.exists({str(once)!r}) or (open({str(once)!r}, 'w'), time.sleep(600))", [("resample", 1)])
    jobs.start_sweep(store, spec, evidence="all")
    until(once.exists)
    job = jobs.read_job(store, spec.id)
    assert (job.state, job.gathered, job.steps) == ("running", 5, f"5 of {job.to_gather} pieces of evidence")
    assert job.share_done == 5 / job.to_gather
    solutions, kept = rows_of(store, "points", spec.id), rows_of(store, "evidence", spec.id)
    supervisor, worker = read_processes(job_lock(store, spec.id))
    for victim in [worker] if whom == "worker" else [supervisor, worker]:
        os.kill(victim, signal.SIGKILL)
    if whom == "both":
        until(lambda: jobs.read_job(store, spec.id).state == "interrupted")
        assert jobs.resume_interrupted(Store(store.home)) == [spec.id]
    job = jobs.wait(store, spec.id, timeout=60)
    assert (job.state, job.gathered) == ("done", job.to_gather)
    assert noted().count(("resample", 1)) == 2
    assert len(noted()) == len(set(noted())) + 1
    assert rows_of(store, "points", spec.id) == solutions
    assert kept < rows_of(store, "evidence", spec.id)
    evidence = store.sweep(spec.id).evidence
    assert (evidence.level, evidence.resamples, evidence.reason) == ("all", 4, None)


def test_a_piece_that_kills_its_worker_twice_is_left_out_and_tried_again_when_the_job_is_resumed(store, spec, gather_in_worker, noted):
    gather_in_worker("os.abort()", [("resample", 1)])
    jobs.start_sweep(store, spec, evidence="all")
    assert jobs.wait(store, spec.id, timeout=100).state == "done"
    evidence = store.sweep(spec.id).evidence
    assert (evidence.level, evidence.resamples) == ("all", 3)
    assert evidence.reason.startswith("Its process died 2 times.")
    gather_in_worker()
    before = len(noted())
    jobs.resume(store, spec.id)
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    assert noted()[before:] == [("resample", 1)]
    evidence = store.sweep(spec.id).evidence
    assert (evidence.resamples, evidence.reason) == (4, None)


@pytest.mark.parametrize("how", ["started again", "resumed"])
def test_cancelled_evidence_goes_on_and_no_piece_is_blamed(store, spec, gather_in_worker, noted, until, how):
    gather_in_worker("time.sleep(600)", [("split", 0)])
    jobs.start_sweep(store, spec, evidence="all")
    for times in (1, 2, 3):
        until(lambda times=times: noted().count(("split", 0)) == times)
        jobs.cancel(store, spec.id)
        job = jobs.read_job(store, spec.id)
        assert (job.state, job.steps) == ("cancelled", f"8 of {job.to_gather} pieces of evidence")
        assert store.is_complete(spec.id)
        assert store.sweep(spec.id).evidence is None or store.sweep(spec.id).evidence.level is None
        if times == 3:
            gather_in_worker()
        if how == "resumed":
            jobs.resume(store, spec.id)
        else:
            jobs.start_sweep(store, spec, evidence="all")
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    assert all(noted().count(piece) == 1 for piece in noted() if piece != ("split", 0))
    evidence = store.sweep(spec.id).evidence
    assert (evidence.level, evidence.splits, evidence.reason) == ("all", 2, None)


def test_a_cancelled_sweep_keeps_what_was_asked_for(store, spec, act_in_worker, at_point, until):
    act_in_worker(FEW + at_point("time.sleep(600)", [1]))
    jobs.start_sweep(store, spec, evidence="all")
    until(lambda: 1 in store.attempts(spec.id))
    jobs.cancel(store, spec.id)
    act_in_worker(FEW)
    jobs.resume(store, spec.id)
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    assert store.sweep(spec.id).evidence.level == "all"


def test_another_sweep_need_not_wait_for_a_piece_of_evidence_which_goes_on_afterwards(
    store, spec, make_spec, gather_in_worker, noted, until
):
    gather_in_worker("time.sleep(600)", [("placebo", 1)])
    jobs.start_sweep(store, spec, evidence="all")
    for seed in (7, 8):
        until(lambda seed=seed: noted().count(("placebo", 1)) == seed - 6)
        other = jobs.start_sweep(store, make_spec(points=2, seed=seed))
        assert jobs.wait(store, other, timeout=60).state == "done"
        assert store.evidence_level(spec.id) is None
    until(lambda: noted().count(("placebo", 1)) == 3)
    jobs.cancel(store, spec.id)
    gather_in_worker()
    jobs.resume(store, spec.id)
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    evidence = store.sweep(spec.id).evidence
    assert (evidence.level, evidence.placebos, evidence.reason) == ("all", 3, None)
    assert all(noted().count(piece) == 1 for piece in noted() if piece != ("placebo", 1))


def test_two_that_only_gather_evidence_run_one_after_the_other(store, make_spec, gather_in_worker, noted, until):
    specs = [make_spec(points=2, rows=100, clusters=3, seed=seed) for seed in (0, 1)]
    for spec in specs:
        jobs.wait(store, jobs.start_sweep(store, spec), timeout=60)
    gather_in_worker("time.sleep(0.5)", [("placebo", 0)])
    for spec in specs:
        jobs.start_sweep(store, spec, evidence="all")
    first, second = (jobs.wait(store, spec.id, timeout=60) for spec in specs)
    assert (first.state, second.state) == ("done", "done")
    assert first.finished <= second.started
