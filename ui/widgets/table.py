"""Tables on a page, whose cells and headings come from files and analysts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from segcore.wording.quotes import distinct, visible, visible_cell


def draw_frame(frame: pd.DataFrame, **look: Any) -> None:
    """Draw a table in which control and invisible characters are escaped; Streamlit shows all others as they are.

    Parameters
    ----------
    frame : DataFrame
        Its columns' names are text; two that are equal once they are escaped are numbered.
    **look
        Passed on to `streamlit.dataframe`; the names in ``column_config`` are those of ``frame``.
    """
    st.dataframe(visible_frame(frame), **visible_look(look))


def visible_look(look: dict[str, Any]) -> dict[str, Any]:
    """Return options of a table with the names of columns, and the description, as `visible_frame` has them."""
    found = dict(look)
    if "alt" in found:
        found["alt"] = visible(found["alt"])
    if "column_config" in found:
        found["column_config"] = {visible(name): column for name, column in found["column_config"].items()}
    return found


def visible_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with control and invisible characters of its cells and headings escaped."""
    headings = [str(visible_cell(name)) for name in frame.columns]
    shown = frame.copy(deep=False)
    for place, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            shown.isetitem(place, frame.iloc[:, place].map(visible_cell).array)
    shown.columns = pd.Index(distinct(headings))
    return shown
