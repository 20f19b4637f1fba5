"""Purchases: how often each customer bought each item or from each category, or rated each item, and in which baskets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

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

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> Purchases:
        """Return the same with a function applied to each array, such as one that puts it on disk."""
        baskets = self.baskets
        if baskets is not None:
            baskets = Baskets(**{entry.name: function(getattr(baskets, entry.name)) for entry in fields(baskets)})
        starts, items, counts = map(function, (self.starts, self.items, self.counts))
        return replace(self, starts=starts, items=items, counts=counts, baskets=baskets)

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


def together(parts: list[Purchases], places: Sequence[np.ndarray]) -> Purchases:
    """Return the purchases of several groups of customers as one table; the list is used up.

    Parameters
    ----------
    parts : list of Purchases
        Of different customers, without titles.
    places : sequence of ndarray of shape (n_customers of the part,), int64
        Position of each part's customers in the result, ascending in each.
    """
    names = sorted({name for part in parts for name in part.names})
    codes = {name: code for code, name in enumerate(names)}
    moved = [np.array([codes[name] for name in part.names], dtype=np.int32) for part in parts]
    starts = _begins(places, [np.diff(part.starts) for part in parts])
    items, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], parts[0].counts.dtype)
    baskets = [part.baskets for part in parts]
    for place, part, new in zip(places, parts, moved, strict=True):
        to = _rows_from(starts[place], np.diff(part.starts))
        items[to], counts[to] = new[part.items], part.counts
    parts.clear()
    found = Purchases(tuple(names), starts, items, counts)
    if any(basket is None for basket in baskets):
        return found
    return replace(found, baskets=_baskets_together([basket for basket in baskets if basket is not None], moved, places))


def _baskets_together(parts: Sequence[Baskets], moved: Sequence[np.ndarray], places: Sequence[np.ndarray]) -> Baskets:
    customers = _begins(places, [np.diff(part.customers) for part in parts])
    orders_of = [_rows_from(customers[place], np.diff(part.customers)) for place, part in zip(places, parts, strict=True)]
    orders = _begins(orders_of, [np.diff(part.orders) for part in parts])
    items, placed = np.empty(orders[-1], np.int32), np.empty(customers[-1], np.int64)
    for part, new, to in zip(parts, moved, orders_of, strict=True):
        placed[to] = part.placed
        items[_rows_from(orders[to], np.diff(part.orders))] = new[part.items]
    return Baskets(items=items, orders=orders, customers=customers, placed=placed)


def _begins(places: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> np.ndarray:
    """Return where runs begin, and the end of the last, from the sizes of those at some places."""
    found = np.zeros(sum(map(len, places)), dtype=np.int64)
    for place, size in zip(places, sizes, strict=True):
        found[place] = size
    return np.concatenate([[0], np.cumsum(found)]).astype(np.int64)


def _rows_from(begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the positions of runs of these sizes that begin there, one after the other."""
    ends = np.cumsum(sizes)
    return np.repeat(begins - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
