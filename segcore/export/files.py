"""Exports: CSV that no spreadsheet runs as formulas, or Parquet, each with a JSON file about its origin; or a table of a database."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from segcore.data.databases.address import parse_address
from segcore.errors import ParameterError
from segcore.export.cells import safe_headers, safe_text
from segcore.export.database_table import Destination, write_into_table
from segcore.export.model import model_zip
from segcore.export.segment_rows import ExportRows, RowChoice, export_rows, scored_rows
from segcore.store.disk import replacing
from segcore.store.store import Store
from segcore.wording.destinations import changes_text
from segcore.wording.findings import refusal

Format = Literal["csv", "parquet"]
_LONGEST_STEM = 100
FORMATS: tuple[Format, ...] = ("csv", "parquet")


def output_of(out: Path | str, into: str | None = None, how: str | None = None) -> Path | Destination:
    """Return the file or the table that an export or scores go to; for a check before the work starts.

    Parameters
    ----------
    out, into, how
        See `Destination.of`.

    Raises
    ------
    ParameterError
        If these options do not go together, the file's name does not end in ``.csv`` or ``.parquet``, or the folder of a database's file
        does not exist.
    """
    table = Destination.of(str(out), into, how)
    if table is not None:
        table.check_folder()
        return table
    format_of(out)
    return Path(out)


def write_export(
    store: Store,
    sweep_id: str,
    position: int,
    out: Path | str | Destination,
    *,
    progress: Callable[[float], None] = lambda share: None,
    **choice: Unpack[RowChoice],
) -> dict[str, Any]:
    """Write the customers of some segments to a file, and its description to ``FILE.json`` next to it; or into a table.

    Parameters
    ----------
    store, sweep_id, position, **choice
        See `export_rows`.
    out : path or Destination
        A file's name ends in ``.csv`` or ``.parquet``. An existing file is replaced once the new one is complete.
    progress : callable (float) -> None
        Called with the share of a table's rows that have been sent, 0 to 1; afterwards, they are compared with the table.

    Returns
    -------
    dict
        Content of the JSON file; for a table, with its changes and the SHA-256 of the rows as CSV.

    Raises
    ------
    ParameterError, SourceError
        If the file or table cannot be written, or the file's name ends differently.
    """
    if not isinstance(out, Destination):
        format_of(out)
    return _write_output(export_rows(store, sweep_id, position, **choice), position, out, progress)


def write_scores(
    store: Store,
    sweep_id: str,
    position: int,
    out: Path | str | Destination,
    *,
    customers: np.ndarray,
    labels: np.ndarray,
    set_aside: np.ndarray,
) -> dict[str, Any]:
    """Write the segments of new customers in the same form as `write_export`.

    Parameters
    ----------
    store, sweep_id, position, out
        See `write_export`.
    customers, labels, set_aside : ndarray of shape (n_customers,)
        Ids as text, segments (-1 is noise), and whether the outlier rule would have set the customer aside.
    """
    if not isinstance(out, Destination):
        format_of(out)
    return _write_output(scored_rows(store, sweep_id, position, customers, labels, set_aside), position, out)


def write_model(store: Store, sweep_id: str, position: int, path: Path | str) -> None:
    """Write a solution's model as a .zip; see `model_zip`.

    Raises
    ------
    StoreError
        If the solution has no segments.
    ParameterError
        If the file cannot be written.
    """
    content = model_zip(store, sweep_id, position)
    with replacing(Path(path)) as file:
        file.write(content)


def _write_output(
    rows: ExportRows, position: int, out: Path | str | Destination, progress: Callable[[float], None] = lambda share: None
) -> dict[str, Any]:
    return _write_table(rows, position, out, progress) if isinstance(out, Destination) else _write_files(rows, position, Path(out))


def _write_table(rows: ExportRows, position: int, out: Destination, progress: Callable[[float], None]) -> dict[str, Any]:
    """Write into a table; its text needs no marks, because no database runs it as a formula."""
    found, sent = hashlib.sha256(), 0

    def digested() -> Iterator[pa.Table]:
        nonlocal sent
        for place, chunk in enumerate(rows.chunks()):
            text = io.BytesIO()
            pa.csv.write_csv(chunk, text, pa.csv.WriteOptions(include_header=not place))
            found.update(text.getbuffer())
            yield chunk
            sent += chunk.num_rows
            progress(sent / max(len(rows), 1))

    key = [rows.columns[f"id:{rows.id_name}"], *(["copy"] if rows.copies else [])]
    changes = write_into_table(out, digested(), rows.schema, key)
    table = {"database": out.address.text, "table": out.table, "how": out.how, **changes.to_json(), "sha256": found.hexdigest()}
    return {**describe(rows, position, None, marked=0), "table": table}


def table_text(document: Mapping[str, Any]) -> str:
    """Return the changes of a table in one or two sentences, from the result of `write_export` or `write_scores`."""
    table = document["table"]
    return changes_text(table["table"], parse_address(table["database"]).name, document["rows"], table)


def _write_files(rows: ExportRows, position: int, path: Path) -> dict[str, Any]:
    file_format = format_of(path)
    beside = path.with_name(f"{path.name}.json")
    with replacing(path) as file:
        marked = _write(rows, file, file_format)
        document = describe(rows, position, file_format, file_name=path.name, marked=marked)
        with replacing(beside) as description:
            description.write((json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())
    return document


def export_bytes(
    store: Store,
    sweep_id: str,
    position: int,
    *,
    file_format: Format = "csv",
    **choice: Unpack[RowChoice],
) -> tuple[bytes, dict[str, Any]]:
    """Return the content of the file that `write_export` would write, and its description, for a download.

    Parameters
    ----------
    store, sweep_id, position, **choice
        See `export_rows`.
    file_format : {"csv", "parquet"}
    """
    rows = export_rows(store, sweep_id, position, **choice)
    buffer = io.BytesIO()
    marked = _write(rows, buffer, file_format)
    return buffer.getvalue(), describe(rows, position, file_format, marked=marked)


def file_stem(data: str, label: str, segments: Sequence[str] = ()) -> str:
    """Return a file name without its ending: at most 100 letters, digits, dots, dashes and underscores.

    Parameters
    ----------
    data : str
        Name of the data.
    label : str
        The solution in words.
    segments : sequence of str
        Names of the exported segments; none for all.

    Examples
    --------
    >>> file_stem("orders 2024.csv", "5 segments", ["Regulars", "New & young"])
    'orders-2024-5-segments-Regulars-New-young'
    """
    words = " ".join([Path(data).stem, label, *segments])
    return re.sub(r"[^\w.]+", "-", words).strip("-.")[:_LONGEST_STEM].rstrip("-.") or "segments"


def format_of(path: Path | str) -> Format:
    """Return the format of a file by its name's ending, or raise `ParameterError`."""
    suffix = Path(path).suffix.lower().lstrip(".")
    for known in FORMATS:
        if suffix == known:
            return known
    raise refusal("export.unknown_format", kind=ParameterError, path=str(path))


def describe(rows: ExportRows, position: int, file_format: Format | None, *, marked: int, file_name: str | None = None) -> dict[str, Any]:
    """Return the description of an export: its sweep, solution, data, filters and versions, and the rows of each segment.

    Parameters
    ----------
    rows : ExportRows
    position : int
    file_format : {"csv", "parquet"} or None
        ``None`` for a table.
    marked : int
        Number of text cells with a ``'`` put in front.
    file_name : str or None
    """
    spec, solution = rows.spec, rows.solution
    sizes = {**dict(zip(solution.segments, solution.sizes, strict=True)), -1: solution.n_noise}
    found = _counts(rows.segments)
    aside_found = _counts(rows.segments[rows.set_aside]) if rows.set_aside is not None else {}
    return {
        "file": file_name,
        "format": file_format,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "sweep": rows.sweep_id,
        "position": position,
        "point": dict(spec.points[position]),
        "algorithm": spec.algorithm,
        "engine": solution.engine,
        "evidence": solution.evidence,
        "seed": spec.plan.seed,
        "data": dict(spec.data),
        "preparation": {
            "features": list(spec.plan.features),
            "outliers": spec.plan.outliers,
            "repeats": spec.plan.repeats,
            "scaler": spec.plan.scaler,
            "reference_date": rows.table.reference_date,
        },
        "versions": dict(spec.versions),
        "rows": len(rows),
        "copies": rows.copies,
        "set_aside_rows": sum(aside_found.values()) if rows.set_aside is not None else None,
        "segments": [
            {
                "segment": label,
                "name": rows.names[label],
                "rows": found.get(label, 0),
                "set_aside_rows": aside_found.get(label, 0),
                "size": sizes[label],
            }
            for label in sorted(rows.names)
        ],
        "size_meaning": "rows that were clustered, as on screen: each customer and each of its jittered copies"
        if spec.plan.repeats > 1
        else "customers that were clustered, as on screen",
        "columns": rows.schema.names,
        "marked_cells": marked,
        "marked_meaning": "text cells that a spreadsheet could run as a formula; in the CSV they start with '",
    }


def _counts(segments: np.ndarray) -> dict[int, int]:
    labels, counts = np.unique(segments, return_counts=True)
    return {int(label): int(count) for label, count in zip(labels, counts, strict=True)}


def _write(rows: ExportRows, file: IO[bytes], file_format: Format) -> int:
    """Write all rows and return the number of cells marked as text."""
    if file_format == "parquet":
        with pa.parquet.ParquetWriter(file, rows.schema) as writer:
            for chunk in rows.chunks():
                writer.write_table(chunk)
        return 0
    marked = 0
    schema = pa.schema([field.with_name(name) for field, name in zip(rows.schema, safe_headers(rows.schema.names), strict=True)])
    with pa.csv.CSVWriter(file, schema) as writer:
        for chunk in rows.chunks():
            safe, n_marked = _safe_table(chunk, schema)
            marked += n_marked
            writer.write_table(safe)
    return marked


def _safe_table(chunk: pa.Table, schema: pa.Schema) -> tuple[pa.Table, int]:
    columns, marked = [], 0
    for column in chunk.columns:
        plain = column.combine_chunks()
        if pa.types.is_string(plain.type):
            plain, n_marked = safe_text(plain)
            marked += n_marked
        columns.append(plain)
    return pa.table(columns, schema=schema), marked
