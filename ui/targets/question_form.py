"""Form for the question whom to reach: what is promoted, the budget, and how customers are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.target_question import METHODS, WINDOW_DAYS, TargetQuestion, TargetsAnswer
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.quotes import visible
from segcore.wording.targets import METHOD_TITLES
from ui.shell import state
from ui.shell.guard import fragment
from ui.targets.job import Asked, start
from ui.targets.outcome import pick_outcome
from ui.targets.promoted import Loaded, pick_promoted

_BUDGETS = {"contacts": "Contacts", "money": "Money"}
_HOLDOUTS = {"auto": "Computed", "number": "A number"}
_CONTACTS = 300


@fragment
def draw_form(found: Loaded, shown: Asked | None) -> None:
    """Draw the form, and start the job once the question is asked; the answer below is not drawn again at every choice.

    Parameters
    ----------
    found : Loaded
    shown : Asked or None
        The form begins with this question, and is closed below its answer.
    """
    kept = f"targets.question.{found.taken.table}"
    asked = TargetQuestion(promote="", budget=_CONTACTS) if shown is None else shown.question
    known: dict[str, Any] = state.recall(kept) or {name: getattr(asked, name) for name in TargetQuestion.__dataclass_fields__}
    with st.expander("The question", icon=":material/help:", expanded=shown is None or shown.has_ended_badly):
        subject = pick_outcome(found, known) if found.taken.kind == "customers" else pick_promoted(found, known)
        fields = {**_budget(known), **_choices(found, known, None if shown is None else shown.answer)}
        lacks = subject is None or None in (fields["budget"] or fields["money"], fields["cost"] if fields["money"] else 0)
        is_asked = st.button("Find whom to reach", key="targets.find", type="primary", icon=":material/person_search:", disabled=lacks)
    state.remember(kept, {**known, **(subject or {}), **fields})
    if subject is None or not is_asked:
        return
    try:
        question = TargetQuestion(**subject, **fields, seed=known["seed"])
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    start(found, question)


def _budget(known: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the budget, what a contact costs, and what a buyer is worth."""
    state.seed_widget("targets.budget_in", "contacts" if known["budget"] is not None else "money")
    for name in ("budget", "money", "cost", "worth"):
        state.seed_widget(f"targets.{name}", known[name])
    way = st.segmented_control("Budget in", tuple(_BUDGETS), key="targets.budget_in", required=True, format_func=_BUDGETS.__getitem__)
    first, second, third = st.columns(3, gap="medium")
    given: dict[str, Any] = {"budget": None, "money": None}
    with first:
        if way == "money":
            given["money"] = st.number_input("Money to spend", min_value=0.01, key="targets.money", format="%g", placeholder="Required")
        else:
            given["budget"] = st.number_input("Customers to contact", min_value=1, step=10, key="targets.budget") or _CONTACTS
    with second:
        given["cost"] = st.number_input(
            "Cost of one contact",
            min_value=0.01 if way == "money" else 0.0,
            key="targets.cost",
            format="%g",
            placeholder="Required" if way == "money" else "Optional",
        )
    with third:
        given["worth"] = st.number_input(
            "Value of a buyer",
            min_value=0.0,
            key="targets.worth",
            format="%g",
            placeholder="Optional",
            help="In the same currency as the cost. With it, expected profit is shown, and how many contacts are worth their cost.",
        )
    return given


def _choices(found: Loaded, known: Mapping[str, Any], answer: TargetsAnswer | None) -> dict[str, Any]:
    """Draw who is left out, and more options."""
    given: dict[str, Any] = {"window_days": known["window_days"], "again": known["again"]}
    is_over_time = found.taken.kind == "transactions"
    if is_over_time:
        state.seed_widget("targets.again", known["again"])
        given["again"] = st.checkbox(
            "Include earlier buyers",
            key="targets.again",
            help="Without them, the list has only customers who have not bought or responded before.",
        )
    with st.expander("More options"):
        first, second, third = st.columns(3, gap="medium")
        with first:
            methods = [name for name in METHODS if is_over_time or name != "recency"]
            state.seed_widget("targets.method", known["method"])
            given["method"] = st.selectbox(
                "Rank customers by", methods, key="targets.method", format_func=METHOD_TITLES.__getitem__, help="All are compared."
            )
        with second:
            given["holdout"] = _holdout(known)
        if is_over_time:
            with third:
                state.seed_widget("targets.window", known["window_days"])
                words = "Days in which a purchase or response counts. Three such windows are needed: to learn, to judge, to look back."
                days = st.number_input("Window in days", min_value=1, key="targets.window", help=words)
                given["window_days"] = days or WINDOW_DAYS
        given["keep"] = _kept_leaks(known, answer)
    return given


def _holdout(known: Mapping[str, Any]) -> int | None:
    state.seed_widget("targets.holdout_way", "auto" if known["holdout"] is None else "number")
    state.seed_widget("targets.holdout", known["holdout"] or 0)
    words = "Customers of the same ranks, drawn at random, who are not contacted: only they show what the contact changed."
    way = st.selectbox("Hold-out", tuple(_HOLDOUTS), key="targets.holdout_way", format_func=_HOLDOUTS.__getitem__, help=words)
    return None if way == "auto" else st.number_input("Customers held out", min_value=0, step=10, key="targets.holdout") or 0


def _kept_leaks(known: Mapping[str, Any], answer: TargetsAnswer | None) -> tuple[str, ...]:
    found = {note.values["feature"]: note.values["title"] for note in (answer.notes if answer else ()) if note.code == "targets.leak"}
    names = list(dict.fromkeys([*known["keep"], *map(str, found)]))
    if not names:
        return ()
    state.seed_widget("targets.keep", [name for name in known["keep"] if name in names])
    return tuple(
        st.multiselect(
            "Keep although it looks like a leak", names, key="targets.keep", format_func=lambda name: visible(str(found.get(name, name)))
        )
    )
