"""The distinct texts of a column read as dates in one form; those in another one, or of days that do not exist, are bad."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import bad_values
from segcore.data.columns.date_order import TITLES, find_order
from segcore.data.columns.date_parts import full_years, midnights, split_dates
from segcore.data.columns.date_patterns import NO_DATE, NUMBER_RANGES, YEARS, Form
from segcore.data.columns.text import Distinct, Where, blanks, plain_characters, true_of
from segcore.errors import DataError
from segcore.records.data_rules import DateOrder
from segcore.records.dataset import Note
from segcore.records.finding import Finding

_NO_DAY = ", a day that does not exist"
_NO_TIME = ", a time that does not exist"
_NO_YEAR = f", a year outside {YEARS[0]} to {YEARS[1]}"
_UNITS = {
    Form.SECONDS: "seconds",
    Form.MILLISECONDS: "milliseconds",
    Form.MICROSECONDS: "microseconds",
    Form.NANOSECONDS: "nanoseconds",
}
_MOST_ZONES = 4
_HOUR = 3_600_000_000  # microseconds
_TELLING_TIMES = 12


class Reading:
    """The moments of distinct texts, which of them are bad, and what was said.

    Parameters
    ----------
    found : Distinct
    name, where
        The column and its rows' places, for messages.
    """

    def __init__(self, found: Distinct, name: str, where: Where) -> None:
        self.found, self.name, self.where = found, name, where
        self.moments = np.zeros(len(found), dtype="datetime64[us]")
        self.missing = np.zeros(len(found), dtype=bool)
        self.good = np.ones(len(found), dtype=bool)
        self.why: dict[str, np.ndarray] = {}
        self.notes: list[Finding] = []

    @property
    def bad(self) -> np.ndarray:
        """Which texts are no dates in the column's form, shape (n_values,), bool."""
        return ~self.good & ~self.missing

    def error(self) -> DataError:
        """Build the refusal of the column for its bad values."""
        position, _ = self.found.first(self.bad)
        reason = next((text for text, which in self.why.items() if which[position]), "")
        first = self.found.quote(self.bad, self.where) + reason
        return bad_values(self.name, "dates in one form", self.found.count(self.bad), first, some_good=bool(self.good.any()))

    def read_iso(self) -> bool:
        """Read the texts if all are plain ISO dates; return whether they were."""
        values = self.found.values
        universal = bool(pc.all(pc.ends_with(values, "Z")).as_py())
        try:
            moments = pc.cast(pc.utf8_slice_codeunits(values, 0, -1) if universal else values, pa.timestamp("us"))
        except pa.ArrowInvalid:
            return False
        self.moments = moments.to_numpy(zero_copy_only=False).astype("datetime64[us]")
        years = self.moments.astype("datetime64[Y]").astype(int) + 1970
        if years.min() < YEARS[0] or years.max() > YEARS[1]:
            return False
        timed = pc.greater(pc.utf8_length(values), len("2010-12-01")).to_numpy(zero_copy_only=False)
        if universal:
            self.notes.append(Note("info", f"{self.name} is read as written: its times are in UTC."))
        self.notes.extend(twelve_hours(np.where(timed, self.moments.astype(np.int64) // _HOUR % 24, -1), self.name))
        return True

    def read(self, asked: DateOrder | None) -> None:
        """Read texts of any form, the form being that of most rows.

        Raises
        ------
        DataError
            Where no date tells the day from the month, and nobody said which is which.
        """
        values, _ = plain_characters(self.found.values)
        self.missing = true_of(blanks(values)) | true_of(pc.match_substring_regex(values, NO_DATE))
        self.parts = parts = split_dates(values)
        parts.form[self.missing] = -1
        self.good = parts.form >= 0
        self._say_missing()
        if not self.good.any():
            return
        self._keep_one_form()
        form = int(parts.form[self.good][0])
        if form in NUMBER_RANGES:
            self._numbers(form)
            return
        year, month, day = self._date(form, asked)
        midnight, exists = midnights(year, month, day)
        self._drop((year < YEARS[0]) | (year > YEARS[1]), _NO_YEAR)
        self._drop(~exists, _NO_DAY)
        self._drop(~parts.true_clock, _NO_TIME)
        self.moments = midnight + parts.clock.astype("timedelta64[us]")
        if self.good.any():
            self._say_how(form)

    def _drop(self, bad: np.ndarray, why: str) -> None:
        bad = bad & self.good
        if bad.any():
            self.why[why] = bad
            self.good &= ~bad

    def _say(self, text: str, *, warn: bool = False) -> None:
        self.notes.append(Note("warning" if warn else "info", text))

    def _say_missing(self) -> None:
        if self.missing.any():
            count = self.found.count(self.missing)
            first = self.found.quote(self.missing, self.where)
            taken = "value of" if count == 1 else "values of"
            self._say(f"{count:,} {taken} {self.name}, the first {first}, {'is' if count == 1 else 'are'} taken for missing.")

    def _keep_one_form(self) -> None:
        """Drop the texts whose form is not that of most rows, the first one where two have as many."""
        key = self.parts.form.astype(np.int32) * 1024 + self.parts.style
        self._keep_most(key)
        # A clock that is sometimes left out is no other form; one with AM and PM beside one without is.
        clocked = self.good & (self.parts.half > 0)
        if clocked.any():
            self._keep_most(np.where(clocked, self.parts.half, 0), beside=0)

    def _keep_most(self, key: np.ndarray, beside: int | None = None) -> None:
        counts = self.found.counts
        kinds, firsts = np.unique(key[self.good], return_index=True)
        if beside is not None:
            kinds, firsts = kinds[kinds != beside], firsts[kinds != beside]
        if len(kinds) < 2:
            return
        rows = [int(counts[self.good & (key == kind)].sum()) for kind in kinds]
        most = kinds[min(range(len(kinds)), key=lambda kind: (-rows[kind], firsts[kind]))]
        usual = self.good & (key == most)
        others = self.good & ~usual & ((key != beside) if beside is not None else True)
        self._drop(others, f", though others are in another form, such as {self.found.quote(usual, self.where)}")

    def _numbers(self, form: int) -> None:
        self.moments = self.parts.clock.astype("datetime64[us]")
        if form == Form.DAY_NUMBER:
            self._say(f"{self.name} holds Excel's day numbers, read as dates since 1899-12-30.")
        else:
            self._say(f"{self.name} is read as {_UNITS[Form(form)]} since 1970-01-01 (UTC).")

    def _date(self, form: int, asked: DateOrder | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return year, month and day of each text."""
        parts = self.parts
        if form == Form.YEAR_FIRST:
            return parts.a, parts.b, parts.c
        if form not in (Form.YEAR_LAST, Form.SHORT_YEAR):
            return full_years(parts.c, parts.c_digits), parts.b, parts.a
        dates = find_order(parts, self.found, self.good.copy(), asked=asked, name=self.name, where=self.where)
        self.notes.extend(dates.notes)
        if asked is not None:
            self._drop(dates.against, f", which is no date with {TITLES[asked]}")
            if not self.good.any():
                first = self.found.quote(self.bad, self.where)
                text = f"{self.name} has no date with {TITLES[asked]}: the first value is {first}; choose another --date-order, or none."
                raise DataError(text, remedy="date_order")
        elif dates.against.any():
            self._drop(dates.against, f", though others have {TITLES[dates.order]}, such as {self.found.quote(dates.sure, self.where)}")
        return dates.year, dates.month, dates.day

    def _say_how(self, form: int) -> None:
        parts, good = self.parts, self.good
        position, _ = self.found.first(good)
        first = f"{self.found.quote(good, self.where)} is {str(self.moments[position])[:10]}"
        year = parts.a_digits if form == Form.YEAR_FIRST else parts.c_digits
        if form == Form.SHORT_YEAR or (year[good] <= 2).any():
            self._say(f"{self.name} has years of two digits, read as 1970 to 2069: {first}.")
        if form in (Form.MONTH, Form.NAMED_MONTH):
            self._say(f"{self.name} has months without a day, read as the first of each: {first}.", warn=True)
        self._say_zones()
        if not (parts.half[good] == 2).any():
            self.notes.extend(twelve_hours(np.where(good, parts.hour, -1), self.name))

    def _say_zones(self) -> None:
        parts, clocked = self.parts, self.good & (self.parts.half > 0)
        rows = np.bincount(parts.zone[clocked], weights=self.found.counts[clocked], minlength=len(parts.zones))
        zones = [parts.zones[zone] for zone in np.argsort(-rows, kind="stable") if rows[zone] and zone > 0]
        if not zones:
            return
        zones += ["none"] if rows[0] else []
        if len(zones) == 1:
            self._say(f"{self.name} is read as written: its times are in {'UTC' if zones == ['UTC'] else f'the zone {zones[0]}'}.")
            return
        listed = zones[:_MOST_ZONES] + ([f"{len(zones) - _MOST_ZONES} more"] if len(zones) > _MOST_ZONES else [])
        text = f"{self.name} has times in several zones ({' and '.join([', '.join(listed[:-1]), listed[-1]])})"
        self._say(f"{text}: each is read as the clock showed it there.", warn="none" in zones)


def twelve_hours(hours: np.ndarray, name: str) -> list[Finding]:
    """Notice a clock that never shows 0 or more than 12, though it shows both small and large hours; hours are -1 without a clock."""
    there = hours[hours >= 0]
    if len(there) < _TELLING_TIMES or there.min() < 1 or there.max() > 12 or there.min() > 6 or there.max() < 7:
        return []
    return [
        Note(
            "warning",
            f"{name} seems to come from a 12-hour clock without AM or PM (no hour is 0 or above 12): hours may be 12 too early or too "
            "late, so Recency and other whole days may be off by one day; export the file again with a 24-hour clock.",
        )
    ]
