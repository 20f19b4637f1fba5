"""Units that customers bought, which the key figures of segments need; not a feature."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.grouping import rows_of, small

_MOST_A_LINE = 100


def sold_by_measure(parts: Iterable[Any]) -> frozenset[str]:
    """Return the items with more than 100 units in the median line, such as fuel by the thousandth of a gallon.

    Parameters
    ----------
    parts : iterable of Narwhals frames
        The data in parts: one row per order line, with ``item`` and ``quantity``.
    """
    size = nw.col("quantity").abs()
    many = size > _MOST_A_LINE
    found = [
        small(
            lines.filter(~nw.col("item").is_null()).select("item", many.cast(nw.Int64).alias("many"), size.alias("size"))
            .with_columns(nw.when(nw.col("many") == 0).then(nw.col("size")).alias("below"))
            .with_columns(nw.when(nw.col("many") == 1).then(nw.col("size")).alias("above"))
            .group_by("item")
            .agg(nw.len().alias("lines"), nw.col("many").sum(), nw.col("below").max(), nw.col("above").min())
        )
        for lines in parts
    ]  # fmt: skip
    found = [items.astype({"item": str, "lines": float, "many": float, "below": float, "above": float}) for items in found]
    items = pd.concat(found).groupby("item").agg({"lines": "sum", "many": "sum", "below": "max", "above": "min"})
    # With as many lines above as below, the median lies between the largest value below and the smallest value above.
    even = 2 * items["many"] == items["lines"]
    usual = (2 * items["many"] > items["lines"]) | (even & (items["below"] + items["above"] > 2 * _MOST_A_LINE))
    return frozenset(items.index[usual])


def count_units(lines: Any, index: pd.Index, by_measure: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Return each customer's units, and the amount paid for them, net of cancelled lines: arrays of shape (n_customers,), float64.

    Parameters
    ----------
    lines : Narwhals frame
        One row per order line: ``customer``, ``amount``, ``quantity`` and, if there is such a column, ``item``.
    index : Index
        The customers.
    by_measure : collection of str
        Items whose lines are left out of both results, because a sum of pieces and measures means nothing: see `sold_by_measure`.
    """
    counted = lines.filter(~nw.col("item").is_in(sorted(by_measure))) if by_measure else lines
    found = small(counted.group_by("customer").agg(nw.col("quantity").sum(), nw.col("amount").sum()))
    rows = rows_of(found["customer"], index)
    sums = {"units": found["quantity"], "unit_revenue": found["amount"]}
    return {name: np.bincount(rows, weights=values.to_numpy(dtype=np.float64), minlength=len(index)) for name, values in sums.items()}
