"""Scaling: scikit-learn's numbers to the bit, for the rows it was fitted on and for new ones."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from segcore.dataset import FeatureEntry, FeatureTable
from segcore.errors import DataError, ParameterError
from segcore.preparation import apply_preparation, fit_preparation
from segcore.solution import SCALERS, Preparation

THEIRS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}


def table_of(values, reference_date=None):
    names = tuple(f"f{column}" for column in range(values.shape[1]))
    return FeatureTable(
        values=np.ascontiguousarray(values, dtype=float),
        names=names,
        customers=np.array([f"{row:05d}" for row in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "", "") for name in names),
        reference_date=reference_date,
    )


def awkward(seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack(
        [
            rng.normal(size=300) * 1e-6,
            rng.lognormal(3, 2, size=300),
            rng.poisson(0.2, size=300),
            np.full(300, 0.1),
            rng.normal(size=300) + 1e9,
            np.where(np.arange(300) < 299, 0.0, 7.0),
            rng.normal(size=300) * 1e-16,
        ]
    )


@pytest.mark.parametrize("scaler", THEIRS)
def test_training_rows_come_out_as_scikit_learns_to_the_bit(scaler):
    values = awkward()
    found = apply_preparation(fit_preparation(table_of(values), scaler), values)
    np.testing.assert_array_equal(found, THEIRS[scaler]().fit_transform(values))


@pytest.mark.parametrize("scaler", THEIRS)
def test_new_rows_come_out_as_scikit_learns_to_the_bit_after_a_round_trip_through_json(scaler):
    values, new = awkward(0), awkward(1)
    kept = fit_preparation(table_of(values, "2011-12-09 12:50:00"), scaler)
    back = Preparation.from_json(json.loads(json.dumps(kept.to_json())))
    assert back == kept
    assert back.reference_date == "2011-12-09 12:50:00"
    np.testing.assert_array_equal(apply_preparation(back, new), THEIRS[scaler]().fit(values).transform(new))


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 3)), elements=st.floats(-1e12, 1e12)),
    st.sampled_from(sorted(THEIRS)),
)
def test_any_rows_come_out_as_scikit_learns(values, scaler):
    found = apply_preparation(fit_preparation(table_of(values), scaler), values)
    np.testing.assert_array_equal(found, THEIRS[scaler]().fit_transform(values))


def test_no_scaler_leaves_the_values_but_not_the_array():
    values = awkward()
    found = apply_preparation(fit_preparation(table_of(values), "none"), values)
    np.testing.assert_array_equal(found, values)
    assert not np.shares_memory(found, values)


@pytest.mark.parametrize("scaler", SCALERS)
def test_constant_features_come_out_finite(scaler):
    values = np.column_stack([np.arange(4.0), np.full(4, 3.3)])
    assert np.isfinite(apply_preparation(fit_preparation(table_of(values), scaler), values)).all()


def test_an_unknown_scaler_is_an_error_that_names_those_there_are():
    with pytest.raises(ParameterError, match="standard, minmax, robust, none"):
        fit_preparation(table_of(awkward()), "zscore")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_missing_or_infinite_value_is_an_error_that_names_the_feature(bad):
    values = awkward()
    values[7, 2] = bad
    with pytest.raises(DataError, match="f2"):
        fit_preparation(table_of(values), "standard")


def test_rows_with_another_number_of_features_are_an_error():
    kept = fit_preparation(table_of(awkward()), "standard")
    with pytest.raises(DataError, match="2 features, but 7"):
        apply_preparation(kept, np.ones((3, 2)))
