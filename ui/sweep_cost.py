"""What the sweep that the form describes would take, beside the button that starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segcore.algorithms import AlgorithmSpec
from segcore.canonical import digest
from segcore.dataset import FeatureTable
from segcore.errors import SegcoreError
from segcore.grid import Grid
from segcore.machine import bytes_text
from segcore.solution import EngineName
from ui import cache
from ui.choice import FeatureChoice
from ui.distances import choice_digest
from ui.words import duration

if TYPE_CHECKING:
    from segcore.cost import Calibration, SweepEstimate
    from segcore.intake import Intake

_STEP_BYTES = 1 << 28
_WATCH_SECONDS = 2.0


def estimate(
    home: str, taken: Intake, table: FeatureTable, chosen: FeatureChoice, spec: AlgorithmSpec, grid: Grid, engine: EngineName, limit: int
) -> SweepEstimate | None:
    """Return what the sweep would take, computed once for each form; None where the rows cannot be clustered, which its start says.

    Its time is None until this machine is measured.
    """
    from segcore.cost import SampledRows, estimate_sweep, read_calibration

    calibration = read_calibration(home)
    memory = max(1, limit // _STEP_BYTES) * _STEP_BYTES  # what is free changes all the time

    def build() -> SweepEstimate | None:
        try:
            rows = SampledRows.of(
                table,
                chosen.features,
                outliers=chosen.outliers,
                repeats=chosen.repeats,
                scaler=chosen.scaler,
                seed=chosen.seed,
                weights=dict(chosen.weights),
                transforms=dict(chosen.transforms),
            )
        except SegcoreError:
            return None
        return estimate_sweep(rows, spec.name, grid.points(), engine, calibration=calibration, memory=memory)

    return cache.computed("cost", digest([choice_digest(chosen, taken), spec.name, grid.axes, engine, memory, _name(calibration)]), build)


def _name(calibration: Calibration | None) -> str:
    return "" if calibration is None else digest([dict(calibration.seconds), calibration.start_seconds, calibration.base_bytes])


def draw_estimate(home: str, found: SweepEstimate) -> None:
    """Say what a sweep takes; its time as soon as this machine is measured, which is begun here where it was not done yet."""
    from segcore.cost import read_calibration

    if found.seconds is not None:
        st.caption(f"About {duration(found.seconds)} and {bytes_text(found.bytes)} of memory on this machine.")
    elif read_calibration(home) is None and _is_measuring(home):
        st.fragment(run_every=_WATCH_SECONDS, key="sweep.measuring")(_draw_measuring)(home, found.bytes)
    else:
        st.caption(f"About {bytes_text(found.bytes)} of memory on this machine.")


def _draw_measuring(home: str, needed: int) -> None:
    from segcore.cost import read_calibration

    if read_calibration(home) is not None or not _is_measuring(home):
        st.rerun()
    st.caption(f"About {bytes_text(needed)} of memory on this machine. Measuring how fast it is, once, to say how long this takes…")


def _is_measuring(home: str) -> bool:
    """Tell whether this machine is being measured, which the first to ask begins."""
    from segcore.cost import start_calibration

    return cache.once_a_server("calibration", home, lambda: start_calibration(home)).poll() is None
