from types import SimpleNamespace

import numpy as np
import pytest

from segcore.features.preparation import apply_preparation, fit_preparation
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.solution import Solution
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store

NAMES = ("Amount", "Recency", "NumberOfOrders", "share")


def make_table(values, customers, *, names=NAMES, profile=None):
    values = np.asarray(values, dtype=np.float64)
    return FeatureTable(
        values=values,
        names=names,
        customers=np.array(customers, dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "", f"What {name} is", ("column",)) for name in names),
        profile=profile or {},
        reference_date="2011-12-09 12:50:00",
    )


def keep_sweep(store, table, labels, *, features=("Amount", "share"), algorithm="kmeans", params=None, arrays=None, **options):
    """Put a sweep of one finished point and one skipped point into the store, as a worker leaves it."""
    params = params or {"n_clusters": 2, "tol": 0.001}
    spec = SweepSpec(
        table=store.put_feature_table(table),
        data={"name": "shop.csv", "kind": "transactions", "fingerprint": "f", "roles": {"customer": "id"}, "filters": ["a > 1"]},
        plan=Plan(features, seed=3, **{name: value for name, value in options.items() if name in Plan.__match_args__}),
        algorithm=algorithm,
        points=(params, {**params, "n_clusters": 99} if algorithm == "kmeans" else {**params, "eps": 99.0}),
        engine="stock",
        versions={"segcore": "0.1.0"},
    )
    sweep = store.add_sweep(spec)
    kept = options.get("kept", np.ones(len(table), dtype=bool))
    preparation = fit_preparation(table.select(features).take(kept), spec.plan)
    X = apply_preparation(preparation, table.select(features).take(kept).values)
    if arrays is None:
        first = np.asarray(labels)[:: spec.plan.repeats]
        centres = np.array([X[first == label].mean(axis=0) for label in np.unique(first)])
        arrays = {"centres": centres, "origin": X.mean(axis=0)}
    store.put_preparation(sweep, preparation)
    store.put_solution(
        sweep, 0, Solution.from_labels(np.asarray(labels), params=params, engine="stock", evidence="proof", seed=3, arrays=arrays)
    )
    store.put_solution(
        sweep,
        1,
        Solution(params=spec.points[1], status="skipped", engine="stock", evidence="not run", seed=3, reason="99 is more than 4 rows."),
    )
    return sweep


@pytest.fixture
def kept(home):
    """Return a store with one small sweep: four customers with awkward names, two segments and noise."""
    store = Store()
    table = make_table(
        [[0.1 + 0.2, 1, 5, -1.5], [1e300, 2, 6, 5e-324], [3, 3, 7, 1 / 3], [-0.0, 4, 8, 12345678.123456789]],
        ["007", "=SUM(A1)", 'say "hi",\nyou', "Ünal"],
        profile={"region": np.array(["north", None, "@south", "a,b"], dtype=object), "age": np.array([31.0, np.nan, 44.0, 20.5])},
    )
    sweep = keep_sweep(store, table, [0, -1, 1, 0], scaler="none")
    return SimpleNamespace(store=store, sweep=sweep, table=table)


@pytest.fixture
def make_sweep(home):
    """Return a function that keeps a sweep of given values and labels, and returns the store and its id."""

    def make(values, customers, labels, *, names=("x", "y"), profile=None, **options):
        store = Store()
        table = make_table(values, customers, names=names, profile=profile)
        return store, keep_sweep(store, table, labels, features=names, **options)

    return make


@pytest.fixture
def with_outlier(home):
    """Return a sweep of 100 customers in two segments, and one customer between them that the kit's rule set aside."""
    rng = np.random.default_rng(0)
    values = np.column_stack([np.repeat([10.0, 20.0], 50) + rng.random(100), rng.random(100), rng.random(100), rng.random(100)])
    values = np.insert(values, 50, [500.0, 0.5, 0.5, 0.5], axis=0)
    store = Store()
    table = make_table(values, [f"c{i:03d}" for i in range(101)])
    kept = np.arange(101) != 50
    labels = np.repeat([0, 1], 50)
    return store, keep_sweep(store, table, labels, features=("Amount", "Recency"), outliers="kit", kept=kept), 101
