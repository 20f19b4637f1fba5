"""One segment on the Segments screen: its sentence, its numbers, and its features in a figure and a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.plots.segments.segment_features import describe_ranking, draw_ranking
from segcore.segments.explanation import segment_sentence
from segcore.segments.profiles.key_figures import KeyFigures
from segcore.segments.profiles.records import SegmentSummary
from segcore.wording.markdown import escape
from segcore.wording.numbers import difference_text, number_text, percent_text, unit_text, worth_title
from ui.widgets.figures import draw_figure


def draw_segment(summary: SegmentSummary, figures: KeyFigures, worth: str) -> None:
    """Draw one segment: its sentence, its numbers, its most compact features, and a table of all features.

    Parameters
    ----------
    summary : SegmentSummary
    figures : KeyFigures
    worth : str
        What its revenue is, in words: see ``FeatureTable``.
    """
    st.markdown(f"#### {escape(segment_sentence(summary, figures))}")
    st.markdown(escape(summary.apart))
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
            "Difference, sd": [difference_text(feature.difference) for feature in features],
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
            "Difference, sd": st.column_config.TextColumn(
                help="Mean here less the mean of all other customers, in standard deviations of all, with its 95 % interval."
            ),
        },
        alt=f"Medians and means of {summary.title} and of all customers, the most compact feature first",
    )
