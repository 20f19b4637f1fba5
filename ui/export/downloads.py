"""Downloads on the Export screen: the file, its description and the model, with the equivalent command."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.export.files import export_bytes, file_stem
from segcore.export.model import model_zip
from segcore.export.segment_rows import export_rows
from segcore.records.grid import point_key
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import point_rows
from segcore.wording.numbers import counted, percent_text, segment_title
from ui.export.database import draw_writing
from ui.export.request_form import FORMAT_TITLES, ExportRequest
from ui.shell import cache
from ui.shell.sweep_data import segment_names
from ui.widgets.table import draw_frame

_PREVIEW_ROWS = 10
_FLAGS = {
    "own_id": "--own-id",
    "clustered_values": "--clustered-values",
    "probabilities": "--probabilities",
    "profile": "--profile",
    "filled": "--filled",
    "include_set_aside": "--with-set-aside",
    "copies": "--copies",
}
_MIME = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def draw_downloads(store: Store, sweep: Sweep, position: int, request: ExportRequest) -> None:
    """Draw the number of rows, and the buttons for the file, its description and the model."""
    options = request.options
    segments = options["segments"] or ()
    names = segment_names(store, sweep, position)

    def preview() -> tuple[int, pd.DataFrame]:
        found = export_rows(store, sweep.id, position, **options)
        return len(found), next(found.chunks()).slice(0, _PREVIEW_ROWS).to_pandas()

    rows, head = cache.computed("export rows", f"{sweep.id}.{position}.{sorted(options.items())}.{sorted(names.items())}", preview)
    st.metric("Rows in the file" if request.file_format else "Rows for the table", f"{rows:,}", border=True, width="content")
    st.caption(f"The first {len(head)} of {counted(rows, 'row')}, with the columns as they will be written.")
    draw_frame(head, hide_index=True, placeholder="", alt="The first rows of the export")
    if request.file_format is None:
        draw_model = functools.partial(_draw_model, store, sweep, position)
        draw_writing(store, sweep, position, request.destination, options, rows=rows, draw_more=draw_model)
        return
    chosen = () if _is_every(sweep, position, request) else [segment_title(label, names) for label in segments]
    stem = file_stem(str(sweep.spec.data.get("name", "data")), point_rows(sweep)[position].label, chosen)
    suffix = request.file_format
    with st.container(horizontal=True):
        st.download_button(
            f"Download {counted(rows, 'row')} as {FORMAT_TITLES[suffix]}",
            data=_content(store, sweep, position, request),
            file_name=f"{stem}.{suffix}",
            mime=_MIME[suffix],
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key="export.file",
        )
        st.download_button(
            "Download description (JSON)",
            data=_description(store, sweep, position, request),
            file_name=f"{stem}.{suffix}.json",
            mime="application/json",
            icon=":material/description:",
            on_click="ignore",
            key="export.description",
            help="Where the file comes from: sweep, solution, data, filters and versions; and its counts.",
        )
        _draw_model(store, sweep, position)


def _draw_model(store: Store, sweep: Sweep, position: int) -> None:
    st.download_button(
        "Download model (zip)",
        data=lambda: model_zip(store, sweep.id, position),
        file_name=f"{file_stem(str(sweep.spec.data.get('name', 'data')), point_rows(sweep)[position].label)} model.zip",
        mime="application/zip",
        icon=":material/inventory_2:",
        on_click="ignore",
        key="export.model",
        help="For scoring new customers elsewhere: JSON and plain arrays, no pickle.",
    )


def export_table(sweep: Sweep, position: int, request: ExportRequest) -> dict[str, Any] | None:
    """Return the export as a pipeline's table; all segments are not listed, so that other data may have other ones.

    ``None`` as long as the table of a database is not known.
    """
    options: dict[str, Any] = {**request.options}
    if _is_every(sweep, position, request):
        options.pop("segments", None)
    if request.destination is not None:
        table = request.destination
        return {"out": table.address.absolute().text, "into": table.table, "how": table.how, **options}
    return None if request.file_format is None else {"out": f"segments.{request.file_format}", **options}


def _is_every(sweep: Sweep, position: int, request: ExportRequest) -> bool:
    solution = sweep.solutions[position]
    return solution is None or len(request.options["segments"] or ()) == len(solution.segments) + bool(solution.n_noise)


def _content(store: Store, sweep: Sweep, position: int, request: ExportRequest) -> Callable[[], bytes]:
    return lambda: export_bytes(store, sweep.id, position, file_format=request.file_format or "csv", **request.options)[0]


def _description(store: Store, sweep: Sweep, position: int, request: ExportRequest) -> Callable[[], bytes]:
    def build() -> bytes:
        found = export_bytes(store, sweep.id, position, file_format=request.file_format or "csv", **request.options)[1]
        return (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode()

    return build


def draw_scoring(sweep: Sweep, solution: Solution) -> None:
    """Draw how the model assigns new customers to segments, and how far that agrees with the sweep."""
    st.caption(f"**Scoring with the model.** {algorithm(sweep.spec.algorithm).scoring.words} {agreement_words(solution)}")


def agreement_words(solution: Solution) -> str:
    """Return the share of the sweep's rows that the model assigns to their own segment, in one sentence."""
    found = solution.agreement
    if found is None:
        return "This assigns every row of this sweep to its own segment."
    if found.value is None:
        return f"It is not known how many rows of this sweep it assigns to their own segment: {found.reason}."
    share = percent_text(found.value)
    if found.is_exact or found.low is None or found.high is None:
        return f"This assigns {share} of this sweep's rows to their own segment."
    interval = f"95 % interval {percent_text(found.low)} to {percent_text(found.high)}"
    return f"This assigns about {share} of this sweep's rows to their own segment ({interval}, from {found.sample_size:,} sampled rows)."


def draw_command(sweep: Sweep, position: int, request: ExportRequest) -> None:
    """Draw the command that writes the same file or table."""
    words = ["python -m segcore export", sweep.id[:12], f"--point {point_key(sweep.spec.points[position])}"]
    segments = request.options["segments"] or ()
    words.append(f"--segments {','.join('noise' if label == NOISE else str(label) for label in segments)}")
    words += [flag for name, flag in _FLAGS.items() if dict(request.options)[name]]
    table = request.destination
    if table is not None:
        words.append(f"--out {shlex.quote(table.address.text)} --into {shlex.quote(table.table)} --how {table.how}")
    elif request.file_format is not None:
        words.append(f"--out segments.{request.file_format}")
    else:
        words.append("--out ADDRESS --into TABLE")
    with st.expander("Do the same on the command line"):
        st.code(" ".join(words), language="bash", wrap_lines=True)
