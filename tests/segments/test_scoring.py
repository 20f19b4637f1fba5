"""Scoring: the training customers get their training labels, new ones the stored numbers' answer, and nobody is dropped."""

import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from segcore.clustering.algorithms.registry import algorithm
from segcore.data.sources import read_source
from segcore.errors import DataError, ParameterError, SegcoreError, StoreError
from segcore.features.assemble import kit_outliers
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.features.preparation import apply_preparation
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec


def lines_of(customers, seed=0, start="2011-01-03"):
    """Return a year of lines of so many customers of three habits; every fiftieth spends far more than the rest."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        habit = customer % 3
        for order in range(1 + rng.poisson(2 + 4 * habit)):
            time = pd.Timestamp(start) + pd.Timedelta(days=int(rng.integers(0, 330)), hours=int(rng.integers(8, 18)))
            price = 5_000.0 if customer % 50 == 49 else round(float(rng.lognormal(1 + habit / 2, 0.4)), 2)
            rows.append((f"{customer:04d}{order:03d}", "S1", int(rng.integers(1, 9)), time, price, f"K{customer:04d}"))
    return pd.DataFrame(rows, columns=["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def read(tmp_path):
    """Return a function that reads lines as a file."""

    def from_lines(lines, name="lines.csv", **options):
        lines.to_csv(tmp_path / name, index=False)
        return read_source(DataRequest(str(tmp_path / name), **options))

    return from_lines


def swept(store, dataset, *, features="kit", points=None, **options):
    table = build_features(dataset)
    planned = {name: options.pop(name) for name in Plan.__match_args__ if name in options}
    spec = make_spec(
        store,
        store.put_feature_table(table),
        {"name": dataset.name, "kind": dataset.kind, "fingerprint": dataset.fingerprint},
        Plan(feature_names(table, features, dataset.kind), **planned),
        **{"algorithm": "kmeans", "points": points or [{"n_clusters": 4, "tol": 1e-4}], **options},
    )
    sweep_id = store.add_sweep(spec)
    run_sweep(store, sweep_id)
    assert [solution.status for solution in store.sweep(sweep_id).solutions] == ["ok"] * len(spec.points)
    return sweep_id


CASES = [
    ("kmeans", {"n_clusters": 4, "tol": 1e-4}, "stock"),
    ("kmeans", {"n_clusters": 4, "tol": 1e-4}, "intel"),
    ("dbscan", {"eps": 2.0, "min_samples": 4}, "stock"),
    ("dbscan", {"eps": 2.0, "min_samples": 4}, "intel"),
]


@pytest.mark.parametrize(("name", "point", "engine"), CASES)
@pytest.mark.parametrize("scaler", ["standard", "robust", "none"])
@pytest.mark.parametrize("features", ["kit", "behaviour"])
def test_training_customers_get_their_training_labels_and_those_set_aside_are_marked(store, read, name, point, engine, scaler, features):
    dataset = read(lines_of(200))
    point = {**point, "eps": 60.0} if name == "dbscan" and scaler == "none" else point
    sweep_id = swept(store, dataset, features=features, points=[point], algorithm=name, engine=engine, scaler=scaler, outliers="kit")
    found = score(store, sweep_id, 0, dataset)
    kept = kit_outliers(build_features(dataset))
    assert len(found.customers) == len(found.labels) == 200
    assert 0 < (~kept).sum() < 20
    np.testing.assert_array_equal(found.set_aside, ~kept)
    np.testing.assert_array_equal(found.labels[kept], store.solution(sweep_id, 0).labels)
    assert found.labels.dtype == np.int32
    assert found.table.names == store.sweep(sweep_id).preparation.features


@pytest.mark.parametrize(("name", "point", "engine"), CASES)
def test_new_customers_pass_through_the_stored_numbers(store, read, name, point, engine):
    sweep_id = swept(store, read(lines_of(200)), points=[point], algorithm=name, engine=engine, outliers="none")
    new = read(lines_of(30, seed=9, start="2010-12-30").assign(CustomerID=lambda lines: "N" + lines["CustomerID"]), "new.csv")
    found = score(store, sweep_id, 0, new, as_of="2012-01-31")
    preparation, solution = store.sweep(sweep_id).preparation, store.solution(sweep_id, 0)
    table = build_features(new, reference_date="2012-01-31").select(preparation.features)
    X = apply_preparation(preparation, table.values)
    np.testing.assert_array_equal(found.labels, algorithm(name).scoring.assign(X, solution.arrays, solution.params))
    if name == "kmeans":
        nearest = ((X[:, None] - solution.arrays["centres"][None]) ** 2).sum(axis=2).argmin(axis=1)
        np.testing.assert_array_equal(found.labels, nearest)
    assert found.customers.tolist() == table.customers.tolist()


def test_the_outlier_bounds_are_those_of_training_not_of_the_scored_data(store, read):
    sweep_id = swept(store, read(lines_of(200)), outliers="kit")
    rich = lines_of(5, seed=3).assign(UnitPrice=4_000.0, InvoiceDate=pd.Timestamp("2011-06-01 10:00"))
    found = score(store, sweep_id, 0, read(rich, "rich.csv"))
    assert found.set_aside.all()
    assert (found.labels >= 0).all()


def test_one_customer_alone_can_be_scored(store, read):
    lines = lines_of(60)
    sweep_id = swept(store, read(lines), outliers="none")
    one = lines[lines["CustomerID"] == "K0007"]
    found = score(store, sweep_id, 0, read(one, "one.csv"))
    everyone = store.feature_table(store.spec(sweep_id).table).customers.tolist()
    assert found.customers.tolist() == ["K0007"]
    assert found.labels[0] == store.solution(sweep_id, 0).labels[everyone.index("K0007")]


def test_customers_at_the_same_distance_from_two_centres_keep_the_label_of_the_fit(store, read, monkeypatch):
    dataset = read(lines_of(60))
    sweep_id = swept(store, dataset, outliers="none")
    spec = algorithm("kmeans")
    # Whatever the assignment says of a tie, a training row is settled by the fit.
    other = SimpleNamespace(scoring=SimpleNamespace(assign=lambda X, *rest: X[:, 0] * 0))
    monkeypatch.setattr("segcore.segments.scoring.algorithm", lambda name: other)
    np.testing.assert_array_equal(score(store, sweep_id, 0, dataset).labels, store.solution(sweep_id, 0).labels)
    assert spec.name == "kmeans"


class TestReferenceDate:
    def test_it_is_that_of_training(self, store, read):
        sweep_id = swept(store, read(lines_of(60)), outliers="none")
        early = lines_of(60).query("InvoiceDate < '2011-06-01'")
        found = score(store, sweep_id, 0, read(early, "early.csv"))
        assert found.table.reference_date == store.sweep(sweep_id).preparation.reference_date
        assert found.table.column("Recency").min() > 150

    def test_data_after_it_need_a_date(self, store, read):
        sweep_id = swept(store, read(lines_of(60)), outliers="none")
        later = read(lines_of(20, start="2012-02-01"), "later.csv")
        with pytest.raises(DataError, match=r"give --as-of 201\d-\d\d-\d\d"):
            score(store, sweep_id, 0, later)
        found = score(store, sweep_id, 0, later, as_of="2013-02-01")
        assert found.table.reference_date.startswith("2013-02-01T23:59:59")
        assert len(found.labels) == 20

    def test_the_last_day_itself_is_late_enough(self, store, read):
        lines = lines_of(20, start="2012-02-01")
        sweep_id = swept(store, read(lines_of(60)), outliers="none")
        last = lines["InvoiceDate"].max()
        assert len(score(store, sweep_id, 0, read(lines, "later.csv"), as_of=f"{last:%Y-%m-%d}").labels) == 20

    def test_a_date_before_the_datas_end_is_an_error(self, store, read):
        dataset = read(lines_of(60))
        sweep_id = swept(store, dataset, outliers="none")
        with pytest.raises(DataError, match="after the as-of date 2011-03-01"):
            score(store, sweep_id, 0, dataset, as_of="2011-03-01")

    @pytest.mark.parametrize("text", ["yesterday", "31/01/2012", ""])
    def test_what_is_no_date_is_an_error_that_shows_one(self, store, read, text):
        dataset = read(lines_of(60))
        sweep_id = swept(store, dataset, outliers="none")
        with pytest.raises(ParameterError, match="2012-01-31"):
            score(store, sweep_id, 0, dataset, as_of=text)

    @pytest.mark.parametrize("frames", ["pandas", "polars"])
    def test_any_frame_is_scored_alike(self, store, read, frames):
        sweep_id = swept(store, read(lines_of(60)), outliers="none")
        found = score(store, sweep_id, 0, read(lines_of(60), frames=frames))
        np.testing.assert_array_equal(found.labels, store.solution(sweep_id, 0).labels)


class TestRowsThatAreCustomers:
    @pytest.fixture
    def customers(self):
        rng = np.random.default_rng(0)
        return pd.DataFrame({"id": [f"c{i:03d}" for i in range(90)], "age": rng.integers(18, 90, 90), "income": rng.lognormal(8, 1, 90)})

    def test_they_are_scored_without_a_date(self, store, read, customers):
        dataset = read(customers, kind="customers", roles={"customer": "id"})
        sweep_id = swept(store, dataset, features="all", outliers="none")
        found = score(store, sweep_id, 0, dataset)
        np.testing.assert_array_equal(found.labels, store.solution(sweep_id, 0).labels)
        assert not found.set_aside.any()
        with pytest.raises(ParameterError, match="nothing in it is dated"):
            score(store, sweep_id, 0, dataset, as_of="2012-01-31")

    def test_a_column_that_is_not_there_is_named(self, store, read, customers):
        sweep_id = swept(store, read(customers, kind="customers", roles={"customer": "id"}), features="all", outliers="none")
        with pytest.raises(DataError, match="income"):
            score(store, sweep_id, 0, read(customers.drop(columns="income"), "less.csv", kind="customers", roles={"customer": "id"}))

    def test_columns_that_the_sweep_does_not_use_are_not_needed(self, store, read, customers):
        customers["plan"] = ["a", "b", "c"] * 30
        dataset = read(customers, kind="customers", roles={"customer": "id"})
        sweep_id = swept(store, dataset, features="income,plan=b", outliers="none")
        less = read(customers.drop(columns="age"), "less.csv", kind="customers", roles={"customer": "id"})
        found = score(store, sweep_id, 0, less)
        np.testing.assert_array_equal(found.labels, store.solution(sweep_id, 0).labels)

    def test_one_new_customer_with_a_gap_gets_the_trainings_median(self, store, read, customers):
        gapped = customers.astype({"age": float})
        gapped.loc[::7, "age"] = np.nan
        sweep_id = swept(store, read(gapped, kind="customers", roles={"customer": "id"}), features="all", outliers="none")
        new = pd.DataFrame({"income": [9000.0], "age": [None], "id": ["new"], "shoe size": [43]})
        found = score(store, sweep_id, 0, read(new, "new.csv", kind="customers", roles={"customer": "id"}))
        assert found.customers.tolist() == ["new"]
        assert found.table.values.tolist() == [[gapped["age"].median(), 9000.0]]
        preparation = store.sweep(sweep_id).preparation
        scaled = (found.table.values - preparation.centre) / preparation.scale
        distances = ((store.solution(sweep_id, 0).arrays["centres"] - scaled) ** 2).sum(axis=1)
        assert found.labels.tolist() == [int(distances.argmin())]

    def test_words_where_the_sweep_had_numbers_are_named(self, store, read, customers):
        sweep_id = swept(store, read(customers, kind="customers", roles={"customer": "id"}), features="all", outliers="none")
        wrong = customers.astype({"age": object})
        wrong.loc[4:, "age"] = "old"
        with pytest.raises(DataError, match="wrong.csv: age is 'old' in data row 5"):
            score(store, sweep_id, 0, read(wrong, "wrong.csv", kind="customers", roles={"customer": "id"}))

    def test_data_of_another_kind_are_an_error(self, store, read, customers):
        sweep_id = swept(store, read(lines_of(60)), outliers="none")
        with pytest.raises(DataError, match="made from transactions"):
            score(store, sweep_id, 0, read(customers, kind="customers", roles={"customer": "id"}))


def test_a_point_without_segments_says_why(store, read):
    dataset = read(lines_of(20))
    table = build_features(dataset)
    spec = make_spec(
        store, store.put_feature_table(table), {"kind": "transactions"}, Plan(("Recency",)), algorithm="kmeans",
        points=[{"n_clusters": 21, "tol": 1e-4}],
    )  # fmt: skip
    sweep_id = store.add_sweep(spec)
    with pytest.raises(SegcoreError):
        score(store, sweep_id, 0, dataset)
    run_sweep(store, sweep_id)
    with pytest.raises(StoreError, match="more than the 20 rows"):
        score(store, sweep_id, 0, dataset)


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
@pytest.mark.parametrize("name", ["kmeans", "dbscan"])
def test_on_online_retail_everybody_is_scored_and_trained_labels_come_back(store, data_dir, name):
    dataset = read_source(DataRequest(str(data_dir / "online_retail.parquet")))
    points = [{"n_clusters": 10, "tol": 1e-4}, {"n_clusters": 30, "tol": 1e-5}] if name == "kmeans" else [{"eps": 0.7, "min_samples": 10}]
    sweep_id = swept(store, dataset, points=points, algorithm=name, outliers="kit")
    full = build_features(dataset)
    kept = kit_outliers(full)
    X = apply_preparation(store.sweep(sweep_id).preparation, full.select(feature_names(full, "kit", "transactions")).values[kept])
    for position in range(len(points)):
        solution = store.solution(sweep_id, position)
        found = score(store, sweep_id, position, dataset)
        assert (len(found.labels), int(found.set_aside.sum())) == (4372, 116)
        np.testing.assert_array_equal(found.labels[kept], solution.labels)
        np.testing.assert_array_equal(algorithm(name).scoring.assign(X, solution.arrays, solution.params), solution.labels)
