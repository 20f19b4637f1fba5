"""Scoring through what was fitted to transactions and ratings: cut-points, categories, fill values and scales."""

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.features.preparation import apply_preparation
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def read(tmp_path):
    def from_rows(rows, name="rows.csv", **options):
        rows.to_csv(tmp_path / name, index=False)
        return read_source(DataRequest(str(tmp_path / name), **options))

    return from_rows


def purchases(n_customers=60, seed=0):
    draw = np.random.default_rng(seed)
    rows = []
    for customer in range(n_customers):
        for order in range(1 + draw.poisson(1 + 3 * (customer % 3))):
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(hours=int(draw.integers(0, 6_000)))
            for _ in range(2):
                category = "abcdefg"[min(int(draw.exponential(2.0)), 6)]
                amount = round(float(draw.lognormal(2, 1)), 2)
                rows.append((f"k{customer:02}", f"{customer}-{order}", day, amount, category, round(amount * draw.random() / 4, 2)))
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "order_date", "amount", "category", "discount"])


def swept(store, dataset):
    table = build_features(dataset)
    spec = make_spec(
        store,
        store.put_feature_table(table),
        {"name": dataset.name, "kind": dataset.kind, "fingerprint": dataset.fingerprint},
        Plan(feature_names(table, "all", dataset.kind)),
        algorithm="kmeans",
        points=[{"n_clusters": 3, "tol": 1e-4}],
    )
    sweep_id = store.add_sweep(spec)
    run_sweep(store, sweep_id)
    return sweep_id


ROLES = {
    "customer": "customer_id",
    "order": "order_id",
    "time": "order_date",
    "amount": "amount",
    "category": "category",
    "discount": "discount",
}


def test_some_of_the_customers_get_the_labels_they_had_among_all(store, read):
    rows = purchases()
    whole = read(rows, kind="transactions", roles=ROLES)
    sweep_id = swept(store, whole)
    labels = store.solution(sweep_id, 0).labels
    some = rows[rows["customer_id"].isin(["k03", "k10", "k11"])]

    again, few = score(store, sweep_id, 0, whole), score(store, sweep_id, 0, read(some, kind="transactions", roles=ROLES))

    np.testing.assert_array_equal(again.labels, labels)
    np.testing.assert_array_equal(few.labels, labels[[3, 10, 11]])
    np.testing.assert_allclose(few.table.values, again.table.values[[3, 10, 11]], rtol=1e-9, atol=1e-9)


def test_new_customers_pass_through_the_numbers_of_the_old(store, read):
    sweep_id = swept(store, read(purchases(), kind="transactions", roles=ROLES))
    preparation = store.sweep(sweep_id).preparation
    new = pd.DataFrame(
        {
            "customer_id": ["n"],
            "order_id": ["1"],
            "order_date": ["2024-05-05 13:00"],
            "amount": [20.0],
            "category": ["never seen"],
            "discount": [5.0],
        }
    )

    found = score(store, sweep_id, 0, read(new, kind="transactions", roles=ROLES))

    values = dict(zip(found.table.names, found.table.values[0], strict=True))
    cuts = preparation.fitted["rfm"]
    assert values["rfm_monetary"] == 1 + sum(cut < 20.0 for cut in cuts["monetary"])
    assert values["rfm_frequency"] == 1 + sum(cut < 1 for cut in cuts["frequency"])
    assert values["days_between_orders_spread"] == preparation.fitted["spread"]
    assert values["discount_share"] == pytest.approx(0.2)
    assert {name: value for name, value in values.items() if name.startswith("spend_share_") and value} == {}
    assert (values["share_afternoon"], values["spend_trend"]) == (1, -1)
    centres = store.solution(sweep_id, 0).arrays["centres"]
    distances = ((apply_preparation(preparation, found.table.values) - centres) ** 2).sum(axis=1)
    assert found.labels[0] == int(np.argmin(distances))


def test_a_role_that_is_not_there_is_named_by_its_features(store, read):
    sweep_id = swept(store, read(purchases(), kind="transactions", roles=ROLES))

    with pytest.raises(DataError, match=r"The data lacks discount_share, reduced_spend_share, spend_share_a"):
        score(store, sweep_id, 0, read(purchases(5), kind="transactions", roles={**ROLES, "category": "", "discount": ""}))


def test_ratings_are_swept_and_scored_by_the_old_scale(store, read):
    draw = np.random.default_rng(1)
    users = draw.integers(0, 40, 600)
    rows = pd.DataFrame(
        {
            "user_id": [f"u{user:02}" for user in users],
            "movie_id": draw.integers(0, 50, 600).astype(str),
            "rating": np.clip(draw.integers(1, 6, 600) + users % 3 - 1, 1, 5),
            "timestamp": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 9_000, 600), unit="h"),
        }
    )
    roles = {"customer": "user_id", "item": "movie_id", "rating": "rating", "time": "timestamp"}
    whole = read(rows, kind="ratings", roles=roles)
    sweep_id = swept(store, whole)
    low = rows[(rows["user_id"] == "u06") & (rows["rating"] < 4)]

    found = score(store, sweep_id, 0, read(low, kind="ratings", roles=roles))

    np.testing.assert_array_equal(score(store, sweep_id, 0, whole).labels, store.solution(sweep_id, 0).labels)
    assert found.table.column("share_top")[0] == 0
    assert found.table.column("share_low")[0] == (low["rating"] == 1).mean()
