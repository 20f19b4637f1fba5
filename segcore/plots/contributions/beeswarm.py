"""Beeswarm of SHAP values: a row per feature, a point per customer, coloured by the feature's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segcore.plots.contributions.importance import LONGEST
from segcore.plots.theme import ACCENT, CATEGORICAL, MAIN, QUIET, axis_titles, lay_out, lines_text, plain_text, shortened
from segcore.prediction.explained import Explained
from segcore.wording.numbers import counted
from segcore.wording.predictions import LOG_ODDS, pushes_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_FEATURES, MOST_POINTS = 12, 1_000
_BINS = 100  # along the axis of SHAP values
_HALF_ROW = 0.42
_LONGEST = 44  # letters of what it is about, below the axis
_SCALE = [[0.0, MAIN], [0.5, CATEGORICAL[3]], [1.0, ACCENT]]


@dataclass(frozen=True, slots=True, eq=False)
class Swarm:
    """Points of a beeswarm.

    Parameters
    ----------
    titles : tuple of str
        Of the rows, from the top.
    x : ndarray of shape (n_rows, n_points), float64
        SHAP values, in log-odds.
    y : ndarray of shape (n_rows, n_points), float64
        Offset from the middle of the row, within half of its height.
    ranks : ndarray of shape (n_rows, n_points), float64
        Of the feature's value among the points, 0 (lowest) to 1; NaN for categories, which have no order.
    texts : tuple of tuple of str
        The customer and the value of each point, escaped for a figure.
    pushed : tuple of str
        Which values of the first features push the prediction up: see `Explained.direction_text`.
    n_customers : int
        Of whom the points are a part.
    """

    titles: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    ranks: np.ndarray
    texts: tuple[tuple[str, ...], ...]
    pushed: tuple[str, ...]
    n_customers: int


def beeswarm_data(found: Explained, rows: np.ndarray | None = None, *, seed: int = 0) -> Swarm:
    """Place a point per customer and feature, the most important features first.

    Parameters
    ----------
    found : Explained
    rows : ndarray of shape (n_points,), int, or None
        Customers to draw; ``None`` is all of at most 1,000, else so many at random.
    seed : int
        Of the sample, and of the order in which points of the same value are placed.
    """
    from scipy.stats import rankdata

    draw = np.random.default_rng(seed)
    if rows is None:
        rows = np.sort(draw.permutation(len(found.customers))[:MOST_POINTS])
    importance = found.contributions.importance
    shown = [at for at in found.order[:MOST_FEATURES].tolist() if importance[at] > 0]
    x = found.contributions.values[np.ix_(rows, shown)].T
    ranks = np.full(x.shape, np.nan)
    texts = []
    for row, at in enumerate(shown):
        feature, values = found.features[at], found.values[rows, at]
        if feature.kind != "category":
            ranks[row] = (rankdata(values) - 1) / (len(values) - 1) if len(values) > 1 and np.ptp(values) else 0.5
        texts.append(
            tuple(
                lines_text(str(customer), f"{feature.title}: {feature.text(value)}")
                for customer, value in zip(found.customers[rows], values.tolist(), strict=True)
            )
        )
    y = np.array([place_points(one, draw) for one in x]).reshape(x.shape)
    titles = tuple(found.features[at].title for at in shown)
    return Swarm(titles, x, y, ranks, tuple(texts), tuple(found.direction_text(at) for at in found.leading()), len(found.customers))


def place_points(x: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return the offset of each point from its row's middle, shape (n_points,), so that points of about the same value lie side by side.

    Parameters
    ----------
    x : ndarray of shape (n_points,), float64
    draw : Generator
        Orders the points of the same bin, whose colours would otherwise be sorted by the customers' order.
    """
    width = float(np.ptp(x)) or 1.0
    bins = np.minimum(((x - x.min()) / width * _BINS).astype(np.int64), _BINS - 1)
    order = draw.permutation(len(x))
    order = order[np.argsort(bins[order], kind="stable")]
    sizes = np.bincount(bins, minlength=_BINS)
    place = np.arange(len(x)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    offsets = np.empty(len(x))
    offsets[order] = np.ceil(place / 2) * np.where(place % 2, 1.0, -1.0)  # 0, 1, -1, 2, -2 ...
    return _HALF_ROW * offsets / max(float(np.abs(offsets).max()), 4.0)


def draw_beeswarm(data: Swarm, *, towards: str = "the segment") -> Figure:
    """Draw a beeswarm.

    Parameters
    ----------
    data : Swarm
    towards : str
        What a positive value speaks for.
    """
    import plotly.graph_objects as go

    n_rows = len(data.titles)
    rows = np.repeat(np.arange(n_rows)[:, None], data.x.shape[1] if n_rows else 0, axis=1)
    y = rows - data.y if n_rows else data.y
    ordered = ~np.isnan(data.ranks)
    texts = np.array(data.texts, dtype=object).reshape(data.x.shape)
    figure = go.Figure()
    for mask, colour in ((ordered, True), (~ordered, False)):
        if mask.any():
            figure.add_scattergl(
                x=np.round(data.x[mask], 4).tolist(),
                y=np.round(y[mask], 3).tolist(),
                mode="markers",
                marker={
                    "size": 4,
                    "opacity": 0.75,
                    **({"color": np.round(data.ranks[mask], 3).tolist(), "coloraxis": "coloraxis"} if colour else {"color": QUIET}),
                },
                hovertext=texts[mask].tolist(),
                hovertemplate=f"%{{hovertext}}<br>%{{x:+.2f}} {LOG_ODDS}<extra></extra>",
                showlegend=False,
            )
    lay_out(
        figure,
        x_title=f"SHAP value ({LOG_ODDS}): against {plain_text(shortened(towards, _LONGEST))} ← → for it",
        y_title="",
        height=110 + 40 * max(n_rows, 2),
        showlegend=False,
    )
    bar = {"title": {"text": "Value"}, "tickvals": [0, 1], "ticktext": ["low", "high"], "thickness": 10, "outlinewidth": 0, "ticks": ""}
    figure.update_layout(coloraxis={"colorscale": _SCALE, "cmin": 0, "cmax": 1, "colorbar": bar})
    figure.update_xaxes(zeroline=True, zerolinecolor=QUIET, zerolinewidth=1.5)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(n_rows)),
        ticktext=[plain_text(title) for title in axis_titles(data.titles, LONGEST)],
        range=[max(n_rows, 1) - 0.5, -0.5],
        showgrid=False,
    )
    return figure


def describe_beeswarm(data: Swarm) -> str:
    """Describe a beeswarm in words: what matters most, and what its marks are."""
    if not data.titles:
        return "No feature is used by the model."
    most = pushes_text(data.titles[: len(data.pushed)], data.pushed)
    points = data.x.shape[1]
    drawn = f", {points:,} of {counted(data.n_customers, 'customer')}" if points < data.n_customers else ""
    grey = " Grey: categories, which have no order." if np.isnan(data.ranks).any() else ""
    return f"Most important: {most}. Each point is a customer{drawn}; the most important features are at the top.{grey}"
