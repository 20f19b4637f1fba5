import json

from segcore.plots.curves import curves_data
from segcore.plots.measure_figures import grid_map_data
from segcore.sweeps.points import metric, metrics, point_rows, point_table, points_axis


def test_labels_name_only_what_varies(elbow_sweep, density_sweep):
    assert [row.label for row in point_rows(elbow_sweep)] == ["2 segments", "3 segments", "4 segments"]
    assert point_rows(density_sweep)[0].label == "10 neighbours, eps 0.3"


def test_gaps_are_told_in_words(density_sweep):
    assert [row.gap for row in point_rows(density_sweep)] == [None, "one segment", "no segment", "failed"]


def test_the_table_has_a_record_for_every_point_at_full_precision(elbow_sweep):
    table = point_table(elbow_sweep)
    assert [record["inertia"] for record in table] == [25321.4, 1200.0, 900.0]
    assert table[0]["largest"] == 7
    assert json.dumps(table)


def test_degenerate_sweeps_have_a_row_a_point(degenerate_sweep):
    rows = point_rows(degenerate_sweep)
    assert [row.position for row in rows] == list(range(len(degenerate_sweep.spec.points)))
    assert len(point_table(degenerate_sweep)) == len(rows)
    assert len({row.label for row in rows}) == len(rows)


def test_parameters_that_are_words_stand_in_labels_ticks_and_the_table(mixture_sweep):
    first = point_rows(mixture_sweep)[0]
    assert first.label == "2 components, shape full"
    assert first.tick == "2 · full"
    assert point_table(mixture_sweep)[0]["covariance_type"] == "full"


def test_bic_and_aic_are_those_of_the_solution_and_missing_elsewhere(mixture_sweep, elbow_sweep):
    assert [(row.criteria["bic"], row.criteria["aic"]) for row in point_rows(mixture_sweep)[:2]] == [(-1200.5, -1300.0), (-900.0, -950.0)]
    assert metric("bic").value(point_rows(mixture_sweep)[3]) is None
    assert point_table(mixture_sweep)[0]["bic"] == -1200.5
    assert {metric("bic").value(row) for row in point_rows(elbow_sweep)} == {None}
    assert "Lower is better" in metric("bic").reading


def test_each_shape_of_a_mixture_has_its_curve(mixture_sweep):
    curves = curves_data(mixture_sweep, "bic")
    assert [curve.name for curve in curves.curves] == ["shape full", "shape diag"]
    assert [[point.value for point in curve.points] for curve in curves.curves] == [[-1200.5, -1100.0], [-900.0, None]]


def test_every_metric_has_a_title_of_its_own():
    assert len({shown.title for shown in metrics()}) == len({shown.name for shown in metrics()}) == len(metrics())


def test_an_axis_over_several_parameters_is_called_by_their_titles(mixture_sweep, density_sweep):
    assert points_axis(mixture_sweep) == "Number of components · shape"
    assert grid_map_data(density_sweep, "silhouette").y_title == "Neighbours, customers (min_samples)"
