"""Form for a sweep: algorithm, grid and engine; with what it will do and the button that starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.errors import SegcoreError
from segcore.records.evidence import Level
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Grid
from segcore.records.plan import Plan
from segcore.records.solution import EngineName
from segcore.records.taste import USUAL_SEGMENTS
from segcore.store.store import Store
from segcore.system.machine import available_bytes
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from segcore.wording.quotes import value_text
from ui.features.clustered_customers import set_aside
from ui.features.form import SCALER_TITLES
from ui.features.prepared import draw_prepared
from ui.shell import state
from ui.sweep import cost, k_distance
from ui.widgets.parameters import add_value, axis_words, grid_form

if TYPE_CHECKING:
    from segcore.records.intake import Intake

ENGINE_TITLES = {"shared": "Shared", "stock": "Stock", "intel": "Intel"}
ENGINE_WORDS = {
    "shared": "computes the whole grid together, and shared work only once; same result as scikit-learn.",
    "stock": "scikit-learn, one independent fit per solution.",
    "intel": "scikit-learn-intelex, Intel's accelerated code; each fit records whether it really ran.",
}

EVIDENCE: Level = "auto"
QUICK_SECONDS = 20.0  # estimated time of a sweep that is awaited on Explore; unknown counts as 0


def sweep_form(store: Store, taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Draw the form; its primary button starts the sweep and follows it."""
    with st.container(border=True):
        _what_goes_in(taken, table, plan)
        spec = algorithm(_pick_algorithm())
        grid = _grid(spec, plan, taken, table)
        engine = _pick_engine(spec)
        if grid is None:
            return
        st.markdown(what_it_does(grid, spec, plan, taken, table))
        _run_button(store, taken, table, plan, spec, grid, engine)
    _say_outcome()


def _run_button(store: Store, taken: Intake, table: FeatureTable, plan: Plan, spec: AlgorithmSpec, grid: Grid, engine: EngineName) -> None:
    """Draw the start button and the estimate; it is disabled if the sweep would not fit into memory."""
    limit = available_bytes()
    found = cost.estimate(str(store.home), taken, table, plan, spec, grid, engine, limit)
    refusal = found.refusal(limit) if found else None
    if refusal:
        st.warning(escape(refusal), icon=":material/memory:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Run sweep",
            key="sweep.run",
            type="primary",
            icon=":material/play_arrow:",
            disabled=refusal is not None,
            on_click=start,
            args=(store, taken, plan, spec, grid, engine),
            kwargs={"quick": ((found and found.seconds) or 0.0) < QUICK_SECONDS},
        )
        if found and not refusal:
            cost.draw_estimate(str(store.home), found)


def _what_goes_in(taken: Intake, table: FeatureTable, plan: Plan) -> None:
    titles, dimensions = {entry.name: entry.title for entry in table.dictionary}, table.dimensions
    names = [titles.get(name, name) for name in plan.features if name not in dimensions]
    n_dimensions = len(plan.features) - len(names)
    if n_dimensions:
        names.append(f"vectors of {counted(n_dimensions, 'dimension')}")
    shown = "; ".join(map(value_text, names[:6])) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    rule = "outliers set aside" if plan.outliers == "kit" else "no outlier rule"
    changed = [f"{len(plan.weights)} weighted"] if plan.weights else []
    parts = [
        f"{taken.data['name']}",
        f"{counted(len(plan.features), 'feature')}: {shown}",
        *changed,
        f"scaling {SCALER_TITLES[plan.scaler].lower()}",
        rule,
    ]
    st.caption(escape(" · ".join(parts)))
    draw_prepared(taken, table, plan)


def _pick_algorithm() -> str:
    state.seed_widget("sweep.algorithm", state.recall("algorithm", algorithms()[0].name))
    picked = st.segmented_control(
        "Algorithm",
        [spec.name for spec in algorithms()],
        key="sweep.algorithm",
        required=True,
        format_func=lambda name: algorithm(name).title,
    )
    name = picked or algorithms()[0].name
    state.remember("algorithm", name)
    st.caption(algorithm(name).words)
    return name


def _pick_engine(spec: AlgorithmSpec) -> EngineName:
    kept = state.recall("engine", spec.default_engine)
    state.seed_widget(f"sweep.engine.{spec.name}", kept if kept in spec.engines else spec.default_engine)
    picked = st.segmented_control(
        "Engine", spec.engines, key=f"sweep.engine.{spec.name}", required=True, format_func=lambda name: ENGINE_TITLES[name]
    )
    name: EngineName = picked or spec.default_engine
    state.remember("engine", name)
    st.caption(f"{ENGINE_TITLES[name]}: {ENGINE_WORDS[name]}")
    return name


def _grid(spec: AlgorithmSpec, plan: Plan, taken: Intake, table: FeatureTable) -> Grid | None:
    if spec.radius is None:
        grid = grid_form(spec)
        if grid is not None and "taste" in taken.data:
            _offer_many_segments(spec, grid)
        return grid
    from segcore.sweeps.first_radii import suggested_radii

    curve = k_distance.curve_of(plan, taken, table, neighbours=spec.radius.neighbours)
    suggested = suggested_radii(curve, spec.radius)
    grid = grid_form(spec, suggested=suggested, salt=k_distance.plan_digest(plan, taken))
    k_distance.draw_curve(curve, spec.param(spec.radius.param))
    return grid


def _offer_many_segments(spec: AlgorithmSpec, grid: Grid) -> None:
    """Draw a button that adds the number of segments that is usual for taste, unless it is in the grid."""
    if not spec.judging.size or USUAL_SEGMENTS in dict(grid.axes)[spec.judging.size]:
        return
    st.button(
        f"Also {USUAL_SEGMENTS} segments",
        key=f"sweep.many.{spec.name}",
        icon=":material/add:",
        help="There are many tastes: with only a few segments, items that have little in common end up together.",
        on_click=add_value,
        args=(spec, spec.param(spec.judging.size), USUAL_SEGMENTS),
    )


def what_it_does(grid: Grid, spec: AlgorithmSpec, plan: Plan, taken: Intake, table: FeatureTable) -> str:
    """Return one line: how many solutions, over which axes, on how many rows and features."""
    rows = (len(table) - (set_aside(taken, table)[0] if plan.outliers == "kit" else 0)) * plan.repeats
    axes = "; ".join(axis_words(spec.param(name), values) for name, values in grid.axes)
    copies = f", {plan.repeats} copies of each customer" if plan.repeats > 1 else ""
    size = f"{counted(rows, 'row')}{copies} × {counted(len(plan.features), 'feature')}"
    return f"**{counted(len(grid), 'solution')}** ({axes}), each fitted to **{size}**."


def start(store: Store, taken: Intake, plan: Plan, spec: AlgorithmSpec, grid: Grid, engine: EngineName, *, quick: bool) -> None:
    """Start the sweep of the form and follow it, on Explore if it is quick; a callback, so an error is kept and shown by the page."""
    from segcore.sweeps.spec import make_spec

    state.remember("sweep_outcome", None)
    try:
        asked = make_spec(store, taken.table, taken.data, plan, algorithm=spec.name, points=grid.points(), engine=engine)
        complete: list[bool] = []
        state.follow(jobs.start_sweep(store, asked, evidence=EVIDENCE, before=complete.append))
        known = any(complete)
        state.remember("just_started", asked.id if quick and not known else None)
    except SegcoreError as error:
        state.remember("sweep_outcome", ("error", error_text(error, "screen")))
        return
    if known:
        state.remember("sweep_outcome", ("known", "Already computed; showing saved results."))


def _say_outcome() -> None:
    outcome = state.recall("sweep_outcome")
    if outcome and outcome[0] == "error":
        st.error(escape(outcome[1]), icon=":material/error:")
    elif outcome:
        st.success(outcome[1], icon=":material/inventory_2:")
