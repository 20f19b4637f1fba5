"""The recommended solution of a sweep, with the reason; and the wait for unfinished solutions."""

from __future__ import annotations

import streamlit as st

from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import point_rows, recommended_position
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from ui.shell import state

WATCH_SECONDS = 3.0


def watch(store: Store, sweep: Sweep) -> None:
    """Run the page again when more solutions have finished; drawn only while some are missing."""
    seen = sum(solution is not None for solution in sweep.solutions)

    def look() -> None:
        if len(store.positions(sweep.id)) != seen:
            st.rerun()

    if not sweep.is_complete:
        st.fragment(run_every=WATCH_SECONDS, key="explore.watch")(look)()


def draw_recommendation(sweep: Sweep) -> None:
    """Draw the recommended solution with the reason, or why none is recommended."""
    found = sweep.recommendation
    there = sum(solution is not None for solution in sweep.solutions)
    if found is None:
        st.info(
            f"{there} of {counted(len(sweep.solutions), 'solution')} finished. The recommendation follows when all have.",
            icon=":material/hourglass_top:",
        )
        return
    position = recommended_position(sweep)
    if position is None:
        st.warning(escape(found.reason), icon=":material/balance:")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/star: **Recommended: {escape(_label(sweep, position))}.** {escape(found.reason)}", width="stretch")
        is_chosen = state.chosen_point(sweep) == position
        st.button(
            "Chosen" if is_chosen else "Choose this solution",
            key="explore.recommended",
            icon=":material/check:" if is_chosen else None,
            disabled=is_chosen,
            on_click=state.choose_point,
            args=(sweep.id, position),
        )


def _label(sweep: Sweep, position: int) -> str:
    return point_rows(sweep)[position].label
