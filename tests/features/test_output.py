import numpy as np

from segcore.features.assemble import assemble
from segcore.features.builders import build_features
from segcore.features.output import rows_for_file
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
