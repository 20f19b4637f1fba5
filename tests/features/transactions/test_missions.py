"""Basket missions: planted groups of orders are found, named and counted."""

import numpy as np
import pandas as pd
import pytest

from segcore.errors import DataError
from segcore.features.transactions.line_columns import OrderLines
from segcore.features.transactions.missions import find_missions
from segcore.records.dataset import Dataset

KINDS = {"Fresh": ("fruit", "bread"), "Drinks": ("wine",), "Home": ("soap", "paint")}


def orders(n=300, seed=1):
    """Return orders of ten lines, eight of them from the categories of their kind."""
    rng = np.random.default_rng(seed)
    every = [category for kind in KINDS.values() for category in kind]
    rows = []
    for number in range(n):
        own = KINDS[list(KINDS)[number % 3 if number % 10 else 0]]
        for line in range(10):
            category = own[line % len(own)] if line < 8 else rng.choice(every)
            rows.append((f"c{number % 20:02d}", f"o{number:03d}", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=number), category, 2.0))
    return pd.DataFrame(rows, columns=["who", "order", "time", "kind", "paid"])


def missions_of(frame, n):
    roles = {"customer": "who", "order": "order", "time": "time", "category": "kind", "amount": "paid"}
    dataset = Dataset(frame, "transactions", {role: name for role, name in roles.items() if name in frame}, "orders", "", len(frame))
    return find_missions(dataset, OrderLines.of(dataset, pd.Index(sorted(frame["who"].unique()))), n)


def test_planted_missions_are_found_and_named_by_their_top_categories_the_largest_first():
    found = missions_of(orders(), 3)
    truth = [0 if number % 10 == 0 else number % 3 for number in range(300)]
    assert found.sizes == sorted(found.sizes, reverse=True) == [truth.count(0), *sorted((truth.count(1), truth.count(2)), reverse=True)]
    groups = pd.crosstab(truth, found.of_orders)
    assert (groups > 0).to_numpy().sum() == 3
    assert sorted(", ".join(sorted(name.split(", "))) for name in found.names) == ["bread, fruit", "paint, soap", "wine"]


def test_the_same_orders_have_the_same_missions_whatever_their_amounts():
    frame = orders()
    scaled = frame.assign(paid=frame["paid"] * (1 + frame["order"].str[1:].astype(int)))
    first, second = missions_of(frame, 4), missions_of(scaled, 4)
    assert first.names == second.names
    np.testing.assert_array_equal(first.of_orders, second.of_orders)


def test_orders_without_spend_have_none_and_missing_categories_are_one():
    frame = orders(60)
    frame.loc[frame["order"] == "o005", "paid"] = -1.0
    frame.loc[frame["order"] == "o006", "paid"] = 0.0
    frame.loc[frame["kind"] == "wine", "kind"] = None
    found = missions_of(frame, 3)
    assert np.flatnonzero(found.of_orders < 0).tolist() == [5, 6]
    assert sum(found.sizes) == 58
    assert "no category" in found.names


def test_fewer_missions_are_found_where_fewer_orders_differ():
    frame = pd.DataFrame({"who": "c", "order": ["1", "2", "3"], "time": pd.Timestamp("2024-01-01"), "kind": ["a", "b", "a"], "paid": 1.0})
    found = missions_of(frame, 20)
    assert (found.names, found.of_orders.tolist()) == (("a", "b"), [0, 1, 0])


def test_names_of_several_missions_differ():
    found = missions_of(orders(), 12)
    assert len(set(found.names)) == len(found.names) > 3


def test_one_category_or_none_is_refused():
    with pytest.raises(DataError, match="^orders has spend on fewer than two values of kind, so its orders cannot be grouped by it"):
        missions_of(orders().assign(kind="all"), 3)
    with pytest.raises(DataError, match="^orders has no column with the role category, which basket missions are found by"):
        missions_of(orders().drop(columns="kind"), 3)
