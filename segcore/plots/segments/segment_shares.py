"""Shares of customers and of revenue, or of a value column, by segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.plots.theme import ACCENT, MAIN, NOISE_PATTERN, PlotlyText, lay_out, on_two_lines, plain_text
from segcore.records.solution import NOISE
from segcore.segments.profiles.records import SegmentProfile
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Bar, Figure


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One segment's shares, 0 to 1; ``revenue_share`` is None where the data have no revenue or its total is not positive."""

    label: int
    title: str
    customers: int
    customer_share: float
    revenue_share: float | None


def shares_data(profile: SegmentProfile) -> tuple[ShareRow, ...]:
    """Return every segment's shares, the largest segment first and the noise last; equal titles are distinguished by their number."""
    everyone = profile.everyone()
    titles = [summary.title for summary in everyone]
    return tuple(
        ShareRow(
            summary.label,
            f"{summary.title} ({summary.label})" if titles.count(summary.title) > 1 else summary.title,
            summary.customers,
            summary.customer_share,
            summary.revenue_share,
        )
        for summary in everyone
    )


def draw_shares(rows: tuple[ShareRow, ...], *, chosen: int | None = None, worth: str = "revenue") -> Figure:
    """Draw two bars per segment, share of customers and share of revenue, with the numbers at their ends.

    Parameters
    ----------
    rows : tuple of ShareRow
    chosen : int or None
        The label of a segment to mark.
    worth : str
        What the revenue is, in words: see ``FeatureTable``.
    """
    import plotly.graph_objects as go

    titles = [_marked(row, chosen) for row in rows]
    figure = go.Figure()
    if any(row.revenue_share is not None for row in rows):
        figure.add_trace(_bars(titles, rows, [row.revenue_share for row in rows], plain_text(f"share of {worth}"), ACCENT))
    figure.add_trace(_bars(titles, rows, [row.customer_share for row in rows], plain_text("share of customers"), MAIN))
    lay_out(
        figure,
        x_title="Share (%)",
        y_title="",
        height=110 + 54 * len(rows),
        barmode="group",
        bargap=0.3,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "reversed", "title": {"text": ""}},
    )
    shares = [100 * share for row in rows for share in (row.customer_share, row.revenue_share) if share is not None]
    low, high = min([*shares, 0.0]), max([*shares, 1.0])
    figure.update_xaxes(range=[low * 1.2, high + 0.14 * (high - low)], showgrid=True)
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=titles[::-1], showgrid=False)
    return figure


def _bars(titles: list[PlotlyText], rows: tuple[ShareRow, ...], shares: list[float | None], name: PlotlyText, color: str) -> Bar:
    import plotly.graph_objects as go

    return go.Bar(
        x=[None if share is None else 100 * share for share in shares],
        y=titles,
        orientation="h",
        name=name,
        marker={"color": color, "pattern": {**NOISE_PATTERN, "shape": ["/" if row.label == NOISE else "" for row in rows]}},
        text=[percent_text(share) for share in shares],
        textposition="outside",
        cliponaxis=False,
        customdata=[row.label for row in rows],
        hovertext=[
            PlotlyText(f"{plain_text(row.title)}<br>{name}: {percent_text(share)}") for row, share in zip(rows, shares, strict=True)
        ],
        hovertemplate="%{hovertext}<br><i>click to show this segment</i><extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _marked(row: ShareRow, chosen: int | None) -> PlotlyText:
    title = on_two_lines(row.title)
    return PlotlyText(f"▸ {title}") if row.label == chosen else title


def describe_shares(rows: tuple[ShareRow, ...], worth: str = "revenue") -> str:
    """Describe every segment's shares in words."""
    parts = [
        f"{row.title}: {counted(row.customers, 'customer')}, {percent_text(row.customer_share)} of customers"
        + (f" and {percent_text(row.revenue_share)} of {worth}" if row.revenue_share is not None else "")
        for row in rows[:8]
    ]
    more = f"; {counted(len(rows) - 8, 'more segment')} in the table below" if len(rows) > 8 else ""
    return "; ".join(parts) + more + "."
