"""Qini curve: additional buyers that a treatment brings, if customers are treated in the order of their predicted uplift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.plots.theme import INK, MAIN, QUIET, lay_out
from segcore.wording.numbers import percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True, slots=True)
class Qini:
    """A Qini curve; every tuple has one number per share of the customers.

    Parameters
    ----------
    shares : tuple of float
        Of the customers treated, 0 to 1.
    value, low, high : tuple of float
        Additional buyers, as a share of all customers, with the 95 % interval.
    by_chance : tuple of float
        The same of a random score, as a test of the measurement.
    budget : float
        Share of the customers that the budget reaches.
    """

    shares: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    by_chance: tuple[float, ...]
    budget: float


def qini_data(uplift: Mapping[str, Any]) -> Qini:
    """Return the curve of an answer's uplift.

    Parameters
    ----------
    uplift : mapping
        ``uplift`` of `segcore.records.target_question.TargetsAnswer.document`.
    """
    found, extra = uplift["qini"], uplift["qini"]["extra"]
    value, low, high = (tuple(extra[name]) for name in ("value", "low", "high"))
    return Qini(
        tuple(found["shares"]),
        value,
        low,
        high,
        tuple(uplift["random"]["extra"]["value"]),
        uplift["at_budget"]["budget"] / found["area"]["sample_size"],
    )


def draw_qini(data: Qini) -> Figure:
    """Draw the curve with its 95 % band, the straight line of a random order, the curve of one random score, and the budget."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=[*data.shares, *reversed(data.shares)],
        y=[*data.high, *reversed(data.low)],
        mode="lines",
        line={"width": 0, "color": MAIN},
        fill="toself",
        fillcolor=MAIN,
        opacity=0.25,
        hoverinfo="skip",
        showlegend=False,
    )
    plain: dict[str, Any] = {"mode": "lines", "hovertemplate": "%{x:.0%} of the customers: %{y:.2%}<extra></extra>"}
    ends, reached = [data.shares[0], data.shares[-1]], [0.0, data.value[-1]]
    figure.add_scatter(**plain, x=ends, y=reached, line={"color": QUIET, "width": 1.5, "dash": "dot"}, name="random order")
    figure.add_scatter(
        **plain, x=list(data.shares), y=list(data.by_chance), line={"color": QUIET, "width": 1, "dash": "dash"}, name="one random score"
    )
    figure.add_scatter(**plain, x=list(data.shares), y=list(data.value), line={"color": MAIN, "width": 3}, name="by predicted uplift")
    figure.add_shape(
        type="line", x0=data.budget, x1=data.budget, y0=0, y1=1, yref="paper", line={"color": INK, "width": 1.5, "dash": "dot"}
    )
    figure.add_annotation(
        **{"x": data.budget, "y": 1, "yref": "paper", "yanchor": "top", "text": "budget", "showarrow": False},
        xanchor="left" if data.budget < 0.7 else "right",
    )
    lay_out(figure, x_title="share of the customers treated", y_title="additional buyers, share of all customers", height=380)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", showgrid=False)
    figure.update_yaxes(tickformat=".1%")
    return figure


def describe_qini(data: Qini) -> str:
    """Describe how much of the treatment's effect the first customers hold."""
    at = min(range(len(data.shares)), key=lambda place: abs(data.shares[place] - data.budget))
    return (
        f"Treating everybody brings additional buyers of {percent_text(data.value[-1])} of all customers; treating the first "
        f"{percent_text(data.shares[at])} by predicted uplift brings {percent_text(data.value[at])} "
        f"({percent_text(data.low[at])} to {percent_text(data.high[at])}), at random "
        f"{percent_text(data.shares[at] * data.value[-1])}. The band is a 95 % interval."
    )
