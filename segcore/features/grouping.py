"""Grouping of rows by customer, and by customer and item, and the reference date, shared by all builders of features."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.errors import ParameterError
from segcore.records.dataset import Dataset
from segcore.records.purchases import Baskets, Purchases
from segcore.system.frames import computed, to_backend
from segcore.system.row_parts import ROW
from segcore.wording.findings import refusal

DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """Ratings and their times, arrays of shape (n_rows,).

    Parameters
    ----------
    ratings : ndarray of float64, or None
        ``None`` if each row counts as a rating (implicit).
    times : ndarray of int64, or None
        Microseconds since 1970.
    """

    ratings: np.ndarray | None
    times: np.ndarray | None


def small(frame: Any) -> pd.DataFrame:
    """Return a grouped (and so small) frame, or the lines of one part of the data, in pandas; a lazy frame is computed."""
    if not isinstance(frame, nw.LazyFrame):
        return frame.to_pandas().reset_index(drop=True)
    found = to_backend(computed(frame), "pandas")
    return found.sort_values(ROW, kind="stable", ignore_index=True) if ROW in found else found


def time_span(dataset: Dataset) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Return the first and the last time in data that have times; ``None`` without any row."""
    time = nw.col(dataset.columns["time"])
    found = pd.concat([small(nw.from_native(part).select(time.min().alias("first"), time.max().alias("last"))) for part in dataset.parts])
    first, last = found["first"].min(), found["last"].max()
    return (None if pd.isna(first) else first), (None if pd.isna(last) else last)


def rows_until(dataset: Dataset, last: dt.datetime) -> Dataset:
    """Return the data without the rows after a moment; rows that were set aside are dropped."""
    time = nw.col(dataset.columns["time"])
    parts = tuple(nw.from_native(part).filter(time <= last).to_native() for part in dataset.parts)
    return replace(dataset, frame=parts if isinstance(dataset.frame, tuple) else parts[0], used=None, aside=None)


def first_rows_of(dataset: Dataset, n_rows: int) -> pd.DataFrame:
    """Return the first rows with the columns' own names; if rows are in parts, those of the first part."""
    part = nw.from_native(dataset.parts[0])
    if isinstance(part, nw.LazyFrame):
        rows = small(part.sort(ROW).head(n_rows))
        return rows[list(dataset.roles)].rename(columns=dict(dataset.roles))
    return part.head(n_rows).to_pandas()


def in_order(dataset: Dataset, roles: Iterable[str]) -> Any:
    """Return columns of all rows in the order of the source, named by their roles, as a Narwhals frame in memory."""
    if not isinstance(dataset.frame, tuple):
        return nw.from_native(dataset.frame, eager_only=True).select(nw.col(dataset.roles[role]).alias(role) for role in roles)
    rows = pd.concat([small(nw.from_native(part).select(*roles, ROW)) for part in dataset.frame], ignore_index=True)
    return nw.from_native(rows.sort_values(ROW, kind="stable", ignore_index=True), eager_only=True)


def by_customer(grouped: Any) -> pd.DataFrame:
    """Return a frame with one row per customer in pandas, ascending by the id's text."""
    frame = small(grouped)
    frame["customer"] = frame["customer"].astype(str).astype(object)
    return frame.sort_values("customer", kind="stable", ignore_index=True)


def rows_of(customers: pd.Series, index: pd.Index) -> np.ndarray:
    """Return the position of each of ``customers`` in ``index``, which must contain all of them, shape (n,), int64."""
    codes, distinct = pd.factorize(customers)
    return np.asarray(index.get_indexer(pd.Index(distinct).astype(object))[codes], dtype=np.int64)


def days(start: Any, end: Any) -> np.ndarray:
    """Return the days from ``start`` to ``end``, with fractions."""
    return np.asarray((end - start) / DAY, dtype=np.float64)


def ratio(part: np.ndarray, whole: np.ndarray, *, otherwise: float = 0.0) -> np.ndarray:
    """Return ``part / whole``, and ``otherwise`` where ``whole`` is 0."""
    there = whole != 0
    return np.where(there, part / np.where(there, whole, 1.0), otherwise)


def reference_moment(asked: str | None, latest: Any) -> np.datetime64:
    """Return the moment up to which days are counted.

    Parameters
    ----------
    asked : str or None
        ISO date and time; a date alone is the end of that day. ``None`` is the latest time.
    latest : Timestamp
        Latest time in the data.

    Raises
    ------
    ParameterError
        If the text is not a date.
    DataError
        If the data has later times.
    """
    last = np.datetime64(latest.to_datetime64(), "us")
    if asked is None:
        return last
    try:
        reference = np.datetime64(dt.datetime.fromisoformat(asked.strip()).replace(tzinfo=None), "us")
    except ValueError:
        raise refusal("feature.bad_reference_date", kind=ParameterError, value=asked) from None
    if len(asked.strip()) <= len("2011-12-09"):
        reference += DAY - np.timedelta64(1, "us")
    if reference < last:
        raise refusal("feature.after_reference_date", remedy="later_date", latest=f"{latest:%Y-%m-%d %H:%M}", reference=asked)
    return reference


def as_iso(moment: np.datetime64) -> str:
    """Return a moment as the feature table stores it."""
    found: dt.datetime = moment.astype("datetime64[us]").item()
    return found.isoformat()


def count_purchases(kept: Any, what: str, index: pd.Index) -> Purchases:
    """Count the lines of each customer with each item or category; lines without an item or category are left out.

    Parameters
    ----------
    kept : Narwhals frame
        Lines that were not cancelled, with ``customer`` and the column; baskets of items need ``order`` and ``time`` as well.
    what : {"item", "category"}
    index : Index
        The customers.
    """
    with_baskets = what == "item" and "order" in kept.columns
    wanted = ("customer", what, *(("order", "time") if with_baskets else ()), ROW)
    lines = small(kept.select(*(name for name in wanted if name in kept.columns)))
    rows = rows_of(lines["customer"], index).astype(np.int32)
    items, names = coded(lines[what])
    found = rated_items(rows, items, names, len(index), Rated(None, None))
    if not with_baskets:
        return found
    baskets = baskets_of(
        rows,
        items,
        pd.factorize(lines["order"])[0].astype(np.int32),
        pd.to_datetime(lines["time"]).to_numpy(dtype="datetime64[us]").view(np.int64),
        len(index),
    )
    return replace(found, baskets=baskets)


def baskets_of(rows: np.ndarray, items: np.ndarray, orders: np.ndarray, times: np.ndarray, n_customers: int) -> Baskets:
    """Return what each customer bought line by line; see `Baskets`.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,), int32
        Position of each line's customer.
    items : ndarray of shape (n_rows,), int32
        Position of each line's item; lines with -1 are left out.
    orders : ndarray of shape (n_rows,), int
        Number of each line's order; two customers may have orders with the same number.
    times : ndarray of shape (n_rows,), int64
        Microseconds since 1970. Orders of a customer that begin at the same time stay in the order of the file.
    n_customers : int

    Notes
    -----
    Beside its parameters and the result, it holds some 30 bytes a row at a time.
    """
    given = items >= 0
    if not given.all():
        rows, items, orders, times = (part[given] for part in (rows, items, orders, times))
    del given
    pairs = rows * np.int64(orders.max(initial=0) + 1)
    pairs += orders
    del orders
    number, pairs = pd.factorize(pairs)
    number = number.astype(np.int32)
    placed = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(placed, number, times)
    del times
    owner = np.zeros(len(pairs), dtype=np.int64)
    owner[number] = rows
    ranked = np.lexsort((placed, owner))
    place = np.empty(len(pairs), dtype=np.int32)
    place[ranked] = np.arange(len(pairs), dtype=np.int32)
    of_line = place[number]
    del number
    return Baskets(
        items=items[np.argsort(of_line, kind="stable")].astype(np.int32),
        orders=_cumulated(np.bincount(of_line, minlength=len(pairs))),
        customers=_cumulated(np.bincount(owner, minlength=n_customers)),
        placed=placed[ranked],
    )


def _cumulated(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def coded(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's position among the distinct texts of a column, and these texts.

    Returns
    -------
    codes : ndarray of shape (n_rows,), int32
        -1 where missing.
    texts : ndarray of shape (n_texts,), object
        Ascending.
    """
    place, found = pd.factorize(column)
    texts, moved = np.unique(np.asarray([str(text) for text in found], dtype=object), return_inverse=True)
    return np.append(moved, -1).astype(np.int32)[place], texts


def rated_items(rows: np.ndarray, items: np.ndarray, names: np.ndarray, n_customers: int, rated: Rated) -> Purchases:
    """Return each customer's rating of each item; for an item rated more than once, the last rating if there are times, else the mean.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,), int32
        Position of each row's customer.
    items : ndarray of shape (n_rows,), int32
        Position of each row's item in ``names``; -1 without an item.
    names : ndarray of shape (n_items,), object
        Ascending.
    n_customers : int
    rated : Rated
        Without ratings, the number of rows counts as the rating.

    Notes
    -----
    Beside its parameters and the result, it holds some 30 bytes a row at a time.
    """
    given = items >= 0
    there = None if given.all() else np.flatnonzero(given).astype(np.int32)
    del given
    if there is not None:
        rows, items = rows[there], items[there]
    pairs = rows * np.int64(len(names))
    pairs += items
    if rated.ratings is None:
        pairs.sort()
        starts = _starts(pairs)
        counts = _sizes(starts, len(pairs)).astype(np.int32)
        pairs = pairs[starts]
        del starts
        return _table(pairs, counts, names.tolist(), n_customers)
    order = np.argsort(pairs, kind="stable").astype(np.int32)
    pairs = pairs[order]
    starts = _starts(pairs)
    if len(starts) < len(pairs):
        pairs = pairs[starts]
    ratings = _one_rating(order if there is None else there[order], starts, rated)
    del order, starts
    return _table(pairs, ratings, names.tolist(), n_customers)


def _starts(ordered: np.ndarray) -> np.ndarray:
    """Return where the runs of equal values begin, as int32 if that is large enough."""
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return np.flatnonzero(first).astype(np.int32 if len(ordered) < 1 << 31 else np.int64)


def _sizes(starts: np.ndarray, n: int) -> np.ndarray:
    """Return the lengths of the runs that begin at ``starts``, of ``n`` values in all."""
    return np.diff(starts, append=starts.dtype.type(n))


def _one_rating(order: np.ndarray, starts: np.ndarray, rated: Rated) -> np.ndarray:
    """Return one rating for each group of rows: ``order`` holds the rows by group, in their own order, ``starts`` where groups begin."""
    ratings = np.asarray(rated.ratings)
    sizes = _sizes(starts, len(order))
    found = ratings[order[starts]]
    several = sizes > 1
    if not several.any():
        return found
    rows, sizes = order[np.repeat(several, sizes)], sizes[several]
    starts = np.cumsum(sizes) - sizes
    if rated.times is None:
        found[several] = np.add.reduceat(ratings[rows], starts) / sizes
        return found
    times = rated.times[rows]
    latest = np.repeat(np.maximum.reduceat(times, starts), sizes)
    # If several ratings have the latest time, the last in the file counts.
    found[several] = ratings[rows[np.maximum.reduceat(np.where(times == latest, np.arange(len(rows)), -1), starts)]]
    return found


def _table(pairs: np.ndarray, counts: np.ndarray, names: list[str], n_customers: int) -> Purchases:
    """Return the table of pairs; ``pairs`` is overwritten."""
    n_items = max(len(names), 1)
    customers = (pairs // n_items).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(customers, minlength=n_customers))])
    pairs %= n_items
    return Purchases(tuple(names), starts.astype(np.int64), pairs.astype(np.int32), counts)
