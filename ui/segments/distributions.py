"""Distributions of a segment's features and numeric profile columns on the Segments screen, compared with all customers."""

from __future__ import annotations

import numpy as np
import streamlit as st

from segcore.plots.segments.distribution import describe_distribution, draw_distribution
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.profiles.densities import Density, distribution_pair
from segcore.segments.profiles.histograms import Histogram
from segcore.segments.profiles.profile_numbers import NumberAcross
from segcore.segments.profiles.records import FeatureProfile, SegmentSummary
from segcore.store.store import Store
from segcore.wording.markdown import escape
from ui.segments.columns import described_columns
from ui.segments.profile import segments_key
from ui.shell import cache, state
from ui.shell.sweep_data import readable
from ui.widgets.figures import draw_figure, drawn

SHOWN_FIRST = 4


def draw_distributions(store: Store, sweep: Sweep, position: int, solution: Solution, summary: SegmentSummary) -> None:
    """Draw distributions of a segment's features next to all customers': by default those that set it apart most."""
    st.markdown("**How its features are distributed, compared with all customers**")
    features = {feature.name: feature for feature in sorted(summary.features, key=_apartness, reverse=True)}
    numbers = {number.column: number for number in _numbers(store, sweep, position, solution) if number.column not in features}
    key = f"segments.features.{sweep.id[:12]}.{position}.{summary.label}"
    state.seed_widget(key, list(features)[:SHOWN_FIRST])
    with st.expander("Choose which features to show"):
        # Not a multiselect: white on the dark theme's light primary colour would be too faint to read.
        shown = st.pills(
            "Features shown",
            [*features, *numbers],
            selection_mode="multi",
            key=key,
            format_func=lambda name: escape(features[name].title if name in features else f"{name} (profile column)"),
        )
    with st.grid(2, min_column_width=380, gap="medium") as grid:
        for name in shown:
            feature = features[name] if name in features else numbers[name].in_segment(summary.label)
            with grid.cell():
                if feature is None:
                    st.caption(escape(f"{name}: no customer of {summary.title} has a value."))
                else:
                    _draw_one(feature, summary, _pair(store, sweep, solution, summary.label, name))


def _draw_one(feature: FeatureProfile, summary: SegmentSummary, pair: Density | Histogram) -> None:
    draw_figure(
        drawn(draw_distribution, pair, feature, summary.title),
        key=f"figure.spread.{summary.label}.{feature.name}",
        name=f"{feature.title} in {summary.title} and among all customers",
        words=describe_distribution(pair, feature, summary.title),
    )


def _numbers(store: Store, sweep: Sweep, position: int, solution: Solution) -> tuple[NumberAcross, ...]:
    _, numbers = described_columns(store, sweep, position, solution)
    return numbers


def _apartness(feature: FeatureProfile) -> float:
    return abs(feature.shift or 0.0) * (1 + max(feature.compactness or 0.0, 0.0))


def _pair(store: Store, sweep: Sweep, solution: Solution, label: int, name: str) -> Density | Histogram:
    def build() -> Density | Histogram:
        table = readable(store, sweep)
        originals = np.asarray(table.copies) == 0
        values = table.column(name) if name in table.names else table.profile[name]
        return distribution_pair(values[originals], np.asarray(solution.labels)[originals] == label)

    return cache.described("distribution", f"{segments_key(sweep, solution, {})}.{label}.{name}", build)
