import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from segcore.errors import StoreError
from segcore.records.plan import Plan
from segcore.records.solution import Solution
from segcore.records.sweep import SweepSpec
from segcore.store.index import Index
from segcore.store.store import Store

ROOT = Path(__file__).resolve().parents[2]


def spec(points=2):
    return SweepSpec(
        table="t.json",
        data={},
        plan=Plan(("a",), scaler="none"),
        algorithm="kmeans",
        points=tuple({"n_clusters": k + 1} for k in range(points)),
        engine="stock",
        versions={},
    )


def point():
    return Solution(params={}, status="skipped", engine="stock", evidence="", seed=0, reason="none")


def test_the_index_needs_no_numerical_library():
    code = "import sys, segcore.store.index; print(sorted({'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout == "[]\n"


def test_many_processes_can_open_a_new_store_at_once(home):
    code = (
        "import sys\nfrom segcore.store.index import Index\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        "Index(sys.argv[1]).put_job(sys.argv[2], kind='sweep', title='', spec={}, total=1, state='done')"
    )
    commands = [[sys.executable, "-c", code, str(home / "new"), f"job {number}"] for number in range(6)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with contextlib.ExitStack() as ended:
        openers = [ended.enter_context(subprocess.Popen(command, **pipes)) for command in commands]
        assert [opener.stdout.readline() for opener in openers] == ["ready\n"] * 6
        for opener in openers:
            opener.stdin.write("go\n")
            opener.stdin.flush()
        assert [opener.wait(60) for opener in openers] == [0] * 6
    assert len(Index(home / "new").job_rows()) == 6


def test_a_sweep_is_complete_with_all_its_points_and_its_summary(home):
    store = Store(home)
    sweep = store.add_sweep(spec())
    assert not store.is_complete(sweep)
    for position in range(2):
        store.put_solution(sweep, position, point())
    assert not store.is_complete(sweep)
    store.put_summary(sweep, {"rows": 1})
    assert store.is_complete(sweep)
    assert not store.is_complete("unknown")


def test_attempts_are_those_at_points_without_a_solution(home):
    store = Store(home)
    sweep = store.add_sweep(spec())
    for position in (0, 1, 1):
        store.begin_attempt(sweep, position)
    assert store.attempts(sweep) == {0: 1, 1: 2}
    store.put_solution(sweep, 0, point())
    assert store.attempts(sweep) == {1: 2}


def test_a_job_is_only_changed_from_the_states_that_are_named(home):
    index = Index(home)
    index.put_job("a", kind="sweep", title="", spec={}, total=1, state="queued")
    assert index.update_job("a", only_from=["queued", "running"], state="cancelled")
    assert not index.update_job("a", only_from=["queued", "running"], state="done")
    assert index.job_state("a") == "cancelled"
    assert not index.update_job("b", state="done")
    assert index.job_state("b") is None
    with pytest.raises(ValueError, match="A job has no"):
        index.update_job("a", colour="red")


def test_jobs_are_given_in_the_order_of_the_queue(home):
    index = Index(home)
    for name, state in (("c", "queued"), ("a", "done"), ("b", "queued"), ("d", "running")):
        index.put_job(name, kind="sweep", title="", spec={}, total=1, state=state)
    assert [row["id"] for row in index.jobs_in(["queued", "running"])] == ["c", "b", "d"]
    index.drop_job("b")
    assert [row["id"] for row in index.jobs_in(["queued"])] == ["c"]


def test_jobs_are_found_by_the_beginning_of_their_id_but_not_those_that_only_keep_a_place(home):
    index = Index(home)
    for name, kind in (("abc", "sweep"), ("abd", "benchmark"), ("abe", "turn")):
        index.put_job(name, kind=kind, title="", spec={}, total=1, state="done")
    assert sorted(index.job_ids("ab")) == ["abc", "abd"]
    assert index.job_ids("ABC") == ["abc"]
    assert index.job_ids("%") == index.job_ids("abe") == []


def test_an_index_that_is_no_database_is_told_in_one_sentence(home):
    (home / "index.db").write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Index(home)


def test_an_index_that_breaks_later_is_told_in_one_sentence(home):
    index = Index(home)
    index._index().execute("drop table jobs")
    with pytest.raises(StoreError, match="cannot be used .*no such table"):
        index.job_rows()
