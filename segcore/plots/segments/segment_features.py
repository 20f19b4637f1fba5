"""Features of one segment: ranked by compactness, and one feature's distribution compared with all customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segcore.plots.theme import ACCENT, MAIN, lay_out
from segcore.segments.profiles.histograms import Histogram
from segcore.segments.profiles.records import FeatureProfile, SegmentSummary
from segcore.wording.numbers import counted, listed, number_text, percent_text, two_decimals, unit_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def draw_ranking(summary: SegmentSummary, *, most: int = 12) -> Figure:
    """Draw a segment's features by compactness, the highest at the top; bars to the left vary more than among all customers."""
    import plotly.graph_objects as go

    features = [feature for feature in summary.ranked() if feature.compactness is not None][:most]
    figure = go.Figure(
        go.Bar(
            x=[feature.compactness for feature in features],
            y=[_titled(feature, features) for feature in features],
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


def _titled(feature: FeatureProfile, features: list[FeatureProfile]) -> str:
    twins = [other for other in features if other.title == feature.title]
    return f"{feature.title} ({feature.name})" if len(twins) > 1 else feature.title


def _ranked(feature: FeatureProfile) -> str:
    if feature.is_share:
        have = f"{percent_text(feature.mean)} of the segment, {percent_text(feature.population_mean)} of all customers"
        return f"{feature.title}<br>compactness {two_decimals(feature.compactness)}<br>{have}"
    here, there = (number_text(value, feature.unit) for value in (feature.median, feature.population_median))
    return f"{feature.title}<br>compactness {two_decimals(feature.compactness)}<br>median {here}, all customers {there}"


def describe_ranking(summary: SegmentSummary) -> str:
    """Describe in words the features in which a segment's customers are most and least alike."""
    features = [feature for feature in summary.ranked() if feature.compactness is not None]
    if not features:
        return f"{summary.title} has no compactness: only segments of two or more customers have one, and noise is not a segment."
    best = listed([_alike(feature) for feature in features[:3]])
    tail = f" Least alike: {_alike(features[-1])}." if len(features) > 3 else ""
    return f"Customers of {summary.title} are most alike in {best}.{tail}"


def _alike(feature: FeatureProfile) -> str:
    # Customers are alike both where all and where none have it: the share shows which.
    have = f", {percent_text(feature.mean)} have it" if feature.is_share else ""
    return f"{feature.title} ({two_decimals(feature.compactness)}{have})"


def draw_distribution(pair: Histogram, feature: FeatureProfile, title: str) -> Figure:
    """Draw a feature's distribution: bars for the segment, a line for all customers; for 0/1 features, the shares of no and yes."""
    import plotly.graph_objects as go

    middles = [(left + right) / 2 for left, right in zip(pair.edges, pair.edges[1:], strict=False)]
    hover = [
        f"{_interval(left, right, feature)}<br>{title}: {percent_text(share)}<br>all customers: {percent_text(whole)}"
        for left, right, share, whole in zip(pair.edges, pair.edges[1:], pair.segment, pair.population, strict=False)
    ]
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            x=middles,
            y=[100 * share for share in pair.segment],
            name=title,
            marker={"color": MAIN, "opacity": 0.75},
            hovertext=hover,
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=list(pair.edges),
            y=[100 * share for share in (*pair.population, pair.population[-1])],
            name="all customers",
            mode="lines",
            line={"color": ACCENT, "width": 2.5, "dash": "dot", "shape": "hv"},
            hoverinfo="skip",
        )
    )
    unit = "" if feature.is_share else "%" if feature.unit.startswith("share") else feature.unit
    lay_out(figure, x_title=f"{feature.title} ({unit})" if unit else feature.title, y_title="Customers (%)", height=250, bargap=0.05)
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(showgrid=False, tickformat=".0%" if unit == "%" else None)
    if feature.is_share:
        figure.update_xaxes(tickvals=[0, 1], ticktext=["no", "yes"])
    return figure


def _interval(left: float, right: float, feature: FeatureProfile) -> str:
    if feature.is_share:
        return f"{feature.title}: {'no' if left < 0 else 'yes'}"
    return f"{number_text(left, feature.unit)} to {number_text(right, feature.unit)}"


def describe_distribution(pair: Histogram, feature: FeatureProfile, title: str) -> str:
    """Compare a feature of a segment with all customers in words, and count the customers outside the figure."""
    if feature.is_share:
        return f"{feature.title}: {percent_text(feature.mean)} of {title}, {percent_text(feature.population_mean)} of all customers."
    here, there = (number_text(value, feature.unit) for value in (feature.median, feature.population_median))
    unit = unit_text(feature.unit)
    if here == there:
        means = (number_text(value, feature.unit) for value in (feature.mean, feature.population_mean))
        text = f"{feature.title}: median {here}{unit} in {title} and over all customers; mean {' against '.join(means)}."
    else:
        text = f"{feature.title}: median {here}{unit} in {title}, {there}{unit} over all customers."
    if pair.is_clipped:
        text += (
            f" The figure shows the middle 98 %; {counted(pair.population_outside, 'customer')} outside it, "
            f"{pair.segment_outside:,} of them in this segment."
        )
    return text
