import signal

import pytest

from segcore import jobs
from segcore.jobs.deaths import Death, Deaths


def test_a_point_at_which_the_worker_aborts_twice_is_failed_and_the_others_are_there(store, make_spec, act_in_worker, at_point):
    act_in_worker(at_point("os.abort()", [2]))
    sweep = jobs.start_sweep(store, make_spec(points=5))
    job = jobs.wait(store, sweep, timeout=100)
    assert (job.state, job.done) == ("done", 5)
    found = store.sweep(sweep)
    assert [solution.status for solution in found.solutions] == ["ok", "ok", "failed", "ok", "ok"]
    assert "SIGABRT" in found.solutions[2].reason and "peak memory of" in found.solutions[2].reason
    assert found.summary["recommended"]
    begun = dict(store._rows("select position, count from attempts where sweep = ?", sweep))
    # Points 0 and 1 may have waited to be measured together with 2 when the worker died.
    assert (begun[2], begun[3], begun[4]) == (2, 1, 1) and max(begun.values()) == 2


def test_failed_points_are_tried_again_when_asked_for(store, make_spec, act_in_worker, at_point):
    act_in_worker(at_point("os.abort()", [1]))
    spec = make_spec(points=3)
    sweep = jobs.start_sweep(store, spec)
    jobs.wait(store, sweep, timeout=60)
    assert store.sweep(sweep).solutions[1].status == "failed"
    assert jobs.start_sweep(store, spec) == sweep  # a failed point is an answer, too
    assert jobs.read_job(store, sweep).state == "done"
    act_in_worker("")
    jobs.resume(store, sweep)
    job = jobs.wait(store, sweep, timeout=60)
    assert job.state == "done"
    assert [solution.status for solution in store.sweep(sweep).solutions] == ["ok"] * 3
    jobs.resume(store, sweep)
    assert jobs.read_job(store, sweep) == job


def test_a_point_that_kills_once_gets_another_chance(store, make_spec, act_in_worker, tmp_path, at_point):
    once = at_point(f"os.path.exists({str(tmp_path / 'once')!r}) or (open({str(tmp_path / 'once')!r}, 'w'), os.kill(os.getpid(), 11))", [1])
    act_in_worker(once)
    sweep = jobs.start_sweep(store, make_spec(points=3))
    assert jobs.wait(store, sweep, timeout=60).state == "done"
    assert [solution.status for solution in store.sweep(sweep).solutions] == ["ok"] * 3


def test_a_worker_that_leaves_with_an_exit_code_is_a_death_too(store, make_spec, act_in_worker, at_point):
    act_in_worker(at_point("os._exit(7)", [0]))
    sweep = jobs.start_sweep(store, make_spec(points=2))
    jobs.wait(store, sweep, timeout=60)
    assert [solution.status for solution in store.sweep(sweep).solutions] == ["failed", "ok"]
    assert "exit code 7" in store.sweep(sweep).solutions[0].reason


def test_a_worker_that_never_reaches_a_point_fails_the_job_with_a_message(store, make_spec, act_in_worker):
    act_in_worker("import os\nprint('about to abort', flush=True)\nos.abort()")
    job = jobs.wait(store, jobs.start_sweep(store, make_spec()), timeout=60)
    assert job.state == "failed"
    assert "SIGABRT" in job.message and "3 times in a row" in job.message and str(job.log) in job.message
    assert job.log.read_text().count("about to abort") == 3


def test_a_bug_in_the_worker_shows_no_traceback_to_users_but_keeps_it(store, make_spec, act_in_worker):
    act_in_worker("raise ZeroDivisionError('a bug')")
    job = jobs.wait(store, jobs.start_sweep(store, make_spec()), timeout=60)
    assert job.state == "failed"
    assert "Traceback" not in job.message
    assert "ZeroDivisionError: a bug" in job.log.read_text()


def test_a_benchmark_that_cannot_be_run_fails_with_its_sentence(store):
    job_id = jobs.start_benchmark(store, {"nonsense": True}, title="Benchmark of nothing", total=4)
    job = jobs.wait(store, job_id, timeout=60)
    assert (job.kind, job.title, job.state) == ("benchmark", "Benchmark of nothing", "failed")
    assert job.message and "Traceback" not in job.message


def test_two_deaths_at_a_point_give_it_up_and_no_more_is_blamed_on_the_job():
    deaths = Deaths()
    for count in range(3):
        assert not deaths.is_hopeless(Death(-signal.SIGSEGV, 2**30), [4], advanced=False)
        assert (4 in deaths.given_up) == (count >= 1)
    assert (
        "3 times while computing this solution; the last time it was ended by SIGSEGV, with a peak memory of 1,024 MiB."
        in deaths.given_up[4]
    )


@pytest.mark.parametrize(("out_of_memory", "patience"), [(True, 2), (False, 6)])
def test_a_point_bears_more_kills_by_somebody_else_than_deaths_of_its_own(out_of_memory, patience):
    deaths, death = Deaths(), Death(-signal.SIGKILL, 2**20, out_of_memory)
    given_up = []
    for _ in range(patience):
        deaths.is_hopeless(death, [4], advanced=False)
        given_up.append(4 in deaths.given_up)
    assert given_up == [False] * (patience - 1) + [True]
    assert "SIGKILL" in deaths.given_up[4]


def test_progress_between_deaths_starts_the_count_anew():
    deaths, death = Deaths(), Death(1, 2**20)
    assert not deaths.is_hopeless(death, [], advanced=False)
    assert not deaths.is_hopeless(death, [], advanced=False)
    assert not deaths.is_hopeless(death, [], advanced=True)
    assert [deaths.is_hopeless(death, [], advanced=False) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(("out_of_memory", "patience"), [(True, 3), (False, 25)])
def test_kills_from_outside_are_borne_longer_than_want_of_memory(out_of_memory, patience):
    deaths, death = Deaths(), Death(-signal.SIGKILL, 2**20, out_of_memory)
    answers = [deaths.is_hopeless(death, [], advanced=False) for _ in range(patience)]
    assert answers == [False] * (patience - 1) + [True]
    assert ("out of memory" in death.sentence) == out_of_memory
