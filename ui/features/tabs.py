"""Tabs below the form: distributions, correlations and data dictionary of the ticked features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from ui.features.correlations import draw_pairs
from ui.features.data_dictionary import draw_dictionary
from ui.features.distributions import draw_spreads
from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import Intake

TABS = ("Distributions", "Correlations", "Data dictionary")
_TAB = "features.tab"


def draw_tabs(plan: Plan, taken: Intake, table: FeatureTable) -> None:
    """Draw the three tabs; only the open one is computed."""
    state.seed_widget(_TAB, state.recall(_TAB, TABS[0]))
    tabs = st.tabs(list(TABS), key=_TAB, on_change="rerun")
    state.remember(_TAB, state.widget(_TAB, TABS[0]))
    draws = (draw_spreads, draw_pairs, draw_dictionary)
    for tab, draw in zip(tabs, draws, strict=True):
        if tab.open:
            with tab:
                draw(plan, taken, table)
