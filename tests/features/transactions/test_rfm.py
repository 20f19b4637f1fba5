"""Scores by fifths and their names, by hand and against plain pandas."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.data.sources import read_source
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.features.transactions.rfm import GRID, SEGMENTS, describe_rfm, fit_cuts, rfm_scores, rfm_segments
from segcore.records.intake import DataRequest
from tests.examples import few

SCORES = ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_score")

COLUMNS = {"recency": ("At",), "frequency": ("Ticket",), "monetary": ("Unit",)}


def scores_of(recency, orders, spend, cuts=None):
    measured = [np.asarray(values, dtype=float) for values in (recency, orders, spend)]
    return rfm_scores(*measured, cuts or fit_cuts(*measured))


def test_every_pair_of_scores_has_one_of_the_eleven_names():
    pairs = list(product(range(1, 6), repeat=2))

    names = rfm_segments(*np.array(pairs).T)

    assert sorted(GRID) == [1, 2, 3, 4, 5]
    assert all(len(row) == 5 for row in GRID.values())
    assert set(names) == set(SEGMENTS)
    assert len(SEGMENTS) == len(set(SEGMENTS)) == 11
    named = dict(zip(pairs, names, strict=True))
    assert named[5, 5] == named[5, 4] == "Champions"
    assert (named[5, 1], named[4, 1], named[1, 1], named[1, 5], named[3, 3]) == (
        "New customers",
        "Promising",
        "Lost",
        "Can't lose them",
        "Need attention",
    )
    assert (named[2, 1], named[2, 3], named[3, 1], named[4, 4], named[5, 2]) == (
        "Hibernating",
        "At risk",
        "About to sleep",
        "Loyal customers",
        "Potential loyalists",
    )


def test_ten_customers_fall_into_five_pairs():
    # Quantiles of 1..10 are 2.8, 4.6, 6.4 and 8.2.
    scores = scores_of(range(1, 11), range(1, 11), range(10, 110, 10))

    assert list(scores["rfm_recency"]) == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert list(scores["rfm_frequency"]) == list(scores["rfm_monetary"]) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert list(scores["rfm_score"]) == [7, 7, 8, 8, 9, 9, 10, 10, 11, 11]


def test_equal_values_have_equal_scores_and_the_dictionary_says_which_are_empty():
    # Half of the customers have one order: the cut-points are 1, 1, 2.4 and 4.2 (positions 1.8, 3.6, 5.4 and 7.2 of nine gaps).
    orders = [1, 1, 1, 1, 1, 2, 3, 4, 5, 6]
    cuts = fit_cuts(np.arange(10.0), np.array(orders, dtype=float), np.arange(10.0))

    scores = scores_of(range(10), orders, range(10), cuts)

    assert cuts["frequency"] == pytest.approx([1, 1, 2.4, 4.2])
    assert list(scores["rfm_frequency"]) == [1, 1, 1, 1, 1, 3, 4, 4, 5, 5]
    entries = {entry.name: entry for entry in describe_rfm(cuts, COLUMNS)}
    assert "1 up to 1, 2 up to 1, 3 up to 2.4, 4 up to 4.2, 5 above" in entries["rfm_frequency"].description
    assert entries["rfm_frequency"].description.endswith("Here bounds coincide, and nobody has the score 2.")
    assert "coincide" not in entries["rfm_monetary"].description
    assert entries["rfm_segment"].dropped
    assert "Champions R5 F4-5; Loyal customers R3-4 F4-5;" in entries["rfm_segment"].description
    assert "Hibernating R2 F1-2, R1 F2; Lost R1 F1." in entries["rfm_segment"].description


def test_coinciding_bounds_of_recency_are_named_by_their_score():
    cuts = {"recency": [3.0, 3.0, 3.0, 9.0], "frequency": [1.0, 2.0, 3.0, 4.0], "monetary": [1.0, 2.0, 3.0, 4.0]}

    entry = describe_rfm(cuts, COLUMNS)[0]

    assert entry.description.endswith("nobody has the score 4 and 3.")
    assert list(scores_of([3, 4, 9, 10], [1] * 4, [1] * 4, cuts)["rfm_recency"]) == [5, 2, 2, 1]


def test_one_customer_and_equal_customers_have_scores():
    assert {name: value[0] for name, value in scores_of([4], [2], [7.5]).items()} == {
        "rfm_recency": 5,
        "rfm_frequency": 1,
        "rfm_monetary": 1,
        "rfm_score": 7,
    }
    assert set(scores_of([4] * 9, [2] * 9, [-7.5] * 9)["rfm_score"]) == {7}


def test_a_customer_on_a_cut_point_does_not_leave_it_for_the_last_digit():
    spend = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.1])

    cuts = fit_cuts(np.zeros(6), np.ones(6), spend)
    nudged = scores_of(np.zeros(6), np.ones(6), np.nextafter(spend, 2), cuts)

    assert list(nudged["rfm_monetary"]) == [1, 1, 2, 3, 4, 5]
    assert cuts["monetary"] == list(spend[1:5])


values = st.lists(st.floats(min_value=-1e6, max_value=1e6).map(lambda value: round(value, 2)), min_size=1, max_size=40)


@settings(max_examples=few(60), deadline=None)
@given(spend=values)
def test_scores_rise_with_the_value_and_cut_points_are_quantiles(spend):
    spend = np.array(spend)
    cuts = fit_cuts(spend, spend, spend)

    scores = rfm_scores(spend, spend, spend, cuts)

    np.testing.assert_allclose(cuts["monetary"], np.quantile(spend, [0.2, 0.4, 0.6, 0.8]), rtol=1e-9, atol=1e-6)
    ordered = np.argsort(spend, kind="stable")
    assert (np.diff(scores["rfm_monetary"][ordered]) >= 0).all()
    assert (np.diff(scores["rfm_recency"][ordered]) <= 0).all()
    for name in SCORES[:3]:
        assert set(scores[name]) <= {1, 2, 3, 4, 5}
    np.testing.assert_array_equal(scores["rfm_recency"] + scores["rfm_monetary"], np.full(len(spend), 6))


def test_new_customers_are_scored_by_the_cut_points_of_the_old(some_lines, dataset_of):
    lines = some_lines()
    whole = build_features(dataset_of(lines))
    some = lines[lines["Client"].isin(whole.customers[:5])]

    again = build_features(dataset_of(some), reference_date=whole.reference_date, fitted=whole.fitted)
    afresh = build_features(dataset_of(some), reference_date=whole.reference_date)

    np.testing.assert_array_equal(again.select(SCORES).values, whole.select(SCORES).values[:5])
    assert list(again.profile["rfm_segment"]) == list(whole.profile["rfm_segment"][:5])
    assert again.fitted == whole.fitted != afresh.fitted
    assert [entry.description for entry in again.dictionary if entry.name in SCORES] == [
        entry.description for entry in whole.dictionary if entry.name in SCORES
    ]


def test_the_segment_is_carried_along_and_never_clustered_on(some_lines, dataset_of):
    table = build_features(dataset_of(some_lines()))

    assert "rfm_segment" not in table.names
    assert set(table.profile["rfm_segment"]) <= set(SEGMENTS)
    assert feature_names(table, "rfm", "transactions") == ("Recency", "invoices", "total_spend")
    assert table.take(np.arange(3)).profile["rfm_segment"].shape == (3,)


def test_online_retails_scores_are_those_of_pandas(data_dir):
    table = build_features(read_source(DataRequest(str(data_dir / "online_retail.parquet"))))

    for name, measure, labels in (
        ("rfm_recency", "Recency", [5, 4, 3, 2, 1]),
        ("rfm_frequency", "invoices", None),
        ("rfm_monetary", "total_spend", [1, 2, 3, 4, 5]),
    ):
        column = pd.Series(table.column(measure))
        if labels:
            expected = pd.qcut(column, 5, labels=labels).astype(float)
        else:
            expected = 1 + sum((column > column.quantile(part)).astype(float) for part in (0.2, 0.4, 0.6, 0.8))
        np.testing.assert_array_equal(table.column(name), expected)
    # 33 customers have cancelled orders alone and 1,494 have one order that is not: they share the lowest score.
    assert table.fitted["rfm"]["frequency"] == [1.0, 2.0, 3.0, 5.0]
    assert [int((table.column("invoices") == orders).sum()) for orders in (0, 1)] == [33, 1_494]
    assert (table.column("rfm_frequency") == 1).sum() == 1_527
