"""Names of a solution's segments: the analyst's own, and those of the same customers in other solutions of the sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from segcore.clustering.compare import matched_segments
from segcore.errors import StoreError
from segcore.records.grid import find_point, parse_point, point_key
from segcore.records.sweep import Sweep
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
        Segments without a name are missing.
    carried : mapping of segment to Carried
        Where the names come from that the analyst gave in another solution.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    carried: Mapping[int, Carried] = field(default_factory=dict)


def known_names(store: Store, sweep: Sweep, position: int) -> SegmentNames:
    """Return the names of a solution's segments.

    A segment without a name has that of a segment with the same customers in another solution of the sweep: with a Jaccard index above one
    half, the highest where there are several. No name is used twice.

    Parameters
    ----------
    store : Store
    sweep : Sweep
    position : int
        Of the solution.
    """
    points = sweep.spec.points
    given = store.all_segment_names(sweep.id)
    own = given.pop(point_key(points[position]), {})
    if not given:
        return SegmentNames(own)
    found: list[tuple[float, int, str, int]] = []
    try:
        labels = store.solution(sweep.id, position).labels
        for point, names in given.items():
            other = find_point(points, parse_point(point))
            others = store.solution(sweep.id, other).labels
            if labels is not None and others is not None:
                found += [(jaccard, label, names[to], other) for label, to, jaccard in matched_segments(labels, others) if to in names]
    except StoreError:  # a solution that is not there any more; its page says so
        return SegmentNames(own)
    names, carried = dict(own), {}
    for jaccard, label, name, other in sorted(found, key=lambda one: (-one[0], one[3])):
        if label not in names and name not in names.values():
            names[label], carried[label] = name, Carried(other, jaccard)
    return SegmentNames(names, carried)
