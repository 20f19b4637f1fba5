"""Explanation of a solution: the profile of each segment in features, categories and key figures, as one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segcore.errors import ParameterError, StoreError
from segcore.features.assemble import assemble
from segcore.records.estimate import Estimate
from segcore.records.grid import point_key
from segcore.segments.column_shares import ColumnAcross, NumberAcross, ValueShare, columns_across, numbers_across
from segcore.segments.key_figures import KeyFigures, key_figures
from segcore.segments.names import known_names
from segcore.segments.profile import segment_profile
from segcore.segments.records import SegmentProfile, SegmentSummary
from segcore.store.store import Store
from segcore.wording.findings import refusal


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who is in each segment of a solution.

    Parameters
    ----------
    profile : SegmentProfile
        Of the features clustered on.
    columns : tuple of ColumnAcross
        Categories, clustered on or not.
    numbers : tuple of NumberAcross
        Numeric profile columns.
    figures : KeyFigures
    """

    profile: SegmentProfile
    columns: tuple[ColumnAcross, ...]
    numbers: tuple[NumberAcross, ...]
    figures: KeyFigures

    def segments(self, label: int | None = None) -> list[dict[str, Any]]:
        """Return plain values of every segment and of the noise, the largest segment first, or of one of them.

        Raises
        ------
        ParameterError
            If there is no segment with the label.
        """
        everyone = self.profile.everyone()
        if label is not None and label not in {summary.label for summary in everyone}:
            raise ParameterError.unknown("segment", label, [str(summary.label) for summary in everyone])
        return [self._segment(summary) for summary in everyone if label in (None, summary.label)]

    def _segment(self, summary: SegmentSummary) -> dict[str, Any]:
        figures = self.figures.find(summary.label).figures
        return {
            "label": summary.label,
            "name": summary.title,
            "sentence": summary.apart,
            "customers": summary.customers,
            "share": summary.customer_share,
            "features": [*self._features(summary), *self._numbers(summary.label)],
            "categories": [
                _category(across, value, whole.share)
                for across in self.columns
                for group in across.segments
                if group.label == summary.label
                for value, whole in zip(group.values, across.everyone.values, strict=True)
            ],
            "kpi": {
                name: {"value": figure.value, "all": self.figures.everyone.figures[name].value, "share": figure.share}
                for name, figure in figures.items()
            },
        }

    def _features(self, summary: SegmentSummary) -> list[dict[str, Any]]:
        return [
            {
                "name": feature.name,
                "mean": feature.mean,
                "median": feature.median,
                **_difference(feature.difference),
                "compactness": feature.compactness,
                "clustered_on": True,
            }
            for feature in summary.ranked()
        ]

    def _numbers(self, label: int) -> list[dict[str, Any]]:
        return [
            {
                "name": number.column,
                "mean": group.mean,
                "median": group.median,
                **_difference(group.difference),
                "compactness": None,
                "clustered_on": False,
            }
            for number in self.numbers
            for group in number.segments
            if group.label == label
        ]


def _difference(difference: Estimate) -> dict[str, Any]:
    return {"difference": difference.value, "low": difference.low, "high": difference.high}


def _category(across: ColumnAcross, value: ValueShare, overall: float) -> dict[str, Any]:
    return {
        "column": across.column,
        "value": value.value,
        "customers": value.customers,
        "share": value.share,
        "overall": overall,
        "index": value.index.value,
        "low": value.index.low,
        "high": value.index.high,
        "p": value.p,
        "differs": value.differs,
        "by_construction": across.by_construction,
    }


def explain(store: Store, sweep_id: str, position: int) -> Explanation:
    """Explain a solution of a sweep.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no segments.
    """
    sweep, solution = store.sweep(sweep_id), store.solution(sweep_id, position)
    if solution.labels is None:
        raise refusal("export.no_segments", kind=StoreError, point=point_key(solution.params), reason=solution.reason)
    names = known_names(store, sweep, position).names
    table, plan = store.feature_table(sweep.spec.table), sweep.spec.plan
    rows = assemble(table, plan).table
    return Explanation(
        segment_profile(rows, solution, names),
        columns_across(rows, solution, names),
        numbers_across(rows, solution, names),
        key_figures(table, plan, solution, names),
    )
