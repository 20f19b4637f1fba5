"""Purchases: how often each customer bought each item or from each category, or rated each item, and in which baskets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """What customers bought line by line: each customer's orders in the order of time, and the lines of an order as in the file.

    Parameters
    ----------
    items : ndarray of shape (n_lines,), int32
        Positions in ``Purchases.names``.
    orders : ndarray of shape (n_orders + 1,), int64
        Where each order's lines begin; the last is their number in all.
    customers : ndarray of shape (n_customers + 1,), int64
        Where each customer's orders begin; the last is their number in all.
    placed : ndarray of shape (n_orders,), int64
        Time of each order's first line, microseconds since 1970.
    """

    items: np.ndarray
    orders: np.ndarray
    customers: np.ndarray
    placed: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """Where each customer's lines begin, and their number in all, shape (n_customers + 1,)."""
        return np.asarray(self.orders[self.customers])

    @property
    def owners(self) -> np.ndarray:
        """Position of the customer of each order, shape (n_orders,)."""
        return np.repeat(np.arange(len(self.customers) - 1), np.diff(self.customers))

    def take(self, kept: np.ndarray) -> Baskets:
        """Return those of some customers, ``kept`` of shape (n_customers,), bool."""
        return self.take_orders(kept[self.owners], kept)

    def take_orders(self, kept: np.ndarray, customers: np.ndarray | None = None) -> Baskets:
        """Return some orders, ``kept`` of shape (n_orders,), bool; of all customers, or of those of shape (n_customers,), bool."""
        n_orders = np.bincount(self.owners[kept], minlength=len(self.customers) - 1)
        n_orders = n_orders if customers is None else n_orders[customers]
        n_lines = np.diff(self.orders)
        return Baskets(
            items=self.items[np.repeat(kept, n_lines)],
            orders=np.concatenate([[0], np.cumsum(n_lines[kept])]).astype(np.int64),
            customers=np.concatenate([[0], np.cumsum(n_orders)]).astype(np.int64),
            placed=self.placed[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """A sparse table of customers and items, row by row.

    Parameters
    ----------
    names : tuple of str
        Of the items, ascending.
    starts : ndarray of shape (n_customers + 1,), int64
        Where each customer's items begin; the last is their number in all.
    items : ndarray of shape (n_pairs,), int32
        Positions in ``names``, ascending for each customer.
    counts : ndarray of shape (n_pairs,), int32 or float64
        Lines with the item, at least 1, without cancelled ones; or the ratings.
    titles : tuple of str, or None
        Of the items, in the order of ``names``; "" where an item has none. ``None`` if no item has one. Two items may share a title.
    baskets : Baskets or None
        The lines of these items, of transactions.
    """

    names: tuple[str, ...]
    starts: np.ndarray
    items: np.ndarray
    counts: np.ndarray
    titles: tuple[str, ...] | None = None
    baskets: Baskets | None = None

    def titled(self, titles: Mapping[str, str]) -> Purchases:
        """Return the same with the titles of some items, by their names."""
        found = tuple(titles.get(name, "") for name in self.names)
        return replace(self, titles=found if any(found) else None)

    def take(self, kept: np.ndarray) -> Purchases:
        """Return those of some customers, ``kept`` of shape (n_customers,), bool; items that none of them bought stay."""
        if kept.all():
            return self
        mine = np.repeat(kept, np.diff(self.starts))
        starts = np.concatenate([[0], np.cumsum(np.diff(self.starts)[kept])]).astype(np.int64)
        baskets = None if self.baskets is None else self.baskets.take(kept)
        return replace(self, starts=starts, items=self.items[mine], counts=self.counts[mine], baskets=baskets)

    @property
    def customers(self) -> np.ndarray:
        """Position of the customer of each pair, shape (n_pairs,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
