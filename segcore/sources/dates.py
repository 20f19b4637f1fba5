"""Dates in the forms that files hold them in; the form is found from the whole column, and what was decided is said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.dataset import Note
from segcore.errors import DataError, ParameterError
from segcore.rules import DateOrder
from segcore.sources.text import Where, as_text, combined, missing_to_null, shown

_CLOCK = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)? ?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?$"
)
_NUMERIC = r"^(?P<a>\d{1,4})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{1,4})" + _CLOCK
_DAY_NAMED = r"^(?P<a>\d{1,2})[-/. ](?P<b>[A-Za-z]{3,9})[-/., ]+(?P<c>\d{2,4})" + _CLOCK
_NAMED_DAY = r"^(?P<b>[A-Za-z]{3,9})[. ]+(?P<a>\d{1,2}),? +(?P<c>\d{4})" + _CLOCK
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = (1900, 2199)
_TELLING_STEPS = 5
_EXCEL_DAYS = (20_000.0, 80_000.0)  # 1954 to 2119
_EXCEL_EPOCH = np.datetime64("1899-12-30", "us")
_EPOCHS = ((1e8, 5e9, "seconds", 1e6), (1e11, 5e12, "milliseconds", 1e3), (1e14, 5e15, "microseconds", 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """A column of times.

    Parameters
    ----------
    values : pyarrow Array of timestamp[us] without a zone
        As the clock on the wall showed them; null where missing.
    notes : tuple of Note
        How they were read, where that is a decision.
    bad : ndarray of shape (n_rows,), bool, or None
        Values that are no dates; ``None`` where there is none.
    """

    values: pa.Array
    notes: tuple[Note, ...] = ()
    bad: np.ndarray | None = None


def read_times(
    column: pa.ChunkedArray | pa.Array, *, name: str, where: Where, order: DateOrder | None = None, set_aside: bool = False
) -> Times:
    """Read a column of dates or times: real ones, ISO, day or month first, month names, Excel's day numbers, Unix time, 20101201.

    Raises
    ------
    DataError
        Where a value is no date in the form of the others, with its line; or day and month first are mixed.
    """
    column = combined(column)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _native(column, name)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _from_numbers(pc.cast(column, pa.float64(), safe=False), name=name, where=where)
    # The distinct values are parsed once each: transactions share their times.
    encoded = missing_to_null(as_text(column)).dictionary_encode()
    rows = encoded.indices
    distinct = encoded.dictionary

    def place(position: int) -> str:
        return where(int(pc.index(rows, pa.scalar(position, rows.type)).as_py()))

    if len(distinct) == 0:
        return Times(pa.nulls(len(rows), pa.timestamp("us")))
    if pc.all(pc.match_substring_regex(distinct, r"^\d+(\.\d+)?$")).as_py():
        parsed = _from_numbers(pc.cast(distinct, pa.float64()), name=name, where=place)
    else:
        parsed = _from_text(distinct, rows, name=name, where=place)
    return Times(parsed.values.take(rows), parsed.notes)


def parse_moment(text: str, *, name: str) -> dt.datetime:
    """Read one ISO date, with or without a time of day.

    Raises
    ------
    ParameterError
        Where it is not one.
    """
    try:
        return dt.datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        raise ParameterError(f"{name} must be a date such as 2011-12-09, got {text!r}.") from None


def _native(column: pa.Array, name: str) -> Times:
    notes: tuple[Note, ...] = ()
    zone = getattr(column.type, "tz", None)
    if zone:
        column = pc.local_timestamp(column)
        notes = (Note("info", f"{name} is read as the local time of {zone}."),)
    return Times(pc.cast(column, pa.timestamp("us"), safe=False), notes)


def _from_numbers(numbers: pa.Array, *, name: str, where: Where) -> Times:
    values = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    there = ~np.isnan(values)
    known = values[there]

    def within(low: float, high: float) -> bool:
        return len(known) > 0 and bool(((known >= low) & (known <= high)).all())

    result = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    if within(*_EXCEL_DAYS):
        # Excel counts days in float64: rounding to whole seconds takes its dust off.
        seconds = np.round(known * 86_400.0).astype(np.int64)
        result[there] = _EXCEL_EPOCH + seconds.astype("timedelta64[s]")
        return Times(pa.array(result), (Note("info", f"{name} holds Excel's day numbers, read as dates since 1899-12-30."),))
    if within(_YEARS[0] * 10_000 + 101, _YEARS[1] * 10_000 + 1231) and (known == np.floor(known)).all():
        whole = known.astype(np.int64)
        days, good = _days(whole // 10_000, whole // 100 % 100, whole % 100)
        if not good.all():
            first = int(np.flatnonzero(there)[int(np.argmin(good))])
            raise DataError(f"{name} must hold dates: {values[first]:.0f} in {where(first)} is none.")
        result[there] = days
        return Times(pa.array(result))
    for low, high, unit, factor in _EPOCHS:
        if within(low, high):
            result[there] = np.round(known * factor).astype(np.int64).astype("datetime64[us]")
            return Times(pa.array(result), (Note("info", f"{name} is read as {unit} since 1970-01-01 (UTC)."),))
    if not len(known):
        return Times(pa.array(result))
    first = int(np.argmax(there))
    raise DataError(
        f"{name} must hold dates, but holds numbers that are none ({values[first]:g} in {where(first)}): give the role time to another "
        "column."
    )


def _from_text(distinct: pa.Array, rows: pa.Array, *, name: str, where: Where) -> Times:
    candidates = [pc.extract_regex(distinct, pattern) for pattern in (_NUMERIC, _DAY_NAMED, _NAMED_DAY)]
    parts = min(candidates, key=lambda found: found.null_count)
    good = parts.is_valid().to_numpy(zero_copy_only=False)
    if not good.all():
        raise _bad_dates(distinct, good, name=name, where=where)
    numbers = {key: _whole(parts.field(key)) for key in ("a", "c", "hour", "minute", "second")}
    named = pc.match_substring_regex(parts.field("b")[:1], r"^\D").to_pylist()[0]
    numbers["b"] = _named_months(parts.field("b")) if named else _whole(parts.field("b"))
    years, months, days, notes = _order(distinct, rows, parts, numbers, named=bool(named), name=name, where=where)
    midnight, good = _days(years, months, days)
    clock, good_clock = _clock(parts, numbers)
    good &= good_clock
    if not good.all():
        raise _bad_dates(distinct, good, name=name, where=where)
    if pc.any(pc.not_equal(parts.field("zone"), "")).as_py():
        notes.append(Note("info", f"{name} is read as written; its time zones are left out."))
    notes.extend(_twelve_hours(parts, numbers["hour"], name))
    return Times(pa.array(midnight.astype("datetime64[us]") + clock), tuple(notes))


def _order(
    distinct: pa.Array, rows: pa.Array, parts: pa.Array, numbers: dict[str, np.ndarray], *, named: bool, name: str, where: Where
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Note]]:
    """Decide which part is the year, the month and the day."""
    a, b, c = numbers["a"], numbers["b"], numbers["c"]
    if named:
        return _century(c, parts.field("c")), b, a, []
    year_first = np.char.str_len(parts.field("a").to_numpy(zero_copy_only=False).astype(str)) > 2
    if year_first.all() or (a.max() > 31 and not (c > 31).any()):
        return _century(a, parts.field("a")), b, c, []
    if year_first.any():
        first = int(np.argmax(year_first != year_first[0]))
        raise DataError(
            f"{name} mixes dates that begin with the year with others: {shown(distinct[0])} in {where(0)} and {shown(distinct[first])} in "
            f"{where(first)}; write them all in one way."
        )
    years = _century(c, parts.field("c"))
    day_first, month_first = (a > 12).any(), (b > 12).any()
    if day_first and month_first:
        one, other = int(np.argmax(a > 12)), int(np.argmax(b > 12))
        raise DataError(
            f"{name} mixes dates with the day first ({shown(distinct[one])} in {where(one)}) and with the month first "
            f"({shown(distinct[other])} in {where(other)}); write them all in one way."
        )
    sample = distinct[0].as_py()
    if day_first or month_first:
        order = "day" if day_first else "month"
        note = Note("info", f"{name} is read with the {order} first.")
        return (years, b, a, [note]) if day_first else (years, a, b, [note])
    order, reason = _undecided(years, a, b, rows)
    note = Note(
        "warning",
        f"{name} does not tell days from months (no value above 12 in either place): read with the {order} first, since {reason}; "
        f"check that {sample} is {_spelled(years[0], *((b[0], a[0]) if order == 'day' else (a[0], b[0])))}.",
    )
    return (years, b, a, [note]) if order == "day" else (years, a, b, [note])


def _undecided(years: np.ndarray, a: np.ndarray, b: np.ndarray, rows: pa.Array) -> tuple[str, str]:
    """Choose the order in which the rows run forward in time, else the one with the shorter span, else the month first."""
    codes = rows.drop_null().to_numpy(zero_copy_only=False)
    backward, span, n_steps = {}, {}, 0
    for order, (months, days) in {"month": (a, b), "day": (b, a)}.items():
        dates = _days(years, months, days)[0]
        steps = np.diff(dates[codes].astype(np.int64))
        n_steps = int((steps != 0).sum())
        backward[order] = (steps < 0).sum() / max(n_steps, 1)
        span[order] = int((dates.max() - dates.min()).astype(np.int64))
    if n_steps >= _TELLING_STEPS and abs(backward["day"] - backward["month"]) > 0.1:
        return min(backward, key=lambda order: backward[order]), "the rows then run forward in time"
    if n_steps >= 2 and (span["day"] * 2 < span["month"] or span["month"] * 2 < span["day"]):
        return min(span, key=lambda order: span[order]), "the dates then lie close together"
    return "month", "nothing speaks for the day"


def _spelled(year: int, month: int, day: int) -> str:
    return f"{day} {dt.date(2000, int(month), 1):%B} {year}" if 1 <= month <= 12 else f"{year}-{month}-{day}"


def _whole(text: pa.Array) -> np.ndarray:
    return pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64()).to_numpy(zero_copy_only=False)


def _named_months(text: pa.Array) -> np.ndarray:
    # 0 is no month, so that a word that is none is reported with its line.
    short = pc.utf8_slice_codeunits(pc.utf8_lower(text), 0, 3)
    found = pc.index_in(short, value_set=pa.array(_MONTHS, short.type))
    return pc.fill_null(pc.add(found, 1), 0).to_numpy(zero_copy_only=False).astype(np.int64)


def _century(years: np.ndarray, text: pa.Array) -> np.ndarray:
    short = pc.less_equal(pc.utf8_length(text), 2).to_numpy(zero_copy_only=False)
    return np.where(short, np.where(years < 70, 2000, 1900) + years, years)


def _days(years: np.ndarray, months: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return midnights and which of them are true dates."""
    good = (years >= _YEARS[0]) & (years <= _YEARS[1]) & (months >= 1) & (months <= 12) & (days >= 1)
    month = (np.where(good, years, 1970) - 1970).astype("datetime64[Y]").astype("datetime64[M]") + np.where(good, months - 1, 0)
    midnight = month.astype("datetime64[D]") + np.where(good, days - 1, 0)
    return midnight.astype("datetime64[us]"), good & (midnight.astype("datetime64[M]") == month)


def _clock(parts: pa.Array, numbers: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the time of day in microseconds and which of them are true."""
    hour, minute, second = numbers["hour"], numbers["minute"], numbers["second"]
    half = pc.utf8_lower(pc.utf8_slice_codeunits(parts.field("half"), 0, 1)).to_numpy(zero_copy_only=False)
    marked = half != ""
    good = (minute <= 59) & (second <= 59) & np.where(marked, (hour >= 1) & (hour <= 12), hour <= 23)
    hour = np.where(marked, hour % 12 + np.where(half == "p", 12, 0), hour)
    micros = _whole(pc.utf8_slice_codeunits(pc.utf8_rpad(parts.field("fraction"), 6, "0"), 0, 6))
    return (((hour * 60 + minute) * 60 + second) * 1_000_000 + micros).astype("timedelta64[us]"), good


def _twelve_hours(parts: pa.Array, hours: np.ndarray, name: str) -> list[Note]:
    """Notice a clock that never shows 0 or more than 12, though it shows both small and large hours, and no AM or PM."""
    timed = pc.not_equal(parts.field("minute"), "").to_numpy(zero_copy_only=False)
    if not timed.any() or pc.any(pc.not_equal(parts.field("half"), "")).as_py():
        return []
    shown_hours = np.unique(hours[timed])
    if timed.sum() < 12 or shown_hours[0] < 1 or shown_hours[-1] > 12 or shown_hours[0] > 6 or shown_hours[-1] < 7:
        return []
    return [
        Note(
            "warning",
            f"{name} seems to come from a 12-hour clock without AM or PM (no hour is 0 or above 12): hours may be 12 too early or too "
            "late, so Recency and other whole days may be off by one day; export the file again with a 24-hour clock.",
        )
    ]


def _bad_dates(distinct: pa.Array, good: np.ndarray, *, name: str, where: Where) -> DataError:
    first = int(np.argmin(good))
    number = int((~good).sum())
    values = "1 value is not" if number == 1 else f"{number:,} different values are not"
    return DataError(
        f"{name} must hold dates in one form, but {values}: the first is {shown(distinct[first].as_py())} in {where(first)}; correct it or "
        "give the role time to another column."
    )
