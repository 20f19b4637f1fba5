"""Parts of dates in text: year, month, day, clock and zone, for each form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import LONGEST, MONTH_OF, NUMBER_RANGES, PATTERNS, YEARS, Form

_EXCEL_EPOCH = int(np.datetime64("1899-12-30", "us").astype(np.int64))


@dataclass(slots=True, eq=False)
class DateParts:
    """Parts of a column's distinct texts, arrays of shape (n_values,).

    Parameters
    ----------
    form : int8
        -1 if a text has no known form.
    style : int16
        Differs within a form by the separators, and by years of two or four digits.
    a, b, c : int64
        The parts of the date: day, month and year if the form determines them, else from left to right.
    a_digits, c_digits : int8
        Number of digits as written.
    clock : int64
        Microseconds since midnight, or, in forms of one number, since 1970.
    hour : int8
        As written; -1 without a clock.
    true_clock : bool
    half : int8
        0 without a clock, 1 with one, 2 with AM or PM.
    zone : int8
        Position in ``zones``; 0 means without a zone.
    zones : list of str
    """

    form: np.ndarray
    style: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    a_digits: np.ndarray
    c_digits: np.ndarray
    clock: np.ndarray
    hour: np.ndarray
    true_clock: np.ndarray
    half: np.ndarray
    zone: np.ndarray
    zones: list[str] = field(default_factory=lambda: [""])

    @classmethod
    def none(cls, n: int) -> DateParts:
        """Return empty parts for ``n`` texts."""
        wide, small = (lambda: np.zeros(n, np.int64)), (lambda: np.zeros(n, np.int8))
        return cls(
            form=np.full(n, -1, np.int8), style=np.zeros(n, np.int16), a=wide(), b=wide(), c=wide(), a_digits=small(), c_digits=small(),
            clock=wide(), hour=np.full(n, -1, np.int8), true_clock=np.ones(n, bool), half=small(), zone=small(),
        )  # fmt: skip


def split_dates(values: pa.Array) -> DateParts:
    """Parse distinct texts as dates."""
    parts = DateParts.none(len(values))
    possible = pc.and_(pc.match_substring_regex(values, r"\d"), pc.less(pc.binary_length(values), LONGEST))
    left, rest = np.flatnonzero(possible.to_numpy(zero_copy_only=False)), values.filter(possible)
    for form, pattern in PATTERNS:
        if not len(left):
            break
        found = pc.extract_regex(rest, pattern)
        hit = found.is_valid().to_numpy(zero_copy_only=False)
        if hit.any():
            taken = found.filter(pa.array(hit))
            if form == Form.DAY_NUMBER:
                _take_number(parts, left[hit], taken.field("number"))
            else:
                hit[hit] = _take_date(parts, left[hit], taken, form)
            left, rest = left[~hit], rest.filter(pa.array(~hit))
    return parts


def midnights(years: np.ndarray, months: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return days as midnights (datetime64[us]), and which of the days exist."""
    good = (years >= YEARS[0]) & (years <= YEARS[1]) & (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)
    month = (np.where(good, years, 1970) - 1970).astype("datetime64[Y]").astype("datetime64[M]") + np.where(good, months - 1, 0)
    midnight = month.astype("datetime64[D]") + np.where(good, days - 1, 0)
    return midnight.astype("datetime64[us]"), good & (midnight.astype("datetime64[M]") == month)


def full_years(years: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Return two-digit years as years from 1970 to 2069."""
    return np.where(digits <= 2, np.where(years < 70, 2000, 1900) + years, years)


def _take_date(parts: DateParts, rows: np.ndarray, taken: pa.StructArray, form: int) -> np.ndarray:
    """Fill in the texts of one form; return which texts have it."""
    text = {part.name: taken.field(part.name) for part in taken.type}
    there = np.ones(len(rows), dtype=bool)
    forms = np.full(len(rows), form, np.int8)
    style = np.zeros(len(rows), np.int16)
    c_digits = _lengths(text["c"])
    a_digits = _lengths(text["a"]) if "a" in text else np.ones(len(rows), np.int8)
    if "s" in text:
        style += _first_letters(text["s"])
    if form == Form.YEAR_FIRST:
        forms[:] = np.select([(a_digits == 4) & (c_digits <= 2), (a_digits <= 2) & (c_digits == 4), (a_digits <= 2) & (c_digits <= 2)],
                             [Form.YEAR_FIRST, Form.YEAR_LAST, Form.SHORT_YEAR], -1)  # fmt: skip
        there = (forms >= 0) & (style == _first_letters(text["t"]))
        months = _whole(text["b"])
    elif form in (Form.DAY_NAME_YEAR, Form.NAME_DAY_YEAR, Form.YEAR_NAME_DAY, Form.NAMED_MONTH):
        months = _named_months(text["b"])
        there = (months > 0) & (c_digits != 3)
        style += (c_digits == 2) * 256
    else:
        months = _whole(text["b"])
    if form == Form.COMPACT:
        there = _compact(text, months)
    rows = rows[there]
    parts.form[rows], parts.style[rows] = forms[there], style[there]
    parts.a[rows] = _whole(text["a"])[there] if "a" in text else 1
    parts.b[rows], parts.c[rows] = months[there], _whole(text["c"])[there]
    parts.a_digits[rows], parts.c_digits[rows] = a_digits[there], c_digits[there]
    if "hour" in text:
        _take_clock(parts, rows, {key: part.filter(pa.array(there)) for key, part in text.items()})
    return there


def _compact(text: dict[str, pa.Array], months: np.ndarray) -> np.ndarray:
    """Return which texts of 8, 12 or 14 digits begin with a year; 12 digits are milliseconds unless all are days and hours."""
    year, day = _whole(text["c"]), _whole(text["a"])
    true = (year >= YEARS[0]) & (year <= YEARS[1])
    twelve = ~_empty(text["hour"]) & _empty(text["second"])
    exist = midnights(year, months, day)[1] & (_whole(text["hour"]) <= 23) & (_whole(text["minute"]) <= 59)
    return true & (~twelve | bool(exist[twelve].all()))


def _take_clock(parts: DateParts, rows: np.ndarray, text: dict[str, pa.Array]) -> None:
    hour, minute, second = (_whole(text[key]) for key in ("hour", "minute", "second"))
    timed = ~_empty(text["hour"])
    marked, after_noon = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    micros = np.zeros(len(rows), np.int64)
    if "half" in text:
        half = pc.utf8_lower(pc.utf8_slice_codeunits(text["half"], 0, 1))
        marked, after_noon = ~_empty(half), pc.equal(half, "p").to_numpy(zero_copy_only=False)
        micros = _whole(pc.utf8_slice_codeunits(pc.utf8_rpad(text["fraction"], 6, "0"), 0, 6))
    parts.hour[rows] = np.where(timed, hour, -1)
    parts.true_clock[rows] = (minute <= 59) & (second <= 59) & np.where(marked, (hour >= 1) & (hour <= 12), hour <= 23)
    parts.half[rows] = timed * (1 + marked)
    hour = np.where(marked, hour % 12 + np.where(after_noon, 12, 0), hour)
    parts.clock[rows] = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros
    zones = text["zone"].dictionary_encode()
    for position, zone in enumerate(zones.dictionary.to_pylist()):
        name = _zone(zone)
        if name not in parts.zones:
            parts.zones.append(name)
        if name:
            parts.zone[rows[zones.indices.to_numpy() == position]] = parts.zones.index(name)


def _zone(written: str) -> str:
    if re.match(r"[+-]\d", written):
        offset = f"{written[:3]}:{written[3:].lstrip(':') or '00'}"
        return "UTC" if offset[1:] == "00:00" else offset
    return {"Z": "UTC", "GMT": "UTC"}.get(written.upper(), written.upper())


def _take_number(parts: DateParts, rows: np.ndarray, text: pa.Array) -> None:
    """Fill in Excel's day numbers and Unix times, which differ by their size."""
    numbers = pc.cast(pc.replace_substring(text, ",", "."), pa.float64()).to_numpy(zero_copy_only=False)
    for form, (low, high, micros) in NUMBER_RANGES.items():
        within = (numbers >= low) & (numbers <= high)
        parts.form[rows[within]] = form
        if form == Form.DAY_NUMBER:
            # Excel counts days in float64: rounding to whole seconds removes its rounding errors.
            parts.clock[rows[within]] = _EXCEL_EPOCH + np.round(numbers[within] * 86_400.0).astype(np.int64) * 1_000_000
        else:
            parts.clock[rows[within]] = np.round(numbers[within] * micros).astype(np.int64)


def _named_months(text: pa.Array) -> np.ndarray:
    """Return the months that words name; 0 for other words."""
    encoded = text.dictionary_encode()
    plain = [unicodedata.normalize("NFKD", name.casefold()) for name in encoded.dictionary.to_pylist()]
    months = [MONTH_OF.get("".join(letter for letter in name if letter.isalpha()), 0) for name in plain]
    return np.array(months, dtype=np.int64)[encoded.indices.to_numpy()]


def _whole(text: pa.Array) -> np.ndarray:
    return pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64()).to_numpy(zero_copy_only=False)


def _empty(text: pa.Array) -> np.ndarray:
    return pc.equal(text, "").to_numpy(zero_copy_only=False)


def _lengths(text: pa.Array) -> np.ndarray:
    return pc.utf8_length(text).to_numpy(zero_copy_only=False).astype(np.int8)


def _first_letters(text: pa.Array) -> np.ndarray:
    encoded = text.dictionary_encode()
    return np.array([ord(letters[0]) if letters else 0 for letters in encoded.dictionary.to_pylist()], np.int16)[encoded.indices.to_numpy()]
