"""Structure of the solutions: segment sizes, the tree of merges, and the compactness of features."""

from __future__ import annotations

import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.plots.compactness import compactness_map_data, segment_map_data
from segcore.plots.dendrogram import ARRAYS, dendrogram_data, describe_dendrogram, draw_dendrogram
from segcore.plots.heatmap import describe_map, draw_map
from segcore.plots.segment_sizes import describe_sizes, draw_sizes, sizes_data
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.sweeps.points import PointRow, points_axis, recommended_position
from segcore.wording.markdown import escape
from ui.explore.measures import figure_key
from ui.widgets.figures import draw_figure


def draw_all_sizes(sweep: Sweep, chosen: int) -> None:
    """Draw the segment sizes of every solution."""
    st.header("How large are the segments?", anchor=False)
    bars = sizes_data(sweep)
    draw_figure(
        draw_sizes(bars, x_title=points_axis(sweep), chosen=chosen),
        key=figure_key(sweep, "sizes"),
        name="Segment sizes of every solution, the largest at the bottom",
        words=describe_sizes(bars, chosen=chosen),
        clickable=True,
    )


def draw_tree(sweep: Sweep, solution: Solution | None, names: dict[int, str]) -> None:
    """Draw how the segments of the chosen solution merge, if its algorithm makes a tree."""
    distance = algorithm(sweep.spec.algorithm).presentation.tree_distance
    if not distance or solution is None or not set(ARRAYS) <= set(solution.arrays):
        return
    st.header("How do the segments merge?", anchor=False)
    tree = dendrogram_data(solution.arrays, solution.n_segments, distance=distance, names=names)
    draw_figure(
        draw_dendrogram(tree),
        key=figure_key(sweep, "tree"),
        name="Tree of the chosen solution: its segments at the bottom, and the distances at which they merge",
        words=describe_dendrogram(tree),
    )


def draw_compactness(sweep: Sweep, chosen: PointRow, solution: Solution | None, titles: dict[str, str], names: dict[int, str]) -> None:
    """Draw the features' compactness in every solution, then in every segment of the chosen one."""
    st.header("In which features are the customers of a segment alike?", anchor=False)
    st.caption(
        "Compactness is 1 − spread within the segment ÷ spread over all customers: 1 means all alike, 0 no more alike than all customers."
    )
    data = compactness_map_data(sweep, titles)
    draw_figure(
        draw_map(data, chosen=chosen.position, recommended=recommended_position(sweep)),
        key=figure_key(sweep, "features"),
        name="Mean compactness of every feature in every solution",
        words=describe_map(data, chosen=chosen.position),
        clickable=True,
    )
    if solution is None or solution.quality is None or not solution.segments:
        return
    from segcore.wording.numbers import segment_title

    st.markdown(f"**Each segment of the chosen solution, {escape(chosen.label)}**")
    compactness = [(label, segment_title(label, names), solution.quality.compactness.get(label, {})) for label in solution.segments]
    by_segment = segment_map_data(compactness, sweep.spec.plan.features, titles)
    draw_figure(
        draw_map(by_segment),
        key=figure_key(sweep, "segments"),
        name="Compactness of every feature in every segment of the chosen solution",
        words=describe_map(by_segment),
    )
