"""Date order: which number is the day, decided from the whole column; the analyst is asked if it is ambiguous."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segcore.data.columns.date_parts import DateParts, full_years
from segcore.data.columns.date_patterns import Form
from segcore.data.columns.text import Distinct, Where
from segcore.errors import SegcoreError
from segcore.records.data_rules import DATE_ORDERS, DateOrder
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

# Positions of year, month and day.
_POSITIONS: dict[DateOrder, tuple[int, int, int]] = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
_TELLING_DAYS = 8
_SURE_SHARE, _SURE_ROWS = 0.01, 100


@dataclass(frozen=True, slots=True, eq=False)
class OrderedDates:
    """Dates with a decided order, arrays of shape (n_values,).

    Parameters
    ----------
    order : {"dmy", "mdy", "ymd"}
    year, month, day : int64
    against : bool
        Which texts are not dates in this order, but are in another one.
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


def find_order(parts: DateParts, found: Distinct, chosen: np.ndarray, *, asked: DateOrder | None, name: str, where: Where) -> OrderedDates:
    """Decide the order of a column's dates, from dates that fit only one because their day is above 12.

    Parameters
    ----------
    parts, found
        The parsed parts, and the distinct texts.
    chosen : ndarray of shape (n_values,), bool
        Which of them are numeric dates that do not begin with a four-digit year.
    asked : {"dmy", "mdy", "ymd"} or None
        The analyst's choice, which takes precedence.
    name, where
        Name of the column, and the places of its rows, for findings.

    Raises
    ------
    DataError
        If more than one order fits all dates, with different results.
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
    """The orders that dates may have."""

    def __init__(self, parts: DateParts, found: Distinct, chosen: np.ndarray, name: str, where: Where) -> None:
        self.found, self.chosen, self.name, self.where = found, chosen, name, where
        self.counts = found.counts
        self.numbers = (parts.a, parts.b, parts.c)
        self.digits = (parts.a_digits, np.full(len(chosen), 2, np.int8), parts.c_digits)
        self.year_last = bool((parts.form[chosen] == Form.YEAR_LAST).all())
        self.orders: tuple[DateOrder, ...] = ("dmy", "mdy") if self.year_last else DATE_ORDERS
        # Months and days in their range: an impossible day such as 31 February decides the order too.
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
        """Return the orders in which every date that is plausible in any order is plausible."""
        return [order for order in self.orders if not (self.telling & ~self.plausible[order]).any()]

    def ordered(self, order: DateOrder, notes: Iterable[Finding]) -> OrderedDates:
        """Return the dates in an order."""
        against = self.telling & ~self.plausible[order]
        return OrderedDates(order, *self._parts(order), against, self._sure(order), tuple(notes))

    def _sure(self, order: DateOrder) -> np.ndarray:
        others = [self.plausible[other] for other in self.orders if other != order]
        return self.plausible[order] & ~np.logical_or.reduce(others)

    def most_fitting(self) -> OrderedDates:
        """Return the dates in the order that fits most rows; other dates contradict it or fit both."""
        against = {order: int(self.counts[self.telling & ~self.plausible[order]].sum()) for order in self.orders}
        order = min(self.orders, key=lambda candidate: against[candidate])
        doubtful = int(self.counts[self.telling & self.plausible[order] & ~self._sure(order)].sum())
        note = Finding("date.mixed_orders", "warning", {"column": self.name, "order": order, "count": doubtful})
        return self.ordered(order, [note] if doubtful else [])

    def same(self, orders: list[DateOrder]) -> bool:
        """Tell whether some orders give the same dates, as in 05/05/2011."""
        first, *others = (np.stack(self._parts(order))[:, self.chosen] for order in orders)
        return all(np.array_equal(first, other) for other in others)

    def told_by_years(self) -> str:
        """Find two-digit years by the number of different values: "ymd" (first), "last", or "" if undecided."""
        firsts, lasts = (len(np.unique(self.numbers[position][self.chosen])) for position in (0, 2))
        if lasts >= _TELLING_DAYS and lasts >= 2 * firsts:
            return "ymd"
        # Dates with points or slashes nearly always have two-digit years last.
        slashed = "-" not in str(self.found.values[int(np.argmax(self.chosen))])
        return "last" if firsts > lasts or (slashed and firsts == lasts) else ""

    def year_first_note(self) -> Finding:
        """Note that the first number is read as the year, and why."""
        firsts, lasts = (len(np.unique(self.numbers[position][self.chosen])) for position in (0, 2))
        example = self.found.example(self.chosen, self.where)
        values = {"column": self.name, "firsts": firsts, "lasts": lasts, "example": example, "read_as": self._date("ymd", self.chosen)}
        return Finding("date.year_first", "warning", values)

    def sure_note(self, order: DateOrder) -> list[Finding]:
        """Note the order in which the dates are read, and the date that decides it; warn if hardly any does."""
        sure = self._sure(order)
        if not sure.any():
            return []
        n_sure, n = int(self.counts[sure].sum()), int(self.counts[self.chosen].sum())
        values = {"column": self.name, "order": order, "example": self.found.example(sure, self.where)}
        if n >= _SURE_ROWS and n_sure < _SURE_SHARE * n:
            return [Finding("date.order_by_few", "warning", {**values, "deciding": n_sure, "dates": n})]
        return [Finding("date.order", values=values)]

    def undecided(self, fitting: list[DateOrder]) -> SegcoreError:
        """Build the error that asks for the order."""
        differs = self.chosen & ~self._alike(fitting)
        return refusal(
            "date.ambiguous_order",
            remedy=Remedy("date_order", {"orders": fitting}),
            column=self.name,
            orders=fitting,
            example=self.found.example(differs, self.where),
            readings=[self._date(order, differs) for order in fitting],
        )

    def _alike(self, orders: list[DateOrder]) -> np.ndarray:
        first, *others = (np.stack(self._parts(order)) for order in orders)
        return np.logical_and.reduce([(first == other).all(axis=0) for other in others])

    def _date(self, order: DateOrder, chosen: np.ndarray) -> list[int]:
        """Return year, month and day of the first chosen date in an order; the day may not exist."""
        return [int(part[int(np.argmax(chosen))]) for part in self._parts(order)]
