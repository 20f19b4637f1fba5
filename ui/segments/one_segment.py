"""One segment on the Segments screen: its sentence, its numbers, and its features with their distributions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.features.assemble import Assembled
from segcore.plots.segments.segment_features import describe_distribution, describe_ranking, draw_distribution, draw_ranking
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.profiles.histograms import Histogram, histogram_pair
from segcore.segments.profiles.records import FeatureProfile, SegmentSummary
from segcore.wording.markdown import escape
from segcore.wording.numbers import difference_text, number_text, percent_text, unit_text, worth_title
from ui.shell import cache, state
from ui.widgets.figures import draw_figure

DISTRIBUTIONS = 4


def draw_segment(summary: SegmentSummary, worth: str) -> None:
    """Draw one segment: its sentence, its numbers, its most compact features, and a table of all features.

    Parameters
    ----------
    summary : SegmentSummary
    worth : str
        What its revenue is, in words: see ``FeatureTable``.
    """
    st.markdown(f"#### {escape(summary.apart)}")
    with st.grid(4, min_column_width=150):
        st.metric("Customers", f"{summary.customers:,}", border=True)
        st.metric("Share of customers", percent_text(summary.customer_share), border=True)
        if summary.revenue is not None:
            st.metric(escape(worth_title(worth)), number_text(round(summary.revenue)), border=True)
            st.metric(f"Share of {escape(worth)}", percent_text(summary.revenue_share), border=True)
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
        st.markdown("**Compared with all customers**")
        _draw_table(summary)


def _draw_table(summary: SegmentSummary) -> None:
    features = summary.ranked()
    table = pd.DataFrame(
        {
            "Feature": [
                feature.title + (f" ({unit_text(feature.unit).strip()})" if unit_text(feature.unit) else "") for feature in features
            ],
            "Mean": [number_text(feature.mean, feature.unit) for feature in features],
            "All: mean": [number_text(feature.population_mean, feature.unit) for feature in features],
            "Difference": [difference_text(feature.difference) for feature in features],
            "Compactness": [feature.compactness for feature in features],
            "Median": [number_text(feature.median, feature.unit) for feature in features],
            "All: median": [number_text(feature.population_median, feature.unit) for feature in features],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(table), 563),
        column_config={
            "Feature": st.column_config.TextColumn(pinned=True),
            "Compactness": st.column_config.NumberColumn(format="%.2f", help="1: all alike; 0: as varied as all customers."),
            "Difference": st.column_config.TextColumn(
                help="Mean here less the mean of all other customers, in standard deviations of all, with its 95 % interval."
            ),
        },
        alt=f"Medians and means of {summary.title} and of all customers, the most compact feature first",
    )


def draw_distributions(sweep: Sweep, position: int, summary: SegmentSummary, assembled: Assembled, solution: Solution) -> None:
    """Draw distributions of a segment's features next to all customers': by default those that set it apart most."""
    st.markdown("**How its features are distributed, compared with all customers**")
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
                    name=f"{feature.title} in {summary.title} and among all customers",
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
