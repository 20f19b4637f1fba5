"""Identifiers as text with one spelling each, cleaned of spaces, invisible characters, Unicode variants and ``.0``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import INVISIBLE, Distinct, Where, bytes_of, combined, example, missing_to_null, true_of, written
from segcore.records.finding import Finding

_WHOLE = r"^-?\d+\.0+$"
_FRACTION = r"^-?\d+\.\d*[1-9]\d*$"
_SHORTENED = r"^\d(?:[.,]\d+)?[eE]\+\d{1,2}$"
_POINT = ord(".")
# Largest whole number up to which floating numbers are exact: 2 to the power of the digits of the significand.
_EXACT = {pa.float16(): 2.0**11, pa.float32(): 2.0**24, pa.float64(): 2.0**53}


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """Column of identifiers.

    Parameters
    ----------
    values : pyarrow Array of large_string
        Composed (NFC), without outer spaces and invisible characters, leading zeros kept; null where missing.
    notes : tuple of Finding
        What was unified, with the number of rows and the first of them.
    """

    values: pa.Array
    notes: tuple[Finding, ...] = ()


def read_ids(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> Ids:
    """Read a column of identifiers of any type.

    ``17850.0`` and ``17850`` are the same id, unless another id of the column has a real fraction: 1.0 and 1.1 may be versions of
    something. Long numbers keep all digits that the column's type holds.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    name : str
        Name of the column, for findings.
    where : callable
        Returns the place of a row: "line 17".
    """
    column = combined(column)
    notes = _inexact(column, name, where) if pa.types.is_floating(column.type) else []
    found = Distinct.of(column)
    values, unified = _unify(found, name, where)
    values = missing_to_null(values)
    ids, numbers = _without_zero_fraction(values, found, name, where)
    return Ids(found.spread(ids), (*notes, *unified, *numbers, *_shortened(ids, found, name, where)))


def as_ids(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return identifiers as ``read_ids`` reads them, without its findings."""
    return read_ids(column, name="", where=str).values


def _unify(found: Distinct, name: str, where: Where) -> tuple[pa.Array, list[Finding]]:
    """Return the distinct texts without invisible characters and outer spaces, with letters composed, and the changes."""
    values = found.values
    characters = bytes_of(values)
    if not len(characters) or (characters.min() > ord(" ") and characters.max() <= ord("~")):
        return values, []
    notes = []

    def note(code: str, changed: np.ndarray) -> None:
        notes.append(Finding(code, values=_counted(found, changed, name, where)))

    visible = pc.replace_substring_regex(values, INVISIBLE, "")
    if (changed := _differ(values, visible)).any():
        note("id.invisible", changed)
    trimmed = pc.utf8_trim_whitespace(visible)
    if (changed := _differ(visible, trimmed) & _filled(trimmed)).any():
        note("id.spaces", changed)
    if characters.max() < 0x80:
        return trimmed, notes
    composed = pc.utf8_normalize(trimmed, form="NFC")
    if (changed := _differ(trimmed, composed)).any():
        notes.append(_unicode_forms(found, trimmed, composed, changed, name, where))
    return composed, notes


def _unicode_forms(found: Distinct, trimmed: pa.Array, composed: pa.Array, changed: np.ndarray, name: str, where: Where) -> Finding:
    """Note which ids are written in two Unicode forms; in a column with one form, that letters were composed."""

    def first(position: int, row: int) -> dict[str, str]:
        return example(trimmed[position].as_py(), where(row))

    usual = composed.filter(pa.array(~changed))
    twice = changed & pc.is_in(composed, value_set=usual).to_numpy(zero_copy_only=False)
    if not twice.any():
        return Finding("id.composed", values={"column": name, "count": found.count(changed), "example": first(*found.first(changed))})
    position, row = found.first(twice)
    other = pc.equal(composed, composed[position]).to_numpy(zero_copy_only=False) & ~changed
    number = pc.count_distinct(composed.filter(pa.array(twice))).as_py()
    values = {"column": name, "count": number, "example": first(*found.first(other)), "other": first(position, row)}
    return Finding("id.two_forms", values=values)


def _without_zero_fraction(values: pa.Array, found: Distinct, name: str, where: Where) -> tuple[pa.Array, list[Finding]]:
    if not (bytes_of(values) == _POINT).any():
        return values, []
    whole = true_of(pc.match_substring_regex(values, _WHOLE))
    if not whole.any() or pc.any(pc.match_substring_regex(values, _FRACTION)).as_py():
        return values, []
    ids = pc.if_else(pa.array(whole), pc.replace_substring_regex(values, r"\.0+$", ""), values)
    position, row = found.first(whole)
    first = example(values[position].as_py(), where(row))
    noted = {"column": name, "count": found.count(whole), "example": first, "read_as": ids[position].as_py()}
    return ids, [Finding("id.zero_fraction", values=noted)]


def _shortened(ids: pa.Array, found: Distinct, name: str, where: Where) -> list[Finding]:
    """Note ids that look like long ids shortened by a spreadsheet."""
    if not (bytes_of(ids) == ord("+")).any():
        return []
    short = true_of(pc.match_substring_regex(ids, _SHORTENED))
    return [Finding("id.shortened", "warning", _counted(found, short, name, where))] if short.any() else []


def _inexact(column: pa.Array, name: str, where: Where) -> list[Finding]:
    """Note floating numbers too large to be exact."""
    wide = pc.cast(column, pa.float64())
    large = true_of(pc.and_(pc.greater_equal(pc.abs(wide), _EXACT[column.type]), pc.is_finite(wide)))
    if not large.any():
        return []
    row = int(np.argmax(large))
    first = example(written(column.slice(row, 1))[0].as_py(), where(row))
    return [Finding("id.inexact", "warning", {"column": name, "count": int(large.sum()), "example": first})]


def _counted(found: Distinct, chosen: np.ndarray, name: str, where: Where) -> dict[str, Any]:
    """Return a finding's values about some ids: the column, the number of rows, and the first id."""
    return {"column": name, "count": found.count(chosen), "example": found.example(chosen, where)}


def _differ(one: pa.Array, other: pa.Array) -> np.ndarray:
    return true_of(pc.not_equal(one, other))


def _filled(text: pa.Array) -> np.ndarray:
    return true_of(pc.not_equal(text, ""))
