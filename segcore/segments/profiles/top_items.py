"""Items and categories that are most typical of a segment, by TF-IDF and by index, and the rank order of categories by its spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segcore.features.categories import OTHER
from segcore.features.transactions.dictionary import SPENT
from segcore.records.estimate import Estimate
from segcore.records.feature_table import FeatureTable
from segcore.records.purchases import Purchases
from segcore.segments.profiles.differences import index_of

_FEWEST_BUYERS = 5


@dataclass(frozen=True, slots=True)
class TopItem:
    """An item, or a category, in one segment.

    Parameters
    ----------
    item : str
    tfidf : float
        Mean over the segment's customers; 0 to 1.
    buyers : int
        Customers of the segment who bought it.
    support : float
        Share of the segment's customers who bought it, 0 to 1.
    index : Estimate
        100 times that share over the share among all clustered customers: see `index_of`.
    title : str or None
        The item's title, if the data have titles; two items may share a title.
    """

    item: str
    tfidf: float
    buyers: int
    support: float
    index: Estimate
    title: str | None = None


@dataclass(frozen=True, slots=True)
class TopItems:
    """Items or categories that are most typical of a segment.

    Parameters
    ----------
    by_tfidf : tuple of TopItem
        The highest mean TF-IDF first: bought often, by many of the segment, and not by everybody.
    by_index : tuple of TopItem
        Items with at least 5 buyers in the segment whose interval of the index lies above 100, the highest lower end first.
    n_items : int
        Number of different items that the segment bought.
    """

    by_tfidf: tuple[TopItem, ...]
    by_index: tuple[TopItem, ...]
    n_items: int


@dataclass(frozen=True, slots=True)
class CategorySpend:
    """Spend of one segment on a category. These are sums of the data, so they have no interval.

    Parameters
    ----------
    category : str
    share : float
        Of the segment's spend, 0 to 1.
    overall : float
        Of the spend of all clustered customers, 0 to 1.
    index : float or None
        100 times the share over that of all clustered customers; ``None`` if none of them buys from the category.
    rank, index_rank : int
        Rank by share, and by index, 1 for the largest; of equal ones, the category with more spend in the data is first.
    """

    category: str
    share: float
    overall: float
    index: float | None
    rank: int
    index_rank: int


def category_spend(table: FeatureTable, kept: np.ndarray, labels: np.ndarray) -> Mapping[int, tuple[CategorySpend, ...]]:
    """Return the categories in the rank order of each segment's spend, and of the noise's; empty for data without shares of spend.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer. The categories are those with their own feature.
    kept : ndarray of shape (n_customers,), bool
        Which of them were clustered.
    labels : ndarray of shape (kept.sum(),), int

    References
    ----------
    cust2vec (``systems.md``, 3): rank order of departments.
    """
    names = [entry.name for entry in table.dictionary if entry.name.startswith(SPENT.prefix) and entry.unit == SPENT.unit]
    names = [name for name in names if name in table.names and name != f"{SPENT.prefix}{OTHER}"]
    if not names or "spend" not in table.sums:
        return {}
    whole = table.sums["spend"][kept]
    parts = np.column_stack([table.column(name)[kept] for name in names]) * whole[:, None]
    overall = parts.sum(axis=0) / (whole.sum() or 1.0)
    found = {}
    for label in np.unique(labels):
        mine = labels == label
        share = parts[mine].sum(axis=0) / (whole[mine].sum() or 1.0)
        index = np.divide(100 * share, overall, out=np.full(len(names), np.nan), where=overall > 0)
        rank, index_rank = _ranks(share), _ranks(np.nan_to_num(index, nan=-1.0))
        rows = [
            CategorySpend(
                name.removeprefix(SPENT.prefix),
                float(share[at]),
                float(overall[at]),
                float(index[at]) if overall[at] > 0 else None,
                int(rank[at]),
                int(index_rank[at]),
            )
            for at, name in enumerate(names)
        ]
        found[int(label)] = tuple(sorted(rows, key=lambda row: row.rank))
    return found


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value in descending order, from 1."""
    return np.argsort(np.argsort(-values, kind="stable"), kind="stable") + 1


def top_items(purchases: Purchases, kept: np.ndarray, labels: np.ndarray, *, most: int = 10) -> Mapping[int, TopItems]:
    """Return the items that are most typical of each segment, and of the noise.

    Parameters
    ----------
    purchases : Purchases
        Purchases of all customers in the data.
    kept : ndarray of shape (n_customers,), bool
        Which of them were clustered.
    labels : ndarray of shape (kept.sum(),), int
    most : int
        Items in each list.

    Notes
    -----
    TF-IDF as in scikit-learn: a customer's counts, times ``ln((1 + n) / (1 + buyers)) + 1`` of the item over the n clustered customers,
    scaled to length 1 for each customer.

    References
    ----------
    Salton and Buckley (1988), Information Processing & Management 24 (TF-IDF).
    """
    bought = purchases.take(kept)
    customer, item = bought.customers, bought.items.astype(np.int64)
    n, n_items = len(labels), len(purchases.names)
    buyers = np.bincount(item, minlength=n_items)
    weight = bought.counts * (np.log((1 + n) / (1 + buyers)) + 1)[item]
    length = np.sqrt(np.bincount(customer, weights=weight**2, minlength=n))[customer]
    weight = np.divide(weight, length, out=np.zeros(len(weight)), where=length > 0)  # of a customer who rated everything 0
    found, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    cell = place[customer] * n_items + item
    shape = (len(found), n_items)
    tfidf = np.bincount(cell, weights=weight, minlength=len(found) * n_items).reshape(shape) / sizes[:, None]
    inside = np.bincount(cell, minlength=len(found) * n_items).reshape(shape)

    def describe(group: int, position: int) -> TopItem:
        count, size = int(inside[group, position]), int(sizes[group])
        index = index_of(count, size, int(buyers[position]) - count, n - size)
        title = purchases.titles[position] or None if purchases.titles is not None else None
        return TopItem(purchases.names[position], float(tfidf[group, position]), count, count / size, index, title)

    def by_index(group: int) -> tuple[TopItem, ...]:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(inside[group] >= _FEWEST_BUYERS, inside[group] / sizes[group] / (buyers / n), 0.0)
        best: list[TopItem] = []
        # No interval begins above its index, so items further down cannot come before those already found.
        for position in np.argsort(-value, kind="stable"):
            if value[position] <= 1 or (len(best) == most and 100 * value[position] < (best[-1].index.low or 0)):
                break
            best = sorted([*best, describe(group, int(position))], key=lambda one: -(one.index.low or 0))[:most]
        return tuple(one for one in best if (one.index.low or 0) > 100)

    def by_tfidf(group: int) -> tuple[TopItem, ...]:
        order = np.argsort(-tfidf[group], kind="stable")[:most]
        return tuple(describe(group, int(position)) for position in order if inside[group, position])

    n_different = (inside > 0).sum(axis=1)
    return {int(label): TopItems(by_tfidf(group), by_index(group), int(n_different[group])) for group, label in enumerate(found)}
