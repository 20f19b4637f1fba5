import html
import re
from dataclasses import replace

import numpy as np
import pytest

from segcore.errors import ParameterError
from segcore.plots.segments.map import FeatureColours, customer_density, describe_customers, draw_customers, feature_colours, map_page
from segcore.plots.theme import INK, NOISE_GREY, PALETTE
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.segments.maps.customer_map import Area, CustomerMap, draw_sample

NAMES = {0: "Regulars", 1: "New <b>"}


def map_with(labels):
    labels = np.asarray(labels)
    places = np.random.default_rng(0).normal(size=(len(labels), 2)) + labels[:, None]
    areas = {
        label: Area(int((labels == label).sum()), places[labels == label].mean(axis=0), np.eye(2) if (labels == label).sum() > 2 else None)
        for label in np.unique(labels).tolist()
        if label >= 0
    }
    ids = np.array([f"c{at}" for at in range(len(labels))], dtype=object)
    return CustomerMap(ids, places, labels, (0.5, 0.12), areas, draw_sample(labels), 9)


FOUND = map_with([1, 0, 0, 0, 0, 1, -1, 1, -1])


def traces_of(figure):
    """Return the traces of points, of ellipses, and of means with the legend."""
    traces = [trace for trace in figure.data if trace.type != "heatmap"]
    lines = [trace for trace in traces if trace.mode == "lines"]
    means = [trace for trace in traces if trace.mode == "markers" and trace.marker.size == 14]
    return [trace for trace in traces if trace not in (*lines, *means)], lines, means


def points(figure):
    return traces_of(figure)[0]


def test_each_segment_is_a_trace_of_its_customers_the_largest_first_and_the_noise_last_in_grey():
    traces = points(draw_customers(FOUND, NAMES))
    assert [(trace.name, trace.marker.color) for trace in traces] == [
        ("Regulars", PALETTE[0]),
        ("New &lt;b>", PALETTE[1]),
        ("Noise", NOISE_GREY),
    ]
    for trace, label in zip(traces, (0, 1, -1), strict=True):
        np.testing.assert_array_equal(np.column_stack([trace.x, trace.y]), FOUND.places[FOUND.labels == label])
    assert traces[0].hovertext[0] == "c1<br>Regulars"


def test_ellipses_and_means_have_the_colour_of_their_segment_and_noise_has_neither():
    _, lines, means = traces_of(draw_customers(FOUND, NAMES))
    assert [trace.line.color for trace in lines] == list(PALETTE[:2])
    assert [trace.marker.color for trace in means] == [*PALETTE[:2], NOISE_GREY]
    assert [(trace.x[0], trace.y[0]) for trace in means] == [*(tuple(FOUND.areas[label].mean) for label in (0, 1)), (None, None)]
    np.testing.assert_allclose(np.column_stack([lines[1].x, lines[1].y]), FOUND.areas[1].ellipse())


def test_segments_keep_the_colours_and_symbols_of_an_earlier_solution():
    kept = replace(FOUND, kept_colours={0: 9, 1: 0})
    first, second, noise = points(draw_customers(kept, NAMES))
    once, largest = points(draw_customers(map_with(range(10)), {}))[-1], points(draw_customers(FOUND, NAMES))[0]
    assert (first.marker.color, first.marker.symbol) == (once.marker.color, once.marker.symbol)
    assert (second.marker.color, second.marker.symbol) == (largest.marker.color, largest.marker.symbol)
    assert noise.marker.color == NOISE_GREY


def test_axes_say_their_share_of_the_variance_and_have_one_scale():
    layout = draw_customers(FOUND, NAMES).layout
    assert layout.xaxis.title.text == "First principal component (50 % of the variance)"
    assert layout.yaxis.title.text == "Second principal component (12 % of the variance)"
    assert layout.yaxis.scaleanchor == "x"


def test_a_feature_colours_the_points_on_one_scale_and_segments_keep_their_symbols():
    colours = FeatureColours("Net spend", "currency", np.arange(9.0) * 100)
    by_segment, by_feature = (points(draw_customers(FOUND, NAMES, colours=one)) for one in (None, colours))
    assert [list(trace.marker.color) for trace in by_feature] == [[100, 200, 300, 400], [0, 500, 700], [600, 800]]
    assert {trace.marker.coloraxis for trace in by_feature} == {"coloraxis"}
    _, lines, means = traces_of(draw_customers(FOUND, NAMES, colours=colours))
    assert {trace.line.color for trace in lines} == {trace.marker.color for trace in means} == {INK}
    symbols = [trace.marker.symbol for trace in by_feature]
    assert symbols == [trace.marker.symbol for trace in by_segment] and len(set(symbols)) == 3
    assert by_feature[0].hovertext[0] == "c1<br>Regulars<br>Net spend: 100"
    axis = draw_customers(FOUND, NAMES, colours=colours).layout.coloraxis
    assert (axis.cmin, axis.cmax) == pytest.approx((40, 760)) and axis.colorbar.title.text == "Net spend"
    assert "Colours go from 40 to 760" in describe_customers(FOUND, colours=colours)


def test_one_extreme_customer_does_not_take_the_colours_of_all_others_and_equal_ones_have_one():
    assert FeatureColours("x", "", np.append(np.arange(99.0), 1e9)).ends[1] < 100
    assert FeatureColours("x", "", np.append(np.zeros(999), 1.0)).ends == (0, 1)
    draw_customers(FOUND, NAMES, colours=FeatureColours("x", "", np.zeros(9)))


def test_many_customers_are_a_sample_and_the_words_say_so():
    many = map_with(np.arange(6_001) % 2)
    drawn = sum(len(trace.x) for trace in points(draw_customers(many, NAMES)))
    assert drawn == len(many.shown) == 5_000
    words = describe_customers(many)
    assert "The points are 5,000 of them, a sample in proportion to the segments, but at least 50 of each" in words
    assert "density of all 6,001 customers" in words and "density" not in describe_customers(FOUND)


def test_below_a_sample_is_the_density_of_all_customers_and_every_one_is_in_its_cell():
    many = map_with(np.arange(6_001) % 2)
    shade = draw_customers(many, NAMES).data[0]
    assert shade.type == "heatmap" and not shade.showscale
    assert sum(10**value for row in shade.z for value in row if value is not None) == pytest.approx(6_001)
    assert not any(trace.type == "heatmap" for trace in draw_customers(FOUND, NAMES).data)
    found = customer_density(many.places)
    side = found.x[1] - found.x[0]
    assert found.counts.shape == (len(found.y), len(found.x)) and max(found.counts.shape) == 90
    edges = [np.append(centres - side / 2 - 1e-9, centres[-1] + side / 2 + 1e-9) for centres in (found.y, found.x)]
    np.testing.assert_array_equal(found.counts, np.histogram2d(*many.places.T[::-1], bins=edges)[0])


@pytest.mark.parametrize("places", [np.zeros((9, 2)), np.column_stack([np.arange(9.0), np.zeros(9)])])
def test_the_density_of_a_point_and_of_a_line_has_all_customers(places):
    assert customer_density(places).counts.sum() == 9


def test_a_map_of_neighbours_has_no_ellipse_no_mean_no_numbers_and_says_what_it_does_not_mean():
    found = replace(FOUND, shares=None, areas={}, method="tsne", laid_out=9, different=9)
    figure = draw_customers(found, NAMES)
    traces, lines, means = traces_of(figure)
    assert lines == [] and [trace.x for trace in means] == [(None,)] * 3 and [len(trace.x) for trace in traces] == [4, 3, 2]
    assert not figure.layout.xaxis.showticklabels and not figure.layout.xaxis.title.text
    words = f"{describe_customers(found)} {found.caution}"
    assert "This t-SNE map keeps customers together who are alike in the 9 features as clustered." in words
    assert "Only closeness means something" in words and "variance" not in words and "ellipse" not in words and "mean of" not in words
    assert "4 of 9 different customers were laid out" in describe_customers(replace(found, laid_out=4))


def test_axes_name_their_features_and_a_mixture_its_components():
    found = replace(FOUND, axes=("Net <spend> +, Recency −", ""), of_mixture=True)
    layout = draw_customers(found, NAMES).layout
    assert layout.xaxis.title.text == "First principal component (50 % of the variance):<br>Net &lt;spend> +, Recency −"
    assert layout.yaxis.title.text == "Second principal component (12 % of the variance)"
    assert "90 % of the customers of a component of the mixture." in describe_customers(found)


def test_words_explain_only_the_marks_that_are_drawn():
    assert "large mark" in describe_customers(FOUND) and "An ellipse would hold 90 %" in describe_customers(FOUND)
    pair = map_with([0, 1])
    assert "large mark" in describe_customers(pair) and "ellipse" not in describe_customers(pair)
    noise = map_with([-1, -1])
    assert "large mark" not in describe_customers(noise)
    assert {trace.name for trace in draw_customers(noise, {}).data} == {"Noise"}


def test_thirty_segments_differ_in_colour_or_symbol_and_twelve_are_in_the_legend_with_the_noise():
    many = map_with(np.repeat(np.arange(-1, 30), 3))
    traces, _, means = traces_of(draw_customers(many, {}))
    assert len({(trace.marker.color, trace.marker.symbol) for trace in traces}) == 31
    assert sum(trace.showlegend for trace in means) == 13 and not any(trace.showlegend for trace in traces)
    assert "The legend names the 12 largest segments" in describe_customers(many)


def test_equal_names_are_distinguished():
    assert [trace.name for trace in points(draw_customers(FOUND, {0: "Same", 1: "Same"}))][:2] == ["Same (0)", "Same (1)"]


def test_the_page_is_one_file_with_the_code_and_the_words_and_asks_no_network():
    page = map_page(FOUND, NAMES, title="Map of 9 <customers>")
    assert "<title>Map of 9 &lt;customers&gt;</title>" in page and html.escape(FOUND.caution) in page
    assert len(page) > 1_000_000 and "Plotly.newPlot" in page
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=", page)


def test_colours_are_of_the_customers_who_were_clustered_in_their_own_units():
    names = ("Amount", "Recency", "NumberOfOrders", "late")
    values = np.column_stack([np.append(np.arange(39.0), 1e6), np.arange(40.0), np.ones(40), np.arange(40.0) % 2])
    entries = tuple(FeatureEntry(name, "Late" if name == "late" else name, "", "") for name in names)
    table = FeatureTable(values, names, np.arange(40).astype(str).astype(object), np.zeros(40, np.int32), entries)
    colours = feature_colours(table, Plan(("Recency",), outliers="kit", repeats=3), "late")
    assert colours.title == "Late"
    np.testing.assert_array_equal(colours.values, values[:39, 3])
    with pytest.raises(ParameterError, match="Unknown feature 'x': choose one of Amount"):
        feature_colours(table, Plan(("Recency",)), "x")
