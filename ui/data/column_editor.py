"""Editable table of a customer table's columns: what each holds, what it is used as, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from segcore.records.data_rules import ColumnRules
from segcore.records.feature_table import ColumnUse
from segcore.store.store import Store
from segcore.wording.findings import sentence
from segcore.wording.numbers import counted
from segcore.wording.quotes import visible
from ui.shell import cache

NUMBER, BINARY, CATEGORY, PROFILE, UNUSED = "Number", "0 or 1", "Category", "Profile", "Not used"
_TITLES: Mapping[str, str] = {"number": NUMBER, "binary": BINARY, "category": CATEGORY, "profile": PROFILE, "dropped": UNUSED}
_EXAMPLES = 3
_SHOWN_ROWS = 14


def column_editor(store: Store, rules: ColumnRules, uses: Sequence[ColumnUse], preview: str, salt: str) -> ColumnRules:
    """Draw the columns and return the rules that the analyst's changes make.

    Parameters
    ----------
    store : Store
    rules : ColumnRules
        The choices so far.
    uses : sequence of ColumnUse
        What became of each column; empty until the data are taken in as a customer table.
    preview : str
        Id of the stored first rows, for examples.
    salt : str
        Distinguishes the widgets of one file from those of another.
    """
    if not uses:
        st.caption("Apply the form to see what each column is used as.")
        return rules
    st.markdown("**What each column is used as**")
    st.caption(
        f"{_counts(uses)} Choose another use where one is wrong. A category becomes one 0/1 feature per frequent value. A profile column "
        "is not used for clustering, but is shown for each segment."
    )
    frame = cache.computed("columns", f"{preview}.{salt}", lambda: editor_frame(uses, store.frame(preview)))
    edited = st.data_editor(
        frame,
        hide_index=True,
        disabled=["Column", "Holds", "Why"],
        column_config={
            "Column": st.column_config.TextColumn(pinned=True),
            "Used as": st.column_config.SelectboxColumn(options=[NUMBER, BINARY, CATEGORY, PROFILE, UNUSED], required=True, width="small"),
            "Why": st.column_config.TextColumn(width="large"),
        },
        height=38 + 35 * min(len(frame), _SHOWN_ROWS),
        key=f"columns.{salt}",
    )
    share = st.number_input(
        "Smallest share of rows for a value to get its own feature (%)",
        min_value=0.1,
        max_value=50.0,
        value=100 * rules.min_share,
        step=1.0,
        format="%g",
        key=f"min_share.{salt}",
        help="Rarer values are combined into one feature, “(other)”.",
        width=420,
    )
    changed = {
        column: str(now)
        for column, before, now in zip(columns_shown(uses), frame["Used as"], edited["Used as"], strict=True)
        if before != now
    }
    return replace(changed_rules(rules, changed), min_share=round(float(share) / 100, 6))


def editor_frame(uses: Sequence[ColumnUse], preview: pd.DataFrame) -> pd.DataFrame:
    """Return one row per column except the id: its name, what it holds, its use, and why."""
    shown = [use for use in uses if use.use != "id"]
    # The column that can be edited comes right after the name, so that it is visible on a narrow screen too.
    return pd.DataFrame(
        {
            "Column": [visible(use.column) for use in shown],
            "Used as": [_TITLES[use.use] for use in shown],
            "Why": [_capital(sentence(use.reason, "screen")) for use in shown],
            "Holds": [_examples(preview, use.column) for use in shown],
        }
    )


def columns_shown(uses: Sequence[ColumnUse]) -> list[str]:
    """Return the columns of `editor_frame`'s rows, by their own names."""
    return [use.column for use in uses if use.use != "id"]


def changed_rules(rules: ColumnRules, changed: Mapping[str, str]) -> ColumnRules:
    """Return the rules with the analyst's changes applied.

    Parameters
    ----------
    rules : ColumnRules
    changed : mapping of column to its new use, in the editor's words
    """
    named = {name: tuple(column for column in columns if column not in changed) for name, columns in rules.named().items()}
    keep = tuple(column for column in rules.keep if column not in changed)
    places = {NUMBER: "number", CATEGORY: "category", PROFILE: "profile", UNUSED: "exclude"}
    for column, use in changed.items():
        if use in places:
            named[places[use]] = (*named[places[use]], column)
        if use in (NUMBER, BINARY, CATEGORY):
            keep = (*keep, column)
    return ColumnRules(**named, keep=keep, zero=rules.zero, min_share=rules.min_share, max_categories=rules.max_categories)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _examples(preview: pd.DataFrame, column: str) -> str:
    if column not in preview:
        return ""
    values = [visible(str(value)) for value in preview[column].dropna().unique()[:_EXAMPLES]]
    return ", ".join(value if len(value) <= 24 else f"{value[:22]}…" for value in values)


def _counts(uses: Sequence[ColumnUse]) -> str:
    features = sum(use.use in ("number", "binary", "category") for use in uses)
    profile, dropped = (sum(use.use == name for use in uses) for name in ("profile", "dropped"))
    return f"{counted(features, 'column')} used for clustering, {profile} in the profile, {dropped} not used."
