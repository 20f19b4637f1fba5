"""Values of a column by segment: one bar per segment, divided by the values' shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segcore.plots.theme import CATEGORICAL, NOISE_GREY, PAPER, QUIET, ink_on, lay_out, plain_text, shortened
from segcore.segments.profiles.column_shares import MISSING, REST, ColumnAcross, GroupShares
from segcore.wording.numbers import counted, listed, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_NO_VALUE = {REST: QUIET, MISSING: NOISE_GREY}
_COLOURS = tuple(colour for colour in CATEGORICAL if colour not in _NO_VALUE.values())
_LEAST_SHOWN = 0.06
_LEAST_POINTS = 10
_MOST_NAMED = 6


def draw_across(across: ColumnAcross) -> Figure:
    """Draw a bar for all customers above one bar per segment; each is 100 % long and divided by the values' shares."""
    import plotly.graph_objects as go

    groups = (across.everyone, *across.segments)
    titles = [_title(group, groups) for group in groups]
    figure = go.Figure()
    for position, value in enumerate(across.everyone.values):
        shares = [group.values[position] for group in groups]
        colour = _NO_VALUE.get(value.value, _COLOURS[position % len(_COLOURS)])
        figure.add_trace(
            go.Bar(
                x=[100 * share.share for share in shares],
                y=titles,
                orientation="h",
                name=_short(value.value),
                marker={"color": colour, "line": {"width": 1, "color": PAPER}},
                text=[percent_text(share.share) if share.share >= _LEAST_SHOWN else "" for share in shares],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": ink_on(colour)},
                hovertext=[_hover(group, position) for group in groups],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    lay_out(figure, x_title="Customers (%)", y_title="", height=120 + 38 * len(groups), barmode="stack", bargap=0.25)
    figure.update_layout(legend_traceorder="normal", uniformtext={"minsize": _LEAST_POINTS, "mode": "hide"})
    figure.update_xaxes(range=[0, 100.5], dtick=25, showgrid=False)
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=titles[::-1], showgrid=False)
    return figure


def _title(group: GroupShares, groups: tuple[GroupShares, ...]) -> str:
    twins = [other for other in groups if _short(other.title) == _short(group.title)]
    return f"{_short(group.title)} ({group.label})" if len(twins) > 1 else _short(group.title)


def _short(text: str) -> str:
    return plain_text(shortened(text, 28))


def _hover(group: GroupShares, position: int) -> str:
    value = group.values[position]
    interval = f"95 % interval {percent_text(value.low)} to {percent_text(value.high)}"
    share = f"{percent_text(value.share)}, {value.customers:,} of {group.customers:,}"
    return f"{plain_text(group.title)}<br>{plain_text(value.value)}: {share}<br>{interval}"


def describe_across(across: ColumnAcross) -> str:
    """Describe the figure in words: how much the segments differ, and which consist of one value."""
    text = f"{_rarer_value(across) if len(across.everyone.values) == 2 else _largest_values(across)}."
    if across.pure:
        text += f" At least 99 % of one value: {listed([f'{value} in “{title}”' for title, value in across.pure])}."
    return text


def _largest_values(across: ColumnAcross) -> str:
    return "; ".join(
        f"{group.title}: {'mostly' if value.share > 0.5 else 'most often'} {value.value} "
        f"({percent_text(value.share)} of {counted(group.customers, 'customer')})"
        for group in _known(across)[:_MOST_NAMED]
        for value in (group.largest(),)
    )


def _known(across: ColumnAcross) -> list[GroupShares]:
    """Return the segments in which a customer has a value."""
    return [group for group in across.segments if group.customers]


def _rarer_value(across: ColumnAcross) -> str:
    """Return the share of the rarer of two values in every segment with its interval, the highest first, as suits an outcome."""
    position = min(range(2), key=lambda place: across.everyone.values[place].customers)
    groups = sorted(_known(across), key=lambda group: -group.values[position].share)
    parts = [
        f"{percent_text(value.share)} of “{group.title}” (95 % interval {percent_text(value.low)} to {percent_text(value.high)})"
        for group in groups[:_MOST_NAMED]
        for value in (group.values[position],)
    ]
    rare = across.everyone.values[position]
    return f"{rare.value}: {percent_text(rare.share)} of all customers; {'; '.join(parts)}"
