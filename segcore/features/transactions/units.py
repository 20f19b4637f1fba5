"""Units that customers bought, which the key figures of segments need; not a feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from segcore.features.grouping import rows_of

_MOST_A_LINE = 100


def count_units(lines: Any, index: pd.Index) -> dict[str, np.ndarray]:
    """Return each customer's units, and the amount paid for them, less what was cancelled: arrays of shape (n_customers,), float64.

    Parameters
    ----------
    lines : Narwhals frame
        One row per order line: ``customer``, ``amount``, ``quantity`` and, where there is one, ``item``.
    index : Index
        The customers.

    Notes
    -----
    An item of which a usual line (the median) has more than 100 is sold by measure, such as fuel by the thousandth of a gallon. Its
    lines are left out of both, because a sum of pieces and measures means nothing.
    """
    quantity, amount = (lines[name].to_numpy().astype(np.float64) for name in ("quantity", "amount"))
    counted = np.isfinite(quantity)
    if "item" in lines.columns:
        place, items = pd.factorize(lines["item"].to_pandas())
        usual = pd.Series(np.abs(quantity)).groupby(place).median()
        measured = np.zeros(len(items) + 1, bool)  # the last is for lines without an item
        measured[usual.index[usual > _MOST_A_LINE]] = True
        counted &= ~measured[place]
    rows = rows_of(lines["customer"].to_pandas(), index)[counted]
    sums = {"units": quantity[counted], "unit_revenue": amount[counted]}
    return {name: np.bincount(rows, weights=values, minlength=len(index)) for name, values in sums.items()}
