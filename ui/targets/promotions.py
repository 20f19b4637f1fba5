"""All values of a column, promoted one after the other: where a model finds more buyers than a habit does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.target_question import CAMPAIGN, TargetQuestion
from segcore.targets.answer import answer_key, known_promotions
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import percent_text
from segcore.wording.targets import METHOD_TITLES, compared_text, lift_text
from ui.shell.progress import LIVE, draw_task
from ui.targets.job import comparison_of, start_or_join
from ui.targets.promoted import Loaded
from ui.widgets.table import draw_frame


def draw_compared(question: TargetQuestion, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw for how many values a model is worth it, and the table."""
    st.markdown(escape(compared_text(rows)))
    named = "Campaign" if question.promote == CAMPAIGN else str(question.promote)
    draw_frame(promotions_frame(rows, named), hide_index=True, height=420, alt="The model and the better baseline for each promoted value")
    st.caption("Lift: how many times as many buyers as at random are among the contacted, on a later period, with 95 % intervals.")


def promotions_frame(rows: Sequence[Mapping[str, Any]], named: str) -> pd.DataFrame:
    """Return one row per promoted value, the most frequent first.

    Parameters
    ----------
    rows : sequence of mapping
        Of `segcore.targets.promotions.compare_promotions`.
    named : str
        Of the column.
    """
    found = pd.DataFrame([{named: one["value"], **_judged(one)} for one in rows])
    return found if any(one["reason"] for one in rows) else found.drop(columns="Remark")


def _judged(one: Mapping[str, Any]) -> dict[str, str]:
    titles = ("Buyers among all", "Lift of the model", "Lift of the better baseline", "More buyers by", "Remark")
    if one["reason"]:
        return dict(zip(titles, ("–", "–", "–", "–", str(one["reason"])), strict=True))
    baseline, winner = one["baseline"], one["winner"]
    better = "no clear difference" if winner is None else METHOD_TITLES[winner].lower()
    base = f"{lift_text(baseline)}, {METHOD_TITLES[baseline['name']].lower()}"
    return dict(zip(titles, (percent_text(one["base_rate"]), lift_text(one["model"]), base, better, ""), strict=True))


def draw_promotions(found: Loaded, question: TargetQuestion) -> None:
    """Draw the comparison of all values next to the answer about one; or its progress; or the button that starts it."""
    if question.promote is None:
        return
    compared = comparison_of(question)
    named = "campaigns" if question.promote == CAMPAIGN else f"values of {question.promote}"
    st.header(escape(f"All {named}"), anchor=False)
    job_id = answer_key(found.taken, compared)
    rows = known_promotions(found.store, job_id)
    if rows is not None:
        draw_compared(question, rows)
        return
    job = draw_task(found.store, job_id, where="promotions", what="The comparison")
    if job is not None and job.state in LIVE:
        return
    st.caption("Shows for which of them, with the same budget, a model finds more buyers than contacting past buyers or recent customers.")
    if st.button(escape(f"Compare all {named}"), key="targets.compare", icon=":material/table_rows:"):
        try:
            start_or_join(found, compared)
        except SegcoreError as error:
            st.error(escape(error_text(error, "screen")), icon=":material/error:")
            return
        st.rerun()
