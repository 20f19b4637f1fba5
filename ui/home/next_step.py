"""The landing page's own parts: the next step, and the way through the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.wording.numbers import counted
from ui.data import loading
from ui.shell import state
from ui.shell.page import PAGES, Page, link

if TYPE_CHECKING:
    from segcore.records.intake import Intake


def draw_origin(taken: Intake) -> None:
    """Say where the loaded data come from."""
    from segcore.data.samples.registry import find_sample

    request = state.request()
    sample = find_sample(request.data) if request is not None else None
    if sample is not None:
        st.caption(f"{sample.description} Licence: {sample.licence}.")
    if taken.data.get("filters"):
        st.caption(f"Filtered: {'; '.join(taken.data['filters'])}.")


def draw_next_step(page: Page, taken: Intake) -> None:
    """Say what to do next, with one primary button."""
    from segcore.features.planning.sets import set_of

    newest = loading.newest_sweep(page.store)
    done = newest is not None and page.store.is_complete(newest)
    chosen = state.plan()
    name = set_of(chosen.features, page.feature_table(taken), taken.kind)
    which = f" (the set “{name}”)" if name and taken.kind == "transactions" else ""
    ticked = f"{counted(len(chosen.features), 'feature')} ticked{which}"
    with st.container(border=True):
        st.markdown("**Next step**")
        if done and newest is not None:
            st.markdown("A sweep of these data is done. See how good each of its points is, and choose one.")
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button("Explore the results", key="home.next", type="primary", icon=":material/insights:"):
                    state.follow(newest)
                    st.switch_page("pages/explore.py")
                link("sweep", "Run another sweep")
                link("data", "Use your own data")
            return
        st.markdown(
            f"{ticked}. A sweep clusters the {counted(taken.n_customers, 'customer')} at every point of a grid, such as 2 to 12 segments, "
            "so that you can see which number of segments the data support."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Sweep…", key="home.next", type="primary", icon=":material/grid_on:"):
                st.switch_page("pages/sweep.py")
            link("features", "Choose other features first")
            link("data", "Use your own data")


def draw_steps() -> None:
    """Draw the way through the app, a line a screen."""
    st.header("The way through", anchor=False)
    for entry in PAGES[1:]:
        if entry.exists:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(entry.file, label=entry.title, icon=entry.icon, width=140)
                st.caption(entry.lead)
