"""Heat maps in general: cells over two ordered axes, drawn, clickable and described in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.plots.theme import (
    ACCENT,
    DIVERGING,
    GOOD,
    INK,
    PAPER,
    QUIET,
    SEQUENTIAL,
    PlotlyText,
    axis_titles,
    colour_scale,
    lay_out,
    plain_text,
)
from segcore.sweeps.points import WAITING
from segcore.wording.numbers import counted, listed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_TEXTS = 240
"""Most cells that show their numbers; with more, the numbers are not readable, and a scale is drawn instead."""

MOST_WORDS = 5
"""Most columns at which an empty cell shows its reason in words."""

_LONGEST_ROW = 48  # letters of a row's text

UPRIGHT = 6
"""Most columns whose texts of several lines stay level."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: column and row, value or the reason for its absence, and its solution or segment (``mark``; ``place`` in words)."""

    column: PlotlyText
    row: str
    value: float | None
    text: PlotlyText
    hover: PlotlyText
    mark: int
    place: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Cells over two ordered axes.

    Parameters
    ----------
    title : str
        Quantity shown by colour, with its unit.
    x_title, y_title : str
    columns : tuple of PlotlyText
        Values of the horizontal axis; a column's may have several lines.
    rows : tuple of str
        Values of the vertical axis from bottom to top, as they are; `draw_map` escapes them.
    cells : tuple of Cell
    low, high : float
        Range of the colours; if ``low`` is negative, they diverge from 0.
    clickable : bool
        Whether ``Cell.mark`` is the position of a solution.
    """

    title: str
    x_title: str
    y_title: str
    columns: tuple[PlotlyText, ...]
    rows: tuple[str, ...]
    cells: tuple[Cell, ...]
    low: float
    high: float
    clickable: bool = True

    def values(self) -> list[list[float | None]]:
        """Return the values as a matrix, rows from bottom to top; None where a cell has no value."""
        known = {(cell.row, cell.column): cell.value for cell in self.cells}
        return [[known.get((row, column)) for column in self.columns] for row in self.rows]


def row_titles(features: Sequence[str], titles: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each feature's row: its title, as long as there is room for, and no two alike.

    Parameters
    ----------
    features : sequence of str
    titles : mapping of feature name to its title on screen
    """
    return dict(zip(features, axis_titles([titles.get(feature, feature) for feature in features], _LONGEST_ROW), strict=True))


def value_range(name: str, values: list[float]) -> tuple[float, float]:
    """Return the range of a metric's colours: 0 to 1 for a noise share, symmetric about 0 with negative values, else from 0."""
    if name == "noise_share":
        return 0.0, 1.0
    if name in ("silhouette", "compactness"):
        bound = max([abs(value) for value in values], default=1.0) or 1.0
        return (-bound, bound) if min(values, default=0.0) < 0 else (0.0, bound)
    return 0.0, max(values, default=1.0) or 1.0


def draw_map(data: HeatMap, *, chosen: int | None = None, recommended: int | None = None, height: int | None = None) -> Figure:
    """Draw a heat map; the chosen solution's cells are framed, the recommended solution's column or cell has a star.

    Parameters
    ----------
    data : HeatMap
    chosen, recommended : int or None
        Marks of the cells to highlight.
    height : int or None
        In pixels; None fits the rows.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_trace(
        go.Heatmap(
            z=data.values(),
            x=list(data.columns),
            y=[plain_text(row) for row in data.rows],
            zmin=data.low,
            zmax=data.high,
            colorscale=colour_scale(DIVERGING if data.low < 0 else SEQUENTIAL),
            xgap=2,
            ygap=2,
            hoverinfo="skip",
            showscale=len(data.cells) > MOST_TEXTS,
            colorbar={"title": {"text": data.title, "side": "right"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    _draw_targets(figure, data)
    _frame(figure, data, chosen)
    _star(figure, data, recommended)
    lay_out(figure, x_title=data.x_title, y_title=data.y_title, height=height or _height(data), showlegend=False)
    # A mark is smaller than its cell; a click anywhere in the cell selects the nearest mark, which is the cell's.
    figure.update_layout(hovermode="closest", hoverdistance=-1)
    figure.update_xaxes(type="category", showgrid=False, categoryorder="array", categoryarray=list(data.columns))
    if any("<br>" in column for column in data.columns) and len(data.columns) <= UPRIGHT:
        figure.update_xaxes(tickangle=0)
    figure.update_yaxes(type="category", showgrid=False, categoryorder="array", categoryarray=[plain_text(row) for row in data.rows])
    return figure


def _height(data: HeatMap) -> int:
    tall = 46 if len(data.rows) <= 6 else 30
    lines = max((column.count("<br>") for column in data.columns), default=0)
    return 120 + 17 * lines + max(tall * len(data.rows), 60)


def _draw_targets(figure: Figure, data: HeatMap) -> None:
    """Draw the cells' texts as marks for hovering and clicking, because cells of a heat map cannot be selected."""
    written = len(data.cells) <= MOST_TEXTS
    figure.add_scatter(
        x=[cell.column for cell in data.cells],
        y=[plain_text(cell.row) for cell in data.cells],
        customdata=[cell.mark for cell in data.cells],
        mode="markers+text" if written else "markers",
        text=[_written(data, cell) for cell in data.cells],
        textfont={"color": [_ink(data, cell) for cell in data.cells], "size": 12},
        marker={"symbol": "square", "size": 28, "opacity": 0.01, "color": QUIET},
        selected={"marker": {"opacity": 0.01}},
        unselected={"marker": {"opacity": 0.01}},
        hovertext=[cell.hover + ("<br><i>click to choose</i>" if data.clickable else "") for cell in data.cells],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _written(data: HeatMap, cell: Cell) -> str:
    """Return a cell's text; a reason that has no room becomes a cross, explained in the description."""
    if cell.text == WAITING:
        return ""
    return cell.text if cell.value is not None or len(cell.text) < 3 or len(data.columns) <= MOST_WORDS else "×"


def _ink(data: HeatMap, cell: Cell) -> str:
    """Return the colour of a text that is readable on the cell's; grey for an empty cell."""
    if cell.value is None:
        return QUIET
    part = (cell.value - data.low) / ((data.high - data.low) or 1)
    is_strong = part > 0.62 if data.low >= 0 else part > 0.84 or part < 0.1
    return PAPER if is_strong else INK


def _frame(figure: Figure, data: HeatMap, chosen: int | None) -> None:
    cells = [cell for cell in data.cells if cell.mark == chosen]
    if not cells:
        return
    columns = [data.columns.index(cell.column) for cell in cells]
    rows = [data.rows.index(cell.row) for cell in cells]
    figure.add_shape(
        type="rect",
        x0=min(columns) - 0.5,
        x1=max(columns) + 0.5,
        y0=min(rows) - 0.5,
        y1=max(rows) + 0.5,
        line={"color": ACCENT, "width": 3},
        layer="above",
    )


def _star(figure: Figure, data: HeatMap, recommended: int | None) -> None:
    cells = [cell for cell in data.cells if cell.mark == recommended]
    if not cells:
        return
    top = max(cells, key=lambda cell: data.rows.index(cell.row))
    whole_column = len(cells) > 1
    figure.add_annotation(
        x=data.columns.index(top.column) - (0.0 if whole_column else 0.5),
        y=data.rows.index(top.row) + (0.5 if whole_column else 0.0),
        text="★",
        font={"size": 16, "color": GOOD if whole_column else _ink(data, top)},
        showarrow=False,
        yanchor="bottom" if whole_column else "middle",
        yshift=-2 if whole_column else 0,
        xshift=0 if whole_column else 14,
    )


def describe_map(data: HeatMap, *, chosen: int | None = None) -> str:
    """Describe a heat map in words and numbers."""
    known = [cell for cell in data.cells if cell.value is not None]
    title = data.title.split(" (")[0]
    sentences = []
    if known:
        low, high = (pick(known, key=lambda cell: cell.value or 0.0) for pick in (min, max))
        sentences.append(f"{title} is highest, {high.text}, for {_place(data, high)} and lowest, {low.text}, for {_place(data, low)}.")
    waiting = [cell for cell in data.cells if cell.text == WAITING]
    if waiting:
        marks, points = {cell.mark for cell in waiting}, {cell.mark for cell in data.cells}
        sentences.append(f"{len(marks)} of {counted(len(points), 'solution')} {'is' if len(marks) == 1 else 'are'} {WAITING}.")
    if len(known) + len(waiting) < len(data.cells):
        texts = {cell.text for cell in data.cells if cell.value is None} - {WAITING}
        reasons = sorted(texts - {"–"}) + (["the feature is constant, or the segment has one customer"] if "–" in texts else [])
        empty = len(data.cells) - len(known) - len(waiting)
        sentences.append(f"{empty} of {counted(len(data.cells), 'cell')} {'is' if empty == 1 else 'are'} empty{_because(reasons)}.")
    marked = [cell for cell in data.cells if cell.mark == chosen]
    if len(marked) == 1:
        sentences.append(f"The frame marks the chosen solution, {marked[0].place}: {marked[0].text}.")
    elif marked and data.clickable:
        sentences.append(f"The frame marks the chosen solution, {marked[0].place}.")
    return " ".join(sentences)


def _because(reasons: list[str]) -> str:
    return f" ({listed(reasons)})" if reasons else ""


def _place(data: HeatMap, cell: Cell) -> str:
    return f"{cell.row} ({cell.place})" if data.y_title == "Feature" else cell.place
