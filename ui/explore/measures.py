"""Curves or maps of every measure of every solution; a click chooses a solution."""

from __future__ import annotations

import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.plots.inertia_shares import describe_inertia_shares, draw_inertia_shares, inertia_share_curve, missing_space, other_space
from segcore.plots.measure_figures import describe_measure, draw_measure, is_mapped, measure_data
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import metric, recommended_position
from segcore.wording.numbers import listed
from ui.shell import cache
from ui.widgets.figures import draw_figure, drawn

_LARGE = 2
_ALWAYS = ("calinski_harabasz", "davies_bouldin")
_NUMBERS = {1: "One more measure", 2: "Two more measures", 3: "Three more measures", 4: "Four more measures"}

_TO_COMPARE = {
    "items": "To see inertia on components and on the items themselves in one figure, choose “The items themselves” under Taste on "
    "Features, and sweep again.",
    "components": "To see inertia on the items themselves and on components in one figure, compute components under Taste on Features, "
    "and sweep again.",
}


def figure_keys(sweep: Sweep) -> tuple[str, ...]:
    """Return the keys of the figures in which a solution can be clicked."""
    return tuple(
        figure_key(sweep, name) for name in (*_measures(sweep)[0], *_measures(sweep)[1], "stability", "moves", "sizes", "features")
    )


def figure_key(sweep: Sweep, name: str) -> str:
    """Return the key of a figure of a sweep."""
    return f"figure.{name}.{sweep.id[:12]}"


def _measures(sweep: Sweep) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the measures to draw at once and those on demand: all maps at once, curves beyond the second on demand."""
    own = algorithm(sweep.spec.algorithm).presentation.measures
    if is_mapped(sweep):
        return own, ()
    return own[:_LARGE], tuple(dict.fromkeys((*own[_LARGE:], *(name for name in _ALWAYS if name not in own[:_LARGE]))))


def draw_measures(sweep: Sweep, chosen: int) -> None:
    """Draw the measures of every solution, two figures per row; a click in one chooses the solution."""
    recommended = recommended_position(sweep)
    st.header("How good is each solution?", anchor=False)
    first, more = _measures(sweep)
    with st.grid(2, min_column_width=420, gap="medium") as grid:
        for name in first:
            with grid.cell():
                _draw_measure(sweep, name, chosen, recommended)
    if more:
        titles = listed([metric(name).title for name in more])
        box = st.expander(f"{_NUMBERS.get(len(more), 'More measures')}: {titles}", key=f"more.{sweep.id[:12]}", on_change="rerun")
        if box.open:  # figures take the browser longest, so closed ones are not drawn
            with box, st.grid(2, min_column_width=420) as grid:
                for name in more:
                    with grid.cell():
                        _draw_measure(sweep, name, chosen, recommended)


def draw_spaces(store: Store, sweep: Sweep) -> None:
    """Draw inertia on components beside that on the items themselves, where there are sweeps of both."""
    if "taste" not in sweep.spec.data:
        return
    other, missing = other_space(store, sweep), missing_space(sweep)
    if other is None:
        if missing is not None:
            st.caption(_TO_COMPARE[missing])
        return
    found = sorted((sweep.id, other))
    curves = cache.computed("spaces", " ".join(found), lambda: [inertia_share_curve(store, store.sweep(one)) for one in found])
    st.markdown("**Components and items**")
    draw_figure(
        draw_inertia_shares(curves),
        key=figure_key(sweep, "spaces"),
        name="Inertia on components and on items, each as a share of its own with one segment",
        words=describe_inertia_shares(curves),
    )


def _draw_measure(sweep: Sweep, name: str, chosen: int, recommended: int | None) -> None:
    shown = metric(name)
    st.markdown(f"**{shown.title}**", help=shown.reading)
    data = measure_data(sweep, name)
    draw_figure(
        drawn(draw_measure, data, chosen=chosen, recommended=recommended),
        key=figure_key(sweep, name),
        name=f"{shown.title} of every solution",
        words=describe_measure(data, chosen=chosen, recommended=recommended),
        clickable=True,
    )
