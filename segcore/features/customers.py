"""Features of a table that has one row a customer already: its numeric columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from segcore.dataset import ROW_NUMBER, Dataset, FeatureEntry, FeatureTable
from segcore.errors import DataError
from segcore.rules import ColumnRules

_ROW_NUMBERS = re.compile(r"(?i)(column_1|index|unnamed: ?0|rownames?|row(_?(id|number|num|nr|no))?|nr|no|#)")


def build_customers(
    dataset: Dataset,
    *,
    reference_date: str | None = None,
    fitted: Mapping[str, Any] | None = None,
    columns: ColumnRules | None = None,
) -> FeatureTable:
    """Take the numeric columns as features and carry the others along as profile.

    Parameters
    ----------
    dataset : Dataset of kind "customers"
    reference_date : str or None
        Not used: nothing here counts days.
    fitted : mapping or None
        ``FeatureTable.fitted`` of an earlier table: its columns are taken, no other, whatever values they have here.
    columns : ColumnRules or None

    Returns
    -------
    FeatureTable
        Customers ascending by their id's text. Missing numbers are the column's median; columns with one value, with none, and those
        that only number the rows are dropped, with the reason in the data dictionary.

    Raises
    ------
    DataError
        Where no column is left, or one of ``fitted`` is missing or holds something else than numbers.
    """
    frame = nw.from_native(dataset.frame, eager_only=True)
    ids = _ids(frame, dataset)
    order = np.argsort(ids, kind="stable")
    if fitted is not None:
        return _fitted(frame, ids, order, fitted, dataset.name)
    id_column = dataset.roles.get("customer", ROW_NUMBER)
    # Filled column by column: beside a list of columns, a table of a million customers would be there twice.
    values = np.empty((len(ids), sum(frame[name].dtype.is_numeric() for name in frame.columns)))
    names: list[str] = []
    dictionary: list[FeatureEntry] = []
    profile: dict[str, np.ndarray] = {}
    for name in frame.columns:
        if name == id_column:
            continue
        if not frame[name].dtype.is_numeric():
            profile[name] = _profile(frame[name])[order]
            continue
        column = frame[name].cast(nw.Float64).to_numpy().astype(np.float64)
        entry = _entry(name, column)
        dictionary.append(entry)
        if entry.dropped is None:
            values[:, len(names)] = np.where(np.isnan(column), np.nanmedian(column), column)[order]
            names.append(name)
        elif entry.dropped.startswith("it has one value only"):
            profile[name] = column[order]
    if not names:
        raise DataError(f"{dataset.name} has no numeric column that differs between customers: there is nothing to cluster on.")
    dictionary += [
        FeatureEntry(name, name, "", f"The column {name}, carried along.", (name,), "it does not hold numbers")
        for name in profile
        if name not in {entry.name for entry in dictionary}
    ]
    return FeatureTable(
        values=np.ascontiguousarray(values[:, : len(names)]),
        names=tuple(names),
        customers=ids[order],
        copies=np.zeros(len(ids), dtype=np.int32),
        dictionary=tuple(dictionary),
        profile=profile,
        fitted={
            "columns": [
                {
                    "column": name,
                    "use": "number",
                    "names": [name],
                    "missing": float(np.nanmedian(frame[name].cast(nw.Float64).to_numpy().astype(np.float64))),
                }
                for name in names
            ]
        },
    )


def _fitted(frame: Any, ids: np.ndarray, order: np.ndarray, fitted: Mapping[str, Any], name: str) -> FeatureTable:
    """Return the columns of an earlier table, missing numbers being its medians."""
    medians = {recipe["column"]: recipe["missing"] for recipe in fitted["columns"]}
    lacking = [column for column in medians if column not in frame.columns]
    if lacking:
        raise DataError(f"{name} has no column {', '.join(lacking)}, which the sweep was made with: give the same columns.")
    columns = [_numbers(frame[column], column, name) for column in medians]
    values = np.column_stack([np.where(np.isnan(column), fill, column) for column, fill in zip(columns, medians.values(), strict=True)])
    dictionary = tuple(FeatureEntry(column, column, "", f"The column {column}, as it stands.", (column,)) for column in medians)
    return FeatureTable(values[order], tuple(medians), ids[order], np.zeros(len(ids), dtype=np.int32), dictionary, fitted=fitted)


def _numbers(column: Any, title: str, name: str) -> np.ndarray:
    if column.dtype.is_numeric():
        return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=np.float64)
    texts = ["" if value is None else str(value).strip() for value in column.to_list()]
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        row = next(number for number, text in enumerate(texts) if text and not _is_number(text))
        raise DataError(
            f"{name}: {title} is {texts[row]!r} in data row {row + 1:,}, but the sweep was made with numbers there: mend the column."
        ) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ids(frame: Any, dataset: Dataset) -> np.ndarray:
    column = dataset.roles.get("customer", ROW_NUMBER)
    if column in frame.columns:
        return np.array([str(value) for value in frame[column].to_list()], dtype=object)
    return np.array([str(number) for number in range(1, len(frame) + 1)], dtype=object)


def _entry(name: str, column: np.ndarray) -> FeatureEntry:
    there = column[~np.isnan(column)]
    missing = len(column) - len(there)
    filled = f" {missing:,} missing values are its median, {np.median(there):g}." if missing and len(there) else ""
    dropped = None
    if not len(there):
        dropped = "it is empty"
    elif there.min() == there.max():
        dropped = f"it has one value only, {there[0]:g}, for every customer"
    elif _ROW_NUMBERS.fullmatch(name) and len(there) == len(column) and (np.diff(column) == 1).all():
        dropped = "it numbers the rows"
    return FeatureEntry(name, name, "", f"The column {name}, as it stands.{filled}", (name,), dropped)


def _profile(column: Any) -> np.ndarray:
    missing = column.is_null().to_list()
    return np.array([None if gone else str(value) for value, gone in zip(column.to_list(), missing, strict=True)], dtype=object)
