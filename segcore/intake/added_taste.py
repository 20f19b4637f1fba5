"""Intake with features of taste: a second table of features, made from a stored one without reading the file again."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from segcore import __version__
from segcore.errors import StoreError
from segcore.intake.remembered import data_key, recall_data, remember_data
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest, Intake
from segcore.records.taste import Taste
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import refusal

_EDITION = 1  # of the stored record; raising it invalidates the records stored before


def known_taste(store: Store, taken: Intake, taste: Taste) -> Intake | None:
    """Return the stored intake with features of taste, if they were made before."""
    record = store.intake(_key(taken, taste))
    if record is None:
        return None
    try:
        store.check_feature_table(record["table"])
    except StoreError:
        return None  # lost or damaged on disk: make it again
    return _with(taken, record)


def _with(taken: Intake, record: Mapping[str, Any]) -> Intake:
    return replace(
        taken,
        table=record["table"],
        data={**taken.data, "taste": record["taste"]},
        n_customers=record["n_customers"],
        total_revenue=record["total_revenue"],
        notes=(*taken.notes, *(Finding.from_json(note) for note in record["notes"])),
    )


def take_in_taste(store: Store, taken: Intake, request: DataRequest) -> Intake:
    """Return an intake whose table also has the features of ``request.taste``, from the store if they were made before.

    Parameters
    ----------
    store : Store
    taken : Intake
        Of the same request without taste.
    request : DataRequest
        Its taste is not ``None``.

    Raises
    ------
    DataError
        If the data have no such items, or no components: see `segcore.features.taste.add.add_taste`.
    """
    if request.taste is None:
        raise ValueError("The request asks for no features of taste.")
    known = known_taste(store, taken, request.taste)
    if known is None:
        record = _made(store, taken, request.taste)
        store.put_intake(_key(taken, request.taste), record)
        known = _with(taken, record)
    remember_data(store, known, request)
    return known


def add_taste_to(store: Store, taken: Intake, taste: Taste) -> Intake:
    """Return an intake with features of taste, for data that were loaded and whose file may be gone; see `take_in_taste`."""
    found = recall_data(store, data_key(taken.table, taken.data))
    request = DataRequest(str(taken.data["name"])) if found is None else found[1]
    return take_in_taste(store, taken, replace(request, taste=taste))


def _made(store: Store, taken: Intake, taste: Taste) -> dict[str, Any]:
    """Make and store the table, and return the record of it."""
    from segcore.features.taste.add import add_taste
    from segcore.features.taste.fitted import KEY

    bought = {what: store.purchases(taken.table, what) for what in ("item", "category")}
    mine = bought[taste.of]
    if mine is None:
        raise refusal("taste.no_purchases", of=taste.of, data=taken.kind)
    table = replace(store.feature_table(taken.table), uses=taken.uses)
    added = add_taste(table, mine, taste, kind=taken.kind, column=taken.roles[taste.of])
    made = replace(
        added.table,
        fitted={**added.table.fitted, KEY: added.fitted.put(store)},
        purchases={what: found.take(added.kept) for what, found in bought.items() if found is not None},
    )
    return {
        "table": store.put_feature_table(made),
        "taste": added.fitted.taste.to_json(),
        "n_customers": len(made),
        "total_revenue": None if made.revenue is None else float(made.revenue.sum()),
        "notes": [note.to_json() for note in added.findings],
    }


def _key(taken: Intake, taste: Taste) -> str:
    return digest({"edition": _EDITION, "table": taken.table, "taste": taste.to_json(), "segcore": __version__, "versions": _versions()})


@functools.cache
def _versions() -> Mapping[str, str]:
    return {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "scikit-learn")}
