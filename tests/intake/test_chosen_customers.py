"""Customers chosen by conditions on their features: whom a rule finds is whom its filter keeps."""

import numpy as np
import pandas as pd
import pytest

from segcore.errors import SegcoreError
from segcore.export.sql import rule_filter
from segcore.intake.remembered import data_key, recall_data
from segcore.intake.take_in import take_in
from segcore.records.data_rules import ColumnRules
from segcore.records.estimate import Estimate
from segcore.records.intake import DataRequest
from segcore.segments.rules.condition import Condition
from segcore.segments.rules.rule import Rule
from segcore.store.store import Store

SURE = Estimate(1.0, 1.0, 1.0, 1)


@pytest.fixture
def people(tmp_path):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"c{number}" for number in range(300)],
            "age": draw.integers(18, 90, 300),
            "job": draw.choice(["=x", "O'Brien", "Åland"], 300),
            "why so": draw.choice(list("ab"), 300),
        }
    )
    frame.loc[::9, "age"] = None
    frame.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def request_for(path, *where):
    return DataRequest(str(path), kind="customers", roles={"customer": "id"}, columns=ColumnRules(profile=("why so",)), where=where)


@pytest.mark.parametrize(
    "conditions",
    [
        [Condition("age", ">", 60.0)],
        [Condition("age", "<=", 54.0), Condition("job==x", ">", 0.0)],
        [Condition("job=O'Brien", "<=", 0.0), Condition("why so", "=", "a")],
        [Condition("why so", "!=", "a")],
    ],
)
def test_the_filter_of_a_rule_keeps_whom_the_rule_finds(people, home, conditions):
    store = Store(home)
    everyone = store.feature_table(take_in(store, request_for(people)).table)
    columns = {name: everyone.column(name) for name in everyone.names} | dict(everyone.profile)
    found = np.logical_and.reduce([one.meets(columns[one.feature]) for one in conditions])
    text = rule_filter(Rule(tuple(conditions), SURE, SURE))
    taken = take_in(store, request_for(people, text))
    kept = store.feature_table(taken.table)
    assert 0 < found.sum() < 300
    assert kept.customers.tolist() == everyone.customers[found].tolist()
    np.testing.assert_array_equal(kept.values, everyone.values[found])
    assert taken.n_customers == found.sum() and taken.rows_used == 300
    [note] = [note for note in taken.notes if note.code == "filter.customers"]
    assert (note.values["kept"], note.values["customers"]) == (found.sum(), 300)
    assert taken.data["filters"] == [text]


def test_purchases_are_those_of_the_customers_who_are_kept(tmp_path, home):
    draw = np.random.default_rng(1)
    lines = pd.DataFrame(
        {
            "customer_id": draw.integers(0, 20, 400).astype(str),
            "invoice": draw.integers(0, 150, 400).astype(str),
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 200, 400), unit="D"),
            "item": draw.choice(list("abcdef"), 400),
            "quantity": 1,
            "unit_price": draw.integers(1, 9, 400),
            "land": draw.choice(["x", "y"], 400),
        }
    )
    path = tmp_path / "orders.csv"
    lines.to_csv(path, index=False)
    store = Store(home)
    everyone = take_in(store, DataRequest(str(path), where=("land = 'x'",)))
    table = store.feature_table(everyone.table)
    least = float(np.median(table.column("total_spend")))
    chosen = table.column("total_spend") > least
    kept = take_in(store, DataRequest(str(path), where=(f"customer.total_spend > {least}", "land = 'x'")))
    before, after = (store.purchases(found.table, "item") for found in (everyone, kept))
    assert kept.n_customers == chosen.sum() == len(after.starts) - 1
    counts = [
        np.bincount(found.customers * len(found.names) + found.items, found.counts, rows * len(found.names)).reshape(rows, -1)
        for found, rows in ((before, len(table)), (after, kept.n_customers))
    ]
    np.testing.assert_array_equal(counts[0][chosen], counts[1])


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("customer.agee > 5", "nearest: age"),
        ("customer.age > 5 AND job = 'x'", "split it into two"),
        ("customer.age > 500", "None of 300 customers meets"),
        ("customer.job > 5", "neither a feature"),
        ("seller.age > 5", "not allowed"),
        ("customer.age = 'x'", "age"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(people, home, where, said):
    with pytest.raises(SegcoreError, match=said):
        take_in(Store(home), request_for(people, where))


def test_a_file_of_a_relative_path_opens_from_any_folder(people, home, tmp_path, monkeypatch):
    store = Store(home)
    monkeypatch.chdir(people.parent)
    taken = take_in(store, request_for("people.csv"))
    monkeypatch.chdir("/")
    _, request = recall_data(store, data_key(taken.table, taken.data))
    assert request.data == str(people)
    assert take_in(store, request).table == taken.table
