"""What is done to the chosen features unasked, with the buttons that undo it: skewed ones transformed, each idea counted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.records.plan import Plan
from segcore.records.preparation import Ideas
from segcore.wording.markdown import escape
from segcore.wording.plans import ideas_text, transforms_text
from ui.features import weights
from ui.features.values import ideas
from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import Intake


def draw_prepared(taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Draw a line for transforms and one for ideas, where there are any."""
    titles = unique_titles(table.dictionary)
    transforms = transforms_text(plan.transforms, titles)
    if transforms:
        _line(transforms, "Undo the transforms", "prepared.transforms", lambda: _leave_skewed(taken))
    once = plan.ideas == "once"
    said = ideas_text([idea.to_json() for idea in ideas(taken, table, plan)], titles, once=once)
    if said:
        other: Ideas = "each" if once else "once"
        _line(said, "Count each in full" if once else "Count each idea once", "prepared.ideas", lambda: count_ideas(other))


def _line(words: str, label: str, key: str, do: Callable[[], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(escape(words), width="content")
        st.button(label, key=key, type="tertiary", icon=":material/undo:" if label.startswith("Undo") else None, on_click=do)


def _leave_skewed(taken: Intake) -> None:
    weights.transform_skewed(taken, False)
    state.keep_plan(replace(state.plan(), transforms={}))


def count_ideas(how: Ideas) -> None:
    """Count each idea once, or every feature in full; a callback."""
    state.keep_plan(replace(state.plan(), ideas=how))
