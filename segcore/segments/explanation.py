"""Explanation of a solution: the profile of each segment in features, categories and key figures, as one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segcore.errors import DataError, ParameterError
from segcore.features.assemble import assemble, kept_customers, readable_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.solution import Solution
from segcore.records.sweep import SweepSpec
from segcore.segments.likes import apart_by_likes
from segcore.segments.names import known_names
from segcore.segments.profiles.column_shares import ColumnAcross, ValueShare, columns_across
from segcore.segments.profiles.key_figures import KeyFigures, key_figures
from segcore.segments.profiles.profile import segment_profile
from segcore.segments.profiles.profile_numbers import NumberAcross, NumberGroup, numbers_across
from segcore.segments.profiles.records import FeatureProfile, SegmentProfile, SegmentSummary
from segcore.segments.profiles.segment_order import SegmentOrder
from segcore.segments.profiles.top_items import CategorySpend, TopItem, TopItems, category_spend, top_items
from segcore.segments.rules.condition import NAMES, ColumnTitles
from segcore.segments.rules.definition import Definition
from segcore.segments.rules.rule import SegmentRules
from segcore.store.store import Store
from segcore.wording.numbers import counted, percent_text, times_text

_NO_RULE = "Noise is not a segment, so it has no rule."


@dataclass(frozen=True, eq=False)
class Explanation:
    """Who is in each segment of a solution.

    Parameters
    ----------
    profile : SegmentProfile
        In the features clustered on, or in those of `readable_rows`.
    columns : tuple of ColumnAcross
        Categories, clustered on or not.
    numbers : tuple of NumberAcross
        Numeric profile columns.
    figures : KeyFigures
    bought : mapping of str to mapping of int to TopItems
        For transactions: by ``item`` and ``category``, if there are such columns, for each segment.
    spent : mapping of int to tuple of CategorySpend
        Categories in the rank order of each segment's spend; empty without categories of transactions.
    definition : Definition
        Rules and tree of the segments, which are searched when first used.
    clustered_on : frozenset of str
        The features clustered on.
    """

    profile: SegmentProfile
    columns: tuple[ColumnAcross, ...]
    numbers: tuple[NumberAcross, ...]
    figures: KeyFigures
    bought: Mapping[str, Mapping[int, TopItems]]
    spent: Mapping[int, tuple[CategorySpend, ...]]
    definition: Definition
    clustered_on: frozenset[str]

    @cached_property
    def rules(self) -> Mapping[int, SegmentRules]:
        """The shortest rule for each segment."""
        return {found.label: found for found in self.definition.rules}

    def to_json(self, label: int | None = None) -> dict[str, Any]:
        """Return plain values, as ``explain --json`` prints them: `segments` and, if there are segments, one tree for all of them."""
        tree = self.definition.tree.to_json(self.definition.names) if self.profile.segments else None
        return {"segments": self.segments(label), "tree": tree}

    def segments(self, label: int | None = None) -> list[dict[str, Any]]:
        """Return plain values, with rules, of every segment and of the noise, the largest segment first, or of one of them."""
        none = {"rules": [], "no_rule": _NO_RULE}
        return [
            {
                **self._segment(summary),
                "sentence": self.sentence(summary),
                **(self.rules[summary.label].to_json() if summary.label in self.rules else none),
            }
            for summary in self.summaries(label)
        ]

    def profiles(self, label: int | None = None) -> list[dict[str, Any]]:
        """Return the same values without rules, whose search takes the longest."""
        return [self._segment(summary) for summary in self.summaries(label)]

    def sentence(self, summary: SegmentSummary) -> str:
        """Return who a segment is in one sentence, with the rule that finds it: see `segment_sentence`."""
        return segment_sentence(summary, self.figures, self.rules.get(summary.label), self.definition.titles)

    def summaries(self, label: int | None = None) -> list[SegmentSummary]:
        """Return every segment, the largest first, and the noise; or one of them.

        Raises
        ------
        ParameterError
            If no segment has the label.
        """
        everyone = self.profile.everyone()
        if label is not None and label not in {summary.label for summary in everyone}:
            raise ParameterError.unknown("segment", label, [str(summary.label) for summary in everyone])
        return [summary for summary in everyone if label in (None, summary.label)]

    def _segment(self, summary: SegmentSummary) -> dict[str, Any]:
        figures = self.figures.find(summary.label).figures
        return {
            "label": summary.label,
            "name": summary.title,
            "sentence": segment_sentence(summary, self.figures),
            "apart": summary.apart,
            "customers": summary.customers,
            "share": summary.customer_share,
            "features": [*self._features(summary), *self._numbers(summary.label)],
            "categories": [
                _category(across, value)
                for across in self.columns
                for group in across.segments
                if group.label == summary.label
                for value in group.values
            ],
            "kpi": {
                name: {"value": figure.value, "all": self.figures.everyone.figures[name].value, "share": figure.share}
                for name, figure in figures.items()
            },
            "spend": [asdict(row) for row in self.spent.get(summary.label, ())],
            "items": [
                _item(one, what)
                for what, found in self.bought.items()
                for one in dict.fromkeys((*found[summary.label].by_tfidf, *found[summary.label].by_index))
            ],
        }

    def _features(self, summary: SegmentSummary) -> list[dict[str, Any]]:
        return [
            {
                "name": feature.name,
                **_number(feature),
                "compactness": feature.compactness,
                "clustered_on": feature.name in self.clustered_on,
            }
            for feature in summary.ranked()
        ]

    def _numbers(self, label: int) -> list[dict[str, Any]]:
        return [
            {"name": number.column, **_number(group), "compactness": None, "clustered_on": False}
            for number in self.numbers
            for group in number.segments
            if group.label == label
        ]


def _number(found: FeatureProfile | NumberGroup) -> dict[str, Any]:
    difference = found.difference
    return {"mean": found.mean, "median": found.median, "difference": difference.value, "low": difference.low, "high": difference.high}


def _category(across: ColumnAcross, value: ValueShare) -> dict[str, Any]:
    return {
        "column": across.column,
        "value": value.value,
        "customers": value.customers,
        "share": value.share,
        "overall": value.overall,
        "index": value.index.value,
        "low": value.index.low,
        "high": value.index.high,
        "p": value.p,
        "differs": value.differs,
        "by_construction": across.by_construction,
    }


def _item(one: TopItem, what: str) -> dict[str, Any]:
    return {
        "what": what,
        "item": one.item,
        "title": one.title or one.item,
        "tfidf": one.tfidf,
        "index": one.index.value,
        "low": one.index.low,
        "high": one.index.high,
        "support": one.support,
        "buyers": one.buyers,
    }


def segment_sentence(summary: SegmentSummary, figures: KeyFigures, rules: SegmentRules | None = None, titles: ColumnTitles = NAMES) -> str:
    """Return who a segment is in one sentence: its name, size, worth, and the rule that finds it.

    Parameters
    ----------
    summary : SegmentSummary
    figures : KeyFigures
    rules : SegmentRules or None
        ``None`` leaves the rule out.
    titles : ColumnTitles
        Titles of the features.
    """
    parts = [f"{summary.title}: {counted(summary.customers, 'customer')} ({percent_text(summary.customer_share)})"]
    worth = "revenue_per_customer"
    here, everywhere = (group.figures.get(worth) for group in (figures.find(summary.label), figures.everyone))
    value, average = (None if figure is None else figure.value for figure in (here, everywhere))
    if value is not None and value >= 0 and average is not None and average > 0:
        title = figures.titles[worth]
        parts.append(f", {title[:1].lower()}{title[1:]} {times_text(value / average)} the average")
    if rules is not None and rules.chosen is not None:
        parts.append(f"; {percent_text(rules.chosen.coverage.value)} are found by {rules.chosen.text(titles)}")
    return f"{''.join(parts)}."


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
    sweep, solution = store.sweep(sweep_id), store.labelled_solution(sweep_id, position)
    table, plan = store.feature_table(sweep.spec.table), sweep.spec.plan
    rows = assemble(table, plan).table
    names = known_names(store, sweep, position, rows=lambda: rows).names
    readable = readable_rows(rows, lambda: table, plan)
    return Explanation(
        segment_profile(readable, solution, names, apart=apart_by_likes(store, sweep.spec, solution)),
        columns_across(rows, solution, names),
        numbers_across(rows, solution, names),
        key_figures(table, plan, solution, names),
        bought(store, sweep.spec, solution, table),
        spent(sweep.spec, solution, table),
        Definition(readable, solution, sweep.preparation, names, clustered=rows),
        frozenset(plan.features),
    )


def bought(store: Store, spec: SweepSpec, solution: Solution, table: FeatureTable, *, most: int = 10) -> dict[str, Mapping[int, TopItems]]:
    """Return the items or categories that are most typical of each segment: see `top_items`.

    Parameters
    ----------
    store : Store
    spec : SweepSpec
    solution : Solution
        With its labels.
    table : FeatureTable
        Every feature of every customer.
    most : int
        Items in each list.
    """
    kept = kept_customers(table, spec.plan)
    found = {what: store.purchases(spec.table, what) for what in ("item", "category")}
    labels = np.asarray(solution.labels)[:: spec.plan.repeats]
    return {what: top_items(purchases, kept, labels, most=most) for what, purchases in found.items() if purchases is not None}


def spent(spec: SweepSpec, solution: Solution, table: FeatureTable) -> Mapping[int, tuple[CategorySpend, ...]]:
    """Return the categories in the rank order of each segment's spend: see `category_spend`."""
    return category_spend(table, kept_customers(table, spec.plan), np.asarray(solution.labels)[:: spec.plan.repeats])


def items_of_segments(store: Store, sweep_id: str, position: int, what: str = "item", *, most: int = 10) -> list[dict[str, Any]]:
    """Return, as plain values, the items that each segment and the noise buys or rates most, by TF-IDF; the largest segment first.

    Parameters
    ----------
    store, sweep_id, position
        The solution.
    what : {"item", "category"}
    most : int
        Items of each segment, at least 1.

    Raises
    ------
    StoreError
        If the solution is not finished.
    DataError
        If the data have no column of items or categories.
    """
    if most < 1:
        raise ParameterError.out_of_range("The number of items", most, 1, None)
    sweep, solution = store.sweep(sweep_id), store.labelled_solution(sweep_id, position)
    table = store.feature_table(sweep.spec.table)
    found = bought(store, sweep.spec, solution, table, most=most).get(what)
    if found is None:
        raise DataError(f"{sweep.spec.data['name']} has no column with the role {what}, so it is not known what each segment chose.")
    names = known_names(store, sweep, position, rows=lambda: assemble(table, sweep.spec.plan).table).names
    order = SegmentOrder.of(np.asarray(solution.labels)[:: sweep.spec.plan.repeats], names)
    sizes = np.bincount(order.place, minlength=len(order.labels))
    return [
        {
            "label": label,
            "name": title,
            "customers": int(size),
            "n_items": found[label].n_items,
            "top": [_item(one, what) for one in found[label].by_tfidf],
        }
        for label, title, size in zip(order.labels, order.titles, sizes.tolist(), strict=True)
    ]
