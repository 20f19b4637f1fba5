"""Grouping of rows by customer, and by customer and item, and the reference date, shared by all builders of features."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from segcore.errors import ParameterError
from segcore.records.purchases import Purchases
from segcore.wording.findings import refusal

DAY = np.timedelta64(86_400_000_000, "us")


def small(frame: Any) -> pd.DataFrame:
    """Return a grouped (and so small) frame in pandas."""
    return frame.to_pandas().reset_index(drop=True)


def by_customer(grouped: Any) -> pd.DataFrame:
    """Return a frame with one row per customer in pandas, ascending by the id's text."""
    frame = small(grouped)
    frame["customer"] = frame["customer"].astype(str).astype(object)
    return frame.sort_values("customer", kind="stable", ignore_index=True)


def rows_of(customers: pd.Series, index: pd.Index) -> np.ndarray:
    """Return the position of each of ``customers`` in ``index``, which must contain all of them, shape (n,), int64."""
    codes, distinct = pd.factorize(customers)
    return np.asarray(index.get_indexer(pd.Index(distinct).astype(object))[codes], dtype=np.int64)


def count_distinct(lines: Any, column: str, index: pd.Index) -> np.ndarray:
    """Return how many different values of a column each customer has, shape (n_customers,), float64."""
    pairs = small(lines.select("customer", column).unique().select("customer"))
    return np.bincount(rows_of(pairs["customer"], index), minlength=len(index)).astype(np.float64)


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
        If it is not a date.
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
    """Count the lines of each customer with each item or category; lines without one are left out.

    Parameters
    ----------
    kept : Narwhals frame
        Lines that were not cancelled, with ``customer`` and the column.
    what : {"item", "category"}
    index : Index
        The customers.
    """
    there, pairs, names = _pairs(kept, what, index)
    pairs, counts = np.unique(pairs[there], return_counts=True)
    return _table(pairs, counts.astype(np.int32), names, index)


def rated_items(lines: Any, index: pd.Index) -> Purchases:
    """Return each customer's rating of each item; of an item rated more than once, the last rating if there are times, else the mean.

    Parameters
    ----------
    lines : Narwhals frame
        With ``customer``, ``item``, ``rating``, and ``time`` if ratings have one.
    index : Index
        The customers.
    """
    there, pairs, names = _pairs(lines, "item", index)
    ratings = lines["rating"].to_pandas().to_numpy(dtype=np.float64)[there]
    pairs = pairs[there]
    if "time" in lines.columns:
        order = np.lexsort((lines["time"].to_pandas().to_numpy()[there], pairs))
        pairs, ratings = pairs[order], ratings[order]
        last = np.append(pairs[1:] != pairs[:-1], True) if len(pairs) else np.zeros(0, bool)
        return _table(pairs[last], ratings[last], names, index)
    found, place, times = np.unique(pairs, return_inverse=True, return_counts=True)
    return _table(found, np.bincount(place, weights=ratings, minlength=len(found)) / times, names, index)


def _pairs(lines: Any, what: str, index: pd.Index) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return which lines have an item, the number of each line's customer and item together, and the items' names, ascending."""
    place, found = pd.factorize(lines[what].to_pandas())
    names, moved = np.unique(np.asarray([str(name) for name in found], dtype=object), return_inverse=True)
    rows = rows_of(lines["customer"].to_pandas(), index)
    moved = moved if len(moved) else np.zeros(1, np.int64)  # where no line has an item
    return place >= 0, rows * np.int64(len(names)) + moved[place], names.tolist()


def _table(pairs: np.ndarray, counts: np.ndarray, names: list[str], index: pd.Index) -> Purchases:
    customers, items = np.divmod(pairs, max(len(names), 1))
    starts = np.concatenate([[0], np.cumsum(np.bincount(customers, minlength=len(index)))])
    return Purchases(tuple(names), starts.astype(np.int64), items.astype(np.int32), counts)
