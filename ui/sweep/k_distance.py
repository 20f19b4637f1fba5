"""k-distance curve of the chosen features, which suggests an algorithm's radius."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.system.digests import digest
from segcore.wording.numbers import counted
from ui.shell import cache

if TYPE_CHECKING:
    from segcore.clustering.quality.k_distance import KDistances
    from segcore.records.intake import Intake
    from segcore.records.params import Param


def plan_digest(plan: Plan, taken: Intake) -> str:
    """Return a digest of a plan for the loaded data."""
    return digest([taken.table, plan.to_json()])[:12]


def curve_of(plan: Plan, taken: Intake, table: FeatureTable, *, neighbours: int) -> KDistances:
    """Return the curve of a plan's rows, computed once per plan."""

    def build() -> KDistances:
        from segcore.sweeps.first_radii import radius_curve

        return radius_curve(table, plan, neighbours)

    return cache.computed("k_distances", f"{plan_digest(plan, taken)}.{neighbours}", build)


def draw_curve(curve: KDistances, radius: Param) -> None:
    """Draw the curve with its suggestion and a description."""
    from segcore.plots.feature_overview import draw_k_distances

    picture, words = st.columns([3, 2], gap="medium", vertical_alignment="center")
    chart = {"displayModeBar": False, "showSendToCloud": False}
    alt = f"Curve of every customer's distance to neighbour {curve.k}, ascending"
    picture.plotly_chart(draw_k_distances(curve), config=chart, key="k_distances", alt=alt)
    words.markdown(f"**How {radius.label or radius.title.lower()} was suggested**")
    words.caption(
        f"{curve.reason} Measured on {counted(curve.n_sampled, 'customer')}. "
        "Left of the bend, customers are close together; right of it, they are far from all others. The radii above are the bend "
        "and values around it. Change them as you like."
    )
