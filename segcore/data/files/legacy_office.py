"""Files of Microsoft's old container format: workbooks before 2007, and today's where a password protects them."""

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
    """Return what a file that begins with ``D0 CF 11 E0`` is.

    The names of its streams are in its directory as UTF-16; the directory may be anywhere, so the begin and the end are looked through.
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
