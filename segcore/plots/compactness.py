"""Heat maps of feature compactness: for every solution of a sweep, and for every segment of one solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segcore.plots.heatmap import Cell, HeatMap, row_titles, value_range
from segcore.plots.theme import lines_text, plain_text
from segcore.records.sweep import Sweep
from segcore.sweeps.points import PointRow, point_rows, points_axis
from segcore.wording.numbers import two_decimals


def compactness_map_data(sweep: Sweep, titles: Mapping[str, str] | None = None, features: Sequence[str] | None = None) -> HeatMap:
    """Return each feature's mean compactness in each solution: one row per feature, one column per solution.

    Parameters
    ----------
    sweep : Sweep
    titles : mapping of feature name to its title on screen
    features : sequence of str or None
        Those to show, which were clustered on; ``None`` shows all.
    """
    rows = point_rows(sweep)
    titles = titles or {}
    features = sweep.spec.plan.features if features is None else features
    axis = row_titles(features, titles)
    cells = tuple(
        Cell(
            column=plain_text(row.tick),
            row=axis[feature],
            value=row.compactness.get(feature),
            text=plain_text(_text(row, feature)),
            hover=lines_text(row.label, f"{titles.get(feature, feature)}: {_text(row, feature)}"),
            mark=row.position,
            place=row.label,
        )
        for row in rows
        for feature in features
    )
    low, high = value_range("compactness", [cell.value for cell in cells if cell.value is not None])
    return HeatMap(
        title="Mean compactness",
        x_title=points_axis(sweep),
        y_title="Feature",
        columns=tuple(plain_text(row.tick) for row in rows),
        rows=tuple(axis[feature] for feature in reversed(features)),
        cells=cells,
        low=low,
        high=max(high, 0.01),
    )


def segment_map_data(
    compactness: Sequence[tuple[int, str, Mapping[str, float | None]]], features: Sequence[str], titles: Mapping[str, str] | None = None
) -> HeatMap:
    """Return the compactness of each feature in each segment of one solution.

    Parameters
    ----------
    compactness : sequence of (label, title, {feature: compactness})
        In the order to show.
    features : sequence of str
    titles : mapping of feature name to its title on screen
    """
    titles = titles or {}
    columns = _distinct([title for _, title, _ in compactness], [label for label, _, _ in compactness])
    axis = row_titles(features, titles)
    cells = tuple(
        Cell(
            column=plain_text(column),
            row=axis[feature],
            value=values.get(feature),
            text=plain_text(two_decimals(values.get(feature))),
            hover=lines_text(column, f"{titles.get(feature, feature)}: {two_decimals(values.get(feature))}"),
            mark=label,
            place=column,
        )
        for column, (label, _, values) in zip(columns, compactness, strict=True)
        for feature in features
    )
    low, high = value_range("compactness", [cell.value for cell in cells if cell.value is not None])
    return HeatMap(
        title="Compactness",
        x_title="Segment",
        y_title="Feature",
        columns=tuple(plain_text(column) for column in columns),
        rows=tuple(axis[feature] for feature in reversed(features)),
        cells=cells,
        low=low,
        high=high,
        clickable=False,
    )


def _text(row: PointRow, feature: str) -> str:
    """Return a cell's text: the number, a dash where it is undefined, or the reason if the solution has no compactness at all."""
    return row.gap or "–" if row.mean_compactness is None else two_decimals(row.compactness.get(feature))


def _distinct(titles: list[str], labels: list[int]) -> list[str]:
    """Add the label to titles that occur twice: a category axis would draw them on top of each other."""
    return [f"{title} ({label})" if titles.count(title) > 1 else title for title, label in zip(titles, labels, strict=True)]
