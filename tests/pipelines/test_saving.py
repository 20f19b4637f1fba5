"""A pipeline that is saved from stored records, and read again, asks for the same records."""

import tomllib
from dataclasses import replace

import pandas as pd
import pytest

from segcore.cli import main
from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.pipelines.format.pipeline_file import read_document
from segcore.pipelines.journey import build_journey
from segcore.pipelines.running import Run
from segcore.pipelines.saving import pipeline_text
from segcore.records.data_rules import ColumnRules, RowRules
from segcore.records.grid import point_key
from segcore.records.intake import DataRequest, SecondTable
from segcore.records.plan import Plan
from segcore.records.taste import Taste
from segcore.store.store import Store
from segcore.sweeps.spec import make_spec
from tests.hostile_names import NAMES, write_customers, write_orders
from tests.library.conftest import small_orders


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def planned(store):
    """Return a function that stores the sweep of a request and a plan, unfinished."""

    def add(request, *, features="all", algo="kmeans", axes=("n_clusters=2,3",), engine=None, **plan):
        taken = take_in(store, request)
        names = feature_names(store.feature_table(taken.table), features, taken.kind)
        points = algorithm(algo).parse_grid(axes).points()
        made = Plan(names, **plan)
        spec = make_spec(store, taken.table, taken.data, made, algorithm=algo, points=points, engine=engine)
        store.add_sweep(spec)
        return spec

    return add


def read_again(store, spec, folder, position=1, **options):
    """Return what the saved pipeline asks for: its journey and the specification of its sweep."""
    text = pipeline_text(store, spec.id, position, **options)
    path = folder / "saved.toml"
    path.write_text(text)
    journey = build_journey(read_document(path))
    run = Run(store, journey)
    run.do("prepare")
    run.do("features")
    return journey, run.spec


def orders_request(folder, **more):
    return DataRequest(data=str(folder / "orders.csv"), name="orders.csv", **more)


@pytest.mark.parametrize(
    ("request_fields", "options"),
    [
        ({}, {"features": "behaviour"}),
        ({}, {"features": "value", "weights": {"Recency": 2.5, "total_spend": 1 / 3}, "transforms": {"total_spend": "power"}, "seed": 7}),
        ({}, {"features": "kit", "outliers": "kit", "repeats": 3, "scaler": "robust"}),
        ({}, {"features": "small", "ideas": "once", "transforms": {"Amount": "log"}, "engine": "stock"}),
        ({}, {"features": "small", "algo": "dbscan", "axes": ("eps=0.1,0.30000000000000004", "min_samples=3")}),
        ({}, {"features": "small", "algo": "gaussian_mixture", "axes": ("n_components=3,2", "covariance_type=diag,full")}),
        ({"where": ("unit_price > 1", "item = 'itema'"), "date_from": "2024-01-15", "date_to": "2024-08-01"}, {"features": "small"}),
        ({"rows": RowRules("ymd", set_aside=True, duplicates="aside", required=("item",))}, {"features": "small"}),
        ({"roles": {"item": ""}}, {"features": "small"}),
        ({"columns": ColumnRules(profile=("quantity",), max_categories=3)}, {"features": "small"}),
        ({"taste": Taste(n=1, matrix="zero", seed=5)}, {"features": "components=1", "seed": 2}),
        ({"taste": Taste(components="raw", least_customers=2, lengths="kept")}, {"features": "raw"}),
    ],
)
def test_the_same_sweep_is_asked_for(folder, store, planned, request_fields, options):
    request = orders_request(folder, **request_fields)
    spec = planned(request, **options)
    journey, again = read_again(store, spec, folder)
    assert again == spec
    assert again.id == spec.id
    assert journey.choice.point == spec.points[1]
    assert (journey.request.taste, journey.request.where) == (request.taste, request.where)
    assert journey.request.rows == request.rows and journey.request.columns == request.columns


def test_second_tables_are_asked_for_again(folder, store, planned):
    ids = sorted(set(small_orders()["customer_id"].dropna()))
    pd.DataFrame({"id": ids, "club": ["yes", "no", "no"] * 10}).to_csv(folder / "people.csv", index=False)
    pd.DataFrame({"sku": ["itema", "itemb"], "kind": ["x", "y"]}).to_csv(folder / "things.csv", index=False)
    people, things = SecondTable(str(folder / "people.csv"), key="id"), SecondTable(str(folder / "things.csv"), key="sku")
    spec = planned(orders_request(folder, customers=people, items=things), features="small")
    journey, again = read_again(store, spec, folder)
    assert again == spec and (journey.request.customers, journey.request.items) == (people, things)


def test_choices_remembered_from_an_earlier_file_are_written(folder, store, planned):
    """A pipeline must not depend on what a store remembers."""
    take_in(store, orders_request(folder, columns=ColumnRules(max_categories=2), roles={"item": ""}, kind="transactions"))
    small_orders().iloc[:-5].to_csv(folder / "other.csv", index=False)
    spec = planned(DataRequest(data=str(folder / "other.csv"), name="other.csv"), features="small")
    document = tomllib.loads(pipeline_text(store, spec.id, 0))
    assert document["data"]["max_categories"] == 2 and document["data"]["roles"]["item"] == ""
    assert read_again(store, spec, folder)[1] == spec


def test_hostile_names_survive(folder, store, planned):
    write_customers(folder / "people.csv", n_customers=60)
    request = DataRequest(data=str(folder / "people.csv"), name=NAMES[2], columns=ColumnRules(profile=(NAMES[1],)))
    taken = take_in(store, request)
    names = store.feature_table(taken.table).names
    spec = planned(request, weights={names[3]: 2.0, names[5]: 0.1}, transforms={names[0]: "log"})
    given = {label: NAMES[label + 20] for label in range(3)}
    for label, name in given.items():
        store.name_segment(spec.id, point_key(spec.points[1]), label, name)
    journey, again = read_again(store, spec, folder)
    assert again == spec and dict(again.data) == dict(spec.data)
    assert journey.names == store.segment_names(spec.id, point_key(spec.points[1]))
    assert set(spec.plan.features) >= {names[3]} and journey.request.name == NAMES[2]


def test_hostile_orders_survive(folder, store, planned):
    write_orders(folder / "o.csv", n_customers=40)
    condition = f"product = '{NAMES[30].replace(chr(39), chr(39) * 2)}' OR amount > 0"
    spec = planned(DataRequest(data=str(folder / "o.csv"), where=(condition,)), features="value")
    assert read_again(store, spec, folder)[1] == spec


def test_a_saved_file_shows_no_invisible_letter(folder, store, planned):
    write_customers(folder / "people.csv", n_customers=60)
    spec = planned(DataRequest(data=str(folder / "people.csv"), name=NAMES[32]))
    text = pipeline_text(store, spec.id, 0)
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_an_upload_is_named_as_its_file_was(folder, store, planned):
    uploads = store.home / "uploads"
    uploads.mkdir(exist_ok=True)
    (uploads / "abc123.csv").write_bytes((folder / "orders.csv").read_bytes())
    spec = planned(DataRequest(data=str(uploads / "abc123.csv"), name="orders.csv"), features="small")
    text = pipeline_text(store, spec.id, 0)
    assert str(store.home) not in text and "put the file beside this one" in text
    assert read_again(store, spec, folder)[1].id == spec.id


def test_without_the_request_the_reason_is_said(folder, store, planned):
    spec = planned(orders_request(folder), features="small")
    lost = replace(spec, data={**spec.data, "fingerprint": "other"})
    store.add_sweep(lost)
    with pytest.raises(Exception, match="no longer known how orders.csv was read"):
        pipeline_text(store, lost.id, 0)


def test_the_pipeline_of_a_command_writes_the_same_bytes(folder, home, capsys):
    """The journey by commands, then the pipeline that is saved from it, in another store."""
    assert main(["sweep", "orders.csv", "--algo", "kmeans", "--grid", "n_clusters=3", "--transform", "log=total_spend"]) == 0
    store = Store(home)
    (sweep,) = store.sweep_ids()
    store.name_segment(sweep, point_key(store.spec(sweep).points[0]), 0, "The “first”")
    for ending in ("csv", "parquet"):
        assert main(["export", sweep, "--point", "n_clusters=3", "--clustered-values", "--out", f"by_hand.{ending}"]) == 0
        text = pipeline_text(store, sweep, 0, export={"out": f"saved.{ending}", "clustered_values": True})
        (folder / "saved.toml").write_text(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SEGCORE_HOME", str(folder / "other-home"))
            assert main(["run", "saved.toml"]) == 0, capsys.readouterr().err
        assert (folder / f"by_hand.{ending}").read_bytes() == (folder / f"saved.{ending}").read_bytes()
