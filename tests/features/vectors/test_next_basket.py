"""Next basket: recall by hand, rivals against independent implementations, and planted worlds in which one of them is best."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfTransformer

from segcore.features.vectors.next_basket import (
    check_next_basket,
    favourites,
    highest,
    mean_estimate,
    recall,
    split_in_time,
)
from segcore.records.vectors import Vectors


def test_the_cut_leaves_nearest_to_15_percent_of_the_orders_after_it(bought):
    """Of ten orders, one is at time 4 (10 %), three from time 3 on (30 %)."""
    purchases = bought([[["a"]] * 5, [["b"]] * 4, [["c"]]])

    split = split_in_time(purchases)

    assert (split.moment, round(split.share_after, 3)) == (4, 0.1)
    assert split.has_next.tolist() == [True, False, False]
    assert np.diff(split.past.customers).tolist() == [4, 4, 1]


def test_the_first_order_after_the_cut_is_the_one_to_predict(bought):
    orders = [["a"]] * 16 + [["b", "b", "a"], ["c"], ["c"]]
    purchases = bought([orders])

    split = split_in_time(purchases)

    assert split.moment == 16
    [items] = split.next_items(np.array([True]))
    assert [purchases.names[at] for at in items] == ["a", "b"]


def test_recall_counts_the_different_products_that_were_recommended():
    truth = [np.array([0, 3]), np.array([5]), np.array([-1, 1, 2, 9])]
    recommended = [np.array([3, 1]), np.array([1, 2]), np.array([1, 2, 9])]

    assert recall(truth, recommended).tolist() == [0.5, 0.0, 0.75]  # -1 was never bought before, and counts as missed


def test_ten_highest_scores_are_taken_and_ties_go_to_the_earlier_product():
    scores = np.array([[0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9], [1] * 13], dtype=float)

    found = [top.tolist() for top in highest(lambda rows: scores[rows], 2, 13)]

    assert found == [[12, 2, 4, 0, 1, 3, 5, 6, 7, 8], list(range(10))]


def test_own_favourites_are_filled_up_with_popular_products():
    counts = csr_array(np.array([[0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 5], [0] * 12, [1] * 12]))

    found = [top.tolist() for top in favourites(counts)]

    assert found == [[11, 2, 10, 0, 1, 3, 4, 5, 6, 7], list(range(10)), list(range(10))]


def _orders(purchases):
    """Return each customer's orders as (time, products)."""
    baskets = purchases.baskets
    return [
        [
            (int(baskets.placed[order]), [purchases.names[at] for at in baskets.items[baskets.orders[order] : baskets.orders[order + 1]]])
            for order in range(first, last)
        ]
        for first, last in zip(baskets.customers[:-1], baskets.customers[1:], strict=True)
    ]


def test_the_rivals_are_those_of_plain_python(planted):
    """Popular, own favourites and truncated SVD, made again with counters and dense matrices."""
    purchases, _ = planted(4, n_customers=120, n_items=40)
    vectors = Vectors(dimensions=4, epochs=1)
    cut = split_in_time(purchases).moment
    past = [[product for time, order in orders if time < cut for product in order] for orders in _orders(purchases)]
    following = [next((set(order) for time, order in orders if time >= cut), None) for orders in _orders(purchases)]
    lines = Counter(product for mine in past for product in mine)
    catalogue = sorted(lines, key=lambda product: (-lines[product], product))
    trained = [at for at, mine in enumerate(past) if len(mine) >= 5]
    judged = [at for at in trained if following[at] is not None]
    counts = np.array([[Counter(past[at])[product] for product in catalogue] for at in trained], dtype=float)
    X = TfidfTransformer().fit_transform(counts).toarray()
    left, sizes, right = np.linalg.svd(X, full_matrices=False)
    rebuilt = (left[:, :4] * sizes[:4]) @ right[:4]

    def mean_recall(offered):
        return np.mean([len(following[at] & set(offered(at))) / len(following[at]) for at in judged])

    def own(at):
        mine = Counter(past[at])
        return sorted(catalogue, key=lambda product: (-mine[product], catalogue.index(product)))[:10]

    found = check_next_basket(purchases, vectors)

    assert found.popular.sample_size == found.shares.sample_size == len(judged)
    assert found.popular.value == pytest.approx(mean_recall(lambda at: catalogue[:10]))
    assert found.own_favourites.value == pytest.approx(mean_recall(own))
    assert found.shares.value == pytest.approx(mean_recall(lambda at: [catalogue[i] for i in np.argsort(-rebuilt[trained.index(at)])[:10]]))
    assert found.over_shares.value == pytest.approx(found.cust2vec.value - found.shares.value)
    assert found.over_favourites.value == pytest.approx(found.cust2vec.value - found.own_favourites.value)


def test_where_everybody_has_favourites_of_their_own_these_are_best(bought):
    draw = np.random.default_rng(0)
    customers = []
    for _ in range(150):
        own = draw.choice(400, 10, replace=False)
        customers.append([[f"p{item:03d}" for item in draw.choice(own, 4)] for _ in range(8)])

    found = check_next_basket(bought(customers), Vectors(dimensions=8, epochs=5))

    assert found.own_favourites.low > 0.8 > found.cust2vec.high
    assert found.over_favourites.high < 0


def test_where_groups_have_products_of_their_own_vectors_predict_what_popularity_and_favourites_cannot(bought):
    """Each of five groups buys a new one of its forty products every time, as in a book shop."""
    draw = np.random.default_rng(0)
    customers = []
    for at in range(200):
        own = draw.permutation(40)
        customers.append([[f"g{at % 5}p{item:02d}" for item in own[3 * order : 3 * order + 3]] for order in range(8)])
    by_chance = 10 / 40

    found = check_next_basket(bought(customers), Vectors(dimensions=8, epochs=40))

    assert found.popular.high < 0.1  # 10 of 200
    assert found.own_favourites.high < 0.1  # what a customer has is not bought again
    assert found.cust2vec.low > 0.1 and found.cust2vec.value < by_chance + 0.1


def test_where_all_are_alike_vectors_recommend_what_is_popular(bought):
    """The vectors alone would say that nobody differs from the noise, and rank the products by chance."""
    draw = np.random.default_rng(0)
    chances = 1 / np.arange(1, 201)
    customers = [[[f"p{item:03d}" for item in draw.choice(200, 5, p=chances / chances.sum())] for _ in range(8)] for _ in range(200)]

    found = check_next_basket(bought(customers), Vectors(dimensions=4, epochs=10, exponent=1.0))

    assert found.popular.value > 0.4
    assert found.cust2vec.value > found.popular.value - 0.08


def test_the_model_knows_nothing_of_what_lies_after_the_cut(planted, bought):
    purchases, _ = planted(5, n_customers=60, n_items=30)
    cut = split_in_time(purchases).moment
    changed = bought([[order if time < cut else ["new"] for time, order in orders] for orders in _orders(purchases)])

    found = check_next_basket(changed, Vectors(dimensions=4, epochs=1))

    assert found.cust2vec.value == found.shares.value == found.own_favourites.value == found.popular.value == 0


def test_progress_rises_to_1(planted):
    purchases, _ = planted(2, n_customers=80, n_items=20)
    told = []

    check_next_basket(purchases, Vectors(dimensions=4, epochs=2), told.append)

    assert told == sorted(told) and told[-1] == 1


@pytest.mark.parametrize(
    ("customers", "reason"),
    [
        ([[["a", "b", "a", "b", "a"]]] * 3, "All orders have the same time, so none can be held out."),
        (
            [[["a", "b", "a", "b", "a"]] * 2, [["a", "b"]], [["b"]]],
            "Fewer than two customers have at least 5 lines of known products before 1970-01-01, and an order from then on.",
        ),
    ],
)
def test_what_cannot_be_predicted_has_a_reason(bought, customers, reason):
    found = check_next_basket(bought(customers), Vectors(dimensions=2, epochs=1))

    assert found.cust2vec.value is None and found.over_shares.reason == reason


def test_with_one_order_each_nobody_has_one_before_the_cut_and_one_after_it(bought):
    purchases = bought([[["a", "b", "a", "b", "c"]]] * 8)
    baskets = replace(purchases.baskets, placed=np.arange(8) * 86_400_000_000)

    found = check_next_basket(replace(purchases, baskets=baskets), Vectors(dimensions=2, epochs=1))

    assert found.popular.value is None
    assert found.popular.reason == (
        "Fewer than two customers have at least 5 lines of known products before 1970-01-08, and an order from then on."
    )


def test_a_mean_has_students_interval_within_its_domain():
    values = np.array([0.0, 0.5, 1.0, 0.25])
    low, high = student.interval(0.95, 3, loc=values.mean(), scale=values.std(ddof=1) / 2)

    found = mean_estimate(values, -2.0, 2.0)

    assert (found.value, found.sample_size) == (0.4375, 4)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert mean_estimate(values, 0.0, 1.0).low == 0


def test_equal_values_are_no_proof_of_certainty():
    found = mean_estimate(np.zeros(10), 0.0, 1.0)

    assert (found.value, found.low) == (0, 0) and found.high == pytest.approx(0.2775, abs=1e-4)  # Wilson, 0 of 10
