"""Memory of earlier intakes: choices for files with the same columns, data in links, and the data that a new session opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from segcore.records.data_rules import ColumnRules, rules_from_json, rules_to_json
from segcore.records.intake import SECOND_TABLES, DataRequest, Intake
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.system.digests import digest

_FIRST = "complete-journey"
_LATEST = "app:latest-request"


def shape_of(columns: Sequence[str]) -> str:
    """Return a key that is equal for files with the same columns in any order."""
    return digest(sorted(columns))


def recall_choice(store: Store, request: DataRequest, columns: Sequence[str], own: Sequence[str] = ()) -> dict[str, Any] | None:
    """Return the choices remembered for these columns, unless the request makes choices or asks to detect again.

    Parameters
    ----------
    store : Store
    request : DataRequest
    columns : sequence of str
    own : sequence of str
        Columns that are not joined from a table of items; choices made for these alone are the second best.
    """
    if request.afresh or _chooses(request):
        return None
    known = _choice(store, columns)
    if known is not None or not own or len(own) == len(columns):
        return known
    without = _choice(store, own)
    # The choice of no category was made before there were columns of items.
    return without and {**without, "roles": {role: column for role, column in without["roles"].items() if role != "category" or column}}


def has_lost_choice(store: Store, columns: Sequence[str]) -> bool:
    """Tell whether choices for these columns were remembered, but are damaged."""
    key = _key(shape_of(columns))
    return store.is_damaged_intake(key) or (store.intake(key) is not None and _choice(store, columns) is None)


def _choice(store: Store, columns: Sequence[str]) -> dict[str, Any] | None:
    """Return the choices remembered for these columns; ``None`` if there are none, or they are damaged."""
    known = store.intake(_key(shape_of(columns)))
    if known is None or if_readable(lambda: with_choice(DataRequest(str(known["name"])), known)) is None:
        return None
    return known


def with_choice(request: DataRequest, choice: Mapping[str, Any]) -> DataRequest:
    """Return the request with the remembered choices; a date order in the request takes precedence."""
    order = request.rows.date_order or choice["date_order"]
    return replace(
        request,
        kind=choice["kind"],
        roles=dict(choice["roles"]),
        rows=replace(request.rows, date_order=order),
        columns=rules_from_json(ColumnRules, choice["columns"]),
    )


def remember_choice(store: Store, request: DataRequest, columns: Sequence[str], name: str) -> None:
    """Remember the choices of a request that succeeded, if it made any."""
    if not _chooses(request):
        return
    choice = {
        "kind": request.kind,
        "roles": dict(request.roles),
        "date_order": request.rows.date_order,
        "columns": rules_to_json(request.columns),
        "name": name,
    }
    store.put_intake(_key(shape_of(columns)), choice)


def first_request(store: Store) -> DataRequest:
    """Return the data that a new session opens: those loaded last, or the included sample in a new store."""
    latest = store.intake(_LATEST)
    return (latest and if_readable(lambda: DataRequest.from_json(latest))) or DataRequest(_FIRST)


def remember_latest(store: Store, request: DataRequest) -> None:
    """Make new sessions open these data."""
    store.put_intake(_LATEST, _from_anywhere(request).to_json())


def _from_anywhere(request: DataRequest) -> DataRequest:
    """Return the request with absolute paths: the app does not run in the folder of the command that read the file."""
    from segcore.data.files.file_identity import user_path
    from segcore.data.samples.registry import find_sample

    def absolute(path: str) -> str:
        return str(Path.cwd() / user_path(path))

    seconds = {name: replace(table, data=absolute(table.data)) for name in SECOND_TABLES if (table := getattr(request, name)) is not None}
    return replace(request, data=request.data if find_sample(request.data) else absolute(request.data), **seconds)


def data_key(table: str, data: Mapping[str, Any]) -> str:
    """Return the name of data in links, 16 hexadecimal digits, from the ``table`` and ``data`` of an intake or a sweep."""
    return digest([table, dict(data)])[:16]


def remember_data(store: Store, intake: Intake, request: DataRequest) -> None:
    """Make a link show these data as they are now, whatever happens to their file."""
    record = {"request": _from_anywhere(request).to_json(), "intake": intake.to_json()}
    store.put_intake(_linked(data_key(intake.table, intake.data)), record)


def recall_data(store: Store, key: str) -> tuple[Intake, DataRequest] | None:
    """Return the data of a link and the request that led to them; None if they are not in this store, or damaged."""
    record = store.intake(_linked(key))
    if record is None:
        return None

    def read() -> Intake:
        intake = Intake.from_json(record["intake"])
        store.check_feature_table(intake.table)
        return intake

    intake, request = if_readable(read), if_readable(lambda: DataRequest.from_json(record["request"]))
    return None if intake is None or request is None else (intake, request)


def request_of(store: Store, table: str, data: Mapping[str, Any]) -> DataRequest | None:
    """Return the request that led to a feature table, even a damaged one; ``None`` if it is not known.

    Parameters
    ----------
    store : Store
    table, data
        See `Intake`, or `SweepSpec`.
    """
    record = store.intake(_linked(data_key(table, data)))
    return None if record is None else if_readable(lambda: DataRequest.from_json(record["request"]))


def _linked(key: str) -> str:
    return f"data:{key}"


def _chooses(request: DataRequest) -> bool:
    return bool(request.kind or request.roles or request.columns != ColumnRules() or request.rows.date_order)


def _key(shape: str) -> str:
    return f"shape:{shape}"
