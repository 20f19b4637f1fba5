"""Vectors of customers in a script: groups that were planted are found, new customers are scored, and bad input is one sentence."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import segcore

OPTIONS = {"least_products": 2}


def lines_of(seed, n_customers=240, n_items=100):
    """Return order lines of five groups, each with products of its own, of customers who buy much or little; and the groups by id."""
    draw = np.random.default_rng(seed)
    groups = draw.choice(5, n_customers, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    everybody = draw.dirichlet(np.full(n_items, 0.5))
    rows = []
    for who, group in enumerate(groups):
        own = np.where(np.arange(n_items) % 5 == group, everybody, 0)
        chances = 0.5 * own / own.sum() + 0.5 * everybody
        for order in range(max(3, int(draw.lognormal(np.log(8), 0.8)))):
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(int(draw.integers(0, 300)), "D")
            for item in draw.choice(n_items, 1 + draw.poisson(4), p=chances):
                rows.append((f"{who:03d}", f"{who:03d}-{order}", day, f"0{item:03d}", f"d{item % 5}", float(draw.gamma(2, 2))))
    names = ["customer_id", "order_id", "date", "product", "department", "amount"]
    return pd.DataFrame(rows, columns=names), pd.Series(groups, [f"{who:03d}" for who in range(n_customers)])


@pytest.fixture(scope="module")
def planted():
    return lines_of(0)


def labels_of(lines, features, k=5, **options):
    plan = segcore.load(lines, kind="transactions", roles={"item": "product", "category": "department"}).plan(features, **options)
    point = plan.sweep("kmeans", n_clusters=k, evidence="none").point(n_clusters=k)
    return point, point.labels


def test_planted_tastes_are_swept_and_training_customers_keep_their_segment(planted):
    lines, groups = planted
    point, labels = labels_of(lines, "cust2vec=16", cust2vec=OPTIONS)

    again = point.score(lines)
    some = lines[lines["customer_id"].isin(groups.index[::3])]

    assert adjusted_rand_score(groups[labels.index], labels) > 0.8
    assert again["segment"].tolist() == labels.tolist()
    assert point.score(some)["segment"].tolist() == labels[groups.index[::3]].tolist(), "whoever else is scored"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_planted_tastes_are_found_in_18_of_20_seeds_about_as_well_as_from_shares():
    found = []
    for seed in range(20):
        lines, groups = lines_of(seed, n_customers=300)
        _, vectors = labels_of(lines, "cust2vec=16", cust2vec=OPTIONS)
        _, shares = labels_of(lines, "components=16", components="svd", matrix="tfidf")
        found.append([adjusted_rand_score(groups[labels.index], labels) for labels in (vectors, shares)])
    vectors, shares = np.array(found).T
    assert np.sum((vectors > 0.8) & (vectors > shares - 0.05)) >= 18, found


def test_few_lines_are_passed_often_enough():
    lines, groups = lines_of(1, n_customers=300, n_items=400)
    lines = lines[lines.groupby("customer_id")["order_id"].transform(lambda orders: orders.factorize()[0]) < 3]

    found = [labels_of(lines, "cust2vec=64", **options)[1] for options in ({}, {"cust2vec": {"epochs": 20}})]

    usual, twenty = (adjusted_rand_score(groups[labels.index], labels) for labels in found)
    assert len(lines) < 5000 and usual > twenty + 0.2


def test_the_rows_to_cluster_are_the_vectors(planted):
    lines, _ = planted
    data = segcore.load(lines, kind="transactions", roles={"item": "product", "category": "department"})
    plan = data.plan("cust2vec=16", cust2vec=OPTIONS)

    table = plan.table()

    assert list(table.columns) == [f"v{at}" for at in range(16)] and len(table) == 240
    np.testing.assert_allclose(np.linalg.norm(table, axis=1), 1)
    assert data.plan("cust2vec=16", cust2vec="least_products=2,epochs=auto").table().equals(table), "made once"
    assert [note.code for note in data.findings if note.code.startswith("vectors.")] == []


def test_customers_with_few_products_are_set_apart_and_other_products_are_counted(planted):
    lines, _ = planted
    data = segcore.load(lines, kind="transactions", roles={"item": "product"})

    plan = data.plan("cust2vec=4", cust2vec={"epochs": 1, "products": 20, "least_products": 15})

    often = lines["product"].value_counts().sort_index().sort_values(kind="stable", ascending=False).index
    known = lines[lines["product"].isin(often[:20])]
    counts = known.groupby("customer_id").size().reindex(sorted(lines["customer_id"].unique()), fill_value=0)
    assert plan.table().index.tolist() == counts.index[counts >= 15].tolist()
    said = {note.code: note for note in plan.intake.notes}
    apart = lines["customer_id"].isin(counts.index[counts < 15])
    assert said["vectors.customers_apart"].values == {
        "customers": int((counts < 15).sum()),
        "least": 15,
        "revenue_share": pytest.approx(lines.loc[apart, "amount"].sum() / lines["amount"].sum()),
    }
    assert said["vectors.other_products"].values == {
        "products": len(often) - 20,
        "share": pytest.approx(1 - len(known) / len(lines)),
        "kept": 20,
    }


def simple(**columns):
    n = 40
    usual = {
        "customer_id": [f"c{at % 10}" for at in range(n)],
        "order_id": [f"o{at}" for at in range(n)],
        "date": pd.date_range("2024-01-01", periods=n),
        "product": [f"{at * 7 % 12:03d}" for at in range(n)],
        "amount": 1.5,
    }
    return pd.DataFrame({name: values for name, values in {**usual, **columns}.items() if values is not None})


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"product": None}, {}, "need transactions with a column of products, the role item"),
        ({"product": "milk"}, {}, "All lines are of one product"),
        ({"customer_id": [f"c{at}" for at in range(40)]}, {}, "No customer has at least 5 lines of known products, of 40 in all"),
        ({}, {"least_count": 30}, "Fewer than two products are on at least 30 lines"),
        ({}, {"window": 0}, "window must be"),
        ({}, {"speed": 9}, "Unknown option of cust2vec 'speed'"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(columns, options, said):
    roles = {} if columns.get("product", "") is None else {"item": "product"}
    data = segcore.load(simple(**columns), kind="transactions", roles=roles)
    with pytest.raises(segcore.SegcoreError) as raised:
        data.plan("cust2vec=4", cust2vec={"epochs": 1, **options})
    assert said in str(raised.value) and str(raised.value).count(". ") == 0


def test_without_gensim_the_command_to_install_it_is_said(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "gensim" else found(name, *rest))

    with pytest.raises(segcore.ParameterError, match=r"need gensim, which is not installed: run .* -m pip install gensim"):
        segcore.load(simple(), kind="transactions", roles={"item": "product"}).plan("cust2vec=4")


def test_products_with_leading_zeros_stay_what_they_are_and_orders_of_one_day_are_told():
    lines = simple(date=pd.Timestamp("2024-01-01"), product=[("007", "7", "07")[at % 3] for at in range(40)])

    plan = segcore.load(lines, kind="transactions", roles={"item": "product"}).plan(
        "cust2vec=4", cust2vec={"epochs": 1, "least_products": 1}
    )

    assert plan.store.purchases(plan.intake.table, "item").names == ("007", "07", "7")
    assert [note.values["share"] for note in plan.intake.notes if note.code == "vectors.orders_at_once"] == [1.0]
