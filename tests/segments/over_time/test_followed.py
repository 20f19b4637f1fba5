"""Why customers moved: by what they did, because time passed, or because their earlier rows are different now."""

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError, ParameterError
from segcore.features.builders import build_features
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.segments.over_time.changes import segment_changes
from segcore.segments.over_time.followed import follow_customers
from segcore.segments.over_time.over_time_records import NOWHERE, FollowedCustomers
from segcore.segments.scoring import KeptSolution
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

FIRST = pd.Timestamp("2024-01-01 12:00")
ROLES = {"customer": "customer_id", "order": "order_id", "time": "order_date", "amount": "amount"}
END = 300
N = 40  # customers of each segment


def order(customer, day, amount=10.0):
    return (customer, f"{customer}-{day}", FIRST + pd.Timedelta(days=day), amount)


def lines(orders):
    return pd.DataFrame(orders, columns=["customer_id", "order_id", "order_date", "amount"])


def first_orders():
    """Return orders of customers who ordered lately, and of customers who have not for 200 days; all begin on the same day."""
    rows = [order(f"{kind}{number:02}", 0) for kind in ("lapsed", "recent") for number in range(N)]
    rows += [order(f"lapsed{number:02}", 90 + number % 20) for number in range(N)]
    return rows + [order(f"recent{number:02}", END - number % 10) for number in range(N)]


@pytest.fixture
def read(tmp_path):
    def from_orders(orders, name="orders.csv"):
        lines(orders).to_csv(tmp_path / name, index=False)
        return read_source(DataRequest(str(tmp_path / name), kind="transactions", roles=ROLES))

    return from_orders


@pytest.fixture
def keep(home):
    """Return a function that keeps a solution of two segments of some orders."""

    def kept(dataset, *features):
        store, table = Store(home), build_features(dataset)
        data = {"name": dataset.name, "kind": dataset.kind, "fingerprint": dataset.fingerprint}
        points = [{"n_clusters": 2, "tol": 1e-4, "n_init": 3}]
        spec = make_spec(store, store.put_feature_table(table), data, Plan(features), algorithm="kmeans", points=points)
        run_sweep(store, store.add_sweep(spec))
        return KeptSolution.read(store, spec.id, 0)

    return kept


def of(found, customer):
    customers = found.customers
    at = customers.ids.tolist().index(customer)
    return customers.status[at], customers.then[at], customers.now[at], customers.cause[at]


def test_the_same_data_move_nobody(read, keep):
    dataset = read(first_orders())
    found = follow_customers(keep(dataset, "Recency"), dataset)
    assert found.customers.in_both.all() and not found.customers.moved.any()
    assert found.rows_differ == 0 and found.periods.is_same_start


def test_who_moved_did_so_by_what_they_did_by_the_time_that_passed_or_by_rows_that_differ(read, keep):
    kept = keep(read(first_orders()), "Recency")
    late = END + 150
    rows = [one for one in first_orders() if one[0] != "recent09"]
    rows += [order("lapsed00", late), order("recent00", late), order("new", late)]  # comes back; goes on; is new
    rows += [order("lapsed01", END - 1), order("lapsed01", late)]  # an order that was recorded late, and a new one
    found = follow_customers(kept, read(rows, "later.csv"))

    lapsed, recent = of(found, "lapsed05")[1], of(found, "recent05")[1]
    assert lapsed != recent
    assert of(found, "lapsed00") == ("both", lapsed, recent, "behaviour")
    assert of(found, "recent05") == ("both", recent, lapsed, "time")
    assert of(found, "lapsed01") == ("both", lapsed, recent, "rows")
    assert of(found, "recent00") == ("both", recent, recent, "")
    assert of(found, "lapsed05") == ("both", lapsed, lapsed, "")
    assert of(found, "new") == ("new", NOWHERE, recent, "")
    assert of(found, "recent09") == ("gone", recent, NOWHERE, "")
    assert found.rows_differ == 1


def test_a_correction_of_an_earlier_order_is_the_cause_even_where_nothing_else_happened(read, keep):
    rich = [order(f"rich{number:02}", number % 30, 1_000.0 + number) for number in range(N)]
    poor = [order(f"poor{number:02}", number % 30, 10.0 + number / 10) for number in range(N)]
    kept = keep(read(rich + poor), "total_spend")
    returned = ("rich03", "C1", FIRST + pd.Timedelta(days=20), -995.0)
    found = follow_customers(kept, read([*rich, *poor, returned], "later.csv"))
    assert of(found, "rich03")[3] == "rows" and int(found.customers.moved.sum()) == 1
    assert found.rows_differ == 1


def test_customers_whose_earlier_rows_are_all_missing_moved_because_rows_differ(read, keep):
    kept = keep(read(first_orders()), "Recency")
    rows = [one for one in first_orders() if one[0] != "lapsed07"] + [order("lapsed07", END)]
    found = follow_customers(kept, read([*rows, order("lapsed07", END + 1)], "later.csv"))
    assert of(found, "lapsed07")[3] == "rows" and found.rows_differ == 1


def test_a_later_period_is_counted_to_its_own_end_so_that_time_moves_nobody(read, keep):
    kept = keep(read(first_orders()), "Recency")
    shifted = [(who, number, when + pd.Timedelta(days=END + 5), amount) for who, number, when, amount in first_orders()]
    found = follow_customers(kept, read(shifted, "later.csv"))
    assert not found.periods.is_same_start and found.rows_differ is None
    assert not found.customers.moved.any()
    swapped = [(who.replace("recent", "x").replace("lapsed", "recent").replace("x", "lapsed"), *rest) for who, *rest in shifted]
    found = follow_customers(kept, read(swapped, "swapped.csv"))
    assert found.customers.moved.all() and set(found.customers.cause) == {"behaviour"}


def test_a_date_counts_days_up_to_its_end(read, keep):
    dataset = read(first_orders())
    kept = keep(dataset, "Recency")
    day = (FIRST + pd.Timedelta(days=END + 150)).date().isoformat()
    found = follow_customers(kept, dataset, as_of=day)
    assert {of(found, f"recent{number:02}")[3] for number in range(N)} == {"time"}


def test_what_cannot_be_compared_is_one_sentence(read, keep):
    dataset = read(first_orders())
    kept = keep(dataset, "Recency")
    early = read([one for one in first_orders() if one[2] < FIRST + pd.Timedelta(days=200)], "early.csv")
    with pytest.raises(DataError, match=r"early.csv ends on 2024-04-19, before the sweep's data \(2024-10-27\): give later data"):
        follow_customers(kept, early)
    with pytest.raises(
        ParameterError,
        match="up to 2024-05-01, which is before the sweep's date, 2024-10-27: count days up to 2024-10-27 or later with --as-of",
    ):
        follow_customers(kept, dataset, as_of="2024-05-01")
    after = read([*first_orders(), order("recent00", END + 9)], "after.csv")
    with pytest.raises(DataError, match=r"up to 2024-10-29, because the data end later, at 2024-11-05 12:00: give a later one \(--as-of\)"):
        follow_customers(kept, after, as_of="2024-10-29")
    with pytest.raises(ParameterError, match="must be a date"):
        follow_customers(kept, dataset, as_of="soon")
    strangers = read([("x" + who, *rest) for who, *rest in first_orders()], "strangers.csv")
    with pytest.raises(DataError, match="No customer of strangers.csv is among those of orders.csv"):
        follow_customers(kept, strangers)


def test_the_sizes_can_be_followed_by_hand():
    status = np.array(["both"] * 6 + ["gone"] * 2 + ["new"] * 4 + ["aside"], dtype=object)
    then = np.array([0, 0, 0, 1, 1, 1, 0, 1, *[NOWHERE] * 4, 0], dtype=np.int32)
    now = np.array([0, 0, 1, 1, 1, 0, NOWHERE, NOWHERE, 1, 1, 1, 1, NOWHERE], dtype=np.int32)
    none = np.full(13, "", dtype=object)
    first, second = segment_changes(FollowedCustomers(np.arange(13).astype(str), status, then, now, none, np.ones(13), np.ones(13)))
    assert (first.then, first.now, first.new, first.gone, first.came, first.left) == (4, 3, 0, 1, 1, 1)
    assert (second.then, second.now, second.new, second.gone, second.came, second.left) == (4, 7, 4, 1, 1, 1)
    assert first.then_share.value == 0.5 and first.now_share.value == 0.3 and first.difference.value == pytest.approx(-0.2)
    assert first.revenue_then == 0.5 and first.revenue_now == pytest.approx(0.3)


def test_the_interval_of_a_difference_counts_customers_in_both_once():
    draw = np.random.default_rng(0)

    def difference(n=400, shared=300, moves=0.1):
        was = draw.random(n) < 0.4
        stays = was[:shared] ^ (draw.random(shared) < moves)
        new = draw.random(n - shared) < 0.4
        status = np.array(["both"] * shared + ["gone"] * (n - shared) + ["new"] * (n - shared), dtype=object)
        nowhere = np.full(n - shared, NOWHERE)
        then = np.concatenate([was, nowhere]).astype(np.int32)
        now = np.concatenate([stays, nowhere, new]).astype(np.int32)
        blank = np.full(len(status), np.nan)
        return segment_changes(FollowedCustomers(status, status, then, now, status, blank, blank))[1].difference

    # Moves at random bring the share of those in both from 0.4 to 0.4 * 0.9 + 0.6 * 0.1 = 0.42.
    expected = 0.75 * 0.02
    found = [difference() for _ in range(300)]
    covered = np.mean([one.low <= expected <= one.high for one in found])
    assert 0.92 <= covered <= 0.98
    assert np.std([one.value for one in found]) < 0.03  # independent samples: 0.035
