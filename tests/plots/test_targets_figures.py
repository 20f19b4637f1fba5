"""Figures of targets: every number drawn is one of the answer, and what the data hold is escaped."""

import numpy as np
import pytest

from segcore.plots.targets.buyer_map import MOST_POINTS, buyer_map_data, describe_buyer_map, draw_buyer_map
from segcore.plots.targets.calibration import calibration_data, describe_calibration, draw_calibration
from segcore.plots.targets.component_map import describe_component_map, draw_component_map, map_window
from segcore.plots.targets.qini import describe_qini, draw_qini, qini_data
from segcore.plots.targets.ranking_curves import describe_ranking_curves, draw_ranking_curves, measures_of, ranking_curves
from segcore.plots.theme import MAIN, QUIET
from segcore.prediction.held_out import calibration_bins
from segcore.records.solution import NOISE
from segcore.segments.maps.customer_map import Area, CustomerMap
from segcore.targets.curves import compare_rankings
from segcore.targets.uplift import measure_uplift

N, BUDGET = 400, 40


@pytest.fixture(scope="module")
def comparison():
    """Rank 400 customers, a tenth of them buyers, by a score that knows them, by one that does not, and at random."""
    draw = np.random.default_rng(0)
    y = np.arange(N) % 10 == 0
    rankings = {"model": y + draw.normal(size=N), "recency": draw.normal(size=N), "random": np.zeros(N)}
    return compare_rankings(y, rankings, budget=BUDGET, resamples=50)


def document(comparison, *, value=None):
    curves = {}
    for name, curve in comparison.curves.items():
        lift = curve.lift
        curves[name] = {
            "budget": curve.budgets.tolist(),
            **{"lift": lift.value.tolist(), "low": lift.low.tolist(), "high": lift.high.tolist()},
            "gain": curve.gain.to_json(),
            **({} if value is None else {"profit": curve.profit(value=value, cost=1.0).to_json()}),
        }
    return {"curves": curves, "judged": {"budget": BUDGET, "customers": N}}


@pytest.mark.parametrize("measure", ["lift", "gain", "profit"])
def test_a_curve_is_the_ranking_with_its_band_and_the_chosen_one_is_strong(comparison, measure):
    data = ranking_curves(document(comparison, value=20.0), measure, "model")
    curve = comparison.curves["model"]
    band = curve.profit(value=20.0, cost=1.0) if measure == "profit" else getattr(curve, measure)
    shown = np.isin(curve.budgets, data.contacts)
    figure = draw_ranking_curves(data)
    line = next(trace for trace in figure.data if trace.name == "Model")
    np.testing.assert_allclose(line.y, band.value[shown])
    filled = next(trace for trace in figure.data if trace.fill and trace.legendgroup == "model")
    np.testing.assert_allclose(filled.y, [*band.high[shown], *band.low[shown][::-1]])
    widths = {trace.name: trace.line.width for trace in figure.data if trace.name}
    assert widths["Model"] > 2 * max(width for name, width in widths.items() if name != "Model")
    assert (line.line.color, next(trace for trace in figure.data if trace.name == "Random customers").line.color) == (MAIN, QUIET)
    assert figure.layout.shapes[0].x0 == BUDGET and BUDGET in data.contacts


def test_axes_have_units_and_profit_is_offered_where_a_buyer_has_a_value(comparison):
    plain, valued = document(comparison), document(comparison, value=20.0)
    assert measures_of(plain) == ("lift", "gain") and measures_of(valued) == ("lift", "gain", "profit")
    figures = {measure: draw_ranking_curves(ranking_curves(valued, measure, "model")) for measure in measures_of(valued)}
    titles = {measure: figure.layout.yaxis.title.text for measure, figure in figures.items()}
    assert titles == {"lift": "times as many buyers as at random", "gain": "share of all buyers", "profit": "profit"}
    assert draw_ranking_curves(ranking_curves(plain, "gain", "model")).layout.xaxis.title.text == "contacts, of 400 customers judged"


def test_curves_are_described_at_the_budget_the_best_first(comparison):
    lifts = {name: curve.lift.value[curve.place(BUDGET)] for name, curve in comparison.curves.items()}
    words = describe_ranking_curves(ranking_curves(document(comparison), "lift", "recency"))
    assert words.startswith(f"At 40 contacts, times as many buyers as at random: model {lifts['model']:.2f}, ")
    profit = ranking_curves(document(comparison, value=20.0), "profit", "model")
    best = profit.contacts[int(np.argmax(profit.rankings[-1].value))]
    assert f"Model is highest at {best} contacts:" in describe_ranking_curves(profit)


def test_calibration_shows_each_group_with_its_interval():
    draw = np.random.default_rng(0)
    p = draw.uniform(0, 0.6, 2_000)
    bins = calibration_bins(draw.random(2_000) < p, p)
    data = calibration_data([one.to_json() for one in bins])
    line, marks = draw_calibration(data).data
    assert list(marks.x) == [one.predicted for one in bins] and list(marks.y) == [one.observed for one in bins]
    np.testing.assert_allclose(np.add(marks.y, marks.error_y.array), [one.high for one in bins])
    np.testing.assert_allclose(np.subtract(marks.y, marks.error_y.arrayminus), [one.low for one in bins])
    assert list(line.x) == list(line.y), "the diagonal"
    assert "200 customers" in marks.text[0]
    off = calibration_data([{**bins[0].to_json(), "predicted": 0.9}, bins[1].to_json()])
    assert "In 1 of 2 groups" in describe_calibration(off)


def test_a_qini_curve_has_the_line_of_a_random_order():
    draw = np.random.default_rng(0)
    treated, persuadable = draw.random(1_500) < 0.5, np.arange(1_500) % 5 == 0
    y = draw.random(1_500) < 0.1 + 0.5 * (treated & persuadable)
    found = measure_uplift(y, treated, persuadable.astype(float), budget=300, resamples=50)
    data = qini_data(found.to_json())
    band, line, by_chance, curve = draw_qini(data).data
    assert list(curve.y) == found.qini.extra.value.tolist() and list(by_chance.y) == found.random.extra.value.tolist()
    assert list(line.x) == [0, 1] and list(line.y) == [0.0, curve.y[-1]]
    np.testing.assert_allclose(band.y, [*found.qini.extra.high, *found.qini.extra.low[::-1]])
    assert data.budget == 0.2 and "first 20 % by predicted uplift" in describe_qini(data)


def test_groups_and_buyers_are_the_same_points_in_two_places():
    draw = np.random.default_rng(0)
    labels = np.arange(300) % 2
    values = draw.normal(size=(300, 4)) * 0.1 + np.outer(labels, [3, 0, 0, 0])
    customers = np.array([f"<b>{at}</b>" for at in range(300)], object)
    bought = labels == 1
    data = buyer_map_data(values, labels, bought, customers)
    assert data.shares[0] > 0.9 and abs(np.corrcoef(data.places[:, 0], labels)[0, 1]) > 0.99
    figure = draw_buyer_map(data)
    assert [trace.name for trace in figure.data] == ["Group 1", "Group 2", "did not buy", "bought"]
    halves = (figure.data[:2], figure.data[2:])
    by_group, by_truth = ({(x, y) for trace in half for x, y in zip(trace.x, trace.y, strict=True)} for half in halves)
    assert by_group == by_truth and len(by_group) == 300
    assert figure.data[0].hovertext[0].startswith("&lt;b>0")
    assert "150 bought" in describe_buyer_map(data, 1.0) and "is 1.00" in describe_buyer_map(data, 1.0)


def test_places_by_umap_are_drawn_as_they_are_and_have_no_unit():
    placed = np.random.default_rng(0).normal(size=(50, 2))
    data = buyer_map_data(np.ones((50, 3)), np.arange(50) % 2, np.arange(50) < 5, np.arange(50).astype(object), placed=placed)
    np.testing.assert_array_equal(data.places, placed)
    assert "no unit" in draw_buyer_map(data).layout.xaxis.title.text and "mean nothing" in describe_buyer_map(data, 0.0)


def test_of_many_customers_a_sample_is_drawn():
    n = MOST_POINTS + 500
    data = buyer_map_data(np.random.default_rng(0).normal(size=(n, 3)), np.zeros(n, int), np.arange(n) < 50, np.arange(n).astype(object))
    assert len(data.labels) == MOST_POINTS and "3,500 customers, 3,000 of them drawn" in describe_buyer_map(data, 0.1)


def test_one_customer_far_away_does_not_shrink_the_map():
    draw = np.random.default_rng(0)
    places = np.vstack([draw.normal(size=(299, 2)), [[500.0, 0.0]]])
    labels = np.where(np.arange(300) % 3 == 0, 0, NOISE)
    areas = {0: Area(100, np.zeros(2), np.eye(2))}
    found = CustomerMap(np.arange(300).astype(object), places, labels, (0.5, 0.3), areas, np.arange(300), 4)
    low, high = map_window(found)
    assert high[0] < 10 and (low < areas[0].ellipse().min(axis=0)).all() and (high > areas[0].ellipse().max(axis=0)).all()
    figure = draw_component_map(found)
    assert {"Component 1", "Did not buy"} <= {trace.name for trace in figure.data}
    assert list(figure.layout.xaxis.range) == [low[0], high[0]]
    assert "customers are farther out." in describe_component_map(found) or "1 customer is farther out." in describe_component_map(found)
