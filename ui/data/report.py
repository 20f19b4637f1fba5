"""Report on the loaded data: its size, what was wrong with it, and its first rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.store.store import Store
from segcore.wording.findings import sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, day_text, number_text, worth_title
from ui.data.remedies import ways_on
from ui.data.source_form import attempt
from ui.shell import cache
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake


_SHOWN_ASIDE = 200
_SHOWN_ELSEWHERE = ("row.set_aside", "second.customers", "second.items")  # in the table above them, and where second tables are added


def draw_summary(taken: Intake) -> None:
    """Draw the loaded data's name and its four numbers."""
    with st.container(horizontal=True):
        st.metric("Customers", f"{taken.n_customers:,}", border=True)
        st.metric("Rows used", f"{taken.rows_used:,}", border=True)
        if taken.uses:
            clustered = sum(use.use in ("number", "binary", "category") for use in taken.uses)
            st.metric("Columns used for clustering", f"{clustered} of {len(taken.columns)}", border=True)
        if taken.first_date and taken.last_date:
            st.metric("Period", f"{day_text(taken.first_date)} – {day_text(taken.last_date)}", border=True)
        if taken.total_revenue is not None:
            st.metric(
                escape(worth_title(taken.roles.get("value", "revenue"))),
                number_text(round(taken.total_revenue)),
                border=True,
                help="In the unit of the column." if "value" in taken.roles else "In the currency of the data, after cancellations.",
            )


def rows_account(taken: Intake) -> pd.DataFrame:
    """Return what became of every row that was read; the other lines add up to the first."""
    lines = [("Read", taken.rows_read)]
    lines += [(f"Set aside: {sentence(aside.reason)}", aside.rows) for aside in taken.set_aside]
    if taken.filtered_out:
        lines.append(("Filtered out", taken.filtered_out))
    lines.append(("Used", taken.rows_used))
    return pd.DataFrame({"Rows": [name for name, _ in lines], "Count": [rows for _, rows in lines]})


def draw_findings(store: Store, taken: Intake, request: DataRequest) -> None:
    """Draw the findings about the data and what was done about them, with what else can be done in one click."""
    lost = taken.rows_read - taken.rows_used
    if lost:
        st.markdown(f"Of {counted(taken.rows_read, 'row')}, {taken.rows_used:,} are used and {lost:,} are not:")
        draw_frame(
            rows_account(taken),
            hide_index=True,
            column_config={"Count": st.column_config.NumberColumn(format="localized")},
            width="content",
            alt="What became of the rows that were read; the counts add up",
        )
    else:
        st.markdown(f"All {counted(taken.rows_read, 'row')} are used; none had to be set aside.")
    if taken.counts:
        st.markdown(f"Used, but worth a look: {escape(counts_words(taken))}.")
    for note in sorted(taken.notes, key=lambda note: note.severity != "warning"):
        if note.code in _SHOWN_ELSEWHERE and "orders" not in note.values:
            continue
        if note.severity == "warning":
            st.warning(escape(sentence(note, "screen")), icon=":material/warning:")
        else:
            st.markdown(f"- {escape(sentence(note, 'screen'))}")
        if note.code == "feature.filled" and note.remedy is not None:
            with st.container(horizontal=True):
                for way in ways_on(note.remedy, request):
                    if st.button(escape(way.label), key=f"data.{way.key}", type="tertiary"):
                        attempt(store, way.request)


def counts_words(taken: Intake) -> str:
    """Return what is worth a look among the rows used, each with its number of rows."""
    return "; ".join(f"{sentence(found.reason)} ({found.rows:,})" for found in taken.counts)


def draw_aside(store: Store, taken: Intake) -> None:
    """Draw the rows set aside, and the downloads of those rows and of the data report."""
    from segcore.export.files import file_stem
    from segcore.intake.report import data_report

    if taken.aside is not None:
        with st.expander(f"See {counted(taken.rows_set_aside, 'row')} set aside", icon=":material/playlist_remove:"):
            rows = cache.computed("aside", taken.aside, lambda: store.frame(str(taken.aside)).head(_SHOWN_ASIDE))
            more = taken.rows_set_aside - len(rows)
            draw_frame(
                rows,
                hide_index=True,
                height=38 + 35 * min(len(rows), 8),
                alt="Rows that were set aside, where they are in the file, and why",
            )
            if more > 0:
                st.caption(f"The first {len(rows):,}; {more:,} more are in the file.")
    with st.container(horizontal=True):
        st.download_button(
            "Data report (JSON)",
            lambda: json.dumps(data_report(taken), indent=2, ensure_ascii=False),
            file_name=f"{file_stem(taken.data['name'], 'report')}.json",
            mime="application/json",
            key="data.report",
            icon=":material/download:",
        )
        if taken.aside is not None:
            st.download_button(
                "Rows set aside (CSV)",
                lambda: _aside_csv(store, taken),
                file_name=f"{file_stem(taken.data['name'], 'set aside')}.csv",
                mime="text/csv",
                key="data.aside",
                icon=":material/download:",
            )


def _aside_csv(store: Store, taken: Intake) -> bytes:
    from segcore.export.tables import table_bytes
    from segcore.intake.report import rows_aside

    return table_bytes(rows_aside(store, taken), ".csv")


def draw_preview(store: Store, preview: str, rows: int) -> None:
    """Draw the first rows as text, as they were read; invisible characters are escaped."""
    frame = cache.computed("preview", preview, lambda: store.frame(preview))
    st.caption(f"The first {len(frame):,} of {counted(rows, 'row')}, as read.")
    draw_frame(frame, hide_index=True, height=320, alt="The first rows of the data")
