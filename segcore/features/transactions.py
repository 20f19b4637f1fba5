"""Features of customers from their transactions: one builder in Narwhals for pandas, Polars and Modin on Ray."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.dataset import Dataset, FeatureTable
from segcore.errors import DataError, ParameterError
from segcore.features.dictionary import MONTHS, NAMES, WEEKDAYS, describe
from segcore.rules import ColumnRules

_DAY = np.timedelta64(86_400_000_000, "us")


def build_transactions(
    dataset: Dataset,
    *,
    reference_date: str | None = None,
    fitted: Mapping[str, Any] | None = None,
    columns: ColumnRules | None = None,
) -> FeatureTable:
    """Build every feature of every customer.

    Parameters
    ----------
    dataset : Dataset of kind "transactions"
        Its frame may be pandas, Polars or Modin. Lines are read once; the work grows with their number.
    reference_date : str or None
        ISO date and time to which days are counted; the latest time in the data where ``None``. A date alone is the end of that day.

    Returns
    -------
    FeatureTable
        Customers ascending by their id's text; ``revenue`` is net spend.

    Raises
    ------
    DataError
        Where the data has lines after the reference date, or a customer's spend is more than a number can hold.
    ParameterError
        Where the reference date is none.

    Notes
    -----
    Features without nulls by construction: see the data dictionary. The Intel kit's are those of its preprocessing (``systems.md``, 1).
    """
    lines = _lines(dataset)
    customers = _per_customer(lines)
    index = pd.Index(customers["customer"])
    latest = customers["last"].max()
    reference = _reference(reference_date, latest)
    n_lines = customers["lines"].to_numpy(dtype=np.float64)
    total = customers["total"].to_numpy(dtype=np.float64)
    first, last = (customers[name].to_numpy(dtype="datetime64[us]") for name in ("first", "last"))
    made = {
        "Amount": customers["mean"].to_numpy(dtype=np.float64),
        "NumberOfOrders": n_lines,
        "Recency": np.floor(_days(last, reference)),
        "total_spend": total,
        "log_spend": np.sign(total) * np.log1p(np.abs(total)),
        **_calendar(lines, index),
    }
    made |= {f"share_{name}": made[name] / n_lines for name in (*WEEKDAYS, *MONTHS)}
    kept = lines.filter(~nw.col("cancelled"))
    made |= _orders(kept, index, first=first, total=total, reference=reference)
    if "item" in dataset.roles:
        made["distinct_items"] = _count_distinct(kept, "item", index)
    _refuse_overflow(made["total_spend"], customers["customer"], dataset.name)
    names = tuple(name for name in NAMES if name in made)
    return FeatureTable(
        values=np.column_stack([made[name] for name in names]),
        names=names,
        customers=customers["customer"].to_numpy(dtype=object),
        copies=np.zeros(len(customers), dtype=np.int32),
        dictionary=describe(dataset.roles),
        revenue=total,
        reference_date=reference.astype("datetime64[us]").item().isoformat(),
    )


def _refuse_overflow(total: np.ndarray, customers: pd.Series, name: str) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        whole = float(np.sum(total))
    if np.isfinite(whole):
        return
    worst = int(np.argmax(np.where(np.isfinite(total), np.abs(total), np.inf)))
    raise DataError(
        f"{name}: the spend of customer {customers.iloc[worst]!r} is too large to be added up: correct the amounts, or leave the rows out "
        "with a filter."
    )


def _lines(dataset: Dataset) -> Any:
    """Return one row a line under plain names: customer, order, time, item, amount, cancelled, and the calendar's key."""
    roles: Mapping[str, str] = dataset.roles
    frame = nw.from_native(dataset.frame, eager_only=True)
    amount = nw.col(roles["amount"]) if "amount" in roles else nw.col(roles["quantity"]) * nw.col(roles["price"])
    order = nw.col(roles.get("order", roles["time"]))
    negative = (nw.col(roles["quantity"]) if "quantity" in roles else amount) < 0
    cancelled = negative | order.str.contains(r"^C[0-9]+$") if "order" in roles else negative
    time = nw.col(roles["time"])
    item = [nw.col(roles["item"]).alias("item")] if "item" in roles else []
    return frame.select(
        nw.col(roles["customer"]).alias("customer"),
        order.alias("order"),
        time.alias("time"),
        *item,
        amount.alias("amount"),
        cancelled.alias("cancelled"),
        (time.dt.month() * 8 + time.dt.weekday()).alias("calendar"),
    )


def _per_customer(lines: Any) -> pd.DataFrame:
    aggregated = lines.group_by("customer").agg(
        nw.len().alias("lines"),
        nw.col("amount").mean().alias("mean"),
        nw.col("amount").sum().alias("total"),
        nw.col("time").min().alias("first"),
        nw.col("time").max().alias("last"),
    )
    frame = _small(aggregated)
    frame["customer"] = frame["customer"].astype(str).astype(object)
    return frame.sort_values("customer", kind="stable", ignore_index=True)


def _reference(asked: str | None, latest: Any) -> np.datetime64:
    last = np.datetime64(latest.to_datetime64(), "us")
    if asked is None:
        return last
    try:
        reference = np.datetime64(dt.datetime.fromisoformat(asked.strip()).replace(tzinfo=None), "us")
    except ValueError:
        raise ParameterError(f"The reference date must be a date such as 2011-12-09, got {asked!r}.") from None
    if len(asked.strip()) <= len("2011-12-09"):
        reference += _DAY - np.timedelta64(1, "us")
    if reference < last:
        raise DataError(
            f"The data goes on to {latest:%Y-%m-%d %H:%M}, after the reference date {asked}: give a later one (--as-of), or leave the "
            "later rows out (--to)."
        )
    return reference


def _calendar(lines: Any, index: pd.Index) -> dict[str, np.ndarray]:
    """Return the counts of lines by weekday and by month, from one grouping by both."""
    counts = _small(lines.group_by("customer", "calendar").agg(nw.len().alias("lines")))
    rows = _rows_of(counts["customer"], index)
    key = counts["calendar"].to_numpy(dtype=np.int64)
    found = counts["lines"].to_numpy(dtype=np.float64)
    days, months = np.zeros((len(index), 7)), np.zeros((len(index), 12))
    np.add.at(days, (rows, key % 8 - 1), found)
    np.add.at(months, (rows, key // 8 - 1), found)
    return {
        **{name: days[:, position] for position, name in enumerate(WEEKDAYS)},
        **{name: months[:, position] for position, name in enumerate(MONTHS)},
    }


def _orders(kept: Any, index: pd.Index, *, first: np.ndarray, total: np.ndarray, reference: np.datetime64) -> dict[str, np.ndarray]:
    """Return what depends on when orders were placed; an order's time is its first line's."""
    orders = _small(kept.group_by("customer", "order").agg(nw.col("time").min().alias("placed")))
    by_customer = orders.groupby(_rows_of(orders["customer"], index))["placed"].agg(["size", "min", "max"])
    rows = by_customer.index.to_numpy(dtype=np.int64)
    invoices = np.zeros(len(index))
    invoices[rows] = by_customer["size"].to_numpy()
    begun, ended = first.copy(), first.copy()
    begun[rows] = by_customer["min"].to_numpy(dtype="datetime64[us]")
    ended[rows] = by_customer["max"].to_numpy(dtype="datetime64[us]")
    tenure = _days(begun, reference)
    several = invoices > 1
    gap = np.where(several, _days(begun, ended) / np.where(several, invoices - 1, 1), tenure)
    return {
        "invoices": invoices,
        "average_basket_value": np.where(invoices > 0, total / np.maximum(invoices, 1), 0.0),
        "days_between_orders": gap,
        "tenure_days": tenure,
    }


def _days(start: Any, end: Any) -> np.ndarray:
    return np.asarray((end - start) / _DAY, dtype=np.float64)


def _count_distinct(lines: Any, column: str, index: pd.Index) -> np.ndarray:
    pairs = _small(lines.group_by("customer", column).agg(nw.len().alias("lines")).select("customer"))
    return np.bincount(_rows_of(pairs["customer"], index), minlength=len(index)).astype(np.float64)


def _rows_of(customers: pd.Series, index: pd.Index) -> np.ndarray:
    return index.get_indexer(pd.Index(customers.astype(object)))


def _small(frame: Any) -> pd.DataFrame:
    """Return a grouped frame, which is small, in pandas."""
    return frame.to_pandas().reset_index(drop=True)
