"""Columns of order lines that describe customers or orders, traced by hand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from segcore.features.transactions.line_columns import OrderLines, column_of_lines, describes, dominant
from segcore.records.dataset import Dataset

# Customer a has three orders, b two, c one; order a2 is placed before a1.
ROWS = [
    ("a", "1", 5), ("a", "1", 5), ("a", "2", 1), ("a", "2", 1), ("a", "3", 9),
    ("b", "1", 2), ("b", "1", 3), ("b", "4", 4),
    ("c", "5", 7),
]  # fmt: skip


def lines_of(rows=ROWS, **roles):
    frame = pd.DataFrame(rows, columns=["who", "order", "day"])
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["day"], unit="D")
    roles = {"customer": "who", "time": "day", "order": "order"} | roles
    used = {role: column for role, column in roles.items() if column}
    index = pd.Index(sorted(frame["who"].unique()))
    return OrderLines.of(Dataset(frame, "transactions", used, "orders", "", len(frame)), index)


def coded(values):
    texts = sorted({value for value in values if value})
    return np.array([texts.index(value) if value else -1 for value in values]), texts


def chosen(values, lines):
    codes, texts = coded(values)
    found, several = dominant(codes, len(texts), lines, 3)
    return [texts[code] if code >= 0 else None for code in found], several


def test_orders_of_the_same_number_are_each_customers_own_and_placed_at_their_first_line():
    lines = lines_of()
    assert lines.customer.tolist() == [0, 0, 0, 1, 1, 2]
    assert [str(day)[:10] for day in lines.placed] == [f"2024-01-{day:02d}" for day in (6, 2, 10, 3, 5, 8)]


def test_without_orders_each_time_is_one():
    assert lines_of(order="").customer.tolist() == [0, 0, 0, 1, 1, 1, 2]


def test_the_value_of_most_orders_counts_not_of_most_lines():
    # a: order 1 (two lines) is X, orders 2 and 3 (three lines) are Y, X; b: X in order 1's two lines, Y in 4.
    values = ["X", "X", "Y", "Y", "X", "Y", "Y", "X", "X"]
    assert chosen(values, lines_of()) == (["X", "Y", "X"], 2)


def test_of_equally_frequent_values_the_first_in_time_counts_once():
    # a: X in order 1 (day 5), Y in order 2 (day 1), Z in order 3; b has two values in one order, the first in the file counts.
    values = ["X", "X", "Y", "Y", "Z", "Z", "X", None, "X"]
    assert chosen(values, lines_of()) == (["Y", "Z", "X"], 2)


def test_a_customer_without_a_value_has_none():
    assert chosen(["X"] * 8 + [None], lines_of()) == (["X", "X", None], 0)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["X"] * 5 + ["Y"] * 3 + ["X"], "customer"),
        (["X", "X", "Y", "Y", "X", "Y", "Y", "X", "X"], "order"),
        (["X", "Y", "X", "Y", "X", "Y", "X", "X", "Y"], None),
        (["X", "X", None, None, None, "Y", "Y", None, None], "order"),  # no customer has two orders with a value
    ],
)
def test_a_column_describes_what_has_one_value_of_it(values, what):
    codes, texts = coded(values)
    assert describes([codes], len(texts), [lines_of()]) == what


def test_one_in_twenty_may_have_several_values():
    rows = [(f"c{n:03d}", f"o{n}-{order}", order) for n in range(100) for order in (1, 2)]
    values = np.zeros(200, dtype=int)
    values[1:10:2] = 1  # five customers
    assert describes([values], 2, [lines_of(rows)]) == "customer"
    values[11] = 1
    assert describes([values], 2, [lines_of(rows)]) == "order"


def test_a_column_of_the_products_is_none():
    codes, texts = coded(["X", "Y", "X", "Y", "X", "Y", "X", "X", "Y"])
    assert column_of_lines("colour", pa.array(texts), [codes], [lines_of()], 3) is None


def test_the_most_frequent_values_equal_those_of_another_implementation():
    rng = np.random.default_rng(4)
    rows = [(f"c{rng.integers(0, 30):02d}", str(rng.integers(0, 90)), int(rng.integers(0, 300))) for _ in range(1_000)]
    values = rng.choice(["X", "Y", "Z", ""], 1_000)
    lines = lines_of(rows)
    codes, texts = coded(values.tolist())
    found, several = dominant(codes, len(texts), lines, 30)

    frame = pd.DataFrame(rows, columns=["who", "order", "day"]).assign(value=values)
    frame["placed"] = frame.groupby(["who", "order"])["day"].transform("min")
    pairs = frame[frame["value"] != ""].drop_duplicates(["who", "order", "value"])
    counted = pairs.groupby(["who", "value"], sort=False).agg(n=("order", "size"), first=("placed", "min")).reset_index()
    best = counted.sort_values(["n", "first"], ascending=[False, True], kind="stable").drop_duplicates("who").sort_values("who")
    assert [texts[code] for code in found] == best["value"].tolist()
    assert several == (counted.groupby("who").size() > 1).sum()
