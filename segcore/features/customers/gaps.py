"""Missing values of columns that become features: what they count as, and what the customers without one have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segcore.records.finding import Finding, Remedy
from segcore.wording.numbers import plain_number

_TELLING = 3  # customers; fewer have something in common by chance
_MOSTLY = 0.5


def is_filled(recipe: Mapping[str, Any]) -> bool:
    """Tell whether missing values count as one of the others; those of a category, and of two values of which one is missing, do not."""
    return recipe["use"] == "number" or (recipe["use"] == "binary" and None not in recipe["values"])


def filled(frame: Any, recipe: Mapping[str, Any], missing: np.ndarray) -> Finding:
    """Return what the missing values of a column count as.

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
    """Return a value of another column that all of these customers have, and at least half of its customers are among them."""
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
