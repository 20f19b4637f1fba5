"""A column's values over the segments: a bar a segment, cut by the values' shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segcore.explain import percent_text
from segcore.explain.across import ColumnAcross, GroupShares
from segcore.explain.wording import counted, listed, two_decimals
from segcore.plots.theme import PALETTE, QUIET, lay_out

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_PATTERNS = ("", "/", "\\", "x")
_LEAST_SHOWN = 0.06


def draw_across(across: ColumnAcross) -> Figure:
    """Draw all customers' bar above a bar a segment, each as long as 100 % and cut by the values' shares."""
    import plotly.graph_objects as go

    groups = (across.everyone, *across.segments)
    titles = [_title(group, groups) for group in groups]
    figure = go.Figure()
    for position, value in enumerate(across.everyone.values):
        shares = [group.values[position] for group in groups]
        rest = value.value.startswith("(")
        figure.add_trace(
            go.Bar(
                x=[100 * share.share for share in shares],
                y=titles,
                orientation="h",
                name=_short(value.value),
                marker={
                    "color": QUIET if rest else PALETTE[position % len(PALETTE)],
                    "line": {"width": 1, "color": "rgba(255,255,255,0.6)"},
                    "pattern": {"shape": _PATTERNS[position // len(PALETTE)], "fillmode": "overlay", "size": 6, "solidity": 0.25},
                },
                text=[percent_text(share.share) if share.share >= _LEAST_SHOWN else "" for share in shares],
                textposition="inside",
                insidetextanchor="middle",
                textfont={"color": "white"},
                hovertext=[_hover(group, position) for group in groups],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    lay_out(figure, x_title="Customers (%)", y_title="", height=120 + 38 * len(groups), barmode="stack", bargap=0.25)
    figure.update_xaxes(range=[0, 100], showgrid=False)
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=titles[::-1], showgrid=False)
    return figure


def _title(group: GroupShares, groups: tuple[GroupShares, ...]) -> str:
    twins = [other for other in groups if other.title == group.title]
    return f"{_short(group.title)} ({group.label})" if len(twins) > 1 else _short(group.title)


def _short(text: str) -> str:
    return text if len(text) <= 28 else f"{text[:26]}…"


def _hover(group: GroupShares, position: int) -> str:
    value = group.values[position]
    interval = f"95 % interval {percent_text(value.low)} to {percent_text(value.high)}"
    return f"{group.title}<br>{value.value}: {percent_text(value.share)}, {value.customers:,} of {group.customers:,}<br>{interval}"


def describe_across(across: ColumnAcross) -> str:
    """Return what the figure shows in words: how much the segments differ, and where one value is all there is."""
    parts = [
        f"{group.title}: mostly {value.value} ({percent_text(value.share)} of {counted(group.customers, 'customer')})"
        for group in across.segments[:6]
        for value in (group.largest(),)
    ]
    text = f"{'; '.join(parts)}. Cramér's V {two_decimals(across.association)}: 0 is alike in every segment, 1 tells the segment."
    if across.pure:
        text += f" Pure: {listed([f'{title} is all {value}' for title, value in across.pure])}."
    return text
