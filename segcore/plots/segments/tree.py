"""Explaining tree: conditions from left to right, segments as its leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.plots.theme import INK, MAIN, QUIET, PlotlyText, lay_out, lines_text, plain_text, shortened
from segcore.segments.rules.condition import NAMES, ColumnTitles
from segcore.segments.rules.tree import Branch, ExplainingTree, Leaf
from segcore.wording.numbers import counted, percent_text, segment_title, share_text
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_LETTERS, _LEAST_LETTERS = 30, 12
_ROW = 54  # pixels between leaves: half of it has room for a condition's text below a leaf's


@dataclass(frozen=True, slots=True)
class TreeMark:
    """A condition or a leaf with its place in the figure.

    Parameters
    ----------
    depth : int
        Conditions above it.
    row : float
        Leaves have 0, 1, 2, … from the top; a condition is in the middle of what follows it.
    above : tuple of float or None
        Row of the condition above it; ``None`` for the first.
    met : bool
        Whether it follows for customers who meet that condition.
    text : str
        Shortened.
    hover : PlotlyText
    is_leaf : bool
    """

    depth: int
    row: float
    above: float | None
    met: bool
    text: str
    hover: PlotlyText
    is_leaf: bool


def tree_data(tree: ExplainingTree, titles: ColumnTitles = NAMES, names: Mapping[int, str] | None = None) -> tuple[TreeMark, ...]:
    """Return the conditions and leaves of a tree with their places, every condition before what follows it.

    Parameters
    ----------
    tree : ExplainingTree
    titles : ColumnTitles
    names : mapping of label to str, or None
        The analyst's names of the segments.
    """
    measured = sum(leaf.customers for leaf in tree.leaves)
    marks: list[TreeMark] = []
    n_leaves = 0

    def place(node: Branch | Leaf, depth: int, *, met: bool) -> float:
        nonlocal n_leaves
        at = len(marks)
        marks.append(TreeMark(depth, 0.0, None, met, "", plain_text(""), is_leaf=False))
        if isinstance(node, Leaf):
            row = float(n_leaves)
            n_leaves += 1
            title = segment_title(node.label, names or {})
            share = percent_text(node.customers / measured) if measured else "0 %"
            right = "" if node.precision.value is None else f", {percent_text(node.precision.value)} right"
            hover = lines_text(title, f"{counted(node.customers, 'customer')} here; of this segment: {share_text(node.precision)}")
            marks[at] = TreeMark(depth, row, None, met, f"{shortened(title, _MOST_LETTERS)} ({share}{right})", hover, is_leaf=True)
            return row
        rows = []
        for part, is_met in ((node.yes, True), (node.no, False)):
            first = len(marks)
            rows.append((first, place(part, depth + 1, met=is_met)))
        row = sum(found for _, found in rows) / 2
        text = visible(node.condition.text(titles))
        marks[at] = TreeMark(depth, row, None, met, f"{_short_condition(text, node.condition.op)}?", plain_text(text), is_leaf=False)
        for first, _ in rows:
            child = marks[first]
            marks[first] = TreeMark(child.depth, child.row, row, child.met, child.text, child.hover, is_leaf=child.is_leaf)
        return row

    place(tree.root, 0, met=True)
    return tuple(marks)


def _short_condition(text: str, op: str) -> str:
    """Shorten the title, because a condition without its number says nothing."""
    title, mark, value = text.rpartition(f" {op} ")
    room = _MOST_LETTERS - len(mark + value)
    return f"{shortened(title, room)}{mark}{value}" if mark and room >= _LEAST_LETTERS else shortened(text, _MOST_LETTERS)


def draw_tree(marks: tuple[TreeMark, ...]) -> Figure:
    """Draw a tree from left to right; solid lines lead to who meets the condition, dotted ones to the others."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for met, dash, name in ((True, "solid", "yes"), (False, "dot", "no")):
        x: list[float | None] = []
        y: list[float | None] = []
        for mark in marks:
            if mark.above is not None and mark.met == met:
                x += [mark.depth - 1, mark.depth - 1, mark.depth, None]
                y += [mark.above, mark.row, mark.row, None]
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line={"color": QUIET, "dash": dash, "width": 1.5}, name=name, hoverinfo="skip"))
    for is_leaf, place in ((False, "top right"), (True, "middle right")):
        chosen = [mark for mark in marks if mark.is_leaf == is_leaf]
        figure.add_trace(
            go.Scatter(
                x=[mark.depth for mark in chosen],
                y=[mark.row for mark in chosen],
                mode="markers+text",
                marker={"color": MAIN if is_leaf else INK, "size": 9 if is_leaf else 6, "symbol": "square" if is_leaf else "circle"},
                text=[plain_text(mark.text) for mark in chosen],
                textposition=place,
                textfont={"color": INK},
                hovertext=[mark.hover for mark in chosen],
                hovertemplate="%{hovertext}<extra></extra>",
                cliponaxis=False,
                showlegend=False,
            )
        )
    n_leaves, depth = sum(mark.is_leaf for mark in marks), max(mark.depth for mark in marks)
    lay_out(figure, x_title="", y_title="", height=70 + _ROW * n_leaves)
    figure.update_xaxes(visible=False, range=[-0.05, depth + 0.6 + 0.35 * max(depth, 1)])
    figure.update_yaxes(visible=False, range=[n_leaves - 0.4, -0.9])
    return figure
