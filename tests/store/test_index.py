import contextlib
import itertools
import sqlite3
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
    with pytest.raises(StoreError, match="index.db, which lists all .* is damaged .*: move it away"):
        Index(home)
    (home / "index.db").unlink()
    assert Index(home).job_rows() == []


def test_an_index_that_breaks_later_is_told_in_one_sentence(home):
    index = Index(home)
    index._index().execute("drop table jobs")
    with pytest.raises(StoreError, match="cannot be used .*no such table"):
        index.job_rows()


def test_an_emptied_index_is_not_taken_for_a_new_store(home):
    Store(home).put_json([1])
    (home / "index.db").write_bytes(b"")
    with pytest.raises(StoreError, match="is damaged .it is empty.: move it away"):
        Index(home)


def test_an_index_of_a_newer_version_is_refused_and_left_alone(home):
    store = Index(home)
    index = store._index()
    index.execute("pragma user_version = 999")
    with pytest.raises(StoreError, match="made by a newer segcore .version 999 .*: update segcore"):
        Index(home)
    assert index.execute("pragma user_version").fetchone() == (999,)


def test_an_index_of_version_1_gets_what_it_lacks_and_keeps_its_rows(home):
    store = Store(home)
    sweep = store.add_sweep(spec())
    store.name_segment(sweep, "n_clusters=2", 0, "Regulars")
    old = sqlite3.connect(home / "index.db")
    old.executescript("drop table segment_colours; pragma user_version = 1;")
    old.close()

    again = Store(home)

    again.keep_segment_colours(sweep, "n_clusters=2", {0: 3})
    assert again.segment_colours(sweep, "n_clusters=2") == {0: 3}
    assert (again.sweep_ids(), again.segment_names(sweep, "n_clusters=2")) == ([sweep], {0: "Regulars"})


def test_colours_that_are_kept_replace_those_before(home):
    store = Store(home)
    store.keep_segment_colours("s", "n_clusters=3", {0: 1, 2: 0})
    store.keep_segment_colours("s", "n_clusters=2", {0: 5})
    store.keep_segment_colours("s", "n_clusters=3", {1: 2})
    assert store.segment_colours("s", "n_clusters=3") == {1: 2}
    assert store.segment_colours("s", "n_clusters=2") == {0: 5}
    assert store.segment_colours("t", "n_clusters=2") == {}


@pytest.fixture
def clock_going_back(monkeypatch):
    """Have each look at the clock show an hour less."""
    hours = itertools.count()
    monkeypatch.setattr("time.time", lambda: 1e9 - 3600 * next(hours))


def test_jobs_and_sweeps_keep_their_order_while_the_clock_goes_back(home, clock_going_back):
    store = Store(home)
    sweeps = [store.add_sweep(spec(points)) for points in (1, 2, 3)]
    for sweep in sweeps:
        store.put_job(sweep, kind="sweep", title="", spec={}, total=1, state="queued")
    assert store.sweep_ids() == sweeps[::-1]
    assert [row["id"] for row in store.job_rows()] == sweeps[::-1]
    assert [row["id"] for row in store.jobs_in(["queued"])] == sweeps
    store.update_job(sweeps[0], state="running")
    store.queue_again(sweeps[0])
    assert [row["id"] for row in store.jobs_in(["queued"])] == [*sweeps[1:], sweeps[0]]
    store.put_job(sweeps[1], kind="sweep", title="", spec={}, total=1, state="queued")
    assert [row["id"] for row in store.jobs_in(["queued"])] == [sweeps[2], sweeps[0], sweeps[1]]


def test_an_index_from_before_there_were_numbers_keeps_its_order_and_goes_on(home):
    old = sqlite3.connect(home / "index.db")
    old.executescript(
        "create table sweeps (id text primary key, spec text not null, created real not null, preparation text, summary text);"
        "create table jobs (id text primary key, kind text not null, title text not null, spec text not null, state text not null,"
        " created real not null, started real, finished real, total integer not null, progress integer not null default 0,"
        " message text, result text);"
    )
    for name, created in (("c", 1.0), ("a", 3.0), ("b", 2.0)):
        old.execute("insert into sweeps (id, spec, created) values (?, '{}', ?)", (name, created))
        old.execute(
            "insert into jobs (id, kind, title, spec, state, created, total) values (?, 'sweep', '', '{}', 'queued', ?, 1)", (name, created)
        )
    old.commit()
    store = Store(home)
    assert store.sweep_ids() == ["a", "b", "c"]
    assert [row["id"] for row in store.jobs_in(["queued"])] == ["c", "b", "a"]
    new = store.add_sweep(spec())
    store.put_job(new, kind="sweep", title="", spec={}, total=1, state="queued")
    assert store.sweep_ids()[0] == new
    assert [row["id"] for row in Store(home).jobs_in(["queued"])] == ["c", "b", "a", new]


class TestEvidence:
    @pytest.fixture
    def store(self, home):
        return Store(home)

    @pytest.fixture
    def sweep(self, store):
        return store.add_sweep(spec())

    def test_pieces_come_back_by_part_and_number(self, store, sweep):
        assert store.evidence(sweep) == {}
        store.put_evidence(sweep, "resample", 10, {"jaccards": [[0.1, None]]})
        store.put_evidence(sweep, "resample", 9, {"reason": "It died."})
        store.put_evidence(sweep, "placebo", 0, {"silhouettes": [1 / 3]})
        store.put_evidence("another", "placebo", 1, {})
        assert store.evidence(sweep) == {
            "placebo": {0: {"silhouettes": [1 / 3]}},
            "resample": {9: {"reason": "It died."}, 10: {"jaccards": [[0.1, None]]}},
        }
        assert list(store.evidence(sweep)["resample"]) == [9, 10]

    def test_a_piece_that_is_there_is_never_replaced(self, store, sweep):
        store.put_evidence(sweep, "split", 0, {"strengths": [1.0]})
        store.put_evidence(sweep, "split", 0, {"strengths": [0.0]})
        assert store.evidence(sweep) == {"split": {0: {"strengths": [1.0]}}}

    def test_attempts_are_counted_for_each_piece_and_are_no_piece(self, store, sweep):
        assert [store.begin_evidence(sweep, "split", 0) for _ in range(3)] == [1, 2, 3]
        assert store.begin_evidence(sweep, "split", 1) == 1
        assert store.begin_evidence(sweep, "resample", 0) == 1
        assert store.evidence(sweep) == {}
        store.put_evidence(sweep, "split", 0, {"strengths": [1.0]})
        assert store.evidence(sweep) == {"split": {0: {"strengths": [1.0]}}}

    def test_attempts_at_what_is_missing_can_be_forgotten(self, store, sweep):
        store.begin_evidence(sweep, "split", 0)
        store.begin_evidence(sweep, "split", 1)
        store.put_evidence(sweep, "split", 1, {"strengths": [1.0]})
        store.forget_evidence_attempts(sweep)
        assert [store.begin_evidence(sweep, "split", number) for number in range(2)] == [1, 2]
        assert store.evidence(sweep) == {"split": {1: {"strengths": [1.0]}}}

    def test_failed_pieces_are_forgotten_and_the_others_stay(self, store, sweep):
        for position in range(2):
            store.put_solution(sweep, position, point())
        store.put_summary(sweep, {"evidence": {"level": "all"}})
        store.put_evidence(sweep, "split", 0, {"strengths": ["A reason of one point is a result."]})
        store.put_evidence(sweep, "split", 1, {"reason": "It died."})
        assert store.forget_failed(sweep) == 1
        assert store.evidence(sweep) == {"split": {0: {"strengths": ["A reason of one point is a result."]}}}
        assert store.begin_evidence(sweep, "split", 1) == 1
        assert store.is_complete(sweep)
        assert store.forget_failed(sweep) == 0

    def test_with_a_failed_solution_all_evidence_and_the_summary_are_forgotten(self, store, sweep):
        store.put_solution(sweep, 0, point())
        store.put_solution(sweep, 1, Solution(params={}, status="failed", engine="stock", evidence="", seed=0, reason="killed"))
        store.put_summary(sweep, {"evidence": {"level": "all"}})
        store.put_evidence(sweep, "split", 0, {"strengths": [1.0, 1.0]})
        store.put_evidence("another", "split", 0, {"strengths": [1.0]})
        store.forget_failed(sweep)
        assert (store.evidence(sweep), store.evidence_level(sweep), store.positions(sweep)) == ({}, None, {0})
        assert store.evidence("another") == {"split": {0: {"strengths": [1.0]}}}

    def test_the_level_is_that_of_the_summary(self, store, sweep):
        assert store.evidence_level(sweep) is None
        assert store.evidence_level("unknown") is None
        store.put_summary(sweep, {"rows": 4})
        assert store.evidence_level(sweep) is None
        store.put_summary(sweep, {"rows": 4, "evidence": {"level": "auto"}})
        assert store.evidence_level(sweep) == "auto"

    def test_the_counts_change_with_what_the_summary_says(self, store, sweep):
        assert store.evidence_counts("unknown") == store.evidence_counts(sweep) == (0, 0, 0)
        store.put_summary(sweep, {"rows": 4})
        assert store.evidence_counts(sweep) == (0, 0, 0)
        store.put_summary(sweep, {"rows": 4, "evidence": {"level": None, "placebos": 3, "resamples": 2, "splits": 1}})
        assert store.evidence_counts(sweep) == (3, 2, 1)

    def test_a_jobs_row_counts_the_pieces_that_are_there(self, store, sweep):
        store.put_job(sweep, kind="sweep", title="", spec={}, total=2, state="done")
        store.begin_evidence(sweep, "split", 0)
        assert store.job_row(sweep)["gathered"] == 0
        store.put_evidence(sweep, "split", 0, {"strengths": []})
        assert (store.job_row(sweep)["gathered"], store.job_row(sweep)["done"]) == (1, 0)


def test_the_first_use_of_a_store_deletes_what_is_left_over_outside_it(home, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "segcore-0123456789abcdef" / "ray").mkdir(parents=True)
    Index(home)
    assert not (tmp_path / "segcore-0123456789abcdef").exists()


def test_a_job_with_a_damaged_number_is_listed_as_damaged_until_it_is_started_again(home):
    index = Index(home)
    asked = {"kind": "benchmark", "title": "", "spec": {"runs": 1}, "total": 3, "state": "done"}
    for column, value in (("total", "many"), ("created", 1e30), ("started", -1.0), ("created", float("inf"))):
        index.put_job("ab", **asked)
        index._rows(f"update jobs set {column} = ? where id = 'ab'", value)
        (row,) = index.job_rows()
        assert row["spec"] is None and row[column] == 0
    index.put_job("ab", **asked)
    assert (row := index.job_rows()[0])["total"] == 3 and row["spec"] == {"runs": 1}


def test_a_point_at_no_position_is_left_out_and_forgotten_with_what_is_damaged(home):
    store = Store(home)
    sweep = store.add_sweep(spec())
    store.put_solution(sweep, 0, point())
    store._rows("insert into points select sweep, 'abc', record from points")
    assert store.positions(sweep) == {0}
    assert [solution is None for solution in store.sweep(sweep).solutions] == [False, True]
    assert store.forget_damaged(sweep) == 1 and store._rows("select position from points") == [(0,)]
