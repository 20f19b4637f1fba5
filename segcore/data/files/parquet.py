"""Parquet: one file, or a folder with the parts of one table; columns are read on demand."""

from __future__ import annotations

import os
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from segcore.data.columns.text import written
from segcore.data.files.file_type import PARQUET
from segcore.data.files.parquet_text_size import spread_texts, swollen_texts
from segcore.data.files.raw import Raw, check_header
from segcore.errors import DataError, SourceError
from segcore.records.finding import Finding
from segcore.system.machine import is_limited
from segcore.wording.findings import refusal
from segcore.wording.quotes import named

MAX_PARTS = 10_000
MAX_VALUES = 2_000_000_000
_MANY_ROWS, _ROWS_A_BYTE = 5_000_000, 50  # no real table has so many rows in so few bytes
_MAX_ENTRIES = 100_000  # in a folder and all its subfolders
_ENDINGS = (".parquet", ".pq", ".parq")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class _Part:
    """Part of a table: file name, rows, values from folder names (``year=2011``), and texts that may be huge when expanded."""

    path: Path
    name: str
    schema: pa.Schema
    n_rows: int
    folders: Mapping[str, str | None] = field(default_factory=dict)
    swollen: tuple[str, ...] = ()


def read_parquet(path: Path, name: str) -> Raw:
    """Open a Parquet file, or a folder with the parts of one table below it.

    Parts are read in the order of their paths; names that begin with ``.`` or ``_`` are skipped, as writers use them for their own
    notes. Parts must have the same columns; types are widened if no value changes. Folders named ``key=value`` become columns.

    Raises
    ------
    SourceError
        If a file is damaged, or the folder has no parts or too many.
    DataError
        If parts differ, or the table has no rows.
    """
    parts = _parts(path, name)
    schema = _one_schema(parts, name)
    names, notes = check_header(schema.names, name)
    stored = dict(zip(names, schema, strict=True))
    starts = np.cumsum([0, *(part.n_rows for part in parts)])
    n_rows = int(starts[-1])
    if n_rows == 0:
        raise refusal("parquet.no_rows", file=name)
    _refuse_bomb(parts, n_rows, n_rows * len(names), name)

    def read(columns: Sequence[str]) -> pa.Table:
        wanted = [stored[column] for column in columns]
        tables = [_read_part(part, wanted, name) for part in parts if part.n_rows]
        return pa.concat_tables(tables).rename_columns(list(columns))

    def head(n: int) -> pa.Table:
        tables, rows = [], 0
        for part in parts:
            if rows < n and part.n_rows:
                tables.append(_read_part(part, list(schema), name, n - rows))
                rows += tables[-1].num_rows
        return pa.concat_tables(tables).rename_columns(names)

    def batches(n: int, columns: Sequence[str]) -> Iterator[pa.Table]:
        wanted = [stored[column] for column in columns]
        waiting: list[pa.Table] = []
        for part in parts:
            for table in _batches_of(part, wanted, name, n) if part.n_rows else ():
                waiting.append(table)
                if sum(rows.num_rows for rows in waiting) >= n:
                    yield pa.concat_tables(waiting).rename_columns(list(columns))
                    waiting = []
        if waiting:
            yield pa.concat_tables(waiting).rename_columns(list(columns))

    def where(row: int) -> str:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        within = f"row {row - int(starts[part]) + 1:,}"
        return within if path.is_file() else f"{within} of {named(parts[part].name)}"

    several = len(parts) > 1 or path.is_dir()
    if several:
        notes = (*notes, Finding("parquet.parts", values={"file": name, "parts": len(parts)}))
    form = {"format": f"Parquet, {len(parts):,} part{'s' if len(parts) > 1 else ''}" if several else "Parquet"}
    if parts[0].folders:
        form["columns from folders"] = ", ".join(parts[0].folders)
    return Raw(name, tuple(names), n_rows, read, head, where, notes, form=form, batches=batches)


def part_paths(folder: Path) -> list[Path]:
    """Return the Parquet files in a folder and below it, by path.

    Raises
    ------
    SourceError
        If there are too many files, or the folder cannot be read.
    """
    found, seen = [], 0

    def refuse(error: OSError) -> None:
        path = str(error.filename or folder)
        raise refusal("file.unreadable", kind=SourceError, file=path, reason=error.strerror or str(error)) from error

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        seen += len(files) + len(folders)
        found += [Path(root, name) for name in files if name.lower().endswith(_ENDINGS) and not name.startswith((".", "_"))]
        if seen > _MAX_ENTRIES or len(found) > MAX_PARTS:
            raise refusal("parquet.many_parts", kind=SourceError, file=str(folder), most=MAX_PARTS, most_files=_MAX_ENTRIES)
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def _parts(path: Path, name: str) -> list[_Part]:
    if path.is_file():
        return [_part(path, name, {})]
    found = part_paths(path)
    if not found:
        raise refusal("parquet.no_parts", kind=SourceError, file=name)
    parts = []
    for file in found:
        relative = file.relative_to(path)
        parts.append(_part(file, f"{name}/{relative.as_posix()}", _folder_values(relative)))
    for part in parts[1:]:
        if list(part.folders) != list(parts[0].folders):
            raise refusal("parquet.different_folders", file=part.name, other=parts[0].name)
    return parts


def _folder_values(relative: Path) -> dict[str, str | None]:
    pairs = (folder.partition("=") for folder in relative.parts[:-1] if "=" in folder)
    return {urllib.parse.unquote(key): None if value == _NO_VALUE else urllib.parse.unquote(value) for key, _, value in pairs if key}


def _part(path: Path, name: str, folders: Mapping[str, str | None]) -> _Part:
    with _sentences(name), path.open("rb") as head:
        if head.read(4) != PARQUET:
            raise refusal("parquet.not_parquet", kind=SourceError, file=name)
    with _sentences(name), pq.ParquetFile(path, memory_map=not is_limited()) as file:
        schema = pa.schema([entry.with_type(_plain(entry.type)) for entry in file.schema_arrow])
        given = {key: value for key, value in folders.items() if key not in schema.names}
        return _Part(path, name, schema, file.metadata.num_rows, given, swollen_texts(file.metadata))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return a type without dictionaries, which differ between parts."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _one_schema(parts: Sequence[_Part], name: str) -> pa.Schema:
    first = parts[0]
    fields = {entry.name: entry.remove_metadata().with_nullable(True) for entry in first.schema}
    if len(parts) > 1:
        for part in parts[1:]:
            differing = Counter(part.schema.names) - Counter(first.schema.names) or Counter(first.schema.names) - Counter(part.schema.names)
            for column in differing:
                here, there = part.schema.names.count(column), first.schema.names.count(column)
                lacks, has = (part, first) if here < there else (first, part)
                raise refusal("parquet.missing_column", file=lacks.name, other=has.name, column=column)
    for part in parts[1:]:
        for entry in part.schema:
            fields[entry.name] = _wider(fields[entry.name], entry, part, first)
    schema = pa.schema([_flat(fields[entry.name]) for entry in first.schema])
    return pa.schema([*schema, *(pa.field(key, pa.large_string()) for key in first.folders)])


def _flat(entry: pa.Field) -> pa.Field:
    """Return the field, as text if its values are lists, structures or nulls, which the rest of the code does not handle."""
    return entry.with_type(pa.large_string()) if pa.types.is_nested(entry.type) or pa.types.is_null(entry.type) else entry


def _wider(known: pa.Field, other: pa.Field, part: _Part, first: _Part) -> pa.Field:
    other = other.remove_metadata().with_nullable(True)
    if known.type == other.type:
        return known
    try:
        return pa.unify_schemas([pa.schema([known]), pa.schema([other])], promote_options="permissive").field(0)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        types = [str(other.type), str(known.type)]
        raise refusal("parquet.different_types", file=part.name, other=first.name, column=other.name, types=types) from None


def _refuse_bomb(parts: Sequence[_Part], n_rows: int, n_values: int, name: str) -> None:
    size = sum(part.path.stat().st_size for part in parts)
    repetitive = (n_values > MAX_VALUES // 20 and n_values > size * 2_000) or (n_rows > _MANY_ROWS and n_rows > size * _ROWS_A_BYTE)
    if n_values > MAX_VALUES or repetitive:
        raise refusal("parquet.too_many_values", kind=SourceError, file=name, values=n_values, size=size)


def _batches_of(part: _Part, fields: Sequence[pa.Field], name: str, n: int) -> Iterator[pa.Table]:
    """Yield a part in tables of at most ``n`` rows."""
    wanted = [entry.name for entry in fields if entry.name not in part.folders]
    if not wanted:
        yield _read_part(part, fields, name)
        return
    rows = 0
    with _sentences(part.name):
        with pq.ParquetFile(part.path, memory_map=not is_limited(), page_checksum_verification=True, read_dictionary=part.swollen) as file:
            for batch in file.iter_batches(batch_size=n, columns=wanted):
                rows += batch.num_rows
                yield _canonical(pa.Table.from_batches([batch]), batch.num_rows, part, fields, name)
        if rows != part.n_rows:
            raise refusal("parquet.rows_lost", kind=SourceError, file=part.name, rows=rows, expected=part.n_rows)


def _read_part(part: _Part, fields: Sequence[pa.Field], name: str, n: int | None = None) -> pa.Table:
    wanted = [entry.name for entry in fields if entry.name not in part.folders]
    with _sentences(part.name):
        if n is None:
            # Read as a single file: a data set's reader would add columns from folder names itself.
            with pq.ParquetFile(
                part.path, memory_map=not is_limited(), page_checksum_verification=True, read_dictionary=part.swollen
            ) as file:
                table = file.read(columns=wanted) if wanted else None
        else:
            with pq.ParquetFile(part.path, memory_map=not is_limited(), read_dictionary=part.swollen) as file:
                batch = next(file.iter_batches(batch_size=n, columns=wanted), None)
                table = None if batch is None else pa.Table.from_batches([batch.slice(0, n)])
        rows = part.n_rows if table is None else table.num_rows
        if table is not None and n is None and rows != part.n_rows:
            raise refusal("parquet.rows_lost", kind=SourceError, file=part.name, rows=rows, expected=part.n_rows)
        return _canonical(table, rows, part, fields, name)


def _canonical(table: pa.Table | None, rows: int, part: _Part, fields: Sequence[pa.Field], name: str) -> pa.Table:
    columns = []
    for entry in fields:
        if entry.name in part.folders:
            columns.append(pa.chunked_array([pa.repeat(pa.scalar(part.folders[entry.name], pa.large_string()), rows)]))
            continue
        column = table.column(entry.name) if table is not None else pa.chunked_array([], entry.type)
        columns.append(_as_type(column, entry, part, name))
    return pa.Table.from_arrays(columns, schema=pa.schema(list(fields)))


def _as_type(column: pa.ChunkedArray, entry: pa.Field, part: _Part, name: str) -> pa.ChunkedArray:
    if entry.name in part.swollen:
        column = spread_texts(column, part.name, entry.name, part.path.stat().st_size)
    if pa.types.is_nested(column.type):
        column = pa.chunked_array([written(chunk) for chunk in column.chunks], pa.large_string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_dictionary(column.type):
        column.validate(full=True)  # text that is not UTF-8 would fail anywhere later
    if column.type == entry.type:
        return column
    try:
        return column.cast(entry.type)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise refusal("parquet.unfit_values", file=part.name, column=entry.name, type=str(entry.type), reason=reason) from error


@contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Turn pyarrow's errors for damaged files into one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise refusal("file.unreadable", kind=SourceError, file=name, reason=error.strerror or "it is gone") from error
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, DataError | MemoryError):
            raise
        words = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")[:200]
        reason = "".join(letter if letter.isprintable() else "?" for letter in words)
        raise refusal("parquet.damaged", kind=SourceError, file=name, reason=reason) from error
