"""Legacy Office files, in Microsoft's old container format: workbooks before 2007, and newer ones with a password."""

from __future__ import annotations

from pathlib import Path

_MOST = 8 * 2**20
_ENTRIES = {
    "EncryptedPackage": "encrypted workbook",
    "Workbook": "old workbook",
    "Book": "old workbook",
    "WordDocument": "word",
    "PowerPoint Document": "presentation",
}


def compound_format(path: Path) -> str:
    """Return the format of a file that begins with ``D0 CF 11 E0``.

    Its directory names its streams in UTF-16 and may be anywhere, so the beginning and the end are searched.
    """
    with path.open("rb") as file:
        content = file.read(_MOST)
        size = file.seek(0, 2)
        if size > _MOST:
            file.seek(max(_MOST, size - _MOST))
            content += file.read(_MOST)
    for entry, kind in _ENTRIES.items():
        if f"{entry}\0".encode("utf-16-le") in content:
            return kind
    return "old office"
