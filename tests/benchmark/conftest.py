import numpy as np
import pytest

from segcore.benchmark.plan import benchmark_spec
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.store.store import Store


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def make_spec(store):
    """Return a function that asks for a benchmark on 300 customers in three round groups."""

    def make(points=({"n_clusters": 2, "tol": 0.001}, {"n_clusters": 3, "tol": 0.001}), **options):
        middles = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 100, axis=0)
        values = middles + np.random.default_rng(0).normal(size=middles.shape)
        table = FeatureTable(
            values=values,
            names=("x", "y"),
            customers=np.array([f"c{row:03d}" for row in range(300)], dtype=object),
            copies=np.zeros(300, dtype=np.int32),
            dictionary=tuple(FeatureEntry(name, name, "", "A number.") for name in ("x", "y")),
        )
        data = {"name": "three groups", "kind": "customers", "fingerprint": "f", "roles": {}, "filters": []}
        asked = {"features": ("x", "y"), "outliers": "none", "points": points, "runs": 1, "engines": ("stock", "intel"), **options}
        return benchmark_spec(store, store.put_feature_table(table), data, **asked)

    return make
