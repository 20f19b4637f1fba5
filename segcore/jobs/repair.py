"""Repair of a sweep: its damaged parts are forgotten, so that they are computed again, and its data are loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segcore.errors import StoreError
from segcore.store.index import Index

if TYPE_CHECKING:
    from segcore.store.store import Store


def forget_damaged(index: Index, sweep_id: str) -> None:
    """Forget the damaged parts of a sweep, so that running it computes them again; see `Store.forget_damaged`.

    The caller holds ``starting``, and the sweep is not running: so parts that a worker has just repaired are never forgotten because of an
    earlier check. Nothing is done about a sweep that is not in the store. The check reads the sweep's files, each once per process: see
    `segcore.store.content`.

    Raises
    ------
    StoreError
        If the sweep's specification is damaged, or stored files cannot be read now.
    """
    _store_of(index).forget_damaged(sweep_id)


def load_damaged_again(index: Index, sweep_id: str) -> None:
    """Load the data of a sweep again if their features are damaged; this may start a job that makes vectors.

    Nothing is done about a sweep that is not in the store.

    Raises
    ------
    StoreError
        If the sweep's specification is damaged, or the features are and the same data cannot be loaded again.
    SegcoreError
        If the data cannot be used.
    """
    from segcore.store.damage import damage, is_damage

    store = _store_of(index)
    if not store.has_sweep(sweep_id):
        return
    try:
        store.check_feature_table(store.spec(sweep_id).table)
    except StoreError as error:
        if not is_damage(error):
            raise
        if not _load_again(store, sweep_id):
            raise damage("table", "load_again", data=str(store.spec(sweep_id).data.get("name", "the data"))) from error


def _store_of(index: Index) -> Store:
    # Except for a repair, jobs are started without importing numerical libraries or sentences.
    from segcore.store.store import Store

    return index if isinstance(index, Store) else Store(index.home)


def _load_again(store: Store, sweep_id: str) -> bool:
    """Load the data of a sweep as they were loaded before; return whether this was possible, because the request is known."""
    from segcore.intake.remembered import request_of
    from segcore.jobs.tasks.making_vectors import take_in_with_vectors
    from segcore.wording.findings import refusal

    spec = store.spec(sweep_id)
    request = request_of(store, spec.table, spec.data)
    if request is None:
        return False
    if take_in_with_vectors(store, request).table != spec.table:
        raise refusal("store.other_data", kind=StoreError, data=str(spec.data.get("name", "the data")))
    return True
