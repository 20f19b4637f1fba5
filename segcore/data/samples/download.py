"""Download Online Retail from the UCI archive on request, check it, and keep it."""

from __future__ import annotations

import contextlib
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from segcore import __version__
from segcore.data.files.reader import read_file
from segcore.data.meaning.roles import find_meaning
from segcore.data.samples.online_retail import NAME
from segcore.errors import SegcoreError, SourceError
from segcore.store.disk import is_disk_error, naming_disk
from segcore.system.private_files import FILE_MODE, FOLDER_MODE, temporary_folder
from segcore.wording.findings import refusal

URL = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
N_ROWS = 541_909
TIMEOUT_SECONDS = 30.0  # without a byte
TOTAL_SECONDS = 900.0
MAX_BYTES = 300 * 2**20
DOWNLOAD, PACKED = "download-", "packed"
"""Beginning of the name of a download's temporary folder, and the file in it that grows."""
_CHUNK = 2**18
Progress = Callable[[int, int | None], None]


def download_online_retail(
    folder: Path,
    *,
    url: str = URL,
    scratch: Path | None = None,
    progress: Progress | None = None,
    timeout: float = TIMEOUT_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> int:
    """Download the data set, check it and keep it; a failed download changes nothing.

    Parameters
    ----------
    folder : Path
        Folder to store it in, as ``online-retail.csv``, ``.parquet`` and so on; a workbook as Parquet.
    url : str
        A zip with one table in it, or an XLSX, CSV, CSV.gz or Parquet file.
    scratch : Path or None
        Folder for temporary files, on the same disk; ``None`` means ``folder``.
    progress : callable or None
        Called with the bytes received and the total, if known.
    timeout, total_seconds : float
        Seconds to wait for the next byte, and for the whole download.
    max_bytes : int
        Largest size, compressed and uncompressed.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    DiskError
        If the disk is full.
    SourceError
        If it cannot be downloaded, is too large, or is not the data set.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise refusal("sample.no_address", kind=SourceError, url=url)
    try:
        with naming_disk(folder):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise refusal("sample.no_folder", kind=SourceError, folder=str(folder), why=error.strerror) from error
    with naming_disk(folder), temporary_folder(scratch or folder, prefix=DOWNLOAD) as own:
        packed = own / PACKED
        _fetch(url, packed, progress=progress, timeout=timeout, total_seconds=total_seconds, max_bytes=max_bytes)
        table = _unpack(packed, url, max_bytes)
        n_rows = _check(table, url)
        if _suffix(table) == ".xlsx":
            table = _as_parquet(table)
        target = folder / f"online-retail{_suffix(table)}"
        table.chmod(FILE_MODE)
        with table.open("rb") as file:
            os.fsync(file.fileno())
        table.replace(target)
        for old in folder.glob("online-retail.*"):
            if old != target:
                old.unlink()
    return n_rows


def _fetch(url: str, target: Path, *, progress: Progress | None, timeout: float, total_seconds: float, max_bytes: int) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": f"segcore/{__version__}"})  # noqa: S310 - the scheme is checked above
    begun = time.monotonic()
    with _network_errors(url), urllib.request.urlopen(request, timeout=timeout) as answer, target.open("wb") as file:  # noqa: S310
        length = answer.headers.get("Content-Length")
        expected = int(length) if length and length.isdigit() else None
        if expected is not None and expected > max_bytes:
            raise _refused("sample.too_large", url, bytes=expected, limit=max_bytes)
        received = 0
        while chunk := answer.read1(_CHUNK):
            received += len(chunk)
            if received > max_bytes:
                raise _refused("sample.longer", url, limit=max_bytes)
            if time.monotonic() - begun > total_seconds:
                raise _refused("sample.took_longer", url, seconds=total_seconds)
            file.write(chunk)
            if progress:
                progress(received, expected)
    if expected is not None and received < expected:
        raise _refused("sample.broke_off", url, received=received, expected=expected)


def _refused(code: str, url: str, **values: Any) -> SegcoreError:
    return refusal(code, kind=SourceError, remedy="other_file", url=url, **values)


@contextlib.contextmanager
def _network_errors(url: str) -> Iterator[None]:
    """Turn network errors into a `SourceError`."""
    try:
        yield
    except urllib.error.HTTPError as error:
        with error:
            raise _refused("sample.answered", url, status=error.code, why=str(error.reason)) from error
    except TimeoutError as error:
        raise _refused("sample.stopped", url) from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        if isinstance(error, SegcoreError) or is_disk_error(error):
            raise
        raise _refused("sample.unreachable", url, why=str(getattr(error, "reason", error))) from error


def _unpack(packed: Path, url: str, max_bytes: int) -> Path:
    """Return the table: the file itself, or the largest table in the zip."""
    if not zipfile.is_zipfile(packed):
        return packed
    try:
        with zipfile.ZipFile(packed) as archive:
            if "xl/workbook.xml" in archive.namelist():
                return packed
            tables = [member for member in archive.infolist() if member.filename.lower().endswith((".xlsx", ".csv", ".csv.gz", ".parquet"))]
            if not tables:
                raise _refused("sample.zip_without_table", url)
            chosen = max(tables, key=lambda member: member.file_size)
            target = packed.with_name("table")
            size = 0
            with archive.open(chosen) as stream, target.open("wb") as file:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > max_bytes:
                        raise _refused("sample.holds_more", url, limit=max_bytes)
                    file.write(chunk)
            return target
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        if is_disk_error(error):
            raise
        raise _refused("sample.damaged_zip", url, why=str(error)) from error


def _check(table: Path, url: str) -> int:
    try:
        raw = read_file(table, NAME)
        find_meaning(raw, kind="transactions", roles={})
    except SegcoreError as error:
        raise _refused("sample.another", url, why=str(error)) from error
    if url == URL and raw.n_rows != N_ROWS:
        raise _refused("sample.rows", url, rows=raw.n_rows, expected=N_ROWS)
    return raw.n_rows


def _as_parquet(table: Path) -> Path:
    """Write the workbook's rows as Parquet, which opens in a hundredth of the time."""
    raw = read_file(table, NAME)
    target = table.with_name("parquet")
    pq.write_table(raw.read(raw.names), target)
    return target


def _suffix(table: Path) -> str:
    with table.open("rb") as file:
        head = file.read(4)
    return {b"PK\x03\x04": ".xlsx", b"PAR1": ".parquet"}.get(head, ".csv.gz" if head[:2] == b"\x1f\x8b" else ".csv")
