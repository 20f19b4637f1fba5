"""Features of customers from their ratings of items: how many, how high, how varied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.categories import Categories, ShareWords, as_category, choose, describe_shares, shares, weigh
from segcore.features.grouping import (
    as_iso,
    by_customer,
    count_distinct,
    count_purchases,
    days,
    rated_items,
    reference_moment,
    rows_of,
    small,
)
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
        Its frame may be pandas, Polars or Modin. A customer may rate an item more than once; every rating counts.
    reference_date : str or None
        ISO date and time up to which days are counted, if ratings have times; ``None`` is the latest of them.
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
        If there are ratings after the reference date, or ratings are too large to be summed.
    ParameterError
        If the reference date is not a date.
    """
    known = fitted or {}
    lines = _lines(dataset)
    counts = small(lines.group_by("customer", "rating").agg(nw.len().alias("ratings")))
    customers = np.sort(np.unique(counts["customer"].astype(str).to_numpy(dtype=object)))
    index = pd.Index(customers)
    scale = known.get("scale") or [float(counts["rating"].min()), float(counts["rating"].max())]
    made = _levels(counts, index, *scale)
    _refuse_overflow(made, customers, dataset.name)
    if "item" in dataset.roles:
        made["distinct_items"] = count_distinct(lines, "item", index)
    reference = None
    if "time" in dataset.roles:
        dated, reference = _dated(lines, index, reference_date)
        made |= dated
    categories = None
    if "category" in dataset.roles:
        rated = weigh(lines)
        kept = known.get("categories")
        categories = Categories.from_json(kept) if kept else choose(rated, (columns or ColumnRules()).max_categories)
        made |= {f"{RATED.prefix}{name}": share for name, share in shares(rated, index, categories).items()}
    dictionary = _describe(dataset.roles, made, scale, categories)
    names = tuple(entry.name for entry in dictionary if entry.dropped is None)
    return FeatureTable(
        values=np.column_stack([made[name] for name in names]),
        names=names,
        customers=customers,
        copies=np.zeros(len(customers), dtype=np.int32),
        dictionary=dictionary,
        reference_date=None if reference is None else as_iso(reference),
        fitted={"scale": list(scale), "categories": None if categories is None else categories.to_json()},
        purchases=_rated(lines, index),
    )


def _rated(lines: Any, index: pd.Index) -> dict[str, Purchases]:
    """Return the ratings of each item, and how often each category was rated, where there are such columns."""
    found = {"item": rated_items(lines, index)} if "item" in lines.columns else {}
    return found | ({"category": count_purchases(lines, "category", index)} if "category" in lines.columns else {})


def _lines(dataset: Dataset) -> Any:
    """Return one row per rating under the names of the roles, and the day."""
    roles = dataset.roles
    wanted = [nw.col(roles[role]).alias(role) for role in ("customer", "item", "rating", "time") if role in roles]
    if "category" in roles:
        wanted.append(as_category(roles["category"]))
    if "time" in roles:
        wanted.append((nw.col(roles["time"]).dt.timestamp("us") // _DAY).alias("day"))
    return nw.from_native(dataset.frame, eager_only=True).select(*wanted)


def _levels(counts: pd.DataFrame, index: pd.Index, lowest: float, highest: float) -> dict[str, np.ndarray]:
    """Return the features that follow from how often each customer gave each rating."""
    rows = rows_of(counts["customer"], index)
    ratings, times = (counts[name].to_numpy(dtype=np.float64) for name in ("rating", "ratings"))

    def added(weights: np.ndarray) -> np.ndarray:
        return np.bincount(rows, weights=weights, minlength=len(index))

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


def _dated(lines: Any, index: pd.Index, asked: str | None) -> tuple[dict[str, np.ndarray], np.datetime64]:
    spans = by_customer(lines.group_by("customer").agg(nw.col("time").min().alias("first"), nw.col("time").max().alias("last")))
    reference = reference_moment(asked, spans["last"].max())
    made = {
        "Recency": np.floor(days(spans["last"].to_numpy(dtype="datetime64[us]"), reference)),
        "tenure_days": days(spans["first"].to_numpy(dtype="datetime64[us]"), reference),
        "active_days": count_distinct(lines, "day", index),
    }
    return made, reference


def _describe(
    roles: Mapping[str, str], made: Mapping[str, np.ndarray], scale: list[float], categories: Categories | None
) -> tuple[FeatureEntry, ...]:
    rating, customer, time = roles["rating"], roles["customer"], roles.get("time")
    lowest, highest = scale
    fifth = (highest - lowest) / 5
    one = Finding("feature.one_rating") if lowest == highest else None
    item, repeats = roles.get("item"), ""
    if item:
        again = int(made["n_ratings"].sum() - made["distinct_items"].sum())
        repeats = f" Every rating counts, including repeated ratings of the same {item} ({again:,} here)." if again else ""
    undated = None if time else Finding("feature.no_role", values={"role": "time"})
    when = (time,) if time else ()
    entries = (
        FeatureEntry("n_ratings", "Ratings", "ratings", f"Number of the customer's ratings.{repeats}", (customer,)),
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
        return (
            *entries,
            *describe_shares(Categories((), False), RATED, (), dropped=Finding("feature.no_role", values={"role": "category"})),
        )
    return (*entries, *describe_shares(categories, RATED, (roles["category"],)))
