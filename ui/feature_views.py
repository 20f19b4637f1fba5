"""What the ticked features look like: how each is spread, which say the same, and what each one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.dataset import FeatureTable
from segcore.explain.overview import Correlations, Spread, correlations, spread
from ui import cache, state
from ui.choice import FeatureChoice
from ui.words import count, number, share

if TYPE_CHECKING:
    from segcore.intake import Intake

_CHART = {"displayModeBar": False, "showSendToCloud": False}


def feature_views(chosen: FeatureChoice, taken: Intake, table: FeatureTable) -> None:
    """Draw the three views below the form."""
    spreads_tab, correlations_tab, dictionary_tab = st.tabs(["Distributions", "Correlations", "Data dictionary"])
    titles = {entry.name: entry.title for entry in table.dictionary}
    with spreads_tab:
        draw_spreads(chosen, taken, table)
    with correlations_tab:
        draw_pairs(chosen, taken, table, titles)
    with dictionary_tab:
        draw_dictionary(chosen, table)


def spread_of(taken: Intake, table: FeatureTable, name: str) -> Spread:
    """Return how a feature is spread over all customers."""
    return cache.computed("spread", f"{taken.table}.{name}", lambda: spread(name, table.column(name)))


def draw_spreads(chosen: FeatureChoice, taken: Intake, table: FeatureTable) -> None:
    """Draw a line with a small histogram for each ticked feature, and one of them large."""
    if not chosen.features:
        st.caption("Tick a feature to see how it is spread.")
        return
    entries = {entry.name: entry for entry in table.dictionary}
    found = [spread_of(taken, table, name) for name in chosen.features]
    rows = pd.DataFrame(
        {
            "Feature": [entries[one.name].title for one in found],
            "Distribution": [list(one.counts) for one in found],
            "Unit": [entries[one.name].unit for one in found],
            "Minimum": [one.low for one in found],
            "Median": [one.median for one in found],
            "Mean": [one.mean for one in found],
            "Maximum": [one.high for one in found],
            "Zeros": [100 * one.zeros for one in found],
        }
    )
    numeric = {name: st.column_config.NumberColumn(format="%.4g") for name in ("Minimum", "Median", "Mean", "Maximum")}
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "Distribution": st.column_config.BarChartColumn(help="Customers in each bin, from the 1st to the 99th percentile."),
            "Zeros": st.column_config.NumberColumn(format="%.0f %%", help="Customers for whom the feature is exactly 0."),
            **numeric,
        },
        height=38 + 35 * min(len(found), 14),
        alt="Each ticked feature with a small histogram, minimum, median, mean, maximum and share of zeros",
    )
    state.seed_widget("features.closer", chosen.features[0])
    if state.widget("features.closer") not in chosen.features:
        state.set_widget("features.closer", chosen.features[0])
    closer = st.selectbox("Look closer at", chosen.features, key="features.closer", format_func=lambda name: entries[name].title, width=320)
    one = spread_of(taken, table, closer)
    from segcore.plots.overview import draw_spread

    figure = draw_spread(one, title=entries[closer].title, unit=entries[closer].unit)
    st.plotly_chart(figure, config=_CHART, key=f"spread.{closer}", alt=f"Histogram of {entries[closer].title}")
    st.caption(spread_words(one, entries[closer].title, entries[closer].unit))


def spread_words(one: Spread, title: str, unit: str) -> str:
    """Return what a histogram shows, for those who do not see it."""
    suffix = f" {unit}" if unit else ""
    if one.is_constant:
        return f"{title} is {number(one.low)}{suffix} for every customer, so it tells none from another."
    words = (
        f"Half of the customers have {title} between {number(one.quarter)} and {number(one.three_quarters)}{suffix}; "
        f"the median is {number(one.median)}, the whole range {number(one.low)} to {number(one.high)}."
    )
    if one.zeros >= 0.01:
        words += f" It is 0 for {share(one.zeros)} of them."
    if one.outside:
        words += f" {count(one.outside, 'customer')} outside the 1st to 99th percentile {'is' if one.outside == 1 else 'are'} not drawn."
    return words


def draw_pairs(chosen: FeatureChoice, taken: Intake, table: FeatureTable, titles: dict[str, str]) -> None:
    """Draw the correlations of the ticked features, and say which count the same thing twice."""
    if len(chosen.features) < 2:
        st.caption("Tick two features or more to see how they go together.")
        return
    found = cache.computed(
        "correlations",
        f"{taken.table}.{','.join(chosen.features)}",
        lambda: correlations(chosen.features, table.select(chosen.features).values),
    )
    for line in pair_words(found, titles):
        st.markdown(f"- {line}")
    if len(found.names) > 1:
        from segcore.plots.overview import draw_correlations

        figure = draw_correlations(found, titles=titles)
        st.plotly_chart(figure, config=_CHART, key="correlations", alt="Heat map of the correlations of the ticked features")
        st.caption("r = 1: the two go together exactly; 0: neither says anything of the other; -1: one falls where the other rises.")


def pair_words(found: Correlations, titles: dict[str, str]) -> list[str]:
    """Return one sentence a near-duplicate, and what else is to be known of the correlations."""
    pairs = found.near_duplicates()
    lines = [
        f"**{titles.get(first, first)}** and **{titles.get(second, second)}** say nearly the same (r = {r:.2f}): "
        "with both ticked it counts double."
        for first, second, r in pairs[:8]
    ]
    if len(pairs) > 8:
        lines.append(f"{len(pairs) - 8} more pairs are as close (|r| of 0.95 or more).")
    if not pairs:
        lines.append("No two ticked features say nearly the same: every |r| is below 0.95.")
    if found.constant:
        names = ", ".join(titles.get(name, name) for name in found.constant)
        lines.append(f"The same for every customer, so of no use for telling them apart: {names}.")
    return lines


def draw_dictionary(chosen: FeatureChoice, table: FeatureTable) -> None:
    """Draw what each feature is and how it was made, and why columns were left out."""
    rows = pd.DataFrame(
        {
            "Feature": [entry.title for entry in table.dictionary],
            "Name in files": [entry.name for entry in table.dictionary],
            "Ticked": [entry.name in chosen.features for entry in table.dictionary],
            "Unit": [entry.unit for entry in table.dictionary],
            "What it is": [
                f"Not a feature: {entry.dropped}. {entry.description}".strip() if entry.dropped else entry.description
                for entry in table.dictionary
            ],
            "Made from": [", ".join(entry.columns) for entry in table.dictionary],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"What it is": st.column_config.TextColumn(width="large")},
        height=38 + 35 * min(len(rows), 16),
        alt="Data dictionary: every feature, its unit, what it is and the columns it was made from",
    )
