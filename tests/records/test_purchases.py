"""Purchases of groups of customers joined: what each customer bought stays theirs."""

from dataclasses import replace

import numpy as np
import pytest

from segcore.features.grouping import Rated, baskets_of, rated_items
from segcore.records.purchases import together


@pytest.mark.parametrize("seed", range(3))
def test_parts_together_are_the_purchases_of_all(seed):
    draw = np.random.default_rng(seed)
    customers, items = np.sort(draw.integers(0, 12, 90)).astype(np.int32), np.array([f"i{n}" for n in draw.integers(0, 9, 90)])
    orders, times = draw.integers(0, 30, 90).astype(np.int32), draw.integers(0, 5, 90)
    group = draw.integers(0, 3, 12)

    def bought(mine):
        own, numbers = np.unique(customers[mine], return_inverse=True)
        names, codes = np.unique(items[mine], return_inverse=True)
        rows, codes = numbers.astype(np.int32), codes.astype(np.int32)
        found = rated_items(rows, codes, names.astype(object), len(own), Rated(None, None))
        return own, replace(found, baskets=baskets_of(rows, codes, orders[mine], times[mine], len(own)))

    everyone, whole = bought(np.ones(90, dtype=bool))
    parts = [bought(group[customers] == number) for number in range(3)]

    joined = together([part for _, part in parts], [np.searchsorted(everyone, own) for own, _ in parts])

    assert joined.names == whole.names
    for name in ("starts", "items", "counts"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    for name in ("items", "orders", "customers", "placed"):
        np.testing.assert_array_equal(getattr(joined.baskets, name), getattr(whole.baskets, name))
