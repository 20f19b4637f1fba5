"""List of customers to contact, and its downloads."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from segcore.records.target_question import TargetsAnswer
from segcore.store.store import Store
from segcore.wording.numbers import counted
from ui.widgets.table import draw_frame

MOST_SHOWN = 100
_MIME = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
_GROUPS = {"contact": "contact", "holdout": "hold out"}


def draw_contacts(store: Store, answer: TargetsAnswer) -> None:
    """Draw the first of the list, and buttons for all of it."""
    st.header("Whom to contact", anchor=False)
    found = store.frame(answer.contacts)
    held = int((found["group"] == "holdout").sum())
    words = f"{counted(len(found), 'customer')} by rank"
    if held:
        words += f", of whom {held:,} are held out: do not contact them, so that buyers can be compared afterwards"
    st.caption(f"{words}. Here are the first {min(len(found), MOST_SHOWN)}.")
    draw_frame(
        contacts_frame(found),
        hide_index=True,
        height=320,
        alt="The first customers of the list",
        column_config={
            "Rank": st.column_config.NumberColumn(width="small"),
            "Probability": st.column_config.NumberColumn(format="%.0f %%"),
            "Expected value": st.column_config.NumberColumn(format="%.2f"),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )
    from segcore.export.files import file_stem

    with st.container(horizontal=True):
        for suffix, title in ((".csv", "CSV"), (".parquet", "Parquet")):
            st.download_button(
                f"Download all {len(found):,} as {title}",
                partial(table_file, store, answer.contacts, suffix),
                file_name=f"{file_stem('targets', answer.question.subject)}{suffix}",
                mime=_MIME[suffix],
                key=f"targets.list{suffix}",
                on_click="ignore",
                icon=":material/download:",
            )


def contacts_frame(found: pd.DataFrame) -> pd.DataFrame:
    """Return the first customers as the screen shows them; no expected value where a buyer has none."""
    head = found.head(MOST_SHOWN)
    shown = pd.DataFrame(
        {
            "Rank": head["rank"],
            "Customer": head["customer_id"],
            "Do": head["group"].map(_GROUPS),
            "Probability": 100 * head["probability"],
            "Expected value": head["expected_value"],
            "Why": head["reason"],
        }
    )
    return shown if head["expected_value"].notna().any() else shown.drop(columns="Expected value")


def table_file(store: Store, frame: str, suffix: str) -> bytes:
    """Return a stored table, such as the whole list, as ``.csv`` or ``.parquet``, as ``targets --out`` writes it."""
    from segcore.export.tables import table_bytes
    from segcore.targets.contact_list import list_rows

    return table_bytes(list_rows(store.frame(frame)), suffix)
