"""Named sets of the features of transactions."""

from __future__ import annotations

from segcore.features.transactions.calendar_names import MONTHS, WEEKDAYS

# The Intel kit's columns in its order, which is alphabetical, without a Saturday.
SMALL = ("Amount", "NumberOfOrders", "Recency")
KIT = (*SMALL, *sorted(set(WEEKDAYS) - {"Saturday"}), *sorted(MONTHS))
SHARES = tuple(f"share_{name}" for name in (*WEEKDAYS, *MONTHS))
RFM = ("Recency", "invoices", "total_spend")
VALUE = ("Recency", "invoices", "total_spend", "days_between_orders", "average_basket_value")
BEHAVIOUR = (
    "Recency",
    "invoices",
    "log_spend",
    "average_basket_value",
    "days_between_orders",
    *(f"share_{day}" for day in WEEKDAYS),
)
