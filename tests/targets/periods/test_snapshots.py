import numpy as np
import pytest

from segcore.targets.periods.snapshots import OrderHistory, among, stack

DAY = np.timedelta64(1, "D").astype("timedelta64[us]")


@pytest.fixture
def history(opened):
    lines = [
        ("ann", "a1", 0, 10, "milk"),
        ("ann", "a2", 20, 30, "cheese"),
        ("ann", "a2", 20, 10, "milk"),
        ("ann", "a3", 45, 10, "cheese"),
        ("bob", "b1", 5, 8, "milk"),
        ("bob", "b2", 52, 8, "cheese"),
        ("cleo", "c1", 38, 5, "milk"),
        ("cleo", "c2", 60, -5, "cheese"),
        ("dan", "d1", 58, 4, "cheese"),
    ]
    found = opened(lines)
    return OrderHistory.of(found.dataset, found.customers).promoting(found.dataset.frame["department"].to_numpy() == "cheese", "cheese")


@pytest.fixture
def opened():
    from tests.targets.conftest import opened_lines

    return opened_lines


def at_day(history, day, **options):
    settings = {"look_back": 100 * DAY, "window": 10 * DAY, "fitted": None, **options}
    return history.at(history.first + day * DAY, **settings)[0]


def test_customers_outcomes_and_earlier_orders_are_those_of_the_moment(history):
    found = at_day(history, 44)
    assert found.customers.tolist() == ["ann", "bob", "cleo"]
    assert found.outcome.tolist() == [True, True, False]
    assert found.before.tolist() == [1, 0, 0]
    assert found.recency.tolist() == [24, 39, 6]


def test_spend_on_what_is_promoted_is_that_of_the_window(history):
    assert at_day(history, 44).spent.tolist() == [10, 8, 0]
    assert history.at(history.first + 44 * DAY, look_back=100 * DAY, window=None, fitted=None)[0].spent is None


def test_a_line_at_the_moment_is_known_and_one_at_the_end_of_the_window_counts(history):
    assert at_day(history, 45).before.tolist() == [2, 0, 0] and at_day(history, 45).outcome.tolist() == [False, True, False]
    assert at_day(history, 42, window=10 * DAY).outcome.tolist() == [True, True, False]
    assert at_day(history, 42, window=9 * DAY).outcome.tolist() == [True, False, False]


def test_cancelled_lines_are_no_purchase(history):
    assert not at_day(history, 55).outcome[2]


def test_features_of_what_is_promoted_are_worked_out_by_hand(history):
    found = at_day(history, 44)
    own = found.X[:, [found.names.index(name) for name in ("promoted_orders", "promoted_days_ago", "promoted_spend_share")]]
    assert own.tolist() == [[1, 24, 0.6], [0, 44, 0], [0, 44, 0]]


def test_features_look_back_only_so_far_but_earlier_orders_count_forever(history):
    found = at_day(history, 44, look_back=10 * DAY)
    assert found.customers.tolist() == ["cleo"]
    found = at_day(history, 50, look_back=12 * DAY + DAY / 24)
    assert found.customers.tolist() == ["ann", "cleo"] and found.before.tolist() == [2, 0]
    assert found.X[:, found.names.index("promoted_orders")].tolist() == [1, 0]


def test_buyers_are_counted_without_making_features(history):
    moment = history.first + 44 * DAY
    assert history.buyers(moment, 10 * DAY, again=True) == 2
    assert history.buyers(moment, 10 * DAY, again=False) == 1


def test_nothing_after_the_moment_reaches_a_feature(shop):
    """A leak from the outcome's window is unreachable: whatever follows the moment, the features stay the same."""
    frame = shop.dataset.frame
    history = OrderHistory.of(shop.dataset, shop.customers).promoting(frame["department"].to_numpy() == "cheese", "cheese")
    moment = history.first + 60 * DAY
    later = frame.copy()
    after = history.times > moment
    later.loc[after, "department"] = "cheese"
    later.loc[after, "paid"] = 1e6
    from dataclasses import replace

    other = OrderHistory.of(replace(shop.dataset, frame=later), shop.customers).promoting(
        later["department"].to_numpy() == "cheese", "cheese"
    )
    settings = {"look_back": 60 * DAY, "window": 20 * DAY, "fitted": None}
    first, second = history.at(moment, **settings)[0], other.at(moment, **settings)[0]
    assert first.names == second.names and np.array_equal(first.X, second.X)
    assert second.outcome.sum() > first.outcome.sum()


def test_later_moments_have_the_features_of_the_first(shop):
    history = OrderHistory.of(shop.dataset, shop.customers)
    first, fitted = history.at(history.first + 30 * DAY, look_back=30 * DAY, window=None, fitted=None)
    later, _ = history.at(history.first + 90 * DAY, look_back=30 * DAY, window=None, fitted=fitted)
    assert first.names == later.names
    assert not {"January", "share_March", "rfm_score"} & set(first.names)


def test_stacked_snapshots_are_below_each_other(history):
    settings = {"look_back": 100 * DAY, "window": 10 * DAY}
    first, fitted = history.at(history.first + 44 * DAY, fitted=None, **settings)
    second, _ = history.at(history.first + 50 * DAY, fitted=fitted, **settings)
    found = stack([first, second])
    assert found.customers.tolist() == [*first.customers, *second.customers]
    assert found.outcome.tolist() == [*first.outcome, *second.outcome] and len(found.X) == 6


def test_taking_and_leaving_out_keep_rows_and_columns_together(history):
    found = at_day(history, 44)
    kept = found.take(among(found.customers, {"cleo", "ann"})).without(found.names[1:])
    assert kept.customers.tolist() == ["ann", "cleo"] and kept.names == found.names[:1]
    assert kept.X.tolist() == found.X[[0, 2], :1].tolist() and kept.outcome.tolist() == [True, False]
