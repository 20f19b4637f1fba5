"""Sparse matrix of customers and items, and the values in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segcore.records.purchases import Purchases
from segcore.records.taste import Lengths, Matrix, Method, Of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from segcore.features.taste.partitions import PartitionedRows


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The customers and items that make up a matrix, and its values as they are.

    Parameters
    ----------
    X : csr_array of shape (n_kept_customers, n_kept_items), float64
        Absent pairs are not stored; a stored value may be 0.
    customers : ndarray of shape (n_customers,), bool
        Which customers of the purchases are kept.
    items : ndarray of shape (n_items,), bool
        Which items are kept.
    """

    X: csr_array
    customers: np.ndarray
    items: np.ndarray


def usual_matrix(kind: str, of: Of, components: Method) -> Matrix:
    """Return the default values: ratings minus the customer's mean (unchanged for NMF), and the log of counts."""
    if kind == "ratings" and of == "item":
        return "zero" if components == "nmf" else "centred"
    return "log"


def usual_lengths(matrix: Matrix) -> Lengths:
    """Return whether rows keep their lengths, which only unchanged values do.

    Otherwise, customers who rated or bought most would form separate segments: with five planted tastes and activity that varies as in real
    data, principal components of centred ratings gave an adjusted Rand index of 0.35 to 0.74 with lengths kept, and 0.58 to 0.97 with
    length 1.
    """
    return "kept" if matrix == "zero" else "unit"


def choose_cells(purchases: Purchases, *, least_items: int = 1, least_customers: int = 1) -> Cells:
    """Leave out items with few customers, then customers with few of the remaining items, then items that no remaining customer has.

    Parameters
    ----------
    purchases : Purchases
    least_items, least_customers : int
        Least number of items of a customer, and of customers of an item; at least 1.
    """
    from scipy.sparse import csr_array

    n_items = len(purchases.names)
    # 64-bit positions would take twice the memory of 32-bit ones.
    starts = purchases.starts.astype(np.int32) if purchases.starts[-1] < 2**31 else purchases.starts
    whole = csr_array((purchases.counts, purchases.items, starts), shape=(len(starts) - 1, n_items), dtype=np.float64)
    items = np.bincount(whole.indices, minlength=n_items) >= least_customers
    X = whole if items.all() else whole[:, np.flatnonzero(items)]
    customers = np.diff(X.indptr) >= least_items
    if not customers.all():
        X = X[np.flatnonzero(customers)]
        bought = np.bincount(X.indices, minlength=X.shape[1]) > 0
        items[np.flatnonzero(items)] = bought
        X = X if bought.all() else X[:, np.flatnonzero(bought)]
    return Cells(X, customers, items)


def inverse_frequencies(X: csr_array) -> np.ndarray:
    """Return the smoothed inverse document frequency of each item, ``ln((1 + n) / (1 + df)) + 1``, shape (n_items,).

    Notes
    -----
    Equal to that of scikit-learn's ``TfidfTransformer`` with its defaults; a stored 0 counts as having the item.
    """
    n_customers, n_items = X.shape
    return np.asarray(np.log((1 + n_customers) / (1 + np.bincount(X.indices, minlength=n_items))) + 1)


def weighted(X: csr_array, matrix: Matrix, idf: np.ndarray | None = None, *, lengths: Lengths = "kept") -> csr_array:
    """Return the matrix with another kind of values, stored in the same positions as in ``X``.

    Parameters
    ----------
    X : csr_array of shape (n_customers, n_items), float64
    matrix : {"zero", "centred", "log", "binary", "tfidf"}
        The values as they are; minus the mean of the customer's stored values; ``sign(x) ln(1 + |x|)``; 1; or multiplied by ``idf`` and
        divided by the root of the customer's sum of squares.
    idf : ndarray of shape (n_items,), or None
        For ``tfidf``: see `inverse_frequencies`.
    lengths : {"unit", "kept"}
        Whether each row is finally divided by the root of its sum of squares.

    Notes
    -----
    A customer's row depends on no other row, down to the last bit, so new customers get the values that they would have had in the fit.
    """
    if matrix == "centred":
        data = X.data - np.repeat(_by_row(X, X.data) / np.maximum(np.diff(X.indptr), 1), np.diff(X.indptr))
    elif matrix == "log":
        data = np.sign(X.data) * np.log1p(np.abs(X.data))
    elif matrix == "binary":
        data = np.ones(X.nnz)
    elif matrix == "tfidf":
        data = X.data * np.asarray(idf)[X.indices]
    elif lengths == "kept":
        return X
    else:
        data = X.data
    if lengths == "unit" or matrix == "tfidf":
        long = np.sqrt(_by_row(X, data**2))
        data = data / np.repeat(np.where(long > 0, long, 1.0), np.diff(X.indptr))
    return type(X)((data, X.indices, X.indptr), shape=X.shape)


def _by_row(X: csr_array, data: np.ndarray) -> np.ndarray:
    rows = np.repeat(np.arange(X.shape[0], dtype=np.int32), np.diff(X.indptr))
    return np.bincount(rows, weights=data, minlength=X.shape[0])


def item_means(X: csr_array | PartitionedRows) -> np.ndarray:
    """Return the mean of each item over all customers, absent values counting as 0, shape (n_items,)."""
    return np.bincount(X.indices, weights=X.data, minlength=X.shape[1]) / max(X.shape[0], 1)


def total_variance(X: csr_array | PartitionedRows) -> float:
    """Return the sum of the items' variances (ddof 0), absent values counting as 0; exactly 0 if only rounding is left."""
    squares = float(np.sum(X.data**2)) / max(X.shape[0], 1)
    variance = squares - float(np.sum(item_means(X) ** 2))
    return variance if variance > 1e-12 * squares else 0.0
