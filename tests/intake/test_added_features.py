"""Features of taste from a file: made from the stored table, without reading the file again."""

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError, ParameterError
from segcore.features.planning.defaults import DEFAULT
from segcore.intake import take_in as intake_module
from segcore.intake.child import take_in_apart
from segcore.intake.remembered import data_key, recall_data
from segcore.intake.take_in import known_intake, take_in
from segcore.intake.trained_rows import read_like_trained
from segcore.records.intake import DataRequest
from segcore.records.taste import Taste
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.overview import name_of
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec
from segcore.wording.findings import sentence


@pytest.fixture
def store(home):
    return Store(home)


def ratings(seed=0, customers=90, items=24):
    """Return ratings of three groups, and a customer with one rating; the first half of the items has categories."""
    draw = np.random.default_rng(seed)
    likes = draw.normal(0, 1.2, (3, items))
    rows = [
        (f"u{who:03d}", f"{what:03d}", float(np.clip(round(3 + likes[who % 3, what] + draw.normal(0, 0.5)), 1, 5)), "ab"[what % 2])
        for who in range(customers)
        for what in np.flatnonzero(draw.random(items) < 0.5)
    ]
    return pd.DataFrame([*rows, ("u999", "000", 4.0, "a")], columns=["user", "item", "rating", "genre"])


@pytest.fixture
def asked(tmp_path):
    ratings().to_csv(tmp_path / "r.csv", index=False)
    return DataRequest(str(tmp_path / "r.csv"), kind="ratings", roles={"category": "genre"})


def with_taste(request, *, frames="pandas", **options):
    return DataRequest(request.data, kind=request.kind, roles=request.roles, frames=frames, taste=Taste(**options))


def test_the_file_is_read_once_for_any_number_of_components(store, asked, monkeypatch):
    base = take_in(store, asked)
    monkeypatch.setattr(intake_module, "_open", lambda *_: pytest.fail("the file is read again"))

    three, raw = (take_in(store, with_taste(asked, **options)) for options in ({"n": 3}, {"components": "raw"}))

    assert three.data == {**base.data, "taste": Taste(matrix="centred", n=3, lengths="unit").to_json()}
    table, first = store.feature_table(three.table), store.feature_table(base.table)
    assert table.names == (*first.names, "component_1", "component_2", "component_3")
    np.testing.assert_array_equal(table.values[:, : len(first.names)], first.values)
    assert len(store.feature_table(raw.table).names) == len(first.names) + 24
    assert take_in(store, asked) == base
    assert known_intake(store, with_taste(asked, n=3)) == three
    assert known_intake(store, with_taste(asked, n=4)) is None


def test_who_is_set_apart_is_counted_and_keeps_no_purchases(store, asked):
    base = take_in(store, asked)
    taken = take_in(store, with_taste(asked, n=2, least_items=2))

    assert (base.n_customers, taken.n_customers) == (91, 90)
    assert sentence(taken.notes[-1]) == "1 customer has fewer than 2 items and was set apart."
    assert "u999" not in store.feature_table(taken.table).customers
    assert [len(store.purchases(taken.table, what).starts) - 1 for what in ("item", "category")] == [90, 90]


def test_a_link_opens_the_features_of_taste_again(store, asked):
    request = with_taste(asked, n=2)
    taken = take_in(store, request)

    assert recall_data(store, data_key(taken.table, taken.data)) == (taken, request)


def test_a_lost_loading_is_made_again(store, asked):
    taken = take_in(store, with_taste(asked, n=2))
    loadings = store.object_path(store.feature_table(taken.table).fitted["taste"]["loadings"])
    loadings.unlink()

    assert take_in(store, with_taste(asked, n=2)) == taken
    assert loadings.exists()


def test_spark_adds_the_same_components_to_the_same_table(store, asked, spark, monkeypatch):
    here = take_in(store, with_taste(asked, n=2))
    request = with_taste(asked, n=2, frames="spark")
    assert known_intake(store, request) is None

    taken = take_in_apart(store, request)

    values = [store.feature_table(found.table).values for found in (here, taken)]
    np.testing.assert_allclose(*values, rtol=0, atol=1e-6)
    assert sentence(taken.notes[-1]) == f"The components were computed on Spark {spark.version}, with the customers in 2 partitions."
    assert known_intake(store, request) == taken and recall_data(store, data_key(taken.table, taken.data))[1] == request
    assert "taste.on_spark" not in {note.code for note in known_intake(store, with_taste(asked, n=2)).notes}
    monkeypatch.setattr("segcore.intake.added_features.spark_version", lambda: "another")
    assert known_intake(store, request) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"components": "nmf"}, r"Non-negative factors \(NMF\) cannot be computed on Spark: choose components pca or svd, or leave out"),
        ({"components": "raw"}, "Spark does not make items features: choose features components=10, or leave out --frames spark"),
    ],
)
def test_what_spark_does_not_compute_is_refused(store, asked, options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        take_in(store, with_taste(asked, frames="spark", **options))


def test_data_without_items_have_no_taste(store, tmp_path):
    (tmp_path / "c.csv").write_text("id,age\n" + "".join(f"c{at},{20 + at * 7 % 40}\n" for at in range(30)))
    ratings().drop(columns="genre").to_csv(tmp_path / "r.csv", index=False)

    with pytest.raises(DataError, match="a table with one row per customer has none"):
        take_in(store, DataRequest(str(tmp_path / "c.csv"), kind="customers", taste=Taste()))
    with pytest.raises(DataError, match="no column has the role category"):
        take_in(store, DataRequest(str(tmp_path / "r.csv"), kind="ratings", taste=Taste(of="category")))


@pytest.mark.parametrize(
    "options",
    [{"n": 4}, {"n": 2, "components": "nmf"}, {"components": "raw", "matrix": "tfidf"}, {"n": 1, "of": "category"}],
    ids=["pca", "nmf", "raw", "categories"],
)
def test_a_sweeps_own_customers_are_scored_into_their_segments(store, asked, options):
    taken = take_in(store, with_taste(asked, **options))
    table = store.feature_table(taken.table)
    spec = make_spec(
        store, taken.table, taken.data, DEFAULT.plan(table, "ratings"), algorithm="kmeans", points=[{"n_clusters": 3, "tol": 1e-4}]
    )
    store.add_sweep(spec)
    run_sweep(store, spec.id)

    with read_like_trained(store, spec.data, asked) as dataset:
        scored = score(store, spec.id, 0, dataset)

    np.testing.assert_allclose(scored.table.values, table.select(spec.plan.features).values, rtol=0, atol=1e-12)
    assert scored.labels.tolist() == store.solution(spec.id, 0).labels.tolist()
    assert not scored.set_aside.any() and scored.notes == ()


def test_new_customers_are_scored_by_the_items_that_are_known(store, asked, tmp_path):
    taken = take_in(store, with_taste(asked, n=3, least_items=2))
    plan = DEFAULT.plan(store.feature_table(taken.table), "ratings")
    spec = make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=[{"n_clusters": 3, "tol": 1e-4}])
    store.add_sweep(spec)
    run_sweep(store, spec.id)
    # The same ratings under other names, each with one of a new film, and somebody who rated only that.
    new = ratings().assign(user=lambda frame: "n" + frame["user"])
    films = pd.DataFrame({"user": [*new["user"].unique(), "z"], "item": "new film", "rating": 1.0, "genre": "a"})
    pd.concat([new, films]).to_csv(tmp_path / "new.csv", index=False)

    scored = score(store, spec.id, 0, read_source(DataRequest(str(tmp_path / "new.csv"), kind="ratings", roles={"category": "genre"})))

    assert scored.labels[:90].tolist() == store.solution(spec.id, 0).labels.tolist()
    assert scored.customers[scored.set_aside].tolist() == ["nu999", "z"]
    assert [note.code for note in scored.notes] == ["taste.unseen_items", "taste.too_few_items"]


def test_a_sweep_is_named_by_its_components(store, asked):
    names = []
    for options in ({"n": 3}, {"components": "raw"}):
        taken = take_in(store, with_taste(asked, **options))
        plan = DEFAULT.plan(store.feature_table(taken.table), "ratings")
        points = [{"n_clusters": k, "tol": 1e-4} for k in (2, 3)]
        names.append(name_of(make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=points)))

    assert names == ["k-means, 2 or 3 segments · 3 components, PCA, centred", "k-means, 2 or 3 segments · 24 items as features"]
