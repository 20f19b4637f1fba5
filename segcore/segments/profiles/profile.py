"""Size, revenue and features of each segment, compared with all customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from segcore.features.assemble import assemble
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.solution import NOISE, Solution
from segcore.segments.profiles.descriptions import sets_apart
from segcore.segments.profiles.differences import Groups
from segcore.segments.profiles.records import FeatureProfile, SegmentProfile, SegmentSummary
from segcore.wording.features import title_of_0
from segcore.wording.findings import refusal
from segcore.wording.numbers import segment_title

_ROUNDING = 1e-12  # of a mean, in standard deviations


def segment_profile(
    table: FeatureTable, solution: Solution, names: Mapping[int, str], *, apart: Mapping[int, str] | None = None
) -> SegmentProfile:
    """Build the profile of every segment of a solution, and of its noise.

    Parameters
    ----------
    table : FeatureTable
        The rows that were clustered, in their order, with the features clustered on, unscaled; or those of `readable_rows`.
    solution : Solution
        With its labels; ``table`` has as many rows.
    names : mapping of label to str
        The analyst's names of the segments.
    apart : mapping of label to str, or None
        Sentences on what sets segments apart, instead of those about their features.

    Raises
    ------
    DataError
        If the solution does not have one label per row.

    Notes
    -----
    Means, medians, differences and counts are over customers (copy 0); compactness is the solution's, over all rows.
    """
    if solution.labels is None or len(solution.labels) != len(table):
        raise refusal("export.no_labels")
    originals = np.asarray(table.copies) == 0
    rows = table if originals.all() else table.take(originals)
    labels = np.asarray(solution.labels)[originals]
    revenue = None if rows.revenue is None else float(rows.revenue.sum())
    known = {entry.name: entry for entry in rows.dictionary}
    entries = [known.get(name) or FeatureEntry(name, name, "", "") for name in rows.names]
    groups = Groups(rows.values, labels)
    found = [label for label in (*solution.segments, NOISE) if (labels == label).any()]
    summaries = [_summary(rows, entries, groups, labels == label, label, solution, names, revenue) for label in found]
    if apart is not None:
        summaries = [replace(summary, apart=apart.get(summary.label, summary.apart)) for summary in summaries]
    noise = next((summary for summary in summaries if summary.label == NOISE), None)
    segments = sorted((summary for summary in summaries if summary.label != NOISE), key=lambda s: (-s.customers, s.label))
    return SegmentProfile(tuple(segments), noise, len(rows), revenue, rows.worth)


def profile_of_every_feature(
    table: FeatureTable, plan: Plan, solution: Solution, names: Mapping[int, str], *, apart: Mapping[int, str] | None = None
) -> SegmentProfile:
    """Build the profile with every feature of the data except vectors; only features that were clustered on have a compactness.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    plan : Plan
        The sweep's.
    solution, names, apart
        See `segment_profile`.
    """
    if solution.labels is None:
        raise refusal("export.no_labels")
    dimensions = table.dimensions
    rows = assemble(table, Plan(tuple(name for name in table.names if name not in dimensions), plan.outliers, seed=plan.seed)).table
    # The copies of a customer are in consecutive rows, the original first.
    return segment_profile(rows, replace(solution, labels=np.asarray(solution.labels)[:: plan.repeats]), names, apart=apart)


def _summary(
    rows: FeatureTable,
    entries: Sequence[FeatureEntry],
    groups: Groups,
    members: np.ndarray,
    label: int,
    solution: Solution,
    names: Mapping[int, str],
    total_revenue: float | None,
) -> SegmentSummary:
    compactness = solution.quality.compactness.get(label, {}) if solution.quality else {}
    group = int(np.searchsorted(groups.labels, label))
    means, medians = groups.means[group], groups.medians[group]
    spread = groups.overall_stds
    # Components have mean 0, but rounding in sums over many customers would be shown as a small number.
    overall = np.where(np.abs(groups.overall_means) < _ROUNDING * spread, 0.0, groups.overall_means)
    differences = groups.differences(label)
    features = tuple(
        FeatureProfile(
            name=entry.name,
            title=entry.title or entry.name,
            unit=entry.unit,
            mean=float(means[i]),
            median=float(medians[i]) if entry.kind == "number" else None,
            population_mean=float(overall[i]),
            population_median=float(groups.overall_medians[i]) if entry.kind == "number" else None,
            compactness=compactness.get(entry.name),
            shift=float((means[i] - overall[i]) / spread[i]) if spread[i] > 0 else None,
            difference=differences[i],
            kind=entry.kind,
            block=entry.block,
            other=title_of_0(rows, entry),
        )
        for i, entry in enumerate(entries)
    )
    revenue = None if rows.revenue is None else float(rows.revenue[members].sum())
    return SegmentSummary(
        label=label,
        title=segment_title(label, names),
        customers=int(members.sum()),
        customer_share=float(members.mean()),
        revenue=revenue,
        revenue_share=revenue / total_revenue if revenue is not None and total_revenue is not None and total_revenue > 0 else None,
        features=features,
        apart=sets_apart(features),
    )
