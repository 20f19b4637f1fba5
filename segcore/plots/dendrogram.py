"""Top of a hierarchical tree: which groups merge at which distance, and where the chosen number of segments cuts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.plots.theme import ACCENT, PALETTE, QUIET, lay_out, lines_text, plain_text, shortened
from segcore.wording.numbers import counted, number_text, segment_title

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ARRAYS = ("tree_children", "tree_heights", "branch_sizes", "branch_labels")
"""Arrays that a solution must have for a dendrogram."""
_MOST_TITLES = 12
_COLOURS = tuple(PALETTE[number] for number in (0, 2, 3, 4))  # the cut is orange, merges above it grey; the second blue is too similar
_TITLE_LETTERS = 100  # titles on one line fit if they have at most about this many letters
_MOST_SIZES = 8
_LONGEST = 60  # letters of a title


@dataclass(frozen=True, slots=True)
class Branch:
    """A group of rows at the bottom of the drawing, at position ``x``; ``segment`` is its label."""

    x: float
    rows: int
    segment: int


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge of two groups.

    Parameters
    ----------
    left, right : (float, float)
        Position and height of each group; height 0 for branches.
    height : float
        The distance at which they merge, in scaled units.
    left_rows, right_rows : int
    segment : int or None
        The label if both groups are in one segment, so that the merge is below the cut.
    """

    left: tuple[float, float]
    right: tuple[float, float]
    height: float
    left_rows: int
    right_rows: int
    segment: int | None

    @property
    def x(self) -> float:
        """Position of the merged group."""
        return (self.left[0] + self.right[0]) / 2


@dataclass(frozen=True, slots=True)
class SegmentFoot:
    """One segment: the middle of its branches, its rows and its title."""

    label: int
    x: float
    rows: int
    title: str


@dataclass(frozen=True, slots=True)
class Dendrogram:
    """The last merges of a tree.

    Parameters
    ----------
    branches : tuple of Branch
        From left to right.
    merges : tuple of Merge
        From the lowest to the highest.
    segments : tuple of SegmentFoot
        From left to right.
    cut_low, cut_high : float
        Between these distances, the tree has the chosen number of segments.
    is_whole : bool
        Whether every merge is shown, so that branches are single rows.
    distance : str
        Title of the heights, such as ``Ward distance``.
    """

    branches: tuple[Branch, ...]
    merges: tuple[Merge, ...]
    segments: tuple[SegmentFoot, ...]
    cut_low: float
    cut_high: float
    is_whole: bool
    distance: str

    @property
    def cut(self) -> float:
        """Height of the cut line."""
        return (self.cut_low + self.cut_high) / 2


def dendrogram_data(
    arrays: Mapping[str, np.ndarray], n_clusters: int, *, distance: str, names: Mapping[int, str] | None = None
) -> Dendrogram:
    """Return the tree of a hierarchical solution as it is drawn.

    Parameters
    ----------
    arrays : mapping
        The solution's arrays; those in ``ARRAYS`` are read: ``tree_children`` of shape (n_merges, 2), ``tree_heights`` of shape
        (n_merges,), ``branch_sizes`` and ``branch_labels`` of shape (n_merges + 1,).
    n_clusters : int
        The solution's number of segments.
    distance : str
        Title of the heights: the algorithm's ``Presentation.tree_distance``.
    names : mapping of label to str, or None
        The analyst's names of segments.
    """
    children, heights = np.asarray(arrays["tree_children"]), [float(height) for height in arrays["tree_heights"]]
    sizes = [int(size) for size in arrays["branch_sizes"]]
    labels: list[int | None] = [int(label) for label in arrays["branch_labels"]]
    n_branches, pairs = len(sizes), [(int(left), int(right)) for left, right in children]
    places = {branch: (float(x), 0.0) for x, branch in enumerate(_from_left(pairs, n_branches))}
    merges = []
    for (left, right), height in zip(pairs, heights, strict=True):
        segment = labels[left] if labels[left] == labels[right] else None
        merges.append(Merge(places[left], places[right], height, sizes[left], sizes[right], segment))
        places[len(sizes)] = (merges[-1].x, height)
        sizes.append(sizes[left] + sizes[right])
        labels.append(segment)
    branches = sorted((Branch(places[i][0], sizes[i], int(arrays["branch_labels"][i])) for i in range(n_branches)), key=lambda one: one.x)
    low, high = _cut(heights, n_clusters)
    rows = [branch.rows for branch in branches]
    return Dendrogram(tuple(branches), tuple(merges), _feet(branches, names or {}), low, high, max(rows) == 1, distance)


def _from_left(pairs: Sequence[tuple[int, int]], n_branches: int) -> list[int]:
    """Return the branches in an order in which no lines cross."""
    waiting, found = [n_branches + len(pairs) - 1], []
    while waiting:
        node = waiting.pop()
        if node < n_branches:
            found.append(node)
        else:
            waiting += reversed(pairs[node - n_branches])
    return found


def _cut(heights: Sequence[float], n_clusters: int) -> tuple[float, float]:
    """Return the heights of the last merge below the cut and of the first above it, or one as far above if there is none."""
    top = heights[-1] if heights else 0.0
    levels = [0.0, *heights, top * 1.1]
    above = len(levels) - n_clusters
    return levels[above - 1], levels[above]


def _feet(branches: Sequence[Branch], names: Mapping[int, str]) -> tuple[SegmentFoot, ...]:
    members: dict[int, list[Branch]] = {}
    for branch in branches:
        members.setdefault(branch.segment, []).append(branch)
    return tuple(
        SegmentFoot(label, (found[0].x + found[-1].x) / 2, sum(one.rows for one in found), segment_title(label, names))
        for label, found in members.items()
    )


def draw_dendrogram(data: Dendrogram, *, chosen: int | None = None) -> Figure:
    """Draw the tree: each segment below the cut in its own colour, merges of segments in grey, the cut as a dashed line.

    Parameters
    ----------
    data : Dendrogram
    chosen : int or None
        Label of the segment to draw with wider lines.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for merge_of, name, line in _groups(data, chosen):
        xs, ys = _brackets([merge for merge in data.merges if merge.segment == merge_of])
        figure.add_trace(go.Scatter(x=xs, y=ys, mode="lines", name=name, line=line, hoverinfo="skip"))
    figure.add_trace(_tops(data))
    figure.add_trace(_bottoms(data))
    figure.add_hline(y=data.cut, line={"color": ACCENT, "width": 2, "dash": "dash"})
    count = counted(len(data.segments), "segment")
    figure.add_annotation(x=1, xref="paper", y=data.cut, xanchor="left", text=f"cut:<br>{count}", showarrow=False, font={"color": ACCENT})
    lay_out(figure, x_title="Segments and their customers", y_title=f"{data.distance} (scaled units)", height=420, showlegend=False)
    texts, turned = _titles(data)
    figure.update_xaxes(
        tickmode="array",
        tickvals=[foot.x for foot in data.segments],
        ticktext=texts,
        tickangle=-90 if turned else 0,
        range=[-0.7, len(data.branches) - 0.3],
        showgrid=False,
    )
    highest = max((merge.height for merge in data.merges), default=0.0)
    figure.update_yaxes(range=[0, 1.12 * highest or 1.0])
    figure.update_layout(margin={"r": 90})
    return figure


def _titles(data: Dendrogram) -> tuple[list[str], bool]:
    """Return the text below each segment and whether to rotate it; with many segments, only their sizes."""
    if len(data.segments) > _MOST_TITLES:
        return [f"{foot.rows:,}" for foot in data.segments], True
    room = min((other.x - one.x for one, other in pairwise(data.segments)), default=len(data.branches)) / len(data.branches)
    titles = [shortened(foot.title, _LONGEST) for foot in data.segments]
    turned = max(len(title) for title in titles) > room * _TITLE_LETTERS
    return [
        plain_text(f"{title}: {foot.rows:,}") if turned else lines_text(title, f"{foot.rows:,}")
        for foot, title in zip(data.segments, titles, strict=True)
    ], turned


def _groups(data: Dendrogram, chosen: int | None) -> list[tuple[int | None, str, dict[str, Any]]]:
    """Return the merges drawn as one line, with the line's name and style; neighbours differ in colour."""
    above: tuple[int | None, str, dict[str, Any]] = (None, "above the cut", {"color": QUIET, "width": 2})
    return [above] + [
        (foot.label, plain_text(foot.title), {"color": _COLOURS[order % len(_COLOURS)], "width": 4 if foot.label == chosen else 2})
        for order, foot in enumerate(data.segments)
    ]


def _brackets(merges: Sequence[Merge]) -> tuple[list[float | None], list[float | None]]:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for merge in merges:
        xs += [merge.left[0], merge.left[0], merge.right[0], merge.right[0], None]
        ys += [merge.left[1], merge.height, merge.height, merge.right[1], None]
    return xs, ys


def _tops(data: Dendrogram) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[merge.x for merge in data.merges],
        y=[merge.height for merge in data.merges],
        mode="markers",
        name="merges",
        marker={"size": 5, "color": QUIET},
        hovertext=[f"{merge.left_rows:,} and {merge.right_rows:,} merge<br>at {number_text(merge.height)}" for merge in data.merges],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _bottoms(data: Dendrogram) -> Any:
    """Return the clickable marks; their ``customdata`` is the segment's label."""
    import plotly.graph_objects as go

    feet = {foot.label: (order, foot) for order, foot in enumerate(data.segments)}
    return go.Scatter(
        x=[branch.x for branch in data.branches],
        y=[0] * len(data.branches),
        customdata=[branch.segment for branch in data.branches],
        mode="markers",
        name="branches",
        cliponaxis=False,
        marker={"size": 8, "symbol": "square", "color": [_COLOURS[feet[branch.segment][0] % len(_COLOURS)] for branch in data.branches]},
        hovertext=[
            lines_text(feet[branch.segment][1].title, f"{branch.rows:,} of its {feet[branch.segment][1].rows:,} customers")
            for branch in data.branches
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def describe_dendrogram(data: Dendrogram) -> str:
    """Describe the cut, its segments, the next merge and the longest stretch without a merge."""
    largest = sorted(data.segments, key=lambda foot: -foot.rows)
    sizes = " / ".join(f"{foot.rows:,}" for foot in largest[:_MOST_SIZES])
    more = f" and {len(largest) - _MOST_SIZES} smaller segments" if len(largest) > _MOST_SIZES else ""
    sentences = [
        f"Cut at a {data.distance} between {number_text(data.cut_low)} and {number_text(data.cut_high)}, the tree has "
        f"{counted(len(data.segments), 'segment')}, with {sizes} customers{more}."
    ]
    above = next((merge for merge in data.merges if merge.segment is None), None)
    if above is not None:
        sentences.append(f"The next merge, at {number_text(above.height)}, joins {above.left_rows:,} and {above.right_rows:,} customers.")
    stretch = _longest_stretch(data)
    if stretch is not None:
        count, low, high = stretch
        sentences.append(
            f"The longest stretch without a merge, from {number_text(low)} to {number_text(high)}, leaves {counted(count, 'segment')}."
        )
    if not data.is_whole:
        sentences.append(f"The last {counted(len(data.merges), 'merge')} are shown; each group below them is drawn as one line.")
    return " ".join(sentences)


def _longest_stretch(data: Dendrogram) -> tuple[int, float, float] | None:
    """Return the number of segments at the widest gap between heights, and the gap; ``None`` if all heights are equal."""
    heights = [merge.height for merge in data.merges]
    gaps = [(high - low, len(heights) - order, low, high) for order, (low, high) in enumerate(pairwise(heights))]
    widest = max(gaps, default=(0.0, 0, 0.0, 0.0))
    return widest[1:] if widest[0] > 0 else None
