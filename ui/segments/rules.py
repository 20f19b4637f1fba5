"""The shortest rule for each segment on the Segments screen, searched on request."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.segments.rules.condition import ColumnTitles
from segcore.segments.rules.definition import rules_of
from segcore.segments.rules.rule import SegmentRules
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import share_text
from ui.segments.profile import segments_key
from ui.shell import cache, state
from ui.shell.sweep_data import clustered

_HELP = (
    "Up to three conditions on features and profile columns, searched on half of the customers and measured on the other half. It takes "
    "some seconds for large data."
)


def draw_rule(store: Store, sweep: Sweep, position: int, solution: Solution, label: int) -> None:
    """Draw the rule of a segment once it was asked for, with the rules of other lengths; or the button that asks."""
    if label == NOISE:
        return
    asked = f"rules.{sweep.id}.{position}"
    if not state.recall(asked):
        st.button(
            "Find the shortest rules", key="segments.rules", icon=":material/rule:", help=_HELP, on_click=state.remember, args=(asked, True)
        )
        return

    def build() -> dict[int, SegmentRules]:
        with st.spinner("Searching for the shortest rule of each segment …"):
            return {found.label: found for found in rules_of(clustered(store, sweep).table, solution)}

    titles = ColumnTitles.of(cache.feature_table(str(store.home), sweep.spec.table).dictionary)
    found = cache.computed("rules", segments_key(sweep, solution, {}), build)[label]
    st.markdown(f"**Who is found by a short rule** · {escape(found.sentence(titles))}")
    if len(found.frontier) > 1:
        with st.expander("Rules of other lengths"):
            st.dataframe(rules_frame(found, titles), hide_index=True, alt="The best rule of each length, with coverage and precision")


def rules_frame(found: SegmentRules, titles: ColumnTitles) -> pd.DataFrame:
    """Return one row per length: the rule, coverage and precision with their 95 % intervals."""
    return pd.DataFrame(
        {
            "Rule": [rule.text(titles) for rule in found.frontier],
            "Finds of the segment": [share_text(rule.coverage) for rule in found.frontier],
            "Of those found, in the segment": [share_text(rule.precision) for rule in found.frontier],
        }
    )
