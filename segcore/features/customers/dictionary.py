"""Data dictionary of the features of a customer table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segcore.features.customers.column_values import Column, NumberColumn
from segcore.records.feature_table import FeatureEntry
from segcore.wording.features import stands_apart as stands_apart_text
from segcore.wording.numbers import percent_text, plain_number
from segcore.wording.quotes import value_text, visible

_LISTED = 12  # of the values that share a dummy
_SHARE = "share of customers"
_SENTINELS = frozenset({-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0})
_OFTEN = 0.05


def entries_of(recipe: Mapping[str, Any], column: Column | None) -> list[FeatureEntry]:
    """Return the dictionary entries of the features that a recipe makes.

    Parameters
    ----------
    recipe : mapping
    column : NumberColumn, TextColumn or None
        The column that the recipe was fitted to, for the counts; ``None`` for new customers.
    """
    source = recipe["column"]
    title = visible(source)
    if recipe["use"] == "number":
        return [FeatureEntry(source, title, "", _of_number(title, recipe, column), (source,))]
    if recipe["use"] == "binary":
        one = recipe["values"][1]
        name = recipe["names"][0]
        entry = FeatureEntry(name, f"{title}: {value_text(one)}", _SHARE, _of_binary(title, recipe, column), (source,), kind="binary")
        return [entry]
    described = [(value_text(value), _of_value(title, value, column)) for value in recipe["values"]]
    if recipe["missing"] is not None:
        described.append((value_text(None), _of_value(title, None, column)))
    if recipe["other"] is not None:
        described.append(("(other)", _of_rest(title, recipe, column)))
    return [
        FeatureEntry(name, f"{title}: {value}", _SHARE, text, (source,), block=source, kind="dummy")
        for name, (value, text) in zip(recipe["names"], described, strict=True)
    ]


def _of_number(title: str, recipe: Mapping[str, Any], column: Column | None) -> str:
    text = f"The column {title}, as it is."
    if column is None:
        return f"{text} Missing values are {plain_number(recipe['missing'])}, the median of the customers that the sweep was made with."
    if column.n_missing:
        are = "missing value is" if column.n_missing == 1 else "missing values are"
        text += f" {column.n_missing:,} {are} its median, {plain_number(recipe['missing'])}."
    apart = stands_apart(column) if isinstance(column, NumberColumn) else None
    return f"{text} {stands_apart_text(**apart)}." if apart else text


def _of_binary(title: str, recipe: Mapping[str, Any], column: Column | None) -> str:
    zero, one = recipe["values"]
    text = f"1 where {title} is {_named(one)}{_how_many(one, column)}, 0 where it is {_named(zero)}{_how_many(zero, column)}."
    if column is not None and column.n_missing and None not in (zero, one):
        them = "customer without a value counts" if column.n_missing == 1 else "customers without a value count"
        text += f" {column.n_missing:,} {them} as {_named(recipe['missing'])}, the most frequent."
    return text


def _of_value(title: str, value: str | None, column: Column | None) -> str:
    return f"1 where {title} is {_named(value)}{_how_many(value, column)}, else 0."


def _of_rest(title: str, recipe: Mapping[str, Any], column: Column | None) -> str:
    rest = "any value without its own feature"
    if column is None:
        return f"1 where {title} is {rest}, else 0."
    listed = column.frequent(0.0) if column.n_values <= 1_000 else None
    own = set(recipe["values"])
    n_rest = column.n_values - len(own)
    others = [value_text(value) for value, _ in listed if value not in own][:_LISTED] if listed is not None else []
    which = f": {', '.join(others)}{f' and {n_rest - len(others):,} more' if n_rest > len(others) else ''}" if others else ""
    if column.n_missing and recipe["missing"] is None:
        gaps = f"no value ({column.n_missing:,})"
        which = f"{which}; or {gaps}" if n_rest else f": {gaps}"
    count = len(column) - sum(int(column.where(value).sum()) for value in own) - (column.n_missing if recipe["missing"] else 0)
    values = "another value" if n_rest == 1 else f"one of {n_rest:,} other values"
    return f"1 where {title} is {values if n_rest else rest} ({_counted(count, len(column))}){which}; else 0."


def _how_many(value: str | None, column: Column | None) -> str:
    return "" if column is None else f" ({_counted(int(column.where(value).sum()), len(column))})"


def _counted(count: int, n: int) -> str:
    return f"{count:,} of {n:,} customers, {percent_text(count / n)}"


def _named(value: str | None) -> str:
    return "missing" if value is None else value_text(value)


def stands_apart(column: NumberColumn) -> dict[str, Any] | None:
    """Return a lowest or highest value, such as -1 or 999, that may be a code for missing values; else ``None``.

    Returns
    -------
    dict or None
        ``value``, the number of ``customers`` that have it out of all ``rows``, the ``nearest`` other value, and whether it is the
        ``lowest``.
    """
    if not len(column.there):
        return None
    low, high = column.bounds
    for value in {low, high} & _SENTINELS:
        same = column.there == value
        count = int(same.sum())
        if count / len(column) <= _OFTEN or count == len(column.there):
            continue
        rest = column.there[~same]
        nearest = float(rest.min() if value == low else rest.max())
        if (value < 0 <= nearest) if value == low else (0 <= nearest <= value / 2):
            return {"value": value, "customers": count, "rows": len(column), "nearest": nearest, "lowest": value == low}
    return None
