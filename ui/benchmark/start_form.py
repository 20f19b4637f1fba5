"""Form of a benchmark: what to fit, how often, with which engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from segcore import jobs
from segcore.benchmark.spec import engines_of
from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.errors import SegcoreError
from segcore.features.planning.defaults import KIT
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Grid, value_text
from segcore.records.plan import Plan
from segcore.records.solution import ENGINES, EngineName
from segcore.store.store import Store
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from ui.shell import state
from ui.sweep.cost import benchmark_seconds, draw_time
from ui.sweep.form import ENGINE_TITLES, ENGINE_WORDS

if TYPE_CHECKING:
    from segcore.records.intake import Intake

KITS, TICKED = "The Intel kit's setting", "My choice on Features"
MOST_RUNS = 20
MOST_REPEATS = 100
FOLLOWED = "benchmark"


def benchmark_form(store: Store, taken: Intake, table: FeatureTable) -> None:
    """Draw the form; its primary button starts the benchmark and follows it."""
    with st.container(border=True):
        plan = _pick_features(taken, table)
        spec = algorithm(str(_picked("Algorithm", [one.name for one in algorithms()], "algorithm", lambda name: algorithm(name).title)))
        grid = _grid(spec)
        left, middle, right = st.columns(3)
        repeats = left.number_input(
            "Copies of each customer", 1, MOST_REPEATS, key=_kept("repeats", 1), help="More copies, more rows. The kit uses 1, 10 and 100."
        )
        runs = middle.number_input(
            "Runs of each engine", 1, MOST_RUNS, key=_kept("runs", 3), help="The result is the median; the range is shown too."
        )
        known = engines_of(spec.name)
        engines = right.pills(
            "Engines",
            known,
            selection_mode="multi",
            format_func=lambda name: ENGINE_TITLES[str(name)],
            key=_kept(f"engines.{spec.name}", list(known)),
        )
        for name, value in (("repeats", repeats), ("runs", runs), (f"engines.{spec.name}", engines)):
            state.remember(f"benchmark.{name}", value)
        st.caption(" ".join(f"{ENGINE_TITLES[name]}: {ENGINE_WORDS[name]}" for name in engines))
        if grid is None or plan is None:
            return
        if not engines:
            st.warning("Choose at least one engine.", icon=":material/speed:")
            return
        fits = len(grid) * len(engines) * int(runs)
        st.markdown(
            f"**{counted(fits, 'fit')}** ({counted(len(grid), 'solution')} × {counted(len(engines), 'engine')} × "
            f"{counted(int(runs), 'run')}). The engines take turns, each run in a fresh process. Run nothing else in the meantime."
        )
        plan, chosen = replace(plan, repeats=int(repeats)), tuple(engine for engine in ENGINES if engine in engines)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Start benchmark",
                key="benchmark.start",
                type="primary",
                icon=":material/speed:",
                on_click=start,
                args=(store, taken, plan, spec, grid, chosen, int(runs)),
            )
            draw_time(str(store.home), benchmark_seconds(str(store.home), taken, table, plan, spec, grid, chosen, int(runs)))
    problem = state.recall("benchmark_problem")
    if problem:
        st.error(escape(problem), icon=":material/error:")


def _kept(name: str, first: object) -> str:
    """Seed a widget with the earlier choice on this page, and return its key."""
    key = f"benchmark.field.{name}"
    state.seed_widget(key, state.recall(f"benchmark.{name}", first))
    return key


def _picked(label: str, options: list[str], name: str, words: Callable[[Any], str] = str) -> str:
    key = _kept(name, options[0])
    picked = st.segmented_control(label, options, key=key, required=True, format_func=words)
    state.remember(f"benchmark.{name}", picked or options[0])
    return picked or options[0]


def _pick_features(taken: Intake, table: FeatureTable) -> Plan | None:
    options = [KITS, TICKED] if taken.kind == "transactions" else [TICKED]
    plan = state.plan()
    if _picked("Customers and features", options, "features") == KITS:
        plan = KIT.plan(table, taken.kind)
    if not plan.features:
        st.warning("No feature is ticked. Tick at least one on Features.", icon=":material/checklist:")
        return None
    rule = "outliers set aside" if plan.outliers == "kit" else "no outlier rule"
    scaling = f"{'no' if plan.scaler == 'none' else plan.scaler} scaling"
    st.caption(f"{counted(len(plan.features), 'feature')} of {counted(len(table), 'customer')}, {rule}, {scaling}.")
    return plan


def _grid(spec: AlgorithmSpec) -> Grid | None:
    """Draw one field per axis of the kit's grid and return the grid; on an invalid field, show the error and return None."""
    axes: dict[str, str] = {}
    shown = {name: values for name, values in spec.benchmark_axes().items() if values}
    for column, (name, values) in zip(st.columns(len(shown)), shown.items(), strict=True):
        param = spec.param(name)
        key = _kept(f"{spec.name}.{param.name}", ", ".join(value_text(value) for value in values))
        axes[param.name] = column.text_input(f"{param.title} ({param.name})", key=key, help=f"{param.help} Separate values with commas.")
        state.remember(f"benchmark.{spec.name}.{param.name}", axes[param.name])
    try:
        return Grid.from_mapping({name: spec.param(name).parse_axis(text) for name, text in axes.items()})
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return None


def start(
    store: Store,
    taken: Intake,
    plan: Plan,
    spec: AlgorithmSpec,
    grid: Grid,
    engines: tuple[EngineName, ...],
    runs: int,
) -> None:
    """Start the benchmark that the form describes; a callback, so an error is kept for the page to show."""
    from segcore.benchmark.spec import benchmark_spec
    from segcore.sweeps.spec import make_spec

    state.remember("benchmark_problem", None)
    try:
        sweep = make_spec(store, taken.table, taken.data, plan, algorithm=spec.name, points=grid.points())
        asked = benchmark_spec(sweep, engines=engines, runs=runs)
        title = f"{spec.title} on {taken.data['name']}, {' vs '.join(engines)}"
        state.remember(FOLLOWED, jobs.start_benchmark(store, asked.to_json(), title=title, total=asked.total_fits))
    except SegcoreError as error:
        state.remember("benchmark_problem", error_text(error, "screen"))
