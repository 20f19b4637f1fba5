"""Outcome of a customer table, on the Targets screen: its column, the wanted value, and who was treated at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from segcore.errors import SegcoreError
from segcore.targets.promotable import outcome_columns
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from ui.targets.promoted import Loaded
from ui.widgets.select import select

_NONE = ""


def pick_outcome(found: Loaded, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """Draw the fields for the outcome, and return them as fields of a question; ``None`` if no column can be one.

    Parameters
    ----------
    found : Loaded
        A table with one row per customer.
    known : mapping
        Fields of the question that was asked last.
    """
    columns = outcome_columns(found.store, found.taken)
    if not columns:
        st.info("These data have no column that can be an outcome. Load a table with one.", icon=":material/rule:")
        return None
    first, second, third = st.columns(3, gap="medium")
    with first:
        outcome = select(
            "Outcome column",
            columns,
            key="targets.outcome",
            default=known["outcome"] if known.get("outcome") in columns else None,
            format_func=str,
            help="Who bought or responded before. Customers with a blank outcome can be on the list.",
        )
    try:
        values = {one.value: one for one in found.values(outcome)}
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return None
    with second:
        yes = select(
            "Wanted value",
            [_NONE, *values],
            key=f"targets.yes.{outcome}",
            default=known["yes"] if known.get("outcome") == outcome and known.get("yes") in values else None,
            format_func=lambda value: f"{value}, {counted(values[value].customers, 'customer')}" if value else "Auto-detect",
        )
    with third:
        others = [column for column in columns if column != outcome]
        treatment = select(
            "Treatment column",
            [_NONE, *others],
            key="targets.treatment",
            default=known["treatment"] if known.get("treatment") in others else None,
            format_func=lambda name: name or "None",
            help="Who was contacted, only if these customers were drawn at random: measures what the contact changed (uplift).",
        )
    return {"outcome": outcome, "yes": yes or None, "treatment": treatment or None}
