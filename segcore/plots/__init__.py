"""Figures, one family a file: a function that gives the data, one that draws them, and one that says them in words.

Nothing is clustered or measured here. Every mark of a grid point carries the point's position in the sweep as ``customdata``.
"""

from segcore.plots.points import METRICS, Metric, PointRow, metric, point_rows, point_table

__all__ = ["METRICS", "Metric", "PointRow", "metric", "point_rows", "point_table"]
