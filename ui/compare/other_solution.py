"""Choice of the solution to compare with: of the same sweep, or of another one of the same data."""

from __future__ import annotations

import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.grid import find_point, parse_point, point_key
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.overview import sweep_name, sweeps_of
from segcore.sweeps.points import best_position, point_rows
from ui.shell import cache, state
from ui.widgets.select import select


def pick_other(store: Store, sweep: Sweep, chosen: int) -> tuple[Sweep, int] | None:
    """Draw the fields and return the other solution; None if its sweep has none with segments."""
    ids = sweeps_of(store, sweep.spec.table, sweep.spec.data)
    linked = _linked(store, ids)
    left, right = st.columns(2, gap="medium")
    key = "compare.sweep"
    state.seed_widget(key, linked[0] if linked else state.recall(key, sweep.id))
    with left:
        picked = select("Compare with a solution of", ids, key=key, format_func=lambda found: sweep_name(store, found), default=sweep.id)
    state.remember(key, picked)
    other = cache.sweep_now(str(store.home), picked)
    rows = [row for row in point_rows(other) if row.n_segments and not (picked == sweep.id and row.position == chosen)]
    if not rows:
        st.info("That sweep has no other solution with segments. Choose another sweep.", icon=":material/compare_arrows:")
        return None
    positions = [row.position for row in rows]
    name = f"compare.point.{picked[:12]}.{chosen if picked == sweep.id else ''}"
    first = linked[1] if linked and linked[0] == picked and linked[1] in positions else _first(other, positions, chosen)
    state.seed_widget(name, state.recall(name, first))
    with right:
        position = select(
            "Its solution", positions, key=name, format_func=lambda found: next(row.label for row in rows if row.position == found)
        )
    state.remember(name, position)
    state.write_other(picked, point_key(other.spec.points[position]))
    return other, position


def _first(other: Sweep, positions: list[int], chosen: int) -> int:
    """Return the runner-up, the best solution, or a neighbour of the chosen one: the first that can be compared."""
    found = other.recommendation
    runner_up = [] if found is None or found.runner_up is None else [find_point(other.spec.points, found.runner_up)]
    wanted = [*runner_up, best_position(other), chosen + 1, chosen - 1, positions[0]]
    return next(position for position in wanted if position in positions)


def _linked(store: Store, ids: list[str]) -> tuple[str, int] | None:
    """Return the sweep and the solution in the address, if they are there."""
    sweep, point = state.read_other()
    try:
        found = store.resolve(sweep) if sweep else None
        return (found, find_point(store.spec(found).points, parse_point(point))) if found in ids and found and point else None
    except SegcoreError:
        return None
