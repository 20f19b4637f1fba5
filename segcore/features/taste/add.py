"""Features of taste, added to a table of features."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segcore.features.taste.asked import check_frames
from segcore.features.taste.components import Components, fit_components, most_components, project
from segcore.features.taste.entries import component_names, describe_components, describe_items, item_titles, unit_of
from segcore.features.taste.fitted import FittedTaste
from segcore.features.taste.matrix import Cells, choose_cells, inverse_frequencies, usual_lengths, usual_matrix, weighted
from segcore.features.taste.parallel_analysis import parallel_analysis
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.records.purchases import Purchases
from segcore.records.taste import AUTO, Taste
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from segcore.features.taste.partitions import PartitionedRows

MOST_CELLS = 50_000_000
"""Cells of a dense matrix whose items are features themselves: 400 MB."""
_ALIKE = 0.8  # mean cosine with the matches from other starts, below which a factor is not reliable


@dataclass(frozen=True, slots=True, eq=False)
class AddedTaste:
    """A table with features of taste.

    Parameters
    ----------
    table : FeatureTable
        The customers that are not set apart, with their features followed by those of taste; without the fitted values.
    fitted : FittedTaste
    kept : ndarray of shape (n_customers,), bool
        Which customers of the earlier table are in this one.
    findings : tuple of Finding
    """

    table: FeatureTable
    fitted: FittedTaste
    kept: np.ndarray
    findings: tuple[Finding, ...]


def add_taste(table: FeatureTable, purchases: Purchases, taste: Taste, *, kind: str, column: str, frames: str = "pandas") -> AddedTaste:
    """Add components, or the items themselves, to a table as features.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer; without features of taste.
    purchases : Purchases
        Of the table's customers, in its order.
    taste : Taste
    kind : {"transactions", "ratings"}
    column : str
        The source's column of the items.
    frames : str
        "spark" computes PCA or SVD on Spark; with any other value, everything is computed in this process.

    Raises
    ------
    DataError
        If no customer is left, nothing varies, NMF is given negative values, or the table of items would be too large.
    ParameterError
        If NMF, or items that are features themselves, should be computed on Spark.
    SegcoreError
        If Spark is not installed, or fails.
    """
    check_frames(taste, frames)
    matrix = taste.matrix or usual_matrix(kind, taste.of, taste.components)
    lengths = taste.lengths or usual_lengths(matrix)
    taste = replace(taste, matrix=matrix, lengths=lengths)
    cells = choose_cells(purchases, least_items=taste.least_items, least_customers=taste.least_customers)
    findings = _left_out(cells, purchases, taste)
    idf = inverse_frequencies(cells.X) if taste.matrix == "tfidf" else None
    X = weighted(cells.X, matrix, idf, lengths=lengths)
    items = tuple(name for name, kept in zip(purchases.names, cells.items, strict=True) if kept)
    titles = [title for title, kept in zip(item_titles(purchases), cells.items, strict=True) if kept]
    about = {"kind": kind, "column": column, "unit": unit_of(taste, kind)}
    if taste.components == "raw":
        values, entries = _items(X, items, titles, taste, about)
        fitted = FittedTaste(taste, tuple(entry.name for entry in entries), items, idf)
    else:
        with _spread(X, frames, findings) as spread:
            made, chance, more = _components(spread, taste)
            values = project(spread, made)
        findings += more
        taste = replace(taste, n=len(made))
        entries = describe_components(made, taste, titles, **about)
        fitted = FittedTaste(taste, component_names(len(made)), items, idf, made, chance)
    rows = table if cells.customers.all() else table.take(cells.customers)
    added = replace(
        rows,
        values=np.hstack([rows.values, values]),
        names=(*rows.names, *fitted.features),
        dictionary=(*rows.dictionary, *entries),
    )
    return AddedTaste(added, fitted, cells.customers, tuple(findings))


def _left_out(cells: Cells, purchases: Purchases, taste: Taste) -> list[Finding]:
    if not min(cells.X.shape):
        raise refusal("taste.nobody_left", least_items=taste.least_items, least_customers=taste.least_customers, of=taste.of)
    apart = int((~cells.customers).sum())
    known = np.bincount(purchases.items, minlength=len(purchases.names)) > 0  # after filters, some items may have no customers
    rare = int((known & ~cells.items).sum())
    values = {"taste.customers_apart": (apart, {"customers": apart, "least": taste.least_items})}
    values["taste.items_left_out"] = (rare, {"items": rare, "least": taste.least_customers})
    return [Finding(code, "warning", {**found, "of": taste.of}) for code, (number, found) in values.items() if number]


def _items(
    X: csr_array, names: tuple[str, ...], titles: list[str], taste: Taste, about: Mapping[str, str]
) -> tuple[np.ndarray, tuple[FeatureEntry, ...]]:
    n_customers, n_items = X.shape
    if n_customers * n_items > MOST_CELLS:
        raise refusal("taste.raw_too_large", customers=n_customers, items=n_items, most=MOST_CELLS, of=taste.of)
    return X.toarray(), describe_items(names, titles, taste, kind=about["kind"], column=about["column"], unit=about["unit"])


@contextlib.contextmanager
def _spread(X: csr_array, frames: str, findings: list[Finding]) -> Iterator[csr_array | PartitionedRows]:
    """Yield the matrix in the place where its products are computed; an unusual place is added to the findings."""
    if frames != "spark":
        yield X
        return
    from segcore.features.taste.partitions import partitioned

    with partitioned(X) as rows:
        findings.append(Finding("taste.on_spark", values={"version": rows.spark.version, "partitions": rows.n_partitions}))
        yield rows


def _components(X: csr_array | PartitionedRows, taste: Taste) -> tuple[Components, tuple[float, ...], list[Finding]]:
    """Return the components, the shares that chance would explain if their number was chosen automatically, and findings."""
    if taste.components == "raw":
        raise ValueError("Items that are features themselves have no components.")
    n_customers, n_items = X.shape
    if most_components(X) < 1:
        raise refusal("taste.too_small", customers=n_customers, items=n_items, of=taste.of)
    findings: list[Finding] = []
    chance: tuple[float, ...] = ()
    if taste.n == AUTO:
        found = parallel_analysis(X, seed=taste.seed)
        if not found.n:
            raise refusal("taste.none_above_chance")
        asked, chance = found.n, found.chance
        code = "taste.parallel_bounded" if found.is_bounded else "taste.parallel"
        findings.append(Finding(code, values={"n": asked}))
    else:
        asked = int(taste.n)
    made = fit_components(X, taste.components, min(asked, most_components(X)), seed=taste.seed)
    if len(made) < asked:
        counts = {"asked": asked, "made": len(made), "customers": n_customers, "items": n_items, "of": taste.of}
        findings.append(Finding("taste.fewer", "warning", counts))
    differing = [at for at, alike in enumerate(made.agreement, 1) if alike < _ALIKE]
    if differing:
        findings.append(Finding("taste.unstable", "warning", {"components": differing, "least": min(made.agreement)}))
    return made, chance, findings
