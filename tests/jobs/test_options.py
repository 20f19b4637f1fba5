"""How a sweep is run travels with its job, and is no part of its id."""

import json

import pytest

from segcore import jobs


@pytest.fixture
def options_seen(act_in_worker, tmp_path):
    """Have workers note the options with which they run a sweep; returns a function that reads the notes."""
    notes = tmp_path / "options.jsonl"
    act_in_worker(
        "import json\n"
        "import segcore.sweeps.run\n"
        "real = segcore.sweeps.run.run_sweep\n"
        "def run_sweep(store, job_id, *, memory, workers, **options):\n"
        f"    with open({str(notes)!r}, 'a') as out:\n"
        "        print(json.dumps([memory, workers]), file=out)\n"
        "    real(store, job_id, memory=memory, **options)\n"
        "segcore.sweeps.run.run_sweep = run_sweep\n"
    )
    return lambda: [json.loads(line) for line in notes.read_text().splitlines()]


def test_memory_and_workers_reach_the_worker_and_change_no_id(store, make_spec, options_seen):
    spec = make_spec(points=2)
    assert jobs.start_sweep(store, spec, memory=123_456_789, workers="elsewhere") == spec.id
    assert jobs.wait(store, spec.id, timeout=60).state == "done"
    assert options_seen() == [[123_456_789, "elsewhere"]]


def test_a_sweep_runs_here_within_what_is_free_where_nothing_is_said(store, make_spec, options_seen):
    jobs.wait(store, jobs.start_sweep(store, make_spec(points=1)), timeout=60)
    assert options_seen() == [[None, "local"]]


def test_a_resumed_sweep_keeps_its_options_and_one_asked_for_anew_takes_the_new_ones(store, make_spec, options_seen, until):
    spec = make_spec(points=40, rows=8_000)
    jobs.start_sweep(store, spec, memory=10**9)
    until(lambda: store.positions(spec.id))
    jobs.cancel(store, spec.id)
    jobs.resume(store, spec.id)
    until(lambda: jobs.read_job(store, spec.id).state == "running" and len(options_seen()) == 2)
    jobs.cancel(store, spec.id)
    jobs.start_sweep(store, spec, memory=2 * 10**9)
    until(lambda: len(options_seen()) == 3)
    assert [memory for memory, _ in options_seen()] == [10**9, 10**9, 2 * 10**9]
