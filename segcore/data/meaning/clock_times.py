"""Clock times: times of day in one column, combined with the days in another."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import TIME_OF_DAY
from segcore.data.columns.text import Distinct, combined, missing_to_null
from segcore.data.files.raw import Raw
from segcore.data.meaning.header_names import UNLIKELY_TIME, plain
from segcore.records.finding import Finding

_DAY = 86_400_000_000  # microseconds
_CLOCK_WORD = re.compile(r"(timeofday|time|clock|hour|uhrzeit|zeit|heure|horario|hora|orario|ora|tijdstip|tijd)(utc|local)?$")
_DAY_WORD = re.compile(
    r"(date|day|datum|tag|jour|fecha|dia|data|giorno|dag|dat|dt)(utc|local)?$|^(date|datum|fecha|data)(of|de|del|da|do|di)?"
)
_ANY_DOCUMENT = re.compile(
    r"(invoice|order|basket|transaction|trans|txn|receipt|ticket|purchase|sales?|bestell|kauf|rechnungs?"
    r"|commande|d?achat|vente|facture|pedido|compra|venta|venda|ordine|acquisto|vendita)?"
)
_LINKING = re.compile(r"^(de|del|da|do|di|of)|(de|del|da|do|di|of)$")
_HOURS_WORD = re.compile("hour|heure|hora")
_TELLING_DIGITS = 20


def clock_beside(raw: Raw, time: str, taken: Collection[str], *, rows: int) -> str | None:
    """Return the column with the times of day for the days of another, judged by name and content.

    Parameters
    ----------
    raw : Raw
    time : str
        The column of days.
    taken : collection of str
        Columns that have a role.
    rows : int
        Number of first rows to look at.
    """
    likely = [name for name in raw.names if name not in taken and _names_its_clock(name, time)]
    if not likely:
        return None
    sample = raw.head(rows)
    fitting = [name for name in likely if clock_times(sample[name], hours=_names_hours(name)) is not None]
    return fitting[0] if len(fitting) == 1 else None


def clock_times(column: pa.ChunkedArray | pa.Array, *, hours: bool = False) -> pa.Array | None:
    """Return times of day in microseconds since midnight, null if missing; ``None`` if a value is not a time or all are missing.

    Texts are 14:05, 14:05:30, 2:05 PM, 14h05; numbers 1405 or 140530, or hours from 0 to 23, all of one kind.

    Parameters
    ----------
    column : pyarrow ChunkedArray or Array
    hours : bool
        Whether numbers up to 23 are hours: nothing but the column's name tells.
    """
    column = combined(column)
    if pa.types.is_time(column.type):
        there = column.cast(pa.time64("us")).cast(pa.int64())
        return there if there.null_count < len(there) else None
    if pa.types.is_temporal(column.type) or pa.types.is_boolean(column.type) or pa.types.is_nested(column.type):
        return None
    text = pa.types.is_large_string(column.type)
    found = Distinct.of(missing_to_null(pc.utf8_trim_whitespace(column)) if text else column)
    if not len(found.values):
        return None
    values = found.values.to_pylist()
    moments = (
        _digits(values, hours=hours)
        if all(re.fullmatch(r"\d{1,6}(\.0+)?", value) for value in values)
        else [_time_of_day(value) for value in values]
    )
    if moments is None or None in moments:
        return None
    return found.spread(pa.array(moments, pa.int64()))


def with_clock(days: pa.Array, column: pa.ChunkedArray, *, time: str, clock: str) -> tuple[pa.Array, list[Finding]]:
    """Return days combined with the times of day of another column, and a finding on the result.

    Days that already have a time stay unchanged, and so do all days if a value of the other column is not a time of day.

    Parameters
    ----------
    days : pyarrow Array of timestamp[us]
    column : pyarrow ChunkedArray
        The times of day, as read.
    time, clock : str
        Names of the two columns.
    """
    moments = np.asarray(days.drop_null().cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)
    if not len(moments) or (moments % _DAY).any():
        return days, []
    times = clock_times(column, hours=_names_hours(clock))
    if times is None:
        return days, [Finding("date.clock_unreadable", "warning", {"column": time, "clock": clock})]
    both = pc.and_(pc.is_valid(times), pc.is_valid(days)).to_numpy(zero_copy_only=False)
    if not both.any():
        return days, []
    missing = len(moments) - int(both.sum())
    joined = pc.add(days.cast(pa.int64()), times.fill_null(0)).cast(pa.timestamp("us"))
    first = int(np.argmax(both))
    example = {"example": str(combined(column)[first].as_py()), "read_as": f"{joined[first].as_py():%Y-%m-%d %H:%M:%S}"}
    return joined, [Finding("date.clock_added", values={"column": time, "clock": clock, **example, "without": missing})]


def _names_its_clock(name: str, time: str) -> bool:
    """Tell whether a column's name matches that of a column of days: Order Time with Order Date."""
    letters = plain(name)
    word = _CLOCK_WORD.search(letters)
    if UNLIKELY_TIME.search(letters) or word is None:
        begins = re.match(r"heure|hora|ora|tijd", letters)
        if begins is None or UNLIKELY_TIME.search(letters):
            return False
        stem = letters[begins.end() :]
    else:
        stem = letters[: word.start()]
    bare = _LINKING.sub("", stem)
    return any(map(_ANY_DOCUMENT.fullmatch, (stem, bare))) or bare == _LINKING.sub("", _DAY_WORD.sub("", plain(time)))


def _names_hours(name: str) -> bool:
    return _HOURS_WORD.search(plain(name)) is not None


def _time_of_day(value: str) -> int | None:
    parts = TIME_OF_DAY.fullmatch(value)
    if parts is None:
        return None
    hour, minute, second = int(parts["hour"]), int(parts["minute"]), int(parts["second"] or 0)
    half = (parts["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return _microseconds(hour, minute, second)


def _digits(values: list[str], *, hours: bool) -> list[int | None] | None:
    """Read hours, or numbers such as 1405 or 140530 if there are enough to distinguish them from other numbers."""
    numbers = [int(float(value)) for value in values]
    if hours and max(numbers) < 24:
        return [_microseconds(number, 0, 0) for number in numbers]
    if len(numbers) < _TELLING_DIGITS or max(numbers) < 100:
        return None  # too few to decide, or hours
    unit = 1 if max(numbers) > 2359 else 100
    whole = [number * unit for number in numbers]
    return [_microseconds(number // 10_000, number // 100 % 100, number % 100) for number in whole]


def _microseconds(hour: int, minute: int, second: int) -> int | None:
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 if hour < 24 and minute < 60 and second < 60 else None
