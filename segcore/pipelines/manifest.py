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
"""Of its form; one of another edition is not read."""


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of an earlier run, complete or not; an empty one where there is none that can be read."""
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
        If there is none.
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
    """Tell whether files are there as an earlier run wrote them from the same inputs.

    Parameters
    ----------
    earlier : mapping or None
        What the manifest says of this output: ``inputs`` and ``files``.
    inputs : str
        Digest of what it is made from.
    files : sequence of Path
    manifest : Path
    """
    if earlier is None or earlier.get("inputs") != inputs or not all(file.is_file() for file in files):
        return False
    return bool(earlier.get("files") == [described_file(file, manifest) for file in files])


def changes_table(document: Mapping[str, Any]) -> bool:
    """Tell whether an export has changed its table, by what `segcore.export.files.write_export` returned."""
    table = document["table"]
    return bool(table["created"] or table["added"] or table["changed"] or table["removed"])


def described_table(document: Mapping[str, Any], database: str, earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a manifest says of a table: how its last change went, and the SHA-256 of the rows.

    Parameters
    ----------
    document : mapping
        What `segcore.export.files.write_export` returned.
    database : str
        The address as the pipeline has it.
    earlier : mapping or None
        What the earlier manifest says of this output: it stays, if nothing has changed since.
    """
    found = {**document["table"], "database": database}
    before = (earlier or {}).get("table")
    is_same = isinstance(before, dict) and before.get("sha256") == found["sha256"] and not changes_table(document)
    return before if isinstance(before, dict) and is_same else found
