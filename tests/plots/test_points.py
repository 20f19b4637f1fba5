import json

from segcore.plots.points import point_label, point_rows, point_table


def test_labels_name_only_what_varies(elbow_sweep, density_sweep):
    assert [row.label for row in point_rows(elbow_sweep)] == ["2 segments", "3 segments", "4 segments"]
    assert point_rows(density_sweep)[0].label == "min_samples 10, eps 0.3"
    assert point_label({"n_clusters": 1, "tol": 1e-05}) == "1 segment, tol 1e-05"


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
