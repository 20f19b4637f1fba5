"""Flow of customers: from the segments of one solution to those of another, or from those of then to those of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.plots.theme import INK, MAIN, NOISE_GREY, lay_out, plain_text, shortened
from segcore.records.solution import NOISE
from segcore.segments.comparison import SolutionComparison
from segcore.segments.over_time.migration import migration_of
from segcore.segments.over_time.over_time_records import NOWHERE, OverTime
from segcore.wording.numbers import counted, number_text, percent_text, segment_title

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Weights = Literal["customers", "revenue"]
_GAP = 0.03
_LONGEST = 60  # letters of a name
_STEADY, _MOVED = "rgba(0,114,178,0.30)", "rgba(213,94,0,0.45)"


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Segments on both sides, and what they share.

    Parameters
    ----------
    before, after : tuple of str
        Names.
    amounts : ndarray of shape (len(before), len(after))
        Customers or their revenue, at least 0.
    moved : ndarray of the same shape, bool
        Which of them count as moved.
    is_segment_before, is_segment_after : tuple of bool
        False for noise, and for those who are new or gone.
    weights : {"customers", "revenue"}
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    amounts: np.ndarray
    moved: np.ndarray
    is_segment_before: tuple[bool, ...]
    is_segment_after: tuple[bool, ...]
    weights: Weights = "customers"


def flow_data(found: SolutionComparison) -> Flow:
    """Return the customers that two solutions share."""
    comparison = found.comparison
    before, after = comparison.labels_before, comparison.labels_after
    return Flow(
        before=tuple(found.before.names[label] for label in before),
        after=tuple(found.after.names[label] for label in after),
        amounts=comparison.counts,
        moved=np.array([[comparison.partners.get(label) != to for to in after] for label in before]),
        is_segment_before=tuple(label != NOISE for label in before),
        is_segment_after=tuple(label != NOISE for label in after),
    )


def migration_data(found: OverTime, names: Mapping[int, str], weights: Weights = "customers") -> Flow | None:
    """Return who went where over time; ``None`` for revenue where there is none.

    Parameters
    ----------
    found : OverTime
    names : mapping of int to str
        Of the segments.
    weights : {"customers", "revenue"}
        Customers, with those who are new and gone; or the revenue that they had then, so that new ones have none.
    """
    migration = migration_of(found)
    amounts = migration.customers if weights == "customers" else migration.revenue
    if amounts is None:
        return None
    rows, columns = np.flatnonzero(amounts.sum(axis=1)), np.flatnonzero(amounts.sum(axis=0))
    then, now = ([labels[at] for at in kept] for labels, kept in ((migration.labels_then, rows), (migration.labels_now, columns)))
    return Flow(
        before=tuple("New customers" if label == NOWHERE else segment_title(label, names) for label in then),
        after=tuple("Gone" if label == NOWHERE else segment_title(label, names) for label in now),
        amounts=amounts[np.ix_(rows, columns)],
        moved=np.array([[label != to and NOWHERE not in (label, to) for to in now] for label in then]),
        is_segment_before=tuple(label >= 0 for label in then),
        is_segment_after=tuple(label >= 0 for label in now),
        weights=weights,
    )


def draw_flow(flow: Flow) -> Figure:
    """Draw the segments of both sides as bars, the first ones on the left, and what they share as bands.

    The segments on the right are in the order of where their customers come from, so that few bands cross; bands of those who moved stand
    out.
    """
    import plotly.graph_objects as go

    amounts = flow.amounts
    left = np.argsort(-amounts.sum(axis=1), kind="stable")
    rank = np.empty(len(left))
    rank[left] = np.arange(len(left))
    right = np.argsort((amounts * rank[:, None]).sum(axis=0) / amounts.sum(axis=0), kind="stable")
    i, j = np.nonzero(amounts)
    unit = "customers" if flow.weights == "customers" else "of revenue"
    return lay_out(
        go.Figure(
            go.Sankey(
                arrangement="fixed",
                textfont={"color": INK, "shadow": "none", "size": 13},
                node={
                    "label": [plain_text(shortened(name, _LONGEST)) for name in (*flow.before, *flow.after)],
                    "x": [0.001] * len(flow.before) + [0.999] * len(flow.after),
                    "y": [*_middles(amounts.sum(axis=1), left), *_middles(amounts.sum(axis=0), right)],
                    "color": [MAIN if one else NOISE_GREY for one in (*flow.is_segment_before, *flow.is_segment_after)],
                    "thickness": 14,
                    "pad": 12,
                    "hovertemplate": f"%{{label}}: %{{value:,.0f}} {unit}<extra></extra>",
                },
                link={
                    "source": i.tolist(),
                    "target": (j + len(flow.before)).tolist(),
                    "value": amounts[i, j].tolist(),
                    "color": [_MOVED if one else _STEADY for one in flow.moved[i, j].tolist()],
                    "hovertemplate": f"%{{source.label}} to %{{target.label}}: %{{value:,.0f}} {unit}<extra></extra>",
                },
            )
        ),
        x_title="",
        y_title="",
        height=max(320, 46 * max(amounts.shape)),
    )


def _middles(sizes: np.ndarray, order: np.ndarray) -> list[float]:
    """Return the middle of each bar from the top, 0 to 1, for bars in an order with equal gaps."""
    heights = sizes / sizes.sum() * (1 - _GAP * (len(sizes) - 1))
    ends = np.cumsum(heights[order] + _GAP)
    middles = np.empty(len(sizes))
    middles[order] = ends - _GAP - heights[order] / 2
    return [float(min(max(middle, 0.001), 0.999)) for middle in middles]


def describe_flow(flow: Flow, most: int = 8) -> str:
    """Return the largest flows in words."""
    sizes = flow.amounts.sum(axis=1)
    i, j = np.nonzero(flow.amounts)
    order = np.argsort(-flow.amounts[i, j], kind="stable")
    words = [
        f"“{flow.before[a]}” to “{flow.after[b]}”: {_amount_text(flow, a, b)} ({percent_text(flow.amounts[a, b] / sizes[a])} of the former)"
        for a, b in zip(i[order[:most]].tolist(), j[order[:most]].tolist(), strict=True)
    ]
    return "; ".join(words) + (f"; and {counted(len(order) - most, 'smaller flow')}." if len(order) > most else ".")


def _amount_text(flow: Flow, row: int, column: int) -> str:
    amount = flow.amounts[row, column]
    return counted(int(amount), "customer") if flow.weights == "customers" else f"{number_text(float(amount))} of revenue"
