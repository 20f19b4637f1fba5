"""Profile of a solution's segments, computed once for equal labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.likes import Likes, likes_of
from segcore.segments.profiles.profile import profile_of_every_feature, segment_profile
from segcore.segments.profiles.records import SegmentProfile
from segcore.store.store import Store
from ui.shell import cache
from ui.shell.sweep_data import readable, segment_names


def describe_point(store: Store, sweep: Sweep, position: int, solution: Solution) -> SegmentProfile:
    """Return the profile of a solution's segments with their current names."""
    names = segment_names(store, sweep, position)
    key = segments_key(sweep, solution, names)

    def build() -> SegmentProfile:
        return segment_profile(readable(store, sweep), solution, names, apart=_apart(store, sweep, solution))

    return cache.computed("profile", key, build)


def describe_with_every_feature(store: Store, sweep: Sweep, position: int, solution: Solution) -> SegmentProfile:
    """Return the profile with every feature of the data, clustered on or not."""
    names = segment_names(store, sweep, position)
    table = cache.feature_table(str(store.home), sweep.spec.table)
    key = f"every.{segments_key(sweep, solution, names)}"

    def build() -> SegmentProfile:
        return profile_of_every_feature(table, sweep.spec.plan, solution, names, apart=_apart(store, sweep, solution))

    return cache.computed("profile", key, build)


def likes_of_point(store: Store, sweep: Sweep, solution: Solution) -> Likes | None:
    """Return what each segment likes, for segments of taste made of items, or of vectors: see `likes_of`."""
    return cache.computed("likes", segments_key(sweep, solution, {}), lambda: likes_of(store, sweep.spec, solution))


def _apart(store: Store, sweep: Sweep, solution: Solution) -> dict[int, str] | None:
    likes = likes_of_point(store, sweep, solution)
    return None if likes is None else likes.sentences()


def segments_key(sweep: Sweep, solution: Solution, names: Mapping[int, str]) -> str:
    """Return a cache key for results of a solution's labels and names; solutions with equal labels share it."""
    labels = hashlib.sha256(np.ascontiguousarray(solution.labels).tobytes()).hexdigest()
    return f"{sweep.id}.{labels}.{sorted(names.items())}"
