"""Which customers are clustered, and what is left out between the rows read and the customers clustered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Outliers
from segcore.wording.findings import sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, number_text, percent_text, worth_title
from ui.shell import cache
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake


def kept_customers(taken: Intake, table: FeatureTable, outliers: Outliers) -> np.ndarray | None:
    """Return which customers are clustered, shape (n_customers,), bool; None if all are."""
    if outliers == "none":
        return None

    def build() -> np.ndarray:
        from segcore.features.assemble import kit_outliers

        return kit_outliers(table)

    return cache.computed("kept_customers", taken.table, build)


def set_aside(taken: Intake, table: FeatureTable) -> tuple[int, float | None]:
    """Return how many customers the outlier rule leaves out, and their share of the revenue."""

    def build() -> tuple[int, float | None]:
        from segcore.features.assemble import assemble

        try:
            found = assemble(table, Plan(table.names[:1], outliers="kit"))
        except SegcoreError:
            return 0, None
        return found.set_aside_customers, found.set_aside_revenue_share

    return cache.computed("set_aside", taken.table, build)


def account(taken: Intake, table: FeatureTable, plan: Plan) -> pd.DataFrame:
    """Return the steps from the rows read to the customers clustered, each with its rows, customers and net revenue.

    Removed amounts are negative, so that each column adds up to the next line that is not.
    """
    lines: list[tuple[str, int | None, int | None, float | None]] = [("Rows read", taken.rows_read, None, None)]
    lines += [(f"Set aside: {sentence(aside.reason)}", -aside.rows, None, None) for aside in taken.set_aside]
    if taken.filtered_out:
        lines.append(("Filtered out", -taken.filtered_out, None, None))
    revenue = None if table.revenue is None else float(table.revenue.sum())
    lines.append(("Used", taken.rows_used, len(table), revenue))
    if plan.outliers == "kit":
        customers, part = set_aside(taken, table)
        lost = None if revenue is None or part is None else part * revenue
        left = None if revenue is None else revenue - (lost or 0.0)
        lines.append(("Set aside by the outlier rule", None, -customers, None if lost is None else -lost))
        lines.append(("Clustered", None, len(table) - customers, left))
    worth = worth_title(table.worth)
    frame = pd.DataFrame(lines, columns=["", "Rows", "Customers", worth]).astype({"Rows": "Int64", "Customers": "Int64", worth: "Float64"})
    return frame if revenue is not None else frame.drop(columns=worth)


def account_words(taken: Intake, table: FeatureTable, plan: Plan) -> str:
    """Return the same steps in one or two sentences of Markdown."""
    aside = [f"{found.rows:,} set aside ({escape(sentence(found.reason))})" for found in taken.set_aside]
    aside += [f"{taken.filtered_out:,} filtered out"] if taken.filtered_out else []
    rows = f"{counted(taken.rows_read, 'row')} read, {', '.join(aside)}{', ' if aside else ''}"
    rows += f"{taken.rows_used:,} used" if aside else "all used"
    customers = f"{counted(len(table), 'customer')}"
    if plan.outliers == "kit":
        lost, part = set_aside(taken, table)
        worth = f" with {percent_text(part)} of the net revenue" if part is not None else ""
        customers += f", {lost:,} set aside by the outlier rule{worth}; **{counted(len(table) - lost, 'customer')} are clustered**"
    else:
        customers += ", **all of them clustered**"
    if plan.repeats > 1:
        customers += f", {plan.repeats} copies of each"
    made = [use.use in ("number", "binary", "category") for use in taken.uses]
    columns = (
        "" if all(made) else f" Of {counted(len(made), 'column')}, {sum(made):,} {'is' if sum(made) == 1 else 'are'} used as features."
    )
    return f"{rows}; {customers}.{columns}"


def draw_account(taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Draw what is left out of the clustering."""
    rows = account(taken, table, plan)
    with st.container(border=True):
        st.markdown("**What is left out**")
        st.markdown(account_words(taken, table, plan))
        if len(rows) > 2:
            whole = {name: st.column_config.NumberColumn(format="localized") for name in ("Rows", "Customers")}
            money = st.column_config.NumberColumn(format="localized", help="In the currency of the data, after cancellations.")
            draw_frame(
                rows.round(),
                hide_index=True,
                width="content",
                placeholder="",
                column_config={**whole, worth_title(table.worth): money},
                alt="From the rows that were read to the customers that are clustered; each column adds up",
            )
        if table.revenue is not None and plan.outliers == "kit":
            lost, part = set_aside(taken, table)
            if lost and part:
                each, usual = part * float(table.revenue.sum()) / lost, float(table.revenue.mean())
                st.caption(
                    f"Average revenue of those set aside: {number_text(round(each))}; of all customers: {number_text(round(usual))}."
                )
