"""Which number of a date is the day: told by the whole column, asked for where it cannot be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segcore.data.columns.date_parts import DateParts, full_years, midnights
from segcore.data.columns.date_patterns import Form
from segcore.data.columns.text import Distinct, Where
from segcore.errors import DataError
from segcore.records.data_rules import DATE_ORDERS, DateOrder
from segcore.records.dataset import Note
from segcore.records.finding import Finding

TITLES: dict[DateOrder, str] = {"dmy": "the day first", "mdy": "the month first", "ymd": "the year first"}
# Positions of year, month and day.
_POSITIONS: dict[DateOrder, tuple[int, int, int]] = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
_TELLING_DAYS = 8
_SURE_SHARE, _SURE_ROWS = 0.01, 100


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """Dates whose order is decided, arrays of shape (n_values,).

    Parameters
    ----------
    order : {"dmy", "mdy", "ymd"}
    year, month, day : int64
    against : bool
        Which texts are no such dates though they would be in another order.
    sure : bool
        Which texts are dates in this order only.
    notes : tuple of Finding
    """

    order: DateOrder
    year: np.ndarray
    month: np.ndarray
    day: np.ndarray
    against: np.ndarray
    sure: np.ndarray
    notes: tuple[Finding, ...]


def find_order(parts: DateParts, found: Distinct, chosen: np.ndarray, *, asked: DateOrder | None, name: str, where: Where) -> Ordered:
    """Decide in which order the dates of a column stand, from those that can be read in one only: their day is above 12.

    Parameters
    ----------
    parts, found
        The distinct texts, and taken apart.
    chosen : ndarray of shape (n_values,), bool
        Which of them are dates in the form in question: three numbers that do not begin with a year of four digits.
    asked : {"dmy", "mdy", "ymd"} or None
        What the analyst said, which decides.
    name, where
        The column and its rows' places, for messages.

    Raises
    ------
    DataError
        Where more than one order fits all dates, and would make other dates of them.
    """
    column = _Candidates(parts, found, chosen, name, where)
    if asked is not None:
        return column.ordered(asked, ())
    fitting = column.fitting()
    if not fitting:
        return column.most_fitting()
    if len(fitting) > 1 and "ymd" in fitting:
        told = column.told_by_years()
        if told == "ymd":
            return column.ordered("ymd", (column.year_first_note(),))
        if told == "last":
            column.orders = ("dmy", "mdy")
            fitting = column.fitting()
    if len(fitting) > 1 and not column.same(fitting):
        raise column.undecided(fitting)
    return column.ordered(fitting[0], column.sure_note(fitting[0]))


class _Candidates:
    """The orders that dates may stand in."""

    def __init__(self, parts: DateParts, found: Distinct, chosen: np.ndarray, name: str, where: Where) -> None:
        self.found, self.chosen, self.name, self.where = found, chosen, name, where
        self.counts = found.counts
        self.numbers = (parts.a, parts.b, parts.c)
        self.digits = (parts.a_digits, np.full(len(chosen), 2, np.int8), parts.c_digits)
        self.year_last = bool((parts.form[chosen] == Form.YEAR_LAST).all())
        self.orders: tuple[DateOrder, ...] = ("dmy", "mdy") if self.year_last else DATE_ORDERS
        # Months and days in their range: an impossible day such as 31 February tells the order too.
        self.plausible = {order: self._plausible(order) for order in DATE_ORDERS}
        self.telling = chosen & np.logical_or.reduce([self.plausible[order] for order in self.orders])

    def _parts(self, order: DateOrder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        year, month, day = _POSITIONS[order]
        return full_years(self.numbers[year], self.digits[year]), self.numbers[month], self.numbers[day]

    def _plausible(self, order: DateOrder) -> np.ndarray:
        position = _POSITIONS[order][0]
        _, month, day = self._parts(order)
        other = self.digits[2 - position]
        return self.chosen & (self.digits[position] >= 2) & (other <= 2) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)

    def fitting(self) -> list[DateOrder]:
        """Return the orders in which every date is plausible that is so in one."""
        return [order for order in self.orders if not (self.telling & ~self.plausible[order]).any()]

    def ordered(self, order: DateOrder, notes: Iterable[Finding]) -> Ordered:
        """Return the dates in an order."""
        against = self.telling & ~self.plausible[order]
        return Ordered(order, *self._parts(order), against, self._sure(order), tuple(notes))

    def _sure(self, order: DateOrder) -> np.ndarray:
        others = [self.plausible[other] for other in self.orders if other != order]
        return self.plausible[order] & ~np.logical_or.reduce(others)

    def most_fitting(self) -> Ordered:
        """Return the dates in the order that most rows fit; the others are against it, and the rest in doubt."""
        against = {order: int(self.counts[self.telling & ~self.plausible[order]].sum()) for order in self.orders}
        order = min(self.orders, key=lambda candidate: against[candidate])
        doubtful = int(self.counts[self.telling & self.plausible[order] & ~self._sure(order)].sum())
        dates = "1 date that may be either is" if doubtful == 1 else f"{doubtful:,} dates that may be either are"
        text = f"{self.name} mixes orders of day and month: {dates} read with {TITLES[order]}."
        return self.ordered(order, [Note("warning", text)] if doubtful else [])

    def same(self, orders: list[DateOrder]) -> bool:
        """Tell whether some orders make the same dates, as in 05/05/2011."""
        first, *others = (np.stack(self._parts(order))[:, self.chosen] for order in orders)
        return all(np.array_equal(first, other) for other in others)

    def told_by_years(self) -> str:
        """Tell years of two digits from days by how many different ones there are: "ymd", "last", or "" where that does not tell."""
        firsts, lasts = (len(np.unique(self.numbers[position][self.chosen])) for position in (0, 2))
        if lasts >= _TELLING_DAYS and lasts >= 2 * firsts:
            return "ymd"
        # Nearly all who part their dates by points or slashes write years of two digits last.
        slashed = "-" not in str(self.found.values[int(np.argmax(self.chosen))])
        return "last" if firsts > lasts or (slashed and firsts == lasts) else ""

    def year_first_note(self) -> Finding:
        """Say that the year was taken to be first, and why."""
        firsts, lasts = (len(np.unique(self.numbers[position][self.chosen])) for position in (0, 2))
        example = self.found.quote(self.chosen, self.where)
        why = f"the last number has {lasts} different values and the first {firsts}"
        return Note("warning", f"{self.name} is read with the year first, since {why}: check that {example} is {self._spelled('ymd')}.")

    def sure_note(self, order: DateOrder) -> list[Finding]:
        """Say in which order the dates are read, and which date says so; warn where hardly any does."""
        sure = self._sure(order)
        if not sure.any():
            return []
        n_sure, n = int(self.counts[sure].sum()), int(self.counts[self.chosen].sum())
        evidence = f"since {self.found.quote(sure, self.where)} can be nothing else"
        if n >= _SURE_ROWS and n_sure < _SURE_SHARE * n:
            few = f"only {n_sure:,} of {n:,} dates {'tells' if n_sure == 1 else 'tell'} that"
            return [Note("warning", f"{self.name} is read with {TITLES[order]}, {evidence}; {few}, so check that they are no slips.")]
        return [Note("info", f"{self.name} is read with {TITLES[order]}, {evidence}.")]

    def undecided(self, fitting: list[DateOrder]) -> DataError:
        """Build the question which order it is."""
        differs = self.chosen & ~self._alike(fitting)
        titles = " or ".join(TITLES[order] for order in fitting)
        readings = " or ".join(self._spelled(order, differs) for order in fitting)
        return DataError(
            f"{self.name} can be read with {titles}, since no date tells (as a day above 12 does): {self.found.quote(differs, self.where)} "
            f"is {readings}; say which with --date-order {' or '.join(fitting)} (a choice on screen).",
            remedy="date_order",
        )

    def _alike(self, orders: list[DateOrder]) -> np.ndarray:
        first, *others = (np.stack(self._parts(order)) for order in orders)
        return np.logical_and.reduce([(first == other).all(axis=0) for other in others])

    def _spelled(self, order: DateOrder, chosen: np.ndarray | None = None) -> str:
        position = int(np.argmax(self.chosen if chosen is None else chosen))
        year, month, day = (int(part[position]) for part in self._parts(order))
        exists = midnights(np.array([year]), np.array([month]), np.array([day]))[1][0]
        return f"{day} {dt.date(2000, month, 1):%B} {year}" if exists else f"{year}-{month:02}-{day:02}, which does not exist"
