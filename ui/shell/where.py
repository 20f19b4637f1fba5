"""Sidebar: the data, the sweep and the solution that every screen shows."""

from __future__ import annotations

import streamlit as st

from segcore.sweeps.overview import sweep_name
from segcore.sweeps.points import point_rows
from segcore.wording.markdown import escape
from ui.data import loading
from ui.shell import cache, state


def draw_where() -> None:
    """Draw one line each."""
    store, taken = cache.store(), state.intake()
    followed = None if state.link_is_broken() else state.sweep_id() or loading.newest_sweep(store)
    spec = None if followed is None else store.spec(followed)
    name = spec.data.get("name", "data") if spec is not None else taken.data["name"] if taken is not None else None
    st.caption("What you are looking at")
    _line("table_view", str(name) if name is not None else "No data yet")
    if name is None:
        return
    if followed is None or spec is None:
        _line("grid_on", "No sweep of these data yet")
        return
    _line("insights", sweep_name(store, followed))
    sweep = cache.sweep_now(str(store.home), followed)
    if any(sweep.solutions):
        _line("groups", point_rows(sweep)[state.chosen_point(sweep)].label)


def _line(icon: str, text: str) -> None:
    # Text rather than a link, which would be cut to one line, and marked as the open page.
    st.markdown(f":material/{icon}: {escape(text)}")
