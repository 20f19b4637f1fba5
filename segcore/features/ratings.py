"""Features of customers from their ratings of items (how many, how high, how varied), or from how often they had an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.categories import Categories, ShareWords, as_category, describe_shares, largest, shares_of, split_values
from segcore.features.grouping import Rated, as_iso, coded, days, rated_items, reference_moment
from segcore.records.data_rules import ColumnRules
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.records.purchases import Purchases
from segcore.wording.findings import refusal

_DAY = 86_400_000_000  # microseconds
RATED = ShareWords(
    prefix="rating_share_",
    title="Share of ratings on",
    unit="share of ratings",
    part="Number of ratings",
    whole="n_ratings",
)
_RATED_SEVERAL = replace(RATED, also=" or contains it", whole="the sum of these numbers over all values, since a rating counts for each")


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Ratings as numbers, row by row.

    Parameters
    ----------
    customers : ndarray of shape (n_customers,), object
        Ids, ascending.
    rows : ndarray of shape (n_rows,), int32
        Position of each row's customer.
    rated : Rated
    """

    customers: np.ndarray
    rows: np.ndarray
    rated: Rated

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


def build_ratings(
    dataset: Dataset,
    *,
    reference_date: str | None = None,
    fitted: Mapping[str, Any] | None = None,
    columns: ColumnRules | None = None,
) -> FeatureTable:
    """Build every feature of every customer.

    Parameters
    ----------
    dataset : Dataset of kind "ratings"
        Its frame may be pandas, Polars or Modin. A customer may rate an item more than once; every rating counts. Without the role rating,
        the number of a customer's rows with an item counts as the rating.
    reference_date : str or None
        ISO date and time up to which days are counted, if ratings have times; ``None`` is the latest time.
    fitted : mapping or None
        ``FeatureTable.fitted`` of an earlier table: its scale and its categories are used.
    columns : ColumnRules or None
        The largest number of categories with their own feature.

    Returns
    -------
    FeatureTable
        Customers ascending by their id's text; without revenue.

    Raises
    ------
    DataError
        If there are ratings after the reference date, or ratings are too large to sum.
    ParameterError
        If the reference date is not a date.

    Notes
    -----
    A category with several values separated by ``|``, such as a film's genres, counts for each of them, and a customer's shares add up to
    1. Text is turned into numbers once; the largest arrays then take some 60 bytes a row.
    """
    known = fitted or {}
    frame = nw.from_native(dataset.frame, eager_only=True)
    ratings = _rows(frame, dataset.roles)
    items = None
    if "item" in dataset.roles:
        items = rated_items(ratings.rows, *coded(frame[dataset.roles["item"]].to_pandas()), len(ratings.customers), ratings.rated)
    given = _given(ratings, items)
    scale = known.get("scale") or [float(given.levels[0]), float(given.levels[-1])]
    made = _levels(given, *scale)
    _refuse_overflow(made, ratings.customers, dataset.name)
    if items is not None:
        made["distinct_items"] = np.diff(items.starts).astype(np.float64)
        made["n_ratings"] = np.bincount(ratings.rows, minlength=len(ratings.customers)).astype(np.float64)
    reference = None
    if "time" in dataset.roles:
        dated, reference = _dated(ratings, reference_date)
        made |= dated
    purchases = {} if items is None else {"item": items}
    categories = None
    if "category" in dataset.roles:
        rated = _categories(frame, dataset.roles["category"], ratings)
        categories, made_shares = _shares(rated, known.get("categories"), columns or ColumnRules())
        made |= made_shares
        purchases["category"] = rated
    several = "category" in purchases and _has_several(purchases["category"], len(ratings))
    dictionary = _describe(dataset.roles, made, scale, categories, several=several)
    names = tuple(entry.name for entry in dictionary if entry.dropped is None)
    return FeatureTable(
        values=np.column_stack([made[name] for name in names]),
        names=names,
        customers=ratings.customers,
        copies=np.zeros(len(ratings.customers), dtype=np.int32),
        dictionary=dictionary,
        reference_date=None if reference is None else as_iso(reference),
        fitted={"scale": list(scale), "categories": None if categories is None else categories.to_json()},
        purchases=purchases,
    )


def ratings_notes(dataset: Dataset, table: FeatureTable) -> list[Finding]:
    """Return findings on repeated ratings of an item, and on categories of several values.

    Parameters
    ----------
    dataset : Dataset of kind "ratings"
    table : FeatureTable
        The output of `build_ratings`.
    """
    notes = []
    rows = int(table.column("n_ratings").sum())
    items, categories = table.purchases.get("item"), table.purchases.get("category")
    again = 0 if items is None else rows - len(items.items)
    if again and "rating" in dataset.roles:
        values = {"column": dataset.roles["item"], "repeated": again, "rows": rows, "rule": "last" if "time" in dataset.roles else "mean"}
        notes.append(Finding("rating.repeated", values=values))
    if categories is not None and _has_several(categories, rows):
        notes.append(Finding("rating.several_categories", values={"column": dataset.roles["category"], "values": len(categories.names)}))
    return notes


def _has_several(categories: Purchases, rows: int) -> bool:
    """Tell whether a rating counts for more than one category."""
    return bool(categories.counts.sum() > rows)


def _rows(frame: Any, roles: Mapping[str, str]) -> _Rows:
    rows, customers = coded(frame[roles["customer"]].to_pandas())
    ratings = frame[roles["rating"]].to_pandas().to_numpy(dtype=np.float64) if "rating" in roles else None
    times = frame[roles["time"]].dt.timestamp("us").to_pandas().to_numpy(dtype=np.int64) if "time" in roles else None
    return _Rows(customers, rows, Rated(ratings, times))


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """How often each customer gave each rating: arrays of shape (n,) for the pairs that occur, ordered.

    Parameters
    ----------
    customers : int64
        Positions.
    ratings, times : float64
    levels : ndarray of float64
        The different ratings, ascending.
    n_customers : int
    """

    customers: np.ndarray
    ratings: np.ndarray
    times: np.ndarray
    levels: np.ndarray
    n_customers: int


def _given(ratings: _Rows, items: Purchases | None) -> _Given:
    """Count the ratings that each customer gave; without ratings, the numbers of rows that a customer has with an item."""
    if ratings.rated.ratings is not None:
        rows, values = ratings.rows, ratings.rated.ratings
    elif items is not None:
        rows, values = items.customers, items.counts.astype(np.float64)
    else:
        rows, values = ratings.rows, np.ones(len(ratings))
    place, found = pd.factorize(values + 0.0)  # so that -0 is 0
    levels, moved = np.unique(found, return_inverse=True)
    keys = moved[place]
    del place
    keys += rows * np.int64(len(levels))
    keys, times = np.unique(keys, return_counts=True)
    customers, level = np.divmod(keys, len(levels))
    return _Given(customers, levels[level], times.astype(np.float64), levels, len(ratings.customers))


def _levels(given: _Given, lowest: float, highest: float) -> dict[str, np.ndarray]:
    """Return the features that follow from how often each customer gave each rating."""
    rows, ratings, times = given.customers, given.ratings, given.times

    def added(weights: np.ndarray) -> np.ndarray:
        return np.bincount(rows, weights=weights, minlength=given.n_customers)

    fifth = (highest - lowest) / 5
    with np.errstate(over="ignore", invalid="ignore"):
        n_ratings = added(times)
        mean = added(times * ratings) / n_ratings
        return {
            "n_ratings": n_ratings,
            "mean_rating": mean,
            "rating_spread": np.sqrt(added(times * (ratings - mean[rows]) ** 2) / n_ratings),
            "share_top": added(times * (ratings >= highest - fifth)) / n_ratings,
            "share_low": added(times * (ratings <= lowest + fifth)) / n_ratings,
        }


def _refuse_overflow(made: Mapping[str, np.ndarray], customers: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(made["rating_spread"])
    if bad.any():
        raise refusal("feature.too_large", source=name, customer=str(customers[int(np.argmax(bad))]), what="rating")


def _dated(ratings: _Rows, asked: str | None) -> tuple[dict[str, np.ndarray], np.datetime64]:
    rows, times, n = ratings.rows, np.asarray(ratings.rated.times), len(ratings.customers)
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, rows, times)
    np.maximum.at(last, rows, times)
    reference = reference_moment(asked, pd.Timestamp(int(last.max()), unit="us"))
    active = times // _DAY
    active -= active.min()
    n_days = np.int64(active.max() + 1)
    active += rows * n_days
    active.sort()  # numpy.unique hashes whole numbers, which takes twenty times as long if many are different
    active = active[np.append(True, active[1:] != active[:-1])] // n_days
    made = {
        "Recency": np.floor(days(last.view("datetime64[us]"), reference)),
        "tenure_days": days(first.view("datetime64[us]"), reference),
        "active_days": np.bincount(active, minlength=n).astype(np.float64),
    }
    return made, reference


def _categories(frame: Any, column: str, ratings: _Rows) -> Purchases:
    """Count each customer's ratings of each category; a rating of several categories counts for each."""
    codes, texts = coded(frame.select(as_category(column))["category"].to_pandas())
    return split_values(rated_items(ratings.rows, codes, texts, len(ratings.customers), Rated(None, None)))


def _shares(rated: Purchases, kept: Mapping[str, Any] | None, rules: ColumnRules) -> tuple[Categories, dict[str, np.ndarray]]:
    counts = rated.counts.astype(np.float64)
    sums = np.bincount(rated.items, weights=counts, minlength=len(rated.names))
    categories = Categories.from_json(kept) if kept else largest(zip(rated.names, sums.tolist(), strict=True), rules.max_categories)
    shares = shares_of(rated.customers, rated.items, counts, rated.names, categories, len(rated.starts) - 1)
    return categories, {f"{RATED.prefix}{name}": share for name, share in shares.items()}


def _describe(
    roles: Mapping[str, str], made: Mapping[str, np.ndarray], scale: list[float], categories: Categories | None, *, several: bool
) -> tuple[FeatureEntry, ...]:
    item = roles.get("item")
    levels = _describe_levels(roles, made, scale) if "rating" in roles else _describe_counts(roles)
    undated = None if "time" in roles else Finding("feature.no_role", values={"role": "time"})
    when = (roles["time"],) if "time" in roles else ()
    entries = (
        *levels,
        FeatureEntry(
            "distinct_items",
            "Different items",
            "items",
            f"Number of different {f'values of {item}' if item else 'items'} that the customer rated.",
            (item,) if item else (),
            None if item else Finding("feature.no_role", values={"role": "item"}),
        ),
        FeatureEntry("Recency", "Recency", "days", "Whole days from the customer's last rating to the reference date.", when, undated),
        FeatureEntry("tenure_days", "Tenure", "days", "Days from the customer's first rating to the reference date.", when, undated),
        FeatureEntry(
            "active_days", "Active days", "days", "Number of different days on which the customer rated something.", when, undated
        ),
    )
    if categories is None:
        missing = Finding("feature.no_role", values={"role": "category"})
        return (*entries, *describe_shares(Categories((), False), RATED, (), dropped=missing))
    return (*entries, *describe_shares(categories, _RATED_SEVERAL if several else RATED, (roles["category"],)))


def _describe_levels(roles: Mapping[str, str], made: Mapping[str, np.ndarray], scale: list[float]) -> tuple[FeatureEntry, ...]:
    rating, item = roles["rating"], roles.get("item")
    lowest, highest = scale
    fifth = (highest - lowest) / 5
    one = Finding("feature.one_rating") if lowest == highest else None
    again = int(made["n_ratings"].sum() - made["distinct_items"].sum()) if item else 0
    repeats = f" Every rating counts, including repeated ratings of the same {item} ({again:,} here)." if again else ""
    return (
        FeatureEntry("n_ratings", "Ratings", "ratings", f"Number of the customer's ratings.{repeats}", (roles["customer"],)),
        FeatureEntry("mean_rating", "Mean rating", "rating", f"Mean of {rating} over the customer's ratings.", (rating,)),
        FeatureEntry(
            "rating_spread", "Spread of ratings", "rating", f"Standard deviation of {rating} over the customer's ratings.", (rating,)
        ),
        FeatureEntry(
            "share_top",
            "Share of top ratings",
            "share of ratings",
            f"Ratings of {highest - fifth:,.6g} and above, the top fifth of the scale from {lowest:,.6g} to {highest:,.6g}, divided by "
            "n_ratings.",
            (rating,),
            one,
        ),
        FeatureEntry(
            "share_low",
            "Share of low ratings",
            "share of ratings",
            f"Ratings of {lowest + fifth:,.6g} and below, the lowest fifth of the scale from {lowest:,.6g} to {highest:,.6g}, divided by "
            "n_ratings.",
            (rating,),
            one,
        ),
    )


def _describe_counts(roles: Mapping[str, str]) -> tuple[FeatureEntry, ...]:
    """Describe the same features if rows are counted; counts of an item have no top or lowest fifth."""
    item, no_scale = roles.get("item", "item"), Finding("feature.no_scale")
    source = tuple(roles[role] for role in ("customer", "item") if role in roles)
    return (
        FeatureEntry("n_ratings", "Rows", "rows", "Number of the customer's rows, each of which counts as one.", (roles["customer"],)),
        FeatureEntry("mean_rating", "Rows per item", "rows", f"Mean number of the customer's rows with the same {item}.", source),
        FeatureEntry(
            "rating_spread", "Spread of rows per item", "rows", f"Standard deviation of the number of rows with the same {item}.", source
        ),
        FeatureEntry("share_top", "Share of top ratings", "share of ratings", "The top fifth of a scale of ratings.", source, no_scale),
        FeatureEntry("share_low", "Share of low ratings", "share of ratings", "The lowest fifth of a scale of ratings.", source, no_scale),
    )
