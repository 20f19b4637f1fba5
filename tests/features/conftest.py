"""Lines of orders with every trap, a data set of them in any frame library, and what their features are by hand."""

import datetime as dt
import itertools
import math
import statistics

import numpy as np
import pandas as pd
import pytest

from segcore.records.dataset import Dataset

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
                "Group": np.array([*"abcdefghijklm", None], dtype=object)[draw.integers(0, 14, n_lines)],
                "Off": np.where(draw.random(n_lines) < 0.2, np.nan, np.round(draw.normal(0, 2, n_lines), 2)),
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
    made = {customer: _one(own, roles, reference) for customer, own in sorted(customers.items())}
    _fill_spread(made)
    _rfm(made)
    for name in ("discount_share", "reduced_spend_share", "returns_share", "returned_value_share"):
        if not any(features.get(name) for features in made.values()):
            for features in made.values():
                features.pop(name, None)
    if "category" in roles:
        _categories(made, customers, roles)
    return made


def _fill_spread(made, name="days_between_orders_spread"):
    there = [features[name] for features in made.values() if features[name] is not None]
    for features in made.values():
        if features[name] is None:
            features[name] = statistics.median(there) if there else None
        if not there:
            del features[name]


def _rfm(made):
    for name, measure in (("rfm_recency", "Recency"), ("rfm_frequency", "invoices"), ("rfm_monetary", "total_spend")):
        cuts = np.quantile([features[measure] for features in made.values()], [0.2, 0.4, 0.6, 0.8])
        for features in made.values():
            above = sum(features[measure] > cut + 1e-7 for cut in cuts)
            features[name] = 5 - above if measure == "Recency" else 1 + above
    for features in made.values():
        features["rfm_score"] = features["rfm_recency"] + features["rfm_frequency"] + features["rfm_monetary"]


def _categories(made, customers, roles, most=10):
    spend = {}
    for customer, own in customers.items():
        for line in own:
            amount = _amount(line, roles)
            if amount > 0 and not _cancelled(line, amount, roles):
                category = line[roles["category"]]
                key = "(none)" if category is None or category != category else category
                spend.setdefault(key, {}).setdefault(customer, []).append(amount)
    ranked = sorted(spend, key=lambda key: (-sum(map(math.fsum, spend[key].values())), key))
    for customer, features in made.items():
        whole = math.fsum(itertools.chain.from_iterable(own.get(customer, []) for own in spend.values()))
        for key in ranked[:most]:
            features[f"spend_share_{key}"] = math.fsum(spend[key].get(customer, [])) / whole if whole else 0.0
        if len(ranked) > most:
            rest = math.fsum(itertools.chain.from_iterable(spend[key].get(customer, []) for key in ranked[most:]))
            features["spend_share_(other)"] = rest / whole if whole else 0.0


def _one(lines, roles, reference):
    amounts = [_amount(line, roles) for line in lines]
    times = [line[roles["time"]].to_pydatetime() for line in lines]
    kept = [line for line, amount in zip(lines, amounts, strict=True) if not _cancelled(line, amount, roles)]
    orders, spend = {}, {}
    for line in kept:
        at = line[roles["time"]].to_pydatetime()
        key = line[roles.get("order", roles["time"])]
        orders[key] = min(at, orders.get(key, at))
        spend[key] = spend.get(key, 0.0) + max(_amount(line, roles), 0.0)
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
    gaps = [(after - before) / days for before, after in itertools.pairwise(placed)]
    middle = begun + (reference - begun) / 2
    earlier = math.fsum(spend[key] for key, at in orders.items() if at < middle)
    later = math.fsum(spend[key] for key, at in orders.items() if at >= middle)
    returned = -math.fsum(amount for amount in amounts if amount < 0)
    features |= {
        "days_between_orders_spread": statistics.pstdev(gaps) if len(gaps) > 1 else None,
        "spend_trend": (later - earlier) / (later + earlier) if later + earlier and reference > begun else 0.0,
        "returns_share": 1 - len(kept) / len(lines),
        "returned_value_share": min(returned / (later + earlier), 1.0) if later + earlier else float(returned > 0),
        "share_night": sum(at.hour < 6 for at in times) / len(times),
        "share_morning": sum(6 <= at.hour < 12 for at in times) / len(times),
        "share_afternoon": sum(12 <= at.hour < 18 for at in times) / len(times),
        "share_evening": sum(at.hour >= 18 for at in times) / len(times),
    }
    if "discount" in roles:
        off = math.fsum(abs(line[roles["discount"]]) for line in kept if line[roles["discount"]] == line[roles["discount"]])
        features["discount_share"] = off / (off + later + earlier) if off + later + earlier else 0.0
        reduced = math.fsum(max(_amount(line, roles), 0.0) for line in kept if abs(line[roles["discount"]]) > 0)
        features["reduced_spend_share"] = reduced / (later + earlier) if later + earlier else 0.0
    if "item" in roles:
        features["distinct_items"] = len({line[roles["item"]] for line in kept})
    return features


def _amount(line, roles):
    return line[roles["amount"]] if "amount" in roles else line[roles["quantity"]] * line[roles["price"]]


def _cancelled(line, amount, roles):
    order = str(line[roles["order"]]) if "order" in roles else ""
    negative = line[roles["quantity"]] < 0 if "quantity" in roles else amount < 0
    return negative or (order[:1] == "C" and order[1:].isdigit())
