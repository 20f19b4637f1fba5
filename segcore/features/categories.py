"""Shares of a customer's spend or ratings by category, for the largest categories over all customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.grouping import coded, ratio, rows_of, small
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding
from segcore.records.purchases import Purchases
from segcore.wording.quotes import value_text, visible

OTHER, NONE = "(other)", "(none)"
SEPARATOR = "|"
"""Separates the values of a category of ratings, such as the genres of a film."""


@dataclass(frozen=True, slots=True)
class Categories:
    """Categories with their own feature.

    Parameters
    ----------
    chosen : tuple of str
        The largest first.
    other : bool
        Whether there is a feature for the rest.
    """

    chosen: tuple[str, ...]
    other: bool

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Categories:
        """Build the record from the output of ``to_json``."""
        return cls(tuple(data["chosen"]), bool(data["other"]))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"chosen": list(self.chosen), "other": self.other}

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the features, each once: shortened, with unprintable characters escaped; ``(other)`` for the rest."""
        labels: list[str] = []
        for value in self.chosen:
            label = value_text(value)
            while label in (*labels, OTHER):
                label += "_"
            labels.append(label)
        return (*labels, OTHER) if self.other else tuple(labels)


@dataclass(frozen=True, slots=True)
class ShareWords:
    """Words for the names and descriptions of the features.

    Parameters
    ----------
    prefix, title, unit : str
        Such as ``spend_share_``, "Share of spend on", "share of spend".
    part, whole : str
        In words, the quantity summed for a category, and the one summed for the customer.
    nothing : str
        In words, when a customer has 0 everywhere; "" if that cannot happen.
    also : str
        Text after the name of a category, such as " or contains it".
    """

    prefix: str
    title: str
    unit: str
    part: str
    whole: str
    nothing: str = ""
    also: str = ""


def as_category(column: str) -> Any:
    """Return the expression of a category as text, missing ones being ``(none)``."""
    return nw.col(column).cast(nw.String).fill_null(NONE).alias("category")


def weigh(lines: Any, weight: str, index: pd.Index) -> Purchases:
    """Return the sum of a column of lines per customer and category, where it is above 0, in place of counts."""
    found = small(lines.group_by("customer", "category").agg(nw.col(weight).sum()))
    found = found[found[weight].to_numpy(dtype=np.float64) > 0]
    rows, (codes, names) = rows_of(found["customer"], index), coded(found["category"])
    order = np.lexsort((codes, rows))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(index)))]).astype(np.int64)
    return Purchases(tuple(names.tolist()), starts, codes[order], found[weight].to_numpy(dtype=np.float64)[order])


def choose(weighed: Purchases, most: int) -> Categories:
    """Return the categories with the largest sums over all customers; ties are ordered by name.

    Parameters
    ----------
    weighed : Purchases
        The output of ``weigh``.
    most : int, >= 1
        The largest number of categories with their own feature.
    """
    sums = np.bincount(weighed.items, weights=weighed.counts, minlength=len(weighed.names))
    return largest(zip(weighed.names, sums.tolist(), strict=True), most)


def largest(sums: Iterable[tuple[Any, float]], most: int) -> Categories:
    """Return the categories with the largest sums; ties are ordered by name.

    Parameters
    ----------
    sums : iterable of (str, float)
    most : int, >= 1
    """
    # Rounded to nine digits, because the last ones depend on the order in which rows were added up.
    ranked = sorted(sums, key=lambda item: (-float(f"{item[1]:.9g}"), item[0]))
    chosen = tuple(str(name) for name, _ in ranked if name != OTHER)[:most]
    return Categories(chosen, other=len(chosen) < len(ranked))


def shares(weighed: Purchases, categories: Categories) -> dict[str, np.ndarray]:
    """Return ``{label: share}``, each of shape (n_customers,), 0 to 1; all 0 for customers that have nothing in ``weighed``."""
    n_customers = len(weighed.starts) - 1
    return shares_of(weighed.customers, weighed.items, weighed.counts, weighed.names, categories, n_customers)


def shares_of(
    rows: np.ndarray, codes: np.ndarray, weights: np.ndarray, names: Iterable[str], categories: Categories, n_customers: int
) -> dict[str, np.ndarray]:
    """Return `shares` from the position of each weight's customer, and of its category in ``names``."""
    positions = {name: position for position, name in enumerate(categories.chosen)}
    rest = len(positions)
    columns = np.array([positions.get(str(name), rest) for name in names], dtype=np.int64)[codes]
    sums = np.bincount(rows * (rest + 1) + columns, weights=weights, minlength=n_customers * (rest + 1)).reshape(n_customers, rest + 1)
    whole = sums.sum(axis=1)
    return {name: ratio(sums[:, position], whole) for position, name in enumerate(categories.labels)}


def split_values(counted: Purchases) -> Purchases:
    """Return counts of single values from counts of texts with several, such as ``Comedy|Drama``: each value gets the text's count.

    Parameters
    ----------
    counted : Purchases
        Counts of texts; they are returned unchanged if no text has several values.
    """
    from scipy import sparse  # only ratings need it, and importing it takes a tenth of a second

    parts = [tuple(dict.fromkeys(part.strip() for part in text.split(SEPARATOR) if part.strip())) or (text,) for text in counted.names]
    if all(part == (text,) for part, text in zip(parts, counted.names, strict=True)):
        return counted
    names, values = np.unique(np.array([name for part in parts for name in part], dtype=object), return_inverse=True)
    begins = np.cumsum([0, *(len(part) for part in parts)])
    of_texts = sparse.csr_matrix((np.ones(len(values), np.int32), values, begins), shape=(len(parts), len(names)))
    shape = (len(counted.starts) - 1, len(parts))
    counts = sparse.csr_matrix((counted.counts, counted.items, counted.starts), shape=shape) @ of_texts
    counts.sort_indices()
    starts, items = counts.indptr.astype(np.int64), counts.indices.astype(np.int32)
    return Purchases(tuple(names.tolist()), starts, items, counts.data.astype(np.int32))


def describe_shares(
    categories: Categories, words: ShareWords, columns: tuple[str, ...], *, dropped: Finding | None = None
) -> tuple[FeatureEntry, ...]:
    """Return the entries of the shares, or one entry with the reason why they are missing.

    Parameters
    ----------
    categories : Categories
    words : ShareWords
    columns : tuple of str
        Their source columns; the first is the category.
    dropped : Finding or None
        Why the features are missing.
    """
    if dropped or not categories.chosen:
        reason = dropped or Finding("feature.no_spend")
        return (
            FeatureEntry(
                words.prefix.rstrip("_"),
                f"{words.title} each category",
                words.unit,
                "One feature for each of the largest categories.",
                columns,
                reason,
            ),
        )
    column = columns[0]
    rule = f"; 0 {words.nothing}" if words.nothing else ""
    entries = [
        FeatureEntry(
            f"{words.prefix}{name}",
            f"{words.title} {visible(name)}",
            words.unit,
            f"{words.part} where {column} is {'missing' if name == NONE else f'{name}{words.also}'}, divided by {words.whole}{rule}.",
            columns,
        )
        for name in categories.labels[: len(categories.chosen)]
    ]
    if categories.other:
        few = "any but the one" if len(categories.chosen) == 1 else f"none of the {len(categories.chosen)}"
        entries.append(
            FeatureEntry(
                f"{words.prefix}{OTHER}",
                f"{words.title} other categories",
                words.unit,
                f"{words.part} where {column} is {few} with their own feature, which are the largest over all customers, divided by "
                f"{words.whole}; new values of later data count here too{rule}.",
                columns,
            )
        )
    return tuple(entries)
