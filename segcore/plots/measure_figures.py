"""A measure of every solution: as curves, or as a map over two axes such as a radius and a number of neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from segcore.clustering.algorithms.registry import algorithm
from segcore.plots.curves import Curves, curves_data, describe_curves, draw_curves
from segcore.plots.heatmap import Cell, HeatMap, describe_map, draw_map, value_range
from segcore.plots.theme import lines_text, plain_text
from segcore.records.grid import axes_of, value_text
from segcore.records.sweep import Sweep
from segcore.sweeps.points import PointRow, axis_title, joint_axis, metric, point_rows

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def is_mapped(sweep: Sweep) -> bool:
    """Tell whether measures are shown as maps over two axes rather than as curves over one."""
    return algorithm(sweep.spec.algorithm).presentation.mapped_over != ""


def measure_data(sweep: Sweep, metric_name: str) -> Curves | HeatMap:
    """Return a measure of every solution as the algorithm's measures are shown; see ``sweeps.points.metrics`` for the names."""
    return grid_map_data(sweep, metric_name) if is_mapped(sweep) else curves_data(sweep, metric_name)


def draw_measure(data: Curves | HeatMap, *, chosen: int | None = None, recommended: int | None = None) -> Figure:
    """Draw a measure of every solution, with the solutions at the two positions marked."""
    if isinstance(data, HeatMap):
        return draw_map(data, chosen=chosen, recommended=recommended)
    return draw_curves(data, chosen=chosen, recommended=recommended)


def describe_measure(data: Curves | HeatMap, *, chosen: int | None = None, recommended: int | None = None) -> str:
    """Describe what `draw_measure` draws in words."""
    if isinstance(data, HeatMap):
        return describe_map(data, chosen=chosen)
    return describe_curves(data, chosen=chosen, recommended=recommended)


def grid_map_data(sweep: Sweep, metric_name: str) -> HeatMap:
    """Return a metric over the grid's two axes: the one named by the algorithm from left to right, the other upwards.

    A third axis that varies is added to the rows' names; a grid with one axis gives a map with one row.
    """
    shown = metric(metric_name)
    axes = axes_of(sweep.spec.points)
    names = list(axes)
    wanted = algorithm(sweep.spec.algorithm).presentation.mapped_over
    x_name = wanted if wanted in names else names[-1]
    others = [name for name in names if name != x_name] or [x_name]
    rows = point_rows(sweep)
    cells = tuple(
        Cell(
            column=plain_text(value_text(row.params[x_name])),
            row=_row_name(row, others, x_name),
            value=shown.value(row),
            text=plain_text(shown.text(shown.value(row)) if shown.value(row) is not None else row.gap or "undefined"),
            hover=lines_text(row.label, f"{shown.title} {shown.text(shown.value(row))}", row.gap or ""),
            mark=row.position,
            place=row.label,
        )
        for row in rows
    )
    low, high = value_range(shown.name, [cell.value for cell in cells if cell.value is not None])
    ordered = sorted(rows, key=lambda row: tuple(axes[name].index(row.params[name]) for name in others))
    return HeatMap(
        title=shown.axis,
        x_title=axis_title(sweep.spec.algorithm, x_name),
        y_title=joint_axis(sweep, others) if others != [x_name] else "",
        columns=tuple(plain_text(value_text(value)) for value in axes[x_name]),
        rows=tuple(dict.fromkeys(_row_name(row, others, x_name) for row in ordered)),
        cells=cells,
        low=low,
        high=high,
    )


def _row_name(row: PointRow, others: Sequence[str], x_name: str) -> str:
    return "" if list(others) == [x_name] else " · ".join(value_text(row.params[name]) for name in others)
