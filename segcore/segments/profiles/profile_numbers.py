"""Numeric profile columns in each segment: medians, means and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from segcore.records.estimate import Estimate
from segcore.records.feature_table import FeatureTable
from segcore.records.solution import Solution
from segcore.segments.profiles.column_shares import is_category
from segcore.segments.profiles.differences import Groups
from segcore.segments.profiles.records import FeatureProfile
from segcore.segments.profiles.segment_order import SegmentOrder
from segcore.system.cores import in_threads


@dataclass(frozen=True, slots=True)
class NumberGroup:
    """A numeric column in one segment, in the noise, or among all customers.

    Parameters
    ----------
    label : int or None
        ``None`` means all customers.
    title : str
    customers : int
        Customers with a value.
    median, mean : float or None
        ``None`` if no customer has a value.
    difference : Estimate
        Difference of the mean from that of all other customers: see `Groups.differences`. Undefined for all customers.
    """

    label: int | None
    title: str
    customers: int
    median: float | None
    mean: float | None
    difference: Estimate


@dataclass(frozen=True, slots=True)
class NumberAcross:
    """A numeric profile column in all segments.

    Parameters
    ----------
    column : str
    everyone : NumberGroup
    segments : tuple of NumberGroup
        The largest segment first, the noise last.
    """

    column: str
    everyone: NumberGroup
    segments: tuple[NumberGroup, ...]

    def in_segment(self, label: int) -> FeatureProfile | None:
        """Return the column in one segment in the form of a feature's profile; ``None`` if no customer of the segment has a value."""
        group = next(group for group in self.segments if group.label == label)
        if group.mean is None or self.everyone.mean is None:
            return None
        return FeatureProfile(
            name=self.column,
            title=self.column,
            unit="",
            mean=group.mean,
            median=group.median,
            population_mean=self.everyone.mean,
            population_median=self.everyone.median,
            compactness=None,
            shift=None,
            difference=group.difference,
        )


def numbers_across(table: FeatureTable, solution: Solution, names: Mapping[int, str]) -> tuple[NumberAcross, ...]:
    """Describe, by segment, every numeric profile column with too many values for a category; copies are left out."""
    originals = np.asarray(table.copies) == 0
    order = SegmentOrder.of(np.asarray(solution.labels)[originals], names)
    columns = [(name, values[originals]) for name, values in table.profile.items() if not is_category(values)]
    return tuple(in_threads([partial(_number, name, values, order) for name, values in columns]))


def _number(name: str, values: np.ndarray, order: SegmentOrder) -> NumberAcross:
    there = ~np.isnan(values)
    if not there.any():
        nobody = Estimate.undefined("No customer has a value.")
        blank = [NumberGroup(label, title, 0, None, None, nobody) for label, title in zip(order.labels, order.titles, strict=True)]
        return NumberAcross(name, NumberGroup(None, "All customers", 0, None, None, nobody), tuple(blank))
    spread = Groups(values[there, None], order.place[there])
    segments = []
    for group, (label, title) in enumerate(zip(order.labels, order.titles, strict=True)):
        at = np.flatnonzero(spread.labels == group)
        if not len(at):
            segments.append(NumberGroup(label, title, 0, None, None, Estimate.undefined("No customer of it has a value.")))
            continue
        median, mean = float(spread.medians[at[0], 0]), float(spread.means[at[0], 0])
        segments.append(NumberGroup(label, title, int(spread.customers[at[0]]), median, mean, *spread.differences(group)))
    alone = Estimate.undefined("All customers are compared with nobody else.")
    median, mean = float(spread.overall_medians[0]), float(spread.overall_means[0])
    return NumberAcross(name, NumberGroup(None, "All customers", int(there.sum()), median, mean, alone), tuple(segments))
