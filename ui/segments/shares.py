"""Each segment's share of customers and of revenue on the Segments screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.assemble import Assembled
from segcore.plots.heatmap import draw_map
from segcore.plots.segments.liked_items import likes_data
from segcore.plots.segments.portrait import by_worth, describe_portrait, portrait_data
from segcore.plots.segments.segment_shares import describe_shares, draw_shares, shares_data
from segcore.records.grid import point_key
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.segments.likes import MEANING
from segcore.segments.profiles.naming import LONGEST_NAME
from segcore.segments.profiles.records import SegmentProfile
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.numbers import counted, percent_text, worth_title
from segcore.wording.quotes import visible
from ui.segments.profile import describe_with_every_feature, likes_of_point
from ui.shell import cache, state
from ui.widgets.figures import draw_figure, drawn
from ui.widgets.table import visible_frame

_EVERY = "segments.every"


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


def draw_portrait(store: Store, sweep: Sweep, position: int, solution: Solution, profile: SegmentProfile) -> None:
    """Draw all segments with their features, coloured by the difference from all customers."""
    st.header("Who is in each segment", anchor=False)
    others = len(cache.feature_table(str(store.home), sweep.spec.table).names) - len(sweep.spec.plan.features)
    likes = likes_of_point(store, sweep, solution)
    if others:
        state.seed_widget(_EVERY, state.recall(_EVERY, False))
        label = f"Also show the {counted(others, 'feature')} not clustered on" if likes is None else "Show features instead of items"
        state.remember(_EVERY, st.toggle(label, key=_EVERY))
    if others and state.recall(_EVERY):
        profile, likes = describe_with_every_feature(store, sweep, position, solution), None
    liked = None if likes is None else likes_data(likes, profile)
    data = liked or portrait_data(profile, sweep.summary.get("ideas", ()))
    if data is None:
        return
    if liked is not None and likes is not None:
        shares = f"Shares of customers who like each item. {MEANING}" if likes.rated else "Shares of customers who buy each item."
        st.caption(f"{shares} Blue is above and orange below the share of all customers.")
    else:
        st.caption("Medians, or shares of customers; blue is above and orange below the mean of all customers.")
    name = "Features of every segment" if liked is None else "Items that the segments like most"
    draw_figure(drawn(draw_map, data), key=f"figure.portrait.{sweep.id[:12]}", name=name, words=describe_portrait(profile))


def draw_all_shares(store: Store, sweep: Sweep, position: int, profile: SegmentProfile, chosen: int) -> None:
    """Draw each segment's share of customers and revenue, and the table in which segments are named."""
    st.header("How large is each segment?" if profile.revenue is None else "How much is each segment worth?", anchor=False)
    rows = shares_data(profile)
    draw_figure(
        drawn(draw_shares, rows, chosen=chosen, worth=profile.worth),
        key=shares_key(sweep),
        name=f"Share of customers and share of {profile.worth} of every segment",
        words=describe_shares(rows, profile.worth),
        clickable=True,
    )
    if profile.noise:
        st.caption(
            f"Noise is not a segment: {counted(profile.noise.customers, 'customer')} ({percent_text(profile.noise.customer_share)}) "
            f"{algorithm(sweep.spec.algorithm).presentation.noise or 'belong to none'}."
        )
    shown = [*by_worth(profile), *([profile.noise] if profile.noise else [])]
    table = pd.DataFrame(
        {
            "Segment": [summary.title for summary in shown],
            "Customers": [summary.customers for summary in shown],
            "Share of customers": [100 * summary.customer_share for summary in shown],
            "Revenue": [summary.revenue for summary in shown],
            "Share of revenue": [_percent(summary.revenue_share) for summary in shown],
            "What sets it apart": [summary.apart for summary in shown],
        }
    ).dropna(axis="columns", how="all")
    percent = st.column_config.NumberColumn(format="%.1f %%")
    whole = st.column_config.NumberColumn(format="localized")
    key = f"segments.table.{digest([sweep.id, position, [summary.title for summary in shown]])[:12]}"
    if _named(store, sweep, position, [summary.label for summary in shown], state.widget(key, {})):
        st.rerun()
    st.data_editor(
        visible_frame(table.round({"Revenue": 0}) if "Revenue" in table else table),
        key=key,
        disabled=[column for column in table.columns if column != "Segment"],
        hide_index=True,
        row_height=72,
        height=38 + 72 * min(len(table), 12),
        column_config={
            "Segment": st.column_config.TextColumn(
                pinned=True, width="medium", max_chars=LONGEST_NAME, help="Enter a name; clear it to return to the suggested one."
            ),
            "Customers": whole,
            "Revenue": st.column_config.NumberColumn(visible(worth_title(profile.worth)), format="localized"),
            "Share of customers": percent,
            "Share of revenue": st.column_config.NumberColumn(visible(f"Share of {profile.worth}"), format="%.1f %%"),
            "What sets it apart": st.column_config.TextColumn(width="large"),
        },
        alt=visible(f"Every segment with its customers, {profile.worth}, shares and what sets it apart"),
    )


def _named(store: Store, sweep: Sweep, position: int, labels: list[int], held: Mapping[str, Any]) -> bool:
    """Store the names entered in the table, and tell whether there are any; noise keeps its own."""
    point = point_key(sweep.spec.points[position])
    known = store.segment_names(sweep.id, point)
    entered = {
        labels[int(row)]: " ".join(str(cells["Segment"] or "").split())
        for row, cells in held.get("edited_rows", {}).items()
        if "Segment" in cells
    }
    new = {label: name for label, name in entered.items() if label != NOISE and name != known.get(label, "")}
    for label, name in new.items():
        store.name_segment(sweep.id, point, label, name)
    return bool(new)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def shares_key(sweep: Sweep) -> str:
    """Return the key of the figure whose segments can be clicked."""
    return f"figure.shares.{sweep.id[:12]}"
