import numpy as np
import pytest

from segcore.plots.segments.distribution import describe_distribution, draw_distribution, readable_step
from segcore.records.estimate import Estimate
from segcore.segments.profiles.densities import Density, density_pair
from segcore.segments.profiles.histograms import LeftOut, histogram_pair
from segcore.segments.profiles.records import FeatureProfile


def feature(title, unit, kind="number", *, mean=0.5, population_mean=1.5):
    medians = (mean, population_mean) if kind == "number" else (None, None)
    return FeatureProfile(title, title, unit, mean, medians[0], population_mean, medians[1], None, None, Estimate.undefined(""), kind)


RECENCY = feature("Recency", "days")
HOUSING = feature("housing: yes", "share of customers", "binary", mean=0.48, population_mean=0.56)
NOBODY = LeftOut(0, 0, 0, 0)


def triangle(length, *, left_out=NOBODY):
    """Return a density that falls from 0 to ``length`` for all customers, and rises for the segment; both have area 1."""
    at = np.linspace(0, length, 201)
    rising = 2 * at / length**2
    return Density(tuple(at), tuple(rising[::-1]), tuple(rising), left_out)


def test_curves_count_customers_per_step_with_all_customers_behind_the_segment():
    figure = draw_distribution(triangle(250.0), RECENCY, "Segment 0")
    everyone, segment = figure.data
    assert (everyone.name, everyone.line.dash, everyone.fill) == ("all customers", "dot", None)
    assert (segment.name, segment.fill) == ("Segment 0", "tozeroy")
    assert figure.layout.yaxis.title.text == "Customers per 10 days (%)"
    assert [np.trapezoid(curve.y, curve.x) for curve in figure.data] == pytest.approx([1000, 1000])  # 100 % of the customers x 10 days
    assert figure.layout.xaxis.title.text == "Recency (days)"
    assert segment.hovertext[100] == "Recency: 125 days<br>Segment 0: 4 % per 10 days<br>all customers: 4 % per 10 days"


@pytest.mark.parametrize(
    ("length", "shown", "title"),
    [
        (25, RECENCY, "Customers per day (%)"),
        (5, RECENCY, "Customers per 0.2 days (%)"),
        (12_500, feature("Net spend", "currency"), "Customers per step of 500 (%)"),
        (11, feature("Score", "score of 3 to 15"), "Customers per step of 0.5 (%)"),
        (1, feature("Mondays", "share of lines"), "Customers per 5 percentage points (%)"),
        (0.25, feature("Mondays", "share of lines"), "Customers per percentage point (%)"),
    ],
)
def test_the_step_is_a_round_number_in_the_features_unit(length, shown, title):
    assert draw_distribution(triangle(float(length)), shown, "Segment 0").layout.yaxis.title.text == title


def test_no_height_is_more_than_all_customers():
    values = np.append(np.random.default_rng(3).normal(0, 0.6, 900), np.linspace(-100, 100, 100))
    figure = draw_distribution(density_pair(np.sort(values), np.ones(1000, dtype=bool)), RECENCY, "Segment 0")
    assert 15 < max(figure.data[1].y) < 50


def test_steps_are_the_nearest_by_ratio():
    assert [readable_step(wanted) for wanted in (1, 1.4, 1.5, 3.1, 3.2, 7, 7.2, 0.0009)] == [1, 1, 2, 2, 5, 5, 10, 0.001]


def test_bars_show_the_segment_and_a_line_all_customers():
    pair = histogram_pair(np.arange(4.0), np.array([True, True, False, False]))
    figure = draw_distribution(pair, RECENCY, "Segment 0")
    assert list(figure.data[0].y) == [50, 50, 0, 0]
    assert list(figure.data[1].x) == list(pair.edges)
    assert list(figure.data[1].y) == [25, 25, 25, 25, 25]
    assert figure.layout.xaxis.title.text == "Recency (days)"
    assert describe_distribution(pair, RECENCY, "Segment 0") == "Recency: median 0.5 days in “Segment 0”, 1.5 days over all customers."


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        (LeftOut(50, 3, 0, 0), " The figure shows the middle 98 %; 50 customers are outside it, 3 of them in this segment."),
        (LeftOut(1, 0, 0, 0), " The figure shows the middle 98 %; 1 customer is outside it, none of them in this segment."),
        (LeftOut(0, 0, 1200, 7), " 1,200 customers have no value, 7 of them in this segment."),
        (NOBODY, ""),
    ],
)
def test_customers_who_are_not_shown_are_counted(left_out, told):
    words = describe_distribution(triangle(250.0, left_out=left_out), RECENCY, "Segment 0")
    assert words == f"Recency: median 0.5 days in “Segment 0”, 1.5 days over all customers.{told}"


def test_shares_are_told_of_what_is_0_or_1_rather_than_medians():
    pair = histogram_pair(np.repeat([0.0, 1.0], [44, 56]), np.repeat([True, False, True], [13, 75, 12]))
    assert describe_distribution(pair, HOUSING, "Segment 0") == "housing: yes: 48 % of “Segment 0”, 56 % of all customers."
    figure = draw_distribution(pair, HOUSING, "Segment 0")
    assert list(figure.data[0].y) == [52, 48]
    assert list(figure.layout.xaxis.ticktext) == ["no", "yes"]
    assert figure.layout.xaxis.tickformat is None
    assert figure.data[0].hovertext[1] == "housing: yes: yes<br>Segment 0: 48 %<br>all customers: 56 %"


def test_names_that_look_like_html_are_shown_as_they_are():
    for pair in (triangle(250.0), histogram_pair(np.arange(4.0), np.arange(4) < 2)):
        figure = draw_distribution(pair, feature("<b>x</b>", ""), "<i>y</i>")
        assert "<b>" not in figure.layout.xaxis.title.text
        assert not [trace.name for trace in figure.data if "<i>" in trace.name]
