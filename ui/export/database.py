"""Table of a database as the place of an export: which one, and the button that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from segcore.errors import SegcoreError
from segcore.export.database_table import HOW, Destination
from segcore.export.files import table_text
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from segcore.wording.quotes import value_text
from ui.shell import state

_HOW_TITLES = {"replace": "Replace all rows", "merge": "Merge by customer"}
_HOW_WORDS = {
    "replace": "Afterwards, the table has exactly these rows.",
    "merge": "Adds new customers, changes those with other values, and keeps everybody else.",
}
_ADDRESS_HELP = (
    "`postgresql://user@host/database`, `duckdb:///file` or `sqlite:///file`, without a password: that comes from PGPASSWORD, .pgpass or "
    "Streamlit's secrets on the server."
)


def destination_form() -> Destination | None:
    """Draw the fields of a table, and return it; ``None`` as long as it is not known."""
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
    destination: Destination | None, rows: int, question: str, write: Callable[[], Mapping[str, Any]], draw_more: Callable[[], None]
) -> None:
    """Draw the button that writes into a table, and what it changed there.

    Parameters
    ----------
    destination : Destination or None
        ``None`` as long as it is not known.
    rows : int
    question : str
        Identifies what is written: what was said of something else is no longer shown.
    write : callable
        See `segcore.export.files.write_export`.
    draw_more : callable
        Draws the buttons beside it.
    """
    where = "a table" if destination is None else value_text(destination.table)
    asked = f"{question}.{destination}"
    with st.container(horizontal=True):
        is_asked = st.button(
            escape(f"Write {counted(rows, 'row')} into {where}"),
            key="export.write",
            type="primary",
            icon=":material/database_upload:",
            disabled=destination is None,
            help="Give the address and a table first." if destination is None else None,
        )
        draw_more()
    if is_asked:
        with st.spinner("Writing …"):
            state.remember("export.written", (asked, *_written(write)))
    said, is_written, text = state.recall("export.written", ("", True, ""))
    if said == asked:
        (st.success if is_written else st.error)(escape(text), icon=":material/check:" if is_written else ":material/error:")


def _written(write: Callable[[], Mapping[str, Any]]) -> tuple[bool, str]:
    try:
        return True, table_text(write())
    except SegcoreError as error:
        return False, error_text(error, "screen")
