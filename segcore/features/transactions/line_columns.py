"""Columns of order lines that describe the customer, such as a life stage, or the order, such as its type: one value per customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from segcore.features.customers.column_values import Column, read_column
from segcore.features.customers.profile_columns import names_of
from segcore.features.customers.screening import why_not_shown
from segcore.features.grouping import in_order, rows_of, small
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.system.row_parts import ROW
from segcore.wording.quotes import visible

MOST_VALUES = 50
_NEARLY = 0.95

Describes = Literal["customer", "order"]


@dataclass(frozen=True, slots=True, eq=False)
class OrderLines:
    """Order lines by the positions of their customers and orders.

    Parameters
    ----------
    order : ndarray of shape (n_lines,), int64
        Position of the line's order.
    customer : ndarray of shape (n_orders,), int64
        Position of the order's customer.
    placed : ndarray of shape (n_orders,), datetime64
        Time of the order's first line.
    rows : ndarray of shape (n_lines,), int64, or None
        The lines' rows in the source, ascending; ``None`` if they are all used rows.
    """

    order: np.ndarray
    customer: np.ndarray
    placed: np.ndarray
    rows: np.ndarray | None = None

    @classmethod
    def of(cls, dataset: Dataset, index: pd.Index) -> OrderLines:
        """Return the lines of transactions; each order belongs to one customer, and without the role order, each time is an order.

        Parameters
        ----------
        dataset : Dataset of kind "transactions"
        index : Index
            The ids of all customers.
        """
        return cls._of(in_order(dataset, _needed(dataset)), index)

    @classmethod
    def of_parts(cls, dataset: Dataset, index: pd.Index) -> list[OrderLines]:
        """Return the lines of each of the data set's frames, in the order of the source; see `of`."""
        if not isinstance(dataset.frame, tuple):
            return [cls.of(dataset, index)]
        made = []
        for part in dataset.frame:
            frame = nw.from_native(small(nw.from_native(part).select(*_needed(dataset), ROW)), eager_only=True)
            made.append(replace(cls._of(frame, index), rows=frame[ROW].to_numpy()))
        return made

    @classmethod
    def _of(cls, frame: Any, index: pd.Index) -> OrderLines:
        times = frame["time"].to_numpy().astype("datetime64[us]")
        customers = rows_of(frame["customer"].to_pandas(), index)
        numbers, names = pd.factorize(frame["order"].to_pandas() if "order" in frame.columns else times)
        order, pairs = pd.factorize(customers * len(names) + numbers)
        placed = np.full(len(pairs), times.max())
        np.minimum.at(placed, order, times)
        return cls(order, pairs // len(names), placed)


@dataclass(frozen=True, slots=True, eq=False)
class LineColumn:
    """A column of order lines as one value per customer.

    Parameters
    ----------
    name : str
    describes : {"customer", "order"}
    values : ndarray of shape (n_customers,), object
        Texts; ``None`` for customers without a value.
    several : int
        Number of customers with more than one value.
    made_from : tuple of str
        The source's columns; empty if it is only the column with this name.
    """

    name: str
    describes: Describes
    values: np.ndarray
    several: int
    made_from: tuple[str, ...] = ()


def describes(codes: Sequence[np.ndarray], n_values: int, lines: Sequence[OrderLines]) -> Describes | None:
    """Return what a column of order lines describes: the customer, the order, or neither.

    Parameters
    ----------
    codes : sequence of ndarray of shape (n_lines,), int
        Position of each line's value; -1 where it is missing. One array per part of the lines.
    n_values : int
    lines : sequence of OrderLines
        The lines in parts, each with all lines of its customers.

    Notes
    -----
    It describes the order if at least 95 % of the orders with several lines have a single value, and the customer if at least 95 % of the
    customers with several orders do too. Missing values do not count.
    """
    one_value, orders, one_for_all, customers = np.sum(
        [_evidence(own, n_values, part) for own, part in zip(codes, lines, strict=True)], axis=0
    ).tolist()
    if orders and one_value < _NEARLY * orders:
        return None
    return "customer" if customers and one_for_all >= _NEARLY * customers else "order"


def _evidence(codes: np.ndarray, n_values: int, lines: OrderLines) -> tuple[int, int, int, int]:
    """Return how many orders with several lines have a single value, out of how many, and the same for customers with several orders."""
    orders, values = _values_of_orders(codes, n_values, lines)
    n_lines = np.bincount(lines.order[codes >= 0], minlength=len(lines.customer))
    in_orders = np.bincount(orders, minlength=len(lines.customer))
    several_lines = in_orders[n_lines > 1]
    n_orders = np.bincount(lines.customer[in_orders > 0])
    in_customers = np.bincount(pd.unique(lines.customer[orders] * n_values + values) // n_values, minlength=len(n_orders))
    several_orders = in_customers[n_orders > 1]
    return int((several_lines == 1).sum()), len(several_lines), int((several_orders == 1).sum()), len(several_orders)


def dominant(codes: np.ndarray, n_values: int, lines: OrderLines, n_customers: int) -> tuple[np.ndarray, int]:
    """Return the value that occurs in most of each customer's orders, and how many customers have several values.

    Parameters
    ----------
    codes : ndarray of shape (n_lines,), int
    n_values : int
    lines : OrderLines
        See `describes`.
    n_customers : int

    Returns
    -------
    values : ndarray of shape (n_customers,), int64
        -1 for customers without a value. Of equally frequent values, the one that came first in time counts, then the one that came
        first in the file.
    several : int
    """
    orders, values = _values_of_orders(codes, n_values, lines)
    places, pairs = pd.factorize(lines.customer[orders] * n_values + values)
    counts = np.bincount(places)
    first = np.full(len(pairs), lines.placed.max())
    np.minimum.at(first, places, lines.placed[orders])
    owners = pairs // n_values
    ranked = np.lexsort((first, -counts, owners))  # stable, so that remaining ties stay in the order of the file
    best = ranked[np.unique(owners[ranked], return_index=True)[1]]
    found = np.full(n_customers, -1, dtype=np.int64)
    found[owners[best]] = pairs[best] % n_values
    return found, int((np.bincount(owners, minlength=n_customers) > 1).sum())


def _values_of_orders(codes: np.ndarray, n_values: int, lines: OrderLines) -> tuple[np.ndarray, np.ndarray]:
    """Return orders and values, each pair once, in the order of the file."""
    there = codes >= 0
    pairs = pd.unique(lines.order[there] * n_values + codes[there])
    return pairs // n_values, pairs % n_values


def _needed(dataset: Dataset) -> list[str]:
    return [role for role in ("customer", "order", "time") if role in dataset.roles]


def column_of_lines(
    name: str, texts: pa.Array, codes: Sequence[np.ndarray], lines: Sequence[OrderLines], n_customers: int
) -> LineColumn | None:
    """Return a column of order lines as one value per customer; ``None`` if it describes neither customers nor orders.

    Parameters
    ----------
    name : str
    texts : pyarrow Array
        The different values.
    codes : sequence of ndarray of shape (n_lines,), int
        Position of each line's value in ``texts``; -1 where it is missing. One array per part of the lines.
    lines : sequence of OrderLines
        The lines in parts, each with all lines of its customers.
    n_customers : int
    """
    what = describes(codes, len(texts), lines)
    if what is None:
        return None
    parts = [dominant(own, len(texts), part, n_customers) for own, part in zip(codes, lines, strict=True)]
    found = np.max([values for values, _ in parts], axis=0)
    return LineColumn(name, what, np.array([*texts.to_pylist(), None], dtype=object)[found], sum(several for _, several in parts))


def with_line_columns(table: FeatureTable, columns: Sequence[LineColumn]) -> tuple[FeatureTable, tuple[LineColumn, ...]]:
    """Add columns of order lines to a feature table's profile columns and data dictionary.

    Parameters
    ----------
    table : FeatureTable
    columns : sequence of LineColumn

    Returns
    -------
    table : FeatureTable
    added : tuple of LineColumn
        Without columns whose name the table uses already, and those not worth showing: see `why_not_shown`.
    """
    taken = names_of(table)
    added = tuple(column for column in columns if column.name not in taken and why_not_shown(_as_read(column)) is None)
    profile = {**table.profile, **{column.name: column.values for column in added}}
    described = (*table.described, *(column.name for column in added))
    return replace(table, profile=profile, dictionary=(*table.dictionary, *map(_entry, added)), described=described), added


def _as_read(column: LineColumn) -> Column:
    return read_column(nw.from_native(pd.Series(column.values, dtype=object), series_only=True), column.name)


_WORDS: Mapping[Describes, tuple[str, str]] = {
    "customer": ("The column {name} of the order lines; if a customer has several values, that of most orders.", "column.of_customers"),
    "order": ("The value of {name} that most of the customer's orders have.", "column.of_orders"),
}


def _entry(column: LineColumn) -> FeatureEntry:
    text, reason = _WORDS[column.describes]
    text = f"{text.format(name=column.name)} Of equally frequent values, the one that came first."
    return FeatureEntry(column.name, visible(column.name), "", text, column.made_from or (column.name,), Finding(reason))
