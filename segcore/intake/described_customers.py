"""Second tables of customers: read, matched to the customers of the data, and added to their features as profile columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segcore.records.dataset import ROW_NUMBER, Dataset
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.data.files.raw import Raw
    from segcore.data.rows.matching_keys import Key

_OF_ROWS = "row.", "role."  # findings about data that is clustered


def describe_customers(table: FeatureTable, dataset: Dataset, described: Raw, key: str | None) -> tuple[FeatureTable, list[Finding]]:
    """Add a second table's columns to the profile columns of the customers, and report what matched.

    Parameters
    ----------
    table : FeatureTable
        Of the data.
    dataset : Dataset
        The data.
    described : Raw
        One row per customer; a customer may lack, and a row may belong to none.
    key : str or None
        Column of ``described`` with the customers' ids; ``None`` detects it.

    Raises
    ------
    DataError
        If the data or ``described`` has no such column, no row belongs to a customer, or two rows for one customer differ.
    """
    import pandas as pd

    from segcore.data.rows.matching_keys import Wanted, distinct_ids, find_key
    from segcore.features.customers.profile_columns import with_profile

    column = dataset.roles.get("customer", ROW_NUMBER)
    if column == ROW_NUMBER:
        remedy = Remedy("role", {"role": "customer"})
        raise refusal("second.no_role", remedy=remedy, file=described.name, data=dataset.name, role="customer")
    wanted = Wanted("customers", dataset.name, column, distinct_ids(pd.Index(table.customers)))
    found = find_key(described, wanted, asked=key)
    rows = _read(described, found.column)
    result = with_profile(table, rows)
    return result, [*_matched(described, found, wanted), *_carried(table, result, rows, found.column)]


def _read(described: Raw, key: str) -> Dataset:
    from segcore.data.meaning.roles import find_meaning
    from segcore.data.rows.dataset import Selection, build_dataset
    from segcore.records.data_rules import RowRules

    # What cannot be read is missing: it is shown, not clustered on.
    rules = RowRules(set_aside=True, duplicates="aside")
    meaning = find_meaning(described, kind="customers", roles={"customer": key}, rows=rules)
    return build_dataset(described, meaning, Selection(), frames="pandas", rows=rules)


def _matched(described: Raw, key: Key, wanted: Any) -> list[Finding]:
    import pyarrow.compute as pc

    others = pc.invert(pc.is_in(key.ids, value_set=wanted.ids)).to_numpy(zero_copy_only=False)
    n_others = int(others.sum())
    customers = len(wanted.ids)
    few = key.found < min(customers, len(key.ids)) / 2
    counts = {"found": key.found, "customers": customers, "others": n_others, "zeros": key.zeros}
    values = {"file": described.name, "column": key.column, "columns": list(described.names), **counts}
    return [Finding("second.customers", "warning" if few or key.zeros else "info", values)]


def _carried(table: FeatureTable, result: FeatureTable, rows: Dataset, key: str) -> list[Finding]:
    """Report warnings about the table's values, and the columns that are not shown."""
    notes = [note for note in rows.notes if note.severity == "warning" and not note.code.startswith(_OF_ROWS)]
    notes += [Finding("second.set_aside", values={"file": rows.name, **count.to_json()}) for count in rows.set_aside]
    added = result.dictionary[len(table.dictionary) :]
    left = [entry for entry in added if entry.name not in result.profile]
    if left:
        columns = [{"column": entry.columns[0], "reason": entry.dropped.to_json()} for entry in left if entry.dropped]
        notes.append(Finding("second.not_carried", values={"file": rows.name, "columns": columns}))
    shown = len(result.profile) - len(table.profile) - len([entry for entry in added if entry.columns == (key,)])
    if not shown:
        notes.append(Finding("second.adds_nothing", "warning", {"file": rows.name, "column": key}))
    return notes
