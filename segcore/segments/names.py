"""Names of a solution's segments: given by the analyst, else carried over from the same customers in other solutions, else suggested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from segcore.clustering.compare import matched_segments
from segcore.features.assemble import assemble, readable_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import find_point, parse_point, point_key
from segcore.records.sweep import Sweep
from segcore.segments.likes import likes_of
from segcore.segments.profiles.naming import suggested_names
from segcore.store.store import Store


@dataclass(frozen=True, slots=True)
class Carried:
    """A name that comes from another solution.

    Parameters
    ----------
    position : int
        Of that solution.
    jaccard : float
        Customers in both segments as a share of those in either; above one half.
    """

    position: int
    jaccard: float


@dataclass(frozen=True, slots=True)
class SegmentNames:
    """Names of the segments of a solution.

    Parameters
    ----------
    names : mapping of segment to str
        Names of all segments, which differ except for equal names given by the analyst; noise has no name.
    carried : mapping of segment to Carried
        Origin of names that the analyst gave in another solution.
    suggested : frozenset of int
        Segments whose name says what sets them apart, because the analyst gave no name: see `suggested_names` and `Likes`.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    carried: Mapping[int, Carried] = field(default_factory=dict)
    suggested: frozenset[int] = frozenset()


def known_names(store: Store, sweep: Sweep, position: int, *, rows: Callable[[], FeatureTable] | None = None) -> SegmentNames:
    """Return the names of a solution's segments.

    A segment that the analyst did not name takes the name of a segment with the same customers in another solution of the sweep: with a
    Jaccard index above one half, and the highest if there are several. No name is used twice. All other segments are named after what sets
    them apart: segments of taste and of vectors after the items that they like, others after features (see `readable_rows`).

    Parameters
    ----------
    store : Store
    sweep : Sweep
    position : int
        Of the solution.
    rows : callable or None
        Returns the rows that were clustered, if the caller has them.

    Raises
    ------
    StoreError
        If anything that the names depend on is damaged, because different names would be mistaken for the right ones.
    """
    if sweep.solutions[position] is None:
        return SegmentNames(store.segment_names(sweep.id, point_key(sweep.spec.points[position])))
    given = _given_names(store, sweep, position)
    solution = store.solution(sweep.id, position)
    if solution.labels is None:
        return given
    clustered = assemble(store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan).table if rows is None else rows()
    likes = likes_of(store, sweep.spec, solution)
    if len(solution.labels) != len(clustered):
        return given
    taken = given.names.values()
    suggested: dict[int, str] = {}
    if likes is None or likes.or_features:
        named = readable_rows(clustered, lambda: store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan)
        suggested = suggested_names(named, solution, taken=taken)
    if likes is not None:
        suggested = likes.names(taken, suggested)
    lacking = frozenset(suggested) - frozenset(given.names)
    return SegmentNames({**suggested, **given.names}, given.carried, lacking)


def _given_names(store: Store, sweep: Sweep, position: int) -> SegmentNames:
    """Return the names that the analyst gave, here or in other solutions of the sweep."""
    points = sweep.spec.points
    given = store.all_segment_names(sweep.id)
    own = given.pop(point_key(points[position]), {})
    if not given:
        return SegmentNames(own)
    found: list[tuple[float, int, str, int]] = []
    labels = store.solution(sweep.id, position).labels
    for point, names in given.items():
        other = find_point(points, parse_point(point))
        if sweep.solutions[other] is None:  # it failed, and is being computed again
            continue
        others = store.solution(sweep.id, other).labels
        if labels is not None and others is not None:
            found += [(jaccard, label, names[to], other) for label, to, jaccard in matched_segments(labels, others) if to in names]
    names, carried = dict(own), {}
    for jaccard, label, name, other in sorted(found, key=lambda one: (-one[0], one[3])):
        if label not in names and name not in names.values():
            names[label], carried[label] = name, Carried(other, jaccard)
    return SegmentNames(names, carried)
