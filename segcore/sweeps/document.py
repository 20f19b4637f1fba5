"""A sweep as a JSON document and as a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from segcore.records.evidence import NOT_GATHERED, PointEvidence, SweepEvidence
from segcore.records.grid import point_key
from segcore.records.sweep import Sweep
from segcore.store.disk import naming_disk, replacing
from segcore.store.store import Store
from segcore.sweeps.prepared import prepare


def sweep_document(sweep: Sweep, from_store: bool) -> dict[str, Any]:
    """Return the document that ``sweep --json`` prints: plain values only, undefined numbers as ``None``.

    Parameters
    ----------
    sweep : Sweep
        Unfinished points are left out and counted in ``missing``.
    from_store : bool
        Whether it was read from the store, without a fit.

    Notes
    -----
    Compactness is measured on the matrix that was clustered. Neither a scaler nor a weight changes it, because it compares spreads of
    the same feature; a transform does, because what it shrinks counts for less.
    """
    spec, summary = sweep.spec, sweep.summary
    found, evidence = sweep.recommendation, sweep.evidence
    gathered = evidence.points if evidence is not None and evidence.points else [_nothing_gathered(evidence)] * len(spec.points)
    points = [
        {**solution.to_json(), "same_as": None if same is None else dict(spec.points[same]), **point.to_json()}
        for solution, same, point in zip(sweep.solutions, sweep.same_as(), gathered, strict=True)
        if solution is not None
    ]
    return {
        "sweep": sweep.id,
        "data": dict(spec.data),
        "algorithm": spec.algorithm,
        "engine": spec.engine,
        "scaler": spec.plan.scaler,
        "weights": dict(spec.plan.weights),
        "transforms": dict(spec.plan.transforms),
        "outliers": spec.plan.outliers,
        "repeats": spec.plan.repeats,
        "seed": spec.plan.seed,
        "versions": dict(spec.versions),
        "rows": summary.get("rows"),
        "features": list(spec.plan.features),
        "ideas": list(summary.get("ideas", ())),
        "distance_shares": summary.get("distance_shares"),
        "set_aside": dict(summary.get("set_aside", {"customers": None, "revenue_share": None})),
        "points": points,
        "missing": len(spec.points) - len(points),
        "shared_seconds": summary.get("shared_seconds"),
        "evidence": None if evidence is None else {name: value for name, value in evidence.to_json().items() if name != "points"},
        "recommended": found.to_json() if found else None,
        "from_store": from_store,
    }


def _nothing_gathered(evidence: SweepEvidence | None) -> PointEvidence:
    return PointEvidence.without((evidence and evidence.reason) or NOT_GATHERED)


def evidence_document(sweep: Sweep) -> dict[str, Any]:
    """Return the document that ``evidence --json`` prints: plain values only, undefined numbers as ``None``."""
    document = sweep_document(sweep, from_store=True)
    names = ("params", "status", "segments", "sizes", "placebo", "stability", "prediction_strength", "describability", "evidence_reasons")
    points = [{name: point[name] for name in names if name in point} for point in document["points"]]
    whole = {name: document[name] for name in ("sweep", "data", "algorithm", "evidence", "recommended")}
    return {**whole, "points": points}


def write_sweep_folder(store: Store, sweep_id: str, directory: Path | str, *, from_store: bool = False) -> None:
    """Write a sweep as files: ``features.parquet``, ``labels.parquet`` and ``sweep.json``.

    Parameters
    ----------
    store : Store
    sweep_id : str
    directory : path
        Created if it does not exist.
    from_store : bool
        See `sweep_document`.

    Raises
    ------
    ParameterError, DiskError
        If a file cannot be written.

    Notes
    -----
    ``features.parquet`` has the rows that were clustered, unscaled: ``customer_id``, ``copy`` where there are copies, the features.
    ``labels.parquet`` has the same rows and one column of whole numbers per solution, named by its ``point_key``: -1 is noise, null
    means that the solution has no labels.
    """
    import json

    import pandas as pd

    sweep = store.sweep(sweep_id)
    table = prepare(store, sweep.spec).table
    ids: dict[str, Any] = {"customer_id": table.customers.astype(str).astype(object)}
    if sweep.spec.plan.repeats > 1:
        ids["copy"] = table.copies
    labels = dict(ids)
    for position, solution in enumerate(sweep.solutions):
        key = point_key(sweep.spec.points[position])
        if solution is None or solution.status != "ok":
            labels[key] = pd.array([None] * len(table), dtype="Int32")
        else:
            labels[key] = pd.array(np.asarray(store.solution(sweep_id, position).labels), dtype="Int32")
    folder = Path(directory)
    features = pd.DataFrame({**ids, **{name: table.values[:, column] for column, name in enumerate(table.names)}})
    document = json.dumps(sweep_document(sweep, from_store), indent=2, ensure_ascii=False, allow_nan=False)
    with naming_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("features.parquet", features), ("labels.parquet", pd.DataFrame(labels))):
        with replacing(folder / name) as file:
            rows.to_parquet(file, index=False)
    with replacing(folder / "sweep.json") as file:
        file.write(f"{document}\n".encode())
