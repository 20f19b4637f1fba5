"""Reader of files of rows: CSV and JSON (plain, gzip or zstd), Parquet and XLSX, by content, which must match the name."""

from __future__ import annotations

import zipfile
from dataclasses import fields, replace
from pathlib import Path

from segcore.data.files.compression import peek
from segcore.data.files.csv.nameless_columns import Namer, rating_names, renamed_ratings
from segcore.data.files.csv.reader import read_csv
from segcore.data.files.excel.archive import check_directory
from segcore.data.files.excel.workbook import read_workbook
from segcore.data.files.file_type import COMPOUND, PARQUET, ZIP, check_name, is_json, refuse_other_formats
from segcore.data.files.json_lines import read_json
from segcore.data.files.legacy_office import compound_format
from segcore.data.files.parquet import read_parquet
from segcore.data.files.raw import Raw
from segcore.errors import SourceError
from segcore.records.data_rules import ReadOptions
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_FOR_CSV = {"delimiter", "encoding", "header_row"}
_USED = {"csv": _FOR_CSV, "json": {"encoding"}, "parquet": set(), "workbook": {"sheets", "header_row"}}
_OPTIONS = ("delimiter", "encoding", "header_row", "sheets")


def read_file(path: Path, name: str | None = None, reading: ReadOptions | None = None, *, namer: Namer | None = rating_names) -> Raw:
    """Open a file of rows, or a folder with the Parquet parts of one table.

    Parameters
    ----------
    path : Path
    name : str or None
        Display name, if it differs from the file's name.
    reading : ReadOptions or None
        Options for reading; the others are detected.
    namer : callable or None
        Names the columns of a CSV file without a header; ``None`` refuses it.

    Raises
    ------
    SourceError
        If it is missing, not one of the formats, or not what its name says.
    DataError
        If its content is broken; with the line.
    """
    name = name or path.name
    reading = reading or ReadOptions()
    head, packing = _look(path, name)
    if head is None or (head.startswith(PARQUET) and not packing):
        if head is not None:
            check_name(name, path.name, "parquet")
        return renamed_ratings(_noting_unused(read_parquet(path, name), "parquet", reading))
    if head.startswith(ZIP) and not packing:
        _check_zip(path, name)
        check_name(name, path.name, "workbook")
        return _noting_unused(read_workbook(path, name, reading), "workbook", reading)
    if head.startswith(COMPOUND) and not packing:
        raise refusal("file.other_format", kind=SourceError, file=name, format=compound_format(path), unpacked=False)
    refuse_other_formats(head, name, packing=packing)
    content = "json" if is_json(_as_text(head)) else "text"
    check_name(name, path.name, packing or content, inside=content if packing else "")
    if content == "json":
        return _noting_unused(read_json(path, name, reading), "json", reading)
    return renamed_ratings(_noting_unused(read_csv(path, name, reading, namer=namer), "csv", reading))


def _look(path: Path, name: str) -> tuple[bytes | None, str]:
    """Return the first bytes, decompressed, and their compression; no bytes for a folder."""
    try:
        if path.is_dir():
            return None, ""
        if path.exists() and not path.is_file():
            raise refusal("file.not_regular", kind=SourceError, path=str(path))
        size = path.stat().st_size
        if size:
            return peek(path)
    except FileNotFoundError:
        raise refusal("file.missing", kind=SourceError, path=str(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refusal("file.unreadable", kind=SourceError, file=name, reason=reason) from error
    # Device files have no size, and reading some of them never ends.
    raise refusal("file.empty", file=name)


def _as_text(head: bytes) -> bytes:
    """Return first bytes as UTF-8, enough to see whether they are JSON."""
    encoding = next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), None)
    if encoding is None and b"\0" in head[:2]:
        encoding = "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    return head if encoding is None else head.decode(encoding, "replace").encode()


def _check_zip(path: Path, name: str) -> None:
    try:
        check_directory(path, name)
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise refusal("file.damaged_zip", kind=SourceError, file=name, reason=str(error)) from error
    kind = ""
    if "xl/workbook.bin" in members:
        kind = "binary workbook"
    elif "mimetype" in members and "content.xml" in members:
        kind = "opendocument"
    elif "xl/workbook.xml" not in members:
        kind = "zip"
    if kind:
        raise refusal("file.other_format", kind=SourceError, file=name, format=kind, unpacked=False)


def _noting_unused(raw: Raw, what: str, reading: ReadOptions) -> Raw:
    """Return the source with a note on options that do not apply to its format."""
    given = {entry.name for entry in fields(reading) if getattr(reading, entry.name) != entry.default}
    unused = [option for option in _OPTIONS if option in given - _USED[what]]
    if not unused:
        return raw
    return replace(raw, notes=(*raw.notes, Finding("file.unused_options", values={"file": raw.name, "format": what, "options": unused})))
