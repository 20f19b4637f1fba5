"""A sweep that found no segments, and the way on."""

from __future__ import annotations

import streamlit as st

from segcore.clustering.algorithms.registry import algorithm, find_algorithm
from segcore.records.sweep import Sweep
from segcore.sweeps.points import point_rows
from ui.shell import state

_OTHER = "kmeans"


def found_nothing(sweep: Sweep) -> bool:
    """Tell whether a complete sweep of an algorithm that may find nothing has no solution with two segments."""
    rows = point_rows(sweep)
    may = bool(algorithm(sweep.spec.algorithm).presentation.finds_more)
    return may and sweep.is_complete and any(row.state == "ok" for row in rows) and all(row.n_segments < 2 for row in rows)


def draw_nothing(sweep: Sweep) -> None:
    """Draw one sentence, and the button that sets up what finds segments."""
    spec = algorithm(sweep.spec.algorithm)
    other = find_algorithm(_OTHER) if spec.name != _OTHER else None
    found = "only one segment" if any(row.n_segments for row in point_rows(sweep)) else "no segments"
    ways = " or ".join(way for way in (other.title if other else "", spec.presentation.finds_more) if way)
    st.info(f"**{spec.title} found {found} here.**{f' Try {ways}.' if ways else ''}", icon=":material/search_off:")
    if other is not None and st.button(f"Try {other.title}", key="explore.other", type="primary"):
        state.remember("algorithm", other.name)
        state.set_widget("sweep.algorithm", other.name)
        st.switch_page("pages/sweep.py")
