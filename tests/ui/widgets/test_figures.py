import numpy as np
import pytest

from segcore.plots.segments.segment_shares import ShareRow, draw_shares
from ui.shell import cache
from ui.widgets.figures import drawn, in_theme

calls = []


def draw_bars(rows, *, worth):
    calls.append(rows)
    return draw_shares(rows, worth=worth)


def rows_of(*shares):
    """Return rows that are equal to those of another call, and not the same."""
    return tuple(ShareRow(label, f"Segment {label}", 10, share, None) for label, share in enumerate(shares))


@pytest.fixture(autouse=True)
def nothing_drawn():
    cache.drawn.clear()
    calls.clear()


def test_a_figure_is_drawn_once_for_equal_data_and_is_the_one_that_would_have_been_drawn():
    first, again = (drawn(draw_bars, rows_of(0.25, 0.75), worth="revenue").to_dict() for _ in range(2))
    assert len(calls) == 1
    assert first == again == in_theme(draw_shares(rows_of(0.25, 0.75), worth="revenue").to_dict())


@pytest.mark.parametrize(("rows", "worth"), [((0.25, 0.5, 0.25), "revenue"), ((0.25, 0.75 + 1e-15), "revenue"), ((0.25, 0.75), "value")])
def test_whatever_differs_gives_another_figure(rows, worth):
    drawn(draw_bars, rows_of(0.25, 0.75), worth="revenue")
    calls.clear()
    drawn(draw_bars, rows_of(*rows), worth=worth)
    assert calls == [rows_of(*rows)]


@pytest.mark.parametrize("data", [[1, 2], np.arange(3), {"a": 1}])
def test_what_could_change_or_is_shortened_in_its_key_is_refused(data):
    with pytest.raises(TypeError):
        drawn(draw_bars, data, worth="revenue")
    assert not calls
