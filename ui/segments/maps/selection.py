"""Customers selected on the map: who they are, the shortest rule that finds them, and their file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from segcore.export.files import export_bytes, file_stem
from segcore.records.sweep import Sweep
from segcore.segments.maps.customer_map import CustomerMap
from segcore.segments.maps.selection import SelectedCustomers, describe_selection, find_selection_rule, inside, selection_sentence
from segcore.segments.rules.condition import ColumnTitles
from segcore.store.store import Store
from segcore.sweeps.points import point_rows
from segcore.system.digests import digest
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, number_text, percent_text, worth_title
from ui.segments.one_segment import by_shift, draw_comparison
from ui.shell import cache, state
from ui.shell.sweep_data import readable, segment_names
from ui.widgets.table import draw_frame

_COLUMNS = {
    "Selected": st.column_config.NumberColumn(format="localized"),
    "Of the selection": st.column_config.TextColumn(help="Share of the selected customers who are in this segment."),
    "Of the segment": st.column_config.TextColumn(help="Share of this segment's customers who were selected."),
}


def draw_selection(store: Store, sweep: Sweep, position: int, found: CustomerMap, keys: list[str]) -> None:
    """Draw who the customers are inside the regions that were drawn in the figures of these keys; or how to select some."""
    regions = [region for key in keys for region in state.drawn_regions(key) if len(region) > 2]
    selected = np.zeros(len(found.labels), dtype=bool)
    for region in regions:
        selected |= inside(found.places, region)
    if not selected.any():
        none = "No customer is inside. " if regions else ""
        st.caption(f"{none}Drag around customers on the map to see who they are; a double click ends the selection.")
        return
    names = segment_names(store, sweep, position)
    key = digest({"sweep": sweep.id, "position": position, "map": found.method, "regions": regions, "names": sorted(names.items())})
    rows = readable(store, sweep)
    who = cache.described("selection", key, lambda: describe_selection(rows, found.labels, names, selected))
    _draw_who(who, rows.worth)
    with st.spinner("Searching for the shortest rule of the selected customers …"):
        rule = cache.described("selection_rule", key, lambda: find_selection_rule(rows, selected))
    st.markdown(f"**Who is found by a short rule** · {escape(selection_sentence(rule, ColumnTitles.of(rows)))}")
    _draw_download(store, sweep, position, found, selected)


def _draw_who(who: SelectedCustomers, worth: str) -> None:
    summary = who.summary
    st.markdown(f"#### Selected: {counted(summary.customers, 'customer')}, {percent_text(summary.customer_share)} of all")
    st.markdown(escape(summary.apart))
    if summary.revenue is not None:
        with st.grid(4, min_column_width=150):
            st.metric(escape(worth_title(worth)), number_text(round(summary.revenue)), border=True)
            st.metric(f"Share of {escape(worth)}", percent_text(summary.revenue_share), border=True)
    with st.grid(2, min_column_width=380, gap="medium") as grid:
        with grid.cell():
            st.markdown("**Their segments**")
            draw_frame(segments_frame(who), hide_index=True, column_config=_COLUMNS, alt="Segments of the selected customers")
        with grid.cell():
            st.markdown("**Compared with all customers**")
            draw_comparison(summary, by_shift(summary))


def segments_frame(who: SelectedCustomers) -> pd.DataFrame:
    """Return one row per segment: how many of its customers were selected, and their share of the selection and of the segment."""
    titles, selected, sizes = zip(*who.segments, strict=True)
    total = sum(selected)
    return pd.DataFrame(
        {
            "Segment": titles,
            "Selected": selected,
            "Of the selection": [percent_text(of_them / total) for of_them in selected],
            "Of the segment": [percent_text(of_them / size) for of_them, size in zip(selected, sizes, strict=True)],
        }
    )


def _draw_download(store: Store, sweep: Sweep, position: int, found: CustomerMap, selected: np.ndarray) -> None:
    customers = found.customers[selected].tolist()
    stem = file_stem(str(sweep.spec.data.get("name", "data")), point_rows(sweep)[position].label, ["selected on the map"])
    st.download_button(
        f"Download {counted(len(customers), 'customer')} as CSV",
        data=lambda: export_bytes(store, sweep.id, position, customers=customers)[0],
        file_name=f"{stem}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="segments.map.file",
        help="One row per customer, with segment and features, as Export writes them.",
    )
