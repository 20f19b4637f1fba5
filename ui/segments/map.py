"""Map of the customers on the Segments screen, computed on request: coloured by segment or by a feature."""

from __future__ import annotations

import streamlit as st

from segcore.plots.segments.map import describe_customers, draw_customers, feature_colours
from segcore.records.feature_table import unique_titles
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.maps.customer_map import CustomerMap, map_of
from segcore.store.store import Store
from ui.segments.on_request import asked_for
from ui.segments.profile import segments_key
from ui.shell import cache
from ui.shell.sweep_data import clustered, segment_names
from ui.widgets.figures import draw_figure
from ui.widgets.select import select

_HELP = "Principal components of the features as clustered. It takes a second or two for large data."
_SEGMENT = ""
"""Stands for the segment among the names of features that can colour the map."""


def draw_map(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw the map of the customers once it was asked for; or the button that asks."""
    st.header("Map of the customers", anchor=False)
    if not asked_for(
        f"map.{sweep.id}.{position}",
        "Draw the map",
        key="segments.map",
        icon=":material/scatter_plot:",
        words=_HELP,
        before="One point per customer, on the plane where they differ most: how far the segments are apart, and how they overlap.",
    ):
        return

    def build() -> CustomerMap:
        with st.spinner("Drawing the map …"):
            return map_of(store, sweep.id, position, rows=lambda: clustered(store, sweep).table)

    found = cache.computed("map", segments_key(sweep, solution, {}), build)
    _draw_coloured(store, sweep, position, found)


@st.fragment
def _draw_coloured(store: Store, sweep: Sweep, position: int, found: CustomerMap) -> None:
    table, names = cache.feature_table(str(store.home), sweep.spec.table), segment_names(store, sweep, position)
    titles = {name: title for name, title in unique_titles(table.dictionary).items() if name not in table.dimensions}
    colour = select(
        "Colour the customers by",
        [_SEGMENT, *titles],
        key="segments.map.colour",
        format_func=lambda name: "Segment" if name == _SEGMENT else titles[name],
    )
    colours = None if colour == _SEGMENT else feature_colours(table, sweep.spec.plan, colour)
    draw_figure(
        draw_customers(found, names, colours=colours),
        key=f"figure.map.{position}",
        name=f"Map of the customers, coloured by {'segment' if colours is None else colours.title}",
        words=f"{describe_customers(found, colours=colours)} {found.caution}",
    )
