import numpy as np
import pytest

from segcore.clustering.algorithms.registry import algorithm
from segcore.plots.dendrogram import dendrogram_data, describe_dendrogram, draw_dendrogram

# Ward distances: 1 in each pair; 0 and 1 to 4 and 5: sqrt(2 * 1) * 4 = 5.66; these four, mean 2.5, to 20 and 21: sqrt(16 / 6) * 18.
ROWS = np.array([[0.0], [1.0], [4.0], [5.0], [20.0], [21.0]])
HEIGHTS = [1, 1, 1, np.sqrt(32), 18 * np.sqrt(16 / 6)]


def tree(n_clusters, rows=ROWS, **options):
    (solution,) = algorithm("ward").sweep(rows, [{"n_clusters": n_clusters}], "shared")
    return solution, dendrogram_data(solution.arrays, n_clusters, distance="Ward distance", **options)


def test_merges_stand_at_their_distances_and_no_lines_cross():
    _, data = tree(3)
    assert [merge.height for merge in data.merges] == pytest.approx(HEIGHTS)
    assert [branch.x for branch in data.branches] == [0, 1, 2, 3, 4, 5]
    for merge in data.merges:
        assert merge.left[0] < merge.x < merge.right[0]
        assert max(merge.left[1], merge.right[1]) <= merge.height


@pytest.mark.parametrize(
    ("n_clusters", "low", "high"), [(1, 4, 1.1), (2, 3, 4), (3, 2, 3), (5, 0, 1), (6, None, 0)], ids="{} segments".format
)
def test_the_cut_lies_between_the_merges_that_leave_that_many_segments(n_clusters, low, high):
    _, data = tree(n_clusters)
    assert data.cut_low == pytest.approx(0 if low is None else HEIGHTS[low])
    assert data.cut_high == pytest.approx(1.1 * HEIGHTS[-1] if high == 1.1 else HEIGHTS[high])
    assert sum(merge.segment is None for merge in data.merges) == n_clusters - 1


def test_segments_have_their_rows_names_and_numbers():
    solution, data = tree(2, names={solution_label(4, 2): "Far ones"})
    assert {foot.label: foot.rows for foot in data.segments} == dict(zip(solution.segments, solution.sizes, strict=True))
    assert next(foot.title for foot in data.segments if foot.rows == 2) == "Far ones"


def solution_label(row, n_clusters):
    return int(tree(n_clusters)[0].labels[row])


def test_the_drawing_has_a_line_for_each_segment_the_cut_and_the_sizes():
    _, data = tree(3)
    figure = draw_dendrogram(data, chosen=data.segments[0].label)
    above, *segments = figure.data[:4]
    assert above.name == "above the cut"
    assert {trace.name for trace in segments} == {"Segment 0", "Segment 1", "Segment 2"}
    assert len({trace.line.color for trace in figure.data[:4]}) == 4
    assert segments[0].line.width > segments[1].line.width
    assert figure.layout.shapes[0].y0 == pytest.approx((1 + np.sqrt(32)) / 2)
    assert sorted(figure.layout.xaxis.ticktext) == ["Segment 0<br>2", "Segment 1<br>2", "Segment 2<br>2"]
    assert figure.layout.yaxis.title.text == "Ward distance (scaled units)"
    assert list(figure.data[-1].customdata) == [branch.segment for branch in data.branches]


def test_titles_that_would_overlap_are_turned():
    _, data = tree(3, names={0: "A name that is rather long for its place on the axis"})
    axis = draw_dendrogram(data).layout.xaxis
    assert axis.tickangle == -90
    assert "Segment 1: 2" in axis.ticktext


def test_the_description_tells_the_cut_the_next_merge_and_the_longest_stretch():
    assert describe_dendrogram(tree(3)[1]) == (
        "Cut at a Ward distance between 1 and 5.66, the tree has 3 segments, with 2 / 2 / 2 customers. "
        "The next merge, at 5.66, joins 2 and 2 customers. The longest stretch without a merge, from 5.66 to 29.4, leaves 2 segments."
    )


def test_a_large_tree_is_shown_from_its_last_merges_on_with_every_row_counted():
    rows = np.random.default_rng(0).normal(size=(300, 3))
    solution, data = tree(20, rows)
    assert len(data.merges) == 49
    assert sum(branch.rows for branch in data.branches) == 300
    assert {foot.label: foot.rows for foot in data.segments} == dict(zip(solution.segments, solution.sizes, strict=True))
    assert "The last 49 merges are shown; each group below them is drawn as one line." in describe_dendrogram(data)
    assert "customers and 12 smaller segments" in describe_dendrogram(data)
    ticks = draw_dendrogram(data).layout.xaxis.ticktext
    assert len(ticks) == 20
    assert all(text.isdigit() for text in ticks)


@pytest.mark.parametrize("n_clusters", [1, 2])
def test_two_rows_and_equal_rows_are_drawn_and_told(n_clusters):
    for rows in (np.array([[0.0], [3.0]]), np.ones((5, 2))):
        _, data = tree(n_clusters, rows)
        assert draw_dendrogram(data).data
        assert describe_dendrogram(data).startswith("Cut at a Ward distance between")
