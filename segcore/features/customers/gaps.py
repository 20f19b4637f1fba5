"""Missing values of columns that become features: the value they count as, and a value that the customers without one share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segcore.records.finding import Finding, Remedy
from segcore.wording.numbers import plain_number

_TELLING = 3  # customers; fewer may share a value by chance
_MOSTLY = 0.5


def is_filled(recipe: Mapping[str, Any]) -> bool:
    """Tell whether missing values count as another value; in categories, and if one of two values is missing, they do not."""
    return recipe["use"] == "number" or (recipe["use"] == "binary" and None not in recipe["values"])


def filled(frame: Any, recipe: Mapping[str, Any], missing: np.ndarray) -> Finding:
    """Return a finding about the value that missing values of a column count as.

    Parameters
    ----------
    frame : narwhals DataFrame
        All columns of the table.
    recipe : mapping
        Of the column.
    missing : ndarray of shape (n_rows,), bool
        Where it has no value.
    """
    number = recipe["use"] == "number"
    values = {
        "column": recipe["column"],
        "count": int(missing.sum()),
        "value": plain_number(recipe["missing"]) if number else recipe["missing"],
        "how": ("zero" if recipe["missing"] == 0 else "median") if number else "frequent",
        "shared": _shared(frame, recipe["column"], missing),
    }
    return Finding(
        "feature.filled", values=values, remedy=Remedy("filled", {"column": recipe["column"], "number": values["how"] == "median"})
    )


def _shared(frame: Any, column: str, missing: np.ndarray) -> dict[str, str] | None:
    """Return a value of another column that all of these customers have, if at least half of its customers are among them."""
    count = int(missing.sum())
    if count < _TELLING:
        return None
    rows = frame.filter(missing.tolist())
    for name in frame.columns:
        if name == column or rows[name].null_count() or rows[name].n_unique() > 1:
            continue
        value = rows[name][0]
        if count >= _MOSTLY * int((frame[name] == value).sum()):
            return {"column": name, "value": plain_number(value) if isinstance(value, int | float) else str(value)}
    return None
