"""Tree of who moves between segments as their number grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.plots.theme import ACCENT, QUIET, SEQUENTIAL, colour_scale, lay_out
from segcore.records.grid import axes_of
from segcore.records.solution import NOISE
from segcore.records.sweep import Sweep
from segcore.sweeps.points import axis_title, point_rows
from segcore.wording.numbers import counted, percent_text, two_decimals

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_LEAST_SHARE = 0.08
"""Moves of a smaller share of both segments are not drawn."""
_WIDTHS = 8
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Node:
    """One segment of one solution.

    Parameters
    ----------
    position : int
        Of the solution.
    size : int
        The solution's value of the main parameter.
    label, customers : int
        Of the segment.
    x : float
        Its place from left to right, 0 to 1.
    stability : float or None
    """

    position: int
    size: int
    label: int
    customers: int
    x: float
    stability: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """Customers that two successive solutions have in a pair of segments: the nodes' places in ``MoveTree.nodes``, and their number."""

    above: int
    below: int
    customers: int


@dataclass(frozen=True, slots=True)
class MoveTree:
    """The segments of successive solutions, and the customers that they share.

    Parameters
    ----------
    axis : str
        Title of the axis of the main parameter.
    nodes : tuple of Node
    moves : tuple of Move
        The smallest ones are left out.
    n_customers : int
    """

    axis: str
    nodes: tuple[Node, ...]
    moves: tuple[Move, ...]
    n_customers: int


def path_positions(sweep: Sweep, chosen: int) -> list[int]:
    """Return the positions of the solutions that differ from the chosen one only in the number of segments, ascending.

    Empty if the algorithm has no such parameter, or fewer than two of them have segments.
    """
    size = algorithm(sweep.spec.algorithm).judging.size
    points = sweep.spec.points
    if not size or len(axes_of(points).get(size, ())) < 2:
        return []
    others = {name: value for name, value in points[chosen].items() if name != size}
    same = [
        position
        for position, point in enumerate(points)
        if {name: value for name, value in point.items() if name != size} == others
        and (solution := sweep.solutions[position]) is not None
        and solution.status == "ok"
        and solution.n_segments
    ]
    return sorted(same, key=lambda position: points[position][size]) if len(same) > 1 else []


def move_tree(sweep: Sweep, labels: Mapping[int, np.ndarray]) -> MoveTree:
    """Return the tree of the solutions whose labels are given.

    Parameters
    ----------
    sweep : Sweep
    labels : mapping of position to ndarray of shape (n_customers,), int
        In the order of the number of segments.

    Notes
    -----
    Segments are placed by the mean place of those that share their customers, downwards and upwards in turn, which leaves few crossings.

    References
    ----------
    Zappia and Oshlack (2018), "Clustering trees", GigaScience 7: the figure. Sugiyama et al. (1981): the placing.
    """
    spec = algorithm(sweep.spec.algorithm)
    size, evidence = spec.judging.size, sweep.evidence
    levels: list[list[Node]] = []
    for position, found in labels.items():
        counts = np.bincount(found[found != NOISE])
        point = evidence.points[position] if evidence is not None and evidence.points else None
        steady = point.stability.segments if point is not None and point.stability is not None else {}
        levels.append(
            [
                Node(
                    position,
                    int(sweep.spec.points[position][size]),
                    int(label),
                    int(counts[label]),
                    0.0,
                    steady[int(label)].jaccard if int(label) in steady else None,
                )
                for label in np.flatnonzero(counts)
            ]
        )
    tables = [_shared(above, below) for above, below in zip(list(labels.values())[:-1], list(labels.values())[1:], strict=True)]
    placed = _placed(levels, tables)
    nodes = tuple(node for level in placed for node in level)
    place = {(node.position, node.label): index for index, node in enumerate(nodes)}
    n = len(next(iter(labels.values())))
    moves = []
    for above, below, table in zip(placed[:-1], placed[1:], tables, strict=True):
        for a in above:
            for b in below:
                customers = int(table[a.label, b.label]) if a.label < table.shape[0] and b.label < table.shape[1] else 0
                if customers >= max(1, _LEAST_SHARE * min(a.customers, b.customers)):
                    moves.append(Move(place[a.position, a.label], place[b.position, b.label], customers))
    return MoveTree(axis_title(sweep.spec.algorithm, size), nodes, tuple(moves), n)


def _shared(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return how many customers each pair of segments shares, shape (labels above, labels below)."""
    both = (above != NOISE) & (below != NOISE)
    rows, columns = int(above.max(initial=NOISE)) + 1, int(below.max(initial=NOISE)) + 1
    codes = above[both].astype(np.int64) * columns + below[both]
    return np.bincount(codes, minlength=rows * columns).reshape(rows, columns)


def _placed(levels: Sequence[list[Node]], tables: Sequence[np.ndarray]) -> list[list[Node]]:
    placed = [_in_order(level, [float(-node.customers) for node in level]) for level in levels]
    for _ in range(_SWEEPS):
        for index in range(1, len(placed)):
            placed[index] = _in_order(placed[index], _pulled(placed[index], placed[index - 1], tables[index - 1].T))
        for index in range(len(placed) - 2, -1, -1):
            placed[index] = _in_order(placed[index], _pulled(placed[index], placed[index + 1], tables[index]))
    return placed


def _pulled(level: Sequence[Node], other: Sequence[Node], table: np.ndarray) -> list[float]:
    """Return the mean place of the other level's nodes, weighted by the customers shared; ``table`` has this level's labels as rows."""
    found = []
    for node in level:
        weights = [float(table[node.label, each.label]) for each in other]
        total = sum(weights)
        found.append(sum(weight * each.x for weight, each in zip(weights, other, strict=True)) / total if total else node.x)
    return found


def _in_order(level: Sequence[Node], keys: Sequence[float]) -> list[Node]:
    order = sorted(range(len(level)), key=lambda index: (keys[index], -level[index].customers, level[index].label))
    return [replace(level[index], x=(place + 0.5) / len(level)) for place, index in enumerate(order)]


def draw_move_tree(tree: MoveTree, *, chosen: int | None = None) -> Figure:
    """Draw the tree from top to bottom: dots as large as the segments, lines as wide as the customers shared; a click chooses."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for width in range(1, _WIDTHS + 1):
        xs: list[float | None] = []
        ys: list[int | None] = []
        for move in tree.moves:
            if _width(move, tree) == width:
                above, below = tree.nodes[move.above], tree.nodes[move.below]
                xs += [above.x, below.x, None]
                ys += [above.size, below.size, None]
        if xs:
            line = {"width": 1.5 * width, "color": "rgba(138,143,152,0.45)"}
            figure.add_scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip", showlegend=False)
    stable = any(node.stability is not None for node in tree.nodes)
    figure.add_trace(
        go.Scatter(
            x=[node.x for node in tree.nodes],
            y=[node.size for node in tree.nodes],
            customdata=[node.position for node in tree.nodes],
            mode="markers",
            marker={
                "size": [10 + 34 * (node.customers / tree.n_customers) ** 0.5 for node in tree.nodes],
                "color": [node.stability if node.stability is not None else 0.0 for node in tree.nodes] if stable else SEQUENTIAL[3],
                "colorscale": colour_scale(SEQUENTIAL),
                "cmin": 0.0,
                "cmax": 1.0,
                "opacity": 1,
                "line": {
                    "width": [4 if node.position == chosen else 1 for node in tree.nodes],
                    "color": [ACCENT if node.position == chosen else QUIET for node in tree.nodes],
                },
                "colorbar": {"title": {"text": "Stability"}, "thickness": 10, "len": 0.7} if stable else None,
                "showscale": stable,
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            text=[_hover(node, tree) for node in tree.nodes],
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    )
    sizes = sorted({node.size for node in tree.nodes})
    lay_out(figure, x_title="", y_title=tree.axis, height=140 + 52 * len(sizes))
    figure.update_xaxes(range=[0, 1], showgrid=False, showticklabels=False)
    figure.update_yaxes(tickmode="array", tickvals=sizes, range=[sizes[-1] + 0.7, sizes[0] - 0.7], showgrid=False)
    return figure


def _width(move: Move, tree: MoveTree) -> int:
    return max(1, round(_WIDTHS * (move.customers / tree.n_customers) ** 0.5))


def _hover(node: Node, tree: MoveTree) -> str:
    steady = f"<br>stability {two_decimals(node.stability)}" if node.stability is not None else ""
    size = f"{counted(node.customers, 'customer')} ({percent_text(node.customers / tree.n_customers)})"
    return f"{tree.axis}: {node.size}<br>segment {node.label}: {size}{steady}<br><i>click to choose</i>"


def describe_moves(sweep: Sweep, tree: MoveTree) -> str:
    """Describe the tree in words: at which step most customers change between segments that do not simply split."""
    rows = {row.position: row.label for row in point_rows(sweep)}
    stays: dict[tuple[int, int], int] = {}
    for index, node in enumerate(tree.nodes):
        into = [move.customers for move in tree.moves if move.below == index]
        if into:
            above = next(tree.nodes[move.above].position for move in tree.moves if move.below == index)
            key = (above, node.position)
            stays[key] = stays.get(key, 0) + max(into)
    if not stays:
        return ""
    (above, below), most = min(stays.items(), key=lambda item: item[1])
    how = "Each row is one solution, each dot a segment; a segment that only splits has one line from above."
    moved = 1 - most / sum(node.customers for node in tree.nodes if node.position == below)
    if moved <= 0:
        return f"{how} Here segments only split."
    step = f"The most customers move between {rows[above]} and {rows[below]}"
    return f"{how} {step}: {percent_text(moved)} come from another segment than most customers of their new one."
