from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.quality.k_distance import k_distances
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.sweeps.first_radii import suggested_radii
from ui.sweep.k_distance import curve_of

HINT = algorithm("dbscan").radius


@pytest.fixture
def curve(monkeypatch):
    """Return a function that gives the matrix that the curve of a plan is measured on."""
    seen = []
    monkeypatch.setattr("ui.shell.cache.computed", lambda name, key, build: build())
    monkeypatch.setattr("segcore.sweeps.first_radii.k_distances", lambda X, k, seed: seen.append(X))

    def of(table, **options):
        curve_of(Plan(table.names, **options), SimpleNamespace(table="t"), table, neighbours=10)
        return seen.pop()

    return of


def table_of(values):
    names = tuple(f"f{column}" for column in range(values.shape[1]))
    return FeatureTable(
        values=values,
        names=names,
        customers=np.array([f"{row:02d}" for row in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "", "") for name in names),
    )


@pytest.mark.parametrize(
    ("scaler", "theirs"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler()), ("none", None)]
)
def test_the_curve_sees_the_weights_transforms_and_scaling_that_the_sweep_uses(curve, scaler, theirs):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(5, 3, 50), rng.exponential(100, 50), np.full(50, 7.0)])
    found = curve(table_of(values), scaler=scaler, weights={"f0": 0.5}, transforms={"f1": "log"})
    logged = np.column_stack([values[:, 0], np.log1p(values[:, 1]), values[:, 2]])
    scaled = logged if theirs is None else theirs.fit_transform(logged)
    np.testing.assert_array_equal(found, scaled * [0.5, 1, 1])


def test_the_suggested_radii_hold_the_bend_and_are_distinct():
    rng = np.random.default_rng(0)
    crowd = np.concatenate([rng.normal(0, 0.05, size=(300, 2)), rng.uniform(-5, 5, size=(30, 2))])
    curve = k_distances(crowd, 5)
    radii = suggested_radii(curve, HINT)["eps"]
    assert curve.eps in radii
    assert len(set(radii)) == len(radii)
    assert list(radii) == sorted(radii)


def test_where_nothing_bends_nothing_is_suggested():
    assert suggested_radii(k_distances(np.zeros((10, 2)), 3), HINT) is None
