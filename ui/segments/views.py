"""What Segments shows of a point: shares first, then one segment at a time, and its name."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.assemble import Assembled
from segcore.plots.segment_features import describe_distribution, describe_ranking, draw_distribution, draw_ranking
from segcore.plots.segment_shares import describe_shares, draw_shares, shares_data
from segcore.records.grid import point_key
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.segments.histograms import Histogram, histogram_pair
from segcore.segments.profile import segment_profile
from segcore.segments.records import FeatureProfile, SegmentProfile, SegmentSummary
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, number_text, percent_text, unit_text
from ui.shell import cache, state
from ui.widgets.figures import draw_figure
from ui.widgets.point_choice import clustered, segment_names

LONGEST_NAME = 60
DISTRIBUTIONS = 4


def describe_point(store: Store, sweep: Sweep, position: int, solution: Solution) -> SegmentProfile:
    """Return the profile of a point's segments under their present names."""
    names = segment_names(store, sweep, position)
    # By content, so that points with the same labels are explained once.
    labels = hashlib.sha256(np.ascontiguousarray(solution.labels).tobytes()).hexdigest()
    key = f"{sweep.id}.{labels}.{sorted(names.items())}"
    return cache.computed("profile", key, lambda: segment_profile(clustered(store, sweep).table, solution, names))


def draw_set_aside(assembled: Assembled, clustered_customers: int) -> None:
    """Say who is not in any segment because the outlier rule set them aside before the clustering."""
    aside = assembled.set_aside_customers
    if not aside:
        return
    worth = assembled.set_aside_revenue_share
    revenue = f" and brought **{percent_text(worth)} of the revenue**" if worth is not None else ""
    st.warning(
        f"**{counted(aside, 'customer')}** set aside by the outlier rule before the clustering: they are "
        f"{percent_text(aside / (aside + clustered_customers))} of all customers{revenue}. The shares below are of the "
        f"{counted(clustered_customers, 'customer')} that were clustered. Those set aside can be scored and exported all the same.",
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
    """Return the key of the figure in which a segment can be clicked."""
    return f"figure.shares.{sweep.id[:12]}"


def _kept_key(sweep: Sweep, position: int) -> str:
    return f"segment.{sweep.id[:12]}.{position}"


def clicked_segment(sweep: Sweep, position: int, profile: SegmentProfile) -> SegmentSummary:
    """Return the segment that is looked into: the one just clicked, else the one chosen before, else the largest."""
    clicked = state.new_click(shares_key(sweep))
    if clicked is not None:
        state.remember(_kept_key(sweep, position), clicked)
    return profile.find(state.recall(_kept_key(sweep, position), profile.everyone()[0].label))


def pick_segment(store: Store, sweep: Sweep, position: int, profile: SegmentProfile) -> SegmentSummary:
    """Draw the list of segments with the field for the name, and return the chosen segment."""
    chosen = profile.find(state.recall(_kept_key(sweep, position), profile.everyone()[0].label))
    state.set_widget("segments.picked", chosen.label)

    def choose() -> None:
        state.remember(_kept_key(sweep, position), state.widget("segments.picked"))

    left, right = st.columns(2, gap="medium")
    with left:
        st.selectbox(
            "Segment",
            [summary.label for summary in profile.everyone()],
            key="segments.picked",
            on_change=choose,
            format_func=lambda label: _option(profile.find(label)),
            help="Clicking a bar above chooses a segment too.",
        )
    with right:
        _draw_name_field(store, sweep, position, chosen)
    return chosen


def _option(summary: SegmentSummary) -> str:
    number = "" if summary.title in (f"Segment {summary.label}", "Noise") else f" (segment {summary.label})"
    return f"{summary.title}{number} · {counted(summary.customers, 'customer')}"


def _draw_name_field(store: Store, sweep: Sweep, position: int, summary: SegmentSummary) -> None:
    """Let the analyst name a segment; the name is kept in the store as soon as it is entered."""
    if summary.label == NOISE:
        return
    point = point_key(sweep.spec.points[position])
    key = f"segments.name.{sweep.id[:12]}.{position}.{summary.label}"
    state.seed_widget(key, store.segment_names(sweep.id, point).get(summary.label, ""))

    def keep() -> None:
        store.name_segment(sweep.id, point, summary.label, " ".join(str(state.widget(key) or "").split()))

    st.text_input(
        "Name",
        key=key,
        on_change=keep,
        max_chars=LONGEST_NAME,
        placeholder=f"Segment {summary.label}",
        help="Shown on every screen and written into exports. Empty it to go back to the number.",
    )


def draw_segment(summary: SegmentSummary) -> None:
    """Draw one segment: its sentence, its numbers, its most compact features and all of them against everybody's."""
    st.markdown(f"#### {escape(summary.apart)}")
    with st.grid(4, min_column_width=150):
        st.metric("Customers", f"{summary.customers:,}", border=True)
        st.metric("Share of customers", percent_text(summary.customer_share), border=True)
        if summary.revenue is not None:
            st.metric("Net revenue", number_text(round(summary.revenue)), border=True)
            st.metric("Share of revenue", percent_text(summary.revenue_share), border=True)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown("**Where its customers are alike**")
        draw_figure(
            draw_ranking(summary),
            key=f"figure.ranking.{summary.label}",
            name=f"Features of {summary.title} by compactness",
            words=describe_ranking(summary),
        )
    with right:
        st.markdown("**Against all customers**")
        _draw_table(summary)


def _draw_table(summary: SegmentSummary) -> None:
    features = summary.ranked()
    table = pd.DataFrame(
        {
            "Feature": [
                feature.title + (f" ({unit_text(feature.unit).strip()})" if unit_text(feature.unit) else "") for feature in features
            ],
            "Median": [number_text(feature.median, feature.unit) for feature in features],
            "All: median": [number_text(feature.population_median, feature.unit) for feature in features],
            "Mean": [number_text(feature.mean, feature.unit) for feature in features],
            "All: mean": [number_text(feature.population_mean, feature.unit) for feature in features],
            "Compactness": [feature.compactness for feature in features],
            "Shift": [feature.shift for feature in features],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(table), 563),
        column_config={
            "Feature": st.column_config.TextColumn(pinned=True),
            "Compactness": st.column_config.NumberColumn(format="%.2f", help="1 = all alike, 0 = as spread as all customers."),
            "Shift": st.column_config.NumberColumn(
                format="%+.2f", help="How far the mean lies from everybody's, in standard deviations of all customers."
            ),
        },
        alt=f"Means and medians of {summary.title} beside those of all customers, the most compact feature first",
    )


def draw_distributions(sweep: Sweep, position: int, summary: SegmentSummary, assembled: Assembled, solution: Solution) -> None:
    """Draw how a segment's features are spread against all customers': those that set it apart most, until others are chosen."""
    st.markdown("**How its features are spread, against all customers**")
    names = [feature.name for feature in sorted(summary.features, key=_apartness, reverse=True)]
    titles = {feature.name: feature.title for feature in summary.features}
    key = f"segments.features.{sweep.id[:12]}.{position}.{summary.label}"
    state.seed_widget(key, names[:DISTRIBUTIONS])
    with st.expander("Choose which features to show"):
        # Not a multiselect: white on the dark theme's light primary colour would be too faint to read.
        shown = st.pills("Features shown", names, selection_mode="multi", key=key, format_func=lambda name: titles[name])
    with st.grid(2, min_column_width=380, gap="medium") as grid:
        for name in shown:
            feature = next(feature for feature in summary.features if feature.name == name)
            with grid.cell():
                pair = _histogram(sweep, position, summary.label, name, assembled, solution)
                draw_figure(
                    draw_distribution(pair, feature, summary.title),
                    key=f"figure.spread.{summary.label}.{name}",
                    name=f"{feature.title} in {summary.title} and over all customers",
                    words=describe_distribution(pair, feature, summary.title),
                )


def _apartness(feature: FeatureProfile) -> float:
    return abs(feature.shift or 0.0) * (1 + max(feature.compactness or 0.0, 0.0))


def _histogram(sweep: Sweep, position: int, label: int, name: str, assembled: Assembled, solution: Solution) -> Histogram:
    def build() -> Histogram:
        originals = assembled.table.copies == 0
        members = solution.labels[originals] == label if solution.labels is not None else originals[originals]
        return histogram_pair(assembled.table.column(name)[originals], members)

    return cache.computed("histogram", f"{sweep.id}.{position}.{label}.{name}", build)
