"""Correlations of the ticked features: near-duplicates and a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from segcore.features.correlations import NEAR_DUPLICATE, Correlations, correlations
from segcore.features.planning.groups import group_features
from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.records.plan import Plan
from segcore.system.digests import digest
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from ui.features.distributions import DIMENSIONS
from ui.features.form import untick
from ui.features.values import values_of
from ui.shell import cache
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake

MOST_MAPPED = 40
"""With more features than this, the heat map shows only those of the strongest pairs."""
_PAIRS_SHOWN = 20
_WORTH_SHOWING = 0.1  # weaker correlations are negligible
_NAMED = 6


def correlations_of(plan: Plan, taken: Intake, table: FeatureTable) -> Correlations:
    """Return the correlations of the ticked features over the clustered customers, after transforms."""

    def build() -> Correlations:
        transforms = plan.transforms
        of = {entry.name: entry.block for entry in table.dictionary}
        if len(plan.features) == len(table.names) and not transforms and plan.outliers == "none":
            return correlations(table.names, table.values, [of[name] for name in table.names])
        columns = [values_of(taken, table, name, transforms.get(name), plan.outliers) for name in plan.features]
        return correlations(plan.features, np.column_stack(columns), [of[name] for name in plan.features])

    key = digest([taken.table, plan.outliers, plan.features, dict(plan.transforms)])
    return cache.computed("correlations", key, build)


def draw_pairs(plan: Plan, taken: Intake, table: FeatureTable) -> None:
    """Draw the correlations of the ticked features, and name near-duplicates."""
    if not table.dimensions.isdisjoint(plan.features):
        plan = plan.with_features([name for name in plan.features if name not in table.dimensions])
        st.caption(f"{DIMENSIONS}: their correlations are not shown.")
        if len(plan.features) < 2:
            return
    if len(plan.features) < 2:
        st.caption("Tick at least two features to see their correlations.")
        return
    found = correlations_of(plan, taken, table)
    titles = unique_titles(table.dictionary)
    _draw_near_duplicates(found, titles, taken, table)
    if len(found.names) < 2:
        return
    from segcore.plots.feature_overview import draw_correlations

    mapped = found
    if len(found.names) > MOST_MAPPED:
        _draw_strongest(found, titles)
        mapped = found.among(strongest_names(found))
        if len(mapped.names) < 2:
            return
        st.caption(f"The heat map shows the {len(mapped.names)} features with the strongest correlations, of {len(found.names)}.")
    figure = draw_correlations(mapped, titles=titles)
    draw_figure(figure, key="correlations", name="Heat map of the correlations of the ticked features", words="")
    st.caption("r = 1: the two rise together exactly; 0: no linear relation; -1: one falls as the other rises.")


def strongest_names(found: Correlations, most: int = MOST_MAPPED) -> tuple[str, ...]:
    """Return the features of the strongest pairs, at most ``most``, in the table's order."""
    wanted: set[str] = set()
    for first, second, _ in found.pairs(_WORTH_SHOWING):
        if len(wanted | {first, second}) > most:
            break
        wanted |= {first, second}
    return tuple(name for name in found.names if name in wanted)


def _draw_near_duplicates(found: Correlations, titles: dict[str, str], taken: Intake, table: FeatureTable) -> None:
    pairs = found.near_duplicates()
    single = {tick.key for group in group_features(table.dictionary, taken.kind) for tick in group.ticks if tick.names == (tick.key,)}
    if pairs:
        st.markdown(
            f"**{counted(len(pairs), 'pair')} of features {'measures' if len(pairs) == 1 else 'measure'} nearly the same.** What both "
            "measure counts double in the clustering. Untick one of the two, or keep both if it should count double."
        )
    for first, second, r in pairs[:_NAMED]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(escape(pair_words(first, second, r, titles)), width="content")
            if second in single:
                st.button(
                    f"Untick {escape(titles.get(second, second))}",
                    key=f"untick.{first}.{second}",
                    type="tertiary",
                    on_click=untick,
                    args=(second, taken, table),
                )
    for line in more_pair_words(found, titles, len(pairs)):
        st.markdown(f"- {line}")


def pair_words(first: str, second: str, r: float, titles: dict[str, str]) -> str:
    """Return one sentence about a near-duplicate."""
    return f"{titles.get(first, first)} and {titles.get(second, second)} measure nearly the same (r = {r:.2f})."


def more_pair_words(found: Correlations, titles: dict[str, str], n_pairs: int) -> list[str]:
    """Return the remaining remarks on the correlations."""
    lines = []
    if n_pairs > _NAMED:
        lines.append(f"{n_pairs - _NAMED} more pairs are as close (|r| of {NEAR_DUPLICATE} or more).")
    if not n_pairs:
        lines.append(f"No two ticked features measure nearly the same: every |r| is below {NEAR_DUPLICATE}.")
    if found.constant:
        names = ", ".join(escape(titles.get(name, name)) for name in found.constant)
        lines.append(f"These features have the same value for every customer, so they do not separate customers: {names}.")
    return lines


def _draw_strongest(found: Correlations, titles: dict[str, str]) -> None:
    pairs = found.pairs(_WORTH_SHOWING, most=_PAIRS_SHOWN)
    if not pairs:
        st.markdown(f"No two features are correlated: every |r| is below {_WORTH_SHOWING}.")
        return
    rows = pd.DataFrame(
        [(titles.get(first, first), titles.get(second, second), r) for first, second, r in pairs],
        columns=["Feature", "Correlated with", "r"],
    )
    st.markdown("**The strongest pairs**")
    draw_frame(
        rows,
        hide_index=True,
        column_config={"r": st.column_config.NumberColumn(format="%.2f")},
        height=38 + 35 * min(len(rows), 10),
        alt="The pairs of features with the strongest correlations",
    )
