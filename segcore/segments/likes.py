"""Items that each segment of taste or of vectors likes more than other customers, which give the segment its name and sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from segcore.features.assemble import kept_customers
from segcore.records.purchases import Purchases
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import SweepSpec
from segcore.segments.profiles.differences import index_of
from segcore.segments.profiles.naming import TYPICAL, numbered, shortened
from segcore.store.store import Store
from segcore.wording.numbers import percent_text
from segcore.wording.quotes import value_text

MEANING = "A customer likes an item if they rate it at least as high as the mean of their ratings."
"""What *like* means on screen, where the data are ratings."""
_MOST = 10
_IN_NAME, _IN_SENTENCE = 2, 3
_LEAST_DIFFERENCE = 0.1
_YEAR = re.compile(r"(.+) \(\d{4}\)")


@dataclass(frozen=True, slots=True)
class LikedItem:
    """An item that a segment likes more than other customers do.

    Parameters
    ----------
    item : str
    title : str
        The item's title; the item itself if the data have no titles.
    everyone : float
        Share of all clustered customers who like it, 0 to 1.
    shares : mapping of int to float
        The same share for the customers of each segment, and for the noise.
    """

    item: str
    title: str
    everyone: float
    shares: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Likes:
    """What each segment likes.

    Parameters
    ----------
    liked : mapping of int to tuple of LikedItem
        Of every segment and the noise, the largest segment first: see `liked_items`.
    rated : bool
        Whether customers rated the items, instead of buying them.
    or_features : bool
        Whether segments that like no item more than others are described by features, because vectors were clustered, not items.
    """

    liked: Mapping[int, tuple[LikedItem, ...]]
    rated: bool
    or_features: bool = False

    def names(self, taken: Collection[str] = (), by_features: Mapping[int, str] | None = None) -> dict[int, str]:
        """Return a name for each segment, such as "Like Return of the Jedi; Star Wars"; all different, and none in ``taken``.

        Parameters
        ----------
        taken : collection of str
        by_features : mapping of int to str, or None
            Names for segments that like no item more than others; with ``None``, they are called typical.
        """
        verb, others = "Like" if self.rated else "Buy", by_features or {}
        found = {
            label: f"{verb} {'; '.join(_short(one.title) for one in items[:_IN_NAME])}" if items else others.get(label, TYPICAL)
            for label, items in self.liked.items()
            if label != NOISE
        }
        return numbered(found, list(found), taken)

    def sentences(self) -> dict[int, str]:
        """Return what sets each segment apart: "Like Return of the Jedi (87 % of them vs 39 % of all); Star Wars (98 % vs 52 %).".

        See `liked_items` for who likes an item. Segments that are described by their features have no sentence.
        """
        verb = "Like" if self.rated else "Buy"

        def sentence(label: int, items: tuple[LikedItem, ...]) -> str:
            if not items:
                return f"{verb} nothing much more often than all customers do."
            shares = [(percent_text(one.shares[label]), percent_text(one.everyone)) for one in items]
            texts = [f"{here} of them vs {there} of all" if not at else f"{here} vs {there}" for at, (here, there) in enumerate(shares)]
            return f"{verb} {'; '.join(f'{one.title} ({text})' for one, text in zip(items, texts, strict=True))}."

        return {label: sentence(label, items[:_IN_SENTENCE]) for label, items in self.liked.items() if items or not self.or_features}


def liked_items(
    purchases: Purchases, kept: np.ndarray, labels: np.ndarray, *, rated: bool, most: int = _MOST
) -> dict[int, tuple[LikedItem, ...]]:
    """Return the items that each segment, and the noise, likes more often than the other customers.

    A customer likes an item if they rated it at least as high as the mean of what they rated, or bought it at all.

    Parameters
    ----------
    purchases : Purchases
        Purchases of all customers in the data.
    kept : ndarray of shape (n_customers,), bool
        Which of them were clustered.
    labels : ndarray of shape (kept.sum(),), int
    rated : bool
        Whether the counts are ratings.
    most : int
        Items of each segment.

    Returns
    -------
    dict of int to tuple of LikedItem
        The largest segment first; equal ones in the order of their first customers. Within a segment, the item with the largest difference
        between the segment's share and the other customers' comes first; the difference is at least a tenth, and the interval of `index_of`
        lies above 100.

    Notes
    -----
    A difference of shares prefers items that many customers like, so that a name fits most of the segment; the highest index belongs to
    items that only a handful rated.
    """
    bought = purchases.take(kept)
    customer, item = bought.customers, bought.items.astype(np.int64)
    counts = bought.counts
    if rated:
        n_rated = np.maximum(np.bincount(customer, minlength=len(labels)), 1)
        likes = counts >= (np.bincount(customer, weights=counts, minlength=len(labels)) / n_rated)[customer]
    else:
        likes = counts > 0
    found, first, place, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    n_items, n = len(purchases.names), len(labels)
    inside = np.bincount((place[customer] * n_items + item)[likes], minlength=len(found) * n_items).reshape(len(found), n_items)
    total = inside.sum(axis=0)
    titles = purchases.titles or ("",) * n_items
    liked = {}
    for group in np.lexsort((first, -sizes)).tolist():
        size, others = int(sizes[group]), n - int(sizes[group])
        difference = inside[group] / size - (total - inside[group]) / max(others, 1)
        chosen: list[LikedItem] = []
        for at in np.argsort(-difference, kind="stable").tolist():
            if difference[at] < _LEAST_DIFFERENCE or len(chosen) == most:
                break
            count = int(inside[group, at])
            if (index_of(count, size, int(total[at]) - count, others).low or 0) > 100:
                name = purchases.names[at]
                shares = dict(zip(found.tolist(), (inside[:, at] / sizes).tolist(), strict=True))
                chosen.append(LikedItem(name, value_text(titles[at] or name), float(total[at] / n), shares))
        liked[int(found[group])] = tuple(chosen)
    return liked


def likes_of(store: Store, spec: SweepSpec, solution: Solution) -> Likes | None:
    """Return what each segment of a solution likes.

    Parameters
    ----------
    store : Store
    spec : SweepSpec
    solution : Solution
        With its labels.

    Returns
    -------
    Likes or None
        ``None`` unless the sweep clustered only vectors, or only features of taste made from items.

    Raises
    ------
    StoreError
        If a part of the table is lost.
    """
    vectors = "vectors" in spec.data
    if not (vectors or spec.data.get("taste", {}).get("of") == "item") or solution.labels is None:
        return None
    table = store.feature_table(spec.table, ids=False, profile=False)
    purchases = store.purchases(spec.table, "item")
    if purchases is None or not spec.plan.features or not set(spec.plan.features) <= table.learned_names:
        return None
    rated = spec.data["kind"] == "ratings"
    labels = np.asarray(solution.labels)[:: spec.plan.repeats]
    return Likes(liked_items(purchases, kept_customers(table, spec.plan), labels, rated=rated), rated, or_features=vectors)


def apart_by_likes(store: Store, spec: SweepSpec, solution: Solution) -> dict[int, str] | None:
    """Return what sets segments of taste or of vectors apart, in words; ``None`` for all other sweeps: see `likes_of`."""
    likes = likes_of(store, spec, solution)
    return None if likes is None else likes.sentences()


def _short(title: str) -> str:
    """Return a title for a name: without the year of a film, which takes as much space as a word."""
    film = _YEAR.fullmatch(title)
    return shortened(film[1] if film else title)
