"""Key figures of segments: hand-worked sums that share out the data's, and pandas as the oracle on real-looking orders."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.errors import StoreError
from segcore.features.transactions.units import count_units, sold_by_measure
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.solution import Solution
from segcore.segments.profiles.key_figures import key_figures

ORDERS = FeatureEntry("invoices", "Orders", "orders", "")


def table_of(orders, *, revenue=None, units=None, unit_revenue=None, entry=ORDERS, worth="revenue"):
    count = len(orders)
    return FeatureTable(
        values=np.asarray(orders, dtype=float)[:, None],
        names=(entry.name,),
        customers=np.array([str(n) for n in range(count)], dtype=object),
        copies=np.zeros(count, dtype=np.int32),
        dictionary=(entry,),
        revenue=None if revenue is None else np.asarray(revenue, dtype=float),
        worth=worth,
        sums={} if units is None else {"units": np.asarray(units, float), "unit_revenue": np.asarray(unit_revenue, float)},
    )


def solution_of(labels):
    return Solution.from_labels(np.asarray(labels, dtype=np.int32), params={"k": 2}, engine="stock", evidence="", seed=0)


def values_of(group):
    return {name: figure.value for name, figure in group.figures.items()}


def test_figures_worked_by_hand():
    table = table_of([2, 1, 4, 1], revenue=[20, 10, 100, 30], units=[4, 1, 20, 5], unit_revenue=[16, 10, 100, 20])
    found = key_figures(table, Plan(("invoices",)), solution_of([0, 0, 1, -1]), {0: "Small"})
    assert [(group.label, group.title) for group in found.groups] == [(0, "Small"), (1, "Segment 1"), (-1, "Noise")]
    assert values_of(found.find(0)) == {
        "customers": 2,
        "revenue": 30,
        "orders": 3,
        "units": 5,
        "revenue_per_customer": 15,
        "orders_per_customer": 1.5,
        "revenue_per_order": 10,
        "units_per_order": pytest.approx(5 / 3),
        "price_per_unit": 26 / 5,
    }
    assert found.find(1).figures["revenue"].share == pytest.approx(100 / 160)
    assert found.find(1).figures["revenue_per_order"].share is None
    assert found.everyone.figures["price_per_unit"].value == pytest.approx(146 / 30)
    assert found.titles["revenue_per_order"] == "Revenue per order"


def test_the_share_of_spend_at_a_reduced_price_is_of_the_segments_spend():
    sums = {"reduced_spend": np.array([3.0, 0, 50, 0]), "spend": np.array([10.0, 20, 50, 0])}
    found = key_figures(replace(table_of([2, 1, 4, 1]), sums=sums), Plan(("invoices",)), solution_of([0, 0, 1, 2]), {})
    assert [group.figures["reduced_spend_share"].value for group in found.groups] == [0.1, 1, None]
    assert found.everyone.figures["reduced_spend_share"].value == 53 / 80
    assert list(found.titles) == ["customers", "orders", "orders_per_customer", "reduced_spend_share"]
    assert found.titles["reduced_spend_share"] == "Share of spend at a reduced price"


def test_customers_that_the_outlier_rule_set_aside_are_a_group_of_their_own():
    n = 200
    values = np.column_stack([np.linspace(1, 2, n), np.linspace(1, 30, n), np.arange(n) % 7 + 1.0, np.ones(n)])
    values[5, 0] = 1e6
    names = ("Amount", "Recency", "NumberOfOrders", "invoices")
    table = FeatureTable(
        values=values,
        names=names,
        customers=np.array([str(i) for i in range(n)], dtype=object),
        copies=np.zeros(n, dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "orders", "") for name in names),
        revenue=values[:, 0] * values[:, 2],
    )
    labels = np.arange(n - 1) % 2
    found = key_figures(table, Plan(("Recency",), "kit"), solution_of(labels), {})
    assert [group.title for group in found.groups] == ["Segment 0", "Segment 1", "Set aside"]
    assert values_of(found.groups[2])["customers"] == 1
    assert values_of(found.groups[2])["revenue"] == pytest.approx(table.revenue[5])
    kept = np.delete(np.arange(n), 5)
    assert values_of(found.find(1))["revenue"] == pytest.approx(table.revenue[kept[labels == 1]].sum())


def test_copies_count_their_customer_once():
    found = key_figures(table_of([1, 2]), Plan(("invoices",), repeats=2), solution_of([0, 1, 1, 1]), {})
    assert [values_of(group)["orders"] for group in found.groups] == [1, 2]


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 9), st.floats(-100, 1000)), min_size=1, max_size=40))
def test_groups_share_out_what_all_customers_have(rows):
    labels, orders, revenue = zip(*rows, strict=True)
    found = key_figures(table_of(orders, revenue=revenue), Plan(("invoices",)), solution_of(labels), {})
    for name in ("customers", "orders", "revenue"):
        total = found.everyone.figures[name].value
        assert sum(group.figures[name].value for group in found.groups) == pytest.approx(total, abs=1e-9)
        shares = [group.figures[name].share for group in found.groups]
        assert (shares[0] is None) == (total <= 0)
        if total > 0:
            assert sum(shares) == pytest.approx(1, abs=1e-6)


def test_a_customer_table_has_customers_and_its_value_column_and_no_orders_by_mistake():
    own = FeatureEntry("invoices", "invoices", "", "")
    plain = key_figures(table_of([3, 5], entry=own), Plan(("invoices",)), solution_of([0, 1]), {})
    assert set(plain.everyone.figures) == {"customers"}
    valued = key_figures(table_of([3, 5], entry=own, revenue=[7, 9], worth="balance"), Plan(("invoices",)), solution_of([0, 1]), {})
    assert valued.titles["revenue_per_customer"] == "Balance per customer"
    assert values_of(valued.everyone)["revenue_per_customer"] == 8


def test_what_would_be_divided_by_nothing_is_not_there():
    found = key_figures(table_of([0, 2], revenue=[0, -5]), Plan(("invoices",)), solution_of([0, 1]), {})
    assert found.find(0).figures["revenue_per_order"].value is None
    assert found.find(0).figures["revenue"].share is None


def test_a_failed_solution_has_none():
    failed = Solution(params={"k": 2}, status="failed", reason="no", engine="stock", evidence="", seed=0)
    with pytest.raises(StoreError):
        key_figures(table_of([1, 2]), Plan(("invoices",)), failed, {})


def test_units_are_net_of_cancellations_and_leave_out_what_is_sold_by_measure():
    import narwhals as nw

    lines = pd.DataFrame(
        {
            "customer": ["a", "a", "b", "b", "b", "a", "a"],
            "item": ["pen", "fuel", "pen", "fuel", "fuel", "pen", None],
            "quantity": [3.0, 9_000.0, 2.0, 11_000.0, 90.0, -1.0, 5.0],
            "amount": [30.0, 25.0, 20.0, 31.0, 1.0, -10.0, 5.0],
        }
    )
    by_measure = sold_by_measure([nw.from_native(lines, eager_only=True)])
    found = count_units(nw.from_native(lines, eager_only=True), pd.Index(["a", "b", "c"]), by_measure)
    assert found["units"].tolist() == [7, 2, 0]
    assert found["unit_revenue"].tolist() == [25, 20, 0]
    without = count_units(nw.from_native(lines.drop(columns="item"), eager_only=True), pd.Index(["a", "b", "c"]))
    assert without["units"].tolist() == [9_007, 11_092, 0]
