"""Importance of features: a heat map of the mean absolute SHAP value of each feature in the model of each segment."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np

from segcore.plots.heatmap import UPRIGHT, Cell, HeatMap
from segcore.plots.theme import PlotlyText, axis_titles, in_lines, lines_text, plain_text
from segcore.segments.drivers.records import Drivers
from segcore.wording.numbers import segment_title
from segcore.wording.predictions import LOG_ODDS, pushing_value
from segcore.wording.quotes import visible

MOST_FEATURES = 12
_ARROWS = {"high": " ↑", "low": " ↓"}
_WIDTH, _ONE_LINE = 15, 26  # letters of a segment's name below its column
LONGEST = 34  # letters of a feature's title on an axis
_NOT_PREDICTED = "not predicted"


def importance_data(found: Drivers, names: Mapping[int, str]) -> HeatMap | None:
    """Return the cells: a column per segment, the largest first, and a row per feature, the most important first, at most twelve.

    An arrow says whether high (↑) or low (↓) values speak for the segment. A segment that is not predicted has empty cells. ``None`` if no
    segment is predicted.

    Parameters
    ----------
    found : Drivers
    names : mapping of segment to str
    """
    modelled = [one for one in found.segments if one.contributions is not None]
    explained = {one.label: found.explained(one.label) for one in modelled if one.problem is None}
    if not explained:
        return None
    importance = {label: one.contributions.importance for label, one in explained.items()}
    highest = np.max(list(importance.values()), axis=0)
    shown = np.argsort(-highest, kind="stable")[:MOST_FEATURES].tolist()
    rows = axis_titles([found.features[at].title for at in shown], LONGEST)
    columns = _columns([one.label for one in modelled], names)
    cells = []
    for one in modelled:
        title = segment_title(one.label, names)
        for at, row in zip(shown, rows, strict=True):
            value, text, hover = None, _NOT_PREDICTED, lines_text(title, _NOT_PREDICTED)
            if one.label in explained:
                value, direction = float(importance[one.label][at]), explained[one.label].direction_text(at)
                text = f"{value:.2f}{_ARROWS.get(direction, '')}"
                feature = found.features[at].title
                pushed = f"for it: {pushing_value(feature, direction)}" if direction else ""
                hover = lines_text(title, f"{feature}: {value:.3f} {LOG_ODDS}", pushed)
            cells.append(Cell(columns[one.label], row, value, plain_text(text), hover, one.label, title))
    return HeatMap(
        title=f"Mean absolute SHAP value ({LOG_ODDS})",
        x_title="",
        y_title="Feature",
        columns=tuple(columns.values()),
        rows=tuple(reversed(rows)),
        cells=tuple(cells),
        low=0.0,
        high=float(highest.max()) or 1.0,
        clickable=False,
    )


def _columns(labels: Sequence[int], names: Mapping[int, str]) -> dict[int, PlotlyText]:
    """Return the text below each column, all different."""
    titles = {label: segment_title(label, names) for label in labels}
    if len(labels) > UPRIGHT:
        short = {label: plain_text(textwrap.shorten(visible(title), _ONE_LINE, placeholder="…")) for label, title in titles.items()}
    else:
        short = {label: in_lines(title, _WIDTH) for label, title in titles.items()}
    given = list(short.values())
    return {label: text if given.count(text) == 1 else PlotlyText(f"{text} ({label})") for label, text in short.items()}
