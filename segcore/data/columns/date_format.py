"""Date format of a column: one for all its texts; texts in another format, or with impossible days, are bad."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import Faults, bad_values
from segcore.data.columns.date_order import find_order
from segcore.data.columns.date_parts import full_years, midnights, split_dates
from segcore.data.columns.date_patterns import NO_DATE, NUMBER_RANGES, YEARS, Form
from segcore.data.columns.text import Distinct, Where, blanks, plain_characters, true_of
from segcore.errors import SegcoreError
from segcore.records.data_rules import DateOrder
from segcore.records.finding import Finding, Remedy, Severity
from segcore.wording.findings import refusal

_HOUR = 3_600_000_000  # microseconds
_TELLING_TIMES = 12


class DateReading:
    """Moments of distinct texts, which of them are bad, and findings.

    Parameters
    ----------
    found : Distinct
    name, where
        Name of the column, and the places of its rows, for findings.
    """

    def __init__(self, found: Distinct, name: str, where: Where) -> None:
        self.found, self.name, self.where = found, name, where
        self.moments = np.zeros(len(found), dtype="datetime64[us]")
        self.missing = np.zeros(len(found), dtype=bool)
        self.good = np.ones(len(found), dtype=bool)
        self.faults = Faults()
        self.notes: list[Finding] = []

    @property
    def bad(self) -> np.ndarray:
        """Which texts are not dates in the column's format, shape (n_values,), bool."""
        return ~self.good & ~self.missing

    def error(self) -> SegcoreError:
        """Build the refusal of the column for its bad values."""
        return bad_values(
            "date.bad_values",
            column=self.name,
            count=self.found.count(self.bad),
            example=self.found.example(self.bad, self.where),
            fault=self.faults.of(self.found.first(self.bad)[0]),
            some_good=bool(self.good.any()),
        )

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
            self._note("date.zone", zone="UTC")
        self.notes.extend(twelve_hour_clock(np.where(timed, self.moments.astype(np.int64) // _HOUR % 24, -1), self.name))
        return True

    def read(self, asked: DateOrder | None) -> None:
        """Read texts of any format; the format of most rows is the column's.

        Raises
        ------
        DataError
            If no date decides which number is the day, and no order was chosen.
        """
        values, _ = plain_characters(self.found.values)
        self.missing = true_of(blanks(values)) | true_of(pc.match_substring_regex(values, NO_DATE))
        self.parts = parts = split_dates(values)
        parts.form[self.missing] = -1
        self.good = parts.form >= 0
        if self.missing.any():
            self._note("date.missing", count=self.found.count(self.missing), example=self.found.example(self.missing, self.where))
        if not self.good.any():
            return
        self._keep_one_form()
        form = int(parts.form[self.good][0])
        if form in NUMBER_RANGES:
            self._numbers(form)
            return
        year, month, day = self._date(form, asked)
        midnight, exists = midnights(year, month, day)
        self._drop((year < YEARS[0]) | (year > YEARS[1]), "year_outside", first=YEARS[0], last=YEARS[1])
        self._drop(~exists, "no_such_day")
        self._drop(~parts.true_clock, "no_such_time")
        self.moments = midnight + parts.clock.astype("timedelta64[us]")
        if self.good.any():
            self._note_format(form)

    def _drop(self, bad: np.ndarray, fault: str, **values: Any) -> None:
        """Count texts among the bad ones, for a fault."""
        bad = bad & self.good
        self.faults.add(bad, fault, **values)
        self.good &= ~bad

    def _note(self, code: str, severity: Severity = "info", **values: Any) -> None:
        self.notes.append(Finding(code, severity, {"column": self.name, **values}))

    def _keep_one_form(self) -> None:
        """Drop the texts whose format is not that of most rows; in a tie, the first format stays."""
        key = self.parts.form.astype(np.int32) * 1024 + self.parts.style
        self._keep_most(key)
        # Dates with and without a clock may be mixed; clocks with and without AM and PM may not.
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
        self._drop(others, "other_format", others=self.found.example(usual, self.where))

    def _numbers(self, form: int) -> None:
        self.moments = self.parts.clock.astype("datetime64[us]")
        if form == Form.DAY_NUMBER:
            self._note("date.day_numbers")
        else:
            self._note("date.unix_time", unit=Form(form).name.lower())

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
            self._drop(dates.against, "not_in_order", order=asked)
            if not self.good.any():
                first, another = self.found.example(self.bad, self.where), Remedy("date_order", {"orders": []})
                raise refusal("date.none_in_order", remedy=another, column=self.name, order=asked, example=first)
        elif dates.against.any():
            self._drop(dates.against, "other_order", order=dates.order, others=self.found.example(dates.sure, self.where))
        return dates.year, dates.month, dates.day

    def _note_format(self, form: int) -> None:
        parts, good = self.parts, self.good
        first = self.found.example(good, self.where)
        read_as = str(self.moments[self.found.first(good)[0]])[:10]
        year = parts.a_digits if form == Form.YEAR_FIRST else parts.c_digits
        if form == Form.SHORT_YEAR or (year[good] <= 2).any():
            self._note("date.short_years", example=first, read_as=read_as)
        if form in (Form.MONTH, Form.NAMED_MONTH):
            self._note("date.months", "warning", example=first, read_as=read_as)
        self._note_zones()
        if not (parts.half[good] == 2).any():
            self.notes.extend(twelve_hour_clock(np.where(good, parts.hour, -1), self.name))

    def _note_zones(self) -> None:
        parts, clocked = self.parts, self.good & (self.parts.half > 0)
        rows = np.bincount(parts.zone[clocked], weights=self.found.counts[clocked], minlength=len(parts.zones))
        zones = [parts.zones[zone] for zone in np.argsort(-rows, kind="stable") if rows[zone] and zone > 0]
        some_without = bool(rows[0])
        if len(zones) == 1 and not some_without:
            self._note("date.zone", zone=zones[0])
        elif zones:
            self._note("date.zones", "warning" if some_without else "info", zones=zones, some_without=some_without)


def twelve_hour_clock(hours: np.ndarray, column: str) -> list[Finding]:
    """Note a clock that shows both small and large hours, but never 0 or more than 12; hours are -1 without a clock."""
    there = hours[hours >= 0]
    if len(there) < _TELLING_TIMES or there.min() < 1 or there.max() > 12 or there.min() > 6 or there.max() < 7:
        return []
    return [Finding("date.twelve_hour_clock", "warning", {"column": column})]
