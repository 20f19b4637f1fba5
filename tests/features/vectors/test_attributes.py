"""Attributes predicted from vectors: those that follow from the group, and those that do not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from segcore.features.vectors.attributes import Attribute, attributes_of, check_attribute, predicts
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding

N = 240


@pytest.fixture
def groups():
    """Return four groups of customers, and eight dimensions in which they differ, at unit length."""
    draw = np.random.default_rng(0)
    group = draw.choice(4, N, p=[0.4, 0.3, 0.2, 0.1])
    X = np.eye(4, 8)[group] + draw.normal(0, 0.3, (N, 8))
    return SimpleNamespace(group=group, X=X / np.linalg.norm(X, axis=1, keepdims=True), noise=draw.normal(size=(N, 8)), draw=draw)


def texts(values):
    return np.array([str(value) for value in values], dtype=object)


def test_an_attribute_that_follows_from_the_group_is_predicted_from_vectors_that_know_it(groups):
    found = check_attribute(Attribute("group", texts(groups.group)), groups.X, groups.noise, seed=0)

    assert found.values == 4 and found.cust2vec.sample_size == N
    assert found.majority.value == np.bincount(groups.group).max() / N
    assert found.cust2vec.low > 0.75 > found.majority.high
    assert found.over_shares.low > 0.3
    assert found.over_shares.value == pytest.approx(found.cust2vec.value - found.shares.value)


@pytest.mark.parametrize("seed", range(2))
def test_an_attribute_that_does_not_follow_is_predicted_as_the_most_frequent_value(groups, seed):
    values = np.random.default_rng(100 + seed).choice(["low", "middle", "high"], N, p=[0.5, 0.3, 0.2])

    found = check_attribute(Attribute("income", texts(values)), groups.X, groups.X, seed=seed)

    assert found.cust2vec.low <= found.majority.value <= found.cust2vec.high
    assert found.over_shares.value == 0


def test_the_scale_of_all_features_together_does_not_matter(groups):
    alike = [predicts(groups.X * scale, groups.group, seed=1).tolist() for scale in (1.0, 1024.0)]

    assert alike[0] == alike[1]


def test_customers_without_a_value_are_not_counted(groups):
    values = texts(groups.group)
    values[:50] = None

    assert check_attribute(Attribute("group", values), groups.X, None, seed=0).cust2vec.sample_size == N - 50


def test_without_a_plain_rival_it_is_undefined(groups):
    found = check_attribute(Attribute("group", texts(groups.group)), groups.X, None, seed=0)

    assert found.shares.value is None and found.over_shares.reason


def table_of(profile, **more):
    n = len(next(iter(profile.values()), np.zeros(N)))
    return FeatureTable(np.zeros((n, 0)), (), texts(range(n)), np.zeros(n, np.int32), (), profile=profile, **more)


def test_categories_with_enough_customers_are_attributes():
    at = np.arange(N)
    profile = {
        "zip": texts(np.where(at % 2, "01", "1")),  # as different as they are written
        "children": np.where(at % 3, 2.0, np.nan),
        "campaigns": (at % 3).astype(float),
        "age": 20 + at / 7,
        "town": texts(at % 21),
        "country": texts(np.where(at < N - 9, "FR", "DE")),
        "plan": texts(np.where(at < N - 10, "basic", "gold")),
        "club": np.where(at < 99, texts(at % 2), None),
        "rfm_segment": texts(at % 4),
    }

    found = {one.column: one for one in attributes_of(table_of(profile))}

    assert list(found) == ["zip", "campaigns", "plan", "rfm_segment"]
    assert sorted(set(found["zip"].texts)) == ["01", "1"] and set(found["campaigns"].texts) == {"0", "1", "2"}
    assert [name for name, one in found.items() if one.by_construction] == ["rfm_segment"]


def test_a_rare_value_is_left_out():
    at = np.arange(N)

    [found] = attributes_of(table_of({"plan": texts(np.where(at < 5, "gold", at % 2))}))

    assert set(found.texts) == {"0", "1", None} and [text is None for text in found.texts].count(True) == 5


def test_without_profile_columns_there_are_no_attributes():
    assert attributes_of(table_of({})) == ()


def test_a_column_that_describes_orders_is_true_by_construction():
    at = np.arange(N)
    entries = tuple(
        FeatureEntry(name, name, "", "", (name,), Finding(code))
        for name, code in (("basket", "column.of_orders"), ("stage", "column.of_customers"))
    )

    found = attributes_of(replace(table_of({"basket": texts(at % 2), "stage": texts(at % 3)}), dictionary=entries))

    assert [(one.column, one.by_construction) for one in found] == [("basket", True), ("stage", False)]


def test_the_category_with_the_largest_spend_is_an_attribute_by_construction():
    shares = np.repeat([[0.6, 0.4], [0.1, 0.9], [0.0, 0.0]], 60, axis=0)
    names = ("spend_share_MEAT", "spend_share_(other)")
    entries = tuple(FeatureEntry(name, name, "", "", ("department", "amount")) for name in names)
    table = FeatureTable(shares, names, texts(range(180)), np.zeros(180, np.int32), entries)

    [found] = attributes_of(table)

    assert (found.column, found.by_construction) == ("dominant department", True)
    assert found.texts[[0, 60, 120]].tolist() == ["MEAT", "(other)", None]
