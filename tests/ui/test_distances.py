import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from segcore.preparation import scaled
from segcore.quality.kdistance import k_distances
from ui.distances import eps_values


@pytest.mark.parametrize(("name", "scaler"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())])
def test_the_curve_sees_the_scaling_that_the_sweep_uses(name, scaler):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(5, 3, 50), rng.exponential(100, 50), np.full(50, 7.0)])
    assert np.allclose(scaled(values, name), scaler.fit_transform(values))


def test_without_scaling_the_values_stay():
    assert scaled(np.array([[1, 2]]), "none").tolist() == [[1.0, 2.0]]


def test_the_suggested_radii_hold_the_bend_and_are_distinct():
    rng = np.random.default_rng(0)
    crowd = np.concatenate([rng.normal(0, 0.05, size=(300, 2)), rng.uniform(-5, 5, size=(30, 2))])
    curve = k_distances(crowd, 5)
    radii = eps_values(curve)
    assert curve.eps in radii
    assert len(set(radii)) == len(radii)
    assert list(radii) == sorted(radii)


def test_where_nothing_bends_nothing_is_suggested():
    assert eps_values(k_distances(np.zeros((10, 2)), 3)) is None
