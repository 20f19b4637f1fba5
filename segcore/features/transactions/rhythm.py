"""Regularity of a customer's orders, and the trend of their spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.grouping import DAY, ratio
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders without cancelled lines, one row per order.

    Parameters
    ----------
    rows : ndarray of shape (n_orders,), int64
        The customer's row.
    placed : ndarray of shape (n_orders,), datetime64[us]
        The time of the order's first line.
    spend : ndarray of shape (n_orders,), float64
        Sum of its positive amounts.
    """

    rows: np.ndarray
    placed: np.ndarray
    spend: np.ndarray


def gap_spread(orders: Orders, n_customers: int) -> np.ndarray:
    """Return the standard deviation (of the gaps themselves, ddof 0) of the days between successive orders.

    Returns
    -------
    ndarray of shape (n_customers,), float64
        Days; NaN for customers with fewer than three orders.
    """
    sequence = np.lexsort((orders.placed, orders.rows))
    rows = orders.rows[sequence]
    same = rows[1:] == rows[:-1]
    gaps = (np.diff(orders.placed[sequence]) / DAY)[same]
    owners = rows[1:][same]
    counts = np.bincount(owners, minlength=n_customers)
    means = np.bincount(owners, weights=gaps, minlength=n_customers) / np.maximum(counts, 1)
    squares = np.bincount(owners, weights=(gaps - means[owners]) ** 2, minlength=n_customers)
    return np.where(counts > 1, np.sqrt(squares / np.maximum(counts, 1)), np.nan)


def spend_trend(orders: Orders, begun: np.ndarray, reference: np.datetime64) -> np.ndarray:
    """Compare each customer's spend in the later half of their time with that in the earlier half.

    Parameters
    ----------
    orders : Orders
    begun : ndarray of shape (n_customers,), datetime64[us]
        First order of each customer.
    reference : datetime64[us]

    Returns
    -------
    ndarray of shape (n_customers,), float64
        ``(later - earlier) / (later + earlier)``, -1 to 1; 0 without spend, or if the first order is at the reference date. An
        order exactly in the middle counts as later.
    """
    later = 2 * (orders.placed - begun[orders.rows]) >= (reference - begun)[orders.rows]
    halves = [np.bincount(orders.rows[half], weights=orders.spend[half], minlength=len(begun)) for half in (later, ~later)]
    return np.where(begun < reference, ratio(halves[0] - halves[1], halves[0] + halves[1]), 0.0)


def describe_rhythm(
    columns: tuple[str, ...], money: tuple[str, ...], amount: str, cancelled: str, *, typical: float | None, filled: int
) -> tuple[FeatureEntry, ...]:
    """Return the dictionary entries of both features.

    Parameters
    ----------
    columns, money : tuples of str
        Source columns of orders and of amounts.
    amount, cancelled : str
        A line's amount, and the cancelled lines, in words.
    typical : float or None
        Days; the spread used for customers with fewer than three orders. ``None`` if nobody has three.
    filled : int
        Number of those customers.
    """
    fill = ""
    if filled and typical is not None:
        fill = f" Customers with fewer ({filled:,}) have {typical:,.6g} days, the median of those that had three."
    return (
        FeatureEntry(
            "days_between_orders_spread",
            "Variation of days between orders",
            "days",
            f"Standard deviation of the days from each order to the next, not counting {cancelled}: 0 is perfectly regular. It needs three "
            f"orders.{fill}",
            columns,
            Finding("feature.no_third_order") if typical is None else None,
        ),
        FeatureEntry(
            "spend_trend",
            "Spend trend",
            "from -1 to 1",
            f"The time from the customer's first order to the reference date is halved: spend in the later half minus spend in the earlier "
            f"half, divided by their sum (positive {amount}, not counting {cancelled}). 1 means all spend is later, -1 all is earlier, as "
            "with a single order; 0 without spend, or without time since the first order.",
            tuple(dict.fromkeys((*money, *columns))),
        ),
    )
