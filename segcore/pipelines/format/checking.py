"""Checks of a pipeline's document against the layout: unknown keys and values, types, ranges, and passwords."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segcore.data.databases.address import has_password
from segcore.pipelines.format.key_lines import Path
from segcore.pipelines.format.layout import ROOT, Key, Kind, Table
from segcore.wording import pipelines as words

# Conditions and names are not connections: a column or a segment may be called "pass".
_TEXTS = frozenset(("query", "where", "names"))
_WANTED: Mapping[Kind, str] = {
    "text": "text in quotes",
    "whole": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "date": "a day, such as 2024-12-31",
    "as of": 'a day, such as 2024-12-31, or "latest"',
    "texts": "text in quotes or a list of texts",
    "labels": "a list of segments, such as [0, 2]",
    "grid": "a number, a word, or a list of them",
    "weight": "high, medium, low or a number above 0",
    "range": "a list of two whole numbers, such as [3, 8]",
    "table": "a table",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in a pipeline.

    Parameters
    ----------
    path : tuple of str and int
        The key that is wrong, or the table that lacks one.
    text : str
        The sentence, without the place.
    """

    path: Path
    text: str


def problems_of(document: Mapping[str, Any]) -> list[Problem]:
    """Return every error of types, keys, values and ranges; if there are passwords, only those errors, so that no message shows more."""
    secrets = list(_secrets(document, ()))
    return secrets or list(_table(document, ROOT, ()))


def masked(text: str) -> str:
    """Return a text to quote in a sentence; "…" if it contains a password."""
    return "…" if has_password(text) else text


def _secrets(value: Any, path: Path) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            if has_password(name):
                yield Problem(path, words.secret(f"A key of {words.key_text(path) or 'the file'}"))
            else:
                yield from _secrets(below, (*path, name))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _secrets(below, (*path, place))
    elif isinstance(value, str) and has_password(value) and ("://" in value or _TEXTS.isdisjoint(path)):
        yield Problem(path, words.secret(words.key_text(path)))


def _table(value: Any, table: Table, path: Path) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, words.wrong_type(words.key_text(path), _WANTED["table"], value))
        return
    for name, below in value.items():
        key = table.key(name)
        if key is None:
            known = [one.name for one in table.keys]
            yield Problem(
                (*path, name), words.unknown_key(words.key_text((*path, name)), words.key_text(path), similar(name, known), known)
            )
        elif key.table is not None and key.table.is_list and isinstance(below, list):
            for place, entry in enumerate(below):
                yield from _table(entry, key.table, (*path, name, place))
        elif key.table is not None:
            yield from _table(below, key.table, (*path, name))
        else:
            yield from _value(below, key, (*path, name))
    for key in table.keys:
        if key.is_required and key.name not in value:
            yield Problem(path, words.missing_key(key.name, words.key_text(path)))


def _value(value: Any, key: Key, path: Path) -> Iterator[Problem]:
    name = words.key_text(path)
    if not _fits(value, key.kind):
        yield Problem(path, words.wrong_type(name, _WANTED[key.kind], value))
    elif key.choices and value not in key.choices:
        yield Problem(path, words.unknown_value(name, value, similar(value, key.choices), key.choices))
    else:
        for number in value if isinstance(value, list) else (value,):
            if not isinstance(number, str) and _is_outside(number, key):
                yield Problem(path, words.out_of_range(name, number, key.low, key.high))
                return


def _is_outside(number: Any, key: Key) -> bool:
    return (key.low is not None and number < key.low) or (key.high is not None and number > key.high)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_day(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fits(value: Any, kind: Kind) -> bool:
    """Tell whether a value has the right type for a kind; dates and texts are checked further where they are used."""
    if kind == "text":
        return isinstance(value, str)
    if kind == "whole":
        return _is_whole(value)
    if kind == "number":
        return _is_number(value)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "as of" and value == "latest":
        return True
    if kind in ("date", "as of"):
        return isinstance(value, dt.date) or (isinstance(value, str) and _is_day(value))
    if kind == "weight":
        return isinstance(value, str) or (_is_number(value) and value > 0)
    if kind == "range":
        return isinstance(value, list) and len(value) == 2 and all(map(_is_whole, value)) and value[0] <= value[1]
    entries = value if isinstance(value, list) else [value]
    if kind == "texts":
        return all(isinstance(entry, str) for entry in entries)
    if kind == "labels":
        return isinstance(value, list) and bool(entries) and all(entry == "noise" or _is_whole(entry) for entry in entries)
    return bool(entries) and all(isinstance(entry, str) or _is_number(entry) for entry in entries)


def similar(name: str, known: Sequence[str]) -> list[str]:
    """Return the known name that a misspelt one probably is, if there is one."""
    by_letters = {one.lower().replace("-", "_"): one for one in known}
    found = difflib.get_close_matches(name.lower().replace("-", "_")[:100], list(by_letters), n=1, cutoff=0.6)
    return [by_letters[one] for one in found]
