"""Ratings: worked by hand, against plain pandas, in every frame library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.errors import DataError, ParameterError
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.features.ratings import ratings_notes
from segcore.records.data_rules import ColumnRules
from segcore.wording.findings import sentence
from tests.examples import few

ROLES = {"customer": "User", "item": "Film", "rating": "Stars", "time": "When", "category": "Genre"}
BASE = {"customer": "User", "item": "Film", "rating": "Stars"}


def films():
    return pd.DataFrame(
        {
            "User": ["a", "a", "a", "b", "b", "c"],
            "Film": ["x", "y", "x", "x", "z", "y"],
            "Stars": [5.0, 1.0, 3.0, 4.2, 4.0, 1.8],
            "When": pd.to_datetime(
                ["2024-01-01 10:00", "2024-01-01 23:00", "2024-01-05 00:00", "2024-01-02", "2024-01-03", "2024-01-11 12:00"],
                format="ISO8601",
            ).astype("datetime64[us]"),
            "Genre": ["drama", "war", "drama", "drama", None, "opera"],
        }
    )


def entry_of(table, name):
    return next(entry for entry in table.dictionary if entry.name == name)


def test_six_ratings_by_hand(dataset_of):
    table = build_features(dataset_of(films(), ROLES, "ratings"), columns=ColumnRules(max_categories=2))

    a, b, c = ({name: float(table.column(name)[row]) for name in table.names} for row in range(3))
    assert list(table.customers) == ["a", "b", "c"]
    assert (a["n_ratings"], a["mean_rating"], a["distinct_items"]) == (3, 3, 2)
    assert a["rating_spread"] == pytest.approx((8 / 3) ** 0.5)
    # The scale is 1 to 5: its top fifth begins at 4.2, its lowest ends at 1.8.
    assert [user["share_top"] for user in (a, b, c)] == [pytest.approx(1 / 3), 0.5, 0]
    assert [user["share_low"] for user in (a, b, c)] == [pytest.approx(1 / 3), 0, 1]
    assert [user["Recency"] for user in (a, b, c)] == [6, 8, 0]
    assert [user["tenure_days"] for user in (a, b, c)] == [pytest.approx(10 + 2 / 24), 9.5, 0]
    assert [user["active_days"] for user in (a, b, c)] == [2, 2, 1]
    shares = [name for name in table.names if name.startswith("rating_share_")]
    assert shares == ["rating_share_drama", "rating_share_(none)", "rating_share_(other)"]
    np.testing.assert_allclose(table.select(shares).values, [[2 / 3, 0, 1 / 3], [0.5, 0.5, 0], [0, 0, 1]])
    assert table.reference_date == "2024-01-11T12:00:00"
    assert table.revenue is None
    assert table.fitted == {"scale": [1.0, 5.0], "categories": {"chosen": ["drama", "(none)"], "other": True}}


def test_the_dictionary_explains_every_feature_and_says_what_is_missing(dataset_of):
    table = build_features(dataset_of(films(), ROLES, "ratings"))
    base = build_features(dataset_of(films(), BASE, "ratings"))

    assert {entry.name for entry in table.dictionary if entry.dropped is None} == set(table.names)
    assert all(entry.description.endswith(".") and entry.columns and entry.unit for entry in table.dictionary if entry.dropped is None)
    assert entry_of(table, "n_ratings").description.endswith("including repeated ratings of the same Film (1 here).")
    assert "Ratings of 4.2 and above" in entry_of(table, "share_top").description
    assert sentence(entry_of(base, "Recency").dropped) == "no column has the role time"
    assert sentence(entry_of(base, "rating_share").dropped) == "no column has the role category"
    assert base.reference_date is None
    assert feature_names(base, "all", "ratings") == base.names == table.names[:6]
    with pytest.raises(ParameterError, match="needs transactions"):
        feature_names(base, "kit", "ratings")


def test_new_customers_have_the_scale_and_the_categories_of_the_old(dataset_of):
    old = build_features(dataset_of(films(), ROLES, "ratings"), columns=ColumnRules(max_categories=2))
    new = films().iloc[[3, 4]].assign(Genre=["western", "war"])

    table = build_features(dataset_of(new, ROLES, "ratings"), fitted=old.fitted, reference_date="2024-02-01")

    assert table.names == old.names
    assert table.fitted == old.fitted
    assert table.column("share_top")[0] == 0.5
    assert table.column("rating_share_(other)")[0] == 1
    assert entry_of(table, "share_top") == entry_of(old, "share_top")


def test_one_rating_for_all_leaves_no_top_and_no_low(dataset_of):
    table = build_features(dataset_of(films().assign(Stars=3.0), BASE, "ratings"))

    assert sentence(entry_of(table, "share_top").dropped) == sentence(entry_of(table, "share_low").dropped) == "every rating is the same"
    assert table.column("rating_spread").max() == 0


def test_ratings_after_the_reference_date_and_too_large_ones_are_refused(dataset_of):
    with pytest.raises(DataError, match="after the reference date"):
        build_features(dataset_of(films(), ROLES, "ratings"), reference_date="2024-01-10")
    with pytest.raises(DataError, match="ratings of customer 'a' are too large"):
        build_features(dataset_of(films().assign(Stars=[1e308, 1e308, 0, 0, 0, 0]), BASE, "ratings"))


@settings(max_examples=few(25), deadline=None)
@given(stars=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 10)), min_size=1, max_size=40))
def test_counts_add_up_and_means_lie_within_the_scale(dataset_of, stars):
    rows = pd.DataFrame(stars, columns=["User", "Stars"]).assign(Film="x").astype({"Stars": float})

    table = build_features(dataset_of(rows, BASE, "ratings"))

    assert table.column("n_ratings").sum() == len(rows)
    mean = table.column("mean_rating")
    assert ((mean >= rows["Stars"].min()) & (mean <= rows["Stars"].max())).all()
    assert (table.column("distinct_items") == 1).all()
    assert np.isfinite(table.values).all()


def test_a_rating_counts_for_each_genre_of_its_film(dataset_of):
    rows = films().assign(Genre=["Drama|War", "War", "Drama|War", " Drama | Comedy ", None, "Opera|Opera|"])

    dataset = dataset_of(rows, ROLES, "ratings")
    table = build_features(dataset, columns=ColumnRules(max_categories=2))

    # a has 2 dramas and 3 films of war; b a drama, a comedy and one film without a genre; c one opera.
    shares = ["rating_share_Drama", "rating_share_War", "rating_share_(other)"]
    np.testing.assert_allclose(table.select(shares).values, [[2 / 5, 3 / 5, 0], [1 / 3, 0, 2 / 3], [0, 0, 1]])
    rated = table.purchases["category"]
    assert rated.names == ("(none)", "Comedy", "Drama", "Opera", "War")
    counts = np.zeros((3, 5), int)
    counts[rated.customers, rated.items] = rated.counts
    assert counts.tolist() == [[0, 0, 2, 0, 3], [1, 1, 1, 0, 0], [0, 0, 0, 1, 0]]
    assert entry_of(table, "rating_share_War").description == (
        "Number of ratings where Genre is War or contains it, divided by the sum of these numbers over all values, since a rating counts "
        "for each."
    )
    assert [sentence(note) for note in ratings_notes(dataset, table)] == [
        "1 of 6 ratings repeats an item that the customer has rated before: the last one counts as the customer's rating of that Film.",
        "Genre has several values separated by |: a rating counts for each of them (5 different values).",
    ]


def test_rows_without_a_rating_are_counted_for_each_item(dataset_of):
    roles = {role: column for role, column in ROLES.items() if role != "rating"}
    dataset = dataset_of(films().drop(columns="Stars"), roles, "ratings")
    table = build_features(dataset)

    # a had x twice and y once; b had x and z; c had y.
    a, b, c = ({name: float(table.column(name)[row]) for name in table.names} for row in range(3))
    assert [(user["n_ratings"], user["mean_rating"], user["distinct_items"]) for user in (a, b, c)] == [(3, 1.5, 2), (2, 1, 2), (1, 1, 1)]
    assert [user["rating_spread"] for user in (a, b, c)] == [0.5, 0, 0]
    assert "share_top" not in table.names
    assert sentence(entry_of(table, "share_top").dropped) == "rows are counted instead of ratings on a scale"
    counts = table.purchases["item"]
    assert (counts.names, counts.starts.tolist(), counts.items.tolist()) == (("x", "y", "z"), [0, 2, 4, 5], [0, 1, 0, 2, 1])
    assert counts.counts.dtype == np.int32 and counts.counts.tolist() == [2, 1, 1, 1, 1]
    assert ratings_notes(dataset, table) == []


def test_fifty_thousand_categories_leave_the_largest_and_a_rest(dataset_of):
    n = 50_000
    draw = np.random.default_rng(0)
    few_first = np.where(np.arange(2 * n) < n, np.arange(2 * n) % 5, np.arange(2 * n) - n)
    rows = pd.DataFrame(
        {
            "User": draw.integers(0, 500, 2 * n).astype(str),
            "Film": few_first.astype(str),
            "Stars": draw.integers(1, 6, 2 * n).astype(float),
            "Genre": [f"g{number}" for number in few_first],
        }
    )
    table = build_features(dataset_of(rows, {**BASE, "category": "Genre"}, "ratings"), columns=ColumnRules(max_categories=5))

    shares = [name for name in table.names if name.startswith("rating_share_")]
    assert shares == [*(f"rating_share_g{number}" for number in range(5)), "rating_share_(other)"]
    np.testing.assert_allclose(table.select(shares).values.sum(axis=1), 1)
    assert len(table.purchases["category"].names) == n


@settings(max_examples=few(50), deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 10), st.integers(0, 3)), min_size=1, max_size=30)
)
@pytest.mark.parametrize("dated", [True, False])
def test_one_rating_stays_for_each_customer_and_item(dataset_of, rows, dated):
    frame = pd.DataFrame(rows, columns=["User", "Film", "Stars", "When"]).astype({"Stars": float})
    frame["When"] = pd.to_datetime(frame["When"], unit="D").astype("datetime64[us]")
    roles = {**BASE, "time": "When"} if dated else BASE

    rated = build_features(dataset_of(frame, roles, "ratings")).purchases["item"]

    ordered = frame.sort_values("When", kind="stable").groupby(["User", "Film"])["Stars"].last()
    expected = ordered if dated else frame.groupby(["User", "Film"])["Stars"].mean()
    users = sorted(set(frame["User"]))
    found = {(users[row], rated.names[item]): stars for row, item, stars in zip(rated.customers, rated.items, rated.counts, strict=True)}
    assert found == pytest.approx(expected.to_dict())
