"""JSON schema of pipeline files, for editors, made from the same layout as the checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segcore.pipelines.format.layout import ROOT, Key, Kind, Table

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALAR = {"type": ["number", "string"]}
_TYPES: Mapping[Kind, dict[str, Any]] = {
    "text": {"type": "string"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "date": {"type": "string"},
    "as of": {"type": "string"},
    "texts": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "labels": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "integer"}, {"const": "noise"}]}},
    "grid": {"anyOf": [_SCALAR, {"type": "array", "minItems": 1, "items": _SCALAR}]},
    "weight": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]},
    "range": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
}


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a pipeline, which TOML editors such as Taplo read.

    Examples
    --------
    >>> json_schema()["required"]
    ['data', 'sweep']
    """
    return {"$schema": _DIALECT, "title": "segcore pipeline", **_table(ROOT)}


def _table(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": table.words,
        "type": "object",
        "properties": {key.name: _key(key) for key in table.keys},
        "additionalProperties": _key(table.any_key) if table.any_key is not None else False,
    }
    required = [key.name for key in table.keys if key.is_required]
    return {**found, "required": required} if required else found


def _key(key: Key) -> dict[str, Any]:
    if key.table is not None:
        one = _table(key.table)
        return {"anyOf": [one, {"type": "array", "items": one}]} if key.table.is_list else one
    found = {"description": key.words, **_TYPES[key.kind]}
    if key.choices:
        found["enum"] = list(key.choices)
    bounds = {"minimum": key.low, "maximum": key.high}
    limits = {name: bound for name, bound in bounds.items() if bound is not None}
    if key.kind == "range":
        return {**found, "items": {**found["items"], **limits}}
    return {**found, **limits}
