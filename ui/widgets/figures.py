"""Figures on a page: each with a name, a description below it, and clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.wording.markdown import escape

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CONFIG = {"displayModeBar": False, "showSendToCloud": False}


def draw_figure(figure: Figure, *, key: str, name: str, words: str, clickable: bool = False) -> None:
    """Draw a figure and, below it, its description in words.

    Parameters
    ----------
    figure : Figure
    key : str
        Also the name under which ``state.new_click`` finds what was clicked.
    name : str
        What a screen reader announces before the words.
    words : str
        Description of the figure with its numbers, for those who do not see it.
    clickable : bool
        Whether a click on a mark runs the page again.
    """
    if clickable:
        st.plotly_chart(figure, key=key, on_select="rerun", selection_mode="points", config=CONFIG, alt=name)
    else:
        st.plotly_chart(figure, key=key, config=CONFIG, alt=name)
    if words:
        st.caption(escape(words))


def fetch_figure_code() -> None:
    """Have the browser load what draws figures, unseen, so that the first figure of the next page does not wait for it."""
    from plotly.graph_objects import Figure

    with st.container(key="figure-code"):  # hidden by the style sheet
        st.plotly_chart(Figure(layout={"height": 10, "width": 10}), key="figure-code-chart", config=CONFIG)
