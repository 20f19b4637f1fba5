"""Map of customers: one point per customer, coloured by segment or by a feature, above the density of all where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import ParameterError
from segcore.features.assemble import kept_customers
from segcore.plots.theme import (
    INK,
    NOISE_GREY,
    PAPER,
    SEGMENT_COLOURS,
    SEQUENTIAL,
    SYMBOLS,
    PlotlyText,
    colour_scale,
    in_lines,
    lay_out,
    plain_text,
    shortened,
)
from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.records.plan import Plan
from segcore.records.solution import NOISE
from segcore.segments.maps.customer_map import INSIDE, LEAST_OF_EACH, Area, CustomerMap
from segcore.segments.profiles.segment_order import SegmentOrder, colour_places
from segcore.wording import html
from segcore.wording.numbers import counted, number_text, percent_text, unit_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_FIRST_SYMBOLS = (0, 1, 2, 3, 4, 1, 2, 0)  # of the colours: similar ones, such as the two blues, differ in their symbols
_SCALE = colour_scale(SEQUENTIAL[4:])  # the weaker ones are faint on either background
_ENDS = (0.05, 0.95)
_BAR_TITLE = 14  # letters on a line of the title above the colours
_MANY = 1_000
_FEW_POINTS, _MANY_POINTS = {"size": 7, "opacity": 0.7}, {"size": 4, "opacity": 0.55}
_MOST_IN_LEGEND = 12
_LONGEST = 40  # letters of a name in the legend
_LONGEST_AXIS = 60  # letters on a line of an axis's title
_CELLS = 90  # of the density along the longer side
# Grey with alpha is seen on either background, and below points of any colour.
_DENSITY_SCALE = [[0.0, "rgba(128, 136, 148, 0.10)"], [1.0, "rgba(128, 136, 148, 0.60)"]]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureColours:
    """A feature that colours a map.

    Parameters
    ----------
    title, unit : str
        As in the data dictionary.
    values : ndarray of shape (n_customers,), float64
        In the order of the map's customers.
    """

    title: str
    unit: str
    values: np.ndarray

    @property
    def ends(self) -> tuple[float, float]:
        """Where the colours end: quantiles, because single customers with extreme values would leave one colour for all others."""
        low, high = np.quantile(self.values, _ENDS).tolist()
        return (low, high) if low < high else (float(self.values.min()), float(self.values.max()))


def feature_colours(table: FeatureTable, plan: Plan, name: str) -> FeatureColours:
    """Return a feature of the clustered customers, clustered on or not.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    plan : Plan
        Of the sweep.
    name : str

    Raises
    ------
    ParameterError
        If the feature is unknown.
    """
    if name not in table.names:
        raise ParameterError.unknown("feature", name, (known for known in table.names if known not in table.dimensions))
    entry = next(entry for entry in table.dictionary if entry.name == name)
    return FeatureColours(unique_titles(table.dictionary)[name], entry.unit, np.asarray(table.column(name))[kept_customers(table, plan)])


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """How many customers are where on a map.

    Parameters
    ----------
    x, y : ndarray of shape (n_columns,) and (n_rows,), float64
        Centres of the cells, which are squares.
    counts : ndarray of shape (n_rows, n_columns), int64
    """

    x: np.ndarray
    y: np.ndarray
    counts: np.ndarray


def customer_density(places: np.ndarray) -> Density:
    """Count customers in square cells, 90 along the longer side of the map.

    Parameters
    ----------
    places : ndarray of shape (n_customers, 2), float64
    """
    low, high = places.min(axis=0), places.max(axis=0)
    side = float((high - low).max()) / _CELLS or 1.0
    n_cells = np.maximum(np.ceil((high - low) / side), 1).astype(int)
    edges = [low[axis] + side * np.arange(n_cells[axis] + 1) for axis in (0, 1)]
    cells = [np.clip(((places[:, axis] - low[axis]) / side).astype(int), 0, n_cells[axis] - 1) for axis in (0, 1)]
    counts = np.bincount(cells[1] * n_cells[0] + cells[0], minlength=int(n_cells.prod())).reshape(n_cells[1], n_cells[0])
    return Density(edges[0][:-1] + side / 2, edges[1][:-1] + side / 2, counts)


def draw_customers(found: CustomerMap, names: Mapping[int, str], *, colours: FeatureColours | None = None) -> Figure:
    """Draw the customers shown, coloured by segment or by a feature, above the density of all; means and ellipses of all customers.

    Parameters
    ----------
    found : CustomerMap
    names : mapping of segment to str
    colours : FeatureColours or None
        ``None`` colours by segment. Each segment keeps its symbol, so that it is seen without its colour too.
    """
    import plotly.graph_objects as go

    order = SegmentOrder.of(found.labels, names)
    titles, looks = _titles(order), _looks(order, found.kept_colours)
    look = _MANY_POINTS if len(found.shown) > _MANY else _FEW_POINTS
    figure = go.Figure()
    if is_sample(found):
        _add_density(figure, customer_density(found.places))
    for at, label in enumerate(order.labels):
        colour, symbol = looks[label]
        rows = found.shown[order.place[found.shown] == at]
        x, y = found.places[rows].T
        figure.add_scattergl(
            x=x.tolist(),
            y=y.tolist(),
            mode="markers",
            name=_short(titles[label]),
            legendgroup=str(label),
            showlegend=False,
            marker={**look, "symbol": symbol, **({"color": colour} if colours is None else _point_colours(colours, rows))},
            hovertext=_hover(found, rows, titles[label], colours),
            hovertemplate="%{hovertext}<extra></extra>",
        )
    for at, label in enumerate(order.labels):
        colour, symbol = looks[label]
        mark = {"size": 14, "symbol": symbol, "color": colour if colours is None else INK}
        _add_area(figure, found.areas.get(label), label, titles[label], mark, in_legend=at < _MOST_IN_LEGEND or label == NOISE)
    if colours is not None:
        low, high = colours.ends
        unit = unit_text(colours.unit).strip()
        title = in_lines(f"{colours.title} ({unit})" if unit else colours.title, _BAR_TITLE)
        bar = {"title": {"text": title, "side": "top"}, "thickness": 14, "tickformat": ","}
        figure.update_layout(coloraxis={"colorscale": _SCALE, "cmin": low, "cmax": high, "colorbar": bar})
    first, second = _axis_titles(found)
    lay_out(figure, x_title=first, y_title=second, height=560)
    if found.shares is None:
        bare = {"showticklabels": False, "showgrid": False, "ticks": ""}  # numbers there would look as if they meant something
        figure.update_xaxes(bare)
        figure.update_yaxes(bare)
    figure.update_yaxes(scaleanchor="x", scaleratio=1)  # equal distances look equal
    return figure


def is_sample(found: CustomerMap) -> bool:
    """Tell whether only some customers are drawn as points, above the density of all."""
    return len(found.shown) < len(found.labels)


def _add_density(figure: Figure, found: Density) -> None:
    # Counts differ by powers of ten; a cell without customers has no colour.
    shade = np.log10(np.where(found.counts > 0, found.counts, np.nan)).tolist()
    z = [[None if value != value else value for value in row] for row in shade]
    figure.add_heatmap(
        x=found.x.tolist(), y=found.y.tolist(), z=z, colorscale=_DENSITY_SCALE, showscale=False, hoverinfo="skip", name="All customers"
    )


def _axis_titles(found: CustomerMap) -> tuple[str, str]:
    """Return what an axis means: its share of the variance, and the features with the largest loadings on it."""
    if found.shares is None:
        return "", ""
    first, second = (
        f"{which} principal component ({percent_text(share)} of the variance){':<br>' if axis else ''}"
        f"{in_lines(axis, _LONGEST_AXIS, most=2)}"
        for which, share, axis in zip(("First", "Second"), found.shares, found.axes, strict=True)
    )
    return first, second


def _titles(order: SegmentOrder) -> dict[int, str]:
    """Return the title of each segment; equal ones are distinguished by their number."""
    return {
        label: f"{title} ({label})" if order.titles.count(title) > 1 else title
        for label, title in zip(order.labels, order.titles, strict=True)
    }


def _short(title: str) -> PlotlyText:
    return plain_text(shortened(title, _LONGEST))


def _looks(order: SegmentOrder, kept: Mapping[int, int]) -> dict[int, tuple[str, str]]:
    """Return the colour and the symbol of each segment and of noise."""
    looks = {NOISE: (NOISE_GREY, "x-thin-open")}
    for label, place in colour_places(order.labels, kept).items():
        round_, colour = divmod(place, len(SEGMENT_COLOURS))
        looks[label] = SEGMENT_COLOURS[colour], SYMBOLS[(_FIRST_SYMBOLS[colour] + round_) % len(SYMBOLS)]
    return looks


def _point_colours(colours: FeatureColours, rows: np.ndarray) -> dict[str, Any]:
    return {"color": colours.values[rows].tolist(), "coloraxis": "coloraxis"}


def _hover(found: CustomerMap, rows: np.ndarray, title: str, colours: FeatureColours | None) -> list[str]:
    texts = [f"{plain_text(str(customer))}<br>{plain_text(title)}" for customer in found.customers[rows]]
    if colours is None:
        return texts
    name, unit = plain_text(colours.title), unit_text(colours.unit)
    values = (number_text(value, colours.unit) for value in colours.values[rows].tolist())
    return [f"{text}<br>{name}: {value}{unit}" for text, value in zip(texts, values, strict=True)]


def _add_area(figure: Figure, area: Area | None, label: int, title: str, mark: dict[str, Any], *, in_legend: bool) -> None:
    """Add a segment's ellipse and mean, and its entry in the legend, which noise has too."""
    name = {"name": _short(title), "legendgroup": str(label)}
    outline = None if area is None else area.ellipse()
    if outline is not None:
        x, y = outline.T
        line = {"color": mark["color"], "width": 2}
        # WebGL like the points: the browser draws those above everything that is not.
        figure.add_scattergl(x=x.tolist(), y=y.tolist(), mode="lines", line=line, hoverinfo="skip", showlegend=False, **name)
    figure.add_scattergl(
        x=[None if area is None else float(area.mean[0])],
        y=[None if area is None else float(area.mean[1])],
        mode="markers",
        marker={**mark, "line": {"color": PAPER if area is not None else mark["color"], "width": 2}},
        hovertext=["" if area is None else f"Mean of {plain_text(title)}<br>{counted(area.customers, 'customer')}"],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=in_legend,
        **name,
    )


def describe_customers(found: CustomerMap, *, colours: FeatureColours | None = None) -> str:
    """Describe the map in words: what it shows of the variance, its marks, and which customers are drawn."""
    parts = [found.sentence]
    what = "component of the mixture" if found.of_mixture else "segment"
    if found.areas:
        parts.append(f"A large mark is the mean of a {what}.")
    if any(area.covariance is not None for area in found.areas.values()):
        of = (
            "the customers of a component of the mixture" if found.of_mixture else "a segment's customers if they were normally distributed"
        )
        parts.append(f"An ellipse would hold {percent_text(INSIDE)} of {of}.")
    if colours is not None:
        low, high = (f"{number_text(end, colours.unit)}{unit_text(colours.unit)}" for end in colours.ends)
        parts.append(f"Colours go from {low} to {high}; customers outside have the colour of the nearer end.")
    if is_sample(found):
        parts.append(
            f"The grey shade is the density of all {counted(len(found.labels), 'customer')}, on a logarithmic scale. The points are "
            f"{len(found.shown):,} of them, a sample in proportion to the segments, but at least {LEAST_OF_EACH} of each."
        )
    if len(np.unique(found.labels[found.labels != NOISE])) > _MOST_IN_LEGEND:
        parts.append(f"The legend names the {_MOST_IN_LEGEND} largest segments; point at a customer to see the name of another.")
    return " ".join(parts)


def map_page(found: CustomerMap, names: Mapping[int, str], *, title: str, colours: FeatureColours | None = None) -> str:
    """Return the map as one HTML page that needs no network: the figure, with the code that draws it, and what it shows in words."""
    figure = draw_customers(found, names, colours=colours)
    figure.update_layout(dragmode="zoom", height=720)
    drawn = figure.to_html(full_html=False, include_plotlyjs=True, include_mathjax=False, config={"displaylogo": False})
    name, words = html.escape(title), html.escape(f"{describe_customers(found, colours=colours)} {found.caution}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>'
    style = "<style>body{font-family:sans-serif;margin:1.5rem;max-width:1400px}</style>"
    body = f"<h1>{name}</h1>{drawn}<p>{words}</p>"
    return f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{body}</body></html>\n'
