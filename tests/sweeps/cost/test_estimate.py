"""What a sweep takes, before it starts."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.clustering.specification.cost import CalibrationTask
from segcore.errors import MemoryLimitError
from segcore.features.assemble import assemble
from segcore.features.preparation import prepare_rows
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.grid import point_key
from segcore.records.plan import Plan
from segcore.sweeps.cost import calibration
from segcore.sweeps.cost.calibration import Calibration, calibration_tasks, kinds_of_work, read_calibration, write_calibration
from segcore.sweeps.cost.estimate import estimate_sweep, require_memory
from segcore.sweeps.cost.sampled_rows import SampledRows

RATES = Calibration(dict.fromkeys(kinds_of_work(), 1e-10), start_seconds=2.0)
PAIRS = [(spec.name, engine) for spec in algorithms() for engine in spec.engines]


def rows_of(n_rows, n_features=6, groups=5):
    dice = np.random.default_rng(0)
    middles = 3 * dice.normal(size=(groups, n_features))
    return middles[dice.integers(0, groups, n_rows)] + dice.normal(size=(n_rows, n_features))


def table_of(values):
    names = tuple(f"f{column}" for column in range(values.shape[1]))
    return FeatureTable(
        values=values,
        names=names,
        customers=np.array([f"{row:06d}" for row in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "", "") for name in names),
    )


def estimate(name, engine, n_rows=2_000, n_features=6, points=None, **options):
    spec = algorithm(name)
    rows = SampledRows(rows_of(min(n_rows, 3_000), n_features), n_rows)
    return estimate_sweep(rows, name, points or spec.benchmark_grid().points(), engine, calibration=RATES, **options)


class TestRows:
    def test_neighbours_of_few_rows_are_counted(self):
        X = rows_of(200)
        within = (cdist(X, X) <= 2.0).sum(axis=1)
        rows = SampledRows(X, len(X))
        assert rows.neighbours(2.0) == within.mean()
        assert rows.dense_share(2.0, 30) == np.mean(within >= 30)

    def test_neighbours_of_many_rows_are_estimated_from_a_sample(self):
        X = rows_of(14_000, 3)
        rows = SampledRows.of(table_of(X), Plan(("f0", "f1", "f2"), scaler="none"))
        assert rows.n_rows == 14_000
        assert rows.neighbours(1.0) == pytest.approx(np.mean((cdist(X[::20], X) <= 1.0).sum(axis=1)), rel=0.15)

    def test_copies_of_one_customer_are_counted_apart(self):
        """With 12 copies the sample has 5; a customer's own copies do not multiply with the customers left out."""
        table = table_of(rows_of(3_000, 3) * 50)
        plan = Plan(table.names, repeats=12)
        rows = SampledRows.of(table, plan)
        whole = prepare_rows(assemble(table, plan).table, plan)
        for eps in (0.02, 0.2):
            counted = np.mean((cdist(whole[::90], whole) <= eps).sum(axis=1))
            assert rows.neighbours(eps) == pytest.approx(counted, rel=0.25)

    def test_boxes_near_a_row_are_few_for_small_radii_and_all_for_large_ones(self):
        rows = SampledRows(rows_of(3_000, 3), 3_000)
        assert 0 < rows.near_share(0.1) < 0.15 < rows.near_share(2.0) < rows.near_share(100.0) == 1.0

    def test_k_means_takes_fewer_iterations_for_a_larger_tol(self):
        rows = SampledRows(rows_of(3_000), 3_000)
        assert 1 <= rows.iterations(8, 1e-1) <= rows.iterations(8, 1e-6) <= 300
        assert rows.iterations(1, 1e-4) == 2

    @pytest.mark.parametrize("values", [np.zeros((50, 2)), rows_of(3, 1)], ids=["all equal", "three rows"])
    def test_degenerate_rows_have_numbers_too(self, values):
        rows = SampledRows(values, len(values))
        assert rows.neighbours(1.0) >= 1
        assert 0 <= rows.near_share(0.5) <= 1
        assert rows.iterations(10, 1e-4) >= 1


class TestEstimate:
    @pytest.mark.parametrize(("name", "engine"), PAIRS)
    def test_every_algorithm_and_engine_has_an_estimate_that_grows_with_the_rows(self, name, engine):
        small, large = (estimate(name, engine, n) for n in (2_000, 40_000))
        assert 2.0 < small.seconds < large.seconds < 24 * 3600
        assert 2**28 < small.bytes < large.bytes < 2**37

    @pytest.mark.parametrize("name", ["kmeans", "dbscan", "ward", "hdbscan"])
    def test_sharing_counts_less_work_than_independent_fits(self, name):
        assert estimate(name, "shared").seconds < estimate(name, "stock").seconds

    def test_points_of_one_k_means_path_cost_one_path(self):
        points = [{"n_clusters": 20, "tol": tol} for tol in (1e-9, 1e-3, 1e-2)]
        one, three = (estimate("kmeans", "shared", 50_000, points=points[:n]).seconds for n in (1, 3))
        assert three < 1.3 * one

    def test_stock_dbscan_takes_memory_for_the_neighbours_within_eps(self):
        points = [{"min_samples": 5, "eps": eps} for eps in (0.01, 100.0)]
        few, all_pairs = estimate("dbscan", "stock", 20_000, points=points).point_bytes
        assert few < 2**29
        assert all_pairs == pytest.approx(20_000**2 * 12, rel=0.15)

    def test_wards_memory_is_that_of_all_distances_twice(self):
        points = [{"n_clusters": 3}]
        assert estimate("ward", "shared", 30_000, points=points).bytes == pytest.approx(8 * 30_000**2, rel=0.15)

    def test_shared_dbscan_makes_do_with_what_it_is_given(self):
        points = [{"min_samples": 5, "eps": 100.0}]
        free, limited = (estimate("dbscan", "shared", 400_000, points=points, memory=memory) for memory in (None, 2**31))
        assert limited.bytes < 2**31 < free.bytes

    def test_without_a_calibration_there_is_memory_and_no_guess_of_time(self):
        rows = SampledRows(rows_of(500), 500)
        found = estimate_sweep(rows, "kmeans", [{"n_clusters": 3, "tol": 1e-4}], "stock")
        assert found.seconds is None and found.bytes > 0
        unmeasured = Calibration({"silhouette": 1e-10, "measuring": 1e-10}, 2.0)
        assert estimate_sweep(rows, "kmeans", [{"n_clusters": 3, "tol": 1e-4}], "stock", calibration=unmeasured).seconds is None

    def test_a_refusal_names_the_points_and_what_to_change(self):
        points = [{"min_samples": 5, "eps": eps} for eps in (0.01, 100.0)]
        found = estimate("dbscan", "stock", 20_000, points=points)
        limit = 2 * 2**30
        sentence = found.refusal(limit)
        assert sentence.startswith("This sweep needs about 4.") and "GiB, but may use only 2.0 GiB" in sentence
        assert f"({point_key(points[1])} would not fit)" in sentence and point_key(points[0]) not in sentence
        assert "a smaller eps than 100" in sentence and "mini-batch k-means" in sentence
        with pytest.raises(MemoryLimitError, match="may use only 2.0 GiB"):
            require_memory(found, limit)
        assert found.refusal(8 * 2**30) is None
        require_memory(found, 8 * 2**30)

    def test_where_libraries_and_rows_do_not_fit_no_other_algorithm_is_recommended(self):
        sentence = estimate("dbscan", "stock").refusal(2**20)
        assert "Libraries and rows alone" in sentence and "eps" not in sentence

    def test_the_document_has_plain_values(self):
        document = estimate("kmeans", "stock").to_json(2**40)
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        assert {"points", "estimated_seconds", "estimated_bytes", "memory_limit_bytes", "fits"} <= set(document)
        assert (document["points"], document["fits"], document["memory_limit_bytes"]) == (27, True, 2**40)


class TestCalibration:
    def test_every_algorithm_and_engine_is_measured_by_a_task(self):
        for name, engine in PAIRS:
            spec = algorithm(name)
            for n_features in (6, 20):
                rows = SampledRows(rows_of(200, n_features), 200)
                kinds = set(spec.cost.estimate(rows, spec.benchmark_grid().points(), engine).work)
                assert kinds <= {task.kind for task in spec.cost.tasks}, f"{name} on {engine} counts work that no task measures"
        assert all(task.grid and spec.parse_grid(task.grid) for spec, task in calibration_tasks())

    def test_it_is_kept_and_holds_for_this_machine_and_these_versions_only(self, home, monkeypatch):
        assert read_calibration(home) is None
        write_calibration(home, RATES)
        assert read_calibration(home) == RATES
        monkeypatch.setattr(calibration, "processor_name", lambda: "another")
        assert read_calibration(home) is None

    def test_kinds_of_work_keep_their_names_so_that_a_file_of_an_earlier_version_is_still_of_use(self):
        """A calibration.json holds for its versions and algorithms; a kind that it lacks would take the time from the estimate."""
        kept = {f"{name}.{engine}" for name, engine in PAIRS} - {"dbscan.stock"} | {"dbscan.stock.tree", "dbscan.stock.brute"}
        assert set(kinds_of_work()) == {*kept, "silhouette", "measuring"}

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": 1}', "null"])
    def test_a_damaged_file_counts_as_none(self, home, text):
        (home / calibration.FILE).write_text(text)
        assert read_calibration(home) is None

    def test_a_task_gives_the_seconds_of_an_operation(self):
        rate = calibration._seconds_of(
            algorithm("kmeans"), CalibrationTask("kmeans.stock", "stock", 1_000, 4, ("n_clusters=3", "tol=1e-4"))
        )
        assert 1e-13 < rate < 1e-5
        assert calibration._seconds_of(algorithm("ward"), CalibrationTask("ward.intel", "intel", 1_000, 4, ("n_clusters=3",))) is None

    def test_a_server_learns_of_it_without_importing_what_fits(self):
        code = "import sys, segcore.sweeps.cost.estimate; print(sorted({'sklearn', 'numba', 'sklearnex', 'ray'} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
