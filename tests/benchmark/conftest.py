import numpy as np
import pytest

from segcore.benchmark.spec import benchmark_spec
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.sweeps.spec import make_spec as make_sweep


@pytest.fixture(autouse=True)
def forked(forked):
    """Fork the processes of jobs: see ``tests/fork_server.py``."""


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def make_spec(store):
    """Return a function that asks for a benchmark on 300 customers in three round groups."""

    def make(points=({"n_clusters": 2, "tol": 0.001}, {"n_clusters": 3, "tol": 0.001}), algorithm="kmeans", **options):
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
        planned = {name: options.pop(name) for name in Plan.__match_args__ if name in options}
        plan = Plan(**{"features": ("x", "y"), **planned})
        sweep = make_sweep(store, store.put_feature_table(table), data, plan, algorithm=algorithm, points=points)
        return benchmark_spec(sweep, **{"runs": 1, "engines": ("stock", "intel"), **options})

    return make
