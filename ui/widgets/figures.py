"""Figures on a page: each in the analyst's theme, with a name, a description below it, and clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from segcore.plots.theme import CATEGORICAL, DIVERGING, INK, PAPER, SEQUENTIAL
from segcore.wording.markdown import escape

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CONFIG = {"displayModeBar": False, "showSendToCloud": False}

# Streamlit's browser code replaces these by the theme's own colours: those of its charts (chart…Colors in config.toml), and those of the
# background and the text.
_SCALES = ((1, CATEGORICAL), (11, SEQUENTIAL), (21, DIVERGING))
_IN_THEME = {colour: f"#{place:06d}" for first, colours in _SCALES for place, colour in enumerate(colours, first)}
_IN_THEME |= {PAPER: "#000038", INK: "#000037"}


def draw_figure(
    figure: Figure, *, key: str, name: str, words: str, clickable: bool = False, drag: Literal["lasso", "box"] | None = None
) -> None:
    """Draw a figure and, below it, its description in words.

    Parameters
    ----------
    figure : Figure
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
    plain = figure.to_dict
    figure.to_dict = lambda: in_theme(plain())
    if drag is not None:
        figure.update_layout(dragmode="select" if drag == "box" else drag)
        st.plotly_chart(figure, key=key, on_select="rerun", selection_mode=drag, config=CONFIG, alt=name)
    elif clickable:
        st.plotly_chart(figure, key=key, on_select="rerun", selection_mode="points", config=CONFIG, alt=name)
    else:
        st.plotly_chart(figure, key=key, config=CONFIG, alt=name)
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
