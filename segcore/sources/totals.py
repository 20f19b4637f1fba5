"""Totals of whole orders that each of their lines repeats: added up line by line they would count several times."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from segcore.sources.columns import as_text
from segcore.sources.names import plain
from segcore.sources.raw import Raw

_OF_AN_ORDER = re.compile(
    r"order|basket|invoice|payment|total|bill|receipt|transaction|gesamt|rechnung|commande|facture|pedido|ordine|totaal"
)
_MOST_ORDERS = 0.98
_TELLING_ORDERS, _TELLING_VALUES = 20, 20


def is_repeated_total(raw: Raw, order: str, amount: str) -> bool:
    """Tell whether a column called a total has one value for all lines of nearly every order of several lines.

    Parameters
    ----------
    raw : Raw
    order, amount : str
        Columns.
    """
    if not _OF_AN_ORDER.search(plain(amount)) or re.search("line|item|unit", plain(amount)):
        return False
    orders, amounts = _places(raw.column(order)), _places(raw.column(amount))
    if amounts.max(initial=-1) < _TELLING_VALUES:
        return False
    by_order = np.argsort(orders, kind="stable")
    orders, amounts = orders[by_order], amounts[by_order]
    same_order = orders[1:] == orders[:-1]
    several = np.unique(orders[1:][same_order])
    differing = np.unique(orders[1:][same_order & (amounts[1:] != amounts[:-1])])
    return len(several) >= _TELLING_ORDERS and len(differing) <= (1 - _MOST_ORDERS) * len(several)


def _places(column: pa.ChunkedArray) -> np.ndarray:
    """Return each value's place among the different ones of its column, int64."""
    return np.asarray(as_text(column).dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
