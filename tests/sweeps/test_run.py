"""A sweep from its question to its documents."""

import json
import math
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs
from sklearn.preprocessing import StandardScaler

import segcore.sweeps.measure
import segcore.sweeps.run as module
from segcore.errors import DataError, ParameterError, StoreError
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.grid import point_key
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.sweeps.document import sweep_document, write_sweep_folder
from segcore.sweeps.prepared import prepare
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

NAMES = ("Amount", "Recency", "NumberOfOrders", "Monday")
DATA = {"name": "blobs", "kind": "transactions", "fingerprint": "f"}
POINTS = [{"n_clusters": k, "tol": 1e-3} for k in (2, 3, 4)]


def table_of(values, names=NAMES, revenue=None):
    return FeatureTable(
        values=np.ascontiguousarray(values, dtype=float),
        names=tuple(names),
        customers=np.array([f"{row:05d}" for row in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "", "") for name in names),
        revenue=revenue,
        reference_date="2011-12-09 12:50:00",
    )


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture(scope="module")
def values():
    rows, _ = make_blobs(300, 4, centers=3, cluster_std=0.5, random_state=0)
    return rows * [10, 100, 50, 1] + [0, 400, 300, 7]


@pytest.fixture
def asked(store, values):
    """Return a function that makes a spec of the blobs with some options changed."""
    table = store.put_feature_table(table_of(values, revenue=np.arange(300.0)))

    def make(**options):
        planned = {name: options.pop(name) for name in Plan.__match_args__ if name in options}
        plan = Plan(**{"features": NAMES, **planned})
        return make_spec(store, table, DATA, plan, **{"algorithm": "kmeans", "points": POINTS, "engine": "stock", **options})

    return make


def run(store, spec, **options):
    sweep_id = store.add_sweep(spec)
    run_sweep(store, sweep_id, **options)
    return sweep_id


class TestSpec:
    def test_it_carries_the_versions_and_the_points_each_once(self, asked):
        spec = asked(points=[*POINTS, POINTS[0]])
        assert len(spec.points) == 3
        assert {"segcore", "scikit-learn"} <= set(spec.versions)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"features": ()}, "at least one feature"),
            ({"features": ("Age",)}, "Unknown feature 'Age'"),
            ({"points": []}, "grid is empty"),
            ({"points": [{"n_clusters": 0, "tol": 1e-3}]}, "at least 1"),
            ({"points": [{"eps": 1.0}]}, "Unknown parameter"),
            ({"algorithm": "spectral"}, "kmeans, "),
            ({"engine": "gpu"}, "stock, intel"),
            ({"scaler": "z"}, "standard"),
            ({"outliers": "iqr"}, "outlier rule"),
            ({"repeats": 0}, "repeats"),
            ({"repeats": 1.5}, "whole number"),
            ({"seed": -1}, "seed"),
            ({"seed": 2**32}, "seed"),
            ({"weights": {"Amount": 0}}, "weight of Amount"),
            ({"weights": {"Age": 2}}, "Age .*not among the chosen features"),
            ({"features": NAMES[:2], "weights": {"Monday": 2}}, "Monday .*not among the chosen features"),
            ({"weights": {"Amount": 1e200}}, "Amount .*smaller weight"),
            ({"weights": {"Amount": 1e308}, "scaler": "none"}, "Amount .*smaller weight"),
            ({"features": NAMES[:1], "weights": {"Amount": 1e-200}}, "larger weight"),
            ({"transforms": {"Amount": "square"}}, "log, power"),
            ({"features": NAMES[:2], "transforms": {"Monday": "log"}}, "Monday .*not among the chosen features"),
        ],
    )
    def test_each_option_outside_its_domain_is_an_error_that_says_which(self, asked, options, message):
        with pytest.raises((ParameterError, DataError), match=message):
            asked(**options)

    def test_weights_and_transforms_are_part_of_the_question_and_a_weight_of_1_is_none(self, asked):
        spec = asked(weights={"Monday": 0.5, "Amount": 2.5, "Recency": 1}, transforms={"Amount": "log"})
        assert list(spec.plan.weights.items()) == [("Amount", 2.5), ("Monday", 0.5)]
        assert spec.id == asked(weights={"Amount": 2.5, "Monday": 0.5}, transforms={"Amount": "log"}).id
        assert len({spec.id, asked().id, asked(weights={"Amount": 2.5}).id, asked(transforms={"Amount": "log"}).id}) == 4
        assert asked(weights={"Amount": 1}).id == asked().id

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_fewer_than_three_customers_are_an_error_before_the_start(self, store, n):
        table = store.put_feature_table(table_of(np.arange(4.0 * n).reshape(n, 4)))
        with pytest.raises(DataError, match=rf"at least 3 customers, but there (is|are) {n}" if n else "customer"):
            make_spec(store, table, DATA, Plan(NAMES), algorithm="kmeans", points=POINTS)

    def test_customers_who_are_all_alike_are_an_error_before_the_start_even_with_copies(self, store):
        table = store.put_feature_table(table_of(np.ones((50, 4))))
        with pytest.raises(DataError, match="nothing separates them"):
            make_spec(store, table, DATA, Plan(NAMES, repeats=3), algorithm="kmeans", points=POINTS)

    def test_values_whose_squares_are_infinite_are_an_error_before_the_start(self, store, values):
        values = values.copy()
        values[0, 1] = -1e308
        table = store.put_feature_table(table_of(values))
        with pytest.raises(DataError, match=rf"{NAMES[1]} has values up to 1e\+308, too large to compute with"):
            make_spec(store, table, DATA, Plan(NAMES), algorithm="kmeans", points=POINTS)

    def test_what_the_outlier_rule_leaves_is_what_counts(self, store):
        values = np.ones((60, 4))
        values[0] = 1e6
        table = store.put_feature_table(table_of(values))
        with pytest.raises(DataError, match="after the outlier rule set 1 aside"):
            make_spec(store, table, DATA, Plan(NAMES, "kit"), algorithm="kmeans", points=POINTS)


@pytest.mark.parametrize("engine", ["stock", "intel"])
@pytest.mark.parametrize("algorithm", ["kmeans", "dbscan"])
def test_a_sweep_ends_complete_with_its_quality_and_a_summary(store, asked, algorithm, engine):
    points = POINTS if algorithm == "kmeans" else [{"eps": e, "min_samples": 5} for e in (0.01, 0.4)]
    sweep_id = run(store, asked(algorithm=algorithm, points=points, engine=engine))
    sweep = store.sweep(sweep_id)
    assert sweep.is_complete
    assert {solution.status for solution in sweep.solutions} == {"ok"}
    assert {solution.engine for solution in sweep.solutions} == {engine}
    assert all(solution.quality is not None for solution in sweep.solutions)
    assert sweep.summary["rows"] == 300
    assert sweep.summary["shared_seconds"] == 0.0
    assert sweep.summary["set_aside"] == {"customers": 0, "revenue_share": 0.0}
    assert max(sweep.solutions, key=lambda solution: solution.quality.silhouette.value or -1).params == points[1]
    assert sweep.recommendation.outcome is None


def test_stock_labels_are_scikit_learns_on_the_scaled_features(store, asked, values):
    X = StandardScaler().fit_transform(values)
    by_kmeans = run(store, asked())
    by_dbscan = run(store, asked(algorithm="dbscan", points=[{"eps": 0.3, "min_samples": 5}]))
    for position, point in enumerate(POINTS):
        theirs = KMeans(**point, random_state=0).fit(X).labels_
        np.testing.assert_array_equal(store.solution(by_kmeans, position).labels, theirs)
    np.testing.assert_array_equal(store.solution(by_dbscan, 0).labels, DBSCAN(eps=0.3, min_samples=5).fit(X).labels_)


def test_points_are_kept_as_soon_as_they_are_done_and_not_fitted_again(store, asked, monkeypatch):
    spec = asked()
    sweep_id = store.add_sweep(spec)
    told = []

    def stop_after_one(position):
        told.append((position, store.positions(sweep_id)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(store, sweep_id, progress=stop_after_one)
    assert told == [(0, {0})]
    assert store.sweep(sweep_id).summary == {}
    before = store.solution(sweep_id, 0)
    run_sweep(store, sweep_id)
    assert store.sweep(sweep_id).is_complete
    assert store.solution(sweep_id, 0).fit_seconds == before.fit_seconds
    monkeypatch.setattr(module, "prepare", lambda *args: pytest.fail("a complete sweep was prepared again"))
    run_sweep(store, sweep_id)


def test_only_the_positions_asked_for_are_run(store, asked):
    sweep_id = run(store, asked(), only=[2])
    assert store.positions(sweep_id) == {2}
    assert store.sweep(sweep_id).summary == {}


def test_a_summary_that_was_lost_is_written_again_without_a_fit(store, asked, monkeypatch):
    sweep_id = run(store, asked())
    whole = store.sweep(sweep_id).summary
    store.put_summary(sweep_id, {})
    monkeypatch.setattr("segcore.sweeps.measure.measure", lambda *args, **options: pytest.fail("a point was measured again"))
    run_sweep(store, sweep_id)
    assert store.sweep(sweep_id).summary == whole


def test_an_attempt_is_counted_right_before_each_point(store, asked, monkeypatch):
    sweep_id = store.add_sweep(asked())
    events = []
    real = store.begin_attempt
    monkeypatch.setattr(store, "begin_attempt", lambda *args: (events.append(("begin", args[1])), real(*args))[1])
    run_sweep(store, sweep_id, progress=lambda position: events.append(("done", position)))
    assert [position for what, position in events if what == "begin"] == [0, 1, 2]
    assert all(events.index(("begin", position)) < events.index(("done", position)) for position in range(3))


def test_after_a_death_what_was_begun_is_done_first_and_alone(store, asked, monkeypatch):
    sweep_id = store.add_sweep(asked())
    store.begin_attempt(sweep_id, 1)
    store.begin_attempt(sweep_id, 2)
    events = []
    real = store.begin_attempt
    monkeypatch.setattr(store, "begin_attempt", lambda *args: (events.append(("begin", args[1])), real(*args))[1])
    run_sweep(store, sweep_id, progress=lambda position: events.append(("done", position)))
    assert events == [(what, position) for position in (1, 2, 0) for what in ("begin", "done")]


def test_a_point_that_killed_the_worker_twice_fails_with_the_reason_and_the_others_go_on(store, asked):
    sweep_id = run(store, asked(), poison={1: "The worker was killed twice by signal 9 (peak memory 3.1 GiB)."})
    found = store.sweep(sweep_id).solutions
    assert [solution.status for solution in found] == ["ok", "failed", "ok"]
    assert found[1].reason == "The worker was killed twice by signal 9 (peak memory 3.1 GiB)."
    assert store.sweep(sweep_id).summary["rows"] == 300


def test_a_point_that_cannot_be_measured_fails_and_the_others_go_on(store, asked, monkeypatch):
    real = segcore.sweeps.measure.measure

    def sometimes(X, values, names, labels, **options):
        if labels.max() == 2:
            raise MemoryError
        return real(X, values, names, labels, **options)

    monkeypatch.setattr("segcore.sweeps.measure.measure", sometimes)
    sweep_id = run(store, asked())
    assert [solution.status for solution in store.sweep(sweep_id).solutions] == ["ok", "failed", "ok"]


def test_points_that_end_in_the_same_partition_are_measured_once(store, asked, monkeypatch):
    measured = []
    real = segcore.sweeps.measure.measure
    monkeypatch.setattr(
        "segcore.sweeps.measure.measure", lambda *args, **options: (measured.append(args[3].max()), real(*args, **options))[1]
    )
    sweep_id = run(store, asked(points=[{"n_clusters": k, "tol": tol} for k in (2, 3) for tol in (1e-3, 1e-6)]))
    assert measured == [1, 2]
    found = store.sweep(sweep_id).solutions
    assert found[0].quality == found[1].quality != found[2].quality


def test_same_question_same_id_and_same_labels(store, asked, tmp_path):
    other = Store(tmp_path / "other")
    first, second = asked(seed=5, repeats=2), asked(seed=5, repeats=2)
    assert first.id == second.id != asked(seed=6, repeats=2).id
    other.put_feature_table(store.feature_table(first.table))
    run(store, first)
    run(other, second)
    for position in range(3):
        np.testing.assert_array_equal(store.solution(first.id, position).labels, other.solution(first.id, position).labels)


class TestDocuments:
    def test_the_document_is_strict_json_with_everything_the_issue_asks_for(self, store, asked):
        points = [{"n_clusters": k, "tol": 1e-3} for k in (1, 2, 3, 301)]
        sweep_id = run(store, asked(points=points))
        text = json.dumps(sweep_document(store.sweep(sweep_id), True), allow_nan=False)
        document = json.loads(text)
        assert document["sweep"] == sweep_id
        assert (document["rows"], document["features"], document["from_store"]) == (300, list(NAMES), True)
        assert [point["status"] for point in document["points"]] == ["ok", "ok", "ok", "skipped"]
        assert "301 is more than the 300 rows" in document["points"][3]["reason"]
        point = document["points"][2]
        assert set(point) >= {
            "params", "status", "reason", "n_segments", "sizes", "noise_share",
            "metrics", "compactness", "fit_seconds", "engine", "evidence",
        }  # fmt: skip
        assert point["params"] == {"n_clusters": 3, "tol": 0.001}
        assert sum(point["sizes"]) == 300
        assert set(point["metrics"]) == {"inertia", "silhouette", "calinski_harabasz", "davies_bouldin"}
        assert point["metrics"]["silhouette"]["low"] == point["metrics"]["silhouette"]["value"]
        assert set(point["compactness"]["segments"]) == {"0", "1", "2"}
        assert set(point["compactness"]["mean"]) == set(NAMES)
        assert document["points"][0]["metrics"]["silhouette"]["value"] is None
        assert document["evidence"] is None

    def test_without_evidence_nothing_is_recommended_and_every_part_of_it_is_null_with_the_reason(self, store, asked):
        document = sweep_document(store.sweep(run(store, asked(points=POINTS[:1]))), False)
        recommended = document["recommended"]
        assert set(recommended) == {"outcome", "params", "reason", "p", "runner_up", "table"}
        assert (recommended["outcome"], recommended["params"], recommended["p"], recommended["table"]) == (None, None, None, [])
        assert recommended["reason"].startswith("No solution is recommended without evidence: ")
        parts = ("placebo", "stability", "prediction_strength", "describability")
        (point,) = document["points"]
        assert [point[part] for part in parts] == [None] * 4
        assert point["evidence_reasons"] == dict.fromkeys(parts, "No evidence has been gathered.")

    def test_a_sweep_on_its_way_says_how_many_points_are_missing(self, store, asked):
        document = sweep_document(store.sweep(run(store, asked(), only=[0])), False)
        assert (len(document["points"]), document["missing"], document["recommended"]) == (1, 2, None)

    def test_the_folder_holds_features_labels_and_the_document(self, store, asked, values, tmp_path):
        points = [*POINTS, {"n_clusters": 301, "tol": 1e-3}]
        sweep_id = run(store, asked(points=points))
        write_sweep_folder(store, sweep_id, tmp_path / "out", from_store=True)
        features = pd.read_parquet(tmp_path / "out" / "features.parquet")
        labels = pd.read_parquet(tmp_path / "out" / "labels.parquet")
        document = json.loads((tmp_path / "out" / "sweep.json").read_text())
        assert list(features) == ["customer_id", *NAMES]
        np.testing.assert_array_equal(features[list(NAMES)], values)
        assert list(labels) == ["customer_id", *(point_key(point) for point in points)]
        assert labels["customer_id"].tolist() == features["customer_id"].tolist() == [f"{row:05d}" for row in range(300)]
        np.testing.assert_array_equal(labels[point_key(points[1])], store.solution(sweep_id, 1).labels)
        assert labels[point_key(points[3])].isna().all()
        assert document == sweep_document(store.sweep(sweep_id), True)

    def test_a_file_of_the_folder_that_cannot_be_written_is_one_error(self, store, asked, tmp_path):
        sweep_id = run(store, asked())
        (tmp_path / "sweep.json").mkdir()
        with pytest.raises(ParameterError, match=r"sweep\.json cannot be written \(it is a directory\)"):
            write_sweep_folder(store, sweep_id, tmp_path)

    def test_copies_carry_their_number(self, store, asked, tmp_path):
        sweep_id = run(store, asked(repeats=2))
        write_sweep_folder(store, sweep_id, tmp_path)
        labels = pd.read_parquet(tmp_path / "labels.parquet")
        assert list(labels)[:2] == ["customer_id", "copy"]
        assert labels["copy"].tolist() == [0, 1] * 300
        assert len(labels) == store.sweep(sweep_id).summary["rows"] == 600


DEGENERATE = {
    "all but one identical": np.r_[np.ones((30, 2)), [[5.0, 5.0]]],
    "tiny scale": np.random.default_rng(0).normal(size=(40, 2)) * 1e-6,
    "one customer far away": np.r_[np.random.default_rng(0).normal(size=(40, 2)), [[1e12, -1e12]]],
    "everybody far away": np.random.default_rng(0).normal(size=(40, 2)) + 1e9,
    "a constant feature": np.column_stack([np.random.default_rng(0).normal(size=40), np.full(40, 0.1)]),
    "three customers": np.array([[0.0, 1.0], [2.0, 3.0], [9.0, 9.0]]),
    "two distinct rows": np.repeat([[0.1, 0.2], [0.3, 0.4]], 20, axis=0),
    "huge values": np.random.default_rng(0).normal(size=(40, 2)) * 1e100,
}


@pytest.mark.parametrize("engine", ["stock", "intel"])
@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust", "none"])
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data_break_nothing_and_leave_no_nan(store, case, scaler, engine):
    values = DEGENERATE[case]
    table = store.put_feature_table(table_of(values, ("a", "b")))
    n = len(values)
    grids = {
        "kmeans": [{"n_clusters": k, "tol": 1e-4} for k in (1, 2, 3, n - 1, n, n + 1)],
        "dbscan": [{"eps": eps, "min_samples": m} for eps in (1e-9, 0.5, 1e3) for m in (1, 3, 50)],
    }
    for algorithm, points in grids.items():
        spec = make_spec(store, table, DATA, Plan(("a", "b"), scaler=scaler), algorithm=algorithm, points=points, engine=engine)
        sweep_id = run(store, spec)
        sweep = store.sweep(sweep_id)
        document = sweep_document(sweep, False)
        json.dumps(document, allow_nan=False)
        assert sweep.is_complete
        assert document["recommended"]["reason"].endswith(".")
        X = prepare(store, spec).X
        for position, solution in enumerate(sweep.solutions):
            assert solution.status == ("skipped" if solution.params.get("n_clusters", 0) > n else "ok"), solution.reason
            if solution.status != "ok":
                continue
            assert sum(solution.sizes) + solution.n_noise == n
            silhouette = solution.quality.silhouette
            assert silhouette.value is None or -1 <= silhouette.low <= silhouette.value <= silhouette.high <= 1
            assert (silhouette.value is None) == (silhouette.reason is not None)
            assert solution.quality.inertia is None or (math.isfinite(solution.quality.inertia) and solution.quality.inertia >= 0)
            assert X.shape == (*store.solution(sweep_id, position).labels.shape, 2)


def test_a_table_that_was_changed_in_the_store_is_not_the_same_question(store, values):
    first, second = (store.put_feature_table(table_of(values + shift)) for shift in (0, 1))
    specs = [make_spec(store, table, DATA, Plan(NAMES), algorithm="kmeans", points=POINTS) for table in (first, second)]
    assert specs[0].id != specs[1].id
    assert replace(specs[1], table=first).id == specs[0].id


def test_points_with_one_partition_are_measured_once_and_name_the_first(store, asked, monkeypatch):
    points = [{"n_clusters": k, "tol": tol} for k in (2, 3) for tol in (1e-3, 1e-4, 1e-5)]
    measured = []
    real = segcore.sweeps.measure.SilhouetteScorer.score_all
    monkeypatch.setattr(
        segcore.sweeps.measure.SilhouetteScorer,
        "score_all",
        lambda self, labellings: (measured.extend(labellings), real(self, labellings))[1],
    )
    sweep = store.sweep(run(store, asked(points=points, engine="stock")))
    document = sweep_document(sweep, False)
    for point, solution, same in zip(document["points"], sweep.solutions, sweep.same_as(), strict=True):
        assert point["same_as"] == (None if same is None else points[same])
        if same is not None:
            assert solution.quality.to_json() == sweep.solutions[same].quality.to_json()
    assert len(measured) == len({solution.partition for solution in sweep.solutions}) < len(points)


def test_solutions_may_come_in_any_order_and_shared_work_is_counted_once(store, asked, monkeypatch):
    spec = asked(engine="stock")
    real = module.algorithm_named("kmeans")

    def backwards(task):
        task.shared(0.25)
        task.shared(0.5)
        yield from reversed(list(real.fit(task)))

    monkeypatch.setattr(module, "algorithm_named", lambda name: replace(real, fit=backwards))
    sweep = store.sweep(run(store, spec))
    assert [solution.params for solution in sweep.solutions] == POINTS
    assert sweep.summary["shared_seconds"] == 0.75


def test_a_solution_does_not_wait_for_a_next_one_that_takes_long(store, asked, monkeypatch):
    sweep_id = store.add_sweep(asked(engine="stock"))
    real, seen = module.algorithm_named("kmeans"), []

    def slow(task):
        for solution in real.fit(task):
            yield solution
            deadline = time.monotonic() + 10
            while len(store.positions(sweep_id)) <= len(seen) and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(len(store.positions(sweep_id)))

    monkeypatch.setattr("segcore.sweeps.measure._BATCH_SECONDS", 0.05)
    monkeypatch.setattr(module, "algorithm_named", lambda name: replace(real, fit=slow))
    run_sweep(store, sweep_id)
    assert seen == [1, 2, 3]


def test_what_breaks_the_fits_as_a_whole_is_raised_after_what_came_is_kept(store, asked, monkeypatch):
    sweep_id = store.add_sweep(asked(engine="stock"))
    real = module.algorithm_named("kmeans")

    def breaking(task):
        yield next(real.fit(task))
        raise StoreError("The disk is gone.")

    monkeypatch.setattr(module, "algorithm_named", lambda name: replace(real, fit=breaking))
    with pytest.raises(StoreError, match="The disk is gone"):
        run_sweep(store, sweep_id)
    assert store.positions(sweep_id) == {0}


def test_weights_and_transforms_make_the_matrix_that_is_clustered_and_stand_in_the_document(store, asked, values):
    weights, transforms = {"Recency": 2.5, "Monday": 0.5}, {"Amount": "log"}
    sweep_id = run(store, asked(weights=weights, transforms=transforms, engine="stock"))
    logged = values.copy()
    logged[:, 0] = np.sign(values[:, 0]) * np.log1p(np.abs(values[:, 0]))
    X = StandardScaler().fit_transform(logged) * [1, 2.5, 1, 0.5]
    np.testing.assert_allclose(prepare(store, store.spec(sweep_id)).X, X, rtol=1e-12)
    sweep = store.sweep(sweep_id)
    for solution in sweep.solutions:
        theirs = KMeans(solution.params["n_clusters"], tol=1e-3, random_state=0).fit(X)
        np.testing.assert_array_equal(store.solution(sweep_id, sweep.solutions.index(solution)).labels, theirs.labels_)
    document = sweep_document(sweep, False)
    assert document["weights"] == weights
    assert document["transforms"] == transforms
    assert document["scaler"] == "standard"
    assert document["distance_shares"] == pytest.approx(dict(zip(NAMES, X.var(axis=0) / X.var(axis=0).sum(), strict=True)))


def test_compactness_does_not_know_of_weights_but_is_that_of_transformed_values(store, asked, values):
    three = [{"n_clusters": 3, "tol": 1e-3}]
    plain, weighted, logged = (
        store.solution(run(store, asked(points=three, **options)), 0)
        for options in ({}, {"weights": dict.fromkeys(NAMES, 2.5)}, {"transforms": {"Recency": "log"}})
    )
    np.testing.assert_array_equal(plain.labels, weighted.labels)
    np.testing.assert_array_equal(plain.labels, logged.labels)
    assert weighted.quality.mean_compactness == pytest.approx(plain.quality.mean_compactness)
    assert logged.quality.mean_compactness["Amount"] == pytest.approx(plain.quality.mean_compactness["Amount"])
    recency = np.sign(values[:, 1]) * np.log1p(np.abs(values[:, 1]))
    within = {label: 1 - recency[logged.labels == label].std() / recency.std() for label in range(3)}
    assert {label: found["Recency"] for label, found in logged.quality.compactness.items()} == pytest.approx(within)
    assert plain.quality.mean_compactness["Recency"] != pytest.approx(logged.quality.mean_compactness["Recency"], rel=1e-3)


def test_a_feature_of_more_weight_pulls_the_segments_towards_it(store):
    """Low, medium and high make a feature's mean compactness rise, on the median over seeds, for numbers as for categories."""
    rng = np.random.default_rng(0)
    n = 600
    group = rng.integers(0, 4, n)
    # Correlated, so that no feature is clustered on for nothing, as in customer tables.
    numbers = [np.clip(rng.normal(0.25 * group, 0.35), -1, 2) for _ in range(3)]
    flags = {f"{name}=yes": rng.random(n) < np.where(group % 2, 0.7, 0.3) for name in ("loan", "housing", "default")}
    job = np.where(rng.random(n) < 0.5, group, rng.integers(0, 4, n))
    columns = {"a": numbers[0], "b": numbers[1], "c": numbers[2], **flags, **{f"job={value}": job == value for value in range(4)}}
    kinds = {**dict.fromkeys(flags, "binary"), **{f"job={value}": "dummy" for value in range(4)}}
    table = replace(
        table_of(np.column_stack([np.asarray(column, dtype=float) for column in columns.values()]), names=tuple(columns)),
        dictionary=tuple(
            FeatureEntry(name, name, "", "", (name.partition("=")[0],), block="job" * ("job" in name), kind=kinds.get(name, "number"))
            for name in columns
        ),
    )
    kept = store.put_feature_table(table)

    def compactness(names, weight):
        found = []
        for seed in range(5):
            plan = Plan(table.names, scaler="minmax", weights=dict.fromkeys(names, weight), seed=seed)
            spec = make_spec(store, kept, DATA, plan, algorithm="kmeans", points=[{"n_clusters": 5, "tol": 1e-4}])
            solution = store.solution(run(store, spec), 0)
            found.append(np.mean([solution.quality.mean_compactness[name] for name in names]))
        return np.median(found)

    for names in (["a"], ["loan=yes"], [name for name in columns if "job" in name]):
        low, medium, high = (compactness(names, weight) for weight in (1.5, 2.5, 4.0))
        assert low <= medium <= high, names
        assert high > compactness(names, 1.0) + 0.05, names
