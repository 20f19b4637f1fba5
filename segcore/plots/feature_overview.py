"""Figures about features before clustering: a histogram, correlations, the k-distance curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from segcore.clustering.quality.k_distance import KDistances
from segcore.features.correlations import Correlations
from segcore.features.spread import Shares, Spread
from segcore.plots.theme import ACCENT, MAIN, PlotlyText, axis_titles, lay_out, plain_text
from segcore.wording.numbers import percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_NAMED = 16  # rows of a heat map whose cells have room for a number
_LONGEST = 32  # letters of a label
_WORTH_NAMING = 0.4  # weaker correlations get no number
_DIVERGING = ((0.0, MAIN), (0.5, "rgba(128, 128, 128, 0.12)"), (1.0, ACCENT))


def _labels(titles: list[str]) -> list[PlotlyText]:
    return [plain_text(title) for title in axis_titles(titles, _LONGEST)]


def draw_spread(found: Spread, *, title: str, unit: str) -> Figure:
    """Draw the histogram of a feature whose values are already counted by bin."""
    from plotly.graph_objects import Bar, Figure

    edges = np.asarray(found.edges)
    bars = Bar(
        marker={"color": MAIN},
        x=(edges[:-1] + edges[1:]) / 2,
        y=list(found.counts),
        width=np.diff(edges),
        customdata=np.column_stack([edges[:-1], edges[1:]]),
        hovertemplate="%{customdata[0]:.4g} to %{customdata[1]:.4g}: %{y:,} customers<extra></extra>",
    )
    figure = Figure(bars)
    # In the margin above the plot, and away from the nearer edge: inside the plot, the label would cover the highest bar.
    is_right = found.median > (edges[0] + edges[-1]) / 2
    anchor = "right" if is_right else "left"
    median = {"text": f"median {found.median:.4g}", "x": found.median, "xanchor": anchor, "y": 1, "yanchor": "bottom", "yshift": 2}
    figure.add_vline(x=found.median, line={"color": ACCENT, "dash": "dash", "width": 1.5}, annotation=median)
    x_title = plain_text(f"{title} ({unit})" if unit else title)
    return lay_out(figure, x_title=x_title, y_title="Customers", height=280, showlegend=False, bargap=0.04)


def draw_shares_of_values(found: Shares, *, title: str) -> Figure:
    """Draw one bar per value of a category, the most frequent at the top."""
    from plotly.graph_objects import Bar, Figure

    shares = [count / found.n_customers for count in found.counts]
    bars = Bar(
        marker={"color": MAIN},
        x=list(found.counts),
        y=_labels(list(found.values)),
        orientation="h",
        text=[percent_text(share) for share in shares],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} customers<extra></extra>",
    )
    figure = Figure(bars)
    lay_out(
        figure, x_title="Customers", y_title=plain_text(title), height=110 + 28 * max(len(found.values), 2), showlegend=False, bargap=0.25
    )
    figure.update_xaxes(range=[0, 1.12 * max(found.counts, default=1)])
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return figure


def draw_correlations(found: Correlations, *, titles: Mapping[str, str]) -> Figure:
    """Draw correlations as a heat map: negative in blue, positive in orange."""
    from plotly.graph_objects import Figure, Heatmap

    labels = _labels([titles.get(name, name) for name in found.names])
    heat = Heatmap(
        z=found.r,
        x=labels,
        y=labels,
        zmin=-1,
        zmax=1,
        colorscale=[list(stop) for stop in _DIVERGING],
        text=[[f"{r:.2f}" if abs(r) >= _WORTH_NAMING else "" for r in row] for row in found.r],
        texttemplate="%{text}" if len(labels) <= _MOST_NAMED else None,
        hovertemplate="%{y} and %{x}: r = %{z:.2f}<extra></extra>",
        colorbar={"title": "r", "thickness": 12},
        xgap=1,
        ygap=1,
    )
    figure = Figure(heat)
    line = 24 if len(labels) <= _MOST_NAMED else 18
    lay_out(figure, x_title="", y_title="", height=170 + max(240, line * len(labels)), yaxis_autorange="reversed")
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    return figure


def draw_k_distances(found: KDistances) -> Figure:
    """Draw every customer's distance to the k-th neighbour in ascending order, with the suggested ``eps`` marked."""
    from plotly.graph_objects import Figure, Scatter

    line = Scatter(
        x=100 * found.share,
        y=found.distance,
        mode="lines",
        line={"color": MAIN, "width": 2},
        hovertemplate=f"%{{x:.0f}} % of the customers have their neighbour {found.k} within %{{y:.3g}}<extra></extra>",
    )
    figure = Figure(line)
    if found.eps is not None:
        text = {"text": f"suggested eps {found.eps:.3g}", "x": 0, "xanchor": "left"}
        figure.add_hline(y=found.eps, line={"color": ACCENT, "dash": "dash", "width": 1.5}, annotation=text)
    lay_out(figure, x_title="Share of the customers (%)", y_title=f"Distance to neighbour {found.k}", height=300, showlegend=False)
    figure.update_yaxes(rangemode="tozero")
    return figure
