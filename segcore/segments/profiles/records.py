"""Profile of a segment: plain numbers and one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segcore.records.estimate import Estimate
from segcore.records.feature_table import FeatureKind


@dataclass(frozen=True, slots=True)
class FeatureProfile:
    """One feature within one segment, in the feature's own unit.

    Parameters
    ----------
    name, title, unit : str
        As in the data dictionary.
    mean, population_mean : float
        For a binary feature or a dummy, the share of the customers that have it.
    median, population_median : float or None
        ``None`` for binary features and dummies, whose median is 0 or 1.
    compactness : float or None
        ``1 - std within / std overall`` from the solution's quality; ``None`` for noise, one-member segments, constant features.
    shift : float or None
        ``(mean - population mean) / population std`` (ddof 0); ``None`` for constant features.
    difference : Estimate
        ``(mean - mean of all other customers) / population std`` with its interval: see `Groups.differences`.
    kind : {"number", "binary", "dummy"}
    block : str
        The column that this dummy belongs to; "" for other features.
    other : str
        Meaning of 0 in a column with two values: "loan: no"; "" for other features.
    """

    name: str
    title: str
    unit: str
    mean: float
    median: float | None
    population_mean: float
    population_median: float | None
    compactness: float | None
    shift: float | None
    difference: Estimate
    kind: FeatureKind = "number"
    block: str = ""
    other: str = ""

    @property
    def is_share(self) -> bool:
        """Tell whether the feature is 0 or 1, so that its mean is the share of customers that have it."""
        return self.kind != "number"


@dataclass(frozen=True, slots=True)
class SegmentSummary:
    """One segment, or the noise.

    Parameters
    ----------
    label : int
        ``-1`` for noise.
    title : str
        The analyst's name, or the number.
    customers : int
        Copies not counted.
    customer_share : float
        Share of the clustered customers, 0 to 1.
    revenue, revenue_share : float or None
        Net revenue, and its share of the clustered customers' net revenue, or the same for a customer table's value column; ``None``
        without such data. The share is also ``None`` if the total is not positive.
    features : tuple of FeatureProfile
        In the table's order.
    apart : str
        One sentence on what sets it apart.
    """

    label: int
    title: str
    customers: int
    customer_share: float
    revenue: float | None
    revenue_share: float | None
    features: tuple[FeatureProfile, ...]
    apart: str

    def ranked(self) -> tuple[FeatureProfile, ...]:
        """Return the features by descending compactness, then by descending shift; those without a compactness come last."""

        def rank(feature: FeatureProfile) -> tuple[float, float]:
            return (-math.inf if feature.compactness is None else feature.compactness, abs(feature.shift or 0.0))

        return tuple(sorted(self.features, key=rank, reverse=True))


@dataclass(frozen=True, slots=True)
class SegmentProfile:
    """All segments of a solution.

    Parameters
    ----------
    segments : tuple of SegmentSummary
        The largest first; equal sizes by label.
    noise : SegmentSummary or None
    customers : int
        Clustered customers, copies not counted.
    revenue : float or None
        Their net revenue.
    worth : str
        Meaning of ``revenue``, in words: see ``FeatureTable``.
    """

    segments: tuple[SegmentSummary, ...]
    noise: SegmentSummary | None
    customers: int
    revenue: float | None
    worth: str = "revenue"

    def everyone(self) -> tuple[SegmentSummary, ...]:
        """Return the segments, followed by the noise if there is any."""
        return (*self.segments, self.noise) if self.noise else self.segments

    def find(self, label: int) -> SegmentSummary:
        """Return the segment with a label, or the first segment if there is none."""
        return next((summary for summary in self.everyone() if summary.label == label), self.everyone()[0])
