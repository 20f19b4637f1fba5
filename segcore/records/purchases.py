"""Purchases: how often each customer bought each item, or from each category."""

from __future__ import annotations

from dataclasses import dataclass

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
    counts : ndarray of shape (n_pairs,), int32
        Lines with the item, at least 1, without cancelled ones.
    """

    names: tuple[str, ...]
    starts: np.ndarray
    items: np.ndarray
    counts: np.ndarray

    @property
    def customers(self) -> np.ndarray:
        """Position of the customer of each pair, shape (n_pairs,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
