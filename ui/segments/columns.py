"""Columns on the Segments screen: categories, outcomes and the classic RFM segments by segment."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.plots.column_shares import describe_across, draw_across
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.profiles.column_shares import ColumnAcross, columns_across, standing_out
from segcore.segments.profiles.profile_numbers import NumberAcross, numbers_across
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, difference_text, index_text, number_text, percent_text, two_decimals
from ui.segments.profile import segments_key
from ui.shell import cache, state
from ui.shell.sweep_data import clustered, segment_names
from ui.widgets.figures import draw_figure, drawn
from ui.widgets.table import draw_frame

BASELINE = "rfm_segment"
_RFM_WORDS = (
    "The classic segments by recency and frequency, made without clustering, serve as a baseline. Agreement near 1 means that the "
    "clustering found the same groups; near 0, that it found different ones."
)
_TITLES = {BASELINE: "Classic RFM segments"}
MOST_PURE, MOST_PROFILE = 3, 3


def draw_columns(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw columns by segment: by default those that almost define a segment, and profile columns."""
    found, numbers = described_columns(store, sweep, position, solution)
    if not found and not numbers:
        return
    st.header("Categories and profile columns", anchor=False)
    if found:
        _draw_chosen(sweep, position, found)
    if numbers:
        st.markdown("**Profile columns with numbers, not clustered on**")
        draw_frame(numbers_frame(numbers), hide_index=True, alt="Median and mean of each numeric profile column in every segment")


def described_columns(
    store: Store, sweep: Sweep, position: int, solution: Solution
) -> tuple[tuple[ColumnAcross, ...], tuple[NumberAcross, ...]]:
    """Return the categories and the numeric profile columns by segment, computed once for equal labels and names."""
    names = segment_names(store, sweep, position)

    def build() -> tuple[tuple[ColumnAcross, ...], tuple[NumberAcross, ...]]:
        table = clustered(store, sweep).table
        return columns_across(table, solution, names), numbers_across(table, solution, names)

    return cache.computed("across", segments_key(sweep, solution, names), build)


def draw_standing_out(store: Store, sweep: Sweep, position: int, solution: Solution, label: int) -> None:
    """Draw the values by which a segment stands out, with their index."""
    found, _ = described_columns(store, sweep, position, solution)
    rows = standing_out(found, label)
    if not rows:
        return
    st.markdown("**Values by which it stands out**")
    st.caption(
        "Index: 100 times the share here over the share among all customers, with its 95 % interval. By construction: the column, or "
        "what it is made of, was clustered on. Other columns are listed where the share differs from that of the other customers, with 5 % "
        "false discoveries."
    )
    draw_frame(
        pd.DataFrame(
            {
                "Column": [_TITLES.get(across.column, across.title) for across, _ in rows],
                "Value": [value.value for _, value in rows],
                "Share here": [percent_text(value.share) for _, value in rows],
                "Share of all": [percent_text(value.overall) for _, value in rows],
                "Index": [index_text(value.index) for _, value in rows],
                "By construction": [across.by_construction for across, _ in rows],
            }
        ),
        hide_index=True,
        alt="Values by which the segment stands out, with their shares and index",
    )


def _draw_chosen(sweep: Sweep, position: int, found: tuple[ColumnAcross, ...]) -> None:
    by_name = {across.column: across for across in found}
    key = f"segments.columns.{sweep.id[:12]}.{position}"
    state.seed_widget(key, shown_first(found))
    with st.expander("Choose which columns to show"):
        shown = st.pills(
            "Columns shown",
            tuple(by_name),
            selection_mode="multi",
            key=key,
            format_func=lambda name: _TITLES.get(name, escape(name)),
        )
    chosen = [across for name, across in by_name.items() if name in (shown or ())]
    with st.grid(min(len(chosen), 2) or 1, min_column_width=380, gap="medium") as grid:
        for across in chosen:
            with grid.cell():
                _draw_one(position, across)


def shown_first(found: tuple[ColumnAcross, ...]) -> list[str]:
    """Return the columns to show by default.

    These are columns in which some segment has almost one value, else the one that differs most between the segments; and profile
    columns, including the baseline.
    """
    pure = [across.column for across in found if across.pure][:MOST_PURE] or [found[0].column]
    profile = sorted((across for across in found if not across.clustered_on), key=lambda across: across.column != BASELINE)
    return list(dict.fromkeys([*pure, *(across.column for across in profile[:MOST_PROFILE])]))


def _draw_one(position: int, across: ColumnAcross) -> None:
    title = _TITLES.get(across.column, across.title)
    st.markdown(f"**{escape(title)}** · {_clustered_on(across)}")
    draw_figure(
        drawn(draw_across, across),
        key=f"figure.across.{position}.{across.column}",
        name=f"{title} in every segment",
        words=describe_across(across),
    )
    st.caption(
        f"Association with the segments {two_decimals(across.association)} (Cramér's V; 0: same in every segment, 1: determines the "
        f"segment) · agreement {two_decimals(across.agreement)} (adjusted Rand index; 1: segments and values are the same groups)"
    )
    if across.unknown:
        st.caption(f"Of the customers with a value; the {counted(across.unknown, 'customer')} without one are left out.")
    if across.column == BASELINE:
        st.caption(_RFM_WORDS)
    with st.expander("Show as a table, with intervals"):
        draw_frame(shares_frame(across), hide_index=True, alt=f"Share of each value of {title} in every segment")


def _clustered_on(across: ColumnAcross) -> str:
    if across.clustered_on:
        return "clustered on, so the segments differ in it by construction"
    return "profile column, made of features clustered on" if across.by_construction else "profile column, not clustered on"


def shares_frame(across: ColumnAcross) -> pd.DataFrame:
    """Return one row per segment and value: customers, share and its 95 % interval, index, and whether it differs from the rest."""
    rows = [
        {
            "Segment": group.title,
            across.title: value.value,
            "Customers": value.customers,
            "Of": group.customers,
            "Share": percent_text(value.share),
            "95 % interval": f"{percent_text(value.low)} – {percent_text(value.high)}",
            "Index": index_text(value.index) if group.label is not None else "100",
            "Differs": "by construction" if across.by_construction else "yes" if value.differs else "no" if group.label is not None else "",
        }
        for group in (across.everyone, *across.segments)
        for value in group.values
    ]
    return pd.DataFrame(rows)


def numbers_frame(numbers: tuple[NumberAcross, ...]) -> pd.DataFrame:
    """Return one row per column and segment: customers with a value, median, mean and its difference from the other customers."""
    rows = [
        {
            "Column": number.column,
            "Segment": group.title,
            "Customers with a value": group.customers,
            "Median": number_text(group.median),
            "Mean": number_text(group.mean),
            "Difference from the rest": difference_text(group.difference),
        }
        for number in numbers
        for group in (number.everyone, *number.segments)
    ]
    return pd.DataFrame(rows)
