"""A table of items, from a file beside the data to features, titles and scores."""

import numpy as np
import pandas as pd
import pytest

from segcore.errors import DataError
from segcore.features.planning.sets import feature_names
from segcore.intake.child import peek_in_child
from segcore.intake.remembered import data_key, recall_data
from segcore.intake.take_in import take_in
from segcore.intake.trained_rows import read_like_trained
from segcore.records.intake import DataRequest, SecondTable
from segcore.records.plan import Plan
from segcore.segments.explanation import explain
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

ITEMS = "code,department,title\n" + "".join(f"i{n},{'Food' if n % 2 else 'Toys'},{'Same' if n < 2 else f'Thing {n}'}\n" for n in range(6))


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def request_of(tmp_path):
    """Return the request for orders whose even customers buy toys, with a table of items."""
    draw = np.random.default_rng(1)
    rows = [
        (f"k{customer:02d}", f"{customer}-{order}", f"2024-{1 + order:02d}-03", f"i{2 * draw.integers(3) + customer % 2}", 5 + order)
        for customer in range(24)
        for order in range(3 + customer % 3)
    ]
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "date", "item_id", "amount"])
    lines.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "products.csv").write_text(ITEMS)

    def make(items="products.csv", **more):
        table = None if items is None else SecondTable(str(tmp_path / items))
        return DataRequest(str(tmp_path / "orders.csv"), items=table, **more)

    return make


def test_a_column_of_items_makes_features_and_titles_are_stored(store, request_of):
    taken = take_in(store, request_of())

    table = store.feature_table(taken.table)
    assert taken.roles["category"] == "department"
    assert taken.joined == ("department", "title") and taken.own_columns == ("customer_id", "order_id", "date", "item_id", "amount")
    assert table.column("spend_share_Toys").tolist() == [1.0, 0.0] * 12
    found = store.purchases(taken.table, "item")
    assert dict(zip(found.names, found.titles, strict=True)) == {
        "i0": "Same", "i1": "Same", "i2": "Thing 2", "i3": "Thing 3", "i4": "Thing 4", "i5": "Thing 5",
    }  # fmt: skip
    assert store.purchases(taken.table, "category").titles is None
    store.check_feature_table(taken.table)


def test_titles_are_copied_with_an_intake(store, request_of, tmp_path):
    take_in(store, request_of())
    key = next(key for (key,) in store._rows("select key from intakes") if ":" not in key)
    other = Store(tmp_path / "other")
    other.copy_intake(key, store)
    table = other.intake(key)["table"]
    other.check_feature_table(table)
    assert other.purchases(table, "item").titles == store.purchases(table, "item").titles


def test_a_link_opens_the_data_with_their_items(store, request_of):
    taken = take_in(store, request_of())
    again, request = recall_data(store, data_key(taken.table, taken.data))
    assert again == taken and request == request_of()


def test_choices_for_the_rows_alone_hold_with_items_too(store, request_of):
    chosen = {"item": "item_id", "category": "", "order": ""}
    take_in(store, request_of(None, kind="transactions", roles=chosen))

    taken = take_in(store, request_of())

    assert taken.remembered == "orders.csv" and "order" not in taken.roles
    assert taken.roles["category"] == "department"
    assert take_in(store, request_of()) == taken


def test_rows_can_be_seen_when_their_items_cannot_be_read(store, request_of):
    assert peek_in_child(store.home, request_of("nowhere.csv")).columns[0] == "customer_id"


@pytest.fixture
def swept(store, request_of):
    taken = take_in(store, request_of())
    table = store.feature_table(taken.table)
    plan = Plan(feature_names(table, ["spend_share_Toys", "total_spend"], taken.kind))
    spec = make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=[{"n_clusters": 2, "tol": 1e-4}])
    run_sweep(store, store.add_sweep(spec))
    return spec


def test_new_orders_are_scored_with_their_items_and_refused_without(store, swept, request_of):
    with read_like_trained(store, swept.data, request_of()) as dataset:
        scored = score(store, swept.id, 0, dataset)
    assert scored.labels.tolist() == store.labelled_solution(swept.id, 0).labels.tolist()

    with pytest.raises(DataError) as error, read_like_trained(store, swept.data, request_of(None)):
        pytest.fail("it was read")
    assert str(error.value) == (
        "orders.csv lacks department, which the sweep's categories come from: it is a column of products.csv; give that table with --items."
    )


def test_what_a_segment_buys_has_the_titles(store, swept):
    found = explain(store, swept.id, 0)
    items = [item for segment in found.profiles() for item in segment["items"] if item["what"] == "item"]
    assert {item["title"] for item in items} <= {"Same", *(f"Thing {n}" for n in range(6))}
    assert {item["item"][0] for item in items} == {"i"}
    assert {item["title"] for item in found.profiles()[0]["items"] if item["what"] == "category"} <= {"Food", "Toys"}
