"""Want of memory: what cannot be had costs the unit that needs it, which says so, and nothing else."""

import resource
import signal
import sys
from dataclasses import replace

import pytest

from segcore import jobs
from segcore.jobs import start
from segcore.jobs.deaths import Death


@pytest.fixture
def kernel_kills(act_in_worker, at_point, tmp_path, monkeypatch):
    """Return a function that has workers killed when they begin certain points, as the kernel does for want of memory."""

    def kill(positions):
        act_in_worker(at_point("os.kill(os.getpid(), signal.SIGKILL)", positions))
        counting = tmp_path / "worker" / "count.py"
        counting.write_text(
            "import itertools, runpy, sys\n"
            "import segcore.system.machine\n"
            "segcore.system.machine.oom_kills = itertools.count().__next__\n"
            "sys.argv = sys.argv[1:]\n"
            "runpy.run_path(sys.argv[0], run_name='__main__')\n"
        )
        monkeypatch.setattr(start, "SUPERVISOR", (sys.executable, str(counting), start.SUPERVISOR[1]))

    return kill


def names_memory_and_what_to_change(reason):
    return "out of memory" in reason and "SIGKILL" in reason and "fewer rows" in reason and "resume the sweep" in reason


def test_a_point_that_the_system_kills_for_want_of_memory_fails_after_two_tries_and_the_rest_goes_on(store, make_spec, kernel_kills):
    kernel_kills([1])
    sweep = jobs.start_sweep(store, make_spec(points=4))
    assert jobs.wait(store, sweep, timeout=100).state == "done"
    found = store.sweep(sweep)
    assert [solution.status for solution in found.solutions] == ["ok", "failed", "ok", "ok"]
    assert names_memory_and_what_to_change(found.solutions[1].reason)
    begun = dict(store._rows("select position, count from attempts where sweep = ?", sweep))
    assert (begun[1], begun[2], begun[3]) == (2, 1, 1)


def test_a_shared_unit_that_is_killed_gives_up_its_own_points_only(store, make_spec, kernel_kills):
    points = tuple({"n_clusters": k, "tol": tol} for k in (3, 4, 5) for tol in (1e-3, 1e-4))
    kernel_kills([2, 3])
    sweep = jobs.start_sweep(store, replace(make_spec(), engine="shared", points=points))
    assert jobs.wait(store, sweep, timeout=100).state == "done"
    found = store.sweep(sweep).solutions
    assert [solution.status for solution in found if solution.params["n_clusters"] != 4] == ["ok"] * 4
    given_up = [solution for solution in found if solution.params["n_clusters"] == 4]
    assert [solution.status for solution in given_up] == ["failed"] * 2
    assert all(names_memory_and_what_to_change(solution.reason) for solution in given_up)


def test_a_point_that_cannot_have_its_memory_fails_in_a_worker_that_lives_on(store, make_spec, act_in_worker, at_point):
    """A real limit: 64 million neighbours are found where half a gigabyte can be taken."""
    act_in_worker(
        at_point(
            "import psutil, resource; most = psutil.Process().memory_info().vms + (500 << 20); "
            "resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))"
        )
    )
    points = tuple({"min_samples": 5, "eps": eps} for eps in (0.1, 100.0, 0.2))
    sweep = jobs.start_sweep(store, replace(make_spec(rows=8_000), algorithm="dbscan", points=points))
    assert jobs.wait(store, sweep, timeout=100).state == "done"
    found = store.sweep(sweep).solutions
    assert [solution.status for solution in found] == ["ok", "failed", "ok"]
    assert "not enough memory" in found[1].reason
    assert dict(store._rows("select position, count from attempts where sweep = ?", sweep)) == {0: 1, 1: 1, 2: 1}


def test_a_point_that_would_not_fit_into_the_memory_given_fails_before_it_is_tried(store, make_spec):
    points = tuple({"min_samples": 5, "eps": eps} for eps in (0.1, 100.0))
    spec = replace(make_spec(rows=8_000), algorithm="dbscan", points=points)
    sweep = jobs.start_sweep(store, spec, memory=600 << 20)
    assert jobs.wait(store, sweep, timeout=100).state == "done"
    fits, too_large = store.sweep(sweep).solutions
    assert fits.status == "ok"
    assert too_large.status == "failed"
    assert "eps = 100" in too_large.reason and "choose a smaller eps" in too_large.reason


@pytest.mark.parametrize(("free", "killed_for_it"), [(1 << 30, True), (8 << 30, False), (None, False)])
def test_a_kill_with_most_of_what_was_free_is_taken_for_want_of_memory(free, killed_for_it):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with_one_gib = resource.struct_rusage((*usage[:2], 1 << 20, *usage[3:]))
    assert Death.of(-signal.SIGKILL, with_one_gib, out_of_memory=False, free_bytes=free).out_of_memory is killed_for_it
    assert not Death.of(-signal.SIGSEGV, with_one_gib, out_of_memory=True, free_bytes=free).out_of_memory
