"""Columns of a second table of customers, as profile columns of the features."""

import numpy as np
import pandas as pd
import pytest

from segcore.features.builders import build_features
from segcore.features.customers.profile_columns import with_profile
from segcore.wording.findings import sentence


@pytest.fixture
def described_by(dataset_of):
    """Return a function that adds a second table to three customers with the columns age and city."""

    def make(columns, key="id", mine=None):
        mine = mine or {"id": ["a", "b", "c"], "age": [20.0, 30.0, 41.0], "city": ["X", "Y", "X"]}
        table = build_features(dataset_of(pd.DataFrame(mine), {"customer": "id"}, "customers"))
        return table, with_profile(table, dataset_of(pd.DataFrame(columns), {"customer": key}, "customers"))

    return make


def test_values_are_those_of_each_customer_and_missing_where_there_is_none(described_by):
    before, after = described_by({"id": ["c", "a", "z"], "income": [5.0, np.nan, 7.0], "club": ["yes", "no", None]})

    np.testing.assert_array_equal(after.profile["income"], [np.nan, np.nan, 5])
    assert after.profile["club"].tolist() == ["no", None, "yes"]
    assert after.values is before.values and after.names == before.names
    assert after.fingerprint == before.fingerprint


def test_who_has_a_row_is_a_column_of_its_own_unless_all_have_one(described_by):
    _, some = described_by({"id": ["c", "a"], "income": [5.0, 6.0]})
    _, all_of_them = described_by({"id": ["c", "a", "b"], "income": [5.0, 6.0, 7.0]})

    [column] = set(some.profile) - {"income"}
    assert column.startswith("in ") and some.profile[column].tolist() == ["yes", "no", "yes"]
    assert set(all_of_them.profile) == {"income"}


def test_the_dictionary_has_every_column_with_the_reason(described_by):
    columns = {"id": list("abc"), "income": [5.0, 6, 6], "mail": [f"{n}@b.org" for n in "abc"], "same": ["x"] * 3, "gone": [None] * 3}
    _, table = described_by({**columns, "born": pd.to_datetime(["1990-01-01", "1980-01-01", "1970-01-01"]), "cluster": ["1", "2", "1"]})

    reasons = {name: sentence(reason) for name, reason in table.dropped().items() if name != "id"}
    assert set(table.profile) == {"income", "cluster"}
    assert reasons.pop("income") == reasons.pop("cluster")
    assert reasons == {
        "mail": "it holds email addresses",
        "same": "it has only one value, x, for every customer",
        "gone": "it is empty",
        "born": "it holds dates",
    }


def test_a_name_that_is_taken_gets_a_suffix(described_by):
    columns = {"id": list("abc"), "age": [1.0, 2, 2], "city": ["P", "P", "Q"], "age (customers)": [3.0, 3, 4]}
    _, table = described_by(columns)

    assert list(table.profile) == ["age (customers)", "city (customers)", "age (customers) (customers)"]
    assert len({entry.name for entry in table.dictionary}) == len(table.dictionary)
    assert table.expand(["city"]) == ("city=Y",)
