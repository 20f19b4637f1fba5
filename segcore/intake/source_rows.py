"""The rows of a source themselves, for those who make features of their own: scoring by a sweep's, the Intel kit's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from segcore.records.dataset import ROLES, Dataset, Note
from segcore.records.intake import DataRequest

_KEPT = ("kind", "roles", "name", "fingerprint", "rows_read", "set_aside", "filtered_out", "filters", "counts")


def read_rows(request: DataRequest, *, trained: Mapping[str, str] | None = None, folder: Path | None = None) -> Dataset:
    """Read the rows that a request asks for.

    Parameters
    ----------
    request : DataRequest
    trained : mapping of role to column, or None
        The roles that a sweep was made with: they count where all of their columns are there, and no other role is then guessed, since
        it would change how features are made. Roles of the request come before them.
    folder : Path or None
        Where downloaded samples are kept.

    Raises
    ------
    SegcoreError
        Where the data cannot be read or used.
    """
    from segcore.data.meaning.roles import find_meaning
    from segcore.data.rows.build import Selection, build_dataset
    from segcore.data.sources import open_source

    raw = open_source(request.data, name=request.name, folder=folder, reading=request.reading)
    known = {role: column for role, column in (trained or {}).items() if column in raw.names}
    if trained is not None and len(known) == len(trained):
        known = {**dict.fromkeys(ROLES, ""), **known}
    meaning = find_meaning(raw, kind=request.kind, roles={**known, **request.roles}, rows=request.rows)
    selection = Selection(request.where, request.date_from, request.date_to)
    return build_dataset(raw, meaning, selection, frames=request.frames, rows=request.rows)


def pack(dataset: Dataset, path: Path) -> dict[str, Any]:
    """Write a data set's rows to a Parquet file, and return the rest of it as plain values; rows that were set aside are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = dataset.frame if isinstance(dataset.frame, pa.Table) else pa.Table.from_pandas(dataset.frame, preserve_index=False)
    pq.write_table(rows, path, compression="lz4")
    plain = {name: getattr(dataset, name) for name in _KEPT}
    mappings = {name: dict(plain[name]) for name in ("roles", "set_aside", "counts")}
    return {**plain, **mappings, "filters": list(dataset.filters), "notes": [asdict(note) for note in dataset.notes]}


def unpack(rest: Mapping[str, Any], path: Path, *, frames: str) -> Dataset:
    """Return the data set that `pack` wrote, in the frame library asked for."""
    import pyarrow.parquet as pq

    from segcore.system.frames import to_backend

    notes = tuple(Note(**note) for note in rest["notes"])
    return Dataset(**{**rest, "filters": tuple(rest["filters"]), "notes": notes}, frame=to_backend(pq.read_table(path), frames))
