"""What segments buy: scikit-learn's TF-IDF and brute force as the oracles."""

from dataclasses import replace

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from segcore.features.grouping import Rated, count_purchases, rated_items
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.purchases import Purchases
from segcore.segments.profiles.differences import index_of
from segcore.segments.profiles.top_items import category_spend, top_items
from ui.segments.bought import bought_frame, spent_frame


def purchases_of(counts):
    counts = np.asarray(counts)
    rows, items = np.nonzero(counts)
    starts = np.concatenate([[0], np.cumsum((counts > 0).sum(axis=1))])
    names = tuple(f"i{n:02d}" for n in range(counts.shape[1]))
    return Purchases(names, starts.astype(np.int64), items.astype(np.int32), counts[rows, items].astype(np.int32))


def test_lines_are_counted_by_customer_and_item_and_those_without_an_item_left_out():
    lines = pd.DataFrame({"customer": ["b", "a", "a", "b", "a", "c"], "item": ["y", "x", "x", "x", None, None]})
    found = count_purchases(nw.from_native(lines, eager_only=True), "item", pd.Index(["a", "b", "c"]))
    assert found.names == ("x", "y")
    assert found.starts.tolist() == [0, 1, 3, 3]
    assert found.items.tolist() == [0, 0, 1]
    assert found.counts.tolist() == [2, 1, 1]
    assert found.customers.tolist() == [0, 1, 1]


def test_of_an_item_rated_twice_the_last_rating_counts_and_without_times_the_mean():
    rows, items = np.array([0, 0, 1, 0, 1], np.int32), np.array([0, 0, 1, 1, -1], np.int32)
    names, ratings, times = np.array(["x", "y"], object), np.array([1.0, 5.0, 3.0, 0.0, 4.0]), np.array([9, 2, 1, 1, 1])
    dated = rated_items(rows, items, names, 2, Rated(ratings, times))
    undated = rated_items(rows, items, names, 2, Rated(ratings, None))
    for found, first in ((dated, 1.0), (undated, 3.0)):
        assert (found.names, found.starts.tolist(), found.items.tolist()) == (("x", "y"), [0, 2, 3], [0, 1, 1])
        assert found.counts.tolist() == [first, 0.0, 3.0]
    lists = top_items(dated, np.array([True, True]), np.array([0, 1]))
    assert [(one.item, one.buyers, one.support) for one in lists[1].by_tfidf] == [("y", 1, 1.0)]


def test_no_item_at_all_is_no_purchase():
    lines = pd.DataFrame({"customer": ["a"], "item": pd.Series([None], dtype=object)})
    found = count_purchases(nw.from_native(lines, eager_only=True), "item", pd.Index(["a"]))
    assert found.names == () and found.starts.tolist() == [0, 0]
    [one] = top_items(found, np.array([True]), np.array([0])).values()
    assert one.by_tfidf == one.by_index == ()


@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.integers(1, 12))
def test_the_lists_are_those_of_scikit_learn_and_of_looking_at_every_item(seed, customers, items):
    draw = np.random.default_rng(seed)
    counts = draw.poisson(0.7, (customers, items))
    kept = draw.random(customers) < 0.8
    kept[0] = True
    labels = draw.integers(-1, 2, kept.sum())
    found = top_items(purchases_of(counts), kept, labels, most=3)
    weights = TfidfTransformer().fit_transform(counts[kept]).toarray()
    bought = counts[kept] > 0
    assert set(found) == set(np.unique(labels).tolist())
    for label, lists in found.items():
        mine = labels == label
        mean = weights[mine].mean(axis=0)
        assert [one.tfidf for one in lists.by_tfidf] == pytest.approx(sorted(mean[mean > 0], reverse=True)[:3])
        for one in (*lists.by_tfidf, *lists.by_index):
            has = bought[:, int(one.item[1:])]
            assert (one.buyers, one.support) == ((has & mine).sum(), pytest.approx(has[mine].mean()))
            assert one.index == index_of(one.buyers, int(mine.sum()), int((has & ~mine).sum()), int((~mine).sum()))
        lows = [
            index_of(int((bought[:, item] & mine).sum()), int(mine.sum()), int((bought[:, item] & ~mine).sum()), int((~mine).sum())).low
            for item in range(items)
            if (bought[:, item] & mine).sum() >= 5
        ]
        assert [one.index.low for one in lists.by_index] == pytest.approx(sorted((low for low in lows if low > 100), reverse=True)[:3])


def test_an_item_that_only_one_segment_buys_comes_first_by_index_and_one_that_all_buy_does_not():
    counts = np.zeros((200, 3), int)
    counts[:, 0] = 3
    counts[:100, 1] = np.arange(100) % 2
    counts[:, 2] = np.arange(200) % 3 == 0
    found = top_items(purchases_of(counts), np.ones(200, bool), np.repeat([0, 1], 100))
    assert [one.item for one in found[0].by_index] == ["i01"]
    assert found[1].by_index == ()
    assert found[0].by_tfidf[0].item == "i00"


def test_items_may_share_a_title_and_the_table_shows_their_numbers():
    found = purchases_of([[2, 1, 0], [1, 3, 1]]).titled({"i00": "Bread", "i01": "Bread"})
    assert found.titles == ("Bread", "Bread", "")
    assert purchases_of([[1]]).titled({"x": "Bread"}).titles is None

    rows = top_items(found, np.array([True, True]), np.array([0, 0]))[0].by_tfidf
    assert {one.item: one.title for one in rows} == {"i00": "Bread", "i01": "Bread", "i02": None}
    shown = bought_frame(rows, "Item")
    assert dict(zip(shown["Number"], shown["Item"], strict=True)) == {"i00": "Bread", "i01": "Bread", "i02": "i02"}
    assert "Number" not in bought_frame([rows[-1]], "Item")


def table_of_spend(spend, **shares):
    """Return a table with shares of spend on categories; the unit tells them from columns of a customer table."""
    names = [f"spend_share_{name}" for name in shares]
    values = np.column_stack(list(shares.values())).astype(float)
    return FeatureTable(
        values=values,
        names=tuple(names),
        customers=np.array([str(n) for n in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32),
        dictionary=tuple(FeatureEntry(name, name, "share of spend", "") for name in names),
        sums={} if spend is None else {"spend": np.asarray(spend, dtype=float)},
    )


def test_categories_are_ranked_by_the_segments_spend_and_by_index():
    shares = {"food": [0.5, 0.6, 0.2, 1], "toys": [0.5, 0.1, 0.4, 0], "(other)": [0, 0.3, 0.4, 0]}
    # The last customer was not clustered. Segment 0 spends 110 on food, 60 on toys, 30 on others; segment 1 spends 10, 20 and 20.
    found = category_spend(table_of_spend([100, 100, 50, 999], **shares), np.array([True, True, True, False]), np.array([0, 0, 1]))
    rows = {label: [(row.category, row.share, row.index, row.rank, row.index_rank) for row in of] for label, of in found.items()}
    assert rows == {
        0: [("food", 0.55, pytest.approx(100 * 0.55 / 0.48), 1, 1), ("toys", 0.3, pytest.approx(100 * 0.3 / 0.32), 2, 2)],
        1: [("toys", 0.4, pytest.approx(125), 1, 1), ("food", 0.2, pytest.approx(100 * 0.2 / 0.48), 2, 2)],
    }
    assert [row.overall for row in found[0]] == [pytest.approx(0.48), pytest.approx(0.32)]


def test_equal_shares_have_places_of_their_own_and_what_nobody_buys_has_no_index():
    shares = {"food": [0.5, 0], "toys": [0.5, 0], "books": [0, 0]}
    found = category_spend(table_of_spend([10, 0], **shares), np.ones(2, dtype=bool), np.array([0, 1]))
    assert [(row.category, row.rank, row.index_rank, row.index) for row in found[0]] == [
        ("food", 1, 1, 100), ("toys", 2, 2, 100), ("books", 3, 3, None),
    ]  # fmt: skip
    assert [(row.share, row.index) for row in found[1]] == [(0, 0), (0, 0), (0, None)]
    shown = spent_frame(found[0])
    assert shown["Share of its spend"].tolist() == ["50 %", "50 %", "0 %"]


def test_without_shares_of_spend_nothing_is_ranked():
    kept, labels = np.ones(2, dtype=bool), np.array([0, 1])
    assert category_spend(table_of_spend(None, food=[1, 1]), kept, labels) == {}
    plain = FeatureEntry("spend_share_food", "spend_share_food", "", "")
    table = table_of_spend([1, 1], food=[1, 1])
    assert category_spend(replace(table, dictionary=(plain,)), kept, labels) == {}
