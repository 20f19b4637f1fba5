"""Basket missions on the Data screen: find them, another number of them, or none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from segcore.errors import SegcoreError
from segcore.store.store import Store
from segcore.wording.findings import error_text
from ui.data import loading
from ui.data.source_form import say_problem
from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake

_PLACE = "missions"
_USUAL = 6


def draw_missions(store: Store, taken: Intake, request: DataRequest) -> None:
    """Draw the number of basket missions to find in orders with a category, and the button that finds them."""
    if taken.kind != "transactions" or "category" not in taken.roles:
        return
    from segcore.records.intake import FEWEST_MISSIONS, MOST_MISSIONS

    with st.container(border=True):
        st.markdown("**Basket missions**")
        st.caption(
            "Orders are grouped by the categories that they spend on. Each customer's most frequent mission is shown for each segment, but "
            "not clustered on."
        )
        with st.form("missions.form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            n = st.number_input("Number of missions", FEWEST_MISSIONS, MOST_MISSIONS, request.missions or _USUAL, key="missions.n")
            asked = st.form_submit_button("Find basket missions")
        if asked:
            _load(store, replace(request, missions=int(n)))
        if request.missions is not None and st.button("Remove basket missions", key="missions.remove", icon=":material/close:"):
            _load(store, replace(request, missions=None))
        say_problem(_PLACE)


def _load(store: Store, request: DataRequest) -> None:
    """Load the data with the missions asked for; on failure, show the error there and keep the data."""
    state.remember("data_problem", None)
    try:
        loading.load(store, request)
    except SegcoreError as error:
        state.remember("data_problem", (_PLACE, f"{error_text(error, 'screen')} The data stay as they were."))
    st.rerun()
