"""Estimated time and memory of the sweep in the form, next to its start button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.errors import SegcoreError
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Grid
from segcore.records.plan import Plan
from segcore.records.solution import EngineName
from segcore.system.digests import digest
from segcore.wording.numbers import bytes_text, duration_text
from ui.shell import cache
from ui.shell.guard import fragment
from ui.sweep.k_distance import plan_digest

if TYPE_CHECKING:
    from segcore.records.intake import Intake
    from segcore.sweeps.cost.calibration import Calibration
    from segcore.sweeps.cost.estimate import SweepEstimate

_STEP_BYTES = 1 << 28
_WATCH_SECONDS = 2.0


def estimate(
    home: str, taken: Intake, table: FeatureTable, plan: Plan, spec: AlgorithmSpec, grid: Grid, engine: EngineName, limit: int
) -> SweepEstimate | None:
    """Return the estimate, computed once per form; None if the rows cannot be clustered, which starting the sweep reports.

    The time is None until this machine's speed is measured.
    """
    from segcore.sweeps.cost.calibration import read_calibration
    from segcore.sweeps.cost.estimate import estimate_sweep
    from segcore.sweeps.cost.sampled_rows import SampledRows

    calibration = read_calibration(home)
    memory = max(1, limit // _STEP_BYTES) * _STEP_BYTES  # the free memory changes all the time

    def build() -> SweepEstimate | None:
        try:
            rows = SampledRows.of(table, plan)
        except SegcoreError:
            return None
        return estimate_sweep(rows, spec.name, grid.points(), engine, calibration=calibration, memory=memory)

    return cache.computed("cost", digest([plan_digest(plan, taken), spec.name, grid.axes, engine, memory, _name(calibration)]), build)


def benchmark_seconds(
    home: str,
    taken: Intake,
    table: FeatureTable,
    plan: Plan,
    spec: AlgorithmSpec,
    grid: Grid,
    engines: tuple[EngineName, ...],
    runs: int,
) -> float | None:
    """Return about how long a benchmark takes, computed once per form; None until this machine's speed is measured."""
    from segcore.benchmark.spec import estimated_seconds
    from segcore.sweeps.cost.calibration import read_calibration
    from segcore.sweeps.cost.sampled_rows import SampledRows

    calibration = read_calibration(home)

    def build() -> float | None:
        try:
            rows = SampledRows.of(table, plan)
        except SegcoreError:
            return None
        return estimated_seconds(rows, spec.name, grid.points(), engines, runs, calibration)

    key = digest([plan_digest(plan, taken), spec.name, grid.axes, engines, runs, _name(calibration)])
    return cache.described("benchmark_seconds", key, build)


def _name(calibration: Calibration | None) -> str:
    return "" if calibration is None else digest([dict(calibration.seconds), calibration.start_seconds, calibration.base_bytes])


def draw_estimate(home: str, found: SweepEstimate) -> None:
    """Draw the estimate of a sweep; see `draw_time`."""
    draw_time(home, found.seconds, f"{bytes_text(found.bytes)} of memory")


def draw_time(home: str, seconds: float | None, needed: str = "") -> None:
    """Draw an estimated time, and what else is needed; the time follows once this machine's speed is measured, which this starts."""
    from segcore.sweeps.cost.calibration import read_calibration

    if seconds is not None:
        st.caption(f"About {' and '.join(part for part in (duration_text(seconds), needed) if part)} on this machine.")
    elif read_calibration(home) is None and _is_measuring(home):
        fragment(_draw_measuring, run_every=_WATCH_SECONDS, key="sweep.measuring")(home, needed)
    elif needed:
        st.caption(f"About {needed} on this machine.")


def _draw_measuring(home: str, needed: str) -> None:
    from segcore.sweeps.cost.calibration import read_calibration

    if read_calibration(home) is not None or not _is_measuring(home):
        st.rerun()
    known = f"About {needed} on this machine. " if needed else ""
    st.caption(f"{known}Measuring this machine's speed once, to estimate the time…")


def _is_measuring(home: str) -> bool:
    """Tell whether this machine's speed is being measured; the first call starts it."""
    from segcore.sweeps.cost.calibration import start_calibration

    return cache.once_a_server("calibration", home, lambda: start_calibration(home)).poll() is None
