"""Time that engines took for the same work: the median, every run, and the ratio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.plots.theme import PALETTE, QUIET, lay_out
from segcore.records.solution import ENGINES
from segcore.wording.numbers import counted, seconds_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True, slots=True)
class EngineTime:
    """One engine's time for all fits of the grid, run by run, and the engine that actually ran."""

    engine: str
    ran: str
    seconds: tuple[float, ...]
    median_seconds: float
    ratio: float | None


def timings_data(result: Mapping[str, Any]) -> tuple[EngineTime, ...]:
    """Return each engine's times from the document of ``benchmark --json``: stock first, engines without a run left out."""
    ratios = result.get("ratio_to_stock", {})
    found = (
        EngineTime(name, times["ran"], tuple(times["seconds"]), times["median_seconds"], ratios.get(name))
        for name, times in result["engines"].items()
        if times.get("seconds")
    )
    return tuple(sorted(found, key=lambda time: ENGINES.index(time.engine) if time.engine in ENGINES else -1))


def draw_timings(times: tuple[EngineTime, ...]) -> Figure:
    """Draw one bar per engine, as long as its median, with a mark for every run."""
    import plotly.graph_objects as go

    names = [time.engine for time in times]
    figure = go.Figure(
        go.Bar(
            x=[time.median_seconds for time in times],
            y=names,
            orientation="h",
            name="median",
            marker={"color": [_color(time.engine) for time in times], "opacity": 0.85},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(time.seconds) - time.median_seconds for time in times],
                "arrayminus": [time.median_seconds - min(time.seconds) for time in times],
            },
            hovertext=[f"{time.engine}: median {seconds_text(time.median_seconds)}" for time in times],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[value for time in times for value in time.seconds],
        y=[time.engine for time in times for _ in time.seconds],
        mode="markers",
        name="single runs",
        marker={"symbol": "circle-open", "size": 10, "line": {"width": 2}, "color": QUIET},
        hovertemplate="%{x:.3g} s<extra></extra>",
    )
    lay_out(figure, x_title="Time for the whole grid (s)", y_title="Engine", height=120 + 62 * len(times), showlegend=False)
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure


def _color(engine: str) -> str:
    """Return an engine's colour, the same in every benchmark."""
    return PALETTE[ENGINES.index(engine) % len(PALETTE)] if engine in ENGINES else QUIET


def describe_timings(times: tuple[EngineTime, ...]) -> str:
    """Return each engine's median, number of runs and range of times in words."""
    if not times:
        return "No engine finished."
    parts = [
        f"{time.engine}: median {seconds_text(time.median_seconds)} over {counted(len(time.seconds), 'run')}, "
        f"from {seconds_text(min(time.seconds))} to {seconds_text(max(time.seconds))}"
        for time in times
    ]
    return "; ".join(parts) + "."
