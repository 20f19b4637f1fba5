"""Data sets passed between processes: rows in one Parquet file or in row parts, the rest as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segcore.records.dataset import Dataset, RowCount
from segcore.records.finding import Finding
from segcore.system.row_parts import RowParts

_KEPT = ("kind", "name", "fingerprint", "rows_read", "filtered_out")


def pack(dataset: Dataset, path: Path) -> dict[str, Any]:
    """Return a data set as plain values, without the rows set aside; its rows are written to an existing file, or are in row parts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = {name: getattr(dataset, name) for name in _KEPT}
    if isinstance(dataset.frame, tuple):
        plain["parts"] = [part.name for part in dataset.frame]
    else:
        rows = dataset.frame if isinstance(dataset.frame, pa.Table) else pa.Table.from_pandas(dataset.frame, preserve_index=False)
        with path.open("r+b") as file:  # not created: if the file is gone, it was deleted because the requesting process has ended
            pq.write_table(rows, file, compression="lz4")
    counts = {name: [count.to_json() for count in getattr(dataset, name)] for name in ("set_aside", "counts")}
    notes = [note.to_json() for note in dataset.notes]
    return {**plain, **counts, "roles": dict(dataset.roles), "filters": list(dataset.filters), "notes": notes}


def unpack(rest: Mapping[str, Any], path: Path, *, frames: str, parts: RowParts | None = None) -> Dataset:
    """Return the data set that `pack` wrote: its row parts, or its rows in the chosen library (pandas if that keeps no rows)."""
    import pyarrow.parquet as pq

    from segcore.system.frames import in_memory, to_backend

    counts = {name: tuple(RowCount.from_json(count) for count in rest[name]) for name in ("set_aside", "counts")}
    notes = tuple(Finding.from_json(note) for note in rest["notes"])
    plain = {name: value for name, value in rest.items() if name != "parts"}
    if parts is not None and "parts" in rest:
        frame = tuple(parts.scan(parts.folder / name) for name in rest["parts"])
    else:
        frame = to_backend(pq.read_table(path), in_memory(frames))
    return Dataset(**{**plain, **counts, "filters": tuple(rest["filters"]), "notes": notes}, frame=frame)
