"""Each segment's share of customers and of revenue on the Segments screen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.assemble import Assembled
from segcore.plots.segments.segment_shares import describe_shares, draw_shares, shares_data
from segcore.records.sweep import Sweep
from segcore.segments.records import SegmentProfile
from segcore.wording.numbers import counted, percent_text
from ui.widgets.figures import draw_figure


def draw_set_aside(assembled: Assembled, clustered_customers: int) -> None:
    """Draw a warning about customers in no segment, because the outlier rule set them aside before the clustering."""
    aside = assembled.set_aside_customers
    if not aside:
        return
    worth = assembled.set_aside_revenue_share
    revenue = f" with **{percent_text(worth)} of the revenue**" if worth is not None else ""
    st.warning(
        f"The outlier rule set aside **{counted(aside, 'customer')}**, {percent_text(aside / (aside + clustered_customers))} of all "
        f"customers{revenue}. The shares below refer to the {counted(clustered_customers, 'customer')} in the clustering. "
        "Export can add those set aside, assigned to segments by the model.",
        icon=":material/person_off:",
    )


def draw_all_shares(sweep: Sweep, profile: SegmentProfile, chosen: int) -> None:
    """Draw each segment's share of customers and revenue."""
    st.header("How much is each segment worth?", anchor=False)
    rows = shares_data(profile)
    draw_figure(
        draw_shares(rows, chosen=chosen),
        key=shares_key(sweep),
        name="Share of customers and share of revenue of every segment",
        words=describe_shares(rows),
        clickable=True,
    )
    if profile.noise:
        st.caption(
            f"Noise is not a segment: {counted(profile.noise.customers, 'customer')} ({percent_text(profile.noise.customer_share)}) "
            f"{algorithm(sweep.spec.algorithm).presentation.noise or 'belong to none'}."
        )
    table = pd.DataFrame(
        {
            "Segment": [summary.title for summary in profile.everyone()],
            "Customers": [summary.customers for summary in profile.everyone()],
            "Share of customers": [100 * summary.customer_share for summary in profile.everyone()],
            "Revenue": [summary.revenue for summary in profile.everyone()],
            "Share of revenue": [_percent(summary.revenue_share) for summary in profile.everyone()],
            "What sets it apart": [summary.apart for summary in profile.everyone()],
        }
    ).dropna(axis="columns", how="all")
    percent = st.column_config.NumberColumn(format="%.1f %%")
    whole = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        table.round({"Revenue": 0}) if "Revenue" in table else table,
        hide_index=True,
        row_height=72,
        height=38 + 72 * min(len(table), 12),
        column_config={
            "Segment": st.column_config.TextColumn(pinned=True),
            "Customers": whole,
            "Revenue": whole,
            "Share of customers": percent,
            "Share of revenue": percent,
            "What sets it apart": st.column_config.TextColumn(width="large"),
        },
        alt="Every segment with its customers, revenue, shares and what sets it apart",
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def shares_key(sweep: Sweep) -> str:
    """Return the key of the figure whose segments can be clicked."""
    return f"figure.shares.{sweep.id[:12]}"
