"""Intake: read a file, set rows aside, filter, build every feature, and store the result for the next equal request."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore import __version__
from segcore.errors import SegcoreError, StoreError
from segcore.intake.added_features import known_added, take_in_added
from segcore.intake.chosen_customers import choose_customers
from segcore.intake.described_customers import describe_by_lines, describe_customers
from segcore.intake.prepared_sample import copy_prepared
from segcore.intake.remembered import has_lost_choice, recall_choice, remember_choice, remember_data, with_choice
from segcore.records.dataset import ROLES_OF, Dataset
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding, Remedy
from segcore.records.intake import SECOND_TABLES, DataRequest, Intake, Peek, SecondTable
from segcore.store.content import damaged_copy
from segcore.store.damage import damage, if_readable
from segcore.store.store import Store
from segcore.system.digests import digest

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from segcore.data.files.raw import Raw
    from segcore.system.row_parts import RowParts

PREVIEW_ROWS = 200
_EDITION = 13  # of the stored record; raising it invalidates the records stored before


def known_intake(store: Store, request: DataRequest) -> Intake | None:
    """Return the stored intake of an equal request for the same content, if there is one."""
    rows = request.without_added()
    known = _stored(store, rows, request_key(store, rows))
    if known is None:
        return None
    known = _noted(store, rows, known)
    return known if request.added is None else known_added(store, known, request)


def take_in(store: Store, request: DataRequest) -> Intake:
    """Return the intake of a request, from the store if an equal request was made for the same content before.

    Raises
    ------
    SegcoreError
        If the data cannot be read or used; in one sentence.
    """
    rows = request.without_added()
    key = request_key(store, rows)
    taken = _noted(store, rows, _stored(store, rows, key) or _take_in(store, rows, key))
    return taken if request.added is None else take_in_added(store, taken, request)


def peek(store: Store, request: DataRequest) -> Peek:
    """Return a first look at a file, before kind and roles are chosen.

    Raises
    ------
    SegcoreError
        If the file cannot be read at all.
    """
    from segcore.data.meaning.role_guesses import Guess
    from segcore.data.meaning.roles import find_meaning

    try:
        raw = _open(store, request)
    except SegcoreError:
        if request.items is None:
            raise
        raw = _open(store, replace(request, items=None))  # if the items are the reason, the rows can still be shown
    seen = Peek(raw.names, raw.n_rows, dict(raw.form), raw.sheets, _text_frame(store, raw.head(PREVIEW_ROWS)))
    choice = None if raw.kind else recall_choice(store, request, raw.names, raw.own_names)
    try:
        asked = request if choice is None else with_choice(request, choice)
        meaning = find_meaning(raw, kind=asked.kind, roles=asked.roles, rows=asked.rows)
    except SegcoreError:  # the intake reports what is missing
        guess = Guess(raw, {}, ROLES_OF["transactions"], without=set(), rows=request.rows)
        return replace(seen, roles=guess.columns, reasons=guess.reasons)
    return replace(seen, kind=meaning.kind, roles=dict(meaning.roles), reasons=dict(meaning.reasons))


def _open(store: Store, request: DataRequest) -> Raw:
    from segcore.data.samples.registry import samples_folder
    from segcore.data.sources import open_source

    return open_source(request, folder=samples_folder(store.home))


def _take_in(store: Store, request: DataRequest, key: str) -> Intake:
    raw = _open(store, request)
    choice = None if raw.kind else recall_choice(store, request, raw.names, raw.own_names)
    if choice is None:
        intake = _use(store, raw, request)
        if not raw.kind:
            remember_choice(store, request, raw.names, raw.name)
    else:
        intake = _use_remembered(store, raw, request, choice)
    store.put_intake(key, {"edition": _EDITION, "choice": digest(choice), **intake.to_json()})
    remember_data(store, intake, request)
    return intake


def _noted(store: Store, request: DataRequest, taken: Intake) -> Intake:
    """Return an intake with a note if the choices for its columns are lost; the stored intake does not have this note."""
    if request.afresh or not has_lost_choice(store, taken.columns):
        return taken
    return replace(taken, notes=(Finding("store.choices_lost", "warning"), *taken.notes))


def _use_remembered(store: Store, raw: Raw, request: DataRequest, choice: Mapping[str, Any]) -> Intake:
    """Use the remembered choices for these columns; detect again if they do not fit this file."""
    try:
        intake = _use(store, raw, with_choice(request, choice))
    except SegcoreError as error:
        try:
            return _use(store, raw, request)
        except SegcoreError:
            raise error from None
    note = Finding("role.remembered", values={"data": choice["name"]})
    return replace(intake, remembered=choice["name"], notes=(note, *intake.notes))


def _use(store: Store, raw: Raw, request: DataRequest) -> Intake:
    from segcore.data.meaning.item_titles import item_titles
    from segcore.data.meaning.roles import find_meaning
    from segcore.data.rows.dataset import Selection, build_dataset, split_conditions
    from segcore.data.rows.script_cells import script_notes
    from segcore.features.builders import build_features
    from segcore.features.grouping import time_span
    from segcore.features.ratings import ratings_notes

    meaning = find_meaning(raw, kind=request.kind, roles=request.roles, rows=request.rows)
    of_rows, of_customers = split_conditions(request.where, raw.names)
    selection = Selection.of(replace(request, where=of_rows))
    with parts_for(request.frames, meaning.kind) as parts:
        dataset = build_dataset(raw, meaning, selection, frames=request.frames, rows=request.rows, parts=parts)
        notes = [] if raw.kind else list(script_notes(raw))
        table = build_features(dataset, columns=request.columns)
        notes += ratings_notes(dataset, table) if dataset.kind == "ratings" else []
        if "item" in table.purchases:
            titled = table.purchases["item"].titled(item_titles(raw, dataset.roles))
            table = replace(table, purchases={**table.purchases, "item": titled})
        for described, key in _described(raw, request):
            table, found = describe_customers(table, dataset, described, key)
            notes += found
        table, found = describe_by_lines(table, dataset, raw, missions=request.missions)
        notes += found
        table, found = choose_customers(table, of_customers)
        notes += found
        dataset = replace(dataset, filters=(*dataset.filters, *of_customers))
        first, last = time_span(dataset) if "time" in dataset.roles else (None, None)
        dataset = replace(dataset, frame=None)
        return _record(store, raw, dataset, table, meaning.reasons, [*notes, *_use_notes(table)], _second_data(request, raw), (first, last))


@contextlib.contextmanager
def parts_for(frames: str, kind: str) -> Iterator[RowParts | None]:
    """Yield the place for order lines of a library that need not hold them all; ``None`` for other libraries and kinds of data.

    Raises
    ------
    SegcoreError
        If Spark or a Java that it runs on is missing, or Spark fails inside the ``with`` block.
    """
    from segcore.system.row_parts import row_parts

    if kind != "transactions" or frames != "spark":
        with row_parts(frames if kind == "transactions" else "pandas") as parts:
            yield parts
        return
    from segcore.wording.spark import using_spark

    with using_spark(), row_parts(frames) as parts:
        yield parts


def _described(raw: Raw, request: DataRequest) -> list[tuple[Raw, str | None]]:
    """Return the tables of customers, each with its key if known: the sample's own table, and the requested one."""
    from segcore.data.sources import open_second

    asked = [] if request.customers is None else [(open_second(request.customers), request.customers.key)]
    return [*((described, described.roles.get("customer")) for described in raw.customers), *asked]


def _second_data(request: DataRequest, raw: Raw) -> dict[str, dict[str, str | None]]:
    """Return the record of second tables, and of items that came with the ratings, for a sweep."""
    tables = {name: getattr(request, name) for name in SECOND_TABLES}
    own = {} if raw.beside is None or raw.items is None else {"items": {"name": raw.beside.name, "key": None}}
    return own | {name: {"name": _name_of(table), "key": table.key} for name, table in tables.items() if table is not None}


def _name_of(table: SecondTable) -> str:
    return table.name or Path(table.data).name


def _record(
    store: Store,
    raw: Raw,
    dataset: Dataset,
    table: FeatureTable,
    reasons: Mapping[str, Finding],
    notes: Sequence[Finding],
    second: Mapping[str, Any],
    span: tuple[pd.Timestamp | None, pd.Timestamp | None],
) -> Intake:
    first, last = (None if moment is None else moment.isoformat() for moment in span)
    return Intake(
        table=store.put_feature_table(table),
        data={
            "name": dataset.name,
            "kind": dataset.kind,
            "fingerprint": dataset.fingerprint,
            "roles": dict(dataset.roles),
            "filters": list(dataset.filters),
            **second,
        },
        kind=dataset.kind,
        roles=dict(dataset.roles),
        columns=raw.names,
        rows_read=dataset.rows_read,
        rows_used=dataset.rows_used,
        set_aside=dataset.set_aside,
        filtered_out=dataset.filtered_out,
        notes=(*dataset.notes, *notes),
        preview=_text_frame(store, raw.head(PREVIEW_ROWS)),
        n_customers=len(table),
        first_date=first,
        last_date=last,
        total_revenue=None if table.revenue is None else float(table.revenue.sum()),
        reasons=dict(reasons),
        counts=dataset.counts,
        aside=_text_frame(store, dataset.aside) if dataset.aside is not None and dataset.aside.num_rows else None,
        form=dict(raw.form),
        sheets=raw.sheets,
        uses=table.uses,
        joined=tuple(name for name in raw.names if name not in raw.own_names),
    )


def _use_notes(table: FeatureTable) -> list[Finding]:
    """Note which columns of a table with one row per customer are not clustered on, and which may be codes."""
    notes = []
    for use in ("profile", "dropped"):
        found = [
            {"column": column.column, "reason": {"code": column.reason.code, "values": dict(column.reason.values)}}
            for column in table.uses
            if column.use == use
        ]
        if found:
            notes.append(Finding(f"role.columns_{use}", values={"columns": found}))
    notes += [column.filled for column in table.uses if column.filled is not None]
    codes = [column.column for column in table.uses if column.codes]
    if codes:
        notes.append(Finding("role.columns_of_codes", values={"columns": codes}, remedy=Remedy("category")))
    return notes


def _text_frame(store: Store, rows: pa.Table) -> str:
    """Store rows as text, as written in the file."""
    from segcore.data.columns.text import as_text

    columns = {name: as_text(rows[name]) for name in rows.column_names}
    import pandas as pd

    return store.put_frame(pd.DataFrame({name: column.to_pandas() for name, column in columns.items()}).astype(object))


def _stored(store: Store, request: DataRequest, key: str) -> Intake | None:
    known = _known(store, request, key)
    if known is None and _is_sample(request) and copy_prepared(store, key):
        known = _known(store, request, key)
        if known is not None:
            remember_data(store, known, request)
    return known


def _known(store: Store, request: DataRequest, key: str) -> Intake | None:
    record = store.intake(key)
    if record is None or record.pop("edition", None) != _EDITION:
        return None
    choice = record.pop("choice", None)
    intake = if_readable(lambda: Intake.from_json(record))
    if intake is None:
        return None
    if choice != digest(recall_choice(store, request, intake.columns, intake.own_columns)) and not _is_sample(request):
        return None  # other choices have been made for these columns since
    try:
        store.check_feature_table(intake.table)
        store.check_objects(frame for frame in (intake.preview, intake.aside) if frame is not None)
    except StoreError:
        return None  # lost or damaged on disk: read the data again
    return intake


def _is_sample(request: DataRequest) -> bool:
    from segcore.data.samples.registry import find_sample

    return find_sample(request.data) is not None


def request_key(store: Store, request: DataRequest) -> str:
    """Return a digest of a request, of the content of its files, and of the versions that read them."""
    asked = {
        key: value for key, value in request.to_json().items() if key not in ("data", "database", "taste", "vectors")
    }  # the content identifies the data; added features have their own key
    for name in SECOND_TABLES:
        table = getattr(request, name)
        if table is not None:
            asked[name] = {"name": _name_of(table), "key": table.key, "content": content_of_file(table.data)}
    content, versions = _content(store, request.data), package_versions(request.frames)
    return digest({"edition": _EDITION, "request": asked, "content": content, "segcore": __version__, "versions": versions})


@functools.cache
def package_versions(frames: str) -> Mapping[str, str]:
    """Return the versions of the packages that data are read with."""
    return {name: _version(name) for name in ("pandas", "pyarrow", "narwhals", "pyspark" if frames == "spark" else frames)}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""  # the code that needs it reports that it is missing


def _content(store: Store, data: str) -> str:
    """Return an identity of the content: a file's SHA-256 and name, or a package's version."""
    from segcore.data.files.file_identity import user_path
    from segcore.data.samples.registry import find_sample, samples_folder

    sample = find_sample(data)
    version: str | Path = sample.version(samples_folder(store.home)) if sample else user_path(data)
    if isinstance(version, str):
        return version
    return f"{version.name} {content_of_file(version)}"


def content_of_file(data: str | Path) -> str:
    """Return the digest of a file's content, or its path if it cannot be read, because reading it later reports the problem.

    Raises
    ------
    StoreError
        If it is an uploaded file, or an extract of a database, that is damaged.
    """
    from segcore.data.files.file_identity import content_digest, user_path

    version = user_path(str(data))
    try:
        if not version.is_file() and not version.is_dir():  # a device may have no end
            return f"unreadable {version}"
        found = content_digest(version)
    except (OSError, ValueError):
        return f"unreadable {version}"
    damaged = damaged_copy(version, found)
    if damaged is not None:
        raise damage(damaged, "upload_again" if damaged == "upload" else "read_again")
    return found
