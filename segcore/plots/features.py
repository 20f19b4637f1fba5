"""Figures about features before anything is clustered: a histogram, correlations, the k-distance curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from segcore.explain.overview import Correlations, Spread

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MOST_DRAWN = 400  # points of a curve; more cannot be told apart on a screen
_MOST_NAMED = 16  # rows of a heat map beside which a number still fits
_DIVERGING = ((0.0, "#0072B2"), (0.5, "rgba(128, 128, 128, 0.12)"), (1.0, "#D55E00"))


def draw_spread(found: Spread, *, title: str, unit: str) -> go.Figure:
    """Return the histogram of a feature, its bins counted beforehand."""
    import plotly.graph_objects as go

    edges = np.asarray(found.edges)
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=list(found.counts),
        width=np.diff(edges),
        customdata=np.column_stack([edges[:-1], edges[1:]]),
        hovertemplate="%{customdata[0]:.4g} to %{customdata[1]:.4g}: %{y:,} customers<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.add_vline(x=found.median, line_dash="dash", line_width=1.5, annotation_text=f"median {found.median:.4g}")
    figure.update_layout(
        height=280,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        bargap=0.04,
        xaxis_title=f"{title} ({unit})" if unit else title,
        yaxis_title="customers",
        showlegend=False,
        dragmode=False,
    )
    return figure


def draw_correlations(found: Correlations, *, titles: Mapping[str, str]) -> go.Figure:
    """Return the heat map of correlations, blue for against each other, orange for together."""
    import plotly.graph_objects as go

    labels = [titles.get(name, name) for name in found.names]
    heat = go.Heatmap(
        z=found.r,
        x=labels,
        y=labels,
        zmin=-1,
        zmax=1,
        colorscale=[list(stop) for stop in _DIVERGING],
        texttemplate="%{z:.2f}" if len(labels) <= _MOST_NAMED else None,
        hovertemplate="%{y} and %{x}: r = %{z:.2f}<extra></extra>",
        colorbar={"title": "r", "thickness": 12},
        xgap=1,
        ygap=1,
    )
    figure = go.Figure(heat)
    figure.update_layout(
        height=170 + max(240, 24 * len(labels)),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        dragmode=False,
        yaxis_autorange="reversed",
        xaxis_showgrid=False,
        yaxis_showgrid=False,
    )
    return figure


def draw_k_distances(distances: Sequence[float] | np.ndarray, *, k: int, eps: float | None) -> go.Figure:
    """Return the curve of every customer's distance to the ``k``-th neighbour, ascending, with the suggested ``eps`` marked.

    Parameters
    ----------
    distances : array of shape (n_measured,), float
        Ascending, in the units of the scaled features.
    """
    import plotly.graph_objects as go

    curve = np.asarray(distances, dtype=float)
    shown = np.unique(np.linspace(0, len(curve) - 1, min(_MOST_DRAWN, len(curve))).round().astype(int))
    line = go.Scatter(
        x=100 * (shown + 1) / len(curve),
        y=curve[shown],
        mode="lines",
        hovertemplate="%{x:.0f} % of the customers have their neighbour within %{y:.3g}<extra></extra>",
    )
    figure = go.Figure(line)
    if eps is not None:
        figure.add_hline(
            y=eps, line_dash="dash", line_width=1.5, annotation_text=f"suggested eps {eps:.3g}", annotation_position="top left"
        )
    figure.update_layout(
        height=300,
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        xaxis_title="share of the customers (%)",
        yaxis_title=f"distance to neighbour {k}",
        yaxis_rangemode="tozero",
        showlegend=False,
        dragmode=False,
    )
    return figure
