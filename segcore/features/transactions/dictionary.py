"""Data dictionary of the features of transactions: title, unit and description of each."""

from __future__ import annotations

from collections.abc import Mapping

from segcore.features.categories import Categories, ShareWords, describe_shares
from segcore.features.transactions.calendar_names import MONTHS, WEEKDAYS
from segcore.features.transactions.clock import describe_clock
from segcore.features.transactions.feature_sets import KIT, SHARES
from segcore.features.transactions.fitted import Fitted
from segcore.features.transactions.returns import describe_returns
from segcore.features.transactions.rfm import describe_rfm
from segcore.features.transactions.rhythm import describe_rhythm
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding

_FIRST = (
    *KIT,
    "Saturday",
    "invoices",
    "distinct_items",
    "total_spend",
    "log_spend",
    "average_basket_value",
    "days_between_orders",
    "tenure_days",
    *SHARES,
)


SPENT = ShareWords(
    prefix="spend_share_",
    title="Share of spend on",
    unit="share of spend",
    part="Sum of positive amounts, without cancelled lines,",
    whole="that of all lines",
    nothing="where the customer has no spend",
)


def describe(roles: Mapping[str, str], found: Fitted) -> tuple[FeatureEntry, ...]:
    """Return the entry of every feature; features that the roles or the data do not allow are marked as dropped.

    Parameters
    ----------
    roles : mapping of role to column name
    found : Fitted
    """
    money = (roles["amount"],) if "amount" in roles else (roles["quantity"], roles["price"])
    amount = roles["amount"] if "amount" in roles else f"{roles['quantity']} x {roles['price']}"
    time = roles["time"]
    order = roles.get("order", time)
    cancelled = _cancelled(roles)
    orders = (
        order,
        *(() if order == time else (time,)),
        *(column for column in (roles.get("quantity"),) if column and column not in money),
    )
    return (
        *_first(roles, money, amount, cancelled, orders),
        *describe_rfm(found.cuts, {"recency": (time,), "frequency": orders, "monetary": money}),
        *describe_clock(time, found.no_clock),
        *describe_returns(roles, money, amount, cancelled, absent=found.absent),
        *describe_rhythm(orders, money, amount, cancelled, typical=found.typical_spread, filled=found.filled),
        *_spent(roles, money, found.categories),
    )


def _spent(roles: Mapping[str, str], money: tuple[str, ...], categories: Categories | None) -> tuple[FeatureEntry, ...]:
    if "category" not in roles or categories is None:
        return describe_shares(Categories((), False), SPENT, (), dropped=Finding("feature.no_role", values={"role": "category"}))
    return describe_shares(categories, SPENT, (roles["category"], *(column for column in money if column != roles["category"])))


def _first(
    roles: Mapping[str, str], money: tuple[str, ...], amount: str, cancelled: str, orders: tuple[str, ...]
) -> tuple[FeatureEntry, ...]:
    """Return the entries of the Intel kit's features and of other features from the same columns."""
    time = roles["time"]
    order = roles.get("order", time)
    entries = [
        FeatureEntry(
            "Amount", "Mean line amount", "currency", f"Mean of {amount} over the customer's order lines, including cancelled ones.", money
        ),
        FeatureEntry(
            "NumberOfOrders",
            "Order lines",
            "lines",
            "Number of the customer's order lines, including cancelled ones. The name is the Intel kit's; 'invoices' counts orders.",
            (roles["customer"],),
        ),
        FeatureEntry("Recency", "Recency", "days", f"Whole days from the customer's last {time} to the reference date.", (time,)),
        *(
            FeatureEntry(day, f"Lines on {day}s", "lines", f"Number of order lines with {time} on a {day}.", (time,))
            for day in sorted(WEEKDAYS)
        ),
        *(
            FeatureEntry(month, f"Lines in {month}", "lines", f"Number of order lines with {time} in {month} of any year.", (time,))
            for month in MONTHS
        ),
        FeatureEntry("invoices", "Orders", "orders", f"Number of different values of {order}, not counting {cancelled}.", orders),
        _items(roles, cancelled),
        FeatureEntry("total_spend", "Net spend", "currency", f"Sum of {amount}; cancelled lines reduce it.", money),
        FeatureEntry(
            "log_spend",
            "Net spend (log)",
            "log of currency",
            "Natural logarithm of 1 + net spend; for a negative net spend, minus the logarithm of 1 + its absolute value.",
            money,
        ),
        FeatureEntry(
            "average_basket_value",
            "Average order value",
            "currency",
            "Net spend divided by the number of orders; 0 if every order is cancelled.",
            tuple(dict.fromkeys((*money, order))),
        ),
        FeatureEntry(
            "days_between_orders",
            "Average days between orders",
            "days",
            f"Days from the first to the last order divided by the number of orders minus one, not counting {cancelled}. With one order: "
            "days from it to the reference date. Without orders: days from the first line.",
            orders,
        ),
        FeatureEntry(
            "tenure_days",
            "Tenure",
            "days",
            f"Days from the customer's first order to the reference date, not counting {cancelled}. Without orders: from the first line.",
            orders,
        ),
        *(
            FeatureEntry(f"share_{day}", f"Share on {day}s", "share of lines", f"{day} divided by NumberOfOrders.", (time,))
            for day in WEEKDAYS
        ),
        *(
            FeatureEntry(f"share_{month}", f"Share in {month}", "share of lines", f"{month} divided by NumberOfOrders.", (time,))
            for month in MONTHS
        ),
    ]
    by_name = {entry.name: entry for entry in entries}
    return tuple(by_name[name] for name in _FIRST)


def _cancelled(roles: Mapping[str, str]) -> str:
    if "quantity" in roles:
        return "cancelled lines (a negative quantity, or an order number of C and digits)"
    return "cancelled lines (a negative amount, or an order number of C and digits)"


def _items(roles: Mapping[str, str], cancelled: str) -> FeatureEntry:
    if "item" not in roles:
        return FeatureEntry(
            "distinct_items",
            "Different items",
            "items",
            "Number of different items.",
            (),
            Finding("feature.no_role", values={"role": "item"}),
        )
    return FeatureEntry(
        "distinct_items",
        "Different items",
        "items",
        f"Number of different values of {roles['item']}, not counting {cancelled}.",
        (roles["item"],),
    )
