"""Identity of a file: the path that a user's text names, and a digest of the content; without importing what reads files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from segcore.data.files.file_type import PARQUET


def user_path(text: str) -> Path:
    """Return the path that a text names; ``~`` is the user's home directory, if known."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~name of an unknown user
        return Path(text)


def content_digest(path: Path) -> str:
    """Return a digest of the content: the SHA-256 of a file, or of a folder's Parquet parts and their paths.

    Raises
    ------
    OSError, SourceError
        If it cannot be read.
    """
    if path.is_file():
        if not path.stat().st_size:
            return hashlib.sha256().hexdigest()  # reading some device files never ends
        with path.open("rb") as file:
            from segcore.data.files.compression import MAX_BYTES, too_large

            if path.stat().st_size > MAX_BYTES and file.read(4) != PARQUET:
                raise too_large(path.name, MAX_BYTES)  # before reading all of it in vain
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    from segcore.data.files.parquet import part_paths

    digest = hashlib.sha256()
    for part in part_paths(path):
        digest.update(f"{part.relative_to(path).as_posix()}\n{content_digest(part)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
