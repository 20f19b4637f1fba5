"""A feature table as rows for files: customers first, sorted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from segcore.dataset import FeatureTable


def rows_for_file(table: FeatureTable) -> pa.Table:
    """Return ``customer_id``, ``copy`` where there are copies, then the features; sorted by the id's text and the copy.

    Parameters
    ----------
    table : FeatureTable

    Returns
    -------
    pyarrow Table
        Ids as text, features as float64; a feature that is called like one of the first two columns is suffixed with ``_``.
    """
    order = np.lexsort((table.copies, table.customers.astype(str)))
    columns = {"customer_id": pa.array(table.customers[order], pa.string())}
    if table.copies.any():
        columns["copy"] = pa.array(table.copies[order].astype(np.int32))
    for position, name in enumerate(table.names):
        columns[f"{name}_" if name in columns else name] = pa.array(table.values[order, position])
    return pa.table(columns)
