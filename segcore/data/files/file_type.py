"""What a file really is, whatever it is called, and what to do where that is no table or not what its name says."""

from __future__ import annotations

import re
from pathlib import PurePath

from segcore.errors import SourceError
from segcore.wording.quotes import named

GIVE = "give CSV, XLSX, Parquet or JSON Lines"
HEAD_BYTES = 4096
GZIP, ZSTD, PARQUET, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# First bytes of files that are no tables: what it is, and what to do.
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "a PNG image, not a table", GIVE),
    (b"\xff\xd8\xff", "a JPEG image, not a table", GIVE),
    (b"GIF8", "a GIF image, not a table", GIVE),
    (b"%PDF", "a PDF, not a table", f"{GIVE} instead of what was printed from it"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"ARROW1", "an Arrow file", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"SQLite format 3", "an SQLite database", "write the table as CSV or Parquet"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip or zstd"),
    (b"\xfd7zXZ", "packed with xz", "unpack it, or pack it with gzip or zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and give the table in it"),
    (b"Rar!", "a RAR archive", "unpack it and give the table in it"),
    (b"\x04\x22\x4d\x18", "packed with LZ4", "unpack it, or pack it with gzip or zstd"),
)
_MARKUP = (
    (re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]"), "a web page (HTML; perhaps a page to log in), not a table"),
    (re.compile(rb"<\?xml|<!doctype|<svg[\s>]"), "XML, not a table"),
)
_JSON = re.compile(rb"\s*(\{\s*([\"}]|$)|\[\s*([\[{\"\]]|$))")
# Endings that promise a format; others promise nothing.
_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".psv"), "text"),
    **dict.fromkeys((".xlsx", ".xlsm"), "workbook"),
    ".xls": "old workbook",
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
    **dict.fromkeys((".gz", ".gzip"), "gzip"),
    **dict.fromkeys((".zst", ".zstd"), "zstd"),
}
_SPOKEN = {
    "text": "plain text (CSV)",
    "workbook": "an XLSX workbook",
    "parquet": "Parquet",
    "json": "JSON",
    "gzip": "packed with gzip",
    "zstd": "packed with zstd",
}
_PROMISED = {
    "text": "CSV",
    "workbook": "an XLSX workbook",
    "old workbook": "an Excel workbook",
    "parquet": "Parquet",
    "json": "JSON",
    "gzip": "gzip",
    "zstd": "zstd",
}
_RENAMED = {"text": ".csv", "workbook": ".xlsx", "parquet": ".parquet", "json": ".jsonl", "gzip": ".gz", "zstd": ".zst"}


def is_json(head: bytes) -> bool:
    """Tell whether text begins as JSON objects or a list of them; a column named ``[Order ID]`` is no JSON."""
    return _JSON.match(head) is not None


def packing_of(head: bytes) -> str:
    """Return ``gzip``, ``zstd`` or nothing."""
    return "gzip" if head.startswith(GZIP) else "zstd" if head.startswith(ZSTD) else ""


def refuse_other_formats(head: bytes, name: str, *, packing: str = "") -> None:
    """Raise where first bytes are those of something that is no table.

    Parameters
    ----------
    head : bytes
        At least ``HEAD_BYTES``, or all there is.
    name : str
        As messages say it.
    packing : str
        What it was packed with.
    """
    inside = f"{name} is, unpacked," if packing else f"{name} is"
    if head.startswith(COMPOUND):
        raise SourceError(
            f"{inside} a workbook of the old kind (.xls) or an encrypted one: save it as .xlsx without a password, or as CSV."
        )
    for magic, what, remedy in _OTHERS:
        # Three letters may begin a column's name.
        if head.startswith(magic) and (len(magic) > 3 or not head[:256].isascii() or b"\0" in head[:256]):
            raise SourceError(f"{inside} {what}: {remedy}.")
    if head[257:262] == b"ustar":
        raise SourceError(f"{inside} a tar archive: unpack it and give the table in it.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for pattern, what in _MARKUP:
        if pattern.match(text):
            raise SourceError(f"{inside} {what}: {GIVE}.")
    if packing and (head.startswith((PARQUET, ZIP)) or packing_of(head)):
        what = "a Parquet file" if head.startswith(PARQUET) else "a zip file or workbook" if head.startswith(ZIP) else "another packed file"
        raise SourceError(f"{inside} {what}: unpack it first.")


def check_name(called: str, path_name: str, content: str, *, inside: str = "") -> None:
    """Raise where a name's ending promises another format than the content has.

    Parameters
    ----------
    called, path_name : str
        What people call the file, and what it is called on disk; the first with an ending that promises something counts.
    content : {"text", "json", "workbook", "parquet", "gzip", "zstd"}
        What it is.
    inside : {"", "text", "json"}
        What it is once unpacked, to be called so before the packing's ending.
    """
    name = next((name for name in (called, path_name) if PurePath(name).suffix.lower() in _ENDINGS), None)
    if name is None:
        return
    pure = PurePath(name)
    ending = pure.suffix.lower()
    promised = _ENDINGS[ending]
    if promised == content:
        inner = PurePath(pure.stem).suffix.lower() if inside else ""
        if inner in _ENDINGS and _ENDINGS[inner] != inside:
            better = PurePath(pure.stem).stem + _RENAMED[inside] + pure.suffix
            raise _misnamed(name, _SPOKEN[inside], f"not {_PROMISED[_ENDINGS[inner]]} as its name says", better)
        return
    if inside and promised == inside:
        return  # rows.csv that is packed
    base = pure.stem
    if PurePath(base).suffix.lower() in _ENDINGS and _ENDINGS[PurePath(base).suffix.lower()] == content:
        better = base
    elif promised in ("gzip", "zstd") and content in ("gzip", "zstd"):
        better = base + _RENAMED[content]
    else:
        better = PurePath(base).stem + _RENAMED[content] if PurePath(base).suffix.lower() in _ENDINGS else base + _RENAMED[content]
    raise _misnamed(name, _SPOKEN[content], f"not {_PROMISED[promised]} as its name says", better)


def _misnamed(name: str, what: str, against: str, better: str) -> SourceError:
    return SourceError(f"{named(name)} is {what}, {against}: rename it to {named(better)}, or save it in the format of its name.")
