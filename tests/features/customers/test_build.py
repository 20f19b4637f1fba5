import numpy as np
import pandas as pd
import pytest

from segcore.errors import DataError, ParameterError
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.records.dataset import ROW_NUMBER
from segcore.wording.findings import sentence


@pytest.fixture
def table_of(dataset_of):
    def make(columns, customer=None):
        return build_features(dataset_of(pd.DataFrame(columns), {"customer": customer} if customer else {}, "customers"))

    return make


def test_numbers_and_categories_are_features_of_customers_in_the_order_of_their_ids(table_of):
    table = table_of({"id": ["b", "a", "10", "9"], "age": [30.0, 20, 25, 60], "city": ["X", None, "Y", "X"], "income": [1, 2, 3, 5]}, "id")

    assert list(table.customers) == ["10", "9", "a", "b"]
    assert table.names == ("age", "city=X", "city=Y", "city=(missing)", "income")
    np.testing.assert_array_equal(table.values, [[25, 0, 1, 0, 3], [60, 1, 0, 0, 5], [20, 0, 0, 1, 2], [30, 1, 0, 0, 1]])
    assert feature_names(table, "all", "customers") == table.names
    assert table.profile == {}
    assert table.revenue is None
    assert table.reference_date is None


def test_missing_numbers_are_the_median_and_the_dictionary_says_so(table_of):
    table = table_of({"id": ["a", "b", "c", "d"], "age": [1.0, np.nan, 3.0, 10.0]}, "id")

    np.testing.assert_array_equal(table.column("age"), [1, 3, 3, 10])
    assert "1 missing value is its median, 3" in table.dictionary[1].description


def test_columns_that_say_nothing_are_dropped_with_the_reason(table_of):
    columns = {"id": list("abcd"), "same": [7.0] * 4, "empty": [np.nan] * 4, "index": [0.0, 1, 2, 3], "age": [1.0, 5, 2, 3]}

    table = table_of(columns, "id")

    assert table.names == ("age",)
    reasons = {entry.name: sentence(entry.dropped) for entry in table.dictionary if entry.dropped and entry.name != "id"}
    assert reasons == {"same": "it has only one value, 7, for every customer", "empty": "it is empty", "index": "it numbers the rows"}
    assert table_of({"id": list("abcd"), "age": [1.0, 2, 3, 4]}, "id").names == ("age",)  # only a column called so numbers the rows
    with pytest.raises(DataError, match="it is empty"):
        feature_names(table, "empty", "customers")


def test_rows_without_an_id_are_their_numbers(table_of):
    assert list(table_of({"age": [1.0, 5, 2]}).customers) == ["1", "2", "3"]
    assert list(table_of({ROW_NUMBER: ["2", "10"], "age": [1.0, 5]}).customers) == ["10", "2"]


def test_a_table_without_a_column_to_cluster_on_is_refused_with_the_reasons(table_of):
    with pytest.raises(DataError, match=r"nothing to cluster on: mail \(it holds email addresses\), gone \(it is empty\)"):
        table_of({"id": ["a", "b", "c"], "mail": ["a@b.org", "c@d.com", "e@f.net"], "gone": [np.nan] * 3}, "id")


def test_few_or_identical_customers_have_features(table_of):
    same = table_of({"id": ["a", "b", "c"], "age": [30.0] * 3, "plan": ["x"] * 3, "gone": [None] * 3, "name": ["Ann", "Bob", "Cy"]}, "id")
    one = table_of({"id": ["a"], "age": [30.0], "plan": ["x"], "mail": ["a@b.org"]}, "id")

    assert same.names == one.names == ("age", "plan=x")
    np.testing.assert_array_equal(same.values, [[30, 1]] * 3)
    np.testing.assert_array_equal(one.values, [[30, 1]])


def test_sets_of_transactions_do_not_exist_for_customers(table_of):
    table = table_of({"age": [1.0, 5, 2]})

    for asked in ("kit", "small", "behaviour"):
        with pytest.raises(ParameterError, match="needs transactions"):
            feature_names(table, asked, "customers")
