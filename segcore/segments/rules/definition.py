"""Definition of a solution's segments: the shortest rule for each, and one tree for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from segcore.errors import ParameterError
from segcore.features.assemble import assemble, readable_rows
from segcore.features.preparation import apply_preparation
from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Preparation
from segcore.records.solution import Solution
from segcore.segments.names import known_names
from segcore.segments.rules.condition import ColumnTitles
from segcore.segments.rules.rule import Rule, SegmentRules
from segcore.segments.rules.search import find_rules
from segcore.segments.rules.tree import ExplainingTree, explain_tree
from segcore.store.store import Store


@dataclass(frozen=True, eq=False)
class Definition:
    """Definition of the segments of a solution; each part is searched when it is first used.

    Parameters
    ----------
    rows : FeatureTable
        The rows that were clustered, with the features of `readable_rows`, unscaled, and their profile columns.
    solution : Solution
        With its labels; ``rows`` has as many rows.
    preparation : Preparation or None
        With which the rows were clustered; ``None`` for sweeps that did not store it.
    names : mapping of label to str
        The analyst's names of the segments.
    clustered : FeatureTable or None
        The same rows with the features clustered on, if ``rows`` has others.
    """

    rows: FeatureTable
    solution: Solution
    preparation: Preparation | None
    names: Mapping[int, str] = field(default_factory=dict)
    clustered: FeatureTable | None = None

    @classmethod
    def of(cls, store: Store, sweep_id: str, position: int) -> Definition:
        """Return the definition of a solution in a store.

        Raises
        ------
        StoreError
            If the solution is not finished, or has no segments.
        """
        sweep, solution = store.sweep(sweep_id), store.labelled_solution(sweep_id, position)
        table, plan = store.feature_table(sweep.spec.table), sweep.spec.plan
        rows = assemble(table, plan).table
        names = known_names(store, sweep, position, rows=lambda: rows).names
        return cls(readable_rows(rows, lambda: table, plan), solution, sweep.preparation, names, clustered=rows)

    @cached_property
    def titles(self) -> ColumnTitles:
        """Titles of the features."""
        return ColumnTitles.of(self.rows)

    @property
    def reads_vectors(self) -> bool:
        """Whether vectors were clustered; rules and tree then use other features."""
        return self.clustered is not None and self.clustered.names != self.rows.names

    def found_by(self, rule: Rule) -> int:
        """Return how many of the clustered customers a rule finds."""
        originals = np.asarray(self.rows.copies) == 0
        found = np.ones(int(originals.sum()), dtype=bool)
        for condition in rule.conditions:
            column = self.rows.column(condition.feature) if condition.feature in self.rows.names else self.rows.profile[condition.feature]
            found &= condition.meets(np.asarray(column)[originals])
        return int(found.sum())

    @cached_property
    def rules(self) -> tuple[SegmentRules, ...]:
        """The shortest rule for each segment."""
        return rules_of(self.rows, self.solution)

    @cached_property
    def tree(self) -> ExplainingTree:
        """One small tree for all segments."""
        return tree_of(self.rows, self.solution, self.preparation, clustered=self.clustered)

    def rules_for(self, segment: int | None) -> tuple[SegmentRules, ...]:
        """Return the rules of one segment, or of all of them for ``None``.

        Raises
        ------
        ParameterError
            If the segment does not exist, or the solution has no segments.
        """
        if not self.rules:
            raise ParameterError("There are no segments: all customers are noise.")
        chosen = tuple(rules for rules in self.rules if segment in (None, rules.label))
        if not chosen:
            raise ParameterError.unknown("segment with a rule", segment, [str(rules.label) for rules in self.rules])
        return chosen

    def tree_for(self, segment: int | None) -> ExplainingTree:
        """Return the tree; a segment cannot be chosen.

        Raises
        ------
        ParameterError
            If a segment is chosen.
        """
        if segment is not None:
            raise ParameterError("A tree is for all segments at once: leave the segment out, or ask for its rule.")
        return self.tree


def rules_of(rows: FeatureTable, solution: Solution, *, seed: int = 0) -> tuple[SegmentRules, ...]:
    """Return the shortest rule for each segment of a solution, in its features, untransformed, and profile columns.

    Parameters
    ----------
    rows : FeatureTable
        The rows that were clustered, with the features of `readable_rows`, unscaled, and their profile columns.
    solution : Solution
        With its labels; ``rows`` has as many rows.
    seed : int
        See `find_rules`.
    """
    originals = np.asarray(rows.copies) == 0
    features = {name: rows.column(name)[originals] for name in rows.names}
    profile = {name: column[originals] for name, column in rows.profile.items() if name not in features}
    return find_rules({**features, **profile}, np.asarray(solution.labels)[originals], seed=seed)


def tree_of(
    rows: FeatureTable,
    solution: Solution,
    preparation: Preparation | None,
    *,
    clustered: FeatureTable | None = None,
    seed: int = 0,
) -> ExplainingTree:
    """Return one small tree for all segments of a solution, in its features, untransformed; its cost is that of the clustered values.

    Parameters
    ----------
    rows, solution, seed
        See `rules_of`.
    preparation : Preparation or None
        With which the rows were clustered; without it, costs are those of standardized features.
    clustered : FeatureTable or None
        See `Definition`.
    """
    originals = np.asarray(rows.copies) == 0
    features = {name: rows.column(name)[originals] for name in rows.names}
    X = None if preparation is None else apply_preparation(preparation, (rows if clustered is None else clustered).values[originals])
    return explain_tree(features, np.asarray(solution.labels)[originals], X=X, seed=seed)
