"""What the screens know of a sweep: its solutions, the rows it clustered, titles and names; each read once."""

from __future__ import annotations

from segcore.features.assemble import Assembled, assemble
from segcore.records.feature_table import unique_titles
from segcore.records.grid import point_key
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from ui.shell import cache


def clustered(store: Store, sweep: Sweep) -> Assembled:
    """Return the rows that a sweep clustered, in the order of its labels, unscaled; and who was set aside."""
    spec = sweep.spec

    def build() -> Assembled:
        table = cache.feature_table(str(store.home), spec.table)
        return assemble(table, spec.plan)

    return cache.computed("clustered", sweep.id, build)


def find_solution(store: Store, sweep: Sweep, position: int) -> Solution | None:
    """Return a point's solution with its labels; None where the point is not there or has none.

    A failed point is read anew each time, because it may be tried again; one that is there never changes.
    """
    found = sweep.solutions[position]
    return cache.solution(str(store.home), sweep.id, position) if found is not None and found.status == "ok" else None


def feature_titles(store: Store, sweep: Sweep) -> dict[str, str]:
    """Return what a screen calls each feature of a sweep; features of one title are told apart by their name."""
    entries = cache.feature_table(str(store.home), sweep.spec.table).dictionary
    return unique_titles(entry for entry in entries if entry.name in sweep.spec.plan.features)


def segment_names(store: Store, sweep: Sweep, position: int) -> dict[int, str]:
    """Return what the analyst calls the segments of a point."""
    return store.segment_names(sweep.id, point_key(sweep.spec.points[position]))
