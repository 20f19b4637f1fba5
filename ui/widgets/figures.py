"""Figures on a page: each in the analyst's theme, with a name, a description below it, and clicks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from segcore.plots.theme import CATEGORICAL, DIVERGING, INK, PAPER, SEQUENTIAL
from segcore.wording.markdown import escape
from segcore.wording.quotes import visible
from ui.shell import cache

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CONFIG = {"displayModeBar": False, "showSendToCloud": False}

# Streamlit's browser code replaces these by the theme's own colours: those of its charts (chart…Colors in config.toml), and those of the
# background and the text.
_SCALES = ((1, CATEGORICAL), (11, SEQUENTIAL), (21, DIVERGING))
_IN_THEME = {colour: f"#{place:06d}" for first, colours in _SCALES for place, colour in enumerate(colours, first)}
_IN_THEME |= {PAPER: "#000038", INK: "#000037"}


def drawn(draw: Callable[..., Figure], *data: Hashable, **options: Hashable) -> Figure:
    """Return ``draw(*data, **options)``, drawn once for equal data, whichever session asks for it.

    Plotly takes several milliseconds for a figure, which was most of the time of a click.

    Parameters
    ----------
    draw : callable
        A function of a module, whose figure depends on its arguments alone.
    data, options
        Frozen records, tuples, strings, numbers: whatever their ``repr`` is complete for, as that is the key.

    Raises
    ------
    TypeError
        If one of them can be changed or, like an array, has a shortened ``repr``.
    """
    asked = (data, tuple(sorted(options.items())))
    hash(asked)
    ready = _finished_figure()
    return ready(cache.drawn(f"{draw.__module__}.{draw.__qualname__}", repr(asked), lambda: in_theme(draw(*data, **options).to_dict())))


@functools.cache
def _finished_figure() -> type[Figure]:
    """Return the class of figures that are only sent any more; made at first use, because importing Plotly takes long."""
    from plotly.graph_objects import Figure

    class Finished(Figure):
        def __init__(self, parts: dict[str, Any]) -> None:
            object.__setattr__(self, "_parts", parts)

        def to_dict(self) -> dict[str, Any]:
            return self.__dict__["_parts"]

    return Finished


def draw_figure(
    figure: Figure, *, key: str, name: str, words: str, clickable: bool = False, drag: Literal["lasso", "box"] | None = None
) -> None:
    """Draw a figure and, below it, its description in words.

    Parameters
    ----------
    figure : Figure
        Drawn for this run only, or by `drawn`, which is faster where other sessions or clicks show the same.
    key : str
        Also the name under which ``state.new_click`` finds what was clicked.
    name : str
        What a screen reader announces before the words.
    words : str
        Description of the figure with its numbers, for those who do not see it; "" if the page has it elsewhere.
    clickable : bool
        Whether a click on a mark runs the page again.
    drag : {"lasso", "box"} or None
        What dragging draws around marks; it runs the page, or the fragment, again, and ``state.drawn_regions`` returns it.
    """
    ready = _finished_figure()
    parts = figure.to_dict() if isinstance(figure, ready) else in_theme(figure.to_dict())
    if drag is not None:  # in a copy: other sessions may show the same figure
        parts = {**parts, "layout": {**parts.get("layout", {}), "dragmode": "select" if drag == "box" else drag}}
    figure = ready(parts)
    if drag is not None:
        st.plotly_chart(figure, key=key, on_select="rerun", selection_mode=drag, config=CONFIG, alt=visible(name))
    elif clickable:
        st.plotly_chart(figure, key=key, on_select="rerun", selection_mode="points", config=CONFIG, alt=visible(name))
    else:
        st.plotly_chart(figure, key=key, config=CONFIG, alt=visible(name))
    if words:
        st.caption(escape(words))


def in_theme(part: Any, *, is_colour: bool = False) -> Any:
    """Return a part of a figure with its colours replaced by those of the theme, whatever it is; texts of the data stay."""
    if isinstance(part, dict):
        return {name: in_theme(value, is_colour=is_colour or str(name).endswith(("color", "colorscale"))) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [in_theme(value, is_colour=is_colour) for value in part]
    return _IN_THEME.get(part, part) if is_colour and isinstance(part, str) else part


def fetch_figure_code() -> None:
    """Have the browser load what draws figures, unseen, so that the first figure of the next page does not wait for it."""
    from plotly.graph_objects import Figure

    with st.container(key="figure-code"):  # hidden by the style sheet
        st.plotly_chart(Figure(layout={"height": 10, "width": 10}), key="figure-code-chart", config=CONFIG)
