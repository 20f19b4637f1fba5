"""What is loaded, what was wrong with it, and what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.store import Store
from ui.words import count, day, number

if TYPE_CHECKING:
    from segcore.intake import Intake


def draw_summary(taken: Intake) -> None:
    """Draw the loaded data's name and its four numbers."""
    with st.container(horizontal=True):
        st.metric("Customers", f"{taken.n_customers:,}", border=True)
        st.metric("Rows used", f"{taken.rows_used:,}", border=True)
        if taken.first_date and taken.last_date:
            st.metric("Period", f"{day(taken.first_date)} – {day(taken.last_date)}", border=True)
        if taken.total_revenue is not None:
            st.metric(
                "Net revenue", number(round(taken.total_revenue)), border=True, help="In the data's own currency, cancellations taken off."
            )


def rows_account(taken: Intake) -> pd.DataFrame:
    """Return what became of every row that was read; the parts add up to the first line."""
    lines = [("Read", taken.rows_read)]
    lines += [(f"Set aside: {reason}", rows) for reason, rows in taken.set_aside.items() if rows]
    if taken.filtered_out:
        lines.append(("Left out by the filters", taken.filtered_out))
    lines.append(("Used", taken.rows_used))
    return pd.DataFrame({"Rows": [name for name, _ in lines], "Count": [rows for _, rows in lines]})


def draw_findings(taken: Intake) -> None:
    """Draw what was wrong with the data and what was done about it."""
    lost = taken.rows_read - taken.rows_used
    if lost:
        st.markdown(f"Of {count(taken.rows_read, 'row')}, {taken.rows_used:,} are used and {lost:,} are not:")
        st.dataframe(
            rows_account(taken),
            hide_index=True,
            column_config={"Count": st.column_config.NumberColumn(format="localized")},
            width="content",
            alt="What became of the rows that were read; the parts add up",
        )
    else:
        st.markdown(f"All {count(taken.rows_read, 'row')} are used; none had to be set aside.")
    for note in sorted(taken.notes, key=lambda note: note.level != "warning"):
        if note.level == "warning":
            st.warning(note.text, icon=":material/warning:")
        else:
            st.markdown(f"- {note.text}")


def draw_preview(store: Store, taken: Intake) -> None:
    """Draw the first rows, as text, as they were read."""
    frame = store.frame(taken.preview)
    st.caption(f"The first {count(len(frame), 'row')}, as read.")
    st.dataframe(frame, hide_index=True, height=320, alt="The first rows of the data")
