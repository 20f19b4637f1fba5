"""Sentences on columns of numbers, dates and ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

Example = Mapping[str, str]
"""Value of the data and its place: ``{"value": "17850", "place": "line 7"}``."""
_MOST_ZONES = 4
_ORDERS = {"dmy": "the day first", "mdy": "the month first", "ymd": "the year first"}
_MARKS = {".": "Points", ",": "Commas", " ": "Spaces", "'": "Apostrophes"}
_DECIMALS = {".": "decimal points", ",": "decimal commas"}
_HOLDS = {"boolean": "yes and no", "time": "dates or times", "clock": "times without a day"}

# Clauses on what is wrong with a value; they follow the value in a sentence.
FAULTS: Mapping[str, Callable[..., str]] = {
    "not_finite": lambda: ", which is not finite",
    "too_large": lambda: ", which is too large",
    "too_long": lambda: ", which has more digits than a number can hold (is it an id?)",
    "other_currency": lambda others: f", though others are in another currency, such as {example_text(others)}",
    "percent_sign": lambda others: f", though others have no percent sign, such as {example_text(others)}",
    "no_percent_sign": lambda others: f", though others have a percent sign, such as {example_text(others)}",
    "other_decimal_mark": lambda mark, others: f", though others have {_DECIMALS[mark]}, such as {example_text(others)}",
    "other_mark": lambda mark, others: f", though others have {_MARKS[mark].lower()} instead, such as {example_text(others)}",
    "no_such_day": lambda: ", a day that does not exist",
    "no_such_time": lambda: ", a time that does not exist",
    "year_outside": lambda first, last: f", a year outside {first} to {last}",
    "other_format": lambda others: f", though others are in another format, such as {example_text(others)}",
    "not_in_order": lambda order: f", which is not a date with {_ORDERS[order]}",
    "other_order": lambda order, others: f", though others have {_ORDERS[order]}, such as {example_text(others)}",
}


def example_text(example: Example, *, plain: bool = False) -> str:
    """Return a value with its place, such as ``'17850' in line 7``; ``plain`` escapes all but ASCII characters."""
    return f"{quoted(example['value'], plain=plain)} in {example['place']}"


def and_do(do: str) -> str:
    """Return a remedy as the continuation of a sentence; "" without a remedy."""
    return f", {do}" if do else ""


def _bad_values(hold: str) -> Callable[..., str]:
    def make(column: str, count: int, example: Example, fault: Mapping[str, Any] | None, do: str = "") -> str:
        cannot = f"{counted(count, 'value')} cannot be read"
        wrong = "" if fault is None else FAULTS[fault["code"]](**{name: value for name, value in fault.items() if name != "code"})
        correct = f"correct {'it' if count == 1 else 'them'}{and_do(do)}, or choose another column"
        return f"{named(column)} must hold {hold}, but {cannot}: the first is {example_text(example)}{wrong}; {correct}."

    return make


def _missing(column: str, count: int, example: Example) -> str:
    which = f"{counted(count, 'value')} of {named(column)}, the first {example_text(example)},"
    return f"{which} {'is' if count == 1 else 'are'} read as missing."


def _mark(column: str, mark: str, separates: str, example: Example, read_as: float) -> str:
    what = "thousands separators" if separates == "thousands" else _DECIMALS[mark]
    return f"{_MARKS[mark]} in {named(column)} are read as {what}: {_is(example, read_as)}."


def _ambiguous_mark(column: str, mark: str, example: Example, read_as: float, otherwise: float) -> str:
    could = f"{_MARKS[mark]} in {named(column)} could be thousands or decimals"
    return f"{could}: {example_text(example)} is read as {read_as:.15g}; if it is {otherwise:.15g}, write it that way in the file."


def _is(example: Example, read_as: float) -> str:
    return f"{example_text(example)} is {read_as:.15g}"


def _characters(column: str, example: Example, read_as: str) -> str:
    read = f"{example_text(example, plain=True)} is read as {quoted(read_as)}"
    return f"{named(column)} has characters other than plain digits and signs: {read}."


NUMBERS: Mapping[str, Callable[..., str]] = {
    "number.bad_values": _bad_values("numbers"),
    "number.wrong_type": lambda column, holds: f"{named(column)} must hold numbers, but holds {_HOLDS[holds]}.",
    "number.missing": _missing,
    "number.mark": _mark,
    "number.ambiguous_mark": _ambiguous_mark,
    "number.characters": _characters,
    "number.currency": lambda column, mark, example: (
        f"{named(column)} has the currency {mark}, such as {example_text(example)}: it is read as plain numbers."
    ),
    "number.percent": lambda column, example: f"{named(column)} has percent signs, such as {example_text(example)}: 12 % is read as 12.",
    "number.brackets": lambda column, example, read_as: f"Brackets in {named(column)} are read as negative: {_is(example, read_as)}.",
    "number.minus_behind": lambda column, example, read_as: (
        f"A minus after the number in {named(column)} is read as negative: {_is(example, read_as)}."
    ),
    "number.durations": lambda column: f"{named(column)} holds durations, which are read as days.",
    "number.texts": lambda column, count, example: (
        f"{named(column)} holds numbers, except for {counted(count, 'text')} read as missing ({example_text(example)})."
    ),
    "number.infinite": lambda column, count, example, do: (
        f"{named(column)} holds numbers, but {counted(count, 'value')} {'is' if count == 1 else 'are'} not finite: the first is "
        f"{example_text(example)}; correct {'it' if count == 1 else 'them'}, or {do}."
    ),
    "number.amount_too_large": lambda quantity, price, count, example, do: (
        f"{named(quantity)} times {named(price)} is more than a number can hold in {counted(count, 'row')}: the first is "
        f"{example['quantity']:g} times {example['price']:g} in {example['place']}; correct {'it' if count == 1 else 'them'}, or {do}."
    ),
}


def _ambiguous_order(column: str, orders: Sequence[str], example: Example, readings: Sequence[Sequence[int]], do: str) -> str:
    titles = " or ".join(_ORDERS[order] for order in orders)
    dates = " or ".join(_date_text(*reading) for reading in readings)
    could = f"{named(column)} could have {titles}, since no date decides it (a day above 12 would)"
    return f"{could}: {example_text(example)} is {dates}; {do}."


def _date_text(year: int, month: int, day: int) -> str:
    try:
        return f"{day} {dt.date(year, month, day):%B} {year}"
    except ValueError:
        return f"{year}-{month:02}-{day:02}, which does not exist"


def _order(column: str, order: str, example: Example) -> str:
    return f"{named(column)} is read with {_ORDERS[order]}, since {example_text(example)} cannot be anything else."


def _order_by_few(column: str, order: str, example: Example, deciding: int, dates: int) -> str:
    few = f"only {deciding:,} of {dates:,} dates {'decides' if deciding == 1 else 'decide'} that, so check for typing errors"
    return f"{_order(column, order, example)[:-1]}; {few}."


def _zones(column: str, zones: Sequence[str], some_without: bool) -> str:
    found = [*zones, "none"] if some_without else list(zones)
    more = [f"{len(found) - _MOST_ZONES} more"] if len(found) > _MOST_ZONES else []
    several = f"{named(column)} has times in several zones ({listed([*found[:_MOST_ZONES], *more])})"
    return f"{several}: each is read as the local clock showed it."


DATES: Mapping[str, Callable[..., str]] = {
    "date.bad_values": _bad_values("dates in one format"),
    "date.wrong_type": lambda column, holds, do: f"{named(column)} must hold dates, but holds {_HOLDS[holds]}: {do}.",
    "date.missing": _missing,
    "date.ambiguous_order": _ambiguous_order,
    "date.none_in_order": lambda column, order, example, do: (
        f"{named(column)} has no date with {_ORDERS[order]}: the first value is {example_text(example)}; {do}."
    ),
    "date.order": _order,
    "date.order_by_few": _order_by_few,
    "date.mixed_orders": lambda column, order, count: (
        f"{named(column)} mixes orders of day and month: {counted(count, 'date')} that could be either {'is' if count == 1 else 'are'} "
        f"read with {_ORDERS[order]}."
    ),
    "date.year_first": lambda column, firsts, lasts, example, read_as: (
        f"{named(column)} is read with the year first, since the last number has {lasts} different values and the first {firsts}: check "
        f"that {example_text(example)} is {_date_text(*read_as)}."
    ),
    "date.short_years": lambda column, example, read_as: (
        f"{named(column)} has years of two digits, read as 1970 to 2069: {example_text(example)} is {read_as}."
    ),
    "date.months": lambda column, example, read_as: (
        f"{named(column)} has months without a day, read as the first of each: {example_text(example)} is {read_as}."
    ),
    "date.day_numbers": lambda column: f"{named(column)} holds Excel's day numbers, read as dates since 1899-12-30.",
    "date.unix_time": lambda column, unit: f"{named(column)} is read as {unit} since 1970-01-01 (UTC).",
    "date.zone": lambda column, zone: (
        f"{named(column)} is read as written: its times are in {'UTC' if zone == 'UTC' else f'the zone {zone}'}."
    ),
    "date.zones": _zones,
    "date.local_time": lambda column, zone: f"{named(column)} is read as the local time of {zone}.",
    "date.unknown_zone": lambda column, zone: (
        f"{named(column)} has times in the zone {quoted(zone)}, which is not known: export it with another zone."
    ),
    "date.twelve_hour_clock": lambda column: (
        f"{named(column)} seems to come from a 12-hour clock without AM or PM (no hour is 0 or above 12): hours may be off by 12, "
        "and Recency and other whole days by one; export the file again with a 24-hour clock."
    ),
    "date.clock_added": lambda column, clock, example, read_as, without: (
        f"{named(clock)} is read as the time of day of {named(column)}: {quoted(example)} gives {read_as}"
        + (f"; {counted(without, 'row')} without {named(clock)} {'counts' if without == 1 else 'count'} as 0:00." if without else ".")
    ),
    "date.clock_unreadable": lambda column, clock: (
        f"{named(clock)} has values that are not times of day, so {named(column)} is used without it."
    ),
}


def _values(column: str, count: int, one: str, many: str) -> str:
    return f"{counted(count, 'value')} of {named(column)} {one if count == 1 else many}"


IDS: Mapping[str, Callable[..., str]] = {
    "id.invisible": lambda column, count, example: (
        f"{_values(column, count, 'has', 'have')} invisible characters, such as {example_text(example)}: they are removed."
    ),
    "id.spaces": lambda column, count, example: (
        f"{_values(column, count, 'has', 'have')} spaces around {'it' if count == 1 else 'them'}, such as {example_text(example)}: they "
        "are removed."
    ),
    "id.composed": lambda column, count, example: (
        f"{_values(column, count, 'has', 'have')} letters stored in two parts (another Unicode form), such as "
        f"{example_text(example, plain=True)}: they are combined."
    ),
    "id.two_forms": lambda column, count, example, other: (
        f"{counted(count, 'id')} of {named(column)} {'is' if count == 1 else 'are'} written in two Unicode forms, such as "
        f"{example_text(example, plain=True)} and {example_text(other, plain=True)}: both count as the same id."
    ),
    "id.zero_fraction": lambda column, count, example, read_as: (
        f"{_values(column, count, 'ends', 'end')} in .0, which is dropped: {example_text(example)} is {quoted(read_as)}."
    ),
    "id.shortened": lambda column, count, example: (
        f"{_values(column, count, 'looks', 'look')} like a spreadsheet's short form of a longer id, such as {example_text(example)}: "
        "different ids may have become one; export the column as text."
    ),
    "id.inexact": lambda column, count, example: (
        f"{_values(column, count, 'has', 'have')} more digits than its type (a floating number) keeps, such as {example_text(example)}: "
        "different ids may have become one; export the column as text."
    ),
}
SENTENCES: Mapping[str, Callable[..., str]] = {**NUMBERS, **DATES, **IDS}
