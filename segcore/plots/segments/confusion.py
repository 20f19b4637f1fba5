"""Segments predicted by naive Bayes against the actual ones: a heat map of counts, coloured by their share of the actual segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from segcore.plots.heatmap import MOST_TEXTS, Cell, HeatMap, draw_map
from segcore.plots.theme import axis_titles, lines_text, plain_text
from segcore.records.solution import NOISE
from segcore.segments.validation import Validation
from segcore.wording.numbers import counted, listed, percent_text, segment_title, share_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_LONGEST = 22  # letters of a segment's name on an axis
_MOST_SHARES = 8  # segments up to which a cell has room for its count and its share
_MOST_TITLED = 60  # segments up to which each row has room for its title
_MOST_WORDS = 3


def ordered_titles(found: Validation, names: Mapping[int, str]) -> tuple[list[int], list[str]]:
    """Return the places of the labels, the largest segment first and the noise last, and each one's title; no two are the same."""
    sizes = found.matrix.sum(axis=1)
    order = sorted(range(len(found.labels)), key=lambda place: (found.labels[place] == NOISE, -sizes[place], place))
    titles = [segment_title(found.labels[place], names) for place in order]
    counts = Counter(titles)
    return order, [title if counts[title] == 1 else f"{title} ({found.labels[place]})" for place, title in zip(order, titles, strict=True)]


def confusion_data(found: Validation, names: Mapping[int, str]) -> HeatMap:
    """Return the cells: a row per actual segment, the largest at the top, and a column per predicted one.

    Parameters
    ----------
    found : Validation
    names : mapping of int to str
        The analyst's names of segments.
    """
    order, titles = ordered_titles(found, names)
    matrix = found.matrix[np.ix_(order, order)]
    axis = axis_titles(titles, _LONGEST)
    cells = [
        _cell(int(matrix[row, column]), int(matrix[row].sum()), (row, column), (axis, titles), found.labels[order[row]])
        for row in range(len(order))
        for column in range(len(order))
    ]
    return HeatMap(
        title="Share of the actual segment (%)",
        x_title="Predicted segment",
        y_title="Actual segment",
        columns=tuple(plain_text(title) for title in axis),
        rows=tuple(reversed(axis)),
        cells=tuple(cells),
        low=0.0,
        high=100.0,
        clickable=False,
    )


def _cell(count: int, size: int, place: tuple[int, int], labels: tuple[list[str], list[str]], mark: int) -> Cell:
    (row, column), (axis, titles) = place, labels
    share = percent_text(count / size)
    text = lines_text(*([f"{count:,}", share] if len(axis) <= _MOST_SHARES else [f"{count:,}"]) if count else ())
    predicted = "predicted correctly" if row == column else f"predicted as {titles[column]}"
    hover = lines_text(titles[row], f"{count:,} of {counted(size, 'customer')} ({share}) {predicted}")
    return Cell(plain_text(axis[column]), axis[row], 100 * count / size, text, hover, mark=mark, place=titles[row])


def draw_confusion(data: HeatMap) -> Figure:
    """Draw the cells: with count and share for few segments, with the count for more, and without texts for very many."""
    n = len(data.rows)
    tall = 46 if n <= _MOST_SHARES else 30 if len(data.cells) <= MOST_TEXTS else 17
    figure = draw_map(data, height=130 + max(tall * min(n, _MOST_TITLED), 90))
    figure.update_xaxes(range=[-0.5, n - 0.5])
    # Plotly thins out titles long before they touch.
    figure.update_yaxes(range=[-0.5, n - 0.5], dtick=1 if n <= _MOST_TITLED else None)
    return figure


def describe_confusion(found: Validation, names: Mapping[int, str]) -> str:
    """Return in words which segment is predicted best and worst, and which are confused most."""
    order, titles = ordered_titles(found, names)
    matrix, recalls = found.matrix[np.ix_(order, order)], [found.recalls[place] for place in order]
    shares = [recall.value or 0.0 for recall in recalls]
    best, worst = int(np.argmax(shares)), int(np.argmin(shares))
    if shares[worst] == 1:
        return "Every customer is predicted correctly."
    well, badly = (f"“{titles[place]}”, {share_text(recalls[place])}" for place in (best, worst))
    text = f"Predicted best: {well} correctly; worst: {badly}."
    confused = matrix - np.diag(matrix.diagonal())
    largest = np.argsort(-confused, axis=None, kind="stable")[:_MOST_WORDS]
    words = [
        f"“{titles[row]}” as “{titles[column]}” ({counted(int(confused[row, column]), 'customer')}, {percent_text(part)})"
        for row, column in (divmod(int(place), len(order)) for place in largest)
        if (part := confused[row, column] / matrix[row].sum())
    ]
    return f"{text} Most often confused: {listed(words)}."
