"""Pipeline of what a session did, as a download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from segcore.errors import SegcoreError
from segcore.export.files import file_stem
from segcore.pipelines.saving import pipeline_text
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import point_rows
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from ui.shell import state
from ui.shell.sweep_data import names_with_origin

_HELP = "A text file with the data, features, sweep, this solution and its names. 'segcore run FILE' repeats all of it, also on new data."


def draw_save(store: Store, sweep: Sweep, position: int, *, export: Mapping[str, Any] | None = None) -> None:
    """Draw the button that saves a solution as a pipeline, with the export if there is one."""
    try:
        text = saved_text(store, sweep, position, export=export)
    except SegcoreError as error:
        st.caption(escape(error_text(error, "screen")))
        return
    name = file_stem(str(sweep.spec.data.get("name", "data")), point_rows(sweep)[position].label)
    st.download_button(
        "Save as pipeline",
        data=text,
        file_name=f"{name}.toml",
        mime="application/toml",
        icon=":material/replay:",
        on_click="ignore",
        key="save.pipeline",
        help=_HELP,
    )


def saved_text(store: Store, sweep: Sweep, position: int, *, export: Mapping[str, Any] | None = None) -> str:
    """Return the pipeline as it is saved."""
    taken = state.intake()
    request = state.request() if taken is not None and taken.table == sweep.spec.table else None
    return pipeline_text(store, sweep.id, position, export=export, request=request, names=names_with_origin(store, sweep, position))
