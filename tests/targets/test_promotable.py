"""What can be promoted: columns whose values mean something, their values with the customers of each, and campaigns."""

import pandas as pd
import pytest

from segcore.errors import DataError, ParameterError
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from segcore.targets.promotable import Promotable, campaigns_of, outcome_columns, promotable_columns, values_of

LINES = [
    ("c1", "o1", "2024-01-01 10:00", "apple", 1.0, "fruit", "Acme", 7),
    ("c1", "o1", "2024-01-01 10:00", "pear", 2.0, "fruit", "Best", 7),
    ("c2", "o2", "2024-01-02 10:00", "apple", 1.5, "fruit", "Acme", 8),
    ("c2", "o3", "2024-01-03 10:00", "milk", 1.5, None, "Acme", 9),
    ("c3", "o4", "2024-01-04 10:00", "apple", 1.5, "fruit", None, 9),
    ("c3", "o5", "2024-01-05 10:00", "milk", 1.5, "dairy", "Best", 9),
]


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "lines.csv"
    columns = ["customer_id", "order_id", "date", "item", "amount", "category", "brand", "counter"]
    pd.DataFrame(LINES, columns=columns).to_csv(path, index=False)
    roles = {"customer": "customer_id", "order": "order_id", "time": "date", "item": "item", "amount": "amount", "category": "category"}
    request, store = DataRequest(str(path), kind="transactions", roles=roles), Store(tmp_path / "home")
    return store, take_in(store, request), request


def test_the_category_and_the_item_come_first_and_numbers_are_left_out(shop):
    store, taken, _ = shop
    assert promotable_columns(store, taken) == ("category", "item", "brand")


@pytest.mark.parametrize(
    ("column", "expected"),
    [("category", [("fruit", 3), ("dairy", 1)]), ("item", [("apple", 3), ("milk", 2), ("pear", 1)]), ("brand", [("Acme", 2), ("Best", 2)])],
)
def test_values_are_counted_by_customers_and_blanks_are_none(shop, column, expected):
    assert [(one.value, one.customers) for one in values_of(*shop, column)] == expected


def test_what_is_not_there_is_refused(shop):
    with pytest.raises(ParameterError, match="There is no column 'colour'"):
        values_of(*shop, "colour")
    with pytest.raises(DataError, match="has no contacts"):
        campaigns_of(*shop)


def test_campaigns_of_a_file_are_the_latest_first(shop, tmp_path):
    path = tmp_path / "contacts.csv"
    rows = [("c1", "spring", "2024-03-01", ""), ("c2", "spring", "2024-03-01", "2024-03-05"), ("c1", "summer", "2024-06-01", "")]
    pd.DataFrame(rows, columns=["customer_id", "campaign", "sent", "responded"]).to_csv(path, index=False)
    assert campaigns_of(*shop, str(path)) == (Promotable("summer", 1), Promotable("spring", 2))


def test_outcomes_of_a_customer_table_are_read_as_the_question_reads_them(tmp_path):
    path = tmp_path / "customers.csv"
    frame = pd.DataFrame({"customer_id": [f"k{at}" for at in range(40)], "age": range(20, 60), "plan": ["gold"] * 10 + ["basic"] * 30})
    frame["answer"] = [1.0] * 5 + [0.0] * 30 + [None] * 5
    frame.to_csv(path, index=False)
    request, store = DataRequest(str(path), kind="customers", roles={"customer": "customer_id"}), Store(tmp_path / "home")
    taken = take_in(store, request)
    assert set(outcome_columns(store, taken)[:2]) == {"plan", "answer"} and outcome_columns(store, taken)[2] == "age"
    assert [(one.value, one.customers) for one in values_of(store, taken, request, "answer")] == [("0", 30), ("1", 5)]
