"""Data sets passed between processes: rows in a Parquet file, the rest as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segcore.records.dataset import Dataset, RowCount
from segcore.records.finding import Finding

_KEPT = ("kind", "name", "fingerprint", "rows_read", "filtered_out")


def pack(dataset: Dataset, path: Path) -> dict[str, Any]:
    """Write a data set's rows to an existing file as Parquet, and return the rest as plain values, without the rows set aside."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = dataset.frame if isinstance(dataset.frame, pa.Table) else pa.Table.from_pandas(dataset.frame, preserve_index=False)
    with path.open("r+b") as file:  # not created: a file that is gone was deleted because whoever asked has ended
        pq.write_table(rows, file, compression="lz4")
    plain = {name: getattr(dataset, name) for name in _KEPT}
    counts = {name: [count.to_json() for count in getattr(dataset, name)] for name in ("set_aside", "counts")}
    notes = [note.to_json() for note in dataset.notes]
    return {**plain, **counts, "roles": dict(dataset.roles), "filters": list(dataset.filters), "notes": notes}


def unpack(rest: Mapping[str, Any], path: Path, *, frames: str) -> Dataset:
    """Return the data set that `pack` wrote, in the requested frame library if that holds rows in memory, else in pandas."""
    import pyarrow.parquet as pq

    from segcore.system.frames import in_memory, to_backend

    counts = {name: tuple(RowCount.from_json(count) for count in rest[name]) for name in ("set_aside", "counts")}
    notes = tuple(Finding.from_json(note) for note in rest["notes"])
    frame = to_backend(pq.read_table(path), in_memory(frames))
    return Dataset(**{**rest, **counts, "filters": tuple(rest["filters"]), "notes": notes}, frame=frame)
