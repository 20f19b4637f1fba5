"""Size of each segment then and now, as a share of the customers of that time, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.plots.theme import ACCENT, MAIN, PlotlyText, lay_out, lines_text, on_two_lines
from segcore.records.estimate import Estimate
from segcore.segments.over_time.over_time_records import OverTime
from segcore.wording.numbers import counted, percent_text, points_text, segment_title, share_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SHARE_OF_ROW = 0.13


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One segment's size then and now."""

    label: int
    title: str
    then: int
    now: int
    then_share: Estimate
    now_share: Estimate
    difference: Estimate


def sizes_over_time_data(found: OverTime, names: Mapping[int, str]) -> tuple[SizeRow, ...]:
    """Return every segment's sizes, the largest of then first and noise last; equal titles are distinguished by their number."""
    ordered = sorted(found.segments, key=lambda one: (one.label < 0, -one.then, one.label))
    titles = [segment_title(one.label, names) for one in ordered]
    return tuple(
        SizeRow(
            one.label,
            f"{title} ({one.label})" if titles.count(title) > 1 else title,
            one.then,
            one.now,
            one.then_share,
            one.now_share,
            one.difference,
        )
        for one, title in zip(ordered, titles, strict=True)
    )


def draw_sizes_over_time(rows: tuple[SizeRow, ...]) -> Figure:
    """Draw two points per segment, then above now, each with its 95 % interval."""
    import plotly.graph_objects as go

    figure = go.Figure()
    places = list(range(len(rows)))
    for name, colour, symbol, up in (("then", MAIN, "circle-open", -1), ("now", ACCENT, "circle", 1)):
        shares = [row.then_share if name == "then" else row.now_share for row in rows]
        figure.add_trace(
            go.Scatter(
                x=[100 * _known(one.value) for one in shares],
                y=[place + up * _SHARE_OF_ROW for place in places],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (_known(one.high) - _known(one.value)) for one in shares],
                    "arrayminus": [100 * (_known(one.value) - _known(one.low)) for one in shares],
                    "color": colour,
                    "thickness": 1.6,
                    "width": 4,
                },
                mode="markers",
                name=name,
                marker={"color": colour, "size": 10, "symbol": symbol, "line": {"color": colour, "width": 2}},
                hovertext=[_hover(row, name) for row in rows],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    lay_out(figure, x_title="Share of customers (%)", y_title="", height=120 + 52 * len(rows))
    figure.update_xaxes(rangemode="tozero", showgrid=True)
    figure.update_yaxes(
        tickvals=places, ticktext=[on_two_lines(row.title) for row in rows], range=[len(rows) - 0.5, -0.5], showgrid=False, zeroline=False
    )
    return figure


def _known(value: float | None) -> float:
    return 0.0 if value is None else value


def _hover(row: SizeRow, when: str) -> PlotlyText:
    number, share = (row.then, row.then_share) if when == "then" else (row.now, row.now_share)
    return lines_text(row.title, f"{when}: {counted(number, 'customer')}, {share_text(share)}")


def describe_sizes_over_time(rows: tuple[SizeRow, ...], most: int = 8) -> str:
    """Return each segment's sizes in words."""
    parts = [
        f"“{row.title}”: {percent_text(row.then_share.value)} then, {percent_text(row.now_share.value)} now ({points_text(row.difference)})"
        for row in rows[:most]
    ]
    more = f"; and {counted(len(rows) - most, 'more segment')} in the table" if len(rows) > most else ""
    return f"{'; '.join(parts)}{more}. Intervals of 95 %."
