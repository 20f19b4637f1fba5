"""JSON Lines, or a list of objects; numbers stay as written, so that long ids keep their digits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from segcore.data.files.compression import MAX_BYTES, unpack
from segcore.data.files.csv.structure import MAX_LINE, MAX_VALUE, find_records
from segcore.data.files.encoding import decode, line_at
from segcore.data.files.raw import MAX_COLUMNS, Raw, check_header, table_source
from segcore.errors import SegcoreError
from segcore.records.data_rules import ReadOptions
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

_BATCH_VALUES = 1_000_000
_SPACE = re.compile(r"[ \t\r\n]*")
_KINDS = {list: "list", str: "text", bool: "boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Place of an object: its line, or its number in a list, with the line if known."""

    line: int | None = None
    number: int | None = None

    def values(self) -> dict[str, Any]:
        """Return plain values."""
        return {"line": self.line, "number": self.number}


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def read_json(path: Path, name: str, reading: ReadOptions | None = None, *, max_bytes: int = MAX_BYTES) -> Raw:
    """Read JSON Lines (one object per line), or a list of objects, as text columns.

    Columns are the keys in the order of their first appearance; a key that an object lacks, and null, are missing values. Numbers are kept
    as written; lists and objects inside an object become JSON text.

    Parameters
    ----------
    path : Path
        Plain, or compressed with gzip or zstd.
    name : str
        Name of the file in messages.
    reading : ReadOptions or None
        Its encoding; detected if omitted.
    max_bytes : int
        Largest decompressed size.

    Raises
    ------
    SourceError
        If the file is not readable text, or too large.
    DataError
        If a line is not a JSON object; with the line.
    """
    content, packing = unpack(path, name, max_bytes)
    content, encoding = decode(content, name, (reading or ReadOptions()).encoding)
    if not content or content.isspace():
        raise refusal("json.blank", file=name)
    is_list = content.lstrip()[:1] == b"["
    columns = _Columns(name)
    places = []
    for place, at, found in _listed(content, name) if is_list else _lines(content, name):
        columns.add(found, at)
        places.append(place)
    if not places or not columns.names:
        raise refusal("json.no_object", file=name, empty=bool(places))
    if len(places) == 1:
        _refuse_wrapped(found, name)
    names, header_notes = check_header(columns.names, name)
    table = columns.table().rename_columns(names)
    first = None if places == list(range(1, len(places) + 1)) else np.array(places, np.int64)

    def where(row: int) -> str:
        return f"{'object' if is_list else 'line'} {row + 1 if first is None else int(first[row])}"

    notes = [*encoding.notes, *header_notes]
    if columns.nested:
        notes.append(Finding("json.nested", values={"columns": sorted(columns.nested)}))
    form = "JSON list of objects" if is_list else "JSON Lines"
    return table_source(
        name,
        table,
        where=where,
        notes=notes,
        form={"format": f"{form}, compressed with {packing}" if packing else form, "encoding": encoding.spoken},
    )


def _refuse_wrapped(only: dict[str, Any], name: str) -> None:
    """Raise if the only object holds the rows, or the columns, in a list."""
    lists = {key: value for key, value in only.items() if isinstance(value, list) and len(value) > 1}
    rows = next((key for key, value in lists.items() if all(isinstance(inner, dict) for inner in value)), None)
    if rows is not None:
        raise refusal("json.wrapped", file=name, objects=len(lists[rows]), key=rows)
    if lists and len(lists) == len(only):
        raise refusal("json.lists", file=name)


class _Columns:
    """Columns of text built from objects, of which at most one batch is held in memory as Python objects."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: dict[str, list[str | None]] = {}
        self._held = 0
        self._batches: list[tuple[int, dict[str, pa.Array]]] = []
        self.nested: set[str] = set()

    @property
    def names(self) -> list[str]:
        """Keys in the order of their first appearance."""
        return list(self._values)

    def add(self, found: dict[str, Any], where: _Place) -> None:
        """Add one row."""
        values, held = self._values, self._held
        for key, value in found.items():
            if value is not None and value.__class__ is not str and value.__class__ is not _Number:
                if isinstance(value, dict | list):
                    self.nested.add(key)
                    value = self._nested(value, where)
                else:
                    value = _as_json(value)
            if value is not None and len(value) > MAX_VALUE // 4 and len(value.encode("utf-8", "replace")) > MAX_VALUE:
                raise self._refusal("json.long_value", where, letters=len(value), column=key, most=MAX_VALUE)
            if value is not None and not value.isascii():
                self._refuse_half(value, key, where)
            column = values.get(key)
            if column is None:
                self._refuse_half(key, None, where)
                column = values[key] = []
                if len(values) > MAX_COLUMNS:
                    raise self._refusal("json.many_columns", where, most=MAX_COLUMNS)
            if len(column) < held:
                column.extend([None] * (held - len(column)))
            column.append(value)
        self._held += 1
        if self._held * len(values) > _BATCH_VALUES:
            self._flush()

    def _nested(self, value: Any, where: _Place) -> str:
        try:
            return _as_json(value)
        except RecursionError:
            raise self._refusal("json.too_deep", where) from None

    def _refusal(self, code: str, where: _Place, **values: Any) -> SegcoreError:
        return refusal(code, file=self._name, **where.values(), **values)

    def _refuse_half(self, text: str, column: str | None, where: _Place) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self._refusal("json.half_character", where, column=column) from None

    def table(self) -> pa.Table:
        """Return all rows."""
        self._flush()
        schema = pa.schema([(key, pa.large_string()) for key in self._values])
        # Batches from before a column's first appearance have nulls there.
        tables = [
            pa.table([batch[key] if key in batch else pa.nulls(length, pa.large_string()) for key in self._values], schema=schema)
            for length, batch in self._batches
        ]
        return pa.concat_tables(tables)

    def _flush(self) -> None:
        batch = {}
        for key, column in self._values.items():
            column.extend([None] * (self._held - len(column)))
            batch[key] = pa.array(column, pa.large_string())
            column.clear()
        self._batches.append((self._held, batch))
        self._held = 0


def _as_json(value: Any) -> str:
    """Return a value that is neither text nor a number as JSON, with the numbers in it as written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_as_json(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_json(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


class _RepeatedKeyError(Exception):
    """Key that occurs twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RepeatedKeyError(twice)
    return found


def _decoder() -> Callable[[str, int], tuple[Any, int]]:
    return json.JSONDecoder(object_pairs_hook=_object, parse_int=_Number, parse_float=_Number, parse_constant=_Number).raw_decode


def _lines(content: bytearray, name: str) -> Iterator[tuple[int, _Place, dict[str, Any]]]:
    """Yield the number of each line, its place, and its object."""
    parse = _decoder()
    found_lines = find_records(content)
    for begin, stop, first in zip(found_lines.begin.tolist(), found_lines.stop.tolist(), found_lines.first.tolist(), strict=True):
        number, line = first + 1, content[begin:stop].decode().strip(" \t")
        if line:
            where = _Place(line=number)
            if stop - begin > MAX_LINE:
                raise refusal("json.long_line", file=name, line=number, size=stop - begin, most=MAX_LINE)
            found, stop = _parse(parse, line, 0, name, where)
            if stop < len(line):
                raise refusal("json.several_objects", file=name, line=number)
            yield number, where, found


def _listed(content: bytearray, name: str) -> Iterator[tuple[int, _Place, dict[str, Any]]]:
    """Yield the number of each object of a list, its place, and the object."""
    parse = _decoder()
    text = content.decode()
    position = _past_space(text, text.index("[") + 1)
    number = 0
    while text[position : position + 1] != "]" or number:
        number += 1
        known = number == 1 or position >= len(text)
        where = _Place(text.count("\n", 0, position) + 1 if known else None, number)
        found, position = _parse(parse, text, position, name, where)
        yield number, where, found
        position = _past_space(text, position)
        if text[position : position + 1] == "]":
            break
        if text[position : position + 1] != ",":
            line = line_at(content, len(text[:position].encode()))
            raise refusal("json.broken_list", file=name, number=number, line=line)
        position = _past_space(text, position + 1)
    if _past_space(text, position + 1) < len(text):
        raise refusal("json.goes_on", file=name)


def _past_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _parse(parse: Callable[[str, int], tuple[Any, int]], text: str, at: int, name: str, where: _Place) -> tuple[dict[str, Any], int]:
    try:
        found, stop = parse(text, at)
    except json.JSONDecodeError as error:
        raise refusal("json.no_json", file=name, **where.values(), reason=error.msg, character=error.pos - at + 1) from None
    except _RepeatedKeyError as error:
        raise refusal("json.repeated_key", file=name, **where.values(), key=error.args[0]) from None
    except RecursionError:
        raise refusal("json.too_deep", file=name, **where.values()) from None
    if not isinstance(found, dict):
        raise refusal("json.not_object", file=name, **where.values(), found=_KINDS.get(type(found), "number"))
    return found, stop
