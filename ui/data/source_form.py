"""Choice of the data: a sample, an upload, or a path on this machine; with remedies if loading fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from segcore.data.databases.stored_extract import is_unread
from segcore.errors import SegcoreError, SourceError
from segcore.records.finding import Remedy
from segcore.store.store import Store
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from ui.data import loading
from ui.data.database_form import database_fields
from ui.data.remedies import remedy_of, ways_on
from ui.data.sample_download import download, is_here
from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake, Peek

SAMPLE, UPLOAD, PATH, DATABASE = "A sample", "Upload a file", "A file on this machine", "A database"
CHOOSER, FORM = "chooser", "form"
FORMATS = ["csv", "tsv", "txt", "gz", "zst", "parquet", "xlsx", "xlsm", "xls", "jsonl", "ndjson", "json"]
FORMATS += ["zip", "data", "item", "dat"]  # as MovieLens calls its files
_FORMATS_SPOKEN = "CSV or TSV (also .gz and .zst), XLSX, Parquet, JSON Lines or a zip of ratings"


def choose_data(store: Store) -> None:
    """Draw the four ways to choose data; after an error, the earlier data stay loaded."""
    way = st.segmented_control("Where the data comes from", (SAMPLE, UPLOAD, PATH, DATABASE), key="data.way", default=SAMPLE, required=True)
    if way == SAMPLE:
        _samples(store)
    elif way == UPLOAD:
        _upload(store)
    elif way == PATH:
        _path(store)
    else:
        _database(store)
    if pending() is None:
        say_problem(CHOOSER)


def say_problem(place: str) -> None:
    """Draw the latest error if it occurred at this place of the page."""
    problem = state.recall("data_problem")
    if problem and problem[0] == place:
        st.error(escape(problem[1]), icon=":material/error:")


def attempt(store: Store, request: DataRequest, place: str = CHOOSER) -> None:
    """Load data, or show the error at this place of the page and keep the earlier data."""
    _forget_pending()
    try:
        request = loading.fetch(store, request)
        loading.load(store, request)
    except SegcoreError as error:
        text, remedy = error_text(error, "screen"), remedy_of(error)
        # A file that cannot be read cannot be previewed either, nor can a database.
        seen = None if isinstance(error, SourceError) or is_unread(request) else loading.look(store, request)
        if seen is not None or remedy is not None:
            state.remember("data_pending", Pending(request, seen, remedy, place))
        state.remember("data_problem", (place, f"{text} The earlier data are still loaded." if state.intake() else text))
    st.rerun()


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that failed.

    Parameters
    ----------
    request : DataRequest
    seen : Peek or None
        A preview of the file; ``None`` if it cannot be read before the analyst chooses how.
    remedy : Remedy or None
        The change to try.
    place : str
        Where on the page it was requested.
    """

    request: DataRequest
    seen: Peek | None
    remedy: Remedy | None
    place: str


def pending() -> Pending | None:
    """Return the last failed request if another choice may let it succeed."""
    found: Pending | None = state.recall("data_pending")
    return found


def draw_remedy(store: Store, failed: Pending, taken: Intake | None) -> None:
    """Draw what is wrong with a file, and one button per remedy."""
    say_problem(failed.place)
    with st.container(horizontal=True, vertical_alignment="center"):
        for way in ways_on(failed.remedy, failed.request) if failed.remedy is not None else ():
            if st.button(escape(way.label), key=f"data.{way.key}", type="primary"):
                attempt(store, way.request)
        if taken is not None:
            st.button(f"Back to {escape(taken.data['name'])}", key="data.back", icon=":material/undo:", on_click=_forget_pending)


def _forget_pending() -> None:
    state.remember("data_pending", None)
    state.remember("data_problem", None)


def _samples(store: Store) -> None:
    from segcore.data.samples.registry import SAMPLES

    for sample in SAMPLES:
        request = loading.sample_request(sample.name)
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"sample.{sample.name}"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{sample.title}**")
                st.caption(sample.description)
                st.caption(f"Licence: {sample.licence}")
            loaded, here = state.request() == request, is_here(store, sample.name)
            label = "Loaded" if loaded else "Load" if here else "Download and load"
            asked = st.button(label, key=f"load.{sample.name}", disabled=loaded)
        if asked:
            _load_sample(store, sample.name, here=here)


def _load_sample(store: Store, name: str, *, here: bool) -> None:
    try:
        if not here:
            download(store, name)
    except SegcoreError as error:
        state.remember("data_problem", (CHOOSER, error_text(error, "screen")))
        st.rerun()
    attempt(store, loading.sample_request(name))


def _upload(store: Store) -> None:
    file = st.file_uploader(
        f"{_FORMATS_SPOKEN}: one row per order line, per rating or per customer",
        type=FORMATS,
        key="data.upload",
        help="The file stays on this machine, as a copy in segcore's store.",
    )
    st.caption("One file at a time: once it is loaded, tables of customers and items can be added under “More about customers and items”.")
    if file is None:
        return
    is_new = state.recall("uploaded") != file.file_id
    state.remember("uploaded", file.file_id)
    # It stays in its field when something else is loaded afterwards, and must then not be loaded again unasked.
    if is_new or st.button(f"Load {escape(file.name)} again", key="data.load_upload"):
        attempt(store, request_for(keep_upload(store, file.name, file.getbuffer()), file.name))


def keep_upload(store: Store, name: str, content: bytes | memoryview) -> Path:
    """Save an uploaded file in the store's home under the digest of its content, and return its path."""
    return store.put_upload(content, _ending(name))


def _ending(name: str) -> str:
    """Return the suffix of a file's format, such as ``.csv.gz``, without any other suffix."""
    endings = [part for part in name.lower().split(".")[1:][-2:] if part in FORMATS]
    packed = bool(endings) and endings[-1] in ("gz", "zst")
    return "".join(f".{part}" for part in (endings if packed else endings[-1:]))


def _path(store: Store) -> None:
    with st.form("data.path", border=False):
        path = st.text_input(
            f"Path of a file ({_FORMATS_SPOKEN}), or of a folder of Parquet files", key="data.path_text", placeholder="/home/me/orders.csv"
        )
        asked = st.form_submit_button("Load")
    if asked:
        if not path.strip():
            state.remember("data_problem", (CHOOSER, "Enter the path of a file."))
            st.rerun()
        from segcore.data.files.file_identity import user_path

        found = user_path(path.strip())
        attempt(store, request_for(found, found.name))


def _database(store: Store) -> None:
    loaded = state.request()
    known = None if loaded is None else loaded.database
    request = database_fields("data.database", known)
    asked = None if request is None else request.database
    again = (
        known is not None and asked is not None and (known.address, known.table, known.query) == (asked.address, asked.table, asked.query)
    )
    if not st.button(f"Read the database{' again' if again else ''}", key="data.read_database", icon=":material/database:"):
        return
    if request is None:
        state.remember("data_problem", (CHOOSER, "Enter the address of a database, and a table or a SELECT."))
        st.rerun()
    attempt(store, request)


def request_for(path: Path, name: str) -> DataRequest:
    """Return the request for a file: everything detected, nothing filtered."""
    from segcore.records.intake import DataRequest

    return DataRequest.from_json({"data": str(path), "name": name})
