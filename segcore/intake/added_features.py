"""Intake with features of taste, or vectors: a second table of features, made from a stored one without reading the file again."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from segcore import __version__
from segcore.intake.remembered import data_key, recall_data, remember_data
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest, Intake
from segcore.records.purchases import Purchases
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.system.local_spark import spark_version
from segcore.wording.findings import refusal

Progress = Callable[[float], None]
_EDITION = 1  # of the stored record; raising it invalidates the records stored before
TRAINING = 0.5
"""Share of the work on vectors that is training; the rest is inference."""


def known_added(store: Store, taken: Intake, request: DataRequest) -> Intake | None:
    """Return the stored intake with the features that a request adds, if they were made before; see `take_in_added`."""
    record = store.intake(added_key(taken, request))
    if record is None:
        return None

    def read() -> Intake:
        store.check_feature_table(record["table"])
        return _with(taken, record)

    return if_readable(read)


def _with(taken: Intake, record: Mapping[str, Any]) -> Intake:
    name = "taste" if "taste" in record else "vectors"
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
    SegcoreError
        If the data have no such items, features cannot be made from them, or the package that makes them is not installed or fails: see
        `segcore.features.taste.add.add_taste` and `segcore.features.vectors.add.make_corpus`.
    """
    known = known_added(store, taken, request)
    if known is None:
        key, added = added_key(taken, request), request.added
        if isinstance(added, Vectors):
            record = _vectors(store, taken, added, f"model:{key}", progress)
        else:
            record = _tastes(store, taken, added or Taste(), request.frames)
        store.put_intake(key, record)
        known = _with(taken, record)
    remember_data(store, known, request)
    return known


def request_with(store: Store, taken: Intake, added: Taste | Vectors, *, frames: str = "pandas") -> DataRequest:
    """Return the request, with added features, for data that were loaded and whose file may be gone."""
    found = recall_data(store, data_key(taken.table, taken.data))
    request = (DataRequest(str(taken.data["name"])) if found is None else found[1]).without_added()
    return replace(request, taste=added, frames=frames) if isinstance(added, Taste) else replace(request, vectors=added)


def _tastes(store: Store, taken: Intake, taste: Taste, frames: str) -> dict[str, Any]:
    """Make and store the table, and return the record of it."""
    from segcore.features.taste.add import add_taste
    from segcore.features.taste.fitted import KEY

    bought = _bought(store, taken)
    mine = bought.get(taste.of)
    if mine is None:
        raise refusal("taste.no_purchases", of=taste.of, data=taken.kind)
    table = replace(store.feature_table(taken.table), uses=taken.uses)
    made = add_taste(table, mine, taste, kind=taken.kind, column=taken.roles[taste.of], frames=frames)
    fitted = {KEY: made.fitted.put(store)}
    return {"taste": made.fitted.taste.to_json(), **_put(store, made.table, bought, made.kept, fitted, made.findings)}


def _vectors(store: Store, taken: Intake, vectors: Vectors, key: str, progress: Progress) -> dict[str, Any]:
    """Train the model, or take the stored one, make and store the table, and return the record of it."""
    from segcore.features.vectors.add import add_vectors, check_directions, make_corpus
    from segcore.features.vectors.model import train
    from segcore.features.vectors.stored_model import KEY, FittedVectors

    bought = _bought(store, taken)
    table = replace(store.feature_table(taken.table), uses=taken.uses)
    corpus = make_corpus(bought.get("item"), vectors, kind=taken.kind, revenue=table.revenue)
    known = store.intake(key) or {}
    fitted = if_readable(lambda: FittedVectors.read(store, known))
    if fitted is None:
        trained = FittedVectors(train(corpus.documents, corpus.words, corpus.vectors, lambda share: progress(TRAINING * share)))
        known = trained.put(store)
        store.put_intake(key, known)
        fitted = FittedVectors.read(store, known)
    made = add_vectors(
        table, corpus, fitted, column=taken.roles["item"], progress=lambda share: progress(TRAINING + (1 - TRAINING) * share)
    )
    findings = (*corpus.findings, *check_directions(made, corpus.vectors))
    return {"vectors": corpus.vectors.to_json(), **_put(store, made, bought, corpus.kept, {KEY: known}, findings)}


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


def added_key(taken: Intake, request: DataRequest) -> str:
    """Return the key under which the store has the intake with the features that a request adds.

    Raises
    ------
    ValueError
        If it adds no features.
    """
    if request.added is None:
        raise ValueError("The request adds no features.")
    name = "taste" if request.taste is not None else "vectors"
    asked = {"edition": _EDITION, "table": taken.table, name: request.added.to_json(), "segcore": __version__, "versions": _versions(name)}
    # Sums over partitions may differ in their last bits from those over all rows, so they are stored as a separate table.
    return digest({**asked, "spark": spark_version()} if request.taste is not None and request.frames == "spark" else asked)


@functools.cache
def _versions(name: str) -> Mapping[str, str]:
    """Return the versions of the packages that features are made with; a missing package is only reported when features are made."""
    packages = ("numpy", "scipy", "scikit-learn") if name == "taste" else ("numpy", "gensim")
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = ""
    return found
