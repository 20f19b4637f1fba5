"""Answer on the Targets screen: whether it is worth it, how many buyers to expect, where to stop, and what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from segcore.plots.targets.qini import describe_qini, draw_qini, qini_data
from segcore.records.target_question import CAMPAIGN, TargetsAnswer
from segcore.wording.findings import sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, number_text
from segcore.wording.targets import (
    RESPONSE_LIFT,
    expected_text,
    headline,
    holdout_text,
    question_text,
    stop_text,
    unbeaten_baselines,
    uplift_text,
)
from ui.targets.job import Asked
from ui.widgets.figures import draw_figure


def draw_question(shown: Asked) -> None:
    """Draw what was asked."""
    asked = shown.question
    title = f"All values of {asked.subject}" if asked.compares else asked.subject
    st.header(escape(f"{title[:1].upper()}{title[1:]}" if asked.promote == CAMPAIGN else title), anchor=False)
    st.caption(escape(question_text(asked)))


def draw_answer(answer: TargetsAnswer) -> None:
    """Draw the answer, figures first, then in words; for a randomised treatment, what it changed."""
    document, method = answer.document, answer.question.method
    if unbeaten_baselines(document, method):
        st.warning(escape(headline(document, method)), icon=":material/info:")
    else:
        st.success(escape(headline(document, method)), icon=":material/check_circle:")
    _draw_numbers(document)
    uplift = document["uplift"]
    texts = (expected_text(document), stop_text(document), holdout_text(document), RESPONSE_LIFT if uplift is None else None)
    st.markdown("\n".join(f"- {escape(text)}" for text in texts if text))
    for note in answer.notes:
        if note.severity == "warning":
            st.warning(escape(sentence(note, "screen")), icon=":material/warning:")
        else:
            st.caption(escape(sentence(note, "screen")))
    if uplift is not None:
        _draw_uplift(uplift)


def _draw_numbers(document: Mapping[str, Any]) -> None:
    expected, stop, held = document["expected"], document["stop"], document["holdout"]
    numbers = [
        ("Customers to contact", counted(document["budget"], "customer").split()[0]),
        ("Expected buyers", f"{expected['buyers']:,.0f} ({expected['low']:,.0f} to {expected['high']:,.0f})"),
        *([] if expected["profit"] is None else [("Expected profit", number_text(expected["profit"]))]),
        *([] if stop is None else [("Contacts worth their cost", f"{stop['contacts']:,}")]),
        ("Held out at random", f"{held['size']:,}"),
    ]
    with st.container(horizontal=True):
        for title, text in numbers:
            st.metric(title, text, border=True, width="content")


def _draw_uplift(uplift: Mapping[str, Any]) -> None:
    st.subheader("What the treatment changes", anchor=False)
    st.markdown(escape(uplift_text(uplift)))
    data = qini_data(uplift)
    draw_figure(draw_qini(data), key="figure.targets.qini", name="Qini curve of the predicted uplift", words=describe_qini(data))
