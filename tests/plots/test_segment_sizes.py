import pytest

from segcore.plots.segments.segment_sizes import describe_sizes, draw_sizes, sizes_data


def test_bars_are_ordered_by_size_and_add_up_to_all(elbow_sweep):
    bars = sizes_data(elbow_sweep)
    assert [bar.sizes for bar in bars] == [(7, 3), (5, 3, 2), (4, 3, 2, 1)]
    figure = draw_sizes(bars, chosen=1)
    largest = figure.data[0]
    assert list(largest.y) == [70, 50, 40]
    assert list(largest.customdata) == [0, 1, 2]
    assert list(figure.data[3].x) == ["4"]
    assert figure.layout.shapes[0].x0 == pytest.approx(0.55)


def test_noise_stands_on_top(density_sweep):
    bars = sizes_data(density_sweep)
    assert [bar.noise_share for bar in bars] == [0.2, 0.1, 1.0, 0.0]
    noise = draw_sizes(bars).data[-1]
    assert noise.name == "noise"
    assert list(noise.y) == pytest.approx([20, 10, 100])


def test_the_description_has_sizes_and_names_what_is_missing(density_sweep):
    text = describe_sizes(sizes_data(density_sweep), chosen=0)
    assert "The frame marks the chosen solution, 10 neighbours, eps 0.3: 2 segments of 4 / 4 rows, noise 2 (20 %)." in text
    assert "2 of 4 solutions have no segments (all rows are noise and failed)." in text


def test_degenerate_sweeps_are_drawn_and_told(degenerate_sweep):
    bars = sizes_data(degenerate_sweep)
    assert draw_sizes(bars, chosen=0).layout.xaxis.title.text == "Solution"
    assert describe_sizes(bars, chosen=0)
