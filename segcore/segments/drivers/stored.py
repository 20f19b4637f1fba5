"""Drivers of a stored solution, found once."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from segcore import __version__
from segcore.features.assemble import assemble, readable_rows
from segcore.prediction.contributions import Contributions
from segcore.prediction.explained import ExplainedFeature
from segcore.prediction.held_out import Accuracy, Auc
from segcore.records.estimate import Estimate
from segcore.records.finding import Finding
from segcore.segments.drivers.fit import Progress, find_drivers
from segcore.segments.drivers.records import Drivers, SegmentDrivers
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.system.digests import digest

_EDITION = 1  # of the stored record; raising it invalidates the records stored before


def drivers_of(store: Store, sweep_id: str, position: int, progress: Progress = lambda share: None) -> Drivers:
    """Find the drivers of a solution's segments and store them, or return stored ones.

    Segments of vectors are explained by the other features of the data: see `segcore.features.assemble.readable_rows`.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no labels.
    ParameterError
        See `find_drivers`.
    """
    known = known_drivers(store, sweep_id, position)
    if known is not None:
        return known
    solution, spec = store.labelled_solution(sweep_id, position), store.spec(sweep_id)
    table = store.feature_table(spec.table, profile=False)
    clustered = assemble(table, spec.plan).table
    rows = readable_rows(clustered, lambda: table, spec.plan)
    found = find_drivers(rows, np.asarray(solution.labels), progress=progress)
    made_from = Finding("drivers.by_construction" if rows is clustered else "drivers.from_vectors")
    found = replace(found, notes=(made_from, *found.notes))
    _put(store, drivers_key(sweep_id, position), found)
    return found


def drivers_key(sweep_id: str, position: int) -> str:
    """Return the key under which the store has the drivers of a solution."""
    return digest({"drivers": _EDITION, "sweep": sweep_id, "position": position, "segcore": __version__, "versions": _versions()})


@functools.cache  # finding them takes milliseconds, and the Segments screen asks at every click
def _versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in ("numpy", "lightgbm")}


def known_drivers(store: Store, sweep_id: str, position: int) -> Drivers | None:
    """Return the stored drivers of a solution; ``None`` if they were not found yet, or are damaged."""
    record = store.intake(drivers_key(sweep_id, position))
    return None if record is None else if_readable(lambda: _read(store, record))


def _put(store: Store, key: str, found: Drivers) -> None:
    record = {
        "customers": store.put_json(found.customers.tolist()),
        "labels": store.put_array(found.labels),
        "values": store.put_array(found.values),
        "features": [
            {"name": one.name, "title": one.title, "unit": one.unit, "kind": one.kind, "categories": list(one.categories)}
            for one in found.features
        ],
        "n_customers": found.n_customers,
        "notes": [note.to_json() for note in found.notes],
        "segments": [_record(store, one) for one in found.segments],
    }
    store.put_intake(key, record)


def _record(store: Store, one: SegmentDrivers) -> dict[str, Any]:
    record: dict[str, Any] = {"label": one.label, "customers": one.customers}
    if one.reason is not None:
        record["reason"] = one.reason.to_json()
    if one.auc is not None and one.accuracy is not None and one.contributions is not None:
        record["auc"] = [one.auc.value, one.auc.low, one.auc.high]
        record["accuracy"] = [one.accuracy.sensitivity.to_json(), one.accuracy.specificity.to_json()]
        record["contributions"] = [store.put_array(one.contributions.values), store.put_array(one.contributions.base)]
    return record


def _read(store: Store, record: Mapping[str, Any]) -> Drivers:
    segments = []
    for one in record["segments"]:
        if "auc" not in one:
            segments.append(SegmentDrivers(one["label"], one["customers"], Finding.from_json(one["reason"])))
            continue
        measured = Accuracy(*map(Estimate.from_json, one["accuracy"]))
        found = Contributions(*(store.array(name) for name in one["contributions"]))
        segments.append(SegmentDrivers(one["label"], one["customers"], None, Auc(*one["auc"]), measured, found))
    return Drivers(
        np.array(store.json(record["customers"]), dtype=object),
        store.array(record["labels"]),
        tuple(ExplainedFeature(**{**one, "categories": tuple(one["categories"])}) for one in record["features"]),
        store.array(record["values"]),
        record["n_customers"],
        tuple(segments),
        tuple(map(Finding.from_json, record["notes"])),
    )
