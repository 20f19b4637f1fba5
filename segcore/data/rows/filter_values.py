"""Values that filters compare: columns as numbers, dates or text, depending on their content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import ISO_MOMENT
from segcore.data.columns.dates import Times, parse_moment, read_times
from segcore.data.columns.numbers import as_numbers, is_numeric
from segcore.data.columns.text import as_text
from segcore.errors import DataError, ParameterError
from segcore.records.data_rules import DateOrder
from segcore.wording.findings import refusal


class TypedColumns:
    """Columns of a table in the types in which a condition compares them, each converted once.

    Parameters
    ----------
    table : pyarrow Table
    condition : str
        Its text, for findings.
    order : {"dmy", "mdy", "ymd"} or None
        Order of day, month and year in dates stored as text; ``None`` detects it.
    """

    def __init__(self, table: pa.Table, condition: str, order: DateOrder | None = None) -> None:
        self._table = table
        self._condition = condition
        self._order = order
        self._made: dict[str, pa.Array] = {}

    def frame(self) -> pa.Table:
        """Return the typed columns used so far."""
        return pa.table(self._made)

    def compared(self, name: str, values: Sequence[str | float], *, ordered: bool = False) -> tuple[nw.Expr, list[Any]]:
        """Return a column and the values it is compared with, both as numbers, dates or text, depending on the column."""
        column = self._table[name]
        if _is_time(column) or (_is_text(column) and self._all_dates(name, values)):
            return self._times(name), [self._moment(value, name) for value in values]
        if not _is_text(column):
            return self._numbers(name), [self._number(value, name) for value in values]
        # Ids are text, and are compared as text even with a number (17850); only < and > need them as numbers.
        if all(isinstance(value, float) for value in values) and (ordered or not _is_id(self._table, name)):
            if not is_numeric(column):
                raise refusal("filter.text_with_number", filter=self._condition, column=name)
            return self._numbers(name), list(values)
        return self.text(name), [value if isinstance(value, str) else _written(value) for value in values]

    def pair(self, one: str, other: str) -> tuple[nw.Expr, nw.Expr]:
        """Return two columns in one type."""
        columns = [self._table[name] for name in (one, other)]
        if all(_is_time(column) for column in columns):
            return self._times(one), self._times(other)
        if all(not _is_time(column) and is_numeric(column) for column in columns):
            return self._numbers(one), self._numbers(other)
        return self.text(one), self.text(other)

    def text(self, name: str) -> nw.Expr:
        """Return a column as text."""
        return self._keep(f"text {name}", lambda: as_text(self._table[name]))

    def present(self, name: str) -> nw.Expr:
        """Return a column with missing values as null; an empty text is missing too."""

        def make() -> pa.Array:
            text = as_text(self._table[name])
            return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)

        return self._keep(f"present {name}", make)

    def _numbers(self, name: str) -> nw.Expr:
        return self._keep(f"number {name}", lambda: as_numbers(self._table[name], name=name, where=_row))

    def _times(self, name: str) -> nw.Expr:
        return self._keep(f"time {name}", lambda: self._read_times(name).values)

    def _read_times(self, name: str, *, set_aside: bool = False) -> Times:
        return read_times(self._table[name], name=name, where=_row, order=self._order, set_aside=set_aside)

    def _keep(self, key: str, make: Callable[[], pa.Array]) -> nw.Expr:
        if key not in self._made:
            self._made[key] = make()
        return nw.col(key)

    def _all_dates(self, name: str, values: Sequence[str | float]) -> bool:
        """Tell whether a column of text holds dates and is compared with dates.

        Raises
        ------
        DataError
            If a few of its dates are bad, or their order of day and month is ambiguous: as text they would be compared wrongly.
        """
        if not all(isinstance(value, str) and ISO_MOMENT.fullmatch(value) for value in values):
            return False
        try:
            return self._read_times(name).values.null_count < self._table.num_rows
        except DataError as error:
            if error.remedy == "date_order" or (error.remedy == "set_aside" and self._mostly_dates(name)):
                raise
            return False

    def _mostly_dates(self, name: str) -> bool:
        times = self._read_times(name, set_aside=True)
        n_bad = 0 if times.bad is None else int(times.bad.sum())
        return len(times.values) - times.values.null_count > n_bad

    def _moment(self, value: str | float, name: str) -> dt.datetime:
        if isinstance(value, float):
            raise refusal("filter.dates_with_number", filter=self._condition, column=name)
        moment = parse_moment(value)
        if moment is None:
            raise refusal("filter.dates_with_text", kind=ParameterError, filter=self._condition, column=name, got=value)
        return moment

    def _number(self, value: str | float, name: str) -> float:
        try:
            return float(value)
        except ValueError:
            raise refusal("filter.numbers_with_text", filter=self._condition, column=name, got=value) from None


def _row(row: int) -> str:
    return f"row {row + 1:,}"


def _is_time(column: pa.ChunkedArray) -> bool:
    return pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)


def _is_text(column: pa.ChunkedArray) -> bool:
    """Tell whether a column is compared as text, being neither numbers nor times."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or _is_time(column))


def _is_id(table: pa.Table, name: str) -> bool:
    """Tell whether a column is text because it holds ids of customers, orders or items: 17850 is then an id, not a number."""
    metadata = table.schema.field(name).metadata or {}
    return metadata.get(b"role") is not None


def _written(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
