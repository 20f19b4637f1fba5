"""Vectors, added to a table of features."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from segcore.errors import SegcoreError
from segcore.features.vectors.documents import Documents, Words, choose_words, documents_of, usual_epochs
from segcore.features.vectors.model import Progress, infer, unit_rows
from segcore.features.vectors.stored_model import FittedVectors, vector_names, vectors_of
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding, Remedy
from segcore.records.purchases import Purchases
from segcore.records.taste import AUTO
from segcore.records.vectors import Vectors
from segcore.wording.findings import refusal
from segcore.wording.vectors import method_text

_ALIKE = 0.9  # mean cosine of all pairs


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Training data of a model.

    Parameters
    ----------
    vectors : Vectors
        With the number of epochs.
    words : Words
    documents : Documents
        Documents of the customers that are kept.
    kept : ndarray of shape (n_customers,), bool
        Which of all customers have enough products.
    findings : tuple of Finding
    """

    vectors: Vectors
    words: Words
    documents: Documents
    kept: np.ndarray
    findings: tuple[Finding, ...]


def make_corpus(purchases: Purchases | None, vectors: Vectors, *, kind: str, revenue: np.ndarray | None = None) -> Corpus:
    """Choose the words, and set apart customers with too few of them.

    Parameters
    ----------
    purchases : Purchases or None
        Of items; ``None`` if the data have none.
    vectors : Vectors
    kind : {"transactions", "ratings", "customers"}
    revenue : ndarray of shape (n_customers,), float64, or None
        Of each customer, for the share of those who are set apart.

    Raises
    ------
    DataError
        If the data have no baskets of products, all lines are of one product or one customer, no two customers share a product, or fewer
        than two customers are left.
    """
    if purchases is None or purchases.baskets is None:
        raise refusal("vectors.no_baskets", data=kind, remedy=Remedy("baskets", {"data": kind}))
    words = choose_words(purchases, vectors)
    _check_differences(purchases, words, vectors)
    documents = documents_of(purchases, words)
    kept = documents.known >= vectors.least_products
    if kept.sum() < 2:
        raise _nobody_left(purchases, documents, words, vectors)
    apart = int((~kept).sum())
    others = len(np.unique(purchases.items)) - len(words.names)
    share = float(words.counts[-1] / words.counts.sum()) if words.has_other else 0.0
    found = []
    if apart:
        whole = 0.0 if revenue is None else float(revenue.sum())
        with_share = {} if revenue is None or not whole else {"revenue_share": float(revenue[~kept].sum()) / whole}
        found.append(Finding("vectors.customers_apart", "warning", {"customers": apart, "least": vectors.least_products, **with_share}))
    found += [Finding("vectors.other_products", values={"products": others, "share": share, "kept": len(words.names)})] if others else []
    same_time = _share_at_same_time(purchases)
    if same_time >= 0.01:
        found.append(Finding("vectors.orders_at_once", values={"share": same_time}))
    documents = documents if kept.all() else documents.take(kept)
    if vectors.epochs == AUTO:
        vectors = replace(vectors, epochs=usual_epochs(len(documents.words)))
    return Corpus(vectors, words, documents, kept, tuple(found))


def _check_differences(purchases: Purchases, words: Words, vectors: Vectors) -> None:
    """Raise `DataError` if the data cannot show whose purchases are alike."""
    if len(purchases.names) < 2:
        raise refusal("vectors.one_product")
    if len(purchases.starts) < 3:
        raise refusal("vectors.one_customer")
    if len(words) < 2:
        remedy = Remedy("vectors_option", {"change": "lower", "option": "least_count"})
        raise refusal("vectors.few_products", least=vectors.least_count, remedy=remedy)
    if np.bincount(purchases.items).max(initial=0) < 2:  # each item occurs once for each of its customers
        raise refusal("vectors.nothing_shared")


def _nobody_left(purchases: Purchases, documents: Documents, words: Words, vectors: Vectors) -> SegcoreError:
    """Return the error about too few lines of known products, with the option that would leave more customers."""
    left, least = int((documents.known >= vectors.least_products).sum()), vectors.least_products
    lines = np.diff(purchases.starts if purchases.baskets is None else purchases.baskets.starts)
    if (lines >= least).sum() < 2:
        change, option = "lower", "least_products"
    elif len(words.names) < vectors.products:
        change, option = "lower", "least_count"
    else:
        change, option = "raise", "products"
    return refusal(
        "vectors.nobody_left",
        customers=len(documents),
        left=left,
        least=least,
        known=float(documents.known.sum() / max(words.counts.sum(), 1)),
        remedy=Remedy("vectors_option", {"change": change, "option": option}),
    )


def _share_at_same_time(purchases: Purchases) -> float:
    """Return the share of orders that begin at the same time as another order of the customer, so that their sequence is unknown."""
    baskets = purchases.baskets
    if baskets is None or len(baskets.placed) < 2:
        return 0.0
    same = (np.diff(baskets.placed) == 0) & (np.diff(baskets.owners) == 0)
    return float(np.mean(np.append(same, False) | np.append(False, same)))


def add_vectors(table: FeatureTable, corpus: Corpus, fitted: FittedVectors, *, column: str, progress: Progress) -> FeatureTable:
    """Return the table of the customers that are kept, with their features followed by their vectors.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer; without vectors.
    corpus : Corpus
    fitted : FittedVectors
    column : str
        The source's column of the products.
    progress : callable (float) -> None
        Called with the share of customers done, 0 to 1.
    """
    rows = table if corpus.kept.all() else table.take(corpus.kept)
    return _with_vectors(rows, infer(fitted.model, corpus.documents, progress), fitted.model.vectors, column)


def check_directions(table: FeatureTable, vectors: Vectors) -> tuple[Finding, ...]:
    """Return a finding if the vectors of a table point in nearly the same direction: their model was not trained enough.

    Notes
    -----
    With 400 customers and five planted tastes (`dbow`, 32 dimensions, 2 seeds), vectors with a mean cosine above 0.9, after one or two
    epochs, agreed with the tastes at an adjusted Rand index of 0.21 to 0.29; those after 5 to 40 epochs, with a mean cosine of 0.25 to
    0.69, at 0.92 to 0.99.
    """
    X = unit_rows(vectors_of(table, vectors.dimensions))
    n = len(X)
    cosine = float((np.sum(X.sum(axis=0) ** 2) - np.sum(X**2)) / (n * (n - 1)))  # mean over pairs, without forming them
    return (Finding("vectors.alike", "warning", {"cosine": cosine}, Remedy("epochs")),) if cosine > _ALIKE else ()


def add_fitted_vectors(table: FeatureTable, fitted: FittedVectors, *, kind: str) -> tuple[FeatureTable, np.ndarray, list[Finding]]:
    """Add vectors to a table of new customers.

    Parameters
    ----------
    table : FeatureTable
        Just built, with its purchases.
    fitted : FittedVectors
    kind : {"transactions", "ratings", "customers"}

    Returns
    -------
    table : FeatureTable
    few : ndarray of shape (n_customers,), bool
        Who would have been set apart for too few products.
    findings : list of Finding

    Raises
    ------
    DataError
        If the data have no baskets.
    """
    purchases = table.purchases.get("item")
    if purchases is None or purchases.baskets is None:
        raise refusal("vectors.no_baskets", data=kind, remedy=Remedy("baskets", {"data": kind}))
    vectors = fitted.model.vectors
    documents = documents_of(purchases, fitted.model.words)
    few = documents.known < vectors.least_products
    findings = []
    unseen = 1 - documents.known.sum() / max(len(purchases.baskets.items), 1)
    if unseen > 0 and not fitted.model.words.has_other:
        findings.append(Finding("vectors.unseen_products", "warning", {"share": float(unseen)}))
    if few.any():
        findings.append(Finding("vectors.too_few", "warning", {"customers": int(few.sum()), "least": vectors.least_products}))
    return _with_vectors(table, infer(fitted.model, documents), vectors, ""), few, findings


def _with_vectors(table: FeatureTable, found: np.ndarray, vectors: Vectors, column: str) -> FeatureTable:
    names = vector_names(vectors.dimensions)
    entries = tuple(
        FeatureEntry(name, f"Vector, dimension {at}", "", f"Dimension {at} of the customer's vector: {method_text(vectors)}.", (column,))
        for at, name in enumerate(names)
    )
    free = [entry for entry in table.dictionary if entry.name not in names]
    if len(free) < len(table.dictionary):
        raise refusal("vectors.name_taken", names=[entry.name for entry in table.dictionary if entry.name in names])
    return replace(
        table,
        values=np.hstack([table.values, found]),
        names=(*table.names, *names),
        dictionary=(*table.dictionary, *entries),
    )
