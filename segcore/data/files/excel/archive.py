"""The parts of a workbook, checked before anything interprets them: an XLSX file is a zip archive of XML that anyone may have written.

The reader of cells holds the whole rectangle that a sheet spans, a copy of a text for each cell that shows it, and ends the process where
memory ends. So everything that decides how much it takes is measured on the raw bytes first, in pieces, with nothing unpacked to disk.
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
from segcore.errors import SourceError

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
    """A workbook whose parts are harmless.

    Parameters
    ----------
    cells : mapping of sheet title to Cells
    macros : bool
        Whether it brings a program along, which nothing here runs.
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
        Where it is damaged, unpacks to more than can be held, or uses what no spreadsheet program writes.
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
        raise damaged(name, error) from error


def check_directory(path: Path, name: str) -> None:
    """Refuse an archive whose list of members would fill the memory, or that could be understood in two ways.

    Raises
    ------
    SourceError
        Where it does not end with the place of its list, or the list is far longer than a workbook's.
    OSError
        Where it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 42))
        tail = file.read(42)
        if tail[-22:-18] != b"PK\x05\x06":
            raise damaged(name, "its end is missing")
        (length,) = struct.unpack("<I", tail[-10:-6])
        if tail[:4] == b"PK\x06\x07":  # more members than the old form could list
            file.seek(min(struct.unpack("<Q", tail[8:16])[0], size))
            length = max(length % 0xFFFFFFFF, *struct.unpack("<Q", file.read(56)[40:48].ljust(8, b"\0")))
    if length > _DIRECTORY_BYTES:
        raise SourceError(f"{name} has far more parts than a workbook has: save it again as XLSX or CSV.")


def _members(archive: zipfile.ZipFile, packed: int, name: str) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > _MEMBERS:
        raise SourceError(f"{name} has {len(members):,} parts, far more than a workbook has: save it again as XLSX or CSV.")
    names = [_member_name(member.filename) for member in members]
    if len(set(names)) < len(names):
        raise damaged(name, "it has two parts of one name")
    for member in members:
        if member.flag_bits & 1:
            raise SourceError(f"{name} is protected by a password: save it without one.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(name, f"{_shown_member(member)} is packed in a way that workbooks are not")
    size = sum(member.file_size for member in members)
    if size > MAX_BYTES:
        raise SourceError(f"{name} is larger than {MAX_BYTES / 2**30:.3g} GiB unpacked: save it as CSV or Parquet.")
    if size > _RATIO_BYTES and size > _RATIO * packed:
        raise SourceError(f"{name} unpacks to {size // max(packed, 1):,} times its size, as no table does: save it again as XLSX or CSV.")
    for member in members:
        if _member_name(member.filename) in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels") and member.file_size > _STRUCTURE_BYTES:
            raise damaged(name, f"{_shown_member(member)} is far too long")
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
        raise SourceError(f"{name} lists {texts.count:,} texts, but has {filled:,} cells: save it again as XLSX or CSV.")
    if texts.longest * filled > max(_TEXT_BYTES, 4 * unpacked):
        _check_repeated_texts(file, by_name, scans, unpacked, name)
    if sparse_together(scans.values()):
        raise SourceError(f"{name} has sheets that span far more cells than are filled: delete the stray ones, or save the table as CSV.")
    cells = {title: scans[part] for title, part in sheets.items() if part in scans}
    return Parts(cells, any(part.endswith("vbaproject.bin") for part in by_name), from_1904)


def _unpack(file: BinaryIO, member: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """Yield a member's bytes, all of them: a reader that believes the size in the directory would see less than the next one."""
    file.seek(member.header_offset)
    head = file.read(30)
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise damaged(name, f"{_shown_member(member)} is not where it should be")
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
            raise damaged(name, f"{_shown_member(member)} unpacks to more than it says")
        checksum = zlib.crc32(chunk, checksum)
        if chunk:
            yield chunk
    while inflater and not inflater.eof and (chunk := inflater.flush(_CHUNK)):
        size += len(chunk)
        checksum = zlib.crc32(chunk, checksum)
        yield chunk
    if (inflater and not inflater.eof) or size != member.file_size or checksum != member.CRC:
        raise damaged(name, f"{_shown_member(member)} is cut off or altered")


def _pieces(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the bytes again, cut before a row, or else a cell, or else a tag: no name, attribute or cell is torn apart."""
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


def _long_text(before: bytes, name: str) -> SourceError:
    cell = f" in cell {last_place(before)}" if last_place(before) else ""
    return SourceError(f"{name} holds a text of more than {2 * _CHUNK // 2**20} MiB{cell}: shorten it to {MAX_TEXT // 2**20} MiB at most.")


def _declared(pieces: Iterator[bytes], part: str, name: str) -> Iterator[bytes]:
    """Pass XML on that declares nothing: a document type can make a few bytes stand for many."""
    first = True
    for piece in pieces:
        if part.endswith((".xml", ".rels", ".vml")) or piece[:1] == b"<":
            if b"<!" in piece and _DECLARATION.search(piece):
                raise SourceError(f"{name} declares XML entities, as no spreadsheet program does: save it again as XLSX or CSV.")
            if first and b"\0" in piece[:1024]:
                raise damaged(name, f"{part!r} is not UTF-8")
        first = False
        yield piece


def _judged(scan: SheetScan, file: BinaryIO, member: zipfile.ZipInfo, name: str) -> Cells:
    """Refuse a sheet that spans too much; where a quick look cannot tell, look again, cell by cell."""
    cells = scan.cells
    if not scan.exact or too_large(cells):
        if member.file_size > _SLOW_BYTES:
            raise stray(cells, name) if scan.exact else damaged(name, "its cells do not say where they stand")
        cells.first_row, cells.rows, cells.columns = extent(_pieces(_unpack(file, member, name), name))
    if too_large(cells):
        raise stray(cells, name)
    return cells


def _check_repeated_texts(
    file: BinaryIO, members: Mapping[str, zipfile.ZipInfo], scans: Mapping[str, Cells], unpacked: int, name: str
) -> None:
    """Refuse long texts that many cells show: each cell would hold a copy."""
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
                raise SourceError(f"{name} shows long texts in so many cells that they outgrow the file by far: save it as CSV or Parquet.")


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
        raise SourceError(f"{name} has {len(sheets):,} sheets, more than {MAX_SHEETS:,}: keep those that are needed.")
    parts = {title: _member_name(posixpath.join("/xl", targets[relation])) for title, relation in sheets.items() if relation in targets}
    if len(set(parts.values())) < len(parts):
        raise damaged(name, "two sheets are one and the same part")
    return parts, from_1904


def _member_name(filename: str) -> str:
    return posixpath.normpath(filename.replace("\\", "/")).lstrip("/").lower()


def _shown_member(member: zipfile.ZipInfo) -> str:
    return ascii(member.filename[-60:])
