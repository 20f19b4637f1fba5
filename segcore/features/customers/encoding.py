"""Encoding of a column as features by a recipe of plain values, fitted once and applied to new customers too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.features.customers.column_values import Column, NumberColumn, as_number
from segcore.wording.findings import refusal
from segcore.wording.quotes import value_text

OTHER = "(other)"
Recipe = dict[str, Any]


@dataclass(slots=True)
class Names:
    """Names of features, each used once.

    Parameters
    ----------
    taken : set of str
        The source's columns: a dummy with the name of one of them is renamed.
    """

    taken: set[str]

    def of(self, column: str, value: str | None) -> str:
        """Return the name of the feature that is 1 where a column has a value."""
        name = f"{column}={value_text(value)}"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def number_recipe(column: NumberColumn, *, zero: bool = False) -> Recipe:
    """Return the recipe of a number: itself, and the median, or 0, where it is missing."""
    return {"column": column.name, "use": "number", "names": [column.name], "missing": 0.0 if zero else float(np.median(column.there))}


def binary_recipe(column: Column, values: Sequence[str | None], names: Names, *, missing: str | None) -> Recipe:
    """Return the recipe of two values: the first is 0, the second is 1, and missing values count as ``missing``."""
    return {
        "column": column.name,
        "use": "binary",
        "names": [names.of(column.name, values[1])],
        "values": list(values),
        "missing": missing,
    }


def category_recipe(column: Column, min_share: float, names: Names) -> Recipe | None:
    """Return the recipe of a category: a dummy for each value of more than a share of the rows, and one for the rest.

    ``None`` if no value, including missing, is in so many rows.
    """
    values = column.frequent(min_share)
    gaps = column.n_missing / len(column) > min_share
    if not values and not gaps:
        return None
    covered = sum(count for _, count in values) + (column.n_missing if gaps else 0)
    own = [names.of(column.name, value) for value, _ in values]
    missing = names.of(column.name, None) if gaps else None
    other = names.of(column.name, OTHER) if covered < len(column) else None
    return {
        "column": column.name,
        "use": "category",
        "names": [*own, *(name for name in (missing, other) if name is not None)],
        "values": [value for value, _ in values],
        "missing": missing,
        "other": other,
    }


def encode(recipe: Mapping[str, Any], column: Column, *, source: str) -> list[np.ndarray]:
    """Return the features that a recipe makes from a column.

    Parameters
    ----------
    recipe : mapping
        From `number_recipe`, `binary_recipe` or `category_recipe`.
    column : NumberColumn or TextColumn
        Of the customers that the recipe was fitted to, or of others.
    source : str
        Name of the data, for messages.

    Returns
    -------
    list of ndarray of shape (n_rows,), float64 or bool
        One for each of the recipe's names. A value that no customer had when the recipe was fitted counts as the more frequent of two,
        or as one of a category's other values; if the category has none, all its dummies are 0.

    Raises
    ------
    DataError
        If the recipe needs numbers and a value is not one.
    """
    if recipe["use"] == "number":
        numbers = _numbers(column, source)
        return [np.where(np.isnan(numbers), recipe["missing"], numbers)]
    if recipe["use"] == "binary":
        one = column.where(recipe["values"][1])
        return [one | column.missing if recipe["missing"] == recipe["values"][1] else one]
    own = [column.where(value) for value in recipe["values"]]
    if recipe["missing"] is not None:
        own.append(column.missing)
    if recipe["other"] is not None:
        own.append(~np.logical_or.reduce(own) if own else np.ones(len(column), dtype=bool))
    return own


def needed_recipes(fitted: Mapping[str, Any], features: Collection[str]) -> dict[str, Any]:
    """Return the recipes of some features only: new customers do not need the columns of the others."""
    return {**fitted, "columns": [recipe for recipe in fitted["columns"] if not set(features).isdisjoint(recipe["names"])]}


def as_number_column(column: Column, *, source: str, code: str) -> NumberColumn:
    """Return a column of texts as numbers.

    Parameters
    ----------
    column : NumberColumn or TextColumn
    source : str
        Name of the data, for messages.
    code : str
        Code of the refusal: "feature.chosen_number" or "feature.trained_number".

    Raises
    ------
    DataError
        If a text is not a number; with the first such text and its row.
    """
    if isinstance(column, NumberColumn):
        return column
    numbers = [as_number(text) for text in column.texts.to_pylist()]
    if None in numbers:
        first = numbers.index(None)
        row = int(np.argmax(column.codes == first)) + 1
        raise refusal(code, source=source, column=column.name, value=column.texts[first].as_py(), row=row)
    return NumberColumn(column.name, np.array([*numbers, np.nan], dtype=np.float64)[column.codes])


def _numbers(column: Column, source: str) -> np.ndarray:
    return as_number_column(column, source=source, code="feature.trained_number").numbers
