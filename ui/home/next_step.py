"""Sections of the landing page: where the data come from, the next step, and how the app works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from ui.data import loading
from ui.shell import state
from ui.shell.page import PAGES, Page, link

if TYPE_CHECKING:
    from segcore.records.intake import Intake


def draw_origin(taken: Intake) -> None:
    """Draw where the loaded data come from and how they are filtered."""
    from segcore.data.samples.registry import find_sample

    request = state.request()
    sample = find_sample(request.data) if request is not None else None
    if sample is not None:
        st.caption(f"{sample.description} Licence: {sample.licence}.")
    if taken.data.get("filters"):
        st.caption(escape(f"Filtered: {'; '.join(taken.data['filters'])}."))


def draw_next_step(page: Page, taken: Intake) -> None:
    """Draw what to do next, with one primary button."""
    from segcore.features.planning.sets import set_of

    newest = loading.newest_sweep(page.store)
    done = newest is not None and page.store.is_complete(newest)
    plan = state.plan()
    name = set_of(plan.features, page.feature_table(taken), taken.kind)
    which = f" (the set “{name}”)" if name and taken.kind == "transactions" else ""
    ticked = f"{counted(len(plan.features), 'feature')} ticked{which}"
    with st.container(border=True):
        st.markdown("**Next step**")
        if done and newest is not None:
            st.markdown("A sweep of this data has finished. Compare its solutions and choose one.")
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button("Explore the results", key="home.next", type="primary", icon=":material/insights:"):
                    state.follow(newest)
                    st.switch_page("pages/explore.py")
                link("sweep", "Run another sweep")
                link("data", "Use your own data")
            return
        st.markdown(
            f"{ticked}. A sweep clusters the {counted(taken.n_customers, 'customer')} with many settings, such as 2 to 12 segments, "
            "and shows which number of segments the data supports."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Set up a sweep", key="home.next", type="primary", icon=":material/grid_on:"):
                st.switch_page("pages/sweep.py")
            link("features", "Choose other features")
            link("data", "Use your own data")


def draw_steps() -> None:
    """Draw how the app works, one line per screen."""
    st.header("How it works", anchor=False)
    for entry in PAGES[1:]:
        if entry.exists:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(entry.file, label=entry.title, icon=entry.icon, width=140)
                st.caption(entry.lead)
