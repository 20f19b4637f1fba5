"""Features of a customer table: numbers as they are, binary columns and categories as 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np

from segcore.features.customers.column_values import read_column
from segcore.features.customers.dictionary import entries_of
from segcore.features.customers.encoding import Names, Recipe, encode
from segcore.features.customers.gaps import filled, is_filled
from segcore.features.customers.screening import Screening, check_rules
from segcore.records.data_rules import ColumnRules
from segcore.records.dataset import ROW_NUMBER, Dataset
from segcore.records.feature_table import ColumnUse, FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.wording.findings import refusal
from segcore.wording.quotes import visible

_MOST_FEATURES = 2_000


def build_customers(
    dataset: Dataset,
    *,
    reference_date: str | None = None,
    fitted: Mapping[str, Any] | None = None,
    columns: ColumnRules | None = None,
) -> FeatureTable:
    """Make features from the columns that describe customers, and report the use of every column.

    Parameters
    ----------
    dataset : Dataset of kind "customers"
    reference_date : str or None
        Not used: no feature here counts days.
    fitted : mapping or None
        ``FeatureTable.fitted`` of an earlier table: the same features are built with its values, independent of the values here.
    columns : ColumnRules or None
        The analyst's rules for columns; ignored if ``fitted`` is given.

    Returns
    -------
    FeatureTable
        Customers ascending by their id's text; ``revenue`` is the column with the role value, blanks as 0. ``fitted`` has a recipe for
        each column that makes features, in the file's order:
        ``{"column", "use": "number", "names", "missing"}`` with the median,
        ``{"column", "use": "binary", "names", "values", "missing"}`` with the value that is 0, the value that is 1 and the one that missing
        values count as, or ``{"column", "use": "category", "names", "values", "missing", "other"}`` with the values that have a dummy and
        the names of the dummies for missing and for all other values, or ``None`` if there are none.

    Raises
    ------
    DataError
        If no column can be a feature, or there would be too many; a rule names an unknown column; a number is infinite; or a
        column of ``fitted`` is missing, or does not hold numbers where they are needed.

    Notes
    -----
    New customers: a missing number counts as the median; an unseen or missing value of a binary column as the more frequent one; an unseen
    value of a category as one of the other values; if the category had none, all its dummies are 0. Numbers match texts: ``3.0`` is ``3``.

    References
    ----------
    Treasure Data's ml_autosegmentation, feature engineering: exclusions, identifiers, two values, dummies above a share of the rows.
    """
    frame = nw.from_native(dataset.frame, eager_only=True)
    customer = dataset.roles.get("customer", ROW_NUMBER)
    ids = customer_ids(frame, customer)
    order = np.argsort(ids, kind="stable")
    if fitted is not None:
        return _refitted(frame, ids, order, fitted, dataset.name)
    rules = columns or ColumnRules()
    check_rules(rules, frame.columns, customer=customer, source=dataset.name)
    table = _screened(frame, ids, order, Screening(rules, dataset.name, Names(set(frame.columns))), customer)
    value = dataset.roles.get("value")
    if not table.names:
        # Few or identical customers get features too; only a sweep of them would be pointless.
        constant = Screening(rules, dataset.name, Names(set(frame.columns)), constants=True)
        table = _screened(frame, ids, order, constant, customer)
    if not table.names:
        left = [{"column": use.column, "reason": use.reason.to_json()} for use in table.uses if use.use in ("dropped", "profile")]
        raise refusal("feature.nothing_left", source=dataset.name, columns=left)
    return table if value is None else replace(table, revenue=_amounts(frame[value])[order], worth=value)


def _amounts(column: Any) -> np.ndarray:
    """Return the values of a column of numbers; blanks are 0."""
    return np.nan_to_num(np.asarray(column.to_numpy(), dtype=np.float64), nan=0.0)


def _screened(frame: Any, ids: np.ndarray, order: np.ndarray, screening: Screening, customer: str) -> FeatureTable:
    """Return the features of the columns that pass, possibly none."""
    uses = [] if customer in frame.columns else [_id_use(customer)]
    dictionary: list[FeatureEntry] = []
    recipes: list[Recipe] = []
    profile: dict[str, np.ndarray] = {}
    gaps: dict[str, np.ndarray] = {}
    for name in frame.columns:
        if name == customer:
            uses.append(_id_use(name))
            if name != ROW_NUMBER:
                dictionary.append(_left_out(uses[-1]))
            continue
        column = read_column(frame[name], name)
        decision = screening.decide(column)
        uses.append(decision.use)
        if decision.recipe is not None:
            recipes.append(decision.recipe)
            dictionary += entries_of(decision.recipe, column)
            if column.n_missing and is_filled(decision.recipe):
                gaps[name] = column.missing
        else:
            dictionary.append(_left_out(decision.use))
        if decision.use.use == "profile":
            profile[name] = column.carried()[order]
    n_features = sum(len(recipe["names"]) for recipe in recipes)
    if n_features > _MOST_FEATURES:
        raise refusal("feature.too_many", remedy="min_share", source=screening.source, features=n_features, most=_MOST_FEATURES)
    made = {recipe["column"]: recipe for recipe in recipes}
    return FeatureTable(
        values=_values(frame, recipes, order, screening.source),
        names=tuple(name for recipe in recipes for name in recipe["names"]),
        customers=ids[order],
        copies=np.zeros(len(ids), dtype=np.int32),
        dictionary=tuple(dictionary),
        profile=profile,
        fitted={"columns": recipes},
        uses=tuple(replace(use, filled=filled(frame, made[use.column], gaps[use.column])) if use.column in gaps else use for use in uses),
        filled={name: gaps[column][order] for column in gaps for name in made[column]["names"]},
    )


def _refitted(frame: Any, ids: np.ndarray, order: np.ndarray, fitted: Mapping[str, Any], source: str) -> FeatureTable:
    """Return the features of an earlier table, built from its recipes."""
    recipes: Sequence[Mapping[str, Any]] = fitted["columns"]
    lacking = [recipe["column"] for recipe in recipes if recipe["column"] not in frame.columns]
    if lacking:
        raise refusal("feature.lacking_columns", source=source, columns=lacking)
    return FeatureTable(
        values=_values(frame, recipes, order, source),
        names=tuple(name for recipe in recipes for name in recipe["names"]),
        customers=ids[order],
        copies=np.zeros(len(ids), dtype=np.int32),
        dictionary=tuple(entry for recipe in recipes for entry in entries_of(recipe, None)),
        fitted=fitted,
    )


def _values(frame: Any, recipes: Sequence[Mapping[str, Any]], order: np.ndarray, source: str) -> np.ndarray:
    """Return the features in the order of the customers, shape (n_customers, n_features)."""
    # Filled column by column: a list of columns would hold a table of a million customers twice.
    values = np.empty((len(order), sum(len(recipe["names"]) for recipe in recipes)))
    position = 0
    for recipe in recipes:
        for feature in encode(recipe, read_column(frame[recipe["column"]], recipe["column"]), source=source):
            values[:, position] = feature[order]
            position += 1
    return values


def customer_ids(frame: Any, customer: str) -> np.ndarray:
    """Return the ids of the customers in the order of the rows, as text: from the column, or the row numbers if there is none."""
    if customer in frame.columns:
        return np.array([str(value) for value in frame[customer].to_list()], dtype=object)
    return np.array([str(number) for number in range(1, len(frame) + 1)], dtype=object)


def _id_use(customer: str) -> ColumnUse:
    return ColumnUse(customer, "id", Finding("column.row_number_id" if customer == ROW_NUMBER else "column.customer_id"))


def _left_out(use: ColumnUse) -> FeatureEntry:
    text = f"The column {visible(use.column)}, {'shown for each segment' if use.use == 'profile' else 'left out'}."
    return FeatureEntry(use.column, visible(use.column), "", text, (use.column,), use.reason)
