"""Unseen values: values of new customers that no customer had when a sweep was made, and what they count as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from segcore.features.customers.column_values import Column, read_column
from segcore.records.dataset import Dataset
from segcore.records.finding import Finding

_MOST_NOTES = 20


def unseen_notes(dataset: Dataset, fitted: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return which columns of new customers hold values that the sweep's customers did not have.

    Parameters
    ----------
    dataset : Dataset of kind "customers"
        With every column that ``fitted`` needs.
    fitted : mapping
        ``FeatureTable.fitted`` of the sweep's table.

    Returns
    -------
    tuple of Finding
        Warnings: a column that is empty here; a third value of a binary column; a new value of a category whose values all had dummies.
        If a category already had "other values" when the sweep was made, new values are not distinguished from those.
    """
    frame = nw.from_native(dataset.frame, eager_only=True)
    if not len(frame):
        return ()
    found = [_unseen(recipe, read_column(frame[recipe["column"]], recipe["column"])) for recipe in fitted["columns"]]
    notes = [note for note in found if note is not None]
    more = len(notes) - _MOST_NOTES
    return (*notes[:_MOST_NOTES], Finding("score.more_unseen", "warning", {"columns": more})) if more > 0 else tuple(notes)


def _unseen(recipe: Mapping[str, Any], column: Column) -> Finding | None:
    title, use, n = recipe["column"], recipe["use"], len(column)
    gaps = None in recipe["values"] if use == "binary" else use == "category" and recipe["missing"] is not None
    counts_as = {"use": use, "value": recipe["values"][0] if use == "binary" else None}
    if column.n_missing == n and not gaps and not (use == "category" and recipe["other"] is not None):
        return Finding("score.empty_column", "warning", {"column": title, "customers": n, **counts_as})
    if use == "number" or (use == "category" and recipe["other"] is not None):
        return None
    # In binary columns, missing counts as the more frequent value; in categories, missing is a value like any other.
    known = column.missing.copy() if use == "binary" or gaps else np.zeros(n, dtype=bool)
    for value in recipe["values"]:
        known |= column.where(value)
    count = n - int(known.sum())
    if not count:
        return None
    new = next((value for value, _ in column.frequent(0.0) if value not in recipe["values"]), None)
    return Finding("score.unseen_values", "warning", {"column": title, "unseen": count, "customers": n, "example": new, **counts_as})
