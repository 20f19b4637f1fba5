"""Form for the later data: an upload, a path, or a later period of the same data."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from segcore.errors import ParameterError, SegcoreError
from segcore.intake.remembered import request_of
from segcore.records.intake import DataRequest
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from ui.data.database_form import database_fields
from ui.data.loading import fetch
from ui.data.source_form import FORMATS, keep_upload
from ui.over_time.job import Kept, Shown, start
from ui.shell import state
from ui.shell.guard import fragment

_WAYS = {"upload": "Upload a file", "path": "A file on this machine", "database": "A database", "same": "A later period of the same data"}
_RANGE = (dt.date(1900, 1, 1), dt.date(2200, 12, 31))
_DATES = {
    "from": ("First day", "Earlier rows are left out. If it is empty, all rows of the data count."),
    "to": ("Last day", "Later rows are left out."),
    "as_of": (
        "Count days up to",
        "Recency and similar features count up to the end of this day; if empty, up to the last day of the data.",
    ),
}


@fragment
def draw_form(kept: Kept, shown: Shown | None) -> None:
    """Draw the form, and start the job once the later data are chosen; what is below is not drawn again at every choice."""
    own = request_of(kept.store, kept.sweep.spec.table, kept.sweep.spec.data)
    is_dated = kept.sweep.preparation is not None and kept.sweep.preparation.reference_date is not None
    ways = [way for way in _WAYS if way != "same" or (is_dated and own is not None)]
    label = "The later data" if shown is None or shown.found is None else "Follow the segments into other data"
    has_answer = shown is not None and shown.found is not None
    with st.expander(label, icon=":material/update:", expanded=shown is None or shown.has_ended_badly):
        state.seed_widget("over_time.way", state.recall("over_time.way", "upload"))
        way = st.segmented_control(
            "Where the later data come from", ways, key="over_time.way", required=True, format_func=_WAYS.__getitem__
        )
        state.remember("over_time.way", way)
        request = _chosen(kept, way, own)
        dates = _dates(kept, way) if is_dated else {}
        kind: Any = "secondary" if has_answer else "primary"
        is_asked = st.button("Follow the segments", key="over_time.follow", type=kind, icon=":material/update:", disabled=request is None)
    if request is None or not is_asked:
        return
    try:
        start(kept, fetch(kept.store, _with_dates(request, dates)), _iso(dates.get("as_of")))
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")


def _chosen(kept: Kept, way: str | None, own: DataRequest | None) -> DataRequest | None:
    """Draw the fields of a way to choose the later data, and return what they name."""
    if way == "upload":
        return _file(kept)
    if way == "path":
        return _path()
    return own if way == "same" else database_fields("over_time.database", None if own is None else own.database)


def _file(kept: Kept) -> DataRequest | None:
    file = st.file_uploader(
        "A file with the same columns and the same customers, later",
        type=FORMATS,
        key="over_time.upload",
        help="It is read as the sweep's data were. The file stays on this machine, as a copy in segcore's store.",
    )
    return None if file is None else DataRequest(str(keep_upload(kept.store, file.name, file.getbuffer())), name=file.name)


def _path() -> DataRequest | None:
    state.seed_widget("over_time.path", state.recall("over_time.path", ""))
    path = st.text_input("Path of a file with the same columns and the same customers, later", key="over_time.path").strip()
    state.remember("over_time.path", path)
    if not path:
        return None
    from segcore.data.files.file_identity import user_path

    return DataRequest(str(user_path(path)), name=Path(path).name)


def _dates(kept: Kept, way: str | None) -> dict[str, dt.date | None]:
    """Draw the period and the day up to which days are counted."""
    last = kept.sweep.preparation.reference_date if kept.sweep.preparation is not None else None
    first = dt.date.fromisoformat(last[:10]) + dt.timedelta(days=1) if way == "same" and last is not None else None
    found: dict[str, dt.date | None] = {}
    for column, (name, (title, words)) in zip(st.columns(3, gap="medium"), _DATES.items(), strict=True):
        key = f"over_time.{name}.{way}"
        state.seed_widget(key, state.recall(key, first if name == "from" else None))
        with column:
            found[name] = st.date_input(title, None, *_RANGE, key=key, help=words, format="YYYY-MM-DD")
        state.remember(key, found[name])
    return found


def _with_dates(request: DataRequest, dates: dict[str, dt.date | None]) -> DataRequest:
    first, last = dates.get("from"), dates.get("to")
    if first is not None and last is not None and first > last:
        raise ParameterError(f"The first day, {first}, is after the last, {last}: choose an earlier first day.")
    return replace(request, date_from=_iso(first), date_to=_iso(last))


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
