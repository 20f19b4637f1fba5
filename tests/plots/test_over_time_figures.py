from types import SimpleNamespace

import numpy as np
import pytest

from segcore.plots.segments.drift import describe_drift, draw_drift, drift_data
from segcore.plots.segments.flow import describe_flow, draw_flow, migration_data
from segcore.plots.segments.sizes_over_time import describe_sizes_over_time, draw_sizes_over_time, sizes_over_time_data
from segcore.segments.over_time.changes import segment_changes
from segcore.segments.over_time.drift import Drift
from segcore.segments.over_time.over_time_records import NOWHERE, FollowedCustomers

NAMES = {0: "Loyal <b>", 1: "Lost"}


@pytest.fixture
def found():
    """Return ten customers: two moved, two are gone, one is new and one set aside."""
    status = np.array(["both"] * 6 + ["gone"] * 2 + ["new", "aside"], dtype=object)
    then = np.array([0, 0, 0, 0, 1, 1, 0, 1, NOWHERE, 0])
    now = np.array([0, 0, 1, 1, 1, 1, NOWHERE, NOWHERE, 0, NOWHERE])
    revenue = np.array([10.0, 20, 30, 40, -5, 5, 50, 1, np.nan, 9])
    customers = FollowedCustomers(status, status, then, now, status, revenue, revenue)
    drift = (Drift("spend", 0.3, 0.1, 10, 8, 7), Drift("age", 0.02, 0.1, 10, 8, 7))
    return SimpleNamespace(customers=customers, segments=segment_changes(customers), drift=drift)


def test_the_flow_holds_who_moved_who_is_new_and_who_is_gone(found):
    flow = migration_data(found, NAMES)
    assert (flow.before, flow.after) == (("New customers", "Loyal <b>", "Lost"), ("Gone", "Loyal <b>", "Lost"))
    assert flow.amounts.tolist() == [[0, 1, 0], [1, 2, 2], [1, 0, 2]]
    assert np.argwhere(flow.moved).tolist() == [[1, 2], [2, 1]]
    sankey = draw_flow(flow).data[0]
    assert sankey.link.value == (1, 1, 2, 2, 1, 2) and sankey.node.label[1] == "Loyal &lt;b>"
    assert describe_flow(flow, most=1) == "“Loyal <b>” to “Loyal <b>”: 2 customers (40 % of the former); and 5 smaller flows."


def test_by_revenue_it_holds_what_customers_were_worth_then(found):
    flow = migration_data(found, NAMES, "revenue")
    assert flow.before == ("Loyal <b>", "Lost")
    assert flow.amounts.tolist() == [[50, 30, 70], [1, 0, 5]]
    assert "70 of revenue (47 % of the former)" in describe_flow(flow)


def test_without_revenue_there_is_no_flow_of_it(found):
    found.customers.revenue_then[:] = np.nan
    assert migration_data(found, NAMES, "revenue") is None


def test_sizes_have_their_intervals(found):
    rows = sizes_over_time_data(found, NAMES)
    assert [(row.title, row.then, row.now) for row in rows] == [("Loyal <b>", 5, 3), ("Lost", 3, 4)]
    then, now = draw_sizes_over_time(rows).data
    assert list(then.x) == [62.5, 37.5] and list(now.x) == pytest.approx([300 / 7, 400 / 7])
    assert then.x[0] + then.error_x.array[0] == pytest.approx(100 * rows[0].then_share.high)
    assert then.hovertext[0].startswith("Loyal &lt;b><br>then: 5 customers")
    assert "“Lost”: 38 % then, 57 % now (+19.6 points" in describe_sizes_over_time(rows)


def test_drift_is_ranked_by_how_far_it_is_above_chance(found):
    bars = drift_data(found, {"age": "Age"})
    assert [(bar.title, bar.drifted) for bar in bars] == [("spend", True), ("Age", False)]
    figure = draw_drift(bars)
    assert list(figure.data[0].x) == [0.3, 0.02] and list(figure.data[1].x) == [0.1, 0.1]
    assert describe_drift(bars) == "Drifted, most first: spend (0.30, chance stays below 0.10). The other 1 did not drift beyond chance."
    assert describe_drift(bars[1:]) == "None of 1 feature drifted beyond chance."
