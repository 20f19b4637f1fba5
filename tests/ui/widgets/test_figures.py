import copy

import numpy as np
import pytest

from segcore.plots.segments.segment_shares import ShareRow, draw_shares
from ui.shell import cache
from ui.shell.cache import Drawn
from ui.widgets.figures import draw_figure, drawn, in_theme

calls = []


def draw_bars(rows, *, worth):
    calls.append(rows)
    return draw_shares(rows, worth=worth)


def rows_of(*shares):
    """Return rows that are equal to those of another call, and not the same."""
    return tuple(ShareRow(label, f"Segment {label}", 10, share, None) for label, share in enumerate(shares))


@pytest.fixture(autouse=True)
def nothing_drawn():
    cache._drawn.clear()
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


def test_figures_are_kept_until_they_take_too_many_bytes_and_large_ones_never():
    made = []

    def find(name, letters):
        kept.find(name, "", lambda: made.append(name) or {"text": "x" * letters})

    kept = Drawn(most_bytes=5_000, largest=3_000)
    for name, letters in (
        ("a", 1_500),
        ("b", 1_500),
        ("a", 1_500),
        ("c", 1_500),
        ("a", 1_500),
        ("b", 1_500),
        ("large", 4_000),
        ("large", 4_000),
    ):
        find(name, letters)
    assert made == ["a", "b", "c", "b", "large", "large"]


def test_what_dragging_does_in_one_session_leaves_the_figure_of_the_others(monkeypatch):
    sent = []
    monkeypatch.setattr("streamlit.plotly_chart", lambda figure, **look: sent.append(figure.to_dict()))
    figure = drawn(draw_bars, rows_of(0.25, 0.75), worth="revenue")
    before = copy.deepcopy(figure.to_dict())
    for drag in ("box", "lasso"):
        draw_figure(figure, key="bars", name="Bars", words="", drag=drag)
    assert [one["layout"]["dragmode"] for one in sent] == ["select", "lasso"]
    assert drawn(draw_bars, rows_of(0.25, 0.75), worth="revenue").to_dict() == before
