"""Profile columns from a second table of customers: shown for each segment, not clustered on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.customers.column_values import read_column
from segcore.features.customers.screening import why_not_shown
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.wording.quotes import visible


def with_profile(table: FeatureTable, described: Dataset) -> FeatureTable:
    """Add the columns of a second table to a feature table's profile columns and data dictionary.

    Parameters
    ----------
    table : FeatureTable
    described : Dataset of kind "customers"
        With the role customer; it may have fewer, more or other customers than the table.

    Returns
    -------
    FeatureTable
        With numbers as float64, NaN for customers without a row or a value; other columns as text objects, ``None`` for such customers. A
        name that is already taken gets the suffix " (customers)". Columns that cannot be shown are in the dictionary with the reason: see
        `why_not_shown`. If a customer has no row, a further column says who has one: "yes" or "no".

    Raises
    ------
    DataError
        If a number is infinite.
    """
    frame = nw.from_native(described.frame, eager_only=True)
    key = described.roles["customer"]
    ids = pd.Index([str(value) for value in frame[key].to_list()])
    rows = ids.get_indexer(pd.Index(table.customers))
    taken = names_of(table)
    profile, entries = dict(table.profile), list(table.dictionary)
    for column in frame.columns:
        if column == key:
            continue
        values = read_column(frame[column], column)
        reason = why_not_shown(values)
        name = _free(column, taken)
        taken.add(name)
        if reason is None:
            profile[name] = _at(values.carried(), rows)
        entries.append(_entry(name, column, described.name, reason))
    if (rows < 0).any():
        name = _free(f"in {described.name}", taken)
        profile[name] = np.where(rows < 0, "no", "yes").astype(object)
        text = f"Whether the customer has a row in {described.name}."
        entries.append(FeatureEntry(name, visible(name), "", text, (key,), _from(described.name)))
    described_here = tuple(name for name in profile if name not in table.profile)
    return replace(table, profile=profile, dictionary=tuple(entries), described=(*table.described, *described_here))


def _at(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the values of rows; row -1 is missing."""
    missing = np.nan if values.dtype.kind == "f" else None
    return np.append(values, np.array([missing], dtype=values.dtype))[rows]


def _entry(name: str, column: str, source: str, reason: Finding | None) -> FeatureEntry:
    text = f"The column {column} of {source}, {'left out' if reason else 'shown for each segment'}."
    return FeatureEntry(name, visible(name), "", text, (column,), reason or _from(source))


def _from(source: str) -> Finding:
    return Finding("column.second_table", values={"table": source})


def names_of(table: FeatureTable) -> set[str]:
    """Return the names that the table uses: of features, profile columns and the columns of categories."""
    columns = {column for entry in table.dictionary if entry.kind != "number" for column in entry.columns}
    return columns | {entry.name for entry in table.dictionary} | set(table.names) | set(table.profile)


def _free(name: str, taken: Collection[str]) -> str:
    suffixes = ("", " (customers)", *(f" (customers {number})" for number in range(2, len(taken) + 3)))
    return next(name + suffix for suffix in suffixes if name + suffix not in taken)
