"""Purchases of a few customers, and of groups with planted tastes."""

import numpy as np
import pytest

from segcore.records.purchases import Purchases


@pytest.fixture(scope="session")
def purchases_of():
    """Return a function that makes purchases from a dense table in which NaN is an absent pair."""

    def make(table, titles=None):
        table = np.asarray(table, dtype=float)
        rows, items = np.nonzero(~np.isnan(table))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(table)))]).astype(np.int64)
        names = tuple(f"i{at:02d}" for at in range(table.shape[1]))
        return Purchases(names, starts, items.astype(np.int32), table[rows, items], titles)

    return make


@pytest.fixture(scope="session")
def planted():
    """Return a function that makes ratings (NaN: not rated) of groups, each with likes of its own, and the groups."""

    def make(n_groups=3, n_customers=240, n_items=60, seed=0, spread=1.2):
        draw = np.random.default_rng(seed)
        groups = draw.integers(0, n_groups, n_customers)
        likes = draw.normal(0, spread, (n_groups, n_items))
        # Some customers rate three times as much, and more strictly, than others.
        active, strict = draw.uniform(0.15, 0.5, n_customers), draw.normal(0, 0.4, n_customers)
        ratings = np.clip(np.round(3.4 + likes[groups] + strict[:, None] + draw.normal(0, 0.7, (n_customers, n_items))), 1, 5)
        ratings[draw.random((n_customers, n_items)) > active[:, None]] = np.nan
        return ratings, groups

    return make
