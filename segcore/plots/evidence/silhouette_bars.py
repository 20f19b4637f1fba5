"""Silhouette of every customer of a solution, or of a sample, sorted within each segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segcore.plots.theme import QUIET, SEGMENT_COLOURS, lay_out, plain_text
from segcore.records.solution import NOISE
from segcore.segments.profiles.segment_order import colour_places
from segcore.wording.numbers import counted, percent_text, segment_title, two_decimals

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_CUSTOMERS = 500
_FEWEST_OF_A_SEGMENT = 10
_PAIRS = 200_000_000
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class SegmentBars:
    """Silhouettes of one segment's customers.

    Parameters
    ----------
    label : int
    title : str
    share : float
        Of all customers that are not noise, 0 to 1.
    values : tuple of float
        In descending order; of a sample if the segment is large.
    colour : int
        Its place among the colours of segments.
    """

    label: int
    title: str
    share: float
    values: tuple[float, ...]
    colour: int = 0

    @property
    def mean(self) -> float:
        """Mean over the customers shown."""
        return sum(self.values) / len(self.values)

    @property
    def below_zero(self) -> float:
        """Share of the customers shown that are closer to another segment, 0 to 1."""
        return sum(value < 0 for value in self.values) / len(self.values)


def silhouette_bars(
    X: np.ndarray, labels: np.ndarray, names: Mapping[int, str], *, kept_colours: Mapping[int, int] | None = None, seed: int = 0
) -> tuple[SegmentBars, ...]:
    """Return the silhouettes of each segment's customers, the largest segment first; empty unless there are two segments.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        The matrix that was clustered.
    labels : ndarray of shape (n_customers,), int
        -1 is noise, which neither counts nor is a neighbour.
    names : mapping of segment label to the analyst's name
    kept_colours : mapping of segment to int, or None
        See `segcore.segments.profiles.segment_order.colour_places`.
    seed : int
        Of the sample.

    Notes
    -----
    At most 500 customers, and fewer of very many, are drawn in proportion to the segments' sizes, 10 of each at least, and measured
    against all. Distances come from a matrix product, so they have about 8 digits: the compiled code that measures solutions takes longer
    to load in a server than these few customers.
    """
    kept = np.flatnonzero(labels != NOISE)
    segments, own, sizes = np.unique(labels[kept], return_inverse=True, return_counts=True)
    if len(segments) < 2:
        return ()
    rng = np.random.default_rng(seed)
    most = min(MOST_CUSTOMERS, max(_FEWEST_OF_A_SEGMENT * len(segments), _PAIRS // len(kept)))
    drawn = [
        rng.choice(members, min(len(members), max(_FEWEST_OF_A_SEGMENT, round(most * len(members) / len(kept)))), replace=False)
        for members in (np.flatnonzero(own == segment) for segment in range(len(segments)))
    ]
    rows = X[kept] - X[kept].mean(axis=0)
    values = _silhouettes(rows, own, sizes, np.concatenate(drawn))
    found, first = [], 0
    for segment, members in enumerate(drawn):
        part = np.sort(values[first : first + len(members)])[::-1]
        first += len(members)
        label = int(segments[segment])
        found.append(SegmentBars(label, segment_title(label, dict(names)), sizes[segment] / len(kept), tuple(part.tolist())))
    found.sort(key=lambda bars: -bars.share)
    places = colour_places([bars.label for bars in found], kept_colours or {})
    return tuple(replace(bars, colour=places[bars.label]) for bars in found)


def _silhouettes(X: np.ndarray, own: np.ndarray, sizes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    squares = np.einsum("ij,ij->i", X, X)
    members = np.zeros((len(X), len(sizes)))
    members[np.arange(len(X)), own] = 1.0
    found = np.empty(len(rows))
    step = max(1, _BLOCK // len(X))
    for first in range(0, len(rows), step):
        block = rows[first : first + step]
        apart = np.sqrt(np.maximum(squares[block, None] + squares - 2 * (X[block] @ X.T), 0.0))
        apart[np.arange(len(block)), block] = 0.0
        sums, mine = apart @ members, own[block]
        place = np.arange(len(block))
        inside = sums[place, mine] / np.maximum(sizes[mine] - 1, 1)
        means = sums / sizes
        means[place, mine] = np.inf
        outside = means.min(axis=1)
        largest = np.maximum(inside, outside)
        score = np.divide(outside - inside, largest, out=np.zeros(len(block)), where=largest > 0)
        found[first : first + step] = np.where(sizes[mine] > 1, score, 0.0)
    return found


def draw_silhouettes(bars: tuple[SegmentBars, ...], *, mean: float | None) -> Figure:
    """Draw the silhouettes as areas as wide as the segments are large, with the mean of all customers as a dashed line."""
    import plotly.graph_objects as go

    figure = go.Figure()
    begin = 0.0
    for segment in bars:
        end = begin + 100 * segment.share
        width = (end - begin) / len(segment.values)
        figure.add_trace(
            go.Bar(
                x=[begin + width * (place + 0.5) for place in range(len(segment.values))],
                y=list(segment.values),
                width=width,
                name=plain_text(segment.title),
                marker={"color": SEGMENT_COLOURS[segment.colour % len(SEGMENT_COLOURS)], "line": {"width": 0}},
                hovertext=plain_text(segment.title),
                hovertemplate="%{hovertext}<br>silhouette %{y:.2f}<extra></extra>",
            )
        )
        begin = end
    if mean is not None:
        figure.add_hline(y=mean, line={"dash": "dash", "color": QUIET}, annotation={"text": f"mean {two_decimals(mean)}"})
    lay_out(figure, x_title="Customers, sorted within their segment (%)", y_title="Silhouette (−1 to 1)")
    figure.update_layout(bargap=0)
    figure.update_xaxes(range=[0, 100], showgrid=False)
    return figure


def describe_silhouettes(bars: tuple[SegmentBars, ...], *, n_customers: int) -> str:
    """Describe the figure in words and numbers."""
    shown = sum(len(segment.values) for segment in bars)
    best, worst = max(bars, key=lambda segment: segment.mean), min(bars, key=lambda segment: segment.mean)
    sample = f" Drawn from a sample of {counted(shown, 'customer')}." if shown < n_customers else ""
    outside = sum(segment.share * segment.below_zero for segment in bars)
    return (
        f"“{best.title}” is set apart best (mean silhouette {two_decimals(best.mean)}), “{worst.title}” least "
        f"({two_decimals(worst.mean)}). "
        f"{percent_text(outside)} of the customers are closer to another segment than to their own.{sample}"
    )
