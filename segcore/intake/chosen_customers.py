"""Customers chosen by conditions on their features and profile columns."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segcore.errors import ParameterError
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.wording.findings import refusal

_NEAREST = 5


def choose_customers(table: FeatureTable, conditions: Sequence[str]) -> tuple[FeatureTable, list[Finding]]:
    """Keep the customers who meet all conditions; their features are still those made from all rows.

    Parameters
    ----------
    table : FeatureTable
    conditions : sequence of str
        Such as ``customer.total_spend > 850``; the rule of a segment is such a condition. A missing value that counts as the median does so
        here.

    Raises
    ------
    ParameterError
        If a name is not a feature or a profile column.
    DataError
        If a column is compared with a value of another type, or no customer is left.
    """
    if not conditions:
        return table, []
    kept = np.ones(len(table), dtype=bool)
    for text in conditions:
        kept &= _meets(table, text)
    if not kept.any():
        raise refusal("filter.no_customer_left", filters=list(conditions), customers=len(table))
    found = Finding("filter.customers", values={"filters": list(conditions), "kept": int(kept.sum()), "customers": len(table)})
    purchases = {what: bought.take(kept) for what, bought in table.purchases.items()}
    return replace(table.take(kept), purchases=purchases), [found]


def _meets(table: FeatureTable, text: str) -> np.ndarray:
    import pyarrow as pa

    from segcore.data.rows.filters import Condition
    from segcore.features.output import plain_array

    condition = Condition(text)
    columns = {}
    for name in condition.columns:
        if name in table.names:
            columns[name] = pa.array(np.ascontiguousarray(table.column(name)))
        elif name in table.profile:
            columns[name] = plain_array(table.profile[name])
        else:
            nearest = difflib.get_close_matches(name, [*table.names, *table.profile], n=_NEAREST, cutoff=0.5)
            raise refusal("filter.no_feature", kind=ParameterError, filter=text, name=name, nearest=nearest)
    return np.asarray(condition.mask(pa.table(columns)).to_numpy(zero_copy_only=False), dtype=bool)
