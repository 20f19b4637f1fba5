"""JSON: one object a line, or one list of objects; every number stays as it was written, so that long ids keep their digits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from segcore.data.files.compression import MAX_BYTES, unpack
from segcore.data.files.csv.structure import MAX_LINE, MAX_VALUE, find_records
from segcore.data.files.encoding import decode, line_at
from segcore.data.files.raw import MAX_COLUMNS, Raw, check_header, table_source
from segcore.errors import DataError
from segcore.records.data_rules import ReadOptions
from segcore.records.dataset import Note
from segcore.wording.quotes import named

_BATCH_VALUES = 1_000_000
_SPACE = re.compile(r"[ \t\r\n]*")
_KINDS = {list: "a list", str: "a text", bool: "yes or no", type(None): "null"}


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def read_json(path: Path, name: str, reading: ReadOptions | None = None, *, max_bytes: int = MAX_BYTES) -> Raw:
    """Read JSON Lines (one object a line), or a list of objects, as text columns.

    Columns are the keys in the order of their first appearance; a key that an object lacks, and null, are missing values. Numbers are kept
    as they were written, lists and objects inside an object become JSON text.

    Parameters
    ----------
    path : Path
        Plain, or packed with gzip or zstd.
    name : str
        What messages call the file.
    reading : ReadOptions or None
        Its encoding, where it is not to be found from the content.
    max_bytes : int
        Largest size unpacked.

    Raises
    ------
    SourceError
        Where the file is no readable text or too large.
    DataError
        Where a line is no JSON object; with the line.
    """
    spoken = named(name)
    content, packing = unpack(path, name, max_bytes)
    content, encoding = decode(content, name, (reading or ReadOptions()).encoding)
    if not content or content.isspace():
        raise DataError(f"{spoken} is empty but for white space: at least one object is needed.")
    is_list = content.lstrip()[:1] == b"["
    columns = _Columns(spoken)
    places = []
    for place, spoken_place, found in _listed(content, spoken) if is_list else _lines(content, spoken):
        columns.add(found, spoken_place)
        places.append(place)
    if not places or not columns.names:
        raise DataError(f"{spoken} holds no object{' with a named value' if places else ''}: at least one is needed.")
    if len(places) == 1:
        _refuse_wrapped(found, spoken)
    names, header_notes = check_header(columns.names, spoken)
    table = columns.table().rename_columns(names)
    first = None if places == list(range(1, len(places) + 1)) else np.array(places, np.int64)

    def where(row: int) -> str:
        return f"{'object' if is_list else 'line'} {row + 1 if first is None else int(first[row])}"

    notes = [*encoding.notes, *header_notes]
    if columns.nested:
        listed = ", ".join(named(column) for column in sorted(columns.nested))
        notes.append(Note("info", f"Lists and objects inside a row were read as JSON text: {listed}."))
    form = "JSON list of objects" if is_list else "JSON Lines"
    return table_source(
        name,
        table,
        where=where,
        notes=notes,
        form={"format": f"{form}, packed with {packing}" if packing else form, "encoding": encoding.spoken},
    )


def _refuse_wrapped(only: dict[str, Any], name: str) -> None:
    """Raise where the only object holds the rows, or the columns, in a list."""
    lists = {key: value for key, value in only.items() if isinstance(value, list) and len(value) > 1}
    rows = next((key for key, value in lists.items() if all(isinstance(inner, dict) for inner in value)), None)
    if rows is not None:
        raise DataError(
            f"{name} holds {len(lists[rows]):,} objects in the list {named(rows)} of one object: give only them, one per line or as a list."
        )
    if lists and len(lists) == len(only):
        raise DataError(f"{name} is one object of lists, a column each: give one object with named values a row.")


class _Columns:
    """Objects as columns of text, some at a time, so that no more than one batch is held as Python objects."""

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

    def add(self, found: dict[str, Any], where: str) -> None:
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
                raise DataError(
                    f"{self._name} has a value of {len(value):,} letters in {where}, column {named(key)}, more than the "
                    f"{MAX_VALUE // 2**20} MiB a value may have: shorten it, or leave the column out."
                )
            if value is not None and not value.isascii():
                self._refuse_half(value, f"column {named(key)}", where)
            column = values.get(key)
            if column is None:
                self._refuse_half(key, "a key", where)
                column = values[key] = []
                if len(values) > MAX_COLUMNS:
                    raise DataError(
                        f"{self._name} has more than {MAX_COLUMNS:,} columns, counted as far as {where}: keep the keys that are "
                        "needed, the same in each object."
                    )
            if len(column) < held:
                column.extend([None] * (held - len(column)))
            column.append(value)
        self._held += 1
        if self._held * len(values) > _BATCH_VALUES:
            self._flush()

    def _nested(self, value: Any, where: str) -> str:
        try:
            return _as_json(value)
        except RecursionError:
            raise _too_deep(self._name, where) from None

    def _refuse_half(self, text: str, what: str, where: str) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DataError(f"{self._name} has half a character (a lone surrogate) in {where}, {what}: correct it.") from None

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
    """Return what is no text or number as JSON, numbers in it as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_as_json(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_json(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise DataError(f"key {named(twice)} stands twice in one object")
    return found


def _decoder() -> Callable[[str, int], tuple[Any, int]]:
    return json.JSONDecoder(object_pairs_hook=_object, parse_int=_Number, parse_float=_Number, parse_constant=_Number).raw_decode


def _lines(content: bytearray, name: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield the number of each line, how messages name it, and its object."""
    parse = _decoder()
    found_lines = find_records(content)
    for begin, stop, first in zip(found_lines.begin.tolist(), found_lines.stop.tolist(), found_lines.first.tolist(), strict=True):
        number, line = first + 1, content[begin:stop].decode().strip(" \t")
        if line:
            where = f"line {number}"
            if stop - begin > MAX_LINE:
                raise DataError(
                    f"{name} has {stop - begin:,} bytes in {where}, more than the {MAX_LINE // 2**20} MiB a line may have: shorten it."
                )
            found, stop = _parse(parse, line, 0, name, where)
            if stop < len(line):
                raise DataError(f"{name} has more than one object in {where}: put each on a line of its own.")
            yield number, where, found


def _listed(content: bytearray, name: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield the number of each object of a list, how messages name it, and the object."""
    parse = _decoder()
    text = content.decode()
    position = _past_space(text, text.index("[") + 1)
    number = 0
    while text[position : position + 1] != "]" or number:
        number += 1
        where = (
            f"object {number} (line {text.count(chr(10), 0, position) + 1})" if number == 1 or position >= len(text) else f"object {number}"
        )
        found, position = _parse(parse, text, position, name, where)
        yield number, where, found
        position = _past_space(text, position)
        if text[position : position + 1] == "]":
            break
        if text[position : position + 1] != ",":
            line = line_at(content, len(text[:position].encode()))
            raise DataError(
                f"{name} is a JSON list that breaks off or lacks a comma after object {number}, in line {line}: export it again."
            )
        position = _past_space(text, position + 1)
    if _past_space(text, position + 1) < len(text):
        raise DataError(f"{name} goes on after its JSON list: give one list of objects, or one object a line.")


def _past_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _parse(parse: Callable[[str, int], tuple[Any, int]], text: str, at: int, name: str, where: str) -> tuple[dict[str, Any], int]:
    try:
        found, stop = parse(text, at)
    except json.JSONDecodeError as error:
        place = f"character {error.pos - at + 1:,}"
        raise DataError(f"{name} has no JSON object in {where} ({error.msg}, {place}): correct it, or take it out.") from None
    except DataError as error:
        raise DataError(f"{name} is ambiguous in {where}: {error}; take one out.") from None
    except RecursionError:
        raise _too_deep(name, where) from None
    if not isinstance(found, dict):
        kind = _KINDS.get(type(found), "a number")
        raise DataError(f"{name} has {kind} in {where}, where an object is needed: give one object with named values a row.")
    return found, stop


def _too_deep(name: str, where: str) -> DataError:
    return DataError(f"{name} nests lists or objects too deeply in {where}: give one flat object a row.")
