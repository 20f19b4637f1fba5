"""Sidebar: the data, the sweep and the solution that every screen shows."""

from __future__ import annotations

import streamlit as st

from segcore.sweeps.names import sweep_name
from segcore.sweeps.points import point_rows
from segcore.wording.markdown import escape
from ui.data import loading
from ui.shell import cache, state


def draw_where() -> None:
    """Draw one line each, with links to the screens on which they are chosen."""
    store, taken = cache.store(), state.intake()
    followed = None if state.link_is_broken() else state.sweep_id() or loading.newest_sweep(store)
    spec = None if followed is None else store.spec(followed)
    name = spec.data.get("name", "data") if spec is not None else taken.data["name"] if taken is not None else None
    st.caption("What you are looking at")
    if name is None:
        st.page_link("pages/data.py", label="No data yet", icon=":material/table_view:")
        return
    st.page_link("pages/data.py", label=escape(str(name)), icon=":material/table_view:")
    if followed is None or spec is None:
        st.page_link("pages/sweep.py", label="No sweep of these data yet", icon=":material/grid_on:")
        return
    st.page_link("pages/explore.py", label=escape(sweep_name(store, followed)), icon=":material/insights:")
    sweep = cache.sweep_now(str(store.home), followed)
    if any(sweep.solutions):
        row = point_rows(sweep)[state.chosen_point(sweep)]
        st.page_link("pages/segments.py", label=escape(row.label), icon=":material/groups:")
