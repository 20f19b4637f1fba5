"""Segments of vectors: named and explained by what their customers buy and by features that say something, never by dimensions."""

import re

import numpy as np
import pandas as pd
import pytest

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.assemble import assemble
from segcore.features.preparation import apply_preparation
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.records.vectors import Vectors
from segcore.segments.drivers.stored import drivers_of
from segcore.segments.explanation import explain
from segcore.segments.rules.search import halves
from segcore.segments.validation import validate
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

DIMENSION = re.compile(r"\bv\d+\b|dimension \d", re.IGNORECASE)


def orders_of_two_tastes():
    """Return six orders each of 60 customers: of every third from products a0 to a7, of the others from b0 to b7."""
    draw = np.random.default_rng(0)
    rows = [
        (f"c{who:02d}", f"{who}/{order}", f"2024-01-{1 + 4 * order:02d}", f"{'ab'[who % 3 > 0]}{item}", round(float(draw.uniform(1, 9)), 2))
        for who in range(60)
        for order in range(6)
        for item in draw.choice(8, 4, replace=False)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "order_date", "item", "amount"])


@pytest.fixture
def swept(home, tmp_path):
    """Return a function that sweeps two segments of vectors, also with other features, and returns the store and the sweep's id."""

    def sweep(*others):
        orders_of_two_tastes().to_csv(tmp_path / "orders.csv", index=False)
        store = Store(home)
        taken = take_in(store, DataRequest(str(tmp_path / "orders.csv"), vectors=Vectors(dimensions=4, epochs=5)))
        points = algorithm("kmeans").parse_grid(("n_clusters=2", "tol=0.0001", "n_init=3")).points()
        plan = Plan(("v0", "v1", "v2", "v3", *others))
        spec = make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=points)
        run_sweep(store, store.add_sweep(spec))
        return store, spec.id

    return sweep


def test_segments_are_named_by_what_they_buy_and_explained_without_dimensions(swept):
    found = explain(*swept(), 0)

    names = {summary.customers: summary.title for summary in found.profile.segments}
    assert sorted(names) == [20, 40]
    assert re.fullmatch(r"Buy a\d; a\d", names[20]) and re.fullmatch(r"Buy b\d; b\d", names[40])
    assert not DIMENSION.search(str(found.to_json()))
    first = found.to_json()["segments"][0]["features"]
    assert {"Recency", "total_spend"} <= {feature["name"] for feature in first} and not any(feature["clustered_on"] for feature in first)


def test_the_cost_of_the_tree_is_measured_on_the_vectors(swept):
    store, sweep_id = swept()
    tree = explain(store, sweep_id, 0).definition.tree

    sweep, labels = store.sweep(sweep_id), np.asarray(store.solution(sweep_id, 0).labels)
    table = store.feature_table(sweep.spec.table)
    X = apply_preparation(sweep.preparation, assemble(table, sweep.spec.plan).table.values)
    measured = halves(labels, 0, most=10_000)[1]
    groups = tree.assign({name: table.column(name) for name in table.names})[measured]

    def inertia(of):
        return sum(((X[measured][of == label] - X[measured][of == label].mean(axis=0)) ** 2).sum() for label in np.unique(of))

    assert tree.cost_ratio == pytest.approx(inertia(groups) / inertia(labels[measured]))


def test_vectors_beside_other_features_are_explained_by_features(swept):
    found = explain(*swept("Recency"), 0)

    assert not DIMENSION.search(str(found.to_json()))
    assert {feature["name"] for feature in found.to_json()["segments"][0]["features"] if feature["clustered_on"]} == {"Recency"}
    assert not any(summary.title.startswith("Buy") for summary in found.profile.segments)


def test_segments_of_vectors_are_predicted_from_the_vectors(swept):
    found = validate(*swept(), 0)
    assert found.model == "gaussian" and found.accuracy.value == 1.0


def test_drivers_are_other_features_than_dimensions_and_are_called_no_rule_of_the_clustering(swept):
    found = drivers_of(*swept(), 0)
    names = {feature.name for feature in found.features}
    assert names and not any(DIMENSION.search(name) for name in names) and "Recency" in names
    assert [note.code for note in found.notes] == ["drivers.from_vectors"]
