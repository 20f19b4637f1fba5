"""Intake with features of taste, or vectors: a second table of features, made from a stored one without reading the file again."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from segcore import __version__
from segcore.errors import StoreError
from segcore.intake.remembered import data_key, recall_data, remember_data
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest, Intake
from segcore.records.purchases import Purchases
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import refusal

Added = Taste | Vectors
Progress = Callable[[float], None]
_EDITION = 1  # of the stored record; raising it invalidates the records stored before
_TRAINING = 0.5  # share of the work on vectors that is training; the rest is inferring them


def known_added(store: Store, taken: Intake, added: Added) -> Intake | None:
    """Return the stored intake with added features, if they were made before."""
    record = store.intake(added_key(taken, added))
    if record is None:
        return None
    try:
        store.check_feature_table(record["table"])
    except StoreError:
        return None  # lost or damaged on disk: make it again
    return _with(taken, record, added)


def _with(taken: Intake, record: Mapping[str, Any], added: Added) -> Intake:
    name = name_of(added)
    return replace(
        taken,
        table=record["table"],
        data={**taken.data, name: record[name]},
        n_customers=record["n_customers"],
        total_revenue=record["total_revenue"],
        notes=(*taken.notes, *(Finding.from_json(note) for note in record["notes"])),
    )


def take_in_added(store: Store, taken: Intake, request: DataRequest, progress: Progress = lambda share: None) -> Intake:
    """Return an intake whose table also has the features that the request adds, from the store if they were made before.

    Parameters
    ----------
    store : Store
    taken : Intake
        Of the same request without added features.
    request : DataRequest
        Its taste or its vectors are not ``None``.
    progress : callable (float) -> None
        Called with the share done, 0 to 1, while vectors are made.

    Raises
    ------
    ParameterError
        If vectors need a package that is not installed.
    DataError
        If the data have no such items, or features cannot be made from them: see `segcore.features.taste.add.add_taste` and
        `segcore.features.vectors.add.make_corpus`.
    """
    added = request.added
    if added is None:
        raise ValueError("The request adds no features.")
    known = known_added(store, taken, added)
    if known is None:
        record = _tastes(store, taken, added) if isinstance(added, Taste) else _vectors(store, taken, added, progress)
        store.put_intake(added_key(taken, added), record)
        known = _with(taken, record, added)
    remember_data(store, known, request)
    return known


def request_with(store: Store, taken: Intake, added: Added) -> DataRequest:
    """Return the request for data that were loaded, and whose file may be gone, with added features."""
    found = recall_data(store, data_key(taken.table, taken.data))
    request = DataRequest(str(taken.data["name"])) if found is None else found[1]
    return replace(request, taste=added if isinstance(added, Taste) else None, vectors=added if isinstance(added, Vectors) else None)


def name_of(added: Added) -> str:
    """Return the name under which a request, and what a sweep records about its data, has added features."""
    return "taste" if isinstance(added, Taste) else "vectors"


def _tastes(store: Store, taken: Intake, taste: Taste) -> dict[str, Any]:
    """Make and store the table, and return the record of it."""
    from segcore.features.taste.add import add_taste
    from segcore.features.taste.fitted import KEY

    bought = _bought(store, taken)
    mine = bought.get(taste.of)
    if mine is None:
        raise refusal("taste.no_purchases", of=taste.of, data=taken.kind)
    table = replace(store.feature_table(taken.table), uses=taken.uses)
    made = add_taste(table, mine, taste, kind=taken.kind, column=taken.roles[taste.of])
    fitted = {KEY: made.fitted.put(store)}
    return {"taste": made.fitted.taste.to_json(), **_put(store, made.table, bought, made.kept, fitted, made.findings)}


def _vectors(store: Store, taken: Intake, vectors: Vectors, progress: Progress) -> dict[str, Any]:
    """Train the model, or take the stored one, make and store the table, and return the record of it."""
    from segcore.features.vectors.add import add_vectors, make_corpus
    from segcore.features.vectors.model import train
    from segcore.features.vectors.stored_model import KEY, FittedVectors

    bought = _bought(store, taken)
    corpus = make_corpus(bought.get("item"), vectors, kind=taken.kind)
    table = replace(store.feature_table(taken.table), uses=taken.uses)
    key = f"model:{added_key(taken, vectors)}"
    known = store.intake(key)
    if known is None:
        fitted = FittedVectors(train(corpus.documents, corpus.words, vectors, lambda share: progress(_TRAINING * share)))
        known = fitted.put(store)
        store.put_intake(key, known)
    fitted = FittedVectors.read(store, known)
    made = add_vectors(
        table, corpus, fitted, column=taken.roles["item"], progress=lambda share: progress(_TRAINING + (1 - _TRAINING) * share)
    )
    return {"vectors": vectors.to_json(), **_put(store, made, bought, corpus.kept, {KEY: known}, corpus.findings)}


def _bought(store: Store, taken: Intake) -> dict[str, Purchases]:
    found = {what: store.purchases(taken.table, what) for what in ("item", "category")}
    return {what: purchases for what, purchases in found.items() if purchases is not None}


def _put(
    store: Store,
    table: FeatureTable,
    bought: Mapping[str, Purchases],
    kept: Any,
    fitted: Mapping[str, Any],
    findings: tuple[Finding, ...],
) -> dict[str, Any]:
    made = replace(table, fitted={**table.fitted, **fitted}, purchases={what: found.take(kept) for what, found in bought.items()})
    return {
        "table": store.put_feature_table(made),
        "n_customers": len(made),
        "total_revenue": None if made.revenue is None else float(made.revenue.sum()),
        "notes": [note.to_json() for note in findings],
    }


def added_key(taken: Intake, added: Added) -> str:
    """Return the key under which the store has the intake with added features."""
    asked = {"table": taken.table, name_of(added): added.to_json()}
    return digest({"edition": _EDITION, **asked, "segcore": __version__, "versions": _versions(name_of(added))})


@functools.cache
def _versions(name: str) -> Mapping[str, str]:
    """Return the versions of the packages that features are made with; where one is missing, making them says so."""
    packages = ("numpy", "scipy", "scikit-learn") if name == "taste" else ("numpy", "gensim")
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = ""
    return found
