"""Objects kept in memory between clicks; the only user of ``st.cache_*``.

Every key contains a name in the store, which is the content's digest: two different tables never share an entry, and no entry is stale.
The objects are frozen or read-only and shared by all sessions, hence ``cache_resource``, which does not copy.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

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


class Drawn:
    """Figures as plain values, kept until they take too many bytes together; those that were not used for longest go first.

    Parameters
    ----------
    most_bytes : int
        Of all figures together.
    largest : int
        Bytes of a figure that is not kept: a map of hundreds of features takes megabytes, and there is one for each chosen solution.
    """

    def __init__(self, most_bytes: int, largest: int) -> None:
        self._most, self._largest = most_bytes, largest
        self._kept: dict[tuple[str, bytes], tuple[dict[str, Any], int]] = {}
        self._lock = threading.Lock()

    def find(self, name: str, key: str, build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what ``build`` made for this name and key, or let it make it."""
        asked = name, hashlib.sha256(key.encode(errors="surrogatepass")).digest()  # a key may be as long as its figure
        with self._lock:
            found = self._kept.pop(asked, None)
            if found is not None:
                self._kept[asked] = found  # now the last
                return found[0]
        parts = build()
        size = _bytes_of(parts)
        if size <= self._largest:
            with self._lock:
                self._kept[asked] = (parts, size)
                while sum(size for _, size in self._kept.values()) > self._most:
                    del self._kept[next(iter(self._kept))]
        return parts


def _bytes_of(part: Any) -> int:
    """Return about how much memory plain values take; what is in several places is counted in each."""
    own = sys.getsizeof(part)
    if isinstance(part, dict):
        return own + sum(_bytes_of(value) for value in part.values())
    return own + sum(map(_bytes_of, part)) if isinstance(part, list | tuple) else own


@st.cache_resource(show_spinner=False)
def _drawn() -> Drawn:
    return Drawn(most_bytes=64 << 20, largest=1 << 20)


def drawn(name: str, key: str, build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the same as `computed` for figures as plain values, of which a screen may have a dozen; large ones are not kept."""
    return _drawn().find(name, key, build)


@st.cache_resource(show_spinner=False, max_entries=8192)
def described(name: str, key: str, _build: Callable[[], T]) -> T:
    """Do the same as `computed` for results of a few kilobytes, one per feature, with room for all of them."""
    return _build()
