"""Explained variance of components, one bar each, with the cumulative line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from segcore.features.taste.overview import ComponentRow
from segcore.plots.theme import ACCENT, MAIN, QUIET, lay_out, plain_text
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def draw_explained_variance(rows: Sequence[ComponentRow]) -> Figure | None:
    """Draw the share of the variance that each component explains; ``None`` where there is none, as for NMF.

    Parameters
    ----------
    rows : sequence of ComponentRow
        See `segcore.features.taste.overview.component_rows`.
    """
    if not rows or rows[0].ratio is None:
        return None
    from plotly.graph_objects import Bar, Figure, Scatter

    numbers = [row.number for row in rows]
    names = [plain_text("; ".join(row.high[:2])) for row in rows]
    figure = Figure()
    figure.add_trace(
        Bar(
            x=numbers,
            y=[row.ratio for row in rows],
            customdata=names,
            name="Each component",
            marker={"color": MAIN},
            hovertemplate="Component %{x}: %{y:.1%}<br>%{customdata}<extra></extra>",
        )
    )
    figure.add_trace(
        Scatter(
            x=numbers,
            y=[row.cumulative for row in rows],
            name="Together with those before",
            mode="lines+markers",
            line={"color": ACCENT},
            hovertemplate="Components 1 to %{x}: %{y:.1%}<extra></extra>",
        )
    )
    if rows[0].chance is not None:
        figure.add_trace(
            Scatter(
                x=numbers,
                y=[row.chance for row in rows],
                name="By chance",
                mode="lines",
                line={"color": QUIET, "dash": "dot"},
                hovertemplate="By chance: %{y:.1%}<extra></extra>",
            )
        )
    lay_out(figure, x_title="Component", y_title="Share of the variance")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(dtick=1 if len(rows) <= 20 else None)
    return figure


def describe_explained_variance(rows: Sequence[ComponentRow]) -> str:
    """Return the figure in words; "" without one."""
    if not rows or rows[0].ratio is None:
        return ""
    last = rows[-1]
    text = f"The first component explains {percent_text(rows[0].ratio)} of the variance"
    if len(rows) > 1:
        text += f", the last {percent_text(last.ratio)}; the {counted(len(rows), 'component')} together {percent_text(last.cumulative)}"
    if last.chance is not None:
        text += f". By chance, component {last.number} would explain {percent_text(last.chance)}"
    return f"{text}. Where the bars stop falling steeply, further components say little."
