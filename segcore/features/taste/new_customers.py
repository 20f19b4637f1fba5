"""Features of taste for new customers, from the values fitted to the earlier customers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from segcore.features.taste.components import project
from segcore.features.taste.fitted import FittedTaste
from segcore.features.taste.matrix import weighted
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.records.purchases import Purchases
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def add_fitted_taste(table: FeatureTable, fitted: FittedTaste, *, kind: str) -> tuple[FeatureTable, np.ndarray, list[Finding]]:
    """Add the features of taste to a table of new customers.

    Parameters
    ----------
    table : FeatureTable
        As just built, with its purchases.
    fitted : FittedTaste
    kind : {"transactions", "ratings"}

    Returns
    -------
    table : FeatureTable
        Its data dictionary has only the names of the new features.
    few : ndarray of shape (n_customers,), bool
        Who would have been set apart for too few items, or has no known item.
    findings : list of Finding

    Raises
    ------
    DataError
        If the data have no column of items.
    """
    taste = fitted.taste
    purchases = table.purchases.get(taste.of)
    if purchases is None:
        raise refusal("taste.no_purchases", of=taste.of, data=kind)
    X, unseen = known_items(purchases, fitted.items)
    few = np.diff(X.indptr) < taste.least_items
    findings = []
    if unseen.any():
        pairs = int(unseen.sum())
        counts = {"items": len(np.unique(purchases.items[unseen])), "pairs": pairs, "share": pairs / len(unseen)}
        findings.append(Finding("taste.unseen_items", "warning", {**counts, "of": taste.of}))
    if few.any():
        values = {"customers": int(few.sum()), "least": taste.least_items, "of": taste.of}
        findings.append(Finding("taste.too_few_items", "warning", values))
    X = weighted(X, taste.matrix or "zero", fitted.idf, lengths=taste.lengths or "kept")
    made = X.toarray() if fitted.components is None else project(X, fitted.components)
    added = replace(
        table,
        values=np.hstack([table.values, made]),
        names=(*table.names, *fitted.features),
        dictionary=(*table.dictionary, *(FeatureEntry(name, name, "", "") for name in fitted.features)),
    )
    return added, few, findings


def known_items(purchases: Purchases, items: tuple[str, ...]) -> tuple[csr_array, np.ndarray]:
    """Return the matrix of the known items, in their order, and which pairs of the purchases are of other items."""
    from scipy.sparse import csr_array

    place = {name: at for at, name in enumerate(items)}
    columns = np.array([place.get(name, -1) for name in purchases.names], dtype=np.int64)[purchases.items]
    known = columns >= 0
    counts = np.bincount(purchases.customers[known], minlength=len(purchases.starts) - 1)
    starts = np.concatenate([[0], np.cumsum(counts)])
    values = (np.asarray(purchases.counts, dtype=np.float64)[known], columns[known], starts)
    return csr_array(values, shape=(len(counts), len(items))), ~known
