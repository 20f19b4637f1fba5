"""Strip of the stability of every segment of every solution."""

from __future__ import annotations

from segcore.clustering.recommend import FOUND_AGAIN, USEFUL
from segcore.plots.heatmap import Cell, HeatMap
from segcore.plots.theme import lines_text, plain_text
from segcore.records.sweep import Sweep
from segcore.sweeps.points import PointRow, point_rows, points_axis
from segcore.wording.numbers import counted, two_decimals

MOST_SEGMENTS = 12
"""Segments that are shown of a solution with more: its largest ones."""


def stability_map_data(sweep: Sweep) -> HeatMap | None:
    """Return the mean Jaccard index of each segment in each solution, the largest segment at the bottom; None before it is measured.

    Segments beyond the twelve largest are left out.
    """
    evidence = sweep.evidence
    if evidence is None or not any(point.stability for point in evidence.points):
        return None
    rows = point_rows(sweep)
    cells: list[Cell] = []
    for row, point, solution in zip(rows, evidence.points, sweep.solutions, strict=True):
        if solution is None or point.stability is None:
            continue
        by_size = sorted(zip(solution.sizes, solution.segments, strict=True), key=lambda pair: (-pair[0], pair[1]))
        for place, (size, segment) in enumerate(by_size[:MOST_SEGMENTS], start=1):
            cells.append(_cell(row, place, size, point.stability.segments[segment].jaccard))
    most = max((int(cell.row) for cell in cells), default=1)
    return HeatMap(
        title="Stability",
        x_title=points_axis(sweep),
        y_title="Segment, largest = 1",
        columns=tuple(plain_text(row.tick) for row in rows),
        rows=tuple(str(place) for place in range(1, most + 1)),
        cells=tuple(cells),
        low=0.0,
        high=1.0,
    )


def _cell(row: PointRow, place: int, size: int, jaccard: float) -> Cell:
    return Cell(
        column=plain_text(row.tick),
        row=str(place),
        value=jaccard,
        text=plain_text(two_decimals(jaccard)),
        hover=lines_text(row.label, f"segment {place} by size: {counted(size, 'customer')}", f"stability {two_decimals(jaccard)}"),
        mark=row.position,
        place=row.label,
    )


def describe_stability(sweep: Sweep) -> str:
    """Describe the strip in words and numbers."""
    evidence = sweep.evidence
    if evidence is None:
        return ""
    least = [
        (point.least_stability, row.label)
        for row, point in zip(point_rows(sweep), evidence.points, strict=True)
        if point.least_stability is not None
    ]
    if not least:
        return "No solution has a stability yet."
    value, label = max(least)
    is_subset = any(point.stability is not None and point.stability.scheme == "subset" for point in evidence.points)
    halves = (
        f" Each is a random half, at most 20,000; the limits {USEFUL} and {FOUND_AGAIN} were proposed for larger draws."
        if is_subset
        else ""
    )
    good = sum(stability >= FOUND_AGAIN for stability, _ in least)
    return (
        f"The least stable segment is most stable, {two_decimals(value)}, at {label}. "
        f"All segments have at least {FOUND_AGAIN} in {good} of {counted(len(least), 'solution')}. "
        f"Measured on {counted(evidence.resamples, 'resample')} of the customers.{halves}"
    )
