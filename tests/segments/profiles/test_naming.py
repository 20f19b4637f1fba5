"""Suggested names: true to the numbers, no two alike, and the same for the same segments whatever their numbers are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine, make_blobs

from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.solution import Solution
from segcore.segments.profiles.naming import LONGEST_NAME, TYPICAL, suggested_names


def table_of(values, names=None, entries=None, fitted=None):
    values = np.asarray(values, dtype=np.float64)
    names = names or tuple(f"f{position}" for position in range(values.shape[1]))
    return FeatureTable(
        values=values,
        names=tuple(names),
        customers=np.array([f"{row:05d}" for row in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(entries or (FeatureEntry(name, name, "", "") for name in names)),
        fitted=fitted or {},
    )


def solution_of(labels):
    return Solution.from_labels(np.asarray(labels), params={}, engine="stock", evidence="", seed=0)


def test_a_segment_is_named_by_the_two_features_that_are_shifted_most():
    spend = np.repeat([1.0, 9.0, 5.0], 10)
    orders = np.repeat([5.0, 5.0, 8.0], 10) + np.tile([0.0, 0.1], 15)
    entries = (FeatureEntry("total_spend", "Net spend", "currency", ""), FeatureEntry("invoices", "Orders", "orders", ""))
    found = suggested_names(
        table_of(np.column_stack([spend, orders]), entries=entries, names=("total_spend", "invoices")),
        solution_of(np.repeat([0, 1, 2], 10)),
    )
    assert found == {0: "Low spend, few orders", 1: "High spend, few orders", 2: "Many orders"}


def test_binary_columns_say_what_the_customers_have_and_columns_count_once():
    yes = np.repeat([1.0, 0.0, 0.0], 20)
    red, blue = np.repeat([0.0, 1.0, 0.0], 20), np.repeat([0.0, 0.0, 1.0], 20)
    entries = (
        FeatureEntry("loan=yes", "loan: yes", "share of customers", "", ("loan",), kind="binary"),
        FeatureEntry("c=red", "c: red", "", "", ("c",), block="c", kind="dummy"),
        FeatureEntry("c=blue", "c: blue", "", "", ("c",), block="c", kind="dummy"),
    )
    fitted = {"columns": [{"column": "loan", "use": "binary", "names": ["loan=yes"], "values": ["no", "yes"], "missing": "no"}]}
    table = table_of(np.column_stack([yes, red, blue]), entries=entries, names=[entry.name for entry in entries], fitted=fitted)
    assert suggested_names(table, solution_of(np.repeat([0, 1, 2], 20))) == {
        0: "Loan: yes, never c: red",
        1: "C: red, loan: no",
        2: "C: blue, loan: no",
    }


def test_segments_of_taste_are_named_by_what_they_are_high_and_low_on():
    titles = ("Taste 1: Raiders of the Lost Ark; Star Wars", "Taste 2: Rock, The; Independence Day")
    entries = [FeatureEntry(f"component_{at}", title, "score", "") for at, title in enumerate(titles, 1)]
    scores = np.column_stack([np.repeat([9.0, -9.0, 0.1], 10), np.repeat([-5.0, 0.0, 5.0], 10)])
    found = suggested_names(table_of(scores, entries=entries, names=["component_1", "component_2"]), solution_of(np.repeat([0, 1, 2], 10)))
    assert found == {0: "Low on Rock, The, high on Raiders of the Lost Ark", 1: "Low on Raiders of the Lost Ark", 2: "High on Rock, The"}


def test_segments_with_the_same_phrases_are_told_apart_by_the_feature_in_which_they_differ_most():
    values = np.column_stack([np.repeat([0.0, 0.0, 0.0, 100.0], [30, 10, 10, 10]), np.repeat([1.0, 50.0, 90.0, 0.0], [30, 10, 10, 10])])
    found = suggested_names(table_of(values, names=("age", "visits")), solution_of(np.repeat([0, 1, 2, 3], [30, 10, 10, 10])))
    assert found == {0: "Low visits", 1: "High visits (50)", 2: "High visits (90)", 3: "High age, low visits"}


def test_segments_that_are_all_alike_are_typical_customers():
    draw = np.random.default_rng(0)
    found = suggested_names(table_of(draw.normal(size=(3_000, 2)), names=("a", "b")), solution_of(draw.integers(0, 3, 3_000)))
    assert all(name.startswith(TYPICAL) for name in found.values())
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("values", "labels"),
    [([[1.0], [2.0]], [0, 1]), ([[1.0]], [0]), ([[5.0]] * 6, [0, 0, 1, 1, 2, 2]), ([[1.0], [1.0], [9.0]], [-1, -1, 0])],
)
def test_small_and_constant_tables_have_names_too(values, labels):
    found = suggested_names(table_of(values), solution_of(labels))
    assert set(found) == set(labels) - {-1}
    assert all(found.values()) and len(set(found.values())) == len(found)


def test_noise_alone_has_no_name():
    assert suggested_names(table_of([[1.0], [2.0]]), solution_of([-1, -1])) == {}


def test_a_name_that_the_analyst_gave_is_not_given_again():
    table, solution = table_of([[0.0]] * 9 + [[9.0]] * 3, names=("age",)), solution_of([0] * 9 + [1] * 3)
    assert suggested_names(table, solution)[1] == "High age"
    assert suggested_names(table, solution, taken=["high AGE"])[1] == "High age · 2"


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 4))
def test_no_two_names_are_alike_and_they_do_not_depend_on_the_segments_numbers(seed, n_segments, n_features):
    draw = np.random.default_rng(seed)
    values = np.round(draw.exponential(size=(300, n_features)) * draw.choice([0.1, 1, 1000], n_features), draw.integers(0, 3))
    labels = draw.integers(0, n_segments, 300)
    names = tuple(f"{'long ' * 8}title {position}" for position in range(n_features))
    found = suggested_names(table_of(values, names=names), solution_of(labels))
    assert len({name.casefold() for name in found.values()}) == len(np.unique(labels))
    assert all(0 < len(name) <= LONGEST_NAME for name in found.values())
    moved = draw.permutation(n_segments)
    again = suggested_names(table_of(values, names=names), solution_of(moved[labels]))
    assert {int(moved[label]): name for label, name in found.items()} == again


DATA = {
    "iris": load_iris().data,
    "wine": load_wine().data,
    **{f"blobs{seed}": make_blobs(900, 6, centers=5, cluster_std=2.5, random_state=seed)[0] for seed in range(4)},
    **{f"skewed{seed}": np.exp(make_blobs(900, 5, centers=4, cluster_std=0.8, random_state=seed)[0] / 5) for seed in range(4)},
}


def test_names_are_the_same_after_a_refit_where_the_segments_are_the_same_on_nine_of_ten_data_sets():
    same = []
    for X in DATA.values():
        scaled = (X - X.mean(axis=0)) / X.std(axis=0)
        one, other = (KMeans(4, n_init=5, random_state=seed).fit_predict(scaled) for seed in (1, 2))
        names = [suggested_names(table_of(X), solution_of(labels)) for labels in (one, other)]
        assert len(set(names[0].values())) == 4
        matches = []
        for label in range(4):
            twin = np.bincount(other[one == label]).argmax()
            both, either = ((one == label) & (other == twin)).sum(), ((one == label) | (other == twin)).sum()
            if both / either > 0.95:
                matches.append(names[0][label] == names[1][twin])
        same.append(all(matches))
    assert sum(same) >= 9
