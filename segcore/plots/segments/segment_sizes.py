"""Segment sizes: for every solution of a sweep, and for the chosen one in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.plots.theme import ACCENT, NOISE_PATTERN, PAPER, QUIET, lay_out, shade
from segcore.records.sweep import Sweep
from segcore.sweeps.points import WAITING, PointRow, point_rows
from segcore.wording.numbers import counted, listed, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True, slots=True)
class SizeBar:
    """One solution's segments, the largest first, as shares of all rows; ``gap`` is the reason if there are none."""

    position: int
    label: str
    tick: str
    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    noise: int
    noise_share: float
    gap: str | None


def sizes_data(sweep: Sweep) -> tuple[SizeBar, ...]:
    """Return the segment sizes of every solution, in the order of the grid."""
    return tuple(_bar(row) for row in point_rows(sweep))


def _bar(row: PointRow) -> SizeBar:
    total = sum(row.sizes) + row.n_noise
    return SizeBar(
        position=row.position,
        label=row.label,
        tick=row.tick,
        sizes=row.sizes,
        shares=tuple(size / total for size in row.sizes),
        noise=row.n_noise,
        noise_share=row.noise_share or 0.0,
        gap=row.gap if not total else None,
    )


def draw_sizes(bars: tuple[SizeBar, ...], *, x_title: str = "Solution", chosen: int | None = None) -> Figure:
    """Draw one bar of 100 % per solution: the largest segment at the bottom, noise in grey at the top."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for rank in range(max((len(bar.sizes) for bar in bars), default=0)):
        holding = [bar for bar in bars if rank < len(bar.sizes)]
        figure.add_trace(
            go.Bar(
                x=[bar.tick for bar in holding],
                y=[100 * bar.shares[rank] for bar in holding],
                customdata=[bar.position for bar in holding],
                name=f"segment {rank + 1} by size",
                marker={"color": [shade(rank, len(bar.sizes)) for bar in holding], "line": {"color": PAPER, "width": 0.6}},
                hovertext=[_hover(bar, rank) for bar in holding],
                hovertemplate="%{hovertext}<extra></extra>",
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 1}},
            )
        )
    noisy = [bar for bar in bars if bar.noise]
    figure.add_trace(
        go.Bar(
            x=[bar.tick for bar in noisy],
            y=[100 * bar.noise_share for bar in noisy],
            customdata=[bar.position for bar in noisy],
            name="noise",
            marker={"color": QUIET, "pattern": NOISE_PATTERN},
            hovertext=[f"{bar.label}<br>noise: {counted(bar.noise, 'row')} ({percent_text(bar.noise_share)})" for bar in noisy],
            hovertemplate="%{hovertext}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    )
    for bar in (bar for bar in bars if bar.gap and bar.gap != WAITING):
        figure.add_annotation(x=bar.tick, y=4, text=bar.gap, showarrow=False, textangle=-90, yanchor="bottom", font={"size": 11})
    lay_out(figure, x_title=x_title, y_title="Share of rows (%)", barmode="stack", bargap=0.25, showlegend=False)
    ticks = [bar.tick for bar in bars]
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=ticks, range=[-0.5, len(ticks) - 0.5], showgrid=False)
    figure.update_yaxes(range=[0, 100.5])
    _frame(figure, bars, chosen)
    return figure


def _hover(bar: SizeBar, rank: int) -> str:
    size = f"{counted(bar.sizes[rank], 'row')} ({percent_text(bar.shares[rank])})"
    return f"{bar.label}<br>segment {rank + 1} by size: {size}<br><i>click to choose</i>"


def _frame(figure: Figure, bars: tuple[SizeBar, ...], chosen: int | None) -> None:
    column = next((index for index, bar in enumerate(bars) if bar.position == chosen), None)
    if column is None:
        return
    figure.add_shape(type="rect", x0=column - 0.45, x1=column + 0.45, y0=0, y1=100.3, line={"color": ACCENT, "width": 3}, layer="above")


def describe_sizes(bars: tuple[SizeBar, ...], *, chosen: int | None = None) -> str:
    """Describe in words and numbers how evenly the rows are spread over the segments."""
    shown = [bar for bar in bars if bar.sizes]
    sentences = []
    if shown:
        even, lopsided = (pick(shown, key=lambda bar: bar.shares[0]) for pick in (min, max))
        sentences.append(
            f"The largest segment holds between {percent_text(even.shares[0])} of the rows ({even.label}) "
            f"and {percent_text(lopsided.shares[0])} ({lopsided.label})."
        )
    bar = next((bar for bar in bars if bar.position == chosen), None)
    if bar is not None:
        sentences.append(f"The frame marks the chosen solution, {bar.label}: {_spread(bar)}.")
    waiting = sum(bar.gap == WAITING for bar in bars)
    if waiting:
        sentences.append(f"{waiting} of {counted(len(bars), 'solution')} {'is' if waiting == 1 else 'are'} {WAITING}.")
    empty = [bar for bar in bars if not bar.sizes and bar.gap != WAITING]
    if empty:
        reasons = listed(sorted({bar.gap or "all rows are noise" for bar in empty}))
        has = "has" if len(empty) == 1 else "have"
        sentences.append(f"{len(empty)} of {counted(len(bars), 'solution')} {has} no segments ({reasons}).")
    return " ".join(sentences)


def _spread(bar: SizeBar) -> str:
    if bar.gap:
        return bar.gap
    noise = f", noise {bar.noise:,} ({percent_text(bar.noise_share)})" if bar.noise else ""
    if not bar.sizes:
        return f"no segments{noise}"
    few = " / ".join(f"{size:,}" for size in bar.sizes[:12])
    more = f" and {counted(len(bar.sizes) - 12, 'smaller segment')}" if len(bar.sizes) > 12 else ""
    return f"{counted(len(bar.sizes), 'segment')} of {few} rows{more}{noise}"
