"""Distributions of the ticked features: all in a table, one enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from segcore.features.planning.groups import Tick, group_features
from segcore.features.spread import Shares, Spread, value_shares
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Transform
from segcore.wording.numbers import counted, number_text, percent_text
from segcore.wording.quotes import value_text, visible
from ui.features.values import spread_of, values_of
from ui.shell import cache, state
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake

DIMENSIONS = "The dimensions of vectors mean nothing individually"


def _ticks(plan: Plan, taken: Intake, table: FeatureTable) -> list[Tick]:
    groups = cache.computed("groups", taken.table, lambda: group_features(table.dictionary, taken.kind))
    features = set(plan.features)
    return [tick for group in groups for tick in group.ticks if not features.isdisjoint(tick.names)]


def draw_spreads(plan: Plan, taken: Intake, table: FeatureTable) -> None:
    """Draw a small histogram per ticked number, the values of each ticked category, and one feature enlarged."""
    ticks = _ticks(plan, taken, table)
    if not ticks:
        st.caption("Tick a feature to see its distribution.")
        return
    ticks = [tick for tick in ticks if tick.names[0] not in table.dimensions]
    if len(ticks) < len(_ticks(plan, taken, table)):
        st.caption(f"{DIMENSIONS}: their distributions are not shown.")
    if not ticks:
        return
    entries = {entry.name: entry for entry in table.dictionary}
    if plan.outliers == "kit":
        st.caption("Only clustered customers are counted, without those the outlier rule sets aside.")
    numbers = [tick for tick in ticks if tick.is_number]
    if numbers:
        _draw_numbers([(entries[tick.key], spread_of(taken, table, tick.key, None, plan.outliers)) for tick in numbers])
    categories = [tick for tick in ticks if not tick.is_number]
    if categories:
        _draw_categories([(tick, shares_of(taken, table, tick, entries, plan)) for tick in categories])
    keys = {tick.key: tick for tick in ticks}
    state.seed_widget("features.closer", state.recall("features.closer", ticks[0].key))
    if state.widget("features.closer") not in keys:
        state.set_widget("features.closer", ticks[0].key)
    key = st.selectbox("Look closer at", list(keys), key="features.closer", format_func=lambda name: visible(keys[name].title), width=360)
    state.remember("features.closer", key)
    if keys[key].is_number:
        _look_closer(entries[key], plan.transforms.get(key), taken, table, plan)
    else:
        _draw_values(keys[key], shares_of(taken, table, keys[key], entries, plan))


def _draw_numbers(found: list[tuple[FeatureEntry, Spread]]) -> None:
    rows = pd.DataFrame(
        {
            "Feature": [entry.title for entry, _ in found],
            "Distribution": [list(one.counts) for _, one in found],
            "Unit": [entry.unit for entry, _ in found],
            "Minimum": [one.low for _, one in found],
            "Median": [one.median for _, one in found],
            "Mean": [one.mean for _, one in found],
            "Maximum": [one.high for _, one in found],
            "Zeros": [100 * one.zeros for _, one in found],
            "Skewness": [one.skewness for _, one in found],
        }
    )
    if not rows["Unit"].any():
        rows = rows.drop(columns="Unit")
    numeric = {name: st.column_config.NumberColumn(format="%.4g") for name in ("Minimum", "Median", "Mean", "Maximum")}
    draw_frame(
        rows,
        hide_index=True,
        column_config={
            "Distribution": st.column_config.BarChartColumn(help="Customers in each bin, from the 1st to the 99th percentile."),
            "Zeros": st.column_config.NumberColumn(format="%.0f %%", help="Customers for whom the feature is exactly 0."),
            "Skewness": st.column_config.NumberColumn(format="%.1f", help="0 is symmetric; above 1 means a long tail to the right."),
            **numeric,
        },
        height=38 + 35 * min(len(found), 14),
        alt="Each ticked number with a small histogram, minimum, median, mean, maximum, share of zeros and skewness",
    )


def _draw_categories(found: list[tuple[Tick, Shares]]) -> None:
    rows = pd.DataFrame(
        [
            (tick.title, value, customers, 100 * customers / max(one.n_customers, 1))
            for tick, one in found
            for value, customers in zip(one.values, one.counts, strict=True)
        ],
        columns=["Column", "Value", "Customers", "Share"],
    )
    draw_frame(
        rows,
        hide_index=True,
        column_config={
            "Customers": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100),
        },
        height=38 + 35 * min(len(rows), 10),
        alt="Each value of the ticked categories with its number and share of customers",
    )


def _look_closer(entry: FeatureEntry, transform: Transform | None, taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Draw a number's histogram, and next to it the one after its transform."""
    from segcore.plots.feature_overview import draw_spread

    before = spread_of(taken, table, entry.name, None, plan.outliers)
    places = st.columns(2, gap="medium") if transform else [st.container()]
    with places[0]:
        if transform:
            st.markdown("**Before**")
        figure = draw_spread(before, title=entry.title, unit=entry.unit)
        draw_figure(figure, key="spread.before", name=f"Histogram of {entry.title}", words=spread_words(before, entry.title, entry.unit))
    if transform is None:
        return
    after = spread_of(taken, table, entry.name, transform, plan.outliers)
    title, unit = transformed_title(entry, transform)
    with places[1]:
        st.markdown(f"**After the {transform}**")
        figure = draw_spread(after, title=title, unit=unit)
        draw_figure(figure, key="spread.after", name=f"Histogram of {entry.title} after the {transform}", words="")
        st.caption(
            f"Skewness changes from {before.skewness:.1f} to {after.skewness:.1f}"
            + (", where 0 is symmetric." if abs(after.skewness) < abs(before.skewness) else ": the transform does not help here.")
        )


def transformed_title(entry: FeatureEntry, transform: Transform) -> tuple[str, str]:
    """Return a feature's title and unit after a transform."""
    word = "log" if transform == "log" else "power"
    return f"{entry.title}, {word}", f"{word} of {entry.unit}" if entry.unit else ""


def spread_words(one: Spread, title: str, unit: str) -> str:
    """Describe a histogram in words, for screen readers."""
    suffix, title = f" {unit}" if unit else "", value_text(title)
    if one.is_constant:
        return f"{title} is {number_text(one.low)}{suffix} for every customer, so it does not separate customers."
    words = (
        f"Half of the customers have {title} between {number_text(one.quarter)} and {number_text(one.three_quarters)}{suffix}; "
        f"the median is {number_text(one.median)}, the whole range {number_text(one.low)} to {number_text(one.high)}."
    )
    if one.zeros >= 0.01:
        words += f" It is 0 for {percent_text(one.zeros)} of them."
    if one.outside:
        words += f" {counted(one.outside, 'customer')} outside the 1st to 99th percentile {'is' if one.outside == 1 else 'are'} not drawn."
    return words


def shares_of(taken: Intake, table: FeatureTable, tick: Tick, entries: dict[str, FeatureEntry], plan: Plan) -> Shares:
    """Count the clustered customers for each value of a category."""

    def build() -> Shares:
        columns = np.column_stack([values_of(taken, table, name, None, plan.outliers) for name in tick.names])
        return value_shares([_value(entries[name]) for name in tick.names], columns, _zero(table, tick.names[0]))

    return cache.described("shares", f"{taken.table}.{plan.outliers}.{tick.key}", build)


def _value(entry: FeatureEntry) -> str:
    column = entry.columns[0] if entry.columns else ""
    return entry.title.removeprefix(f"{column}: ") or entry.title


def _zero(table: FeatureTable, name: str) -> str:
    """Return the value that is 0 in a column with two values."""
    for recipe in table.fitted.get("columns", ()):
        if recipe.get("use") == "binary" and name in recipe.get("names", ()):
            return "(missing)" if recipe["values"][0] is None else str(recipe["values"][0])
    return "any other value"


def _draw_values(tick: Tick, found: Shares) -> None:
    from segcore.plots.feature_overview import draw_shares_of_values

    figure = draw_shares_of_values(found, title=tick.title)
    parts = [customers / max(found.n_customers, 1) for customers in found.counts]
    words = "; ".join(f"{value} {percent_text(part)}" for value, part in [*zip(found.values, parts, strict=True)][:8])
    words = f"Of {counted(found.n_customers, 'customer')}: {words}."
    draw_figure(figure, key="spread.values", name=f"Customers by {tick.title}", words=words)
