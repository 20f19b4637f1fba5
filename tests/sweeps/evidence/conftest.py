"""Small sweeps in a store of their own, and as few pieces of evidence as a test needs."""

import numpy as np
import pytest

from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.sweeps.evidence import gather as module
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

NAMES = ("spend", "orders")


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def groups():
    """Return 90 customers in three round groups of 30."""
    centres = np.repeat([[0.0, 0.0], [6.0, 1.0], [1.0, 6.0]], 30, axis=0)
    return centres + np.random.default_rng(0).normal(size=centres.shape)


@pytest.fixture
def swept(store, groups):
    """Return a function that runs a sweep without evidence and returns its id; by default k-means over ``groups``."""

    def run(points=None, *, values=groups, algorithm="kmeans", **plan):
        table = FeatureTable(
            values=np.ascontiguousarray(values, dtype=float),
            names=NAMES,
            customers=np.array([f"{row:05d}" for row in range(len(values))], dtype=object),
            copies=np.zeros(len(values), dtype=np.int32),
            dictionary=tuple(FeatureEntry(name, name, "", "") for name in NAMES),
        )
        data = {"name": "groups", "kind": "customers", "fingerprint": table.fingerprint}
        grid = points or [{"n_clusters": k, "tol": 1e-4, "n_init": 1} for k in (2, 3, 4)]
        spec = make_spec(store, store.put_feature_table(table), data, Plan(NAMES, **plan), algorithm=algorithm, points=grid)
        sweep_id = store.add_sweep(spec)
        run_sweep(store, sweep_id)
        return sweep_id

    return run


@pytest.fixture
def few(monkeypatch):
    """Return a function that sets how many pieces are gathered, and how many are enough for a verdict."""

    def limit(placebos=4, resamples=3, splits=2):
        for name, value in (("PLACEBOS", placebos), ("RESAMPLES", resamples), ("SPLITS", splits)):
            monkeypatch.setattr(module, name, value)
        monkeypatch.setattr("segcore.records.evidence.RESAMPLES", resamples)
        monkeypatch.setattr("segcore.records.evidence.FIRST_PLACEBOS", min(placebos, 19))

    limit()
    return limit
