"""Features of customers from transactions, built with Narwhals for pandas, Polars, DuckDB, Modin on Ray and Spark."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.categories import Categories, as_category, choose, shares, weigh
from segcore.features.grouping import as_iso, by_customer, count_purchases, days, ratio, reference_moment, rows_of, small
from segcore.features.transactions.calendar_names import MONTHS, PERIODS, WEEKDAYS
from segcore.features.transactions.clock import clock_bounds, period, why_no_clock
from segcore.features.transactions.dictionary import SPENT, describe
from segcore.features.transactions.fitted import Fitted, known_clock
from segcore.features.transactions.returns import discount_share, none_of, reduced_spend_share, returned_value_share
from segcore.features.transactions.rfm import SEGMENT, fit_cuts, rfm_scores, rfm_segments
from segcore.features.transactions.rhythm import Orders, gap_spread, spend_trend
from segcore.features.transactions.units import count_units, sold_by_measure
from segcore.records.data_rules import ColumnRules
from segcore.records.dataset import Dataset, is_cancelled
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.records.purchases import Purchases, together
from segcore.system.private_files import temporary_folder
from segcore.system.row_parts import ROW, ArraysOnDisk
from segcore.wording.findings import refusal


def build_transactions(
    dataset: Dataset,
    *,
    reference_date: str | None = None,
    fitted: Mapping[str, Any] | None = None,
    columns: ColumnRules | None = None,
) -> FeatureTable:
    """Build every feature of every customer.

    Parameters
    ----------
    dataset : Dataset of kind "transactions"
        Its frames may be of any library; if there are several, they are processed one at a time, so memory grows with the largest frame and
        with the number of customers. The work grows with the number of lines.
    reference_date : str or None
        ISO date and time up to which days are counted; ``None`` is the latest time in the data. A date alone means the end of that day.
    fitted : mapping or None
        ``FeatureTable.fitted`` of an earlier table: its cut-points, categories and fill values are used. Values that it lacks, because it
        is older than a feature, are fitted to these customers.
    columns : ColumnRules or None
        The largest number of categories with their own feature.

    Returns
    -------
    FeatureTable
        Customers ascending by their id's text; ``revenue`` is net spend; ``profile`` holds the name of each customer's RFM segment.

    Raises
    ------
    DataError
        If the data have lines after the reference date, or a customer's spend is too large for a number.
    ParameterError
        If the reference date is not a date.

    Notes
    -----
    Features have no nulls by construction: see the data dictionary. The Intel kit's features equal those of its preprocessing
    (``systems.md``, 1).
    """
    parts = [_lines(part, dataset.columns) for part in dataset.parts]
    seen = pd.concat([small(lines.select(nw.col("time").max().alias("latest"), *clock_bounds("time"))) for lines in parts])
    reference = reference_moment(reference_date, seen["latest"].max())
    by_measure = sold_by_measure(parts) if {"item", "quantity"} <= dataset.roles.keys() else ()
    before: dict[str, float] = {}
    with temporary_folder(prefix="made-") as folder:
        made_of = [_made(lines, dataset, reference, by_measure, before) for lines in parts[:1]]
        for lines in parts[1:]:
            # Results of a part wait on disk: in memory, they would take as much as the result, a gigabyte or two for a million customers.
            made_of[-1] = _set_down(made_of[-1], folder)
            made_of.append(_made(lines, dataset, reference, by_measure, before))
        found = _joined(made_of)
    made, spent, index = found.made, found.spent, found.customers
    known = _find(dataset, seen, made, spent, known=fitted or {}, most_categories=(columns or ColumnRules()).max_categories)
    made |= rfm_scores(made["Recency"], made["invoices"], made["total_spend"], known.cuts)
    spread = made["days_between_orders_spread"]
    made["days_between_orders_spread"] = np.where(np.isnan(spread), known.typical_spread or 0.0, spread)
    if spent is not None and known.categories is not None:
        made |= {f"{SPENT.prefix}{name}": share for name, share in shares(spent, known.categories).items()}
    dictionary = describe(dataset.roles, known)
    names = tuple(entry.name for entry in dictionary if entry.dropped is None)
    revenue, segments = made["total_spend"], rfm_segments(made["rfm_recency"], made["rfm_frequency"])
    return FeatureTable(
        values=_columns(made, names),
        names=names,
        customers=index.to_numpy(dtype=object),
        copies=np.zeros(len(index), dtype=np.int32),
        dictionary=dictionary,
        revenue=revenue,
        profile={SEGMENT: segments},
        reference_date=as_iso(reference),
        fitted=known.to_json(),
        sums=found.sums,
        purchases=found.purchases,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """Features of some customers, before anything is fitted to all, and other sums for these customers."""

    customers: pd.Index
    made: dict[str, np.ndarray]
    sums: dict[str, np.ndarray]
    spent: Purchases | None
    purchases: dict[str, Purchases]
    file: ArraysOnDisk | None = None

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> _Made:
        """Return the same with a function applied to each array."""
        return _Made(
            self.customers,
            {name: function(values) for name, values in self.made.items()},
            {name: function(values) for name, values in self.sums.items()},
            None if self.spent is None else self.spent.mapped(function),
            {what: found.mapped(function) for what, found in self.purchases.items()},
        )


def _made(lines: Any, dataset: Dataset, reference: np.datetime64, by_measure: Collection[str], before: dict[str, float]) -> _Made:
    """Build the features of the customers of one frame, which has all their lines."""
    customers = by_customer(_totals(lines))
    index = pd.Index(customers["customer"])
    kept = _kept(lines)
    bought = _bought(kept, index, customers)
    _refuse_overflow(customers, bought, dataset.name, before)
    made = _basics(customers, reference) | _calendar(lines, index, customers)
    made |= _orders(bought, made["total_spend"], reference) | _returns(customers, bought)
    purchases = {what: count_purchases(kept, what, index) for what in ("item", "category") if what in dataset.roles}
    if "item" in purchases:
        made["distinct_items"] = np.diff(purchases["item"].starts).astype(np.float64)
    spent = weigh(kept, "spend", index) if "category" in dataset.roles else None
    return _Made(index, made, _sums(bought, lines, index, by_measure), spent, purchases)


def _set_down(made: _Made, folder: Path) -> _Made:
    """Return the same with all arrays in one file on disk."""
    arrays: list[np.ndarray] = []

    def note(array: np.ndarray) -> np.ndarray:
        arrays.append(array)
        return array

    made.mapped(note)
    file = ArraysOnDisk(arrays, folder)
    kept = iter(file.arrays)
    return replace(made.mapped(lambda _: next(kept)), file=file)


def _joined(parts: list[_Made]) -> _Made:
    """Return the customers of all parts, ascending by their id's text; the parts cannot be used afterwards."""
    if len(parts) == 1:
        return parts[0]
    ids = np.concatenate([part.customers.to_numpy(dtype=object) for part in parts])
    order = np.argsort(ids, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    ends = np.cumsum([len(part.customers) for part in parts])
    places = np.split(place, ends[:-1])

    def joined(join: Callable[[list[Any]], Any], taken: list[Any]) -> Any:
        found = join(taken)
        for part in parts:
            if part.file is not None:
                part.file.let_go()
        return found

    def ordered(arrays: list[np.ndarray]) -> np.ndarray:
        return np.asarray(np.concatenate(arrays)[order])

    def merged(tables: list[Purchases]) -> Purchases:
        return together(tables, places)

    return _Made(
        customers=pd.Index(ids[order]),
        made={name: joined(ordered, [part.made.pop(name) for part in parts]) for name in list(parts[0].made)},
        sums={name: joined(ordered, [part.sums.pop(name) for part in parts]) for name in list(parts[0].sums)},
        spent=joined(merged, [part.spent for part in parts if part.spent is not None]) if parts[0].spent is not None else None,
        purchases={what: joined(merged, [part.purchases.pop(what) for part in parts]) for what in list(parts[0].purchases)},
    )


def _columns(made: dict[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    """Return features as one array of shape (n_customers, n_features); they are removed from their mapping."""
    values = np.empty((len(made[names[0]]), len(names)))
    for position, name in enumerate(names):
        values[:, position] = made.pop(name)
    return values


@dataclass(frozen=True, slots=True, eq=False)
class _Bought:
    """Orders, and their totals per customer: arrays of shape (n_customers,)."""

    orders: Orders
    invoices: np.ndarray
    begun: np.ndarray
    ended: np.ndarray
    lines: np.ndarray
    spend: np.ndarray
    discount: np.ndarray | None
    reduced: np.ndarray | None


def _lines(native: Any, roles: Mapping[str, str]) -> Any:
    """Return one row per order line, with columns named by role, whether it is cancelled, and the calendar's key."""
    frame = nw.from_native(native)
    amount = nw.col(roles["amount"]) if "amount" in roles else nw.col(roles["quantity"]) * nw.col(roles["price"])
    order = nw.col(roles.get("order", roles["time"]))
    time = nw.col(roles["time"])
    more = [nw.col(roles["item"]).alias("item")] if "item" in roles else []
    if "category" in roles:
        more.append(as_category(roles["category"]))
    if "discount" in roles:
        discount = nw.col(roles["discount"]).abs().fill_null(0.0)
        more.append(discount.alias("discount"))
        more.append((amount.clip(lower_bound=0.0) * (discount > 0).cast(nw.Float64)).alias("reduced"))
    more += [nw.col(ROW)] if isinstance(frame, nw.LazyFrame) else []
    month, weekday = (part.cast(nw.Int64) for part in (time.dt.month(), time.dt.weekday()))  # Polars' types are too small for the key
    return frame.select(
        nw.col(roles["customer"]).alias("customer"),
        order.alias("order"),
        time.alias("time"),
        *more,
        *([nw.col(roles["quantity"]).alias("quantity")] if "quantity" in roles else []),
        amount.alias("amount"),
        amount.clip(lower_bound=0.0).alias("spend"),
        amount.clip(upper_bound=0.0).alias("returned"),
        is_cancelled(roles).alias("cancelled"),
        ((period(roles["time"]) * 16 + month) * 8 + weekday).alias("calendar"),
    )


def _kept(lines: Any) -> Any:
    """Return the lines that are not cancelled."""
    wanted = [
        name for name in ("customer", "order", "time", "item", "category", "spend", "discount", "reduced", ROW) if name in lines.columns
    ]
    return lines.filter(~nw.col("cancelled")).select(*wanted)


def _totals(lines: Any) -> Any:
    return lines.group_by("customer").agg(
        nw.len().alias("lines"),
        nw.col("amount").mean().alias("mean"),
        nw.col("amount").sum().alias("total"),
        nw.col("returned").sum().alias("returned"),
        nw.col("time").min().alias("first"),
        nw.col("time").max().alias("last"),
    )


def _basics(customers: pd.DataFrame, reference: np.datetime64) -> dict[str, np.ndarray]:
    total = customers["total"].to_numpy(dtype=np.float64)
    return {
        "Amount": customers["mean"].to_numpy(dtype=np.float64),
        "NumberOfOrders": customers["lines"].to_numpy(dtype=np.float64),
        "Recency": np.floor(days(customers["last"].to_numpy(dtype="datetime64[us]"), reference)),
        "total_spend": total,
        "log_spend": np.sign(total) * np.log1p(np.abs(total)),
    }


def _calendar(lines: Any, index: pd.Index, customers: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return lines by weekday and month, and all shares of lines by calendar or clock, from a single grouping."""
    counts = small(lines.group_by("customer", "calendar").agg(nw.len().alias("lines")))
    rows = rows_of(counts["customer"], index)
    key = counts["calendar"].to_numpy(dtype=np.int64)
    found = counts["lines"].to_numpy(dtype=np.float64)
    made: dict[str, np.ndarray] = {}
    parts = ((WEEKDAYS, key % 8 - 1), (MONTHS, key // 8 % 16 - 1), (PERIODS, key // 128))
    for names, positions in parts:
        sums = np.zeros((len(index), len(names)))
        np.add.at(sums, (rows, positions), found)
        made |= {name: sums[:, position] for position, name in enumerate(names)}
    n_lines = customers["lines"].to_numpy(dtype=np.float64)
    return made | {f"share_{name}": count / n_lines for name, count in made.items()}


def _bought(kept: Any, index: pd.Index, customers: pd.DataFrame) -> _Bought:
    """Return the orders, each placed at the time of its first line."""
    discounts = [nw.col("discount").sum(), nw.col("reduced").sum()] if "discount" in kept.columns else []
    grouped = kept.group_by("customer", "order").agg(
        nw.col("time").min().alias("placed"), nw.col("spend").sum(), nw.len().alias("lines"), *discounts
    )
    orders = small(grouped)
    rows = rows_of(orders["customer"], index)
    placed = orders.groupby(rows)["placed"].agg(["min", "max"])
    begun = customers["first"].to_numpy(dtype="datetime64[us]").copy()
    ended = begun.copy()
    begun[placed.index] = placed["min"].to_numpy(dtype="datetime64[us]")
    ended[placed.index] = placed["max"].to_numpy(dtype="datetime64[us]")

    def added(name: str) -> np.ndarray:
        return np.bincount(rows, weights=orders[name].to_numpy(dtype=np.float64), minlength=len(index))

    return _Bought(
        orders=Orders(rows, orders["placed"].to_numpy(dtype="datetime64[us]"), orders["spend"].to_numpy(dtype=np.float64)),
        invoices=np.bincount(rows, minlength=len(index)).astype(np.float64),
        begun=begun,
        ended=ended,
        lines=added("lines"),
        spend=added("spend"),
        discount=added("discount") if discounts else None,
        reduced=added("reduced") if discounts else None,
    )


def _sums(bought: _Bought, lines: Any, index: pd.Index, by_measure: Collection[str]) -> dict[str, np.ndarray]:
    """Return the values that segments add up: spend if its shares matter, and units."""
    spend = {"spend": bought.spend} if bought.reduced is not None or "category" in lines.columns else {}
    reduced = {} if bought.reduced is None else {"reduced_spend": bought.reduced}
    return {**spend, **reduced, **(count_units(lines, index, by_measure) if "quantity" in lines.columns else {})}


def _refuse_overflow(customers: pd.DataFrame, bought: _Bought, name: str, before: dict[str, float]) -> None:
    """Raise if a sum over all customers so far is too large; ``before`` holds the sums over those before these."""
    sums = {"spend": customers["total"].to_numpy(dtype=np.float64), "positive": bought.spend}
    if bought.discount is not None:
        sums["discount"] = bought.discount
    for what, values in sums.items():
        with np.errstate(over="ignore", invalid="ignore"):
            whole = before[what] = before.get(what, 0.0) + float(np.sum(values))
        if np.isfinite(whole):
            continue
        worst = int(np.argmax(np.where(np.isfinite(values), np.abs(values), np.inf)))
        raise refusal("feature.too_large", source=name, customer=str(customers["customer"].iloc[worst]), what=what)


def _orders(bought: _Bought, total: np.ndarray, reference: np.datetime64) -> dict[str, np.ndarray]:
    """Return the features that depend on when orders were placed; the spread is NaN for fewer than three orders."""
    tenure = days(bought.begun, reference)
    between = days(bought.begun, bought.ended)
    return {
        "invoices": bought.invoices,
        "average_basket_value": ratio(total, bought.invoices),
        "days_between_orders": np.where(bought.invoices > 1, between / np.maximum(bought.invoices - 1, 1), tenure),
        "tenure_days": tenure,
        "days_between_orders_spread": gap_spread(bought.orders, len(total)),
        "spend_trend": spend_trend(bought.orders, bought.begun, reference),
    }


def _returns(customers: pd.DataFrame, bought: _Bought) -> dict[str, np.ndarray]:
    n_lines = customers["lines"].to_numpy(dtype=np.float64)
    made = {
        "returns_share": (n_lines - bought.lines) / n_lines,
        "returned_value_share": returned_value_share(np.abs(customers["returned"].to_numpy(dtype=np.float64)), bought.spend),
    }
    if bought.discount is None or bought.reduced is None:
        return made
    return made | {
        "discount_share": discount_share(bought.discount, bought.spend),
        "reduced_spend_share": reduced_spend_share(bought.reduced, bought.spend),
    }


def _find(
    dataset: Dataset,
    seen: pd.DataFrame,
    made: Mapping[str, np.ndarray],
    spent: Purchases | None,
    *,
    known: Mapping[str, Any],
    most_categories: int,
) -> Fitted:
    """Return the values fitted to an earlier table; fit the missing ones here."""
    spread = made["days_between_orders_spread"]
    there = ~np.isnan(spread)
    typical = float(np.median(spread[there])) if there.any() else None
    categories = None
    if spent is not None:
        kept = known.get("categories")
        categories = Categories.from_json(kept) if kept else choose(spent, most_categories)
    return Fitted(
        cuts=known.get("rfm") or fit_cuts(made["Recency"], made["invoices"], made["total_spend"]),
        no_clock=known_clock(known) if "clock" in known else _why_no_clock(dataset, seen, int(made["NumberOfOrders"].sum())),
        typical_spread=known.get("spread", typical),
        filled=int((~there).sum()),
        categories=categories,
        absent=known["absent"] if "absent" in known else none_of(made),
    )


def _why_no_clock(dataset: Dataset, seen: pd.DataFrame, n_lines: int) -> Finding | None:
    time = dataset.roles["time"]
    reason = why_no_clock(seen, n_lines, time)
    if reason is None and any(note.code == "date.twelve_hour_clock" for note in dataset.notes):
        return Finding("feature.twelve_hour_clock", values={"column": time})
    return reason
