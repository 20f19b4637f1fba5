"""Flow of customers from the segments of one solution to those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segcore.plots.theme import INK, MAIN, NOISE_GREY, lay_out, plain_text, shortened
from segcore.records.solution import NOISE
from segcore.segments.comparison import SolutionComparison
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_GAP = 0.03
_LONGEST = 60  # letters of a name
_STEADY, _MOVED = "rgba(0,114,178,0.30)", "rgba(213,94,0,0.45)"


def draw_flow(found: SolutionComparison) -> Figure:
    """Draw the segments of both solutions as bars, the first one's on the left, and the customers they share as bands.

    The segments on the right are in the order of where their customers come from, so that few bands cross; bands of those who moved stand
    out.
    """
    import plotly.graph_objects as go

    counts = found.comparison.counts
    left = np.argsort(-counts.sum(axis=1), kind="stable")
    rank = np.empty(len(left))
    rank[left] = np.arange(len(left))
    right = np.argsort((counts * rank[:, None]).sum(axis=0) / counts.sum(axis=0), kind="stable")
    before, after = found.comparison.labels_before, found.comparison.labels_after
    i, j = np.nonzero(counts)
    moved = [found.comparison.partners.get(before[a]) != after[b] for a, b in zip(i, j, strict=True)]
    names = [found.before.names[label] for label in before] + [found.after.names[label] for label in after]
    return lay_out(
        go.Figure(
            go.Sankey(
                arrangement="fixed",
                textfont={"color": INK, "shadow": "none", "size": 13},
                node={
                    "label": [plain_text(shortened(name, _LONGEST)) for name in names],
                    "x": [0.001] * len(before) + [0.999] * len(after),
                    "y": [*_middles(counts.sum(axis=1), left), *_middles(counts.sum(axis=0), right)],
                    "color": [NOISE_GREY if label == NOISE else MAIN for label in (*before, *after)],
                    "thickness": 14,
                    "pad": 12,
                    "hovertemplate": "%{label}: %{value:,.0f} customers<extra></extra>",
                },
                link={
                    "source": i.tolist(),
                    "target": (j + len(before)).tolist(),
                    "value": counts[i, j].tolist(),
                    "color": [_MOVED if one else _STEADY for one in moved],
                    "hovertemplate": "%{source.label} to %{target.label}: %{value:,.0f} customers<extra></extra>",
                },
            )
        ),
        x_title="",
        y_title="",
        height=max(320, 46 * max(len(before), len(after))),
    )


def _middles(sizes: np.ndarray, order: np.ndarray) -> list[float]:
    """Return the middle of each bar from the top, 0 to 1, for bars in an order with equal gaps."""
    heights = sizes / sizes.sum() * (1 - _GAP * (len(sizes) - 1))
    ends = np.cumsum(heights[order] + _GAP)
    middles = np.empty(len(sizes))
    middles[order] = ends - _GAP - heights[order] / 2
    return [float(min(max(middle, 0.001), 0.999)) for middle in middles]


def describe_flow(found: SolutionComparison, most: int = 8) -> str:
    """Return the largest flows in words."""
    flows = sorted(found.flow(), key=lambda flow: -flow["customers"])
    words = [
        f"“{flow['before_name']}” to “{flow['after_name']}”: {counted(flow['customers'], 'customer')} "
        f"({percent_text(flow['share_of_before'])} of the former)"
        for flow in flows[:most]
    ]
    return "; ".join(words) + (f"; and {counted(len(flows) - most, 'smaller flow')}." if len(flows) > most else ".")
