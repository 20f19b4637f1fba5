"""Load data into a session: known data at once from the store, others in a child process with a status line."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from segcore.errors import SegcoreError
from segcore.store.store import Store
from segcore.wording.markdown import escape
from ui.shell import state

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake, Peek, SecondTable


def sample_request(name: str) -> DataRequest:
    """Return the request for a sample with everything detected."""
    from segcore.records.intake import DataRequest

    return DataRequest.from_json({"data": name})


def second_table(path: Path, name: str) -> SecondTable:
    """Return a second table whose key is to be detected."""
    from segcore.records.intake import SecondTable

    return SecondTable(str(path), name=name)


def name_of(request: DataRequest) -> str:
    """Return the display name of data that are not loaded."""
    asked = request.database
    return request.name or (request.data if asked is None else asked.table or "SELECT")


def second_name(table: SecondTable) -> str:
    """Return the display name of a second table."""
    return table.name or Path(table.data).name


def load_first(store: Store) -> Intake:
    """Load what a new session opens."""
    from segcore.intake.remembered import first_request

    return load(store, first_request(store))


def fetch(store: Store, request: DataRequest) -> DataRequest:
    """Return the request for what its database has now; one for anything else unchanged.

    Raises
    ------
    SegcoreError
        If the database cannot be read.
    """
    from segcore.intake.child import from_database_apart

    asked = request.database
    if asked is None:
        return from_database_apart(store, request)
    with st.spinner(f"Reading {escape(asked.table or 'the SELECT')} from the database."):
        return from_database_apart(store, request)


def load(store: Store, request: DataRequest) -> Intake:
    """Load data and make them the session's; if this raises, the earlier data stay.

    Vectors that these data do not have yet are made by a job, for which the session does not wait.
    """
    from segcore.intake.remembered import remember_latest

    if request.vectors is not None:
        return _load_with_vectors(store, request)
    taken = take(store, request)
    state.load(taken, request)
    remember_latest(store, request)
    return taken


def _load_with_vectors(store: Store, request: DataRequest) -> Intake:
    from segcore.intake.added_features import known_added
    from segcore.intake.remembered import remember_latest
    from segcore.jobs.tasks.making_vectors import start_vectors

    rows = take(store, request.without_added())
    made = known_added(store, rows, request)
    state.load(made or rows, request if made else request.without_added())
    remember_latest(store, request)
    if made is None:
        with contextlib.suppress(SegcoreError):  # Features says why, where they are asked for again
            state.await_job("vectors", start_vectors(store, rows, request))
    return made or rows


def load_made_vectors(store: Store) -> None:
    """Make the vectors that this session awaits its data, once they are made; a session that shows other data by now keeps them."""
    from segcore.intake.remembered import remember_latest
    from segcore.jobs.tasks.making_vectors import made_by

    awaited, taken = state.awaited_job("vectors"), state.intake()
    if awaited is None or taken is None:
        return
    try:
        found = made_by(store, awaited)
    except SegcoreError:
        return
    if found is not None and _rows_of(found[0]) == _rows_of(taken):
        state.load(*found)
        remember_latest(store, found[1])


def _rows_of(taken: Intake) -> dict[str, object]:
    """Return what the data are, whatever features were added to them."""
    return {name: value for name, value in taken.data.items() if name not in ("taste", "vectors")}


def take(store: Store, request: DataRequest) -> Intake:
    """Return the intake of a request; files are read in a child process with its own limits."""
    from segcore.data.samples.registry import find_sample
    from segcore.intake.child import take_in_child

    sample = find_sample(request.data)
    name = sample.title if sample and not request.name else name_of(request)
    work = "reading every row and building the features" if request.taste is None else "computing the components of taste"
    with st.spinner(f"Loading {escape(name)}: {work}. The first time takes a few seconds."):
        return take_in_child(store.home, request)


def look(store: Store, request: DataRequest) -> Peek | None:
    """Return a preview of a file, so that its meaning can be set; None if it cannot be read."""
    from segcore.intake.child import peek_in_child

    try:
        return peek_in_child(store.home, request)
    except SegcoreError:
        return None


def newest_sweep(store: Store) -> str | None:
    """Return the newest sweep of the loaded data."""
    taken = state.intake()
    return None if taken is None else next(iter(store.sweep_ids(taken.table)), None)
