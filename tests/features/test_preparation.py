"""Scaling: scikit-learn's numbers to the bit, for the rows it was fitted on and for new ones."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

from segcore.errors import DataError, ParameterError
from segcore.features.distances import catch_up, distance_shares
from segcore.features.preparation import apply_preparation
from segcore.features.preparation import fit_preparation as fit_plan
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import SCALERS, Preparation
from tests.examples import few

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


def fit_preparation(table, scaler, **options):
    return fit_plan(table, Plan(table.names, scaler=scaler, **options))


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


@settings(max_examples=few(60), deadline=None)
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


def customer_table(n=400, seed=0):
    """Return numbers, a binary feature, a column of three categories, one of two and one of which a single dummy is left."""
    rng = np.random.default_rng(seed)
    job, region = rng.integers(0, 3, n), rng.integers(0, 2, n)
    columns = {
        "age": rng.integers(18, 90, n),
        "spend": rng.lognormal(4, 1.5, n),
        "gap": rng.normal(0, 3, n) ** 3,
        "loan=yes": rng.random(n) < 0.2,
        **{f"job={value}": job == value for value in range(3)},
        **{f"region={value}": region == value for value in range(2)},
        "plan=gold": rng.random(n) < 0.3,
    }
    blocks = {name: name.partition("=")[0] for name in columns if name.startswith(("job=", "region=", "plan="))}
    kinds = {"loan=yes": "binary", **dict.fromkeys(blocks, "dummy")}
    return FeatureTable(
        values=np.column_stack([np.asarray(column, dtype=float) for column in columns.values()]),
        names=tuple(columns),
        customers=np.array([f"{row:05d}" for row in range(n)], dtype=object),
        copies=np.zeros(n, dtype=np.int32),
        dictionary=tuple(
            FeatureEntry(name, name, "", "", (name.partition("=")[0],), block=blocks.get(name, ""), kind=kinds.get(name, "number"))
            for name in columns
        ),
        fitted={"columns": [{"column": "age", "names": ["age"]}, {"column": "shoe", "names": ["shoe=1", "shoe=2"]}]},
    )


WEIGHTS = {"job=1": 2.5, "age": 0.5}
TRANSFORMS = {"spend": "log", "gap": "power"}


@pytest.mark.parametrize("scaler", SCALERS)
def test_numbers_are_transformed_then_scaled_as_scikit_learn_does_then_weighted(scaler):
    table, new = customer_table(), customer_table(seed=1)
    kept = fit_preparation(table, scaler, weights=WEIGHTS, transforms=TRANSFORMS)
    kept = Preparation.from_json(json.loads(json.dumps(kept.to_json())))
    power = PowerTransformer(standardize=False).fit(table.values[:, [2]])
    for rows in (table, new):
        found = apply_preparation(kept, rows.values)[:, :4]
        made = []
        for values in (table.values, rows.values):
            logged = np.sign(values[:, 1]) * np.log1p(np.abs(values[:, 1]))
            made.append(np.column_stack([values[:, 0], logged, power.transform(values[:, [2]])[:, 0], values[:, 3]]))
        scaled = made[1] if scaler == "none" else THEIRS[scaler]().fit(made[0]).transform(made[1])
        np.testing.assert_allclose(found, scaled * [0.5, 1, 1, 1], rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(found[:, [0, 1, 3]], (scaled * [0.5, 1, 1, 1])[:, [0, 1, 3]])
    assert kept.transforms[1] == ("log", 0.0)
    assert kept.transforms[2] == ("power", pytest.approx(power.lambdas_[0], abs=1e-5))
    # Columns that make none of these features are not asked of new customers.
    assert kept.fitted == {"columns": [{"column": "age", "names": ["age"]}]}


@pytest.mark.parametrize("scaler", ["minmax", "robust"])
@pytest.mark.parametrize("m", [2, 3, 8])
def test_a_column_of_equally_frequent_categories_is_as_far_apart_as_a_binary_one(scaler, m):
    values = np.tile(np.eye(m), (20, 1))
    names = tuple(f"job={value}" for value in range(m))
    table = table_of(values)
    entries = tuple(FeatureEntry(name, name, "", "", ("job",), block="job", kind="dummy") for name in names)
    X = apply_preparation(fit_preparation(replace(table, names=names, dictionary=entries), scaler), values)
    # Over all ordered pairs, those of a customer with itself included.
    assert ((X[:, None] - X[None]) ** 2).sum(axis=2).mean() == pytest.approx(0.5)
    assert X.min() == 0


def test_the_only_dummy_of_a_column_is_0_and_1():
    table = customer_table()
    X = apply_preparation(fit_preparation(table, "minmax"), table.values)
    np.testing.assert_array_equal(X[:, -1], table.column("plan=gold"))


def test_under_the_standard_scaler_each_column_has_the_variance_1_in_all():
    table = customer_table()
    X = apply_preparation(fit_preparation(table, "standard"), table.values)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    for block in ([0], [1], [2], [3], [4, 5, 6], [7, 8], [9]):
        assert X[:, block].var(axis=0).sum() == pytest.approx(1)
    # Within a column the dummies keep their proportions.
    assert np.ptp(X[:, 4]) == pytest.approx(np.ptp(X[:, 5]))


def test_dummies_stay_as_they_are_without_a_scaler_and_are_weighted_after_it():
    table = customer_table()
    plain = apply_preparation(fit_preparation(table, "none", weights={"job=1": 0.5}), table.values)
    np.testing.assert_array_equal(plain[:, 5], 0.5 * table.column("job=1"))
    weighted = apply_preparation(fit_preparation(table, "minmax", weights={"job=1": 2.5}), table.values)
    assert weighted[:, 5].max() == pytest.approx(2.5 * np.sqrt(3 / 8))


@pytest.mark.parametrize("scaler", SCALERS)
def test_constant_dummies_come_out_finite(scaler):
    table = customer_table()
    table = replace(table, values=np.where(np.arange(10) > 3, 1.0, table.values))
    assert np.isfinite(apply_preparation(fit_preparation(table, scaler), table.values)).all()


@pytest.mark.parametrize("scaler", SCALERS)
def test_weights_of_1_change_nothing_and_are_not_kept(scaler):
    table = customer_table()
    assert fit_preparation(table, scaler, weights={"age": 1, "spend": 1.0}) == fit_preparation(table, scaler)


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf, -np.inf, True])
def test_a_weight_that_is_no_positive_number_is_an_error_that_names_the_feature(weight):
    with pytest.raises(ParameterError, match="weight of age must be a number above 0"):
        fit_preparation(customer_table(), "minmax", weights={"age": weight})


@pytest.mark.parametrize("options", [{"weights": {"shoe": 2}}, {"transforms": {"shoe": "log"}}])
def test_what_is_not_chosen_cannot_be_weighted_or_transformed(options):
    with pytest.raises(ParameterError, match="shoe .*not among the chosen features"):
        fit_preparation(customer_table(), "minmax", **options)


@pytest.mark.parametrize("name", ["loan=yes", "job=1"])
def test_what_is_0_or_1_cannot_be_transformed(name):
    with pytest.raises(ParameterError, match=f"{name} is 0 or 1"):
        fit_preparation(customer_table(), "minmax", transforms={name: "log"})


def test_an_unknown_transform_is_an_error_that_names_those_there_are():
    with pytest.raises(ParameterError, match="log, power"):
        fit_preparation(customer_table(), "minmax", transforms={"age": "square"})


def test_new_values_far_beyond_those_fitted_are_not_numbers_but_no_crash_either():
    values = 10 - np.random.default_rng(0).lognormal(0, 0.7, 300)
    kept = fit_preparation(table_of(values[:, None]), "standard", transforms={"f0": "power"})
    assert apply_preparation(kept, np.array([[1e200]]))[0, 0] == np.inf


def test_preparing_needs_no_scikit_learn_and_no_scipy():
    code = (
        "import sys, numpy as np\n"
        "from segcore.records.feature_table import FeatureEntry, FeatureTable\n"
        "from segcore.records.plan import Plan\n"
        "from segcore.features.preparation import prepare_rows\n"
        "values = np.arange(12.0).reshape(6, 2)\n"
        "entries = tuple(FeatureEntry(name, name, '', '') for name in 'ab')\n"
        "table = FeatureTable(values, ('a', 'b'), np.array(list('abcdef'), dtype=object), np.zeros(6, dtype=np.int32), entries)\n"
        "for scaler in ('standard', 'minmax', 'robust', 'none'):\n"
        "    prepare_rows(table, Plan(('a', 'b'), scaler=scaler, weights={'a': 2.0}, transforms={'a': 'power', 'b': 'log'}))\n"
        "print(sorted({'sklearn', 'scipy', 'narwhals'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"


def test_distance_shares_are_those_of_the_mean_squared_distance_of_two_customers():
    table = customer_table(60)
    X = apply_preparation(fit_preparation(table, "minmax", weights={"spend": 3}), table.values)
    squared = ((X[:, None] - X[None]) ** 2).mean(axis=(0, 1))
    np.testing.assert_allclose(distance_shares(X), squared / squared.sum())
    assert distance_shares(np.ones((4, 2))).tolist() == [0, 0]


@pytest.mark.parametrize("scaler", ["minmax", "robust", "none"])
def test_columns_that_catch_up_count_for_as_much_as_an_average_one(scaler):
    table = customer_table()
    blocks = [[0], [1], [2], [3], [4, 5, 6], [7, 8], [9]]
    X = apply_preparation(fit_preparation(table, scaler), table.values)
    before = np.array([X[:, block].var(axis=0).sum() for block in blocks])
    factors = catch_up(table, Plan(table.names, scaler=scaler))
    X = apply_preparation(fit_preparation(table, scaler, weights=factors), table.values)
    after = np.array([X[:, block].var(axis=0).sum() for block in blocks])
    np.testing.assert_allclose(after, np.maximum(before, before.mean()))
    assert factors["job=0"] == factors["job=1"]


def test_under_the_standard_scaler_nothing_has_to_catch_up_and_what_does_not_vary_never_has():
    table = customer_table()
    assert list(catch_up(table, Plan(table.names, scaler="standard")).values()) == pytest.approx([1] * 10)
    table = replace(table, values=np.where(np.arange(10) == 1, 7.0, table.values))
    assert catch_up(table, Plan(table.names, scaler="minmax"))["spend"] == 1
