import numpy as np
import pytest

from segcore.plots.segments.confusion import confusion_data, describe_confusion, draw_confusion
from segcore.records.estimate import Estimate, wilson_interval
from segcore.segments.validation import Validation


def validation(matrix, labels=None):
    matrix = np.array(matrix)
    n, hits = int(matrix.sum()), int(np.trace(matrix))
    accuracy = Estimate(hits / n, *wilson_interval(hits / n, n), n)
    return Validation(tuple(labels or range(len(matrix))), matrix, accuracy, float(matrix.sum(axis=1).max() / n))


FOUND = validation([[5, 0, 5], [0, 30, 10], [1, 0, 99]], labels=(-1, 0, 1))


def test_rows_are_actual_segments_the_largest_at_the_top_and_the_noise_last():
    data = confusion_data(FOUND, {1: "Regulars"})
    assert data.columns == ("Regulars", "Segment 0", "Noise")
    assert data.rows == ("Noise", "Segment 0", "Regulars")
    assert data.values() == [[50, 0, 50], [25, 75, 0], [99, 0, 1]]
    assert (data.x_title, data.y_title) == ("Predicted segment", "Actual segment")
    cells = {(cell.row, cell.column): cell for cell in data.cells}
    assert cells["Segment 0", "Regulars"].text == "10<br>25 %"
    assert cells["Segment 0", "Regulars"].hover == "Segment 0<br>10 of 40 customers (25 %) predicted as Regulars"
    assert cells["Noise", "Noise"].hover == "Noise<br>5 of 10 customers (50 %) predicted correctly"
    assert cells["Regulars", "Segment 0"].text == ""


def test_segments_of_one_name_keep_a_row_each():
    data = confusion_data(FOUND, {0: "Same", 1: "Same"})
    assert data.columns == ("Same (1)", "Same (0)", "Noise")
    long = confusion_data(FOUND, {0: "Customers who come back soon", 1: "Customers who come back sometimes"})
    assert len(set(long.columns)) == 3 and max(len(column) for column in long.columns) < 30


def test_words_name_the_worst_segment_and_what_is_confused_most():
    low, high = (f"{100 * end:.0f} %" for end in wilson_interval(0.5, 10))
    words = describe_confusion(FOUND, {})
    assert words.startswith("Predicted best: “Segment 1”, 99 % (")
    assert f"worst: “Noise”, 50 % ({low} to {high}). Most often confused: " in words
    assert words.endswith(
        "“Segment 0” as “Segment 1” (10 customers, 25 %), “Noise” as “Segment 1” (5 customers, 50 %) and “Segment 1” as “Noise” "
        "(1 customer, 1 %)."
    )
    assert describe_confusion(validation([[5, 0], [0, 5]]), {}) == "Every customer is predicted correctly."


@pytest.mark.parametrize(("n", "written"), [(2, "7<br>100 %"), (8, "7<br>100 %"), (9, "7"), (15, "7")])
def test_few_segments_show_counts_and_shares_and_more_only_counts(n, written):
    figure = draw_confusion(confusion_data(validation(7 * np.eye(n, dtype=int)), {}))
    assert figure.data[1].mode == "markers+text"
    assert figure.data[1].text[0] == written
    assert not figure.data[0].showscale


def test_60_segments_have_a_scale_instead_of_numbers_and_a_name_in_each_row():
    figure = draw_confusion(confusion_data(validation(7 * np.eye(60, dtype=int)), {}))
    assert figure.data[1].mode == "markers"
    assert figure.data[0].showscale
    assert figure.layout.yaxis.dtick == 1
    assert 14 * 60 < figure.layout.height < 1300
    assert tuple(figure.layout.xaxis.range) == (-0.5, 59.5)


def test_more_than_60_segments_take_no_more_room():
    figures = [draw_confusion(confusion_data(validation(7 * np.eye(n, dtype=int)), {})) for n in (60, 90)]
    assert figures[0].layout.height == figures[1].layout.height
    assert figures[1].layout.yaxis.dtick is None
