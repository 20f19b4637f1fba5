"""Purchases in baskets: of a few customers by hand, and of groups that have products of their own."""

import numpy as np
import pytest

from segcore.features.grouping import Rated, baskets_of, rated_items
from segcore.records.purchases import Purchases


@pytest.fixture(scope="session")
def bought():
    """Return a function that makes purchases from orders: for each customer a list of orders, each a list of products."""

    def make(customers):
        lines = [
            (who, f"{who}/{at}", at, item) for who, orders in enumerate(customers) for at, order in enumerate(orders) for item in order
        ]
        names, items = np.unique(np.array([str(item) for *_, item in lines], dtype=object), return_inverse=True)
        rows = np.array([line[0] for line in lines], dtype=np.int32)
        orders = np.unique([line[1] for line in lines], return_inverse=True)[1]
        times = np.array([line[2] for line in lines], dtype=np.int64)
        items = items.astype(np.int32)
        found = rated_items(rows, items, names, len(customers), Rated(None, None))
        baskets = baskets_of(rows, items, orders, times, len(customers))
        return Purchases(found.names, found.starts, found.items, found.counts, None, baskets)

    return make


@pytest.fixture(scope="session")
def planted(bought):
    """Return a function that makes purchases of five groups, each with products of its own and much or little activity, and the groups."""

    def make(seed, n_customers=400, n_items=150):
        draw = np.random.default_rng(seed)
        groups = draw.choice(5, n_customers, p=[0.35, 0.25, 0.2, 0.12, 0.08])
        everybody = draw.dirichlet(np.full(n_items, 0.5))
        chances = []
        for group in range(5):
            own = np.where(np.arange(n_items) % 5 == group, draw.gamma(0.5, size=n_items), 0)
            chances.append(0.5 * own / own.sum() + 0.5 * everybody)
        customers = [
            [draw.choice(n_items, 1 + draw.poisson(4), p=chances[group]) for _ in range(max(2, int(draw.lognormal(np.log(8), 0.8))))]
            for group in groups
        ]
        return bought([[[f"p{item:03d}" for item in order] for order in orders] for orders in customers]), groups

    return make
