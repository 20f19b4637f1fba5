"""Objects kept in memory between clicks; the only user of ``st.cache_*``.

Every key contains a name in the store, which is the content's digest: two different tables never share an entry, and no entry is stale.
The objects are frozen or read-only and shared by all sessions, hence ``cache_resource``, which does not copy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from segcore.errors import StoreError
from segcore.records.feature_table import FeatureTable
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.store.index import default_home
from segcore.store.store import Store

T = TypeVar("T")


def store() -> Store:
    """Return the store of this server."""
    return _store(str(default_home()))


@st.cache_resource(show_spinner=False, max_entries=8)
def _store(home: str) -> Store:
    return Store(home)


@st.cache_resource(show_spinner=False, max_entries=8)
def feature_table(home: str, table_id: str) -> FeatureTable:
    """Return a stored feature table; its values are mapped into memory, read-only."""
    return _store(home).feature_table(table_id)


@st.cache_resource(show_spinner=False, max_entries=32)
def sweep(home: str, sweep_id: str, done: int, state: str = "") -> Sweep:
    """Return a sweep; ``done`` (its number of solutions) and ``state`` (see ``sweep_now``) are the version in the cache's key."""
    return _store(home).sweep(sweep_id)


def sweep_now(home: str, sweep_id: str) -> Sweep:
    """Return a sweep with its finished solutions; read again after a new solution, summary or evidence, or a retry of failed ones."""
    index = _store(home)
    complete = index.is_complete(sweep_id)
    try:
        finished = index.job_row(sweep_id)["finished"] if complete else None
    except StoreError:
        finished = None
    return sweep(
        home, sweep_id, len(index.positions(sweep_id)), f"{complete} {finished} {index.evidence_counts(sweep_id) if complete else ''}"
    )


@st.cache_resource(show_spinner=False, max_entries=64)
def solution(home: str, sweep_id: str, position: int) -> Solution:
    """Return one solution with its labels and arrays."""
    return _store(home).solution(sweep_id, position)


@st.cache_resource(show_spinner=False)
def once_a_server(name: str, home: str, _act: Callable[[], T]) -> T:
    """Run ``_act`` once per server, name and store, and return its result every time."""
    return _act()


@st.cache_resource(show_spinner=False, max_entries=256)
def computed(name: str, key: str, _build: Callable[[], T]) -> T:
    """Return the result of ``_build``, which runs once per ``name`` and ``key``.

    Parameters
    ----------
    name, key : str
        The kind of result, and the fingerprint of everything it depends on.
    _build : callable
        Not part of the key; callers must not change its result.
    """
    return _build()


@st.cache_resource(show_spinner=False, max_entries=512)
def drawn(name: str, key: str, _build: Callable[[], T]) -> T:
    """Do the same as `computed` for figures, of some 100 kB each, of which a screen may have a dozen."""
    return _build()


@st.cache_resource(show_spinner=False, max_entries=8192)
def described(name: str, key: str, _build: Callable[[], T]) -> T:
    """Do the same as `computed` for results of a few kilobytes, one per feature, with room for all of them."""
    return _build()
