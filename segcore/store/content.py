"""Content of the store's files: a file is read only if its name is the SHA-256 of its content.

For this check, a file is read in full once per process, and again whenever it has changed on disk. 200 MB take a quarter of a second.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal

UPLOADS = "uploads"
"""Name of the folder of uploaded files in a store's directory."""
EXTRACTS = "extracts"
"""Name of the folder of extracts of databases."""
Identity = tuple[int, int, int, int]

_DIGEST_LENGTH = 64
_sound: dict[Path, Identity] = {}


def check_content(path: Path) -> None:
    """Raise an error unless a file's content has the SHA-256 that its name begins with.

    Raises
    ------
    OSError
        If the file is missing or cannot be read.
    ValueError
        If it has other content.
    """
    with path.open("rb") as file:
        found = _identity(os.fstat(file.fileno()))
        if _sound.get(path) == found:
            return
        if hashlib.file_digest(file, "sha256").hexdigest() != path.name.partition(".")[0]:
            raise ValueError(f"the content of {path.name} is not what its name says")
    _sound[path] = found


def is_sound(path: Path) -> bool:
    """Tell whether a file exists with the content that its name says."""
    try:
        check_content(path)
    except (OSError, ValueError):
        return False
    return True


def damaged_copy(path: Path, content: str) -> Literal["upload", "extract"] | None:
    """Tell what a file is if a store keeps it and ``content``, the SHA-256 that was read, is not that of its name."""
    folder = path.absolute().parent
    what: Literal["upload", "extract"] | None = "upload" if folder.name == UPLOADS else "extract" if folder.name == EXTRACTS else None
    kept = path.name.partition(".")[0]
    return what if len(kept) == _DIGEST_LENGTH and kept != content and (folder.parent / "index.db").exists() else None


def _identity(status: os.stat_result) -> Identity:
    """Return values that change whenever a file does. Unlike the modification time, the status-change time cannot be set back."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
