"""Units of a sweep through joblib, as they run on a Ray cluster; the cluster itself is in test_workers_ray.py."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.specification.task import SweepTask
from segcore.errors import JobError, ParameterError
from segcore.sweeps import workers
from segcore.sweeps.workers import Unit, compute, solutions, through_joblib, units_of

ROOT = Path(__file__).resolve().parents[2]
X, _ = make_blobs(n_samples=200, centers=4, n_features=3, random_state=0)
KMEANS_POINTS = [{"n_clusters": k, "tol": tol} for k in (2, 3) for tol in (1e-3, 1e-4)]
DBSCAN_POINTS = [{"min_samples": n, "eps": eps} for n in (5, 10) for eps in (0.5, 1.0)]


@dataclass
class Here:
    """This process, where some units have been begun before."""

    begun: dict[int, int] = field(default_factory=dict)

    def begin(self, number):
        self.begun[number] = self.begun.get(number, 0) + 1
        return self.begun[number]

    def name(self):
        return "the moon"

    def rows(self):
        return X.copy()


def in_threads():
    return Parallel(n_jobs=2, backend="threading", return_as="generator_unordered", batch_size=1)


def stock_units(points=KMEANS_POINTS, name="kmeans"):
    return [Unit(name, (point,), "stock", 0, None) for point in points]


def test_points_that_share_work_stay_together_and_others_do_not():
    kmeans, dbscan = algorithm("kmeans"), algorithm("dbscan")

    assert units_of(kmeans, KMEANS_POINTS, "shared") == [KMEANS_POINTS[:2], KMEANS_POINTS[2:]]
    assert units_of(dbscan, DBSCAN_POINTS, "shared") == [DBSCAN_POINTS]
    assert units_of(kmeans, KMEANS_POINTS, "stock") == [[point] for point in KMEANS_POINTS]
    assert units_of(dbscan, DBSCAN_POINTS, "intel") == [[point] for point in DBSCAN_POINTS]


def test_local_workers_are_the_algorithms_own_sweep():
    begun = []
    found = list(solutions(algorithm("kmeans"), SweepTask(X, KMEANS_POINTS, "stock", progress=begun.append)))

    assert [solution.params for solution in found] == KMEANS_POINTS
    assert begun == [0, 1, 2, 3]


@pytest.mark.parametrize(("name", "points", "oracle"), [("kmeans", KMEANS_POINTS, KMeans), ("dbscan", DBSCAN_POINTS, DBSCAN)])
def test_units_through_joblib_have_scikit_learns_labels_and_say_where_they_ran(name, points, oracle):
    found = {str(solution.params): solution for solution in through_joblib(in_threads(), stock_units(points, name), Here())}

    assert len(found) == len(points)
    for point in points:
        seed = {"random_state": 0} if oracle is KMeans else {}
        solution = found[str(point)]
        np.testing.assert_array_equal(solution.labels, oracle(**point, **seed).fit(X).labels_)
        assert solution.evidence.endswith(", on the moon")


def test_a_unit_that_killed_three_processes_is_given_up_and_the_others_go_on():
    place = Here({1: 3, 2: 2})
    found = {str(solution.params): solution for solution in through_joblib(in_threads(), stock_units(), place)}

    assert [found[str(point)].status for point in KMEANS_POINTS] == ["ok", "failed", "ok", "ok"]
    assert "died 3 times" in found[str(KMEANS_POINTS[1])].reason
    assert place.begun == {0: 1, 1: 4, 2: 3, 3: 1}


def test_an_error_fails_only_the_points_that_were_not_done(monkeypatch):
    class Torn:
        def fit(self, task):
            yield next(iter(algorithm("dbscan").fit(task)))
            raise MemoryError

    monkeypatch.setattr(workers, "algorithm_named", lambda name: Torn())
    done = compute(0, Unit("dbscan", tuple(DBSCAN_POINTS), "stock", 0, None), Here(), workers.versions())

    assert [solution.params for solution in done.solutions] == DBSCAN_POINTS
    assert [solution.status for solution in done.solutions] == ["ok", "failed", "failed", "failed"]
    assert done.solutions[1].reason == "There was not enough memory for this solution."


def test_other_versions_are_refused_by_name():
    expected = {**workers.versions(), "numpy": "1.0", "abacus": "3"}
    with pytest.raises(
        JobError, match=r"Versions differ on the moon: abacus missing instead of 3, numpy \d.* instead of 1\.0\. Install the same"
    ):
        compute(0, stock_units()[0], Here(), expected)


def test_what_comes_back_may_be_written_to(monkeypatch):
    def frozen(*args):
        done = compute(*args)
        for solution in done.solutions:
            for array in (solution.labels, *solution.arrays.values()):
                array.flags.writeable = False
        return done

    monkeypatch.setattr(workers, "compute", frozen)
    for solution in through_joblib(in_threads(), stock_units(), Here()):
        assert all(array.flags.writeable and array.base is None for array in (solution.labels, *solution.arrays.values()))


def test_seconds_of_shared_work_come_back(monkeypatch):
    def timed(*args):
        return workers.Done(compute(*args).solutions, 1.5)

    monkeypatch.setattr(workers, "compute", timed)
    seconds = []
    list(through_joblib(in_threads(), stock_units(), Here(), seconds.append))

    assert seconds == [1.5] * 4


def test_unknown_workers_are_refused():
    with pytest.raises(ParameterError, match="Unknown workers 'dask': choose one of local, ray"):
        solutions(algorithm("kmeans"), SweepTask(X, KMEANS_POINTS, "stock"), workers="dask")


@pytest.mark.parametrize(("address", "error", "said"), [
    ("ray://127.0.0.1:10001", ParameterError, "must be host:port or auto"),
    ("somewhere", ParameterError, "must be host:port or auto"),
    ("127.0.0.1:1", JobError, "No answer at RAY_ADDRESS 127.0.0.1:1"),
])  # fmt: skip
def test_an_address_without_a_cluster_is_said_at_once(address, error, said):
    code = (
        f"import os; os.environ['RAY_ADDRESS'] = {address!r}\nimport numpy as np\n"
        "from segcore.clustering.algorithms.registry import algorithm\n"
        "from segcore.clustering.specification.task import SweepTask\n"
        "from segcore.sweeps.workers import solutions\n"
        "task = SweepTask(np.eye(3), [{'n_clusters': 2, 'tol': 0.1}], 'stock')\n"
        "try:\n    list(solutions(algorithm('kmeans'), task, workers='ray'))\n"
        "except Exception as error:\n    print(type(error).__name__, error)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    assert printed.startswith(f"{error.__name__} ")
    assert said in printed


def test_ray_is_loaded_only_when_asked_for():
    code = "import sys, segcore.sweeps.workers; print(sorted({'ray', 'joblib', 'pandas', 'sklearn'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout == "[]\n"
