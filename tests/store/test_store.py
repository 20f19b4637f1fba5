import contextlib
import errno
import gc
import multiprocessing
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from segcore.errors import DiskError, MemoryLimitError, SegcoreError, StoreError
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.records.grid import point_key
from segcore.records.plan import Plan
from segcore.records.preparation import Preparation
from segcore.records.purchases import Purchases
from segcore.records.solution import Solution
from segcore.records.sweep import Recommendation, SweepSpec
from segcore.store.damage import is_damage
from segcore.store.index import default_home
from segcore.store.store import Store
from segcore.system.child_process import CHECKOUT
from segcore.system.private_files import temporary_file

LABELS, OTHERS = np.array([0, 1, 1, -1], dtype=np.int32), np.array([1, 0, 0, 0], dtype=np.int32)


@pytest.fixture
def store(home):
    return Store()


def spec(seed=0, points=3):
    return SweepSpec(
        table="t.json",
        data={"fingerprint": "f", "filters": []},
        plan=Plan(("a",), seed=seed),
        algorithm="kmeans",
        points=tuple({"n_clusters": k + 2} for k in range(points)),
        engine="stock",
        versions={},
    )


def solution(k=2, labels=LABELS):
    return Solution.from_labels(
        labels, params={"n_clusters": k}, engine="stock", evidence="proof", seed=0, arrays={"centres": np.array([[1 / 3], [2.0]])}
    )


def test_the_home_is_the_one_asked_for(home):
    assert default_home() == home
    assert Store().home == home


def test_without_a_wish_the_home_is_the_users_data_directory(monkeypatch):
    monkeypatch.delenv("SEGCORE_HOME")
    assert default_home().name == "segcore"


def test_a_home_that_cannot_be_written_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used .* set SEGCORE_HOME"):
        Store(tmp_path / "file" / "below")


def test_equal_content_is_one_object_and_comes_back_unchanged(store):
    array = np.array([[1 / 3, -0.0], [np.pi, 1e300]])
    name = store.put_array(array)
    assert store.put_array(array.copy()) == name
    assert store.array(name).tobytes() == array.tobytes()
    assert not list((store.home / "objects").rglob("*.tmp"))


def test_an_object_array_is_never_pickled(store):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.put_array(np.array(["text", None], dtype=object))


def test_a_lost_object_is_told_in_one_sentence(store):
    name = store.put_array(LABELS)
    store.object_path(name).unlink()
    with pytest.raises(StoreError, match="missing or damaged in the store"):
        store.array(name)


@pytest.mark.parametrize("size", [0, 40])
def test_an_object_that_was_cut_short_is_told_and_written_again(store, size):
    name = store.put_array(LABELS)
    os.truncate(store.object_path(name), size)
    with pytest.raises(StoreError, match="missing or damaged in the store"):
        store.array(name)
    assert store.put_array(LABELS) == name
    np.testing.assert_array_equal(store.array(name), LABELS)


def test_a_folder_in_place_of_an_object_is_damage_and_written_over(store):
    name = store.put_array(LABELS)
    path = store.object_path(name)
    path.unlink()
    (path / "inside").mkdir(parents=True)
    with pytest.raises(StoreError, match="missing or damaged in the store"):
        store.array(name)
    assert store.put_array(LABELS) == name
    np.testing.assert_array_equal(store.array(name), LABELS)


OF_LABELS = [
    "'$.solution.segments', json('[0]'), '$.solution.sizes', json('[3]')",
    "'$.solution.sizes', json('[2,1]')",
    "'$.solution.segments', json('[0,7]')",
    "'$.solution.n_noise', 2, '$.solution.sizes', json('[1,1]')",
]
OF_OTHERS = ["'$.arrays', json('{}')", "'$.solution.params', json('{}')", "'$.solution.seed', 1"]


# Earlier versions kept no digest: of what they stored, only the labels can be compared.
@pytest.mark.parametrize(
    ("record", "damage"),
    [
        *(("record", damage) for damage in (*OF_LABELS, *OF_OTHERS)),
        *(("json_remove(record, '$.sha256')", damage) for damage in OF_LABELS),
    ],
)
def test_a_solution_that_is_not_the_one_stored_is_damaged(record, damage, store):
    sweep = store.add_sweep(spec())
    store.put_solution(sweep, 0, solution())
    with store._write() as index:
        index.execute(f"update points set record = json_set({record}, {damage})")
    with pytest.raises(StoreError, match="missing or damaged"):
        store.solution(sweep, 0)
    assert store.forget_damaged(sweep) == 1


def test_a_solution_of_an_earlier_version_is_read_without_its_digest(store):
    sweep = store.add_sweep(spec())
    store.put_solution(sweep, 0, solution())
    with store._write() as index:
        index.execute("update points set record = json_remove(record, '$.sha256')")
    assert store.forget_damaged(sweep) == 0
    assert store.solution(sweep, 0).sizes == (1, 2)


def test_damaged_points_are_forgotten_so_that_the_sweep_computes_just_those_again(store):
    sweep = store.add_sweep(spec(points=2))
    for position, labels in enumerate((LABELS, OTHERS)):
        store.put_solution(sweep, position, solution(position + 2, labels))
    store.put_summary(sweep, {"rows": 4})
    flip(store.object_path(store.put_array(OTHERS)))
    assert store.is_complete(sweep)
    for _ in range(2):
        with pytest.raises(StoreError, match="The labels of the solution n_clusters=3 of sweep .* are missing or damaged"):
            store.solution(sweep, 1)
    assert store.forget_damaged(sweep) == 1
    assert store.positions(sweep) == {0}
    assert not store.is_complete(sweep)
    assert store.put_solution(sweep, 1, solution(3, OTHERS))
    np.testing.assert_array_equal(store.solution(sweep, 1).labels, OTHERS)
    assert store.forget_damaged(sweep) == 0


def test_a_flipped_bit_of_an_object_is_noticed_also_after_it_was_read_and_written_again(store):
    name = store.put_array(LABELS)
    assert store.array(name).tolist() == LABELS.tolist()
    flip(store.object_path(name))
    with pytest.raises(StoreError, match="missing or damaged"):
        store.array(name)
    assert store.put_array(LABELS) == name
    assert store.array(name).tolist() == LABELS.tolist()


def test_a_file_that_has_not_changed_is_read_for_its_content_only_once(store, monkeypatch):
    name = store.put_array(LABELS)
    store.array(name)
    monkeypatch.setattr("segcore.store.content.hashlib.file_digest", lambda *_: pytest.fail("it was read again"))
    store.array(name)
    store.check_objects([name])


def flip(path):
    """Flip one bit of the last byte of a file."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_what_a_killed_writer_left_half_written_is_deleted_whatever_the_clock_says(store):
    code = (
        "import os, sys\nfrom segcore.store.store import Store\nstore = Store(sys.argv[1])\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), 9)\nstore.put_bytes(b'half', '.npy')"
    )
    assert subprocess.run([sys.executable, "-c", code, store.home], cwd=CHECKOUT, check=False).returncode == -9
    (half,) = store.temporary.iterdir()
    os.utime(half, (2**33, 2**33))
    with temporary_file(store.temporary) as (written, _):
        assert store.drop_leftovers() == 1
        assert list(store.temporary.iterdir()) == [written]
    assert list(store.temporary.iterdir()) == []


def test_a_write_that_fails_leaves_no_file(store, monkeypatch):
    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("segcore.store.store.os.fsync", fail)
    with pytest.raises(DiskError, match="is full"):
        store.put_array(LABELS)
    assert [path for path in (store.home / "objects").rglob("*") if path.is_file()] == []


def test_a_solution_comes_back_with_its_labels_and_arrays(store):
    sweep = store.add_sweep(spec())
    assert store.put_solution(sweep, 1, solution())
    read = store.solution(sweep, 1)
    assert read.labels.tolist() == LABELS.tolist()
    assert read.arrays["centres"].tolist() == [[1 / 3], [2.0]]
    assert [found is None for found in store.sweep(sweep).solutions] == [True, False, True]
    assert store.sweep(sweep).solutions[1].labels is None


def test_an_acknowledged_solution_is_never_replaced(store):
    sweep = store.add_sweep(spec())
    assert store.put_solution(sweep, 0, solution(2))
    assert not store.put_solution(sweep, 0, solution(9))
    assert store.solution(sweep, 0).params == {"n_clusters": 2}


def test_a_point_without_solution_is_told_in_one_sentence(store):
    sweep = store.add_sweep(spec())
    with pytest.raises(StoreError, match="Solution 3 of sweep .* is not finished"):
        store.solution(sweep, 2)


def test_the_same_question_is_one_sweep(store):
    assert store.add_sweep(spec()) == store.add_sweep(spec())
    assert store.add_sweep(spec(seed=1)) != store.add_sweep(spec())
    assert len(store.sweep_ids()) == 2


def test_a_points_parameters_come_back_in_the_order_asked(store):
    asked = SweepSpec.from_json({**spec().to_json(), "algorithm": "dbscan", "points": [{"min_samples": 10, "eps": 0.5}]})
    sweep = store.add_sweep(asked)
    store.put_solution(sweep, 0, Solution.from_labels(LABELS, params=asked.points[0], engine="stock", evidence="", seed=0))
    assert point_key(store.spec(sweep).points[0]) == "min_samples=10,eps=0.5"
    assert point_key(store.solution(sweep, 0).params) == "min_samples=10,eps=0.5"


def test_a_sweep_is_found_by_the_beginning_of_its_id(store):
    sweep = store.add_sweep(spec())
    assert store.resolve(sweep[:8]) == sweep
    assert store.resolve(sweep[:8].upper()) == sweep
    for wrong in ("", "zzz", "%"):
        with pytest.raises(StoreError):
            store.resolve(wrong)


def test_what_was_fitted_and_summed_up_comes_back(store):
    sweep = store.add_sweep(spec())
    preparation = Preparation(("a",), "standard", (1 / 3,), (2.0,))
    store.put_preparation(sweep, preparation)
    found = Recommendation("nothing", None, "The customers are a continuum.", 0.4, None, ({"segments": 3},))
    store.put_summary(sweep, {"rows": 4, "recommended": found.to_json()})
    read = store.sweep(sweep)
    assert read.preparation == preparation
    assert read.recommendation == found


def test_a_recommendation_of_an_earlier_version_is_none(store):
    sweep = store.add_sweep(spec())
    store.put_summary(sweep, {"rows": 4, "recommended": {"params": {"n_clusters": 2}, "reason": "Silhouette is highest there."}})
    found = store.sweep(sweep).recommendation
    assert (found.outcome, found.params) == (None, None)
    assert "'segcore evidence'" in found.reason


def test_failed_points_can_be_tried_again_and_only_those(store):
    sweep = store.add_sweep(spec())
    failed = Solution(params={"n_clusters": 3}, status="failed", engine="stock", evidence="", seed=0, reason="killed")
    store.put_solution(sweep, 0, solution())
    store.put_solution(sweep, 1, failed)
    assert [store.begin_attempt(sweep, 1) for _ in range(2)] == [1, 2]
    assert store.forget_failed(sweep) == 1
    assert store.positions(sweep) == {0}
    assert store.begin_attempt(sweep, 1) == 1


def test_names_of_segments_are_kept_changed_and_taken_away(store):
    store.name_segment("s", "k=2", 0, "  Weekend shoppers ")
    store.name_segment("s", "k=2", 1, "Gone")
    store.name_segment("s", "k=2", 0, "Regulars")
    store.name_segment("s", "k=2", 1, " ")
    assert store.segment_names("s", "k=2") == {0: "Regulars"}
    assert store.segment_names("s", "k=3") == {}


def test_a_feature_table_comes_back_whole(store):
    table = FeatureTable(
        values=np.array([[1 / 3, 2.0], [3.0, 4.0]]),
        names=("a", "b"),
        customers=np.array(["007", "17850"], dtype=object),
        copies=np.zeros(2, dtype=np.int32),
        dictionary=(FeatureEntry("a", "A", "days", "What a is.", ("x",)), FeatureEntry("c", "C", "", "", (), Finding("column.constant"))),
        revenue=np.array([1.5, -2.0]),
        profile={"country": np.array(["FR", None], dtype=object)},
        reference_date="2011-12-09T12:50:00",
        sums={"units": np.array([3.0, -1.0])},
        purchases={"item": Purchases(("é", "tea"), np.array([0, 1, 3]), np.array([1, 0, 1], np.int32), np.array([2, 1, 5], np.int32))},
    )
    name = store.put_feature_table(table)
    read = store.feature_table(name)
    assert read.fingerprint == table.fingerprint
    assert read.customers.tolist() == ["007", "17850"]
    assert read.revenue.tolist() == [1.5, -2.0]
    assert read.profile["country"].tolist() == ["FR", None]
    assert read.dictionary == table.dictionary
    assert read.sums["units"].tolist() == [3, -1]
    bought = store.purchases(name, "item")
    assert bought.names == ("é", "tea")
    for part in ("starts", "items", "counts"):
        np.testing.assert_array_equal(getattr(bought, part), getattr(table.purchases["item"], part))
    assert store.purchases(name, "category") is None
    store.check_feature_table(name)


@pytest.mark.parametrize("part", ["names", "starts", "items", "counts"])
def test_a_feature_table_whose_purchases_are_lost_is_damaged(store, part):
    bought = Purchases(("tea",), np.array([0, 1]), np.zeros(1, np.int32), np.full(1, 7, np.int32))
    table = FeatureTable(
        np.ones((1, 1)),
        ("a",),
        np.array(["1"], dtype=object),
        np.zeros(1, np.int32),
        (FeatureEntry("a", "A", "", ""),),
        purchases={"item": bought},
    )
    name = store.put_feature_table(table)
    store.object_path(store.json(name)["purchases"]["item"][part]).unlink()
    with pytest.raises(StoreError):
        store.check_feature_table(name)


def test_jobs_are_listed_newest_first_with_what_is_done(store):
    first, second = store.add_sweep(spec()), store.add_sweep(spec(seed=1))
    for job in (first, second):
        store.put_job(job, kind="sweep", title="k-means", spec={}, total=3, state="queued")
    store.put_solution(first, 0, solution())
    store.update_job(first, state="running", result={"seconds": [1.0]})
    assert [row["id"] for row in store.job_rows()] == [second, first]
    row = store.job_row(first)
    assert (row["state"], row["done"], row["total"], row["result"]) == ("running", 1, 3, {"seconds": [1.0]})
    with pytest.raises(StoreError):
        store.job_row("none")


def _write_points(home, sweep, start):
    store = Store(home)
    for position in range(start, 60, 2):
        store.put_solution(sweep, position, solution(position + 2))


def test_two_processes_and_a_thread_write_at_once(store, home):
    sweep = store.add_sweep(spec(points=60))
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_points, args=(str(home), sweep, start)) for start in (0, 1)]
    thread = threading.Thread(target=lambda: [store.name_segment(sweep, "p", i, f"n{i}") for i in range(50)])
    for writer in (*writers, thread):
        writer.start()
    for writer in (*writers, thread):
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert store.positions(sweep) == set(range(60))
    assert len(store.segment_names(sweep, "p")) == 50


def test_a_forked_child_opens_an_index_of_its_own(store):
    store.sweep_ids()
    child = os.fork()
    if child == 0:
        os._exit(0 if store._index() is not None and store._local.index.process == os.getpid() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists a process's open files in /proc")
def test_the_index_is_closed_when_a_thread_ends(store):
    def open_files():
        store.sweep_ids()
        places = [place for place in Path("/proc/self/fd").iterdir() if place.is_symlink()]  # that of the listing is gone by then
        return sum(place.readlink().is_relative_to(store.home) for place in places)

    before = open_files()
    gc.disable()
    try:
        for _ in range(20):
            thread = threading.Thread(target=store.sweep_ids)
            thread.start()
            thread.join()
        assert open_files() <= before + 1  # SQLite keeps a file open for the next connection
    finally:
        gc.enable()


def test_a_table_without_ids_has_the_same_values_and_revenue(home):
    store = Store(home)
    values = np.arange(12.0).reshape(4, 3)
    table = FeatureTable(
        values=values,
        names=("a", "b", "c"),
        customers=np.array(["1", "2", "3", "4"], dtype=object),
        copies=np.zeros(4, dtype=np.int32),
        dictionary=(),
        revenue=np.array([1.0, 2.0, 3.0, 4.0]),
        profile={"churn": np.array([0, 1, 0, 1])},
    )
    found = store.feature_table(store.put_feature_table(table), ids=False)
    assert np.array_equal(found.values, values) and not isinstance(found.values, np.memmap)
    assert np.array_equal(found.revenue, table.revenue)
    assert len(found.customers) == 4 and not found.profile


PREVENT = {
    errno.EACCES: "Permission denied",
    errno.EIO: "Input/output error",
    errno.EMFILE: "Too many open files",
    errno.ENFILE: "Too many open files in system",
}


@pytest.mark.parametrize("number", [*PREVENT, errno.ENOMEM])
def test_what_cannot_be_read_now_is_not_damaged_and_nothing_of_it_is_deleted(number, store, monkeypatch):
    sweep = store.add_sweep(spec())
    store.put_solution(sweep, 0, solution())

    def fail(file, *_):
        raise OSError(number, os.strerror(number), file.name)

    with monkeypatch.context() as patch:
        patch.setattr("segcore.store.content.hashlib.file_digest", fail)
        for read in (lambda: store.solution(sweep, 0), lambda: store.forget_damaged(sweep)):
            with pytest.raises(SegcoreError, match=f"cannot be read .{PREVENT.get(number, '')}|needs more memory") as found:
                read()
            assert isinstance(found.value, MemoryLimitError) == (number == errno.ENOMEM)
            assert not is_damage(found.value)
    assert store.positions(sweep) == {0}
    assert store.forget_damaged(sweep) == 0


def test_a_process_with_too_many_open_files_forgets_nothing(store):
    sweep = store.add_sweep(spec())
    store.put_solution(sweep, 0, solution())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(int(number.name) for number in Path("/proc/self/fd").iterdir()) + 2, limits[1]))
        with contextlib.suppress(OSError):
            while True:
                opened.enter_context(Path(os.devnull).open())
        with pytest.raises(StoreError, match="Too many open files"):
            store.forget_damaged(sweep)
    assert store.positions(sweep) == {0}
