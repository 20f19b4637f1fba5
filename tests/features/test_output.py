import numpy as np

from segcore.features.assemble import assemble
from segcore.features.builders import build_features
from segcore.features.output import file_columns, rows_for_file
from segcore.records.plan import Plan


def test_rows_begin_with_the_customer_and_are_sorted_by_it(some_lines, dataset_of):
    table = build_features(dataset_of(some_lines()))

    rows = rows_for_file(assemble(table.take(np.arange(len(table))[::-1]), Plan(("Recency", "Amount"))).table)

    assert rows.column_names == ["customer_id", "Recency", "Amount"]
    assert rows["customer_id"].to_pylist() == sorted(table.customers)
    np.testing.assert_array_equal(rows["Amount"].to_numpy(), table.column("Amount"))


def test_copies_have_their_number_after_the_customer(some_lines, dataset_of):
    table = build_features(dataset_of(some_lines()))

    rows = rows_for_file(assemble(table, Plan(("Recency",), repeats=2)).table)

    assert rows.column_names == ["customer_id", "copy", "Recency"]
    assert rows["copy"].to_pylist()[:4] == [0, 1, 0, 1]


def test_no_two_columns_of_a_file_are_the_same_to_sql():
    called = file_columns((("id", ("customer_id",)), ("feature", ("Customer_ID", "age", "Segment")), ("profile", ("AGE", "region"))))
    assert list(called.values()) == ["customer_id", "Customer_ID (feature)", "age", "Segment (feature)", "AGE (profile)", "region"]


def test_profile_columns_follow_on_request(some_lines, dataset_of):
    table = build_features(dataset_of(some_lines()))
    rows = rows_for_file(table.select(("Recency",)), profile=True)
    assert rows.column_names == ["customer_id", "Recency", "rfm_segment"]
    assert rows["rfm_segment"].to_pylist() == table.profile["rfm_segment"].tolist()
