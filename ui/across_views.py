"""What Segments shows of columns: how categories, outcomes and the RFM baseline are shared out over the segments."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import streamlit as st

from segcore.explain import number_text, percent_text
from segcore.explain.across import ColumnAcross, NumberAcross, columns_across, numbers_across
from segcore.explain.wording import two_decimals
from segcore.plots.across import describe_across, draw_across
from segcore.solution import Solution, Sweep
from segcore.store import Store
from ui import cache, state
from ui.figures import draw_figure
from ui.point_choice import clustered, segment_names

BASELINE = "rfm_segment"
_RFM_WORDS = (
    "The classic segments by recency and frequency, made without clustering, are the baseline: agreement near 1 says the clustering found "
    "the same groups, near 0 that it found something else."
)


def draw_columns(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw one column over all segments, the one that differs most between them first, and the profile's numbers."""
    found, numbers = _described(store, sweep, position, solution)
    if not found and not numbers:
        return
    st.header("Categories and profile columns", anchor=False)
    if found:
        _draw_one(sweep, position, found)
    if numbers:
        st.markdown("**Numbers of the profile, not clustered on**")
        st.dataframe(numbers_frame(numbers), hide_index=True, alt="Median and mean of each profile number in every segment")


def _described(store: Store, sweep: Sweep, position: int, solution: Solution) -> tuple[tuple[ColumnAcross, ...], tuple[NumberAcross, ...]]:
    names = segment_names(store, sweep, position)
    labels = hashlib.sha256(np.ascontiguousarray(solution.labels).tobytes()).hexdigest()

    def build() -> tuple[tuple[ColumnAcross, ...], tuple[NumberAcross, ...]]:
        table = clustered(store, sweep).table
        return columns_across(table, solution, names), numbers_across(table, solution, names)

    return cache.computed("across", f"{sweep.id}.{labels}.{sorted(names.items())}", build)


def _draw_one(sweep: Sweep, position: int, found: tuple[ColumnAcross, ...]) -> None:
    key = f"segments.column.{sweep.id[:12]}"
    by_name = {across.column: across for across in found}
    kept = state.recall(key)
    state.set_widget(key, kept if kept in by_name else found[0].column)
    chosen = st.selectbox("Column", tuple(by_name), key=key, format_func=lambda name: _option(by_name[name]), width=420)
    state.remember(key, chosen)
    across = by_name[chosen]
    if across.column == BASELINE:
        st.caption(_RFM_WORDS)
    draw_figure(
        draw_across(across),
        key=f"figure.across.{position}.{chosen}",
        name=f"{across.title} in every segment",
        words=describe_across(across),
    )
    st.caption(f"Agreement of the segments with a grouping by {across.title} alone: adjusted Rand index {two_decimals(across.agreement)}.")
    with st.expander("As a table, with intervals"):
        st.dataframe(shares_frame(across), hide_index=True, alt=f"Share of each value of {across.title} in every segment")


def _option(across: ColumnAcross) -> str:
    what = "clustered on" if across.clustered_on else "profile"
    return f"{across.title} · {what} · V {two_decimals(across.association)}"


def shares_frame(across: ColumnAcross) -> pd.DataFrame:
    """Return a row a segment and value: customers, share and the share's 95 % interval."""
    rows = [
        {
            "Segment": group.title,
            across.title: value.value,
            "Customers": value.customers,
            "Of": group.customers,
            "Share": percent_text(value.share),
            "95 % interval": f"{percent_text(value.low)} – {percent_text(value.high)}",
        }
        for group in (across.everyone, *across.segments)
        for value in group.values
    ]
    return pd.DataFrame(rows)


def numbers_frame(numbers: tuple[NumberAcross, ...]) -> pd.DataFrame:
    """Return a row a number and segment: customers who have a value, median and mean."""
    rows = [
        {
            "Column": number.column,
            "Segment": title,
            "Customers with a value": middle[0] if middle else 0,
            "Median": number_text(middle[1]) if middle else "–",
            "Mean": number_text(middle[2]) if middle else "–",
        }
        for number in numbers
        for title, middle in (("All customers", number.everyone), *number.segments)
    ]
    return pd.DataFrame(rows)
