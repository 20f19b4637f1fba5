"""Detect amount columns that hold order totals or quantities instead of the amount of each line."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.numbers import as_numbers, is_numeric
from segcore.data.columns.text import as_text
from segcore.data.files.raw import Raw
from segcore.data.meaning.header_names import matching, plain

_OF_AN_ORDER = re.compile(
    r"order|basket|invoice|payment|total|bill|receipt|transaction|gesamt|rechnung|commande|facture|pedido|ordine|totaal"
)
_MOST_ORDERS = 0.98
_TELLING_ORDERS, _TELLING_VALUES = 20, 20
_PIECES, _MOSTLY = 20, 0.9


def is_repeated_total(raw: Raw, order: str, amount: str) -> bool:
    """Tell whether a column named like a total has one value per order, in nearly all orders with several lines.

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


def price_beside_pieces(raw: Raw, amount: str, taken: Collection[str], *, rows: int) -> str | None:
    """Return the column that may hold the money if the amount looks like quantities: whole numbers, hardly any above 20.

    Parameters
    ----------
    raw : Raw
    amount : str
        Its column, with a name that can mean both, such as "amount".
    taken : collection of str
        Columns that have a role.
    rows : int
        Number of first rows to look at.
    """
    if plain(amount) not in ("amount", "amt", "montant", "betrag", "anzahl"):
        return None
    sample = raw.head(rows)
    prices = [name for name in matching("price", raw.names) if name not in taken and is_numeric(sample[name])]
    if not prices or not is_numeric(sample[amount]):
        return None
    values = as_numbers(sample[amount], name=amount, where=str).drop_null()
    small = pc.and_(pc.equal(values, pc.round(values)), pc.less_equal(pc.abs(values), _PIECES))
    whole = bool(pc.all(pc.equal(values, pc.round(values))).as_py())
    return prices[0] if whole and len(values) and (pc.sum(small).as_py() or 0) >= _MOSTLY * len(values) else None


def _places(column: pa.ChunkedArray) -> np.ndarray:
    """Return each value's position among the distinct values of its column, int64."""
    return np.asarray(as_text(column).dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
