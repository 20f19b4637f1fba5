"""Files by their content, not by their name's ending: CSV (plain or gzip), Parquet, XLSX."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from segcore.errors import DataError, SourceError
from segcore.rules import ReadOptions
from segcore.sources.csvfile import read_csv
from segcore.sources.raw import Raw, check_header
from segcore.sources.workbook import read_workbook

_IMAGES = {b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"%PDF": "a PDF"}


def read_file(path: Path, name: str | None = None, reading: ReadOptions | None = None) -> Raw:
    """Open a file of rows.

    Raises
    ------
    SourceError
        Where it is not there or not one of the formats.
    DataError
        Where its content is broken; with the line.
    """
    name = name or path.name
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise SourceError(f"{str(path)!r} is no regular file: give a CSV, CSV.gz, Parquet or XLSX file.")
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise SourceError(f"There is no file {str(path)!r}: give a path, or the name of a sample ('segcore samples' lists them).") from None
    except IsADirectoryError:
        raise SourceError(f"{str(path)!r} is a folder: give a file.") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if head.startswith(b"PAR1"):
        return read_parquet(path, name)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(path, name)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(f"{name} is a workbook of the old kind (.xls): save it as .xlsx or CSV.")
    for magic, what in _IMAGES.items():
        if head.startswith(magic):
            raise SourceError(f"{name} is {what}, not a table: give CSV, CSV.gz, Parquet or XLSX.")
    return read_csv(path, name)


def read_parquet(path: Path, name: str) -> Raw:
    """Open a Parquet file; columns are read when asked for."""
    try:
        file = pq.ParquetFile(path, memory_map=True)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{name} is a damaged Parquet file ({_first_line(error)}): write it again.") from error
    names, notes = check_header(schema.names, name)
    stored = dict(zip(names, schema.names, strict=True))
    if file.metadata.num_rows == 0:
        raise DataError(f"{name} has columns but no row.")

    def read(columns: Sequence[str]) -> pa.Table:
        try:
            return pq.read_table(path, columns=[stored[column] for column in columns], memory_map=True).rename_columns(list(columns))
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{name} is a damaged Parquet file ({_first_line(error)}): write it again.") from error

    def head(n: int) -> pa.Table:
        try:
            batch = next(file.iter_batches(batch_size=n))
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{name} is a damaged Parquet file ({_first_line(error)}): write it again.") from error
        return pa.Table.from_batches([batch]).rename_columns(names)

    return Raw(name, tuple(names), file.metadata.num_rows, read, head, lambda row: f"row {row + 1:,}", notes)


def _read_zip(path: Path, name: str) -> Raw:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"{name} is a damaged zip or XLSX file ({error}): fetch or save it again.") from error
    if "xl/workbook.xml" in members:
        return read_workbook(path, name)
    raise SourceError(f"{name} is a zip archive, not a table: unpack it and give the CSV, Parquet or XLSX file in it.")


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".")
