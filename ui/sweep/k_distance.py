"""The k-distance curve of the chosen features, from which the form suggests DBSCAN's eps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.features.preparation import prepare_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.system.digests import digest
from segcore.wording.numbers import counted
from ui.shell import cache

if TYPE_CHECKING:
    from segcore.clustering.quality.k_distance import KDistances
    from segcore.records.intake import Intake

NEIGHBOURS = 10
"""The neighbour the curve asks for: the smallest ``min_samples`` of the default grid."""


def choice_digest(chosen: Plan, taken: Intake) -> str:
    """Return a short name of a choice on the loaded data."""
    return digest([taken.table, chosen.to_json()])[:12]


def curve_of(chosen: Plan, taken: Intake, table: FeatureTable) -> KDistances:
    """Return the curve of what is chosen; computed once for each choice."""

    def build() -> KDistances:
        from segcore.clustering.quality.k_distance import k_distances
        from segcore.features.assemble import assemble

        found = assemble(table, chosen.features, outliers=chosen.outliers, repeats=1, seed=chosen.seed)
        X = prepare_rows(found.table, chosen.scaler, weights=chosen.weights, transforms=chosen.transforms)
        return k_distances(X, NEIGHBOURS, seed=chosen.seed)

    return cache.computed("k_distances", choice_digest(chosen, taken), build)


def eps_values(curve: KDistances) -> tuple[float, ...] | None:
    """Return the eps to try first: the bend, and a little below and above it; None where the curve has no bend."""
    if curve.eps is None:
        return None
    return tuple(float(f"{curve.eps * factor:.3g}") for factor in (0.7, 0.85, 1.0, 1.2))


def draw_curve(curve: KDistances) -> None:
    """Draw the curve with its suggestion, and say it in words."""
    from segcore.plots.feature_overview import draw_k_distances

    picture, words = st.columns([3, 2], gap="medium", vertical_alignment="center")
    chart = {"displayModeBar": False, "showSendToCloud": False}
    alt = f"Curve of every customer's distance to neighbour {curve.k}, ascending"
    picture.plotly_chart(draw_k_distances(curve), config=chart, key="k_distances", alt=alt)
    words.markdown("**How eps was suggested**")
    words.caption(
        f"{curve.reason} Measured on {counted(curve.n_sampled, 'customer')}. "
        "Left of the bend customers lie close together; right of it they are far from everyone. The radii above are the bend "
        "and some around it; change them as you like."
    )
