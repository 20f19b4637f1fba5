"""What new customers have that none had when a sweep was made, so that it counts as something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from segcore.features.customers.column_values import Column, read_column
from segcore.features.customers.dictionary import percent
from segcore.features.customers.encoding import quoted, value_text
from segcore.records.dataset import Dataset, Note
from segcore.records.finding import Finding

_MOST_NOTES = 20


def unseen_notes(dataset: Dataset, fitted: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Say which columns of new customers hold values that the sweep's customers did not have.

    Parameters
    ----------
    dataset : Dataset of kind "customers"
        With every column that ``fitted`` needs.
    fitted : mapping
        ``FeatureTable.fitted`` of the sweep's table.

    Returns
    -------
    tuple of Finding
        Warnings: a column that is empty here; a value that is neither of two; one of a category whose values all had a dummy. What is
        among the other values of a category was so when the sweep was made, too, and is not told apart from them.
    """
    frame = nw.from_native(dataset.frame, eager_only=True)
    if not len(frame):
        return ()
    texts = [_unseen(recipe, read_column(frame[recipe["column"]], recipe["column"])) for recipe in fitted["columns"]]
    found = [text for text in texts if text is not None]
    more = len(found) - _MOST_NOTES
    if more > 0:
        found = [*found[:_MOST_NOTES], f"{more:,} more columns have values that no customer had when the sweep was made."]
    return tuple(Note("warning", text) for text in found)


def _unseen(recipe: Mapping[str, Any], column: Column) -> str | None:
    title, use, n = recipe["column"], recipe["use"], len(column)
    gaps = None in recipe["values"] if use == "binary" else use == "category" and recipe["missing"] is not None
    if column.n_missing == n and not gaps and not (use == "category" and recipe["other"] is not None):
        every = "the customer" if n == 1 else f"all {n:,} customers"
        return f"{title} is empty for {every}: {_counted_as(recipe)}."
    if use == "number" or (use == "category" and recipe["other"] is not None):
        return None
    # A missing value of two is the more frequent by rule; of a category it is one like any other.
    known = column.missing.copy() if use == "binary" or gaps else np.zeros(n, dtype=bool)
    for value in recipe["values"]:
        known |= column.where(value)
    count = n - int(known.sum())
    if not count:
        return None
    new = next((quoted(value) for value, _ in column.frequent(0.0) if value not in recipe["values"]), "a missing one")
    have = "customer has a value" if count == 1 else "customers have values"
    return (
        f"{count:,} {have} in {title} that no customer had when the sweep was made ({percent(count, n)}), such as {new}: "
        f"{_counted_as(recipe)}."
    )


def _counted_as(recipe: Mapping[str, Any]) -> str:
    """Say what a value that the recipe does not know counts as."""
    if recipe["use"] == "number":
        return "the median of the sweep's customers is taken"
    if recipe["use"] == "binary":
        return f"this counts as {value_text(recipe['values'][0])}, the most frequent then"
    return "this counts as none of its categories"
