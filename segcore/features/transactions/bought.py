"""Counts of what each customer bought, which profiles of segments need; not a feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from segcore.features.grouping import rows_of
from segcore.records.purchases import Purchases


def count_purchases(kept: Any, what: str, index: pd.Index) -> Purchases:
    """Count the lines of each customer with each item or category; lines without one are left out.

    Parameters
    ----------
    kept : Narwhals frame
        Lines that were not cancelled, with ``customer`` and the column.
    what : {"item", "category"}
    index : Index
        The customers.
    """
    place, found = pd.factorize(kept[what].to_pandas())
    names, moved = np.unique(np.asarray([str(name) for name in found], dtype=object), return_inverse=True)
    there = place >= 0
    rows = rows_of(kept["customer"].to_pandas(), index)[there]
    pairs, counts = np.unique(rows * np.int64(len(names)) + moved[place[there]], return_counts=True)
    customers, items = np.divmod(pairs, max(len(names), 1))
    starts = np.concatenate([[0], np.cumsum(np.bincount(customers, minlength=len(index)))])
    return Purchases(tuple(names.tolist()), starts.astype(np.int64), items.astype(np.int32), counts.astype(np.int32))
