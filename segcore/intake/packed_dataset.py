"""A data set handed from one process to another: its rows in a Parquet file, the rest as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segcore.records.dataset import Dataset
from segcore.records.finding import Finding

_KEPT = ("kind", "roles", "name", "fingerprint", "rows_read", "set_aside", "filtered_out", "filters", "counts")


def pack(dataset: Dataset, path: Path) -> dict[str, Any]:
    """Write a data set's rows to a Parquet file, and return the rest of it as plain values; rows that were set aside are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = dataset.frame if isinstance(dataset.frame, pa.Table) else pa.Table.from_pandas(dataset.frame, preserve_index=False)
    pq.write_table(rows, path, compression="lz4")
    plain = {name: getattr(dataset, name) for name in _KEPT}
    mappings = {name: dict(plain[name]) for name in ("roles", "set_aside", "counts")}
    return {**plain, **mappings, "filters": list(dataset.filters), "notes": [note.to_json() for note in dataset.notes]}


def unpack(rest: Mapping[str, Any], path: Path, *, frames: str) -> Dataset:
    """Return the data set that `pack` wrote, in the frame library asked for."""
    import pyarrow.parquet as pq

    from segcore.system.frames import to_backend

    notes = tuple(Finding.from_json(note) for note in rest["notes"])
    return Dataset(**{**rest, "filters": tuple(rest["filters"]), "notes": notes}, frame=to_backend(pq.read_table(path), frames))
