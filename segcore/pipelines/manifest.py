"""Manifest of a run: which data, plan and solution its outputs come from, and the SHA-256 of each."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segcore.errors import ParameterError
from segcore.export.tables import replacing
from segcore.wording.findings import refusal

EDITION = 1
"""Version of the format; manifests of other editions are not read."""


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of an earlier run, complete or not; an empty one if no manifest can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("edition") == EDITION else {}


def signed_off(path: Path) -> dict[str, Any]:
    """Return the manifest of a complete run.

    Raises
    ------
    ParameterError
        If there is no such manifest.
    """
    if not path.is_file():
        raise refusal("pipeline.no_manifest", kind=ParameterError, path=str(path))
    found = read_manifest(path)
    solution = found.get("solution")
    if not found.get("complete") or not isinstance(solution, Mapping):
        raise refusal("pipeline.bad_manifest", kind=ParameterError, path=str(path))
    kinds = (("sweep", str), ("position", int), ("segments", list))
    if not all(isinstance(solution.get(name), kind) for name, kind in kinds):
        raise refusal("pipeline.bad_manifest", kind=ParameterError, path=str(path))
    return found


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write a manifest, which replaces an earlier one once it is complete.

    Raises
    ------
    ParameterError, DiskError
        If the file cannot be written.
    """
    with replacing(path) as file:
        file.write((json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace"))


def described_file(file: Path, manifest: Path) -> dict[str, Any]:
    """Return a file's path from the folder of the manifest, its SHA-256 and its size."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    return {"file": os.path.relpath(file, manifest.parent), "sha256": found, "bytes": file.stat().st_size}


def is_unchanged(earlier: Mapping[str, Any] | None, inputs: str, files: Sequence[Path], manifest: Path) -> bool:
    """Tell whether the files are still as an earlier run wrote them from the same inputs.

    Parameters
    ----------
    earlier : mapping or None
        Entry of the manifest for this output: ``inputs`` and ``files``.
    inputs : str
        Digest of everything that it is made from.
    files : sequence of Path
    manifest : Path
    """
    if earlier is None or earlier.get("inputs") != inputs or not all(file.is_file() for file in files):
        return False
    return bool(earlier.get("files") == [described_file(file, manifest) for file in files])


def changes_table(document: Mapping[str, Any]) -> bool:
    """Tell whether an export has changed its table, from the result of `segcore.export.files.write_export`."""
    table = document["table"]
    return bool(table["created"] or table["added"] or table["changed"] or table["removed"])


def described_table(document: Mapping[str, Any], database: str, earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the manifest's entry for a table: the counts of its last change, and the SHA-256 of the rows.

    Parameters
    ----------
    document : mapping
        What `segcore.export.files.write_export` returned.
    database : str
        The address as written in the pipeline.
    earlier : mapping or None
        Entry of the earlier manifest for this output, which stays if nothing has changed since.
    """
    found = {**document["table"], "database": database}
    before = (earlier or {}).get("table")
    is_same = isinstance(before, dict) and before.get("sha256") == found["sha256"] and not changes_table(document)
    return before if isinstance(before, dict) and is_same else found
