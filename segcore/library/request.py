"""Requests for data, from the values that a script gives."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, BinaryIO

from segcore.data.databases.address import is_address
from segcore.data.databases.stored_extract import check_database
from segcore.errors import DataError, ParameterError
from segcore.intake.child import from_database_apart
from segcore.records.data_rules import ColumnRules, ReadOptions, RowRules
from segcore.records.dataset import KINDS, ROLES
from segcore.records.intake import SECOND_TABLES, DatabaseQuestion, DataRequest, SecondTable
from segcore.store.store import Store
from segcore.system.frames import FRAMES
from segcore.system.private_files import temporary_file

_READING = {"delimiter": "delimiter", "encoding": "encoding", "sheet": "sheets", "header_row": "header_row"}
_ROWS = {entry.name: entry.name for entry in fields(RowRules)}
_COLUMNS = {entry.name: entry.name for entry in fields(ColumnRules)}
_REQUEST = {"name": "name", "frames": "frames", "guess": "afresh"}
_OF_ORDERS = {"missions": "missions"}
_LISTS = {"sheet", "exclude", "category", "number", "profile", "keep", "zero", "required"}
_NUMBERS = {"header_row", "min_share", "max_categories", "missions", "timeout", "most_rows"}
_REALS = {"min_share", "timeout"}
_SWITCHES = {"guess", "set_aside"}
_DATABASE = {"table": "table", "query": "query", "timeout": "timeout_seconds", "time_zone": "time_zone", "most_rows": "most_rows"}
_SECOND = {name: name for name in SECOND_TABLES}
SCORING_OPTIONS = (*_READING, *_ROWS, *_REQUEST, *_DATABASE, "items", "items_key")
"""Keyword options for data to score, whose columns are used as in the sweep."""
OPTIONS = (*SCORING_OPTIONS, *_COLUMNS, *_OF_ORDERS, "customers", "customers_key")
"""Keyword options of ``load``: those of the command line, with underscores."""


def build_request(
    data: str,
    *,
    kind: str | None = None,
    roles: Mapping[str, str] | None = None,
    where: str | Iterable[str] = (),
    dates: tuple[str | dt.date | None, str | dt.date | None] = (None, None),
    options: Mapping[str, Any],
) -> DataRequest:
    """Return the request that the arguments of ``load`` describe.

    Parameters
    ----------
    data : str
        A sample's name, a path, or the address of a database.
    kind, roles, where
        See `segcore.load`.
    dates : pair of str, date or None
        First and last day.
    options : mapping of option to value
        See ``OPTIONS``. ``None`` is the same as no option.

    Raises
    ------
    ParameterError
        If an option or a role is unknown, a value is not of its kind, or an address cannot be used.
    """
    if kind is not None and kind not in KINDS:
        raise ParameterError.unknown("kind", kind, KINDS)
    for role in roles or {}:
        if role not in ROLES:
            raise ParameterError.unknown("role", role, ROLES)
    checked = {name: _checked(name, value) for name, value in options.items() if value is not None}

    def part(names: Mapping[str, str]) -> dict[str, Any]:
        return {field: checked[name] for name, field in names.items() if name in checked}

    frames = checked.get("frames", "pandas")
    if frames not in FRAMES:
        raise ParameterError.unknown("frames", frames, FRAMES)
    asked = part(_DATABASE)
    request = DataRequest(
        data=data,
        kind=kind,
        roles=dict(roles or {}),
        where=(where,) if isinstance(where, str) else tuple(where),
        date_from=_day(dates[0]),
        date_to=_day(dates[1]),
        reading=ReadOptions(**part(_READING)),
        rows=RowRules(**part(_ROWS)),
        columns=ColumnRules(**part(_COLUMNS)),
        customers=_second_table("customers", checked),
        items=_second_table("items", checked),
        database=DatabaseQuestion(data if is_address(data) else "", **asked) if asked or is_address(data) else None,
        **part(_REQUEST),
        **part(_OF_ORDERS),
    )
    check_database(request)
    return request


def _second_table(name: str, options: Mapping[str, Any]) -> SecondTable | None:
    table, key = options.get(name), options.get(f"{name}_key")
    if table is None and key is not None:
        raise ParameterError(f"{name}_key names a column of a table of {name}: give that table as {name}.")
    if table is None:
        return None
    # A frame is in a temporary file by now, whose name says nothing.
    return replace(table, key=key) if isinstance(table, SecondTable) else SecondTable(table, key=key)


def check_options(options: Iterable[str], known: Iterable[str] = OPTIONS) -> None:
    """Raise `ParameterError` with the choices if an option is unknown."""
    choices = tuple(known)
    for name in options:
        if name not in choices:
            raise ParameterError.unknown("option", name, choices)


def _checked(name: str, value: Any) -> Any:
    """Return an option's value in the type of its field."""
    if name in _SECOND:
        return value
    if name in _LISTS:
        values = (value,) if isinstance(value, str) else tuple(value)
        if not all(isinstance(text, str) for text in values):
            raise ParameterError(f"{name} must be a name or a list of names, got {value!r}.")
        return values
    if name in _SWITCHES:
        if not isinstance(value, bool):
            raise ParameterError(f"{name} must be True or False, got {value!r}.")
    elif name in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or (name not in _REALS and value != int(value)):
            raise ParameterError(f"{name} must be a {'number' if name in _REALS else 'whole number'}, got {value!r}.")
    elif not isinstance(value, str):
        raise ParameterError(f"{name} must be text, got {value!r}.")
    return "tab" if name == "delimiter" and value in ("\t", "\\t") else value


def _day(moment: str | dt.date | None) -> str | None:
    return moment if moment is None or isinstance(moment, str) else moment.isoformat()[:10]


@contextlib.contextmanager
def readable(data: Any, store: Store) -> Iterator[tuple[str, bool]]:
    """Yield a sample's name or a path for data of any form, and whether the path is a temporary one; delete that one afterwards.

    Parameters
    ----------
    data : str, path, or frame of pandas, Polars or Arrow
        A frame is written to a Parquet file in the store's folder.
    store : Store

    Raises
    ------
    ParameterError
        If it is something else.
    DataError
        If a column of the frame holds values of several types.
    """
    if isinstance(data, str | os.PathLike):
        yield os.fsdecode(data), False
        return
    with temporary_file(store.temporary, suffix=".parquet") as (path, file):
        _write_frame(data, file)
        yield str(path), True


@contextlib.contextmanager
def readable_options(options: Mapping[str, Any], store: Store) -> Iterator[dict[str, Any]]:
    """Yield the options with second tables that can be read: frames are in temporary files, which are deleted afterwards.

    Raises
    ------
    ParameterError, DataError
        See `readable`.
    """
    with contextlib.ExitStack() as stack:
        found = dict(options)
        for name in SECOND_TABLES:
            if found.get(name) is not None:
                path, is_temporary = stack.enter_context(readable(found[name], store))
                found[name] = SecondTable(path, name=name if is_temporary else None)
        yield found


@contextlib.contextmanager
def requested_like(data: Any, options: Mapping[str, Any], store: Store) -> Iterator[DataRequest]:
    """Yield the request for data that is read like a sweep's: see `SCORING_OPTIONS`, and ``kind``, ``roles``, ``where`` and the dates.

    Raises
    ------
    ParameterError
        See `check_options` and `build_request`.
    """
    rest = dict(options)
    meaning = {name: rest.pop(name) for name in ("kind", "roles", "where") if name in rest}
    dates = (rest.pop("date_from", None), rest.pop("date_to", None))
    check_options(rest, SCORING_OPTIONS)
    with readable(data, store) as (path, _), readable_options(rest, store) as known:
        yield from_database_apart(store, build_request(path, **meaning, dates=dates, options=known))


def _write_frame(frame: Any, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if hasattr(frame, "to_arrow"):
            frame = frame.to_arrow()
        elif hasattr(frame, "reset_index"):
            indexed = any(name is not None for name in frame.index.names)
            frame = pa.Table.from_pandas((frame.reset_index() if indexed else frame).rename(columns=str), preserve_index=False)
        if not isinstance(frame, pa.Table):
            raise ParameterError(f"Data must be a sample's name, a path or a frame, got {type(frame).__name__}.")
        pq.write_table(frame, file)
        file.flush()
    except (pa.ArrowException, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise DataError(f"The frame cannot be read as a table: {' '.join(str(error).split())}.") from error
