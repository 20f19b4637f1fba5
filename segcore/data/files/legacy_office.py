"""Files of Microsoft's old container format: workbooks before 2007, and today's where a password protects them."""

from __future__ import annotations

from pathlib import Path

_MOST = 8 * 2**20
_ENTRIES = {
    "EncryptedPackage": "is a workbook that is protected by a password: save it without one",
    "Workbook": "is a workbook of the old kind (.xls): save it as .xlsx or CSV",
    "Book": "is a workbook of the old kind (.xls): save it as .xlsx or CSV",
    "WordDocument": "is a Word document, not a table: give CSV, Parquet or XLSX",
    "PowerPoint Document": "is a presentation, not a table: give CSV, Parquet or XLSX",
}


def describe_compound_file(path: Path) -> str:
    """Say what a file that begins with ``D0 CF 11 E0`` is and what to do, to follow its name in a sentence (without the full stop).

    The names of its streams stand in its directory as UTF-16; the directory may be anywhere, so the begin and the end are looked through.
    """
    with path.open("rb") as file:
        content = file.read(_MOST)
        size = file.seek(0, 2)
        if size > _MOST:
            file.seek(max(_MOST, size - _MOST))
            content += file.read(_MOST)
    for entry, what in _ENTRIES.items():
        if f"{entry}\0".encode("utf-16-le") in content:
            return what
    return "is a workbook of the old kind (.xls) or another old Office file: save it as .xlsx or CSV"
