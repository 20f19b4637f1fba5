"""Table of a database as the place of an export: which one, and the job that writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.export.database_table import HOW, Destination
from segcore.export.files import table_text
from segcore.export.segment_rows import RowChoice
from segcore.jobs.tasks.writing_tables import destination_of, start_writing, writing_job_of
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from segcore.wording.quotes import value_text
from ui.shell import state
from ui.shell.progress import LIVE, draw_failure, find_job, follow_job

_HOW_TITLES = {"replace": "Replace all rows", "merge": "Merge by customer"}
_HOW_WORDS = {
    "replace": "Afterwards, the table has exactly these rows.",
    "merge": "Adds new customers, changes those whose values differ, and keeps everybody else.",
}
_ADDRESS_HELP = (
    "`postgresql://user@host/database`, `duckdb:///file` or `sqlite:///file`, without a password: that comes from PGPASSWORD, .pgpass or "
    "Streamlit's secrets on the server."
)


@dataclass(frozen=True, slots=True)
class Writing:
    """A job that writes segments into a table, or has done so.

    Parameters
    ----------
    job : Job
    destination : Destination
    """

    job: jobs.Job
    destination: Destination


def awaited_writing(store: Store, sweep: Sweep, position: int) -> Writing | None:
    """Return what this session writes, or has last written, of a solution."""
    job_id = state.awaited_job("export")
    job = None if job_id is None else find_job(store, job_id)
    if job is None or job.kind != "export":
        return None
    try:
        spec = store.job_row(job.id)["spec"]
        if (spec["sweep"], spec["position"]) != (sweep.id, position):
            return None
        return Writing(job, destination_of(spec))
    except SegcoreError:  # damaged; what is written again replaces it
        return None


def destination_form(awaited: Writing | None) -> Destination | None:
    """Draw the fields of a table, and return it; ``None`` as long as it is not known. At first they have what is being written."""
    if awaited is not None and state.recall("export.address") is None:
        state.remember("export.address", awaited.destination.address.text)
        state.remember("export.table", awaited.destination.table)
        state.remember("export.how", awaited.destination.how)
    left, right = st.columns([3, 2])
    address = _field(left, "Address of the database", "export.address", "postgresql://analyst@db.example.com/shop", _ADDRESS_HELP)
    table = _field(right, "Table", "export.table", "segments", "Its name, or SCHEMA.TABLE. It is created if it is missing.")
    state.seed_widget("export.how", state.recall("export.how", HOW[0]))
    how = st.segmented_control(
        "If the table has rows", HOW, key="export.how", required=True, format_func=lambda name: _HOW_TITLES[str(name)]
    )
    state.remember("export.how", how)
    st.caption(_HOW_WORDS[how or HOW[0]])
    if not address:
        return None
    try:
        found = Destination.of(address, table, how)
        if found is not None:
            found.check_folder()
    except SegcoreError as error:
        if error.finding is not None and error.finding.code == "destination.no_table":
            return None
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return None
    # Only now: an address that is refused may have a password.
    state.remember("export.address", address)
    state.remember("export.table", table)
    return found


def _field(column: Any, label: str, key: str, example: str, words: str) -> str:
    state.seed_widget(key, state.recall(key, ""))
    return str(column.text_input(label, key=key, placeholder=example, help=words)).strip()


def draw_writing(
    store: Store,
    sweep: Sweep,
    position: int,
    destination: Destination | None,
    choice: RowChoice,
    *,
    rows: int,
    draw_more: Callable[[], None],
) -> None:
    """Draw the button that writes into a table, then its progress, and what it changed there.

    Parameters
    ----------
    store, sweep, position
        The solution.
    destination : Destination or None
        ``None`` as long as it is not known.
    choice : RowChoice
    rows : int
    draw_more : callable
        Draws the buttons beside it.
    """
    awaited = awaited_writing(store, sweep, position)
    is_at_work = awaited is not None and awaited.job.state in LIVE
    where = "a table" if destination is None else value_text(destination.table)
    with st.container(horizontal=True):
        is_asked = st.button(
            escape(f"Write {counted(rows, 'row')} into {where}"),
            key="export.write",
            type="primary",
            icon=":material/database_upload:",
            disabled=destination is None or is_at_work,
            help="Give the address and a table first." if destination is None else None,
        )
        draw_more()
    if is_asked and destination is not None:
        try:
            state.await_job("export", start_writing(store, sweep.id, position, destination, choice))
        except SegcoreError as error:
            st.error(escape(error_text(error, "screen")), icon=":material/error:")
            return
        st.rerun()
    # The result of something else than is asked now is no longer shown.
    asked = None if destination is None else writing_job_of(sweep.id, position, destination, choice)
    if awaited is not None and (is_at_work or awaited.job.id == asked):
        _draw_end(store, awaited.job)


def _draw_end(store: Store, job: jobs.Job) -> None:
    """Draw the progress of a job, or how it ended."""
    if job.state in LIVE:
        follow_job(store, job.id, where="export", words=lambda _: "You can leave this page meanwhile.")
    elif job.state == "failed":
        draw_failure(job, "Writing into the table failed")
    elif job.state == "cancelled":
        st.info("Writing was cancelled. The table has not changed.", icon=":material/stop_circle:")
    else:
        document = store.job_row(job.id)["result"]
        if document is not None:
            st.success(escape(table_text(document)), icon=":material/check:")
