"""Lines of orders with every trap, a data set of them in any frame library, and what their features are by hand."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from segcore.dataset import Dataset

ROLES = {
    "customer": "Client",
    "order": "Ticket",
    "time": "At",
    "item": "Code",
    "quantity": "Qty",
    "price": "Unit",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


@pytest.fixture(scope="session")
def some_lines():
    """Return a function that makes lines: cancelled ones, one order at two times, orders of two customers, ids that sort as text."""

    def make(n_lines=600, n_customers=40, seed=0):
        draw = np.random.default_rng(seed)
        customer = draw.integers(0, n_customers, n_lines)
        ticket = draw.integers(0, n_lines // 4, n_lines)
        minutes = ticket * 1_499 + draw.integers(0, 3, n_lines)
        quantity = draw.integers(-2, 9, n_lines).astype(float)
        quantity[customer == 0] = -1.0  # a customer whose every line is cancelled
        return pd.DataFrame(
            {
                "Client": [f"{number}" if number % 7 else f"00{number}" for number in customer],
                "Ticket": [f"C{number}" if number % 11 == 0 else f"{number}" for number in ticket],
                "At": pd.Timestamp("2023-03-30 22:15") + pd.to_timedelta(minutes, unit="min"),
                "Code": [f"item {number}" for number in draw.integers(0, 30, n_lines)],
                "Qty": quantity,
                "Unit": np.round(draw.gamma(2.0, 3.0, n_lines), 2),
            }
        ).astype({"At": "datetime64[us]"})

    return make


@pytest.fixture(scope="session")
def dataset_of():
    """Return a function that makes a data set from lines, without a reader."""

    def make(frame, roles=ROLES, kind="transactions"):
        return Dataset(frame=frame, kind=kind, roles=dict(roles), name="lines", fingerprint="x", rows_read=len(frame))

    return make


@pytest.fixture(scope="session")
def by_hand():
    """Return a function that makes every feature with loops over plain values: ``{customer: {feature: value}}``."""
    return _by_hand


def _by_hand(frame, roles=ROLES, reference=None):
    lines = frame.to_dict("records")
    reference = reference or max(line[roles["time"]] for line in lines).to_pydatetime()
    customers = {}
    for line in lines:
        customers.setdefault(line[roles["customer"]], []).append(line)
    return {customer: _one(own, roles, reference) for customer, own in sorted(customers.items())}


def _one(lines, roles, reference):
    amounts = [line[roles["amount"]] if "amount" in roles else line[roles["quantity"]] * line[roles["price"]] for line in lines]
    times = [line[roles["time"]].to_pydatetime() for line in lines]
    kept = [line for line, amount in zip(lines, amounts, strict=True) if not _cancelled(line, amount, roles)]
    orders = {}
    for line in kept:
        at = line[roles["time"]].to_pydatetime()
        key = line[roles.get("order", roles["time"])]
        orders[key] = min(at, orders.get(key, at))
    placed = sorted(orders.values())
    total = math.fsum(amounts)
    begun = placed[0] if placed else min(times)
    days = dt.timedelta(days=1)
    features = {
        "Amount": total / len(lines),
        "NumberOfOrders": len(lines),
        "Recency": (reference - max(times)).days,
        **{day: sum(DAYS[at.weekday()] == day for at in times) for day in DAYS},
        **{month: sum(MONTHS[at.month - 1] == month for at in times) for month in MONTHS},
        "invoices": len(placed),
        "total_spend": total,
        "log_spend": math.copysign(math.log1p(abs(total)), total) if total else 0.0,
        "average_basket_value": total / len(placed) if placed else 0.0,
        "days_between_orders": (placed[-1] - placed[0]) / days / (len(placed) - 1) if len(placed) > 1 else (reference - begun) / days,
        "tenure_days": (reference - begun) / days,
    }
    features |= {f"share_{name}": features[name] / len(lines) for name in (*DAYS, *MONTHS)}
    if "item" in roles:
        features["distinct_items"] = len({line[roles["item"]] for line in kept})
    return features


def _cancelled(line, amount, roles):
    order = str(line[roles["order"]]) if "order" in roles else ""
    negative = line[roles["quantity"]] < 0 if "quantity" in roles else amount < 0
    return negative or (order[:1] == "C" and order[1:].isdigit())
