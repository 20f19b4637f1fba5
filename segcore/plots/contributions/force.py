"""Force plots of SHAP values: what pushed the prediction of one customer, or of many, from the base to its log-odds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.plots.theme import ACCENT, INK, MAIN, PAPER, QUIET, lay_out, lines_text, plain_text, shortened
from segcore.prediction.explained import Explained
from segcore.wording.numbers import counted, listed
from segcore.wording.predictions import LOG_ODDS
from segcore.wording.quotes import value_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Order = Literal["similarity", "log-odds"]
MOST_TOGETHER = 100
UP, DOWN = ACCENT, MAIN
_MOST_NAMED = 4  # features in either direction
_MOST_LAYERS = 6
_LINE = 20  # pixels of a line of text
_LONGEST = 44
_NAMED_IN_WORDS = 3


@dataclass(frozen=True, slots=True)
class Push:
    """What one feature, or all that are not named, contributes.

    Parameters
    ----------
    text : str
        Such as "Recency: 340 days".
    value : float
        In log-odds.
    """

    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Force:
    """What pushed the prediction of one customer.

    Parameters
    ----------
    customer : str
    base, log_odds : float
        ``base`` and all pushes add up to ``log_odds``.
    up, down : tuple of Push
        The largest first; the smallest are one together.
    """

    customer: str
    base: float
    log_odds: float
    up: tuple[Push, ...]
    down: tuple[Push, ...]


def force_data(found: Explained, row: int) -> Force:
    """Return what pushed the prediction of the customer in a row, by direction: four features each, and the others together."""
    pushed = found.contributions.values[row]
    sides = []
    for sign in (1, -1):
        order = [at for at in np.argsort(-sign * pushed, kind="stable").tolist() if sign * pushed[at] > 0]
        pushes = [Push(f"{found.features[at].title}: {found.features[at].text(found.values[row, at])}", float(pushed[at])) for at in order]
        if len(pushes) > _MOST_NAMED + 1:
            rest = pushes[_MOST_NAMED:]
            pushes[_MOST_NAMED:] = [Push(f"{len(rest)} other features", float(sum(one.value for one in rest)))]
        sides.append(tuple(pushes))
    contributions = found.contributions
    return Force(str(found.customers[row]), float(contributions.base[row]), float(contributions.log_odds[row]), *sides)


def draw_force(data: Force, *, towards: str = "the segment") -> Figure:
    """Draw the pushes of one customer as arrows that meet at the log-odds, those named below by their number.

    Parameters
    ----------
    data : Force
    towards : str
        What the prediction is about.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    total = sum(abs(push.value) for push in (*data.up, *data.down)) or 1.0
    number = 0
    for pushes, sign, colour in ((data.up, 1, UP), (data.down, -1, DOWN)):
        end = data.log_odds
        for push in pushes:
            number += 1
            start = end - push.value
            _add_arrow(figure, (start, end), 0.012 * total * sign, push, colour)
            if abs(push.value) > 0.035 * total:
                figure.add_annotation(
                    x=(start + end) / 2, y=0.5, text=f"<b>{number}</b>", showarrow=False, font={"color": PAPER, "size": 13}
                )
            end = start
    lines = max(len(data.up), len(data.down), 1)
    below = 70 + _LINE * (lines + 1)
    lay_out(figure, x_title=f"Raw prediction ({LOG_ODDS})", y_title="", height=150 + below, showlegend=False)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 64, "b": below})
    _mark(figure, data, _range(data, total))
    _list_pushes(figure, data.up, 1, 0.0, f"For {towards}", UP)
    _list_pushes(figure, data.down, 1 + len(data.up), 0.52, f"Against {towards}", DOWN)
    figure.update_yaxes(visible=False, range=[-0.05, 1.05], fixedrange=True)
    figure.update_xaxes(showgrid=False, range=_range(data, total), ticks="outside")
    return figure


def _range(data: Force, total: float) -> list[float]:
    low = min(data.log_odds - sum(push.value for push in data.up), data.base)
    high = max(data.log_odds - sum(push.value for push in data.down), data.base)
    return [low - 0.03 * total, high + 0.03 * total]


def _add_arrow(figure: Figure, span: tuple[float, float], tip: float, push: Push, colour: str) -> None:
    start, end = span
    tip = tip if abs(push.value) > abs(tip) else push.value
    figure.add_scatter(
        x=[start, end - tip, end, end - tip, start, start + min(tip, 0) + max(tip, 0)],
        y=[0, 0, 0.5, 1, 1, 0.5],
        fill="toself",
        mode="lines",
        fillcolor=colour,
        line={"color": PAPER, "width": 1.5},
        hoveron="fills",
        hoverinfo="text",
        text=lines_text(push.text, f"{push.value:+.2f} {LOG_ODDS}"),
        showlegend=False,
    )


def _mark(figure: Figure, data: Force, ends: Sequence[float]) -> None:
    """Mark the base and the log-odds, whose texts are on two lines so that they cannot overlap, and extend towards the middle."""
    for x, name, dash, shift in ((data.base, "base", "dot", 4), (data.log_odds, "this customer", "solid", 24)):
        figure.add_shape(type="line", x0=x, x1=x, y0=-0.05, y1=1.12, line={"color": INK, "width": 2, "dash": dash})
        figure.add_annotation(
            x=x,
            y=1.05,
            yshift=shift,
            yanchor="bottom",
            text=f"{name} {x:.2f}",
            showarrow=False,
            xanchor="left" if x < (ends[0] + ends[1]) / 2 else "right",
        )


def _list_pushes(figure: Figure, pushes: Sequence[Push], first: int, x: float, title: str, colour: str) -> None:
    lines = [f"<b>{plain_text(shortened(title, _LONGEST))}</b>"]
    lines += [
        f"<b>{number}</b>  {plain_text(shortened(push.text, _LONGEST))} ({push.value:+.2f})" for number, push in enumerate(pushes, first)
    ]
    if not pushes:
        lines.append("nothing")
    for line, text in enumerate(lines):
        figure.add_annotation(
            xref="paper",
            yref="paper",
            x=x,
            y=0,
            yshift=-(58 + _LINE * line),
            xanchor="left",
            yanchor="top",
            align="left",
            text=text,
            showarrow=False,
            font={"color": colour} if not line else {},
        )


def describe_force(data: Force) -> str:
    """Describe in words what pushed the prediction of one customer."""
    parts = [f"Customer {data.customer}: {LOG_ODDS} {data.log_odds:.2f}, from a base of {data.base:.2f}."]
    for pushes, direction in ((data.up, "up"), (data.down, "down")):
        if pushes:
            named = listed([f"{value_text(push.text)} ({push.value:+.2f})" for push in pushes[:_NAMED_IN_WORDS]])
            parts.append(f"Pushed {direction} most by {named}.")
    return " ".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Forces:
    """What pushed the predictions of several customers, in the order in which they are drawn.

    Parameters
    ----------
    customers : tuple of str
    base, log_odds : ndarray of shape (n_customers,), float64
    titles : tuple of str
        Of the layers: the most important features, then what the others push up, and down, together.
    layers : ndarray of shape (n_layers, n_customers), float64
        ``base`` and all layers add up to ``log_odds``.
    texts : tuple of tuple of str
        The value of each layer's feature for each customer; "" for the others together.
    order : {"similarity", "log-odds"}
    marked : ndarray of shape (n_customers,), bool
        Customers for whom the prediction should be high.
    """

    customers: tuple[str, ...]
    base: np.ndarray
    log_odds: np.ndarray
    titles: tuple[str, ...]
    layers: np.ndarray
    texts: tuple[tuple[str, ...], ...]
    order: Order
    marked: np.ndarray


def forces_data(found: Explained, rows: np.ndarray, marked: np.ndarray, *, order: Order = "similarity") -> Forces:
    """Order customers, and return what pushed their predictions.

    Parameters
    ----------
    found : Explained
    rows : ndarray of shape (n_rows,), int
        Customers to draw.
    marked : ndarray of shape (n_rows,), bool
        Customers for whom the prediction should be high.
    order : {"similarity", "log-odds"}
        Similar customers, those with similar contributions, are neighbours; or the log-odds ascend.
    """
    pushed, log_odds = found.contributions.values[rows], found.contributions.log_odds[rows]
    place = np.argsort(log_odds, kind="stable") if order == "log-odds" or len(rows) < 3 else _similar_order(pushed, log_odds)
    pushed, log_odds, rows = pushed[place], log_odds[place], rows[place]
    importance = np.abs(pushed).mean(axis=0)
    ranked = [at for at in np.argsort(-importance, kind="stable").tolist() if importance[at] > 0]
    own, others = ranked[:_MOST_LAYERS], ranked[_MOST_LAYERS:]
    layers, titles = [pushed[:, at] for at in own], [found.features[at].title for at in own]
    texts = [tuple(found.features[at].text(value) for value in found.values[rows, at].tolist()) for at in own]
    if others:
        name = counted(len(others), "other feature")
        layers += [np.maximum(pushed[:, others], 0).sum(axis=1), np.minimum(pushed[:, others], 0).sum(axis=1)]
        titles += [name, name]
        texts += [("",) * len(rows)] * 2
    customers = tuple(map(str, found.customers[rows]))
    made = np.array(layers).reshape(len(titles), len(rows))
    return Forces(customers, found.contributions.base[rows], log_odds, tuple(titles), made, tuple(texts), order, np.asarray(marked)[place])


def _similar_order(pushed: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
    """Return an order in which customers with similar contributions are neighbours: the leaves of Ward's tree, low log-odds first."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    place = np.asarray(leaves_list(linkage(pushed, "ward", optimal_ordering=True)))
    half = len(place) // 2
    return place if log_odds[place[:half]].mean() <= log_odds[place[half:]].mean() else place[::-1]


def draw_forces(data: Forces, *, towards: str = "the segment", marked: str = "in the segment") -> Figure:
    """Draw one column per customer: what pushes up is below the line of the log-odds, what pushes down above it.

    Parameters
    ----------
    data : Forces
    towards : str
        What the prediction is about.
    marked : str
        What the customers marked below the columns are.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    n_layers = len(data.titles)
    x = list(range(len(data.customers)))
    for sign, colour, name in ((1, UP, f"for {towards}"), (-1, DOWN, f"against {towards}")):
        end = data.log_odds.copy()
        figure.add_bar(
            x=[None], y=[None], name=plain_text(shortened(name, _LONGEST)), marker={"color": colour}
        )  # the legend's, at full strength
        for layer in range(n_layers):
            length = np.where(sign * data.layers[layer] > 0, data.layers[layer], 0.0)
            if not length.any():
                continue
            end = end - length
            figure.add_bar(
                x=x,
                y=np.round(length, 4).tolist(),
                base=np.round(end, 4).tolist(),
                marker={"color": colour, "opacity": 1 - 0.65 * layer / max(n_layers - 1, 1), "line": {"width": 0}},
                hovertext=[_hover(data, layer, at) for at in x],
                hovertemplate=f"%{{hovertext}}<br>%{{y:+.2f}} {LOG_ODDS}<extra></extra>",
                showlegend=False,
            )
    lines = ((data.log_odds, "log-odds", "solid", 2.5), (data.base, "base", "dot", 1.5))
    for y, name, dash, width in lines:
        figure.add_scatter(
            x=x, y=np.round(y, 4).tolist(), mode="lines", name=name, line={"color": INK, "width": width, "dash": dash}, hoverinfo="skip"
        )
    _mark_customers(figure, data, marked)
    order = "similar customers next to each other" if data.order == "similarity" else "in the order of their log-odds"
    lay_out(figure, x_title=f"{counted(len(x), 'customer')}, {order}", y_title=f"Raw prediction ({LOG_ODDS})", height=440)
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_xaxes(showticklabels=False, showgrid=False, range=[-0.5, len(x) - 0.5])
    return figure


def _hover(data: Forces, layer: int, at: int) -> str:
    value = data.texts[layer][at]
    return lines_text(data.customers[at], data.titles[layer] + (f": {value}" if value else ""))


def _mark_customers(figure: Figure, data: Forces, name: str) -> None:
    up = np.maximum(data.layers, 0).sum(axis=0)
    down = np.minimum(data.layers, 0).sum(axis=0)
    low, high = float((data.log_odds - up).min(initial=0.0)), float((data.log_odds - down).max(initial=0.0))
    at = np.flatnonzero(data.marked).tolist()
    figure.add_scatter(
        x=at,
        y=[low - 0.05 * (high - low)] * len(at),
        mode="markers",
        name=plain_text(shortened(name, _LONGEST)),
        marker={"symbol": "square", "size": 5, "color": QUIET},
        hovertext=[plain_text(data.customers[one]) for one in at],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def describe_forces(data: Forces) -> str:
    """Describe in words what the columns are, and how far the predictions of marked and other customers are apart."""
    if not data.titles:
        return "No feature is used by the model."
    parts = [
        "Each column is a customer. Below the line is what pushes the log-odds up to it, above the line what pushes it down from there; "
        f"the strongest colour is {value_text(data.titles[0])}."
    ]
    if data.marked.any() and not data.marked.all():
        inside, outside = float(np.median(data.log_odds[data.marked])), float(np.median(data.log_odds[~data.marked]))
        parts.append(
            f"The median {LOG_ODDS} of the {int(data.marked.sum())} marked customers is {inside:.2f}, that of the "
            f"{int((~data.marked).sum())} others {outside:.2f}."
        )
    return " ".join(parts)
