"""What is behind the measures: segment sizes, compactness, stability, moves, each customer's fit, and the tree of merges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.preparation import prepare_rows
from segcore.plots.compactness import compactness_map_data, segment_map_data
from segcore.plots.dendrogram import ARRAYS, dendrogram_data, describe_dendrogram, draw_dendrogram
from segcore.plots.evidence.moves import describe_moves, draw_move_tree, move_tree, path_positions
from segcore.plots.evidence.silhouette_bars import SegmentBars, describe_silhouettes, draw_silhouettes, silhouette_bars
from segcore.plots.evidence.stability_strip import describe_stability, stability_map_data
from segcore.plots.heatmap import describe_map, draw_map
from segcore.plots.segments.segment_sizes import describe_sizes, draw_sizes, sizes_data
from segcore.records.grid import point_key
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import PointRow, points_axis, recommended_position
from segcore.wording.markdown import escape
from ui.explore.measures import figure_key
from ui.shell import cache, state
from ui.shell.sweep_data import clustered, feature_titles, find_solution, segment_names
from ui.widgets.figures import draw_figure, drawn

_TAB = "explore.tab"


def draw_details(store: Store, sweep: Sweep, chosen: PointRow, solution: Solution | None) -> None:
    """Draw what is behind the measures in tabs, of which only the open one is computed."""
    names, titles = segment_names(store, sweep, chosen.position), feature_titles(store, sweep)
    views: dict[str, Callable[[], None]] = {"Sizes": lambda: draw_all_sizes(sweep, chosen.position)}
    if titles:
        views["Compactness"] = lambda: draw_compactness(sweep, chosen, solution, titles, names)
    if stability_map_data(sweep) is not None:
        views["Stability"] = lambda: draw_stability(sweep, chosen.position)
    if path_positions(sweep, chosen.position):
        views["Who moves"] = lambda: draw_moves(store, sweep, chosen.position)
    if solution is not None and solution.labels is not None and solution.n_segments > 1:
        views["Each customer"] = lambda: draw_customers(store, sweep, chosen.position, solution, names)
    if solution is not None and _has_tree(sweep, solution):
        views["Tree"] = lambda: draw_tree(sweep, solution, names)
    if state.widget(_TAB, state.recall(_TAB)) not in views:
        state.set_widget(_TAB, next(iter(views)))
    state.seed_widget(_TAB, state.recall(_TAB))
    tabs = st.tabs(list(views), key=_TAB, on_change="rerun")
    state.remember(_TAB, state.widget(_TAB))
    for tab, draw in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def draw_all_sizes(sweep: Sweep, chosen: int) -> None:
    """Draw the segment sizes of every solution."""
    bars = sizes_data(sweep)
    draw_figure(
        drawn(draw_sizes, bars, x_title=points_axis(sweep), chosen=chosen),
        key=figure_key(sweep, "sizes"),
        name="Segment sizes of every solution, the largest at the bottom",
        words=describe_sizes(bars, chosen=chosen),
        clickable=True,
    )


def draw_stability(sweep: Sweep, chosen: int) -> None:
    """Draw the stability of every segment of every solution, once it is measured."""
    data = stability_map_data(sweep)
    if data is None:
        return
    st.caption(
        "Would each segment be found again? "
        "Random samples of the customers are clustered again; stability is the share of customers that a segment and its best match "
        "have in common (Jaccard index, mean over the resamples): 1 is the same segment, above 0.75 it is found again, below 0.6 it is not."
    )
    draw_figure(
        drawn(draw_map, data, chosen=chosen, recommended=recommended_position(sweep)),
        key=figure_key(sweep, "stability"),
        name="Stability of every segment of every solution, the largest segment at the bottom",
        words=describe_stability(sweep),
        clickable=True,
    )


def draw_moves(store: Store, sweep: Sweep, chosen: int) -> None:
    """Draw how customers move between segments as their number grows."""
    path = path_positions(sweep, chosen)
    evidence = sweep.evidence
    version = f"{sweep.id} {path} {evidence.resamples if evidence else 0}"
    tree = cache.computed("moves", version, lambda: move_tree(sweep, _labels(store, sweep, path)))
    st.caption("Who moves when there is one segment more.")
    draw_figure(
        drawn(draw_move_tree, tree, chosen=chosen),
        key=figure_key(sweep, "moves"),
        name="Segments of successive solutions, and the customers that they share",
        words=describe_moves(sweep, tree),
        clickable=True,
    )


def _labels(store: Store, sweep: Sweep, positions: list[int]) -> dict[int, np.ndarray]:
    found = {position: find_solution(store, sweep, position) for position in positions}
    return {
        position: np.asarray(solution.labels)
        for position, solution in found.items()
        if solution is not None and solution.labels is not None
    }


def draw_customers(store: Store, sweep: Sweep, chosen: int, solution: Solution, names: dict[int, str]) -> None:
    """Draw the silhouette of every customer of the chosen solution."""
    labels, spec = np.asarray(solution.labels), sweep.spec
    colours = store.segment_colours(sweep.id, point_key(solution.params))

    def build() -> tuple[SegmentBars, ...]:
        X = prepare_rows(clustered(store, sweep).table, spec.plan)
        return silhouette_bars(X, labels, names, kept_colours=colours, seed=spec.plan.seed)

    bars = cache.computed("silhouettes", f"{sweep.id} {chosen} {sorted(names.items())} {sorted(colours.items())}", build)
    mean = solution.quality.silhouette.value if solution.quality else None
    st.caption("How well each customer fits their segment.")
    draw_figure(
        drawn(draw_silhouettes, bars, mean=mean),
        key=figure_key(sweep, "customers"),
        name="Silhouette of every customer of the chosen solution, sorted within each segment",
        words=describe_silhouettes(bars, n_customers=len(labels) - solution.n_noise),
    )


def _has_tree(sweep: Sweep, solution: Solution) -> bool:
    return bool(algorithm(sweep.spec.algorithm).presentation.tree_distance) and set(ARRAYS) <= set(solution.arrays)


def draw_tree(sweep: Sweep, solution: Solution, names: dict[int, str]) -> None:
    """Draw how the segments of the chosen solution merge."""
    distance = algorithm(sweep.spec.algorithm).presentation.tree_distance
    st.caption("How the segments merge.")
    tree = dendrogram_data(solution.arrays, solution.n_segments, distance=distance, names=names)
    draw_figure(
        drawn(draw_dendrogram, tree),
        key=figure_key(sweep, "tree"),
        name="Tree of the chosen solution: its segments at the bottom, and the distances at which they merge",
        words=describe_dendrogram(tree),
    )


def draw_compactness(sweep: Sweep, chosen: PointRow, solution: Solution | None, titles: dict[str, str], names: dict[int, str]) -> None:
    """Draw the features' compactness in every solution, then in every segment of the chosen one."""
    st.caption(
        "In which features the customers of a segment are alike. "
        "Compactness is 1 − spread within the segment ÷ spread over all customers: 1 means all alike, 0 no more alike than all customers."
    )
    data = compactness_map_data(sweep, titles, tuple(titles))
    draw_figure(
        drawn(draw_map, data, chosen=chosen.position, recommended=recommended_position(sweep)),
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
    by_segment = segment_map_data(compactness, tuple(titles), titles)
    draw_figure(
        drawn(draw_map, by_segment),
        key=figure_key(sweep, "segments"),
        name="Compactness of every feature in every segment of the chosen solution",
        words=describe_map(by_segment),
    )
