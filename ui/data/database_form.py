"""Fields for rows of a database: its address, a table or a SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import DatabaseQuestion, DataRequest

TABLE, QUERY = "A table", "A SELECT"
_ADDRESS = "postgresql://analyst@db.example.com/shop"
_KINDS = (
    "PostgreSQL, DuckDB (`duckdb:///file`) or SQLite (`sqlite:///file`). Leave the password out: it is taken from PGPASSWORD, "
    ".pgpass or Streamlit's secrets."
)


def database_fields(place: str, known: DatabaseQuestion | None = None) -> DataRequest | None:
    """Draw the fields, and return the request that they describe; ``None`` as long as one of them is empty.

    Parameters
    ----------
    place : str
        What the fields' keys begin with.
    known : DatabaseQuestion or None
        What they show first.
    """
    from segcore.records.intake import LONGEST_SECONDS, TIMEOUT_SECONDS, DatabaseQuestion, DataRequest

    begin = known or DatabaseQuestion("")
    address = _remembered(place, "address", begin.address)
    st.text_input("Address of the database", key=address, placeholder=_ADDRESS)
    st.caption(_KINDS)
    what = _remembered(place, "what", QUERY if begin.query is not None else TABLE)
    st.segmented_control("What to read", (TABLE, QUERY), key=what, required=True)
    if state.widget(what) == QUERY:
        asked = _remembered(place, "query", begin.query or "")
        st.text_area("SELECT", key=asked, placeholder="SELECT * FROM lines WHERE country = 'FR'", height=100)
    else:
        asked = _remembered(place, "table", begin.table or "")
        st.text_input("Table or view", key=asked, placeholder="lines, or sales.lines for a table in a schema")
    with st.expander("More options", icon=":material/tune:"), st.container(horizontal=True):
        zone, seconds = _remembered(place, "zone", begin.time_zone), _remembered(place, "seconds", begin.timeout_seconds)
        st.text_input("Time zone", key=zone, help="For dates and times that the database stores with a time zone, such as Europe/Berlin.")
        st.number_input(
            "Time-out in seconds",
            1.0,
            LONGEST_SECONDS,
            key=seconds,
            step=60.0,
            format="%.0f",
            help="The longest that one statement may take.",
        )
    values = {
        name: _keep(key) for name, key in (("address", address), ("asked", asked), ("what", what), ("zone", zone), ("seconds", seconds))
    }
    if not values["address"].strip() or not values["asked"].strip():
        return None
    question = DatabaseQuestion(
        values["address"].strip(),
        table=values["asked"].strip() if values["what"] != QUERY else None,
        query=values["asked"] if values["what"] == QUERY else None,
        timeout_seconds=float(values["seconds"] or TIMEOUT_SECONDS),
        time_zone=values["zone"].strip() or "UTC",
    )
    return DataRequest(question.address, database=question)


def _remembered(place: str, name: str, value: object) -> str:
    """Return a field's key, with the value that it had when it was last drawn."""
    key = f"{place}.{name}"
    state.seed_widget(key, state.recall(key, value))
    return key


def _keep(key: str) -> Any:
    state.remember(key, state.widget(key))
    return state.widget(key)
