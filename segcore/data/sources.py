"""Sources of data: samples and files, opened as they are or read into a data set with roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from segcore.data.databases.address import is_address
from segcore.data.databases.stored_extract import extract_notes
from segcore.data.files.csv.nameless_columns import item_names
from segcore.data.files.file_identity import user_path
from segcore.data.files.raw import Raw
from segcore.data.files.reader import read_file
from segcore.data.meaning.roles import find_meaning
from segcore.data.meaning.zipped_ratings import open_zipped_ratings
from segcore.data.rows.dataset import Selection, build_dataset, split_conditions
from segcore.data.rows.joined_items import with_items
from segcore.data.samples.registry import find_sample
from segcore.errors import DataError, ParameterError, SourceError
from segcore.records.dataset import ROLES, Dataset
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest, SecondTable
from segcore.store.index import default_home
from segcore.system.row_parts import RowParts
from segcore.wording.findings import refusal


def open_source(request: DataRequest, *, folder: Path | None = None) -> Raw:
    """Open a sample or a file, without reading more than its columns need.

    Parameters
    ----------
    request : DataRequest
        Its ``data``, ``name``, ``reading`` and ``items`` are used, and ``roles`` and ``rows`` to find the items.
    folder : Path or None
        Folder of downloaded samples; ``None`` is that of ``SEGCORE_HOME``.

    Raises
    ------
    SourceError, DataError
        If it, or its table of items, cannot be read, or the two do not match.
    """
    sample = find_sample(request.data)
    if is_address(request.data):
        raise refusal("database.not_here", kind=SourceError)
    if sample is None:
        path, notes = user_path(request.data), extract_notes(request)
        raw = open_zipped_ratings(path, request.name or path.name, request.reading) or read_file(path, request.name, request.reading)
        own = raw.notes if request.database is None else tuple(_of_database(note) for note in raw.notes)
        raw = replace(raw, notes=(*own, *notes))
    else:
        raw = sample.open(folder or default_home() / "samples")
        raw = replace(raw, name=request.name) if request.name else raw
    if request.items is None:
        return raw if raw.beside is None else _with_items_beside(raw, raw.beside, request)
    items = read_file(user_path(request.items.data), request.items.name, namer=item_names)
    return with_items(raw, items, roles=request.roles, key=request.items.key, rows=request.rows)


def _of_database(note: Finding) -> Finding:
    """Return a note on an extract, of whose format users know nothing, as one on their database."""
    return replace(note, values={**note.values, "format": "database"}) if note.code == "file.unused_options" else note


def _with_items_beside(raw: Raw, items: Raw, request: DataRequest) -> Raw:
    """Join the items that came with the ratings; if they do not fit, the ratings are used without them, with a warning."""
    try:
        return with_items(raw, items, roles=request.roles, rows=request.rows)
    except DataError as error:
        if error.finding is None:
            raise
        return replace(raw, notes=(*raw.notes, replace(error.finding, severity="warning")))


def open_second(table: SecondTable) -> Raw:
    """Open a table of customers; samples have theirs in ``Raw``.

    Raises
    ------
    SourceError, DataError
        If it cannot be read.
    """
    return read_file(user_path(table.data), table.name, namer=None)


def read_source(
    request: DataRequest, *, trained: Mapping[str, str] | None = None, folder: Path | None = None, parts: RowParts | None = None
) -> Dataset:
    """Read a sample or a file into a data set.

    Parameters
    ----------
    request : DataRequest
    trained : mapping of role to column, or None
        The roles of a sweep: they are used if the data has all their columns, and no other role is then detected, since
        it would change the features. Roles of the request take precedence.
    folder : Path or None
        Folder of downloaded samples; ``None`` is that of ``SEGCORE_HOME``.
    parts : RowParts or None
        See `segcore.data.rows.dataset.build_dataset`.

    Raises
    ------
    SegcoreError
        If it cannot be read or used; in one sentence.
    """
    roles = {"item": trained["item"], **request.roles} if trained and "item" in trained else request.roles
    raw = open_source(replace(request, roles=roles), folder=folder)
    _, of_customers = split_conditions(request.where, raw.names)
    if of_customers:
        raise refusal("filter.customers_of_scoring", kind=ParameterError, filter=of_customers[0])
    needed = {role: column for role, column in (trained or {}).items() if role != "value"}  # of which no feature is made
    known = {role: column for role, column in needed.items() if column in raw.names}
    if trained is not None and len(known) == len(needed):
        known = {**dict.fromkeys(ROLES, ""), **known}
    meaning = find_meaning(raw, kind=request.kind, roles={**known, **request.roles}, rows=request.rows)
    return build_dataset(raw, meaning, Selection.of(request), frames=request.frames, rows=request.rows, parts=parts)
