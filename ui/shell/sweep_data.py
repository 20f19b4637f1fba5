"""Data of a sweep for the screens: solutions, clustered rows, titles and names; each read once."""

from __future__ import annotations

from segcore.features.assemble import Assembled, assemble, readable_rows
from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.names import SegmentNames, known_names
from segcore.store.store import Store
from ui.shell import cache


def clustered(store: Store, sweep: Sweep) -> Assembled:
    """Return the rows that a sweep clustered, unscaled and in the order of its labels; and the customers set aside."""
    spec = sweep.spec

    def build() -> Assembled:
        table = cache.feature_table(str(store.home), spec.table)
        return assemble(table, spec.plan)

    return cache.computed("clustered", sweep.id, build)


def readable(store: Store, sweep: Sweep) -> FeatureTable:
    """Return the same rows with the features by which segments are explained: see `readable_rows`."""
    spec = sweep.spec

    def build() -> FeatureTable:
        return readable_rows(clustered(store, sweep).table, lambda: cache.feature_table(str(store.home), spec.table), spec.plan)

    return cache.computed("readable", sweep.id, build)


def find_solution(store: Store, sweep: Sweep, position: int) -> Solution | None:
    """Return a solution with its labels; None if it has not finished or has no labels.

    A failed solution is read again each time, because it may be tried again; a finished one never changes.
    """
    found = sweep.solutions[position]
    return cache.solution(str(store.home), sweep.id, position) if found is not None and found.status == "ok" else None


def feature_titles(store: Store, sweep: Sweep) -> dict[str, str]:
    """Return the title on screen of each feature of a sweep that is no dimension of a vector; equal titles get the feature's name added."""
    table = cache.feature_table(str(store.home), sweep.spec.table)
    entries = {entry.name: entry for entry in table.dictionary}
    return unique_titles(entries[name] for name in sweep.spec.plan.features if name in entries and name not in table.dimensions)


def segment_names(store: Store, sweep: Sweep, position: int) -> dict[int, str]:
    """Return the names of a solution's segments: the analyst's, those carried over from other solutions, else suggested ones."""
    return dict(names_with_origin(store, sweep, position).names)


def names_with_origin(store: Store, sweep: Sweep, position: int) -> SegmentNames:
    """Return the names of a solution's segments, and where each comes from."""
    version = f"{sweep.id} {position} {sweep.solutions[position] is None} {store.all_segment_names(sweep.id)}"
    return cache.described(
        "segment_names", version, lambda: known_names(store, sweep, position, rows=lambda: clustered(store, sweep).table)
    )
