import pytest

from segcore.plots.compactness import compactness_map_data, segment_map_data
from segcore.plots.heatmap import describe_map, draw_map
from segcore.plots.measure_figures import grid_map_data
from segcore.plots.segments.segment_sizes import describe_sizes, draw_sizes, sizes_data


def test_eps_runs_to_the_right_and_min_samples_upwards(density_sweep):
    data = grid_map_data(density_sweep, "n_segments")
    assert (data.columns, data.rows) == (("0.3", "0.5"), ("10", "50"))
    assert data.values() == [[2, 1], [0, None]]


def test_noise_is_a_percentage_between_0_and_100(density_sweep):
    data = grid_map_data(density_sweep, "noise_share")
    assert (data.low, data.high) == (0, 1)
    assert [cell.text for cell in data.cells] == ["20 %", "10 %", "100 %", "failed"]


def test_cells_without_a_value_say_why(density_sweep):
    data = grid_map_data(density_sweep, "silhouette")
    assert [cell.text for cell in data.cells] == ["0.45", "one segment", "no segment", "failed"]
    text = describe_map(data, chosen=0)
    assert "3 of 4 cells are empty (failed, no segment and one segment)." in text
    assert "highest, 0.45, for 10 neighbours, eps 0.3" in text


def test_cells_carry_their_position_and_can_be_clicked(density_sweep):
    figure = draw_map(grid_map_data(density_sweep, "silhouette"), chosen=2)
    targets = figure.data[1]
    assert list(targets.customdata) == [0, 1, 2, 3]
    assert (figure.layout.hovermode, figure.layout.hoverdistance) == ("closest", -1)
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 0.5, 0.5, 1.5)


def test_compactness_of_every_feature_at_every_point(elbow_sweep):
    data = compactness_map_data(elbow_sweep, {"Recency": "Days since the last order"})
    assert data.columns == ("2", "3", "4")
    assert data.rows == ("invoices", "Days since the last order")
    assert data.values() == [[0.2, 0.2, 0.2], [0.4, 0.6, 0.7]]
    figure = draw_map(data, chosen=1, recommended=1)
    assert sorted(figure.data[1].customdata) == [0, 0, 1, 1, 2, 2]
    assert figure.layout.shapes[0].x0 == 0.5
    assert [note.text for note in figure.layout.annotations] == ["★"]


def test_compactness_of_one_points_segments():
    rows = [(0, "Loyal", {"Recency": 0.8, "invoices": -0.3}), (1, "Loyal", {"Recency": None})]
    data = segment_map_data(rows, ("Recency", "invoices"))
    assert data.columns == ("Loyal (0)", "Loyal (1)")
    assert data.values() == [[-0.3, None], [0.8, None]]
    assert (data.low, data.high) == (-0.8, 0.8)


@pytest.mark.parametrize("name", ["silhouette", "n_segments", "noise_share", "compactness"])
def test_degenerate_sweeps_are_drawn_and_told(degenerate_sweep, name):
    data = grid_map_data(degenerate_sweep, name)
    figure = draw_map(data, chosen=0, recommended=0)
    assert set(figure.data[1].customdata) == set(range(len(degenerate_sweep.spec.points)))
    assert describe_map(data, chosen=0)


def test_degenerate_compactness_is_drawn_and_told(degenerate_sweep):
    data = compactness_map_data(degenerate_sweep)
    assert draw_map(data, chosen=0).data[1].customdata
    assert describe_map(data, chosen=0)


def test_points_to_come_are_blank_and_counted_once(make_sweep, make_solution, make_quality):
    points = tuple({"n_clusters": k, "tol": 1e-4} for k in (2, 3))
    sweep = make_sweep("kmeans", [make_solution(points[0], [0, 0, 1], make_quality()), None], points=points)
    data = compactness_map_data(sweep)
    figure = draw_map(data)
    assert "not finished" not in figure.data[1].text
    assert describe_map(data).count("1 of 2 solutions is not finished.") == 1
    assert "not finished" not in [note.text for note in draw_sizes(sizes_data(sweep)).layout.annotations]
    assert "1 of 2 solutions is not finished." in describe_sizes(sizes_data(sweep))
