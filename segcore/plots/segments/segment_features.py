"""Features of one segment, ranked by compactness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segcore.plots.heatmap import row_titles
from segcore.plots.theme import ACCENT, MAIN, PlotlyText, lay_out, lines_text, plain_text
from segcore.segments.profiles.records import FeatureProfile, SegmentSummary
from segcore.wording.numbers import listed, number_text, percent_text, two_decimals
from segcore.wording.quotes import value_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def draw_ranking(summary: SegmentSummary, *, most: int = 12) -> Figure:
    """Draw a segment's features by compactness, the highest at the top; bars to the left vary more than among all customers."""
    import plotly.graph_objects as go

    features = _telling(summary)[:most]
    rows = row_titles([feature.name for feature in features], {feature.name: feature.title for feature in features})
    figure = go.Figure(
        go.Bar(
            x=[feature.compactness for feature in features],
            y=[plain_text(rows[feature.name]) for feature in features],
            orientation="h",
            marker={"color": [MAIN if (feature.compactness or 0) >= 0 else ACCENT for feature in features]},
            text=[two_decimals(feature.compactness) for feature in features],
            textposition="outside",
            cliponaxis=False,
            hovertext=[_ranked(feature) for feature in features],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    lay_out(figure, x_title="Compactness", y_title="", height=90 + 27 * max(len(features), 3))
    lowest = min([feature.compactness or 0.0 for feature in features], default=0.0)
    figure.update_xaxes(range=[1.2 * lowest - 0.14 if lowest < 0 else 0.0, 1.15])
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return figure


def _telling(summary: SegmentSummary) -> list[FeatureProfile]:
    """Return the features with a compactness, the highest first, without values that none of the segment has, in which it is alike."""
    return [feature for feature in summary.ranked() if feature.compactness is not None and not (feature.is_share and feature.mean == 0)]


def _ranked(feature: FeatureProfile) -> PlotlyText:
    alike = f"compactness {two_decimals(feature.compactness)}"
    if feature.is_share:
        have = f"{percent_text(feature.mean)} of the segment, {percent_text(feature.population_mean)} of all customers"
        return lines_text(feature.title, alike, have)
    here, there = (number_text(value, feature.unit) for value in (feature.median, feature.population_median))
    return lines_text(feature.title, alike, f"median {here}, all customers {there}")


def describe_ranking(summary: SegmentSummary) -> str:
    """Describe in words the features in which a segment's customers are most and least alike."""
    features = _telling(summary)
    if not features:
        return f"“{summary.title}” has no compactness: only segments of two or more customers have one, and noise is not a segment."
    best = listed([_alike(feature) for feature in features[:3]])
    tail = f" Least alike: {_alike(features[-1])}." if len(features) > 3 else ""
    return f"Customers of “{summary.title}” are most alike in {best}.{tail}"


def _alike(feature: FeatureProfile) -> str:
    # Customers are alike both where all and where none have it: the share shows which.
    have = f", {percent_text(feature.mean)} have it" if feature.is_share else ""
    return f"{value_text(feature.title)} ({two_decimals(feature.compactness)}{have})"
