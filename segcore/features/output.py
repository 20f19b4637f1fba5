"""Rows for files, from feature tables and data dictionaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from segcore.records.feature_table import FeatureTable
from segcore.wording.findings import sentence

ID_COLUMN = "customer_id"
_OWN = ("copy", "segment", "segment_name", "set_aside")
_PROBABILITY = "probability_"


def file_columns(kinds: Sequence[tuple[str, Sequence[str]]], *, probabilities: bool = False) -> dict[str, str]:
    """Return the names that columns of the data have in files: all different, also when case is ignored, as in SQL.

    Parameters
    ----------
    kinds : sequence of (str, sequence of str)
        Such as ``("feature", names)``, in the order of precedence: a name that is already taken gets its kind in brackets.
    probabilities : bool
        Whether the file also has the probability of each segment.

    Returns
    -------
    dict
        Keys are ``kind:name``.
    """
    taken = set(_OWN)
    called = {}
    for kind, names in kinds:
        for name in names:
            free = name
            while free.casefold() in taken or (probabilities and free.casefold().startswith(_PROBABILITY)):
                free = f"{free} ({kind})"
            taken.add(free.casefold())
            called[f"{kind}:{name}"] = free
    return called


def rows_for_file(table: FeatureTable, *, profile: bool = False) -> pa.Table:
    """Return ``customer_id``, ``copy`` if there are copies, then the features; sorted by the id's text and the copy.

    Parameters
    ----------
    table : FeatureTable
    profile : bool
        Whether the profile columns follow.

    Returns
    -------
    pyarrow Table
        Ids as text, features as float64; columns have the names from `file_columns`.
    """
    order = np.lexsort((table.copies, table.customers.astype(str)))
    carried = tuple(table.profile) if profile else ()
    called = file_columns((("id", (ID_COLUMN,)), ("feature", table.names), ("profile", carried)))
    columns = {ID_COLUMN: pa.array(table.customers[order], pa.string())}
    if table.copies.any():
        columns["copy"] = pa.array(table.copies[order].astype(np.int32))
    for position, name in enumerate(table.names):
        columns[called[f"feature:{name}"]] = pa.array(table.values[order, position])
    for name in carried:
        columns[called[f"profile:{name}"]] = plain_array(table.profile[name][order])
    return pa.table(columns)


def plain_array(column: np.ndarray) -> pa.Array:
    """Return a column as an Arrow array that both CSV and Parquet can hold; other types become text."""
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        array = pa.array([None if value is None else str(value) for value in column], pa.string())
    if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    if pa.types.is_dictionary(array.type) or pa.types.is_large_string(array.type) or pa.types.is_null(array.type):
        return array.cast(pa.string())
    return array


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
