"""Sentences on second tables: of customers or items, matched to the data by their ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.wording.features import reason_text
from segcore.wording.numbers import counted
from segcore.wording.quotes import named, quoted
from segcore.wording.roles import column_names
from segcore.wording.rows import reason_label

_ONE = {"customers": "customer", "items": "item"}
_MOST_COLUMNS = 20


def _customers(file: str, column: str, columns: Sequence[str], found: int, customers: int, others: int, zeros: int = 0) -> str:
    rest = f"; {counted(others, 'row')} of it {'belongs' if others == 1 else 'belong'} to no customer" if others else ""
    return f"{named(file)} describes {found:,} of {counted(customers, 'customer')}, found by {named(column)}{rest}{_zeros(zeros)}."


def _items(file: str, column: str, columns: Sequence[str], found: int, items: int, unknown: int, lines: int, zeros: int = 0) -> str:
    rest = f"; {unknown:,} of {counted(lines, 'row')} {'is' if unknown == 1 else 'are'} of other items" if unknown else ""
    return f"{named(file)} describes {found:,} of {counted(items, 'item')}, found by {named(column)}{rest}{_zeros(zeros)}."


def _zeros(zeros: int) -> str:
    return f"; {zeros:,} more would match without leading zeros, so write the ids alike in both files" if zeros else ""


def _not_carried(file: str, columns: Sequence[Mapping[str, Any]]) -> str:
    shown = "; ".join(f"{named(entry['column'])} ({reason_text(entry['reason'])})" for entry in columns[:_MOST_COLUMNS])
    more = f" and {len(columns) - _MOST_COLUMNS} more" if len(columns) > _MOST_COLUMNS else ""
    return f"Not used from {named(file)}: {shown}{more}."


def _no_match(
    file: str, columns: Sequence[str], example: str | None, of: str, column: str, wanted: str | None, do: str, **more: Any
) -> str:
    tried = column_names(columns[:_MOST_COLUMNS])
    has = "has no values" if example is None else f"has values such as {quoted(example)}"
    there = f"while {named(column)} of the data has {quoted(wanted)}" if wanted is not None else f"and {named(column)} of the data is empty"
    which = f"{tried} {has}" if len(columns) == 1 else f"of {tried}, none matches: {named(columns[0])} {has}"
    correct = "correct the ids"
    if more.get("zeros"):
        correct = f"without leading zeros, {more['zeros']:,} of {more['ids']:,} would match, so write the ids alike in both files"
    return f"{named(file)} has no row for any {_ONE[of]} of the data: {which}, {there}; {correct}, or {do}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "second.customers": _customers,
    "second.items": _items,
    "second.set_aside": lambda file, rows, reason: f"{named(file)}: {counted(rows, 'row')} set aside: {reason_label(reason)}.",
    "second.not_carried": _not_carried,
    "second.adds_nothing": lambda file, column: (
        f"{named(file)} has no column besides {named(column)} that can be shown, so it adds nothing."
    ),
    "second.no_column": lambda file, column, names, do: (
        f"{named(file)} has no column {quoted(column)}: its columns are {column_names(names)}; {do}."
    ),
    "second.no_match": _no_match,
    "second.repeated": lambda file, column, value, places, of, names: (
        f"{named(file)} has two different rows for {named(column)} {quoted(value)}, in {places[0]} and in {places[1]}: keep one row per "
        f"{_ONE[of]}."
    ),
    "second.items_needed": lambda file, column, items, do: (
        f"{named(file)} lacks {named(column)}, which the sweep's categories come from: it is a column of {named(items)}; {do}."
    ),
    "second.no_role": lambda file, data, role, do: (
        f"{named(file)} cannot be matched, because no column of {named(data)} has the role {role}: {do}."
    ),
}
