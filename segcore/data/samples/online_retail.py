"""Online Retail: rows of the file that was downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segcore.errors import SourceError
from segcore.records.finding import Remedy
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.data.files.raw import Raw

NAME = "Online Retail"


def cached_path(folder: Path) -> Path:
    """Return the downloaded file.

    Raises
    ------
    SourceError
        If it has not been downloaded yet.
    """
    found = sorted(folder.glob("online-retail.*"))
    if not found:
        raise refusal("sample.not_downloaded", kind=SourceError, remedy=Remedy("download_sample", {"name": "online-retail"}))
    return found[0]


def open_online_retail(folder: Path) -> Raw:
    """Open the downloaded file; roles are detected from its headers, which differ between copies."""
    from segcore.data.files.reader import read_file

    return read_file(cached_path(folder), NAME)
