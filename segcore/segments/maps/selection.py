"""Customers inside a region of a map, and who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segcore.errors import ParameterError
from segcore.records.feature_table import FeatureTable
from segcore.records.solution import Solution
from segcore.segments.profiles.profile import segment_profile
from segcore.segments.profiles.records import SegmentSummary
from segcore.segments.profiles.segment_order import SegmentOrder
from segcore.segments.rules.condition import NAMES, ColumnTitles
from segcore.segments.rules.definition import rules_of
from segcore.segments.rules.rule import SegmentRules
from segcore.wording.findings import refusal
from segcore.wording.numbers import share_text

Polygon = Sequence[tuple[float, float]] | np.ndarray
_SELECTED = 1


def inside(places: np.ndarray, polygon: Polygon) -> np.ndarray:
    """Return which positions are inside a polygon, shape (n_customers,), bool.

    Parameters
    ----------
    places : ndarray of shape (n_customers, 2), float64
    polygon : sequence of (x, y)
        At least three corners; the last is joined to the first. In a polygon that crosses itself, positions enclosed an odd number of times
        are inside.

    Raises
    ------
    ParameterError
        If there are fewer than three corners, or a corner is not two finite numbers.

    References
    ----------
    Shimrat (1962), Communications of the ACM 5, algorithm 112.
    """
    try:
        corners = np.asarray(polygon, dtype=np.float64)
    except (TypeError, ValueError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise refusal("map.bad_polygon", kind=ParameterError)
    found = np.zeros(len(places), dtype=bool)
    near = np.flatnonzero(((places >= corners.min(axis=0)) & (places <= corners.max(axis=0))).all(axis=1))
    x, y = places[near].T
    within = np.zeros(len(near), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            within ^= ((y0 > y) != (y1 > y)) & (x < x0 + (x1 - x0) * ((y - y0) / (y1 - y0)))
    found[near] = within
    return found


@dataclass(frozen=True, slots=True, eq=False)
class SelectedCustomers:
    """Customers who were selected on a map.

    Parameters
    ----------
    segments : tuple of (title, selected, of the segment)
        The segments of the selected customers, with the number selected and the size of each; the largest segment first.
    summary : SegmentSummary
        Their number, share, and features compared with all customers.
    """

    segments: tuple[tuple[str, int, int], ...]
    summary: SegmentSummary


def describe_selection(rows: FeatureTable, labels: np.ndarray, names: Mapping[int, str], selected: np.ndarray) -> SelectedCustomers:
    """Describe some of the clustered customers.

    Parameters
    ----------
    rows : FeatureTable
        The rows that were clustered, with the features that explain them: see `segcore.features.assemble.readable_rows`.
    labels : ndarray of shape (n_customers,), int
        Segments, each customer once.
    names : mapping of segment to str
    selected : ndarray of shape (n_customers,), bool
        At least one.
    """
    order = SegmentOrder.of(labels, names)
    sizes = np.bincount(order.place, minlength=len(order.labels))
    chosen = np.bincount(order.place[selected], minlength=len(order.labels))
    segments = tuple((title, int(of_them), int(size)) for title, of_them, size in zip(order.titles, chosen, sizes, strict=True) if of_them)
    profile = segment_profile(_once(rows), _as_segment(selected), {_SELECTED: "Selected customers", 0: "All others"})
    return SelectedCustomers(segments, profile.find(_SELECTED))


def find_selection_rule(rows: FeatureTable, selected: np.ndarray) -> SegmentRules:
    """Find the shortest rule for the selected customers, as for a segment; see `describe_selection` for the parameters."""
    return next(rules for rules in rules_of(_once(rows), _as_segment(selected)) if rules.label == _SELECTED)


def selection_sentence(found: SegmentRules, titles: ColumnTitles = NAMES) -> str:
    """Return what the rule for the selected customers finds, or why there is no rule, in words."""
    if found.chosen is None:
        return "No rule of up to three conditions finds the selected customers well enough: 70 % of them with a precision of 70 %."
    rule, coverage, precision = found.chosen.text(titles), share_text(found.chosen.coverage), share_text(found.chosen.precision)
    return f"{coverage} of the selected customers are found by {rule}; {precision} of those found were selected."


def _once(rows: FeatureTable) -> FeatureTable:
    originals = np.asarray(rows.copies) == 0
    return rows if originals.all() else rows.take(originals)


def _as_segment(selected: np.ndarray) -> Solution:
    return Solution.from_labels(selected.astype(np.int32), params={}, engine="stock", evidence="", seed=0)
