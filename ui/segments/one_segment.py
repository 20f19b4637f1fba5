"""One segment on the Segments screen: its sentence, its numbers, and its features in a figure and a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from segcore.plots.segments.segment_features import describe_ranking, draw_ranking
from segcore.segments.explanation import segment_sentence
from segcore.segments.likes import Likes
from segcore.segments.profiles.key_figures import KeyFigures
from segcore.segments.profiles.records import FeatureProfile, SegmentSummary
from segcore.wording.markdown import escape
from segcore.wording.numbers import difference_text, number_text, percent_text, unit_text, worth_title
from ui.widgets.figures import draw_figure, drawn
from ui.widgets.table import draw_frame


def draw_segment(summary: SegmentSummary, figures: KeyFigures, worth: str, likes: Likes | None = None) -> None:
    """Draw one segment: its sentence, its numbers, its most compact features, and a table of all features.

    Parameters
    ----------
    summary : SegmentSummary
    figures : KeyFigures
    worth : str
        What its revenue is, in words: see ``FeatureTable``.
    likes : Likes or None
        What the segments like, for those of taste or vectors: drawn instead of the most compact features, of which every customer has
        all.
    """
    st.markdown(f"#### {escape(segment_sentence(summary, figures))}")
    st.markdown(escape(summary.apart))
    with st.grid(4, min_column_width=150):
        st.metric("Customers", f"{summary.customers:,}", border=True)
        st.metric("Share of customers", percent_text(summary.customer_share), border=True)
        if summary.revenue is not None:
            st.metric(escape(worth_title(worth)), number_text(round(summary.revenue)), border=True)
            st.metric(f"Share of {escape(worth)}", percent_text(summary.revenue_share), border=True)
    is_compact = likes is None and any(feature.compactness is not None for feature in summary.features)
    with st.grid(2, min_column_width=380, gap="medium") as grid:
        if is_compact or likes is not None:
            with grid.cell():
                if likes is None:
                    _draw_ranking(summary)
                else:
                    _draw_liked(summary, likes)
        with grid.cell():
            st.markdown("**Compared with all customers**")
            # Nobody of a segment has most items, in which its customers are all alike.
            draw_comparison(summary, summary.ranked() if is_compact else by_shift(summary))


def _draw_ranking(summary: SegmentSummary) -> None:
    st.markdown("**Where its customers are alike**")
    draw_figure(
        drawn(draw_ranking, summary),
        key=f"figure.ranking.{summary.label}",
        name=f"Features of {summary.title} by compactness",
        words=describe_ranking(summary),
    )


def _draw_liked(summary: SegmentSummary, likes: Likes) -> None:
    title = "What its customers like" if likes.rated else "What its customers buy"
    st.markdown(f"**{title}**")
    items = likes.liked[summary.label]
    if not items:
        did = "liked" if likes.rated else "bought"
        st.caption(f"No item stands out: none is {did} by at least 10 points more of its customers than of the others, beyond chance.")
        return
    frame = pd.DataFrame(
        {
            "Item": [one.title for one in items],
            "Of this segment": [percent_text(one.shares[summary.label]) for one in items],
            "Of all customers": [percent_text(one.everyone) for one in items],
        }
    )
    draw_frame(frame, hide_index=True, column_config={"Item": st.column_config.TextColumn(pinned=True)}, alt=f"{title}: {summary.title}")


def by_shift(summary: SegmentSummary) -> list[FeatureProfile]:
    """Return the features of some customers by how far their means are from those of all customers, the farthest first."""
    return sorted(summary.features, key=lambda feature: -abs(feature.shift or 0.0))


def draw_comparison(summary: SegmentSummary, features: Sequence[FeatureProfile]) -> None:
    """Draw a table of features of some customers compared with all customers."""
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
    ).dropna(axis="columns", how="all")  # features that were not clustered on have no compactness
    draw_frame(
        table,
        hide_index=True,
        height=min(38 + 35 * len(table), 563),
        column_config={
            "Feature": st.column_config.TextColumn(pinned=True, width="medium"),
            "Compactness": st.column_config.NumberColumn(format="%.2f", help="1: all alike; 0: as varied as all customers."),
            "Difference, sd": st.column_config.TextColumn(
                help="Mean here less the mean of all other customers, in standard deviations of all, with its 95 % interval."
            ),
        },
        alt=f"Medians and means of {summary.title} and of all customers",
    )
