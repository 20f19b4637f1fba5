"""Rows for files, from feature tables and data dictionaries."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from segcore.records.feature_table import FeatureTable
from segcore.wording.findings import sentence


def rows_for_file(table: FeatureTable) -> pa.Table:
    """Return ``customer_id``, ``copy`` if there are copies, then the features; sorted by the id's text and the copy.

    Parameters
    ----------
    table : FeatureTable

    Returns
    -------
    pyarrow Table
        Ids as text, features as float64; a feature named like one of the first two columns gets the suffix ``_``.
    """
    order = np.lexsort((table.copies, table.customers.astype(str)))
    columns = {"customer_id": pa.array(table.customers[order], pa.string())}
    if table.copies.any():
        columns["copy"] = pa.array(table.copies[order].astype(np.int32))
    for position, name in enumerate(table.names):
        columns[f"{name}_" if name in columns else name] = pa.array(table.values[order, position])
    return pa.table(columns)


def data_dictionary(table: FeatureTable) -> pa.Table:
    """Return the data dictionary as rows: one per feature, and one per column that is not a feature.

    Returns
    -------
    pyarrow Table
        Text columns ``Feature`` (the name in files), ``Title``, ``Kind`` (number, 0 or 1, profile, not used), ``Unit``, ``Description``,
        ``Made from`` and ``Not a feature because``.
    """
    kinds = {"number": "number", "binary": "0 or 1", "dummy": "0 or 1"}
    rows = [
        {
            "Feature": entry.name,
            "Title": entry.title,
            "Kind": kinds[entry.kind] if entry.dropped is None else "profile" if entry.name in table.profile else "not used",
            "Unit": entry.unit,
            "Description": entry.description,
            "Made from": ", ".join(entry.columns),
            "Not a feature because": "" if entry.dropped is None else sentence(entry.dropped),
        }
        for entry in table.dictionary
    ]
    names = ("Feature", "Title", "Kind", "Unit", "Description", "Made from", "Not a feature because")
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in names})
