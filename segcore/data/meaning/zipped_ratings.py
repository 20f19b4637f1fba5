"""Ratings in a zip, with their items: which of its files hold them, judged by name and content."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pyarrow.compute as pc

from segcore.data.columns.text import as_text
from segcore.data.files.compression import BOMB_BYTES, BOMB_RATIO, MAX_BYTES, too_large
from segcore.data.files.csv.nameless_columns import Namer, item_names, rating_names
from segcore.data.files.csv.reader import parse_csv
from segcore.data.files.excel.archive import check_directory
from segcore.data.files.file_type import ZIP
from segcore.data.files.raw import Raw
from segcore.data.meaning.role_guesses import Guess
from segcore.errors import SegcoreError, SourceError
from segcore.records.data_rules import ReadOptions
from segcore.records.dataset import ROLES_OF
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

# MovieLens' names: the ratings, and the items in the same folder.
_PAIRS = {"u.data": "u.item", "ratings.dat": "movies.dat", "ratings.csv": "movies.csv"}
_NOT_TABLES = ("", ".md", ".html", ".htm", ".pdf", ".png", ".jpg", ".py", ".sh", ".pl")
_MOST_LOOKED_AT = 100
_HEAD_BYTES, _CHUNK = 2**16, 2**23
_BEGINS_WITH_A_LETTER = r"^\W*\pL"
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class _Archive:
    """Zip file with tables.

    Parameters
    ----------
    path, name : Path, str
        ``name`` is for messages.
    members : tuple of ZipInfo
        The files that may be tables, largest first.
    """

    path: Path
    name: str
    members: tuple[zipfile.ZipInfo, ...]

    def named(self, base: str, folder: PurePosixPath | None = None) -> zipfile.ZipInfo | None:
        """Return the largest member with a file name, in a folder if one is given."""
        fitting = (member for member in self.members if PurePosixPath(member.filename.lower()).name == base)
        return next((member for member in fitting if folder in (None, PurePosixPath(member.filename).parent)), None)

    def content(self, member: zipfile.ZipInfo, most: int = MAX_BYTES) -> bytearray:
        """Return a member's content, or its first ``most`` bytes.

        Raises
        ------
        SourceError
            If it is damaged, needs a password, or unpacks to too much.
        """
        content = bytearray()
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(member) as file:
                while len(content) <= most and (chunk := file.read(min(_CHUNK, most + 1))):
                    content += chunk
                    if len(content) > max(BOMB_BYTES, BOMB_RATIO * member.compress_size):
                        raise refusal("file.bomb", kind=SourceError, file=self.name, ratio=BOMB_RATIO)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
            raise refusal("file.damaged_zip", kind=SourceError, file=self.name, reason=str(error)) from error
        return content

    def head(self, member: zipfile.ZipInfo, namer: Namer) -> Raw | None:
        """Return the first rows of a member; ``None`` if it is not a table."""
        try:
            content = self.content(member, _HEAD_BYTES)
            if len(content) > _HEAD_BYTES:
                del content[content.rfind(b"\n") + 1 :]
            return parse_csv(content, member.filename, ReadOptions(), namer=namer)
        except SegcoreError:
            return None

    def read(self, member: zipfile.ZipInfo, reading: ReadOptions, namer: Namer) -> Raw:
        """Return all rows of a member."""
        content = self.content(member)
        if len(content) > MAX_BYTES:
            raise too_large(self.name, MAX_BYTES, unpacked=True)
        base = PurePosixPath(member.filename).name
        raw = parse_csv(content, base, reading, namer=namer)
        return replace(raw, form={**raw.form, "format": f"{raw.form['format']} in a zip"})


def open_zipped_ratings(path: Path, name: str, reading: ReadOptions) -> Raw | None:
    """Open the ratings in a zip, with the table of their items as ``Raw.beside``.

    Parameters
    ----------
    path : Path
    name : str
        Display name.
    reading : ReadOptions
        How the ratings are read.

    Returns
    -------
    Raw or None
        ``None`` if the file is not a zip, or has no ratings in it.

    Raises
    ------
    SourceError, DataError
        If the ratings, or their items, cannot be read.

    Notes
    -----
    Files named as MovieLens names them are used: u.data with u.item, ratings.dat with movies.dat, ratings.csv with movies.csv. Otherwise
    the ratings are the largest file that looks like them, and the items the largest in which one column has an id and another a title.
    """
    archive = _archive(path, name)
    if archive is None:
        return None
    ratings = next(_ratings(archive), None)
    if ratings is None:
        return None
    items = _items(archive, ratings)
    raw = archive.read(ratings, reading, rating_names)
    beside = None if items is None else archive.read(items, ReadOptions(), item_names)
    used = [PurePosixPath(member.filename).name for member in (ratings, items) if member is not None]
    note = Finding("zip.ratings", values={"file": name, "used": used, "others": len(archive.members) - len(used)})
    place, base = raw.where, used[0]
    return replace(raw, name=name, where=lambda row: f"{place(row)} of {base}", notes=(note, *raw.notes), beside=beside)


def _archive(path: Path, name: str) -> _Archive | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            if file.read(len(ZIP)) != ZIP:
                return None
        check_directory(path, name)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (SegcoreError, zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None  # reading it as a file reports what is wrong with it
    if any(member.filename == "mimetype" or member.filename.startswith("xl/") for member in members):
        return None
    tables = [member for member in members if _may_be_table(member)]
    return _Archive(path, name, tuple(sorted(tables, key=lambda member: -member.file_size)))


def _may_be_table(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__")) for part in path.parts)
    return not (member.is_dir() or hidden or path.suffix.lower() in _NOT_TABLES or not member.file_size)


def _ratings(archive: _Archive) -> Iterator[zipfile.ZipInfo]:
    """Yield the members that hold ratings, the likeliest first."""
    named = [member for base in _PAIRS if (member := archive.named(base)) is not None]
    for member in (*named, *archive.members[:_MOST_LOOKED_AT]):
        head = archive.head(member, rating_names)
        # A file that is called so but cannot be read has a fault to report.
        if (head is None and member in named) or (head is not None and _are_ratings(head)):
            yield member


def _are_ratings(head: Raw) -> bool:
    roles = head.roles or Guess(head, {}, ROLES_OF["ratings"], without=set(), rows=None).columns
    return {"customer", "item", "rating"} <= set(roles)


def _items(archive: _Archive, ratings: zipfile.ZipInfo) -> zipfile.ZipInfo | None:
    path = PurePosixPath(ratings.filename)
    partner = archive.named(_PAIRS.get(path.name.lower(), ""), path.parent)
    if partner is not None:
        return partner
    for member in archive.members[:_MOST_LOOKED_AT]:
        head = None if member is ratings else archive.head(member, item_names)
        if head is not None and _has_titles(head):
            return member
    return None


def _has_titles(head: Raw) -> bool:
    """Tell whether the values of one column are all different, and those of another are mostly different texts."""
    columns = [as_text(head.column(name)) for name in head.names]
    distinct = [pc.count_distinct(column).as_py() / head.n_rows for column in columns]
    titled = [
        position
        for position, column in enumerate(columns)
        if distinct[position] > _MOSTLY and (pc.mean(pc.match_substring_regex(column, _BEGINS_WITH_A_LETTER)).as_py() or 0) > _MOSTLY
    ]
    return any(share == 1 and set(titled) - {position} for position, share in enumerate(distinct))
