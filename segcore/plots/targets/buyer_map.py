"""Customers on a plane, those with similar reasons for their predictions near each other: by group, beside who really bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.plots.theme import ACCENT, CATEGORICAL, NOISE_GREY, QUIET, SYMBOLS, lay_out, plain_text
from segcore.segments.maps.principal_plane import principal_plane
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_POINTS = 3_000
_COLOURS = tuple(colour for colour in CATEGORICAL if colour not in (NOISE_GREY, QUIET, ACCENT))


@dataclass(frozen=True, slots=True, eq=False)
class BuyerMap:
    """Customers drawn, and what is known of them.

    Parameters
    ----------
    customers : ndarray of shape (n_shown,), object
    places : ndarray of shape (n_shown, 2), float64
        In log-odds on the principal plane; without a unit by UMAP.
    labels : ndarray of shape (n_shown,), int
        Group of each, from 0.
    bought : ndarray of shape (n_shown,), bool
    shares : tuple of float, or None
        Of the variance of the SHAP values, along either axis of the principal plane; ``None`` by UMAP.
    n_customers, n_buyers : int
        Explained, of whom those shown are a sample.
    """

    customers: np.ndarray
    places: np.ndarray
    labels: np.ndarray
    bought: np.ndarray
    shares: tuple[float, float] | None
    n_customers: int
    n_buyers: int


def buyer_map_data(
    values: np.ndarray, labels: np.ndarray, bought: np.ndarray, customers: np.ndarray, *, placed: np.ndarray | None = None, seed: int = 0
) -> BuyerMap:
    """Place customers by the first two principal components of their SHAP values, or by UMAP; at most 3,000 are shown, at random.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        SHAP values, in log-odds.
    labels : ndarray of shape (n_customers,), int
    bought : ndarray of shape (n_customers,), bool
    customers : ndarray of shape (n_customers,), object
    placed : ndarray of shape (n_customers, 2), float64, or None
        By UMAP; ``None`` for the principal plane.
    seed : int
        Of the sample.
    """
    if placed is None:
        plane = principal_plane(np.asarray(values, dtype=np.float64))
        placed, shares = plane.places, plane.shares
    else:
        shares = None
    shown = np.sort(np.random.default_rng(seed).permutation(len(labels))[:MOST_POINTS])
    return BuyerMap(customers[shown], placed[shown], labels[shown], bought[shown], shares, len(labels), int(bought.sum()))


def draw_buyer_map(data: BuyerMap) -> Figure:
    """Draw the same customers twice: on the left by group, on the right by who really bought."""
    from plotly.subplots import make_subplots

    titles = ("Groups of similar reasons", "Who really bought")
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    for label in np.unique(data.labels).tolist():
        rows = data.labels == label
        colour, symbol = _COLOURS[label % len(_COLOURS)], SYMBOLS[label % len(SYMBOLS)]
        figure.add_trace(_points(data, rows, f"Group {label + 1}", colour, symbol), row=1, col=1)
    for rows, name, colour, symbol in ((~data.bought, "did not buy", QUIET, "circle"), (data.bought, "bought", ACCENT, "diamond")):
        figure.add_trace(_points(data, rows, name, colour, symbol), row=1, col=2)
    lay_out(figure, x_title="", y_title="", height=420)
    first, second = "UMAP 1 (no unit)", "UMAP 2 (no unit)"
    if data.shares is not None:
        first, second = (
            f"{which} principal component ({percent_text(share)} of the variance)"
            for which, share in zip(("First", "Second"), data.shares, strict=True)
        )
    figure.update_xaxes(title={"text": first}, showgrid=False)
    figure.update_yaxes(title={"text": second}, col=1)
    figure.update_layout(margin={"t": 70}, legend={"y": 1.09, "itemsizing": "constant"})
    return figure


def _points(data: BuyerMap, rows: np.ndarray, name: str, colour: str, symbol: str) -> Any:
    import plotly.graph_objects as go

    x, y = np.round(data.places[rows], 4).T
    return go.Scattergl(
        x=x.tolist(),
        y=y.tolist(),
        mode="markers",
        name=name,
        marker={"color": colour, "symbol": symbol, "size": 5, "opacity": 0.7},
        hovertext=[f"{plain_text(str(customer))}<br>{name}" for customer in data.customers[rows]],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def describe_buyer_map(data: BuyerMap, agreement: float) -> str:
    """Describe what is drawn, and how far groups and buyers agree.

    Parameters
    ----------
    data : BuyerMap
    agreement : float
        Adjusted Rand index of groups and buyers.
    """
    drawn = "" if len(data.labels) == data.n_customers else f", {len(data.labels):,} of them drawn"
    caution = "" if data.shares is not None else " Sizes of gaps and of islands mean nothing."
    return (
        f"Each point is one of {counted(data.n_customers, 'customer')}{drawn}, placed by what speaks for and against buying: customers "
        f"with similar reasons are near each other. {data.n_buyers:,} bought. Groups were found without knowing who bought; their "
        f"agreement with it (adjusted Rand index) is {agreement:.2f}, where 1 is perfect and 0 is chance.{caution}"
    )
