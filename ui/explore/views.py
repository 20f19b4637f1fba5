"""What Explore shows of a sweep: the recommendation, and every measure at every point."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm, criteria
from segcore.plots.compactness import compactness_map_data, segment_map_data
from segcore.plots.curves import curves_data, describe_curves, draw_curves
from segcore.plots.dendrogram import ARRAYS, dendrogram_data, describe_dendrogram, draw_dendrogram
from segcore.plots.heatmap import describe_map, draw_map
from segcore.plots.parameter_map import grid_map_data
from segcore.plots.segment_sizes import describe_sizes, draw_sizes, sizes_data
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import PointRow, metric, point_rows, point_table, points_axis
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, listed
from ui.shell import state
from ui.widgets.figures import draw_figure
from ui.widgets.point_choice import recommended_position

WATCH_SECONDS = 3.0
_LARGE = 2
_ALWAYS = ("calinski_harabasz", "davies_bouldin")
_NUMBERS = {1: "One more measure", 2: "Two more measures", 3: "Three more measures", 4: "Four more measures"}


def figure_keys(sweep: Sweep) -> tuple[str, ...]:
    """Return the keys of the figures in which a point can be clicked."""
    return tuple(_key(sweep, name) for name in (*_measures(sweep)[0], *_measures(sweep)[1], "sizes", "features"))


def _key(sweep: Sweep, name: str) -> str:
    return f"figure.{name}.{sweep.id[:12]}"


def _measures(sweep: Sweep) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the measures to draw at once, and those to open: all maps at once, curves beyond the second on demand."""
    own = algorithm(sweep.spec.algorithm).presentation.measures
    if is_mapped(sweep):
        return own, ()
    return own[:_LARGE], tuple(dict.fromkeys((*own[_LARGE:], *(name for name in _ALWAYS if name not in own[:_LARGE]))))


def is_mapped(sweep: Sweep) -> bool:
    """Tell whether the measures are shown as maps over two axes rather than as curves over one."""
    return algorithm(sweep.spec.algorithm).presentation.mapped_over != ""


def watch(store: Store, sweep: Sweep) -> None:
    """Run the page again when more points are there; drawn only while some are missing."""
    seen = sum(solution is not None for solution in sweep.solutions)

    def look() -> None:
        if len(store.positions(sweep.id)) != seen:
            st.rerun()

    if not sweep.is_complete:
        st.fragment(run_every=WATCH_SECONDS, key="explore.watch")(look)()


def draw_recommendation(sweep: Sweep) -> None:
    """Say which point to start from and why, or that none is clearly best and why."""
    found = sweep.recommendation
    there = sum(solution is not None for solution in sweep.solutions)
    if found is None:
        st.info(
            f"{there} of {counted(len(sweep.solutions), 'solution')} finished. The recommendation follows when all have.",
            icon=":material/hourglass_top:",
        )
        return
    position = recommended_position(sweep)
    if position is None:
        st.warning(escape(found.reason), icon=":material/balance:")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/star: **Recommended: {escape(_label(sweep, position))}.** {escape(found.reason)}", width="stretch")
        is_chosen = state.chosen_point(sweep) == position
        st.button(
            "Chosen" if is_chosen else "Choose it",
            key="explore.recommended",
            icon=":material/check:" if is_chosen else None,
            disabled=is_chosen,
            on_click=state.choose_point,
            args=(sweep.id, position),
        )


def _label(sweep: Sweep, position: int) -> str:
    return point_rows(sweep)[position].label


def draw_measures(sweep: Sweep, chosen: int) -> None:
    """Draw the measures at every point, two figures a row; a click in one chooses the point."""
    recommended = recommended_position(sweep)
    st.header("How good is each point?", anchor=False)
    first, more = _measures(sweep)
    with st.grid(2, min_column_width=420, gap="medium") as grid:
        for name in first:
            with grid.cell():
                _draw_measure(sweep, name, chosen, recommended)
    if more:
        titles = listed([metric(name).title for name in more])
        with st.expander(f"{_NUMBERS.get(len(more), 'More measures')}: {titles}"), st.grid(2, min_column_width=420) as grid:
            for name in more:
                with grid.cell():
                    _draw_measure(sweep, name, chosen, recommended)


def _draw_measure(sweep: Sweep, name: str, chosen: int, recommended: int | None) -> None:
    shown = metric(name)
    st.markdown(f"**{shown.title}**", help=shown.reading)
    if is_mapped(sweep):
        data = grid_map_data(sweep, name)
        figure, words = draw_map(data, chosen=chosen, recommended=recommended), describe_map(data, chosen=chosen)
    else:
        curves = curves_data(sweep, name)
        figure = draw_curves(curves, chosen=chosen, recommended=recommended)
        words = describe_curves(curves, chosen=chosen, recommended=recommended)
    draw_figure(figure, key=_key(sweep, name), name=f"{shown.title} at every point of the grid", words=words, clickable=True)


def draw_all_sizes(sweep: Sweep, chosen: int) -> None:
    """Draw how the customers are spread over the segments at every point."""
    st.header("How large are the segments?", anchor=False)
    bars = sizes_data(sweep)
    draw_figure(
        draw_sizes(bars, x_title=points_axis(sweep), chosen=chosen),
        key=_key(sweep, "sizes"),
        name="Sizes of the segments at every point of the grid, the largest at the foot",
        words=describe_sizes(bars, chosen=chosen),
        clickable=True,
    )


def draw_tree(sweep: Sweep, solution: Solution | None, names: dict[int, str]) -> None:
    """Draw how the segments of the chosen point join into one, where its algorithm makes a tree."""
    distance = algorithm(sweep.spec.algorithm).presentation.tree_distance
    if not distance or solution is None or not set(ARRAYS) <= set(solution.arrays):
        return
    st.header("How do the segments join?", anchor=False)
    tree = dendrogram_data(solution.arrays, solution.n_segments, distance=distance, names=names)
    draw_figure(
        draw_dendrogram(tree),
        key=_key(sweep, "tree"),
        name="Tree of the chosen point: its segments at the foot, and the distances at which they join",
        words=describe_dendrogram(tree),
    )


def draw_compactness(sweep: Sweep, chosen: PointRow, solution: Solution | None, titles: dict[str, str], names: dict[int, str]) -> None:
    """Draw the features' compactness at every point, then in every segment of the chosen one."""
    st.header("In which features are customers of a segment alike?", anchor=False)
    st.caption("Compactness is 1 − spread within the segment ÷ spread over all customers: 1 is all alike, 0 no more alike than everybody.")
    data = compactness_map_data(sweep, titles)
    draw_figure(
        draw_map(data, chosen=chosen.position, recommended=recommended_position(sweep)),
        key=_key(sweep, "features"),
        name="Mean compactness of every feature at every point of the grid",
        words=describe_map(data, chosen=chosen.position),
        clickable=True,
    )
    if solution is None or solution.quality is None or not solution.segments:
        return
    from segcore.wording.numbers import segment_title

    st.markdown(f"**At the chosen point, {escape(chosen.label)}: each segment**")
    compactness = [(label, segment_title(label, names), solution.quality.compactness.get(label, {})) for label in solution.segments]
    by_segment = segment_map_data(compactness, sweep.spec.plan.features, titles)
    draw_figure(
        draw_map(by_segment),
        key=_key(sweep, "segments"),
        name="Compactness of every feature in every segment of the chosen point",
        words=describe_map(by_segment),
    )


def draw_table(sweep: Sweep, chosen: int) -> None:
    """Draw every point's numbers, and offer them as CSV at full precision."""
    st.header("Every point in numbers", anchor=False)
    table = pd.DataFrame(point_table(sweep))
    shown = table.assign(noise_share=100 * table["noise_share"].astype(float)).dropna(axis="columns", how="all")
    shown.insert(0, "chosen", ["●" if position == chosen else "" for position in range(len(shown))])
    st.dataframe(shown, hide_index=True, column_config=_columns(sweep), placeholder="–", alt="Every point of the grid with its measures")
    st.download_button(
        "Download the table as CSV",
        data=lambda: table.to_csv(index=False).encode(),
        file_name=f"points-{sweep.id[:12]}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="explore.csv",
    )


def _columns(sweep: Sweep) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    params = {param.name: param.title for param in algorithm(sweep.spec.algorithm).params}
    return {
        **params,
        "chosen": st.column_config.TextColumn("Chosen", width="small"),
        "status": "Status",
        "segments": number("Segments", format="%d"),
        "largest": number("Largest", format="localized", help="Rows in the largest segment."),
        "smallest": number("Smallest", format="localized", help="Rows in the smallest segment."),
        "noise_share": number("Noise", format="%.1f %%"),
        "silhouette": number("Silhouette", format="%.3f"),
        "silhouette_low": number("Low", format="%.3f", help="95 % interval of the silhouette; equal to it where it is exact."),
        "silhouette_high": number("High", format="%.3f"),
        "silhouette_sample": number("Measured on", format="localized", help="Rows on which the silhouette was measured."),
        "inertia": number("Inertia", format="%,.0f", help=metric("inertia").reading),
        "calinski_harabasz": number("Calinski–Harabasz", format="%.1f"),
        "davies_bouldin": number("Davies–Bouldin", format="%.3f"),
        **{found.name: number(found.title, format=f"%,.{found.decimals}f", help=found.reading) for found in criteria()},
        "mean_compactness": number("Mean compactness", format="%.3f"),
        "fit_seconds": number("Fit (seconds)", format="%.3f"),
        "engine": "Engine",
        "same_segments_as": st.column_config.TextColumn("Same segments as", help="The first point of the grid with the same segments."),
        "reason": st.column_config.TextColumn("Reason", width="large"),
    }
