"""What defines the segments, on the Segments screen: the shortest rule for each and one tree for all, searched on request, and as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.plots.segments.tree import draw_tree as tree_figure
from segcore.plots.segments.tree import tree_data
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.segments.rules.condition import ColumnTitles
from segcore.segments.rules.definition import Definition
from segcore.segments.rules.rule import Rule, SegmentRules
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, share_text
from segcore.wording.results import DIALECTS
from ui.segments.on_request import asked_for
from ui.segments.profile import segments_key
from ui.shell import cache
from ui.shell.guard import fragment
from ui.shell.sweep_data import clustered, readable, segment_names
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.export.sql import SqlOf

_ICON = ":material/rule:"
_RULES_HELP = (
    "Up to three conditions on features and profile columns, searched on half of the customers and measured on the other half. It takes "
    "some seconds for large data."
)
_TREE_HELP = "It takes some seconds for large data."
_TREE_WORDS = (
    "From the left, follow the solid line if a condition holds, the dotted one if not. Each leaf shows its share of the customers, and the "
    "share of these that really is in its segment, measured on the half of the customers that the tree was not grown on."
)


def _definition(store: Store, sweep: Sweep, position: int, solution: Solution) -> Definition:
    names = segment_names(store, sweep, position)

    def build() -> Definition:
        return Definition(readable(store, sweep), solution, sweep.preparation, names, clustered=clustered(store, sweep).table)

    return cache.computed("definition", segments_key(sweep, solution, names), build)


def draw_rule(store: Store, sweep: Sweep, position: int, solution: Solution, label: int) -> None:
    """Draw the rule of a segment once it was asked for, with the rules of other lengths; or the button that asks."""
    if label == NOISE or not asked_for(
        f"rules.{sweep.id}.{position}", "Find the shortest rules", key="segments.rules", icon=_ICON, words=_RULES_HELP
    ):
        return
    definition = _definition(store, sweep, position, solution)
    with st.spinner("Searching for the shortest rule of each segment …"):
        found = next(rules for rules in definition.rules if rules.label == label)
    st.markdown(f"**Who is found by a short rule** · {escape(found.sentence(definition.titles))}")
    if len(found.frontier) > 1:
        with st.expander("The best rule of each length"):
            draw_frame(
                rules_frame(found, definition.titles), hide_index=True, alt="The best rule of each length, with coverage and precision"
            )
    if found.chosen is not None:
        _draw_sql(definition, "rules", label, found.chosen)


def draw_tree(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw one tree for all segments once it was asked for; or the button that asks."""
    st.header("One tree for all segments", anchor=False)
    if not asked_for(f"tree.{sweep.id}.{position}", "Explain all segments by a tree", key="segments.tree", icon=_ICON, words=_TREE_HELP):
        return
    definition = _definition(store, sweep, position, solution)
    with st.spinner("Growing a small tree …"):
        tree = definition.tree
    st.markdown(escape(tree.sentence))
    draw_figure(
        tree_figure(tree_data(tree, definition.titles, definition.names)),
        key=f"figure.tree.{position}",
        name="A small decision tree for all segments",
        words=_TREE_WORDS,
    )
    with st.expander("The tree as text"):
        st.code(tree.text(definition.titles, definition.names), language=None)
    _draw_sql(definition, "tree", None)


@fragment
def _draw_sql(definition: Definition, what: SqlOf, label: int | None, rule: Rule | None = None) -> None:
    from segcore.export.sql import TABLE, point_sql, rule_filter  # with a parser of SQL, which takes an eighth of a second to import

    with st.expander("The tree as SQL" if what == "tree" else "The rule as SQL"):
        left, right = st.columns(2)
        dialect = left.selectbox("Database", tuple(DIALECTS), key=f"segments.sql.dialect.{what}", format_func=DIALECTS.__getitem__)
        table = right.text_input("Table", TABLE, key=f"segments.sql.table.{what}")
        if definition.reads_vectors:
            st.caption(
                "For a table with these features: tick them on Features, download the feature table there, and load it into your database."
            )
        else:
            st.caption(
                "For a table with the columns that Export writes, profile columns included: load an export into your database first."
            )
        sql = point_sql(definition, what, segment=label, dialect=dialect, table=table.strip() or TABLE)
        st.code(sql, language="sql")
        if rule is not None:
            found = counted(definition.found_by(rule), "customer")
            st.caption(f"As a filter on Data, under “Keep only rows where”: it keeps the {found} whom the rule finds.")
            st.code(rule_filter(rule), language="sql", wrap_lines=True)
        name = "tree.sql" if what == "tree" else f"segment-{label}.sql"
        st.download_button("Download the SQL", sql, name, "text/plain", key=f"segments.sql.file.{what}", icon=":material/download:")


def rules_frame(found: SegmentRules, titles: ColumnTitles) -> pd.DataFrame:
    """Return one row per length: the rule, coverage and precision with their 95 % intervals."""
    return pd.DataFrame(
        {
            "Rule": [rule.text(titles) for rule in found.frontier],
            "Finds of the segment": [share_text(rule.coverage) for rule in found.frontier],
            "Of those found, in the segment": [share_text(rule.precision) for rule in found.frontier],
        }
    )
