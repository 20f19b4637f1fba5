"""Purchases: how often each customer bought each item or from each category, or how each customer rated each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np


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
    """

    names: tuple[str, ...]
    starts: np.ndarray
    items: np.ndarray
    counts: np.ndarray
    titles: tuple[str, ...] | None = None

    def titled(self, titles: Mapping[str, str]) -> Purchases:
        """Return the same with the titles of some items, by their names."""
        found = tuple(titles.get(name, "") for name in self.names)
        return replace(self, titles=found if any(found) else None)

    def take(self, kept: np.ndarray) -> Purchases:
        """Return those of some customers, ``kept`` of shape (n_customers,), bool; items that none of them bought stay."""
        mine = np.repeat(kept, np.diff(self.starts))
        starts = np.concatenate([[0], np.cumsum(np.diff(self.starts)[kept])]).astype(np.int64)
        return replace(self, starts=starts, items=self.items[mine], counts=self.counts[mine])

    @property
    def customers(self) -> np.ndarray:
        """Position of the customer of each pair, shape (n_pairs,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
