"""Solution that a pipeline chooses from its sweep, and the names of its segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.clustering.compare import matched_segments
from segcore.errors import DataError, ParameterError, StoreError
from segcore.features.assemble import assemble
from segcore.pipelines.journey import Journey, SolutionChoice
from segcore.records.finding import Finding
from segcore.records.grid import find_point, point_key
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import point_table, recommended_position
from segcore.wording.findings import refusal

_LOWEST = ("davies_bouldin",)


def chosen_position(sweep: Sweep, choice: SolutionChoice) -> int:
    """Return the position of the chosen solution.

    Raises
    ------
    ParameterError, DataError
        If no solution, or more than one, matches the choice.
    """
    if choice.point is not None:
        position = find_point(sweep.spec.points, choice.point)
    elif choice.best is not None:
        position = _best(sweep, choice.best, choice.segments)
    else:
        position = _recommended(sweep, choice.segments)
    solution = sweep.solutions[position]
    if solution is None or solution.status != "ok" or not solution.n_segments:
        reason = "not finished" if solution is None else solution.reason or "all customers are noise"
        raise refusal("pipeline.no_labels", point=point_key(sweep.spec.points[position]), status=reason)
    return position


def _recommended(sweep: Sweep, segments: tuple[int, int] | None) -> int:
    position = recommended_position(sweep)
    if position is None:
        found = sweep.recommendation
        raise refusal("pipeline.no_recommendation", reason="" if found is None else found.reason)
    solution = sweep.solutions[position]
    if segments is not None and solution is not None and not segments[0] <= solution.n_segments <= segments[1]:
        raise refusal("pipeline.recommended_outside", segments=solution.n_segments, low=segments[0], high=segments[1])
    return position


def _best(sweep: Sweep, measure: str, segments: tuple[int, int] | None) -> int:
    low, high = segments or (2, len(sweep.spec.points) + 10**9)
    rows = [(row[measure], position) for position, row in enumerate(point_table(sweep)) if row["segments"] is not None]
    known = [
        (-value if measure in _LOWEST else value, position)
        for value, position in rows
        if value is not None and low <= _n_segments(sweep, position) <= high
    ]
    if not known:
        raise refusal("pipeline.none_in_range", low=low, high=high if segments else "more", measure=measure)
    return max(known, key=lambda one: (one[0], -one[1]))[1]


def _n_segments(sweep: Sweep, position: int) -> int:
    solution = sweep.solutions[position]
    return 0 if solution is None else solution.n_segments


@dataclass(frozen=True, slots=True)
class Named:
    """Names that were given to the segments of a solution.

    Parameters
    ----------
    names : mapping of segment to str
    origin : mapping
        ``sweep`` and ``position`` of the solution to which the segment numbers in the pipeline refer.
    notes : tuple of Finding
    """

    names: Mapping[int, str]
    origin: Mapping[str, Any]
    notes: tuple[Finding, ...] = ()


def give_names(store: Store, journey: Journey, sweep: Sweep, position: int, earlier: Mapping[str, Any]) -> Named:
    """Give the pipeline's names to the segments of a solution.

    Segments of other data have other numbers. So if an earlier run of the same question has given the names, they go to the segments that
    have most of the same customers, with a Jaccard index above one half.

    Parameters
    ----------
    store : Store
    journey : Journey
    sweep, position : Sweep, int
        The solution.
    earlier : mapping
        The manifest of an earlier run, or an empty one.

    Raises
    ------
    ParameterError
        If a segment that has a name is not in the solution.
    """
    own = {"sweep": sweep.id, "position": position}
    found = earlier.get("named_in")
    origin = found if isinstance(found, Mapping) and earlier.get("question") == journey.question else own
    if not journey.names or origin.get("sweep") == sweep.id:
        known = store.solution(sweep.id, position).segments
        for segment in journey.names:
            if segment not in known:
                error = refusal("pipeline.unknown_segment", kind=ParameterError, segment=segment, known=known)
                raise journey.document.located(error, ("names", str(segment)))
        return _give(store, sweep, position, Named(journey.names, own))
    try:
        names = _carried(store, origin, sweep, position, journey.names)
    except (StoreError, LookupError, TypeError, ValueError):
        return Named({}, origin, (Finding("pipeline.unknown_names", "warning", {}),))
    lost = [name for name in journey.names.values() if name not in names.values()]
    notes = (Finding("pipeline.unmatched_names", "warning", {"names": lost}),) if lost else ()
    return _give(store, sweep, position, Named(names, origin, notes))


def _give(store: Store, sweep: Sweep, position: int, named: Named) -> Named:
    key = point_key(sweep.spec.points[position])
    given = store.segment_names(sweep.id, key)
    for segment, name in named.names.items():
        if given.get(segment) != name:
            store.name_segment(sweep.id, key, segment, name)
    return named


def _carried(store: Store, origin: Mapping[str, Any], sweep: Sweep, position: int, names: Mapping[int, str]) -> dict[int, str]:
    """Return the names of the segments with the same customers."""
    before = labels_by_customer(store, str(origin["sweep"]), int(origin["position"]))
    after = labels_by_customer(store, sweep.id, position)
    both = sorted(before.keys() & after.keys())
    if not both:
        return {}
    pairs = matched_segments(np.array([after[one] for one in both]), np.array([before[one] for one in both]))
    return {label: names[to] for label, to, _ in pairs if to in names}


def labels_by_customer(store: Store, sweep_id: str, position: int) -> dict[str, int]:
    """Return the segment of each customer of a solution; -1 is noise.

    Raises
    ------
    StoreError
        If the solution is not in the store.
    DataError
        If its labels do not belong to its customers.
    """
    spec, solution = store.spec(sweep_id), store.labelled_solution(sweep_id, position)
    rows, labels = assemble(store.feature_table(spec.table, profile=False), spec.plan).table, np.asarray(solution.labels)
    if len(rows) != len(labels):
        raise DataError("The labels do not belong to the customers.")
    originals = rows.copies == 0
    return dict(zip(rows.customers[originals].tolist(), labels[originals].tolist(), strict=True))
