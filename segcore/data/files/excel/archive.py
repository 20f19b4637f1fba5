"""Archive of a workbook, checked before anything interprets it: an XLSX file is a zip archive of XML from an unknown source.

The reader of cells holds the whole rectangle that a sheet spans, a copy of a text for each cell that shows it, and ends the process when
memory is full. So everything that decides its memory is measured on the raw bytes first, in pieces, without unpacking to disk.
"""

from __future__ import annotations

import posixpath
import re
import struct
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from segcore.data.files.excel.sheet_size import (
    Cells,
    SheetScan,
    TextScan,
    damaged,
    extent,
    last_place,
    shared_texts_shown,
    sparse_together,
    stray,
    too_large,
)
from segcore.errors import SegcoreError, SourceError
from segcore.wording.findings import refusal

MAX_BYTES = 2 * 2**30  # of XML, unpacked
MAX_TEXT = 2**20  # of one value
MAX_SHEETS = 1_000
_RATIO, _RATIO_BYTES = 200, 64 * 2**20
_TEXTS, _TEXT_BYTES = 2_000_000, 256 * 2**20
_MEMBERS, _DIRECTORY_BYTES, _STRUCTURE_BYTES = 10_000, 4 * 2**20, 16 * 2**20
_SLOW_BYTES = 256 * 2**20
_CHUNK = 2**22

_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parts:
    """Workbook with harmless parts.

    Parameters
    ----------
    cells : mapping of sheet title to Cells
    macros : bool
        Whether it contains macros, which are never run.
    days_from_1904 : bool
        Whether day numbers count from 1904, as on old Macintoshes.
    """

    cells: Mapping[str, Cells]
    macros: bool
    days_from_1904: bool


def check_parts(path: Path, name: str) -> Parts:
    """Check every part of a workbook.

    Raises
    ------
    SourceError
        If it is damaged, unpacks to too much, or has content that no spreadsheet program writes.
    """
    try:
        check_directory(path, name)
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, path.stat().st_size, name)
            return _check_members(file, members, name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        xml.parsers.expat.ExpatError,
        struct.error,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise refusal("workbook.unreadable", kind=SourceError, file=name, reason=str(error)) from error


def check_directory(path: Path, name: str) -> None:
    """Refuse an archive whose list of members would fill the memory, or that could be read in two ways.

    Raises
    ------
    SourceError
        If it does not end with the position of its list, or the list is far longer than a workbook's.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 42))
        tail = file.read(42)
        if tail[-22:-18] != b"PK\x05\x06":
            raise damaged(name, "no end")
        (length,) = struct.unpack("<I", tail[-10:-6])
        if tail[:4] == b"PK\x06\x07":  # more members than the old format can list
            file.seek(min(struct.unpack("<Q", tail[8:16])[0], size))
            length = max(length % 0xFFFFFFFF, *struct.unpack("<Q", file.read(56)[40:48].ljust(8, b"\0")))
    if length > _DIRECTORY_BYTES:
        raise refusal("workbook.many_parts", kind=SourceError, file=name)


def _members(archive: zipfile.ZipFile, packed: int, name: str) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > _MEMBERS:
        raise refusal("workbook.many_parts", kind=SourceError, file=name, parts=len(members))
    names = [_member_name(member.filename) for member in members]
    if len(set(names)) < len(names):
        raise damaged(name, "two parts")
    for member in members:
        if member.flag_bits & 1:
            raise refusal("workbook.password", kind=SourceError, file=name)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(name, "packed part", member.filename)
    size = sum(member.file_size for member in members)
    if size > MAX_BYTES:
        raise refusal("workbook.too_large", kind=SourceError, file=name, most=MAX_BYTES)
    if size > _RATIO_BYTES and size > _RATIO * packed:
        raise refusal("workbook.bomb", kind=SourceError, file=name, ratio=size // max(packed, 1))
    for member in members:
        if _member_name(member.filename) in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels") and member.file_size > _STRUCTURE_BYTES:
            raise damaged(name, "long part", member.filename)
    return members


def _check_members(file: BinaryIO, members: list[zipfile.ZipInfo], name: str) -> Parts:
    scans: dict[str, Cells] = {}
    structure: dict[str, bytes] = {}
    texts = TextScan()
    unpacked = 0
    by_name = {_member_name(member.filename): member for member in members}
    for part, member in by_name.items():
        if part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            structure[part] = b"".join(_declared(_pieces(_unpack(file, member, name), name), part, name))
            continue
        scan = SheetScan(name)
        texts.begin()
        for piece in _declared(_pieces(_unpack(file, member, name), name), part, name):
            unpacked += len(piece)
            scan.take(piece)
            texts.take(piece)
        if scan.in_sheet:
            scans[part] = _judged(scan, file, member, name)
    sheets, from_1904 = _structure(structure, name)
    filled = sum(cells.filled for cells in scans.values())
    if texts.count > max(_TEXTS, filled):
        raise refusal("workbook.unused_texts", kind=SourceError, file=name, texts=texts.count, cells=filled)
    if texts.longest * filled > max(_TEXT_BYTES, 4 * unpacked):
        _check_repeated_texts(file, by_name, scans, unpacked, name)
    if sparse_together(scans.values()):
        raise refusal("workbook.sparse_sheets", kind=SourceError, file=name)
    cells = {title: scans[part] for title, part in sheets.items() if part in scans}
    return Parts(cells, any(part.endswith("vbaproject.bin") for part in by_name), from_1904)


def _unpack(file: BinaryIO, member: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """Yield all bytes of a member: a reader that trusts the size in the directory might see fewer than another."""
    file.seek(member.header_offset)
    head = file.read(30)
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise damaged(name, "misplaced part", member.filename)
    file.seek(sum(struct.unpack("<HH", head[26:30])), 1)
    inflater = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
    left, size, checksum = member.compress_size, 0, 0
    waiting = b""
    while not (inflater and inflater.eof) and (left or waiting):
        if not waiting:
            waiting = file.read(min(left, _CHUNK // 4))
            if not waiting:
                break
            left -= len(waiting)
        if inflater:
            chunk = inflater.decompress(waiting, _CHUNK)
            waiting = inflater.unconsumed_tail
        else:
            chunk, waiting = waiting, b""
        size += len(chunk)
        if size > member.file_size:
            raise damaged(name, "swollen part", member.filename)
        checksum = zlib.crc32(chunk, checksum)
        if chunk:
            yield chunk
    while inflater and not inflater.eof and (chunk := inflater.flush(_CHUNK)):
        size += len(chunk)
        checksum = zlib.crc32(chunk, checksum)
        yield chunk
    if (inflater and not inflater.eof) or size != member.file_size or checksum != member.CRC:
        raise damaged(name, "altered part", member.filename)


def _pieces(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the bytes, cut before a row, or else a cell, or else a tag, so that no name, attribute or cell is split."""
    rest = before = b""
    for chunk in chunks:
        rest += chunk
        if len(rest) < _CHUNK:
            continue
        cut = next((at for mark in (b"<row", b"<c ", b"<") if (at := rest.rfind(mark)) > 0), 0)
        if not cut and len(rest) > 2 * _CHUNK:
            if b"<" in rest:
                raise _long_text(before, name)
            cut = len(rest)  # no XML
        if cut:
            yield rest[:cut]
            rest, before = rest[cut:], rest[max(0, cut - 200) : cut]
    if rest:
        yield rest


def _long_text(before: bytes, name: str) -> SegcoreError:
    return refusal("workbook.long_text", kind=SourceError, file=name, cell=last_place(before), limit=2 * _CHUNK, most=MAX_TEXT)


def _declared(pieces: Iterator[bytes], part: str, name: str) -> Iterator[bytes]:
    """Pass on XML without declarations: a document type can expand a few bytes to many."""
    first = True
    for piece in pieces:
        if part.endswith((".xml", ".rels", ".vml")) or piece[:1] == b"<":
            if b"<!" in piece and _DECLARATION.search(piece):
                raise refusal("workbook.entities", kind=SourceError, file=name)
            if first and b"\0" in piece[:1024]:
                raise damaged(name, "not utf-8", part)
        first = False
        yield piece


def _judged(scan: SheetScan, file: BinaryIO, member: zipfile.ZipInfo, name: str) -> Cells:
    """Refuse a sheet that spans too much; if a quick check is inconclusive, check cell by cell."""
    cells = scan.cells
    if not scan.exact or too_large(cells):
        if member.file_size > _SLOW_BYTES:
            raise stray(cells, name) if scan.exact else damaged(name, "placeless cells")
        cells.first_row, cells.rows, cells.columns = extent(_pieces(_unpack(file, member, name), name))
    if too_large(cells):
        raise stray(cells, name)
    return cells


def _check_repeated_texts(
    file: BinaryIO, members: Mapping[str, zipfile.ZipInfo], scans: Mapping[str, Cells], unpacked: int, name: str
) -> None:
    """Refuse long texts shared by many cells: each cell would hold a copy."""
    texts = TextScan()
    shared = members.get("xl/sharedstrings.xml")
    taken = [texts.take(piece) for piece in _pieces(_unpack(file, shared, name), name)] if shared else []
    lengths = np.concatenate([*taken, np.zeros(1, np.int64)])
    total = 0
    for part in scans:
        for piece in _pieces(_unpack(file, members[part], name), name):
            numbers = shared_texts_shown(piece)
            known = (numbers >= 0) & (numbers < len(lengths))
            total += int(lengths[numbers[known]].sum()) + int((~known).sum()) * texts.longest
            if total > max(_TEXT_BYTES, 4 * unpacked):
                raise refusal("workbook.shown_texts", kind=SourceError, file=name)


def _structure(structure: Mapping[str, bytes], name: str) -> tuple[dict[str, str], bool]:
    """Return the part of each sheet, and whether days count from 1904."""
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}
    from_1904 = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        local = {key.split(":")[-1].lower(): value for key, value in attributes.items()}
        match tag.split(":")[-1].lower():
            case "relationship":
                targets[local.get("id", "")] = local.get("target", "")
            case "sheet":
                relation = next((value for key, value in attributes.items() if key.lower().endswith(":id")), "")
                sheets[local.get("name", "")] = relation
            case "workbookpr":
                from_1904 = local.get("date1904", "0").lower() in ("1", "true")

    for part in ("xl/_rels/workbook.xml.rels", "xl/workbook.xml"):
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler = start
        parser.Parse(structure.get(part, b"<none/>"), True)
    if len(sheets) > MAX_SHEETS:
        raise refusal("workbook.many_sheets", kind=SourceError, file=name, sheets=len(sheets), most=MAX_SHEETS)
    parts = {title: _member_name(posixpath.join("/xl", targets[relation])) for title, relation in sheets.items() if relation in targets}
    if len(set(parts.values())) < len(parts):
        raise damaged(name, "one part twice")
    return parts, from_1904


def _member_name(filename: str) -> str:
    return posixpath.normpath(filename.replace("\\", "/")).lstrip("/").lower()
