"""Tables as files or bytes: Parquet, or CSV whose cells no spreadsheet runs as formulas."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from segcore.errors import ParameterError
from segcore.export.cells import safe_headers, safe_text
from segcore.store.disk import replacing
from segcore.wording.findings import refusal

TABLE_FORMATS = (".parquet", ".csv")


def check_table_path(path: Path, option: str) -> None:
    """Raise `ParameterError` if a table cannot be written to ``path``; for a check before the work starts.

    Parameters
    ----------
    path : Path
    option : str
        Name of the option for the message, such as ``--out``.
    """
    if path.suffix.lower() not in TABLE_FORMATS:
        raise refusal("export.unknown_format", kind=ParameterError, path=str(path), option=option)
    check_folder(path, option)


def check_folder(path: Path, option: str) -> None:
    """Raise `ParameterError` if the folder of a file to write does not exist."""
    if not path.absolute().parent.is_dir():
        raise refusal("export.no_folder", kind=ParameterError, path=str(path), option=option)


def write_table(rows: pa.Table, path: Path) -> None:
    """Write rows as Parquet or CSV, by the name's ending; an existing file is replaced once the new one is complete.

    In CSV, text that a spreadsheet would run as a formula gets a ``'`` in front; Parquet contains it unchanged.

    Raises
    ------
    ParameterError, DiskError
        If the file cannot be written.
    """
    with replacing(path) as file:
        _write(rows, file, path.suffix.lower())


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8; an existing file is replaced once the new one is complete.

    Raises
    ------
    ParameterError, DiskError
        If the file cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode())


def table_bytes(rows: pa.Table, suffix: str) -> bytes:
    """Return the content of the ``.parquet`` or ``.csv`` file that `write_table` would write."""
    buffer = io.BytesIO()
    _write(rows, buffer, suffix)
    return buffer.getvalue()


def _write(rows: pa.Table, file: BinaryIO, suffix: str) -> None:
    if suffix == ".parquet":
        pq.write_table(rows, file)
        return
    columns = [safe_text(column.combine_chunks().cast(pa.string()))[0] if _is_text(column.type) else column for column in rows.columns]
    pacsv.write_csv(pa.table(columns, names=safe_headers(rows.column_names)), file)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
