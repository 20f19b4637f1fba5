"""Rules that find buyers, each with how well it does on customers held out, and as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from segcore.records.estimate import Estimate
from segcore.records.target_question import TargetsAnswer
from segcore.segments.rules.condition import Condition
from segcore.segments.rules.rule import Rule, SegmentRules
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import share_text
from segcore.wording.results import DIALECTS
from segcore.wording.targets import lift_text
from ui.shell.guard import fragment
from ui.targets.contacts import table_file
from ui.widgets.select import select

_FOUND_BY = {"rulefit": "RuleFit", "search": "Search for short rules"}


def draw_rules(store: Store, answer: TargetsAnswer) -> None:
    """Draw the rules of those who buy more often than others, then those of the others, and SQL."""
    st.header("Rules", anchor=False)
    raising = [one for one in answer.document["rules"] if one["raises"]]
    others = [one for one in answer.document["rules"] if not one["raises"]]
    if not raising:
        st.caption("No rule finds customers who buy more often than others.")
    else:
        st.caption("Customers who meet a rule buy more often than others. Figures are from customers not used to find the rule.")
        _draw_table(raising, "Rules that find buyers, with precision, recall and lift")
        _draw_sql(store, answer, raising)
    if others:
        with st.expander("Rules of customers who buy less often"):
            _draw_table(others, "Rules of customers who buy less often")


def _draw_table(rules: Sequence[Mapping[str, Any]], alt: str) -> None:
    # Unlike a data frame's, a table's cells wrap long rules; they are Markdown.
    st.table(rules_frame(rules).map(escape), border="horizontal", hide_index=True, alt=alt)


def rules_frame(rules: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per rule: precision, recall and lift, with 95 % intervals."""
    return pd.DataFrame(
        [
            {
                "Rule": one["words"],
                "Found by": _FOUND_BY[one["method"]],
                "Precision": share_text(Estimate.from_json(one["precision"])),
                "Recall": share_text(Estimate.from_json(one["recall"])),
                "Lift": "–" if one["lift"]["value"] is None else lift_text(one["lift"]),
            }
            for one in rules
        ]
    )


def rule_of(one: Mapping[str, Any], number: int) -> SegmentRules:
    """Return a rule of an answer as the rule of a segment, from which SQL is made."""
    conditions = tuple(Condition(**condition) for condition in one["conditions"])
    rule = Rule(conditions, Estimate.from_json(one["recall"]), Estimate.from_json(one["precision"]))
    return SegmentRules(number, rule, (rule,))


@fragment
def _draw_sql(store: Store, answer: TargetsAnswer, rules: Sequence[Mapping[str, Any]]) -> None:
    with st.expander("A rule as SQL"):
        from segcore.export.sql import TABLE, SqlTable, rules_sql  # with a parser of SQL, which takes an eighth of a second to import

        first, second, third = st.columns([2, 1, 1], gap="medium")
        with first:
            at = select("Rule", range(len(rules)), key="targets.sql.rule", format_func=lambda at: rules[at]["words"])
        dialect = second.selectbox("Database", tuple(DIALECTS), key="targets.sql.dialect", format_func=DIALECTS.__getitem__)
        table = third.text_input("Table", TABLE, key="targets.sql.table")
        of_lines = "candidates" in answer.parts
        st.caption(
            "For a table of the features that the rules read, as they are on the day of the list: download it with the button below."
            if of_lines
            else "For a table with the features of each customer, which Features downloads."
        )
        sql = rules_sql([rule_of(rules[at], at + 1)], SqlTable(table.strip() or TABLE), dialect, what="Rule")
        st.code(sql, language="sql", wrap_lines=True)
        with st.container(horizontal=True):
            st.download_button(
                "Download the SQL", sql, f"rule_{at + 1}.sql", "text/plain", key="targets.sql.file", icon=":material/download:"
            )
            if of_lines:
                st.download_button(
                    "Download the table",
                    partial(table_file, store, answer.parts["candidates"], ".parquet"),
                    "candidates.parquet",
                    key="targets.sql.candidates",
                    icon=":material/download:",
                )
