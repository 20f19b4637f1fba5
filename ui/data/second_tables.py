"""Second tables of customers and of items on the Data screen: add one, see what matched, correct its key, remove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.finding import Finding
from segcore.store.store import Store
from segcore.wording.findings import error_text, sentence
from segcore.wording.markdown import escape
from segcore.wording.quotes import visible
from ui.data import loading
from ui.data.source_form import FORMATS, keep_upload, say_problem
from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake, SecondTable

_TITLES = {"customers": "Customers", "items": "Items"}
_WORDS = {
    "customers": "One row per customer, such as age or region. Its columns are shown for each segment, but not clustered on.",
    "items": "One row per item, such as its name and department. It gives the items titles, and one of its columns can be the category.",
}
_FAILED = "second_failed"


@dataclass(frozen=True, slots=True)
class Failed:
    """A second table that does not fit the data, and the columns that may be its key; none if it cannot be read."""

    table: SecondTable
    columns: tuple[str, ...]


def draw_second_tables(store: Store, taken: Intake, request: DataRequest) -> None:
    """Draw what is attached to the loaded data, and the fields to attach, correct and remove a table of customers and one of items."""
    names = ["customers", *(["items"] if "item" in taken.roles or taken.kind != "customers" or request.items else [])]
    with st.grid(len(names), min_column_width=380, gap="medium") as grid:
        for name in names:
            with grid.cell(), st.container(border=True):
                _draw_one(store, taken, request, name)


def _draw_one(store: Store, taken: Intake, request: DataRequest, name: str) -> None:
    st.markdown(f"**{_TITLES[name]}**")
    st.caption(_WORDS[name])
    notes = [note for note in taken.notes if note.code == f"second.{name}"]
    for note in notes:
        text = escape(sentence(note, "screen"))
        if note.severity == "warning":
            st.warning(text, icon=":material/warning:")
        else:
            st.markdown(text)
    attached: SecondTable | None = getattr(request, name)
    if attached is None:
        _draw_new(store, taken, request, name)
        return
    _draw_key(store, taken, request, name, notes[-1:])
    _say_failure(store, taken, request, name)
    if st.button(f"Remove {escape(loading.second_name(attached))}", key=f"second.remove.{name}", icon=":material/close:"):
        attach(store, taken, request, name, None)


def _draw_new(store: Store, taken: Intake, request: DataRequest, name: str) -> None:
    file = st.file_uploader(f"Table of {name}", type=FORMATS, key=f"second.upload.{name}", help="The file stays on this machine.")
    if file is not None:
        is_new = state.recall(f"second.uploaded.{name}") != file.file_id
        state.remember(f"second.uploaded.{name}", file.file_id)
        if is_new or st.button(f"Add {escape(file.name)} again", key=f"second.again.{name}"):
            attach(store, taken, request, name, loading.second_table(keep_upload(store, file.name, file.getbuffer()), file.name))
    with st.form(f"second.form.{name}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.text_input("Or the path of a file on this machine", key=f"second.path.{name}", placeholder=f"/home/me/{name}.csv")
        asked = st.form_submit_button("Add")
    if asked and path.strip():
        from segcore.data.files.file_identity import user_path

        found = user_path(path.strip())
        attach(store, taken, request, name, loading.second_table(found, found.name))
    _say_failure(store, taken, request, name)


def _draw_key(store: Store, taken: Intake, request: DataRequest, name: str, notes: Sequence[Finding]) -> None:
    """Draw the column that the table was matched by, and match by another one if that is chosen."""
    for note in notes:
        used, columns = note.values["column"], note.values["columns"]
        chosen = st.selectbox(
            f"Column with the ids of the {name}", columns, index=columns.index(used), key=f"second.key.{name}", format_func=visible
        )
        if chosen != used and st.button("Match by this column", key=f"second.match.{name}"):
            attach(store, taken, request, name, replace(getattr(request, name), key=chosen))


def _say_failure(store: Store, taken: Intake, request: DataRequest, name: str) -> None:
    """Draw why the last table was not attached, and another column as its key."""
    problem, failed = state.recall("data_problem"), state.recall(_FAILED)
    if not problem or problem[0] != _place(name):
        return
    say_problem(_place(name))
    if failed is None or not failed.columns:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(
            f"Column of {escape(failed.table.name)} with the ids", failed.columns, key=f"second.retry.{name}", format_func=visible
        )
        if st.button("Match by this column", key=f"second.retry_now.{name}"):
            attach(store, taken, request, name, replace(failed.table, key=key))


def attach(store: Store, taken: Intake, request: DataRequest, name: str, table: SecondTable | None) -> None:
    """Load the data with a second table, or without one; on failure, show the error there and keep the data."""
    changed: dict[str, Any] = {name: table}
    if name == "items":
        # Without the table its columns have no role; with it, that no column was the category is to be detected again.
        changed["roles"] = {
            role: column for role, column in request.roles.items() if column not in taken.joined and (column or role != "category")
        }
    state.remember("data_problem", None)
    state.remember(_FAILED, None)
    try:
        loading.load(store, replace(request, **changed))
    except SegcoreError as error:
        state.remember("data_problem", (_place(name), f"{error_text(error, 'screen')} The data stay as they were."))
        values = {} if error.finding is None else error.finding.values
        state.remember(_FAILED, None if table is None else Failed(table, tuple(values.get("names", ()))))
    st.rerun()


def _place(name: str) -> str:
    return f"second.{name}"
