"""Profile of a segment: plain numbers and one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segcore.records.feature_table import FeatureKind


@dataclass(frozen=True, slots=True)
class FeatureProfile:
    """One feature within one segment, in the feature's own unit.

    Parameters
    ----------
    name, title, unit : str
        As in the data dictionary.
    mean, population_mean : float
        Of a binary feature or a dummy: the share of the customers that have it.
    median, population_median : float or None
        ``None`` for binary features and dummies, whose median is 0 or 1.
    compactness : float or None
        ``1 - std within / std overall`` as the solution's quality has it; ``None`` for noise, one-member segments, constant features.
    shift : float or None
        ``(mean - population mean) / population std`` (ddof 0); ``None`` for constant features.
    kind : {"number", "binary", "dummy"}
    block : str
        The column whose dummies this is one of; "" for features that stand alone.
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
    kind: FeatureKind = "number"
    block: str = ""

    @property
    def is_share(self) -> bool:
        """Tell whether customers have it or have it not, so that its mean is the share that do."""
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
        Of the customers that were clustered, 0 to 1.
    revenue, revenue_share : float or None
        Net revenue, and its share of the clustered customers' net revenue; ``None`` where the data have none, the share also where
        the total is not positive.
    features : tuple of FeatureProfile
        In the table's order.
    apart : str
        What sets it apart, one sentence.
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
        """Return the features, the most compact first, those without a compactness last; of equally compact ones the most shifted."""

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
    """

    segments: tuple[SegmentSummary, ...]
    noise: SegmentSummary | None
    customers: int
    revenue: float | None

    def everyone(self) -> tuple[SegmentSummary, ...]:
        """Return the segments, and the noise where there is some."""
        return (*self.segments, self.noise) if self.noise else self.segments

    def find(self, label: int) -> SegmentSummary:
        """Return the segment with a label; the first one where it has none of that label."""
        return next((summary for summary in self.everyone() if summary.label == label), self.everyone()[0])
