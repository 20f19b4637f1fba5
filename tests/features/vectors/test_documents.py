"""Words and documents: which products are words, and each customer's lines in the order of time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segcore.features.grouping import baskets_of
from segcore.features.vectors.documents import choose_words, documents_of, usual_epochs
from segcore.records.vectors import Vectors


def texts(documents, words, customer, **options):
    names = [*words.names, "other"]
    return [[names[at] for at in part] for part in documents.sentences(customer, **{"whole": False, "longest": 100, **options})]


def test_the_most_frequent_products_are_words_and_the_others_are_one(bought):
    purchases = bought([[["milk", "tea", "milk"], ["milk", "bread"]], [["bread", "salt"]]])

    words = choose_words(purchases, Vectors(products=2))
    documents = documents_of(purchases, words)

    assert (words.names, words.counts.tolist(), words.has_other, len(words)) == (("milk", "bread"), [3, 2, 2], True, 3)
    assert texts(documents, words, 0) == [["milk", "other", "milk"], ["milk", "bread"]]
    assert texts(documents, words, 1) == [["bread", "other"]]
    assert documents.known.tolist() == [4, 1]


def test_products_on_few_lines_are_no_words_and_new_products_neither(bought):
    purchases = bought([[["milk", "milk"], ["tea"]], [["bread", "bread"]]])
    words = choose_words(purchases, Vectors(least_count=2))
    every = choose_words(purchases, Vectors())
    later = bought([[["wine", "milk"], ["wine"]], [["wine"]]])

    assert (words.names, words.has_other) == (("bread", "milk"), True)
    assert texts(documents_of(later, words), words, 0) == [["other", "milk"], ["other"]]
    assert texts(documents_of(later, every), every, 0) == [["milk"]], "without a word for others, their lines are left out"
    assert documents_of(later, every).known.tolist() == [1, 0]


def test_long_documents_are_split_and_orders_joined_on_request(bought):
    purchases = bought([[["a", "b", "c"], ["d", "e"]]])
    words = choose_words(purchases, Vectors())
    documents = documents_of(purchases, words)

    assert texts(documents, words, 0, longest=2) == [["a", "b"], ["c"], ["d", "e"]]
    assert texts(documents, words, 0, whole=True) == [["a", "b", "c", "d", "e"]]
    assert texts(documents, words, 0, whole=True, longest=3) == [["a", "b", "c"], ["d", "e"]]


def test_few_lines_are_passed_more_often():
    assert [usual_epochs(lines) for lines in (0, 1000, 50_000, 100_000, 250_000, 10_000_000)] == [40, 40, 40, 40, 20, 20]


LINES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-1, 4), st.integers(0, 3)), max_size=40)


@given(LINES)
def test_baskets_hold_every_line_in_the_order_of_customer_time_order_and_file(lines):
    rows, orders, items, times = (np.array([line[at] for line in lines], dtype=np.int64) for at in range(4))

    found = baskets_of(rows.astype(np.int32), items.astype(np.int32), orders, times, 4)

    kept = [at for at in range(len(lines)) if items[at] >= 0]
    first_time, first_line = {}, {}
    for at in kept:
        key = (rows[at], orders[at])
        first_time[key] = min(times[at], first_time.get(key, times[at]))
        first_line.setdefault(key, at)
    expected = sorted(kept, key=lambda at: (rows[at], first_time[rows[at], orders[at]], first_line[rows[at], orders[at]], at))
    assert found.items.tolist() == items[expected].tolist()
    assert np.diff(found.customers).tolist() == [len({key for key in first_time if key[0] == who}) for who in range(4)]
    assert found.placed.tolist() == [first_time[key] for key in dict.fromkeys((rows[at], orders[at]) for at in expected)]
    assert np.diff(found.starts).tolist() == [sum(rows[at] == who for at in kept) for who in range(4)]


@given(LINES, st.lists(st.booleans(), min_size=4, max_size=4))
def test_baskets_of_some_customers_are_those_of_their_lines(lines, chosen):
    rows, orders, items, times = (np.array([line[at] for line in lines], dtype=np.int64) for at in range(4))
    kept = np.array(chosen)
    mine = kept[rows] if len(rows) else np.zeros(0, bool)

    found = baskets_of(rows.astype(np.int32), items.astype(np.int32), orders, times, 4).take(kept)

    alone = baskets_of(
        (np.cumsum(kept) - 1)[rows[mine]].astype(np.int32), items[mine].astype(np.int32), orders[mine], times[mine], int(kept.sum())
    )
    for part in ("items", "orders", "customers", "placed"):
        np.testing.assert_array_equal(getattr(found, part), getattr(alone, part))
