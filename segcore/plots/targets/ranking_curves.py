"""Lift, gain and profit of every way to rank customers, at each number of contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from segcore.plots.theme import INK, MAIN, PALETTE, QUIET, lay_out
from segcore.wording.numbers import listed, number_text, percent_text
from segcore.wording.targets import METHOD_TITLES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Measure = Literal["lift", "gain", "profit"]
MEASURES: Mapping[Measure, str] = {"lift": "Lift", "gain": "Buyers reached", "profit": "Profit"}
"""Title of each measure, in the order in which they are offered."""
_AXES: Mapping[Measure, str] = {"lift": "times as many buyers as at random", "gain": "share of all buyers", "profit": "profit"}
_FEW = 10  # Below so many contacts, or a fiftieth of the customers, a lift is of a handful of buyers, and its band fills the figure.
_STRONG, _FAINT = 0.28, 0.09  # opacity of the bands
_OTHERS = tuple(colour for colour in PALETTE if colour != MAIN)
_DASHES = ("dash", "dot", "dashdot", "8px,3px")  # of the rankings that do not make the list
_BUDGETS_SHOWN = 4  # of the lift, which falls steeply at first, and to 1 at the end


@dataclass(frozen=True, slots=True)
class RankedBy:
    """One way to rank customers; every tuple has one number per number of contacts.

    Parameters
    ----------
    name, title : str
    value, low, high : tuple of float
        With the 95 % interval.
    """

    name: str
    title: str
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RankingCurves:
    """A measure of all rankings over the number of contacts.

    Parameters
    ----------
    measure : {"lift", "gain", "profit"}
    contacts : tuple of int
        Ascending.
    budget, customers : int
        Contacts that the question's budget corresponds to, and customers judged.
    chosen : str
        Name of the ranking that makes the list.
    rankings : tuple of RankedBy
        The chosen one last, so that it is drawn on top.
    """

    measure: Measure
    contacts: tuple[int, ...]
    budget: int
    customers: int
    chosen: str
    rankings: tuple[RankedBy, ...]

    @property
    def place(self) -> int:
        """Position of the budget among ``contacts``."""
        return self.contacts.index(self.budget)

    def text(self, value: float) -> str:
        """Return a value of the measure in words."""
        if self.measure == "gain":
            return percent_text(value)
        return f"{value:.2f}" if self.measure == "lift" else number_text(value)


def measures_of(document: Mapping[str, Any]) -> tuple[Measure, ...]:
    """Return the measures that an answer has: profit only where a buyer has a value."""
    curves = document["curves"].values()
    return tuple(name for name in MEASURES if name != "profit" or all("profit" in curve for curve in curves))


def ranking_curves(document: Mapping[str, Any], measure: Measure, method: str) -> RankingCurves:
    """Return the curves of an answer.

    Parameters
    ----------
    document : mapping
        `segcore.records.target_question.TargetsAnswer.document`.
    measure : {"lift", "gain", "profit"}
        One of `measures_of`.
    method : str
        That makes the list.
    """
    curves, judged = document["curves"], document["judged"]
    contacts = next(iter(curves.values()))["budget"]
    first = _first_drawn(contacts, judged["budget"], judged["customers"]) if measure == "lift" else 0
    rankings = []
    for name, curve in curves.items():
        found = {"value": curve["lift"], "low": curve["low"], "high": curve["high"]} if measure == "lift" else curve[measure]
        value, low, high = (tuple(found[end][first:]) for end in ("value", "low", "high"))
        rankings.append(RankedBy(name, METHOD_TITLES[name], value, low, high))
    rankings.sort(key=lambda one: (one.name == method, one.name != "random"))
    return RankingCurves(measure, tuple(contacts[first:]), judged["budget"], judged["customers"], method, tuple(rankings))


def _first_drawn(contacts: Sequence[int], budget: int, customers: int) -> int:
    least = min(budget, max(_FEW, customers // 50))
    return next(at for at, number in enumerate(contacts) if number >= least)


def draw_ranking_curves(data: RankingCurves) -> Figure:
    """Draw the curves with their 95 % bands: the chosen ranking strong, the others thin, random customers grey, and the budget."""
    import plotly.graph_objects as go

    figure = go.Figure()
    colours = _colours(data)
    end = data.customers if data.measure != "lift" else min(data.customers, max(_BUDGETS_SHOWN * data.budget, 2 * data.contacts[0]))
    for one in data.rankings:
        chosen = one.name == data.chosen
        if one.name != "random" or data.measure == "profit":
            figure.add_scatter(**_band(data, one, colours[one.name], _STRONG if chosen else _FAINT))
    for order, one in enumerate(data.rankings):
        figure.add_scatter(**_line(data, one, _DASHES[order % len(_DASHES)], colours[one.name]))
    figure.add_shape(
        type="line", x0=data.budget, x1=data.budget, y0=0, y1=1, yref="paper", line={"color": INK, "width": 1.5, "dash": "dot"}
    )
    figure.add_annotation(
        **{"x": data.budget, "y": 1, "yref": "paper", "yanchor": "top", "text": f"budget {data.budget:,}", "showarrow": False, "xshift": 4},
        xanchor="left" if data.budget < 0.7 * end else "right",
    )
    lay_out(figure, x_title=f"contacts, of {data.customers:,} customers judged", y_title=_AXES[data.measure], height=400)
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_xaxes(range=[0, end], tickformat=",", showgrid=False)
    figure.update_yaxes(range=list(_range(data)), tickformat=".0%" if data.measure == "gain" else ",")
    return figure


def _colours(data: RankingCurves) -> dict[str, str]:
    named = [name for name in METHOD_TITLES if name not in ("random", data.chosen)]
    return {**{name: _OTHERS[at % len(_OTHERS)] for at, name in enumerate(named)}, "random": QUIET, data.chosen: MAIN}


def _band(data: RankingCurves, one: RankedBy, colour: str, opacity: float) -> dict[str, Any]:
    return {
        "x": [*data.contacts, *reversed(data.contacts)],
        "y": [*one.high, *reversed(one.low)],
        "mode": "lines",
        "line": {"width": 0, "color": colour},
        "fill": "toself",
        "fillcolor": colour,
        "opacity": opacity,
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": one.name,
    }


def _line(data: RankingCurves, one: RankedBy, dash: str, colour: str) -> dict[str, Any]:
    chosen = one.name == data.chosen
    texts = [
        f"{one.title}, {contacts:,} contacts<br>{data.text(value)} ({data.text(low)} to {data.text(high)})"
        for contacts, value, low, high in zip(data.contacts, one.value, one.low, one.high, strict=True)
    ]
    return {
        "x": list(data.contacts),
        "y": list(one.value),
        "mode": "lines",
        "name": one.title,
        "legendgroup": one.name,
        "line": {"color": colour, "width": 3.5 if chosen else 1.5, "dash": "solid" if chosen or one.name == "random" else dash},
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _range(data: RankingCurves) -> tuple[float, float]:
    """Return the ends of the vertical axis: of all lines, and of the chosen ranking's band; other bands may be cut."""
    chosen = data.rankings[-1]
    shown = [*chosen.low, *chosen.high, *(value for one in data.rankings for value in one.value)]
    low, high = min(0.0, *shown), max(shown)
    return low - 0.03 * (high - low) * (low < 0), high + 0.05 * (high - low)


def describe_ranking_curves(data: RankingCurves) -> str:
    """Describe the curves at the budget, the best first, and for profit where each would be highest."""
    at, chosen = data.place, data.rankings[-1]
    ranked = sorted(data.rankings, key=lambda one: -one.value[at])
    values = listed([f"{one.title.lower()} {data.text(one.value[at])}" for one in ranked])
    what = {"lift": "times as many buyers as at random", "gain": "of all buyers", "profit": "profit"}[data.measure]
    words = f"At {data.budget:,} contacts, {what}: {values}."
    if data.measure == "profit":
        best = max(range(len(chosen.value)), key=lambda place: chosen.value[place])
        words += f" {chosen.title} is highest at {data.contacts[best]:,} contacts: {data.text(chosen.value[best])}."
    return f"{words} Bands are 95 % intervals."
