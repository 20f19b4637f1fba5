import pytest

from segcore.plots.curves import curves_data, describe_curves, draw_curves


def test_one_value_of_the_other_parameters_makes_one_curve_without_a_legend(elbow_sweep):
    data = curves_data(elbow_sweep, "inertia")
    assert [(curve.name, [point.value for point in curve.points]) for curve in data.curves] == [("", [25321.4, 1200.0, 900.0])]
    line = draw_curves(data).data[0]
    assert line.showlegend is False
    assert list(line.x) == [2, 3, 4]
    assert list(line.customdata) == [0, 1, 2]


def test_each_tol_has_a_curve_that_can_be_told_apart_where_they_coincide(make_sweep, make_solution, make_quality):
    solutions = [
        make_solution({"n_clusters": k, "tol": tol}, [0, 0, 1], make_quality(inertia=100 / k)) for k in (2, 3) for tol in (1e-3, 1e-5)
    ]
    data = curves_data(make_sweep("kmeans", solutions), "inertia")
    assert [curve.name for curve in data.curves] == ["tol 0.001", "tol 1e-05"]
    first, second = draw_curves(data).data[:2]
    assert first.line.width > second.line.width
    assert (first.line.dash, first.marker.symbol) != (second.line.dash, second.marker.symbol)
    assert first.showlegend
    assert list(second.customdata) == [1, 3]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (1.0, "The lines for tol 0.001 and tol 1e-05 are the same."),
        (0.99, "The lines for tol 0.001 and tol 1e-05 differ by 1 % at most."),
        (0.5, "Inertia at tol 1e-05 falls from 25 at 2 segments to 16.7 at 3 segments."),
    ],
)
def test_curves_that_coincide_are_told_together(make_sweep, make_solution, make_quality, other, said):
    solutions = [
        make_solution({"n_clusters": k, "tol": tol}, [0, 0, 1], make_quality(inertia=factor * 100 / k))
        for k in (2, 3)
        for tol, factor in ((1e-3, 1.0), (1e-5, other))
    ]
    assert said in describe_curves(curves_data(make_sweep("kmeans", solutions), "inertia"))


def test_silhouette_has_its_interval_as_error_bars(elbow_sweep):
    data = curves_data(elbow_sweep, "silhouette")
    errors = draw_curves(data).data[0].error_y
    assert list(errors.array) == pytest.approx([0.02, 0.03, 0.01])
    assert list(errors.arrayminus) == pytest.approx([0.02, 0.03, 0.01])
    assert "about 500 sampled rows" in describe_curves(data)


def test_an_exact_silhouette_has_no_interval(make_sweep, make_solution, make_quality):
    sweep = make_sweep("kmeans", [make_solution({"n_clusters": 2, "tol": 1e-4}, [0, 1, 1], make_quality())])
    data = curves_data(sweep, "silhouette")
    assert draw_curves(data).data[0].error_y.array is None
    assert "interval" not in describe_curves(data)


def test_the_description_has_the_actual_numbers(elbow_sweep):
    text = describe_curves(curves_data(elbow_sweep, "inertia"), chosen=1)
    assert text.startswith("Inertia falls from 25,321 at 2 segments to 900 at 4 segments.")
    assert "The ring marks the chosen solution, 3 segments: 1,200." in text
    text = describe_curves(curves_data(elbow_sweep, "silhouette"), recommended=1)
    assert "highest, 0.52, at 3 segments and lowest, 0.30, at 2 segments" in text


def test_lines_that_read_alike_are_told_in_one_sentence_and_others_apart(make_sweep, make_solution, make_quality):
    points = [{"n_clusters": k, "tol": tol} for tol in (0.1, 0.01, 0.001) for k in (2, 3)]
    values = {0.1: (0.5, 0.301), 0.01: (0.5, 0.302), 0.001: (0.9, 0.1)}
    solutions = [make_solution(point, [0, 0, 1], make_quality(values[point["tol"]][point["n_clusters"] - 2])) for point in points]
    text = describe_curves(curves_data(make_sweep("kmeans", solutions), "silhouette"))
    assert text == (
        "Silhouette at tol 0.1 and tol 0.01 is highest, 0.50, at 2 segments and lowest, 0.30, at 3 segments. "
        "Silhouette at tol 0.001 is highest, 0.90, at 2 segments and lowest, 0.10, at 3 segments."
    )


def test_of_very_many_lines_the_first_are_told_and_the_rest_counted(make_sweep, make_solution, make_quality):
    points = [{"n_clusters": k, "tol": 10.0**-power} for power in range(5) for k in (2, 3)]
    solutions = [make_solution(point, [0, 0, 1], make_quality(0.9 - n / 20)) for n, point in enumerate(points)]
    text = describe_curves(curves_data(make_sweep("kmeans", solutions), "silhouette"))
    assert text.endswith("1 more line is in the table below.")


def test_chosen_and_recommended_points_are_marked(elbow_sweep):
    figure = draw_curves(curves_data(elbow_sweep, "inertia"), chosen=2, recommended=1)
    marks = {trace.name: (trace.x[0], trace.y[0]) for trace in figure.data[1:]}
    assert marks == {"chosen": (4, 900.0), "recommended": (3, 1200.0)}


def test_points_without_a_value_stand_as_crosses_with_the_reason_and_those_to_come_are_blank(make_sweep, make_solution, make_quality):
    points = tuple({"n_clusters": k, "tol": 1e-4} for k in (1, 2, 3))
    solutions = [make_solution(points[0], [0, 0, 0]), make_solution(points[1], [0, 0, 1], make_quality()), None]
    data = curves_data(make_sweep("kmeans", solutions, points=points), "silhouette")
    figure = draw_curves(data, chosen=0)
    crosses = next(trace for trace in figure.data if trace.name == "one segment")
    assert list(crosses.x) == [1]
    assert list(crosses.customdata) == [0]
    assert [note.text for note in figure.layout.annotations] == ["one segment"]
    assert "1 of 3 solutions is not finished. 1 of 3 solutions has no value (one segment)." in describe_curves(data)


@pytest.mark.parametrize("name", ["inertia", "silhouette", "calinski_harabasz", "davies_bouldin"])
def test_degenerate_sweeps_are_drawn_and_told(degenerate_sweep, name):
    data = curves_data(degenerate_sweep, name)
    figure = draw_curves(data, chosen=0, recommended=0)
    positions = {position for trace in figure.data for position in trace.customdata}
    assert positions == set(range(len(degenerate_sweep.spec.points)))
    assert describe_curves(data, chosen=0)


def test_axes_have_titles_with_units(elbow_sweep):
    figure = draw_curves(curves_data(elbow_sweep, "inertia"))
    assert figure.layout.xaxis.title.text == "Number of segments (n_clusters)"
    assert figure.layout.yaxis.title.text == "Inertia (squared scaled units)"
