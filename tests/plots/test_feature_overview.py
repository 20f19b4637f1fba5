import numpy as np

from segcore.clustering.quality.k_distance import k_distances
from segcore.features.correlations import correlations
from segcore.features.spread import spread, value_shares
from segcore.plots.feature_overview import draw_correlations, draw_k_distances, draw_shares_of_values, draw_spread


def test_the_histogram_is_drawn_from_bins_and_not_from_customers():
    found = spread("Recency", np.arange(10_000.0))
    figure = draw_spread(found, title="Recency", unit="days")
    assert tuple(figure.data[0].y) == found.counts
    assert len(figure.data[0].x) < 50
    assert figure.layout.xaxis.title.text == "Recency (days)"


def test_the_medians_label_stands_above_the_bars_and_turns_away_from_the_edge():
    values = np.array([0.0] * 60 + list(range(40)))
    for data, anchor in ((values, "left"), (40 - values, "right")):
        (note,) = draw_spread(spread("Recency", data), title="Recency", unit="days").layout.annotations
        assert (note.xanchor, note.yanchor, note.y) == (anchor, "bottom", 1)


def test_the_correlations_carry_the_titles():
    draws = np.random.default_rng(0).normal(size=(50, 2))
    found = correlations(("a", "b"), draws)
    figure = draw_correlations(found, titles={"a": "Alpha"})
    assert list(figure.data[0].x) == ["Alpha", "b"]
    assert np.allclose(figure.data[0].z, found.r)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1, 1)


def test_long_titles_are_shortened_and_stay_apart():
    long = "spend on products of the family that is called "
    draws = np.random.default_rng(0).normal(size=(50, 3))
    figure = draw_correlations(correlations(("a", "b", "c"), draws), titles={"a": long + "a", "b": long + "b"})
    assert len(set(figure.data[0].x)) == 3
    assert max(map(len, figure.data[0].x)) < 40


def test_the_curve_marks_the_suggested_eps():
    rng = np.random.default_rng(0)
    crowd = np.concatenate([rng.normal(0, 0.05, size=(300, 2)), rng.uniform(-5, 5, size=(30, 2))])
    found = k_distances(crowd, 5)
    figure = draw_k_distances(found)
    assert found.eps is not None
    assert [shape.y0 for shape in figure.layout.shapes] == [found.eps]
    assert figure.data[0].x[-1] == 100


def test_each_value_of_a_category_is_a_bar_with_its_share():
    found = value_shares(("web", "<b>shop</b>"), np.array([[1.0, 0], [0, 1], [0, 1], [0, 1]]), "(other)")
    figure = draw_shares_of_values(found, title="channel <i>")
    assert list(figure.data[0].y) == ["&lt;b>shop&lt;/b>", "web"]
    assert list(figure.data[0].x) == [3, 1]
    assert list(figure.data[0].text) == ["75 %", "25 %"]
    assert figure.layout.yaxis.title.text == "channel &lt;i>"
