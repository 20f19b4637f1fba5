"""Map of the customers on the Segments screen: linear at once, or one that keeps neighbours together, made by a job."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Literal

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError, StoreError
from segcore.jobs.tasks.making_maps import map_job_of, start_map
from segcore.plots.segments.map import FeatureColours, describe_customers, draw_customers, feature_colours
from segcore.records.feature_table import unique_titles
from segcore.records.grid import point_key
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.maps.customer_map import CustomerMap, map_of
from segcore.segments.maps.neighbour_layout import NeighbourMethod
from segcore.segments.maps.stored_layout import known_layout, rows_digest
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.sweeps.overview import sweep_name, sweeps_of
from segcore.sweeps.points import point_rows
from segcore.wording.findings import error_text
from segcore.wording.maps import METHODS, Method
from segcore.wording.markdown import escape
from ui.segments.maps.selection import draw_selection
from ui.segments.on_request import asked_for
from ui.segments.profile import segments_key
from ui.shell import cache, state
from ui.shell.guard import fragment
from ui.shell.progress import LIVE, draw_failure, follow_job
from ui.shell.sweep_data import clustered, find_solution, segment_names
from ui.widgets.figures import draw_figure
from ui.widgets.select import select

_HELP = "Principal components of the features as clustered. It takes a second or two for large data."
_SEGMENT = ""
"""Stands for the segment among the names of features that can colour the map."""
_ALONE = ""
"""Stands for no other solution beside the map."""
_NEIGHBOUR_METHODS: tuple[NeighbourMethod, ...] = ("tsne", "umap")
_COST: dict[NeighbourMethod, str] = {
    "tsne": "It takes some 20 seconds for 10,000 customers, and a few minutes from 50,000 on.",
    "umap": "It takes some 15 seconds for 10,000 customers, half of them to compile its code, and a few minutes from 50,000 on.",
}


def draw_map(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw the map of the customers once it was asked for; or the button that asks."""
    st.header("Map of the customers", anchor=False)
    being_made = next((method for method in _NEIGHBOUR_METHODS if _is_live(_job(store, sweep, method))), None)
    asked = f"map.{sweep.id}.{position}"
    if being_made is not None:
        state.remember(asked, True)  # by an earlier session, or before a refresh
    if not asked_for(
        asked,
        "Draw the map",
        key="segments.map",
        icon=":material/scatter_plot:",
        words=_HELP,
        before="One point per customer, on the plane where they differ most: how far the segments are apart, and how they overlap.",
    ):
        return
    method: Method = (
        st.segmented_control(
            "Kind of map",
            tuple(METHODS),
            default=being_made or "pca",
            key="segments.map.method",
            required=True,
            format_func=METHODS.__getitem__,
            help="Principal components show how far segments are apart. t-SNE and UMAP keep similar customers together.",
        )
        or "pca"
    )
    if method != "pca" and not _is_made(store, sweep, method):
        return
    _draw_coloured(store, sweep, position, _map_of(store, sweep, position, solution, method))


def _map_of(store: Store, sweep: Sweep, position: int, solution: Solution, method: Method) -> CustomerMap:
    def build() -> CustomerMap:
        with st.spinner("Drawing the map …"):
            return map_of(store, sweep.id, position, method=method, rows=lambda: clustered(store, sweep).table)

    kept = sorted(store.segment_colours(sweep.id, point_key(solution.params)).items())
    return cache.computed("map", f"{segments_key(sweep, solution, {})}.{method}.{kept}", build)


def _job(store: Store, sweep: Sweep, method: NeighbourMethod) -> jobs.Job | None:
    try:
        return jobs.read_job(store, map_job_of(sweep, method))
    except StoreError:
        return None


def _is_live(job: jobs.Job | None) -> bool:
    return job is not None and job.state in LIVE


def _is_made(store: Store, sweep: Sweep, method: NeighbourMethod) -> bool:
    """Tell whether a map is in the store; if not, draw the job that makes it, or the button that starts it."""
    if known_layout(store, sweep, method) is not None:
        return True
    job = _job(store, sweep, method)
    if job is not None and _is_live(job):
        follow_job(store, job.id, where="segments.map", words=lambda _: "You can leave this page meanwhile.")
        return False
    if job is not None and job.state == "failed":
        draw_failure(job, "The map could not be made")
    st.caption(
        f"Customers who are alike are placed together, even if no plane shows it; distances between groups mean little. {_COST[method]} "
        "The map is made once for all solutions of the sweep."
    )
    if st.button(f"Make the {METHODS[method]} map", key=f"segments.map.make.{method}", icon=":material/scatter_plot:"):
        try:
            start_map(store, sweep, method)
        except SegcoreError as error:
            st.error(escape(error_text(error, "screen")), icon=":material/error:")
        else:
            st.rerun()
    return False


@fragment
def _draw_coloured(store: Store, sweep: Sweep, position: int, found: CustomerMap) -> None:
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    with left:
        colours = _pick_colours(store, sweep)
    with middle:
        other = _pick_other(store, sweep, position)
    with right:
        drag: Literal["lasso", "box"] = (
            st.segmented_control(
                "Select by", ("lasso", "box"), default="lasso", key="segments.map.drag", required=True, format_func=str.capitalize
            )
            or "lasso"
        )
    keys = [f"figure.map.{found.method}.{position}"]
    if other is None:
        _draw_one(store, sweep, position, found, colours, key=keys[0], drag=drag)
    else:
        its_sweep, at = other
        beside = find_solution(store, its_sweep, at)
        keys.append(f"figure.map.beside.{found.method}.{its_sweep.id[:12]}.{at}")
        first, second = st.columns(2, gap="medium")
        with first:
            _draw_one(store, sweep, position, found, colours, key=keys[0], drag=drag, beside=True)
        if beside is not None and beside.labels is not None:
            with second:
                # The same customers are drawn, so that the two differ in nothing but the segments.
                compared = replace(_map_of(store, its_sweep, at, beside, found.method), shown=found.shown)
                _draw_one(store, its_sweep, at, compared, colours, key=keys[1], drag=drag, beside=True)
        st.caption(escape(_words(found, colours)))
    draw_selection(store, sweep, position, found, keys)


def _pick_colours(store: Store, sweep: Sweep) -> FeatureColours | None:
    table = cache.feature_table(str(store.home), sweep.spec.table)
    titles = {name: title for name, title in unique_titles(table.dictionary).items() if name not in table.dimensions}
    colour = select(
        "Colour the customers by",
        [_SEGMENT, *titles],
        key="segments.map.colour",
        format_func=lambda name: "Segment" if name == _SEGMENT else titles[name],
    )
    return None if colour == _SEGMENT else feature_colours(table, sweep.spec.plan, colour)


def _pick_other(store: Store, sweep: Sweep, position: int) -> tuple[Sweep, int] | None:
    """Draw the list of the other solutions of the same rows, also of other readable sweeps, and return the chosen one."""
    offered: dict[str, tuple[Sweep, int]] = {}
    labels = {_ALONE: "No other solution"}
    others = [found for found in sweeps_of(store, sweep.spec.table, sweep.spec.data) if found != sweep.id]
    rows = rows_digest(sweep)
    readable = (if_readable(functools.partial(_read_other, store, found)) for found in others)
    for other, of in [(sweep, ""), *(found for found in readable if found is not None)]:
        if other.preparation is None or rows_digest(other) != rows:
            continue
        for row in point_rows(other):
            if row.n_segments and (other.id, row.position) != (sweep.id, position):
                offered[f"{other.id}.{row.position}"] = (other, row.position)
                labels[f"{other.id}.{row.position}"] = f"{of}{row.label}"
    chosen = select("Beside it, the segments of", list(labels), key=f"segments.map.beside.{position}", format_func=labels.__getitem__)
    return offered.get(chosen)


def _read_other(store: Store, sweep_id: str) -> tuple[Sweep, str]:
    return cache.sweep_now(str(store.home), sweep_id), f"{sweep_name(store, sweep_id)}: "


def _draw_one(
    store: Store,
    sweep: Sweep,
    position: int,
    found: CustomerMap,
    colours: FeatureColours | None,
    *,
    key: str,
    drag: Literal["lasso", "box"],
    beside: bool = False,
) -> None:
    if beside:
        st.markdown(f"**{escape(point_rows(sweep)[position].label)}**")
    draw_figure(
        draw_customers(found, segment_names(store, sweep, position), colours=colours),
        key=key,
        name=f"Map of the customers, coloured by {'segment' if colours is None else colours.title}",
        words="" if beside else _words(found, colours),  # two maps have one description below both
        drag=drag,
    )


def _words(found: CustomerMap, colours: FeatureColours | None) -> str:
    return f"{describe_customers(found, colours=colours)} {found.caution}"
