"""File types by content, and errors for files that are not tables or not what their names say."""

from __future__ import annotations

import re
from pathlib import PurePath

from segcore.errors import SegcoreError, SourceError
from segcore.wording.findings import refusal

HEAD_BYTES = 4096
GZIP, ZSTD, PARQUET, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# First bytes of files that are not tables.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"%PDF", "pdf"),
    (b"PARE", "encrypted parquet"),
    (b"ARROW1", "arrow"),
    (b"ORC", "orc"),
    (b"Obj\x01", "avro"),
    (b"SQLite format 3", "sqlite"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_MARKUP = (
    (re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]"), "html"),
    (re.compile(rb"<\?xml|<!doctype|<svg[\s>]"), "xml"),
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
_RENAMED = {"text": ".csv", "workbook": ".xlsx", "parquet": ".parquet", "json": ".jsonl", "gzip": ".gz", "zstd": ".zst"}


def is_json(head: bytes) -> bool:
    """Tell whether text begins as JSON objects or a list of them; a column named ``[Order ID]`` is not JSON."""
    return _JSON.match(head) is not None


def packing_of(head: bytes) -> str:
    """Return ``gzip``, ``zstd`` or an empty text."""
    return "gzip" if head.startswith(GZIP) else "zstd" if head.startswith(ZSTD) else ""


def refuse_other_formats(head: bytes, name: str, *, packing: str = "") -> None:
    """Raise if first bytes are those of a file that is not a table.

    Parameters
    ----------
    head : bytes
        At least ``HEAD_BYTES``, or the whole file.
    name : str
        Name in messages.
    packing : str
        How it was compressed.
    """
    unpacked = bool(packing)
    if head.startswith(COMPOUND):
        raise _other(name, "compound", unpacked)
    for magic, kind in _OTHERS:
        # Three letters may begin a column's name.
        if head.startswith(magic) and (len(magic) > 3 or not head[:256].isascii() or b"\0" in head[:256]):
            raise _other(name, kind, unpacked)
    if head[257:262] == b"ustar":
        raise _other(name, "tar", unpacked)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for pattern, kind in _MARKUP:
        if pattern.match(text):
            raise _other(name, kind, unpacked)
    if packing and (head.startswith((PARQUET, ZIP)) or packing_of(head)):
        inner = "parquet" if head.startswith(PARQUET) else "zip" if head.startswith(ZIP) else "packed"
        raise refusal("file.packed_twice", kind=SourceError, file=name, format=inner)


def _other(name: str, kind: str, unpacked: bool) -> SegcoreError:
    return refusal("file.other_format", kind=SourceError, file=name, format=kind, unpacked=unpacked)


def check_name(called: str, path_name: str, content: str, *, inside: str = "") -> None:
    """Raise if a name's ending promises a format that the content does not have.

    Parameters
    ----------
    called, path_name : str
        Display name and name on disk; the first with an ending that promises a format counts.
    content : {"text", "json", "workbook", "parquet", "gzip", "zstd"}
        What it is.
    inside : {"", "text", "json"}
        Its format once decompressed, for the ending before that of the compression.
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
            raise _misnamed(name, inside, _ENDINGS[inner], better)
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
    raise _misnamed(name, content, promised, better)


def _misnamed(name: str, content: str, promised: str, better: str) -> SegcoreError:
    return refusal("file.misnamed", kind=SourceError, file=name, format=content, promised=promised, better=better)
