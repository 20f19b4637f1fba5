"""Identifiers: text, and one spelling each, whatever spaces, invisible characters, Unicode forms or ``.0`` a file gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import INVISIBLE, Distinct, Where, bytes_of, combined, missing_to_null, true_of, written
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import quoted

_WHOLE = r"^-?\d+\.0+$"
_FRACTION = r"^-?\d+\.\d*[1-9]\d*$"
_SHORTENED = r"^\d(?:[.,]\d+)?[eE]\+\d{1,2}$"
_POINT = ord(".")
# Largest whole number up to which each one has its own floating number: 2 to the power of the digits of the significand.
_EXACT = {pa.float16(): 2.0**11, pa.float32(): 2.0**24, pa.float64(): 2.0**53}


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """A column of identifiers.

    Parameters
    ----------
    values : pyarrow Array of large_string
        Composed (NFC), without outer spaces and invisible characters, leading zeros kept; null where missing.
    notes : tuple of Finding
        What was unified, with how many rows have it and the first of them.
    """

    values: pa.Array
    notes: tuple[Finding, ...] = ()


def read_ids(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> Ids:
    """Read a column of identifiers of any type.

    ``17850.0`` and ``17850`` are one, unless another id of the column has a true fraction: ids such as 1.0 and 1.1 are then versions of
    something. Numbers of many digits keep all that the column's type holds.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    name : str
        The column, as notes call it.
    where : callable
        The place of a row: "line 17".
    """
    column = combined(column)
    notes = _inexact(column, name, where) if pa.types.is_floating(column.type) else []
    found = Distinct.of(column)
    values, unified = _unify(found, name, where)
    values = missing_to_null(values)
    ids, numbers = _without_zero_fraction(values, found, name, where)
    return Ids(found.spread(ids), (*notes, *unified, *numbers, *_shortened(ids, found, name, where)))


def as_ids(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return identifiers as ``read_ids`` reads them, without the notes."""
    return read_ids(column, name="", where=str).values


def _unify(found: Distinct, name: str, where: Where) -> tuple[pa.Array, list[Finding]]:
    """Return the distinct texts without invisible characters and outer spaces, letters composed, and what was said about it."""
    values = found.values
    characters = bytes_of(values)
    if not len(characters) or (characters.min() > ord(" ") and characters.max() <= ord("~")):
        return values, []
    notes = []
    visible = pc.replace_substring_regex(values, INVISIBLE, "")
    if (changed := _differ(values, visible)).any():
        count = _values(found.count(changed), name, "has", "have")
        notes.append(Note("info", f"{count} invisible characters, such as {found.quote(changed, where)}: taken out."))
    trimmed = pc.utf8_trim_whitespace(visible)
    if (changed := _differ(visible, trimmed) & _filled(trimmed)).any():
        count = _values(found.count(changed), name, "has", "have")
        notes.append(
            Note(
                "info",
                f"{count} spaces around {'it' if found.count(changed) == 1 else 'them'}, such as {found.quote(changed, where)}: taken off.",
            )
        )
    if characters.max() < 0x80:
        return trimmed, notes
    composed = pc.utf8_normalize(trimmed, form="NFC")
    if (changed := _differ(trimmed, composed)).any():
        notes.append(_two_forms(found, trimmed, composed, changed, name, where))
    return composed, notes


def _two_forms(found: Distinct, trimmed: pa.Array, composed: pa.Array, changed: np.ndarray, name: str, where: Where) -> Finding:
    """Say which ids are written in two Unicode forms; without the other form in the column, that their letters were composed."""
    usual = composed.filter(pa.array(~changed))
    twice = changed & pc.is_in(composed, value_set=usual).to_numpy(zero_copy_only=False)
    if not twice.any():
        position, row = found.first(changed)
        count = _values(found.count(changed), name, "has", "have")
        first = f"{quoted(trimmed[position], plain=True)} in {where(row)}"
        return Note("info", f"{count} letters in two parts (another Unicode form), such as {first}: put together.")
    position, row = found.first(twice)
    other = pc.equal(composed, composed[position]).to_numpy(zero_copy_only=False) & ~changed
    beside, beside_row = found.first(other)
    number = pc.count_distinct(composed.filter(pa.array(twice))).as_py()
    ids = f"1 id of {name} is" if number == 1 else f"{number:,} ids of {name} are"
    one = f"{quoted(trimmed[beside], plain=True)} in {where(beside_row)}"
    two = f"{quoted(trimmed[position], plain=True)} in {where(row)}"
    return Note("info", f"{ids} written in two Unicode forms, such as {one} and {two}: taken for one.")


def _without_zero_fraction(values: pa.Array, found: Distinct, name: str, where: Where) -> tuple[pa.Array, list[Finding]]:
    if not (bytes_of(values) == _POINT).any():
        return values, []
    whole = true_of(pc.match_substring_regex(values, _WHOLE))
    if not whole.any() or pc.any(pc.match_substring_regex(values, _FRACTION)).as_py():
        return values, []
    ids = pc.if_else(pa.array(whole), pc.replace_substring_regex(values, r"\.0+$", ""), values)
    position, row = found.first(whole)
    first = f"{quoted(values[position])} in {where(row)} is {quoted(ids[position])}"
    return ids, [Note("info", f"{_values(found.count(whole), name, 'is', 'are')} written as a number with .0, which is left out: {first}.")]


def _shortened(ids: pa.Array, found: Distinct, name: str, where: Where) -> list[Finding]:
    """Notice what a spreadsheet makes of long ids when it takes them for numbers."""
    if not (bytes_of(ids) == ord("+")).any():
        return []
    short = true_of(pc.match_substring_regex(ids, _SHORTENED))
    if not short.any():
        return []
    text = (
        f"{_values(found.count(short), name, 'looks', 'look')} like a spreadsheet's short form of a longer id, such as "
        f"{found.quote(short, where)}: different ids may have become one; export the column as text."
    )
    return [Note("warning", text)]


def _inexact(column: pa.Array, name: str, where: Where) -> list[Finding]:
    """Notice floating numbers so large that not every whole number has one of its own."""
    wide = pc.cast(column, pa.float64())
    large = true_of(pc.and_(pc.greater_equal(pc.abs(wide), _EXACT[column.type]), pc.is_finite(wide)))
    if not large.any():
        return []
    row = int(np.argmax(large))
    text = (
        f"{_values(int(large.sum()), name, 'has', 'have')} more digits than its type (a floating number) keeps, such as "
        f"{quoted(written(column.slice(row, 1))[0])} in {where(row)}: different ids may have become one; export the column as text."
    )
    return [Note("warning", text)]


def _values(count: int, name: str, one: str, many: str) -> str:
    return f"{count:,} {'value' if count == 1 else 'values'} of {name} {one if count == 1 else many}"


def _differ(one: pa.Array, other: pa.Array) -> np.ndarray:
    return true_of(pc.not_equal(one, other))


def _filled(text: pa.Array) -> np.ndarray:
    return true_of(pc.not_equal(text, ""))
