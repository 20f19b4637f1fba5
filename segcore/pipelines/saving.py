"""Pipeline saved from the records of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from segcore.clustering.algorithms.registry import algorithm
from segcore.data.samples.registry import find_sample
from segcore.errors import ParameterError
from segcore.intake.remembered import data_key, recall_choice, recall_data, with_choice
from segcore.pipelines.format.toml_text import toml_text
from segcore.records.data_rules import rules_to_json
from segcore.records.intake import SECOND_TABLES, DatabaseQuestion, DataRequest, Intake, SecondTable
from segcore.records.plan import Plan
from segcore.records.sweep import Sweep, SweepSpec
from segcore.records.vectors import Vectors
from segcore.segments.names import SegmentNames, known_names
from segcore.store.store import Store
from segcore.wording.findings import refusal

_UPLOADS = "uploads"


def pipeline_text(
    store: Store,
    sweep_id: str,
    position: int,
    *,
    export: Mapping[str, Any] | None = None,
    request: DataRequest | None = None,
    names: SegmentNames | None = None,
) -> str:
    """Return the TOML of a pipeline that repeats what led to a solution: its data, plan, sweep, choice and names.

    Parameters
    ----------
    store : Store
    sweep_id, position : str, int
        The solution.
    export : mapping or None
        ``out`` and options of `segcore.export.segment_rows.export_rows`.
    request : DataRequest or None
        The request that led to the data, if the store remembers none for them.
    names : SegmentNames or None
        Of the solution, if the caller has them.

    Raises
    ------
    ParameterError
        If it is not known how the data were read, or the solutions of the sweep are not a grid.

    Notes
    -----
    Kind and roles are written as they were found, so that next month's file is read in the same way. Only names that the analyst gave are
    written: suggested ones are found again.
    """
    sweep = store.sweep(sweep_id)
    found = recall_data(store, data_key(sweep.spec.table, sweep.spec.data))
    asked = request if found is None else found[1]
    if asked is None:
        raise refusal("pipeline.unknown_data", kind=ParameterError, data=str(sweep.spec.data.get("name", "data")))
    asked = _as_read(store, asked, sweep.spec.data, None if found is None else found[0])
    known = names or known_names(store, sweep, position)
    given = {str(label): name for label, name in sorted(known.names.items()) if label not in known.suggested}
    document = {
        "data": data_table(store, asked),
        "features": features_table(asked, sweep.spec.plan),
        "plan": plan_table(sweep.spec.plan),
        "sweep": sweep_table(sweep.spec, store.evidence_level(sweep_id) or "none"),
        "choose": {"point": dict(sweep.spec.points[position])},
        **({"names": given} if given else {}),
        **({"export": [_plain(export)]} if export else {}),
    }
    return f"{_heading(store, asked, sweep)}{toml_text(document)}"


def _heading(store: Store, request: DataRequest, sweep: Sweep) -> str:
    lines = ["# Run it with: segcore run FILE.toml", f"# Made from sweep {sweep.id[:12]}."]
    if _is_upload(store, request.data):
        lines.append("# The data were uploaded: put the file beside this one, or set data.path.")
    return "\n".join(lines) + "\n\n"


def _as_read(store: Store, request: DataRequest, data: Mapping[str, Any], intake: Intake | None) -> DataRequest:
    """Return the request with everything that was detected, or remembered from an earlier file, so that it depends on neither."""
    if intake is not None and intake.remembered is not None:
        choice = recall_choice(store, request, intake.columns, intake.own_columns)
        request = request if choice is None else with_choice(request, choice)
    none = {role: column for role, column in request.roles.items() if not column}
    kind = data.get("kind", request.kind)
    return replace(request, kind=kind, roles={**data.get("roles", {}), **none})


def data_table(store: Store, request: DataRequest) -> dict[str, Any]:
    """Return the table ``data`` for a request."""
    name = request.name
    source = _source(store, request)
    sample = find_sample(request.data)
    rules = {**rules_to_json(request.reading), **rules_to_json(request.rows), **rules_to_json(request.columns)}
    if "sheets" in rules:
        rules["sheet"] = rules.pop("sheets")
    table: dict[str, Any] = {
        **source,
        "name": None if sample is not None or name == Path(source["path"]).name else name,
        "kind": request.kind,
        "where": list(request.where),
        "date_from": request.date_from,
        "date_to": request.date_to,
        "frames": None if request.frames == "pandas" else request.frames,
        **rules,
    }
    for second in SECOND_TABLES:
        found: SecondTable | None = getattr(request, second)
        if found is not None:
            table |= {second: _path(store, found.data, found.name), f"{second}_key": found.key}
    return {**_plain(table), **({"roles": dict(request.roles)} if request.roles else {})}


def _source(store: Store, request: DataRequest) -> dict[str, Any]:
    """Return where the rows come from: a file or sample, or a database with its table or SELECT."""
    asked = request.database
    if asked is None:
        return {"path": _path(store, request.data, request.name)}
    usual = DatabaseQuestion(asked.address)
    keys = {"timeout": "timeout_seconds", "time_zone": "time_zone", "most_rows": "most_rows"}
    changed = {key: getattr(asked, name) for key, name in keys.items() if getattr(asked, name) != getattr(usual, name)}
    return {"path": asked.address, "table": asked.table, "query": asked.query, **changed}


def features_table(request: DataRequest, plan: Plan) -> dict[str, Any]:
    """Return the table ``features`` for a request and a plan: which features are made, and which of them are clustered on."""
    table: dict[str, Any] = {"missions": request.missions}
    if request.taste is not None:
        taste = request.taste
        is_raw = taste.components == "raw"
        table |= {"set": "raw" if is_raw else f"components={taste.n}", "matrix": taste.matrix, "of": taste.of, "lengths": taste.lengths}
        table |= {"components": None if is_raw else taste.components, "least_items": taste.least_items}
        table |= {"least_customers": taste.least_customers, "seed": taste.seed}
    if request.vectors is not None:
        vectors = request.vectors
        usual = Vectors()
        options = {entry.name: getattr(vectors, entry.name) for entry in fields(vectors) if entry.name not in ("dimensions", "seed")}
        changed = {name: value for name, value in options.items() if value != getattr(usual, name)}
        table |= {"set": f"cust2vec={vectors.dimensions}", "seed": vectors.seed}
        return {**_plain(table), "names": list(plan.features), **({"cust2vec": changed} if changed else {})}
    return {**_plain(table), "names": list(plan.features)}


def plan_table(plan: Plan) -> dict[str, Any]:
    """Return the table ``plan`` for a plan, with every choice, so that later changes of defaults do not matter."""

    def transformed(kind: str) -> list[str]:
        return [name for name, transform in plan.transforms.items() if transform == kind]

    table: dict[str, Any] = {
        "outliers": plan.outliers,
        "scaler": plan.scaler,
        "log": transformed("log"),
        "power": transformed("power"),
        "ideas": plan.ideas,
        "repeats": plan.repeats,
        "seed": plan.seed,
    }
    return {**table, **({"weights": dict(plan.weights)} if plan.weights else {})}


def sweep_table(spec: SweepSpec, evidence: str) -> dict[str, Any]:
    """Return the table ``sweep`` for a specification.

    Raises
    ------
    ParameterError
        If its points are not a grid.
    """
    axes: dict[str, dict[Any, None]] = {}
    for point in spec.points:
        for name, value in point.items():
            axes.setdefault(name, {})[value] = None
    grid = {name: list(values) for name, values in axes.items()}
    if tuple(map(dict, spec.points)) != algorithm(spec.algorithm).grid_with(grid).points():
        raise refusal("pipeline.no_grid", kind=ParameterError)
    return {"algorithm": spec.algorithm, "engine": spec.engine, "evidence": evidence, "grid": grid}


def _path(store: Store, data: str, name: str | None) -> str:
    """Return a sample's name or a path; for an upload, the name that its file had."""
    path = Path(name or data).name if _is_upload(store, data) else data
    try:
        path.encode()
    except UnicodeEncodeError:
        raise refusal("pipeline.undecodable_path", kind=ParameterError, path=ascii(path)[1:-1]) from None
    return path


def _is_upload(store: Store, data: str) -> bool:
    return Path(data).absolute().parent == store.home.absolute() / _UPLOADS


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that are set; tuples as lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in table.items()
        if value is not None and value is not False and value != [] and value != ()
    }
