"""Figures of SHAP values: what is drawn adds up, stays inside its row, and escapes what the data hold."""

import numpy as np
import pytest

from segcore.plots.contributions.beeswarm import MOST_POINTS, beeswarm_data, describe_beeswarm, draw_beeswarm, place_points
from segcore.plots.contributions.force import DOWN, UP, describe_force, describe_forces, draw_force, draw_forces, force_data, forces_data
from segcore.plots.contributions.importance import importance_data
from segcore.plots.heatmap import draw_map
from segcore.plots.theme import QUIET
from segcore.prediction.contributions import Contributions
from segcore.prediction.explained import Explained, ExplainedFeature, row_of
from segcore.prediction.held_out import Accuracy, Auc
from segcore.records.estimate import Estimate
from segcore.segments.drivers.records import Drivers, SegmentDrivers

HOSTILE = "<img src=x onerror=alert(1)>"
FEATURES = (
    ExplainedFeature("recency", f"Recency {HOSTILE}", "days"),
    ExplainedFeature("region", "region", kind="category", categories=("north", HOSTILE)),
    ExplainedFeature("spend", "Spend"),
    ExplainedFeature("unused", "Unused"),
)


def explained(n=50, features=FEATURES, seed=0):
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(n, len(features)))
    values[:, 1] = np.arange(n) % 2
    pushed = values * [3, 2, 0.5, 0] if len(features) == 4 else values * np.linspace(3, 1, len(features))
    customers = np.array([f"{HOSTILE}{at}" for at in range(n)], object)
    return Explained(customers, features, values, Contributions(pushed, np.full(n, -1.0)))


FOUND = explained()


def texts_of(figure):
    return figure.to_json()


def test_points_of_a_row_are_shap_values_spread_by_their_density_within_the_row():
    data = beeswarm_data(FOUND)
    assert [title.split()[0] for title in data.titles] == ["Recency", "region", "Spend"], "what no tree uses is left out"
    np.testing.assert_array_equal(data.x[0], FOUND.contributions.values[:, 0])
    assert np.abs(data.y).max() < 0.5
    dense = np.append(np.zeros(100), 10.0)
    offsets = place_points(dense, np.random.default_rng(0))
    assert offsets[-1] == 0 and len(set(offsets[:100])) == 100 and np.ptp(offsets) > 0.8
    assert np.abs(place_points(np.arange(10.0), np.random.default_rng(0))).max() == 0


def test_colours_are_ranks_of_values_and_categories_are_grey():
    data = beeswarm_data(FOUND)
    assert data.ranks[0, FOUND.values[:, 0].argmax()] == 1 and data.ranks[0, FOUND.values[:, 0].argmin()] == 0
    assert np.isnan(data.ranks[1]).all() and "Grey: categories" in describe_beeswarm(data)
    ordered, grey = draw_beeswarm(data).data
    assert (len(ordered.x), len(grey.x)) == (100, 50) and grey.marker.color == QUIET and ordered.type == "scattergl"
    assert "log-odds" in draw_beeswarm(data).layout.xaxis.title.text


def test_a_beeswarm_has_at_most_1000_points_per_feature_and_says_so():
    data = beeswarm_data(explained(3_000))
    assert data.x.shape[1] == MOST_POINTS == 1_000
    assert "Each point is a customer, 1,000 of 3,000 customers" in describe_beeswarm(data)
    few = beeswarm_data(FOUND, np.array([4, 9]))
    np.testing.assert_array_equal(few.x[0], FOUND.contributions.values[[4, 9], 0])


def test_a_force_plot_leads_from_the_base_to_the_log_odds():
    many = explained(features=tuple(ExplainedFeature(f"f{at}", f"F{at}") for at in range(20)))
    data = force_data(many, 7)
    assert data.base + sum(push.value for push in (*data.up, *data.down)) == pytest.approx(data.log_odds)
    assert data.log_odds == many.contributions.log_odds[7] and len(data.up) == len(data.down) == 5
    assert "other features" in data.up[-1].text and data.up[0].value == max(push.value for push in data.up[:4])
    arrows = [trace for trace in draw_force(data).data if trace.fill]
    up = [trace for trace in arrows if trace.fillcolor == UP]
    down = [trace for trace in arrows if trace.fillcolor == DOWN]
    assert max(max(trace.x) for trace in up) == pytest.approx(data.log_odds) == min(min(trace.x) for trace in down)
    assert min(trace.x[0] for trace in up) == pytest.approx(data.log_odds - sum(push.value for push in data.up))
    assert max(trace.x[0] for trace in down) == pytest.approx(data.log_odds - sum(push.value for push in data.down))
    assert describe_force(data).startswith(f"Customer {data.customer}: log-odds {data.log_odds:.2f}, from a base of -1.00.")


def test_nothing_that_pushes_is_drawn_too():
    flat = Explained(FOUND.customers, FEATURES, FOUND.values, Contributions(np.zeros((50, 4)), np.full(50, -1.0)))
    assert "nothing" in texts_of(draw_force(force_data(flat, 0)))
    rows = np.arange(5)
    data = forces_data(flat, rows, rows > 2)
    draw_forces(data)
    assert describe_forces(data) == describe_beeswarm(beeswarm_data(flat)) == "No feature is used by the model."
    draw_beeswarm(beeswarm_data(flat))


@pytest.mark.parametrize("n_features", [4, 20])
@pytest.mark.parametrize("order", ["similarity", "log-odds"])
def test_layers_of_many_customers_add_up_to_their_log_odds(n_features, order):
    features = FEATURES if n_features == 4 else tuple(ExplainedFeature(f"f{at}", f"F{at}") for at in range(20))
    found = explained(features=features)
    rows = np.arange(10, 40)
    data = forces_data(found, rows, found.values[rows, 0] > 0, order=order)
    np.testing.assert_allclose(data.base + data.layers.sum(axis=0), data.log_odds)
    assert sorted(data.customers) == sorted(found.customers[rows])
    where = [row_of(found.customers, one) for one in data.customers]
    np.testing.assert_allclose(found.contributions.log_odds[where], data.log_odds)
    np.testing.assert_array_equal(found.values[where, 0] > 0, data.marked)
    figure = draw_forces(data)
    bars = [trace for trace in figure.data if trace.type == "bar" and trace.x[0] is not None]
    up = [trace for trace in bars if trace.marker.color == UP]
    np.testing.assert_allclose(np.sum([trace.y for trace in up], axis=0), np.maximum(data.layers, 0).sum(axis=0), atol=0.01)
    np.testing.assert_allclose(np.add(up[0].base, up[0].y), data.log_odds, atol=0.001)
    if order == "log-odds":
        assert (np.diff(data.log_odds) >= 0).all()


def test_similar_customers_are_neighbours():
    features = tuple(ExplainedFeature(f"f{at}", f"F{at}") for at in range(2))
    pushed = np.array([[1, 0], [0, 1.0]] * 5)
    found = Explained(np.array([f"c{at}" for at in range(10)], object), features, pushed, Contributions(pushed, np.zeros(10)))
    data = forces_data(found, np.arange(10), np.zeros(10, bool))
    assert len(set(data.customers[:5]) & {"c0", "c2", "c4", "c6", "c8"}) in (0, 5)


def test_what_the_data_hold_is_escaped_in_every_figure():
    rows = np.arange(20)
    figures = (
        draw_beeswarm(beeswarm_data(FOUND), towards=HOSTILE),
        draw_force(force_data(FOUND, 1), towards=HOSTILE),
        draw_forces(forces_data(FOUND, rows, rows > 5), towards=HOSTILE, marked=HOSTILE),
        draw_map(importance_data(drivers(), {0: HOSTILE})),
    )
    for figure in figures:
        text = texts_of(figure)
        assert "&lt;img" in text.replace("\\u003c", "<") and "<img" not in text.replace("\\u003c", "<")


def drivers():
    """Return drivers of three segments, of which the second is not predicted."""
    share = Accuracy(Estimate.of_share(0.9, 20), Estimate.of_share(0.8, 30))
    segments = tuple(
        SegmentDrivers(label, 15, None, Auc(value, value - 0.1, value + 0.1), share, FOUND.contributions)
        for label, value in ((0, 0.9), (1, 0.55), (2, 0.8))
    )
    return Drivers(FOUND.customers, np.arange(50) % 3, FEATURES, FOUND.values, 50, segments, ())


def test_importance_is_a_cell_per_segment_and_feature_and_empty_where_nothing_is_predicted():
    found = importance_data(drivers(), {0: "Regulars", 2: "Regulars"})
    assert found.columns == ("Regulars (0)", "Segment 1", "Regulars (2)")
    assert [row.split()[0] for row in reversed(found.rows)] == ["Recency", "region", "Spend", "Unused"]
    values = np.array(found.values(), dtype=object)
    np.testing.assert_allclose(values[:, 0].astype(float)[::-1], np.abs(FOUND.contributions.values).mean(axis=0))
    assert set(values[:, 1]) == {None}
    assert {cell.text for cell in found.cells if cell.mark == 1} == {"not predicted"}
    assert next(cell.text for cell in found.cells if cell.mark == 0).endswith(" ↑")


def test_without_a_segment_that_is_predicted_there_is_no_map():
    found = drivers()
    assert (
        importance_data(
            Drivers(*(getattr(found, name) for name in ("customers", "labels", "features", "values", "n_customers")), (), ()), {}
        )
        is None
    )
