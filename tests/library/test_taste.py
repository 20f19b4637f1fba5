"""Components of taste in a script."""

import numpy as np
import pandas as pd
import pytest

import segcore


@pytest.fixture(scope="module")
def ratings():
    draw = np.random.default_rng(1)
    likes = draw.normal(0, 1.3, (2, 16))
    rows = [
        (f"u{who:02d}", f"i{what:02d}", float(np.clip(round(3 + likes[who % 2, what] + draw.normal(0, 0.4)), 1, 5)))
        for who in range(60)
        for what in np.flatnonzero(draw.random(16) < 0.6)
    ]
    return pd.DataFrame(rows, columns=["user", "item", "rating"])


def test_planted_tastes_are_swept_and_scored(ratings):
    data = segcore.load(ratings, kind="ratings", name="films")
    plan = data.plan("components=2", matrix="centred")

    sweep = plan.sweep("kmeans", n_clusters=2, evidence="none")
    labels = sweep.point(n_clusters=2).labels
    again = sweep.point(n_clusters=2).score(ratings)

    assert labels.groupby(labels.index.str[1:].astype(int) % 2).nunique().tolist() == [1, 1]
    assert again["segment"].tolist() == labels.tolist()
    assert data.sweeps()["name"].tolist() == ["k-means, 2 segments · 2 components, PCA, centred"]


def test_planted_tastes_are_followed_and_so_are_the_new_ones(ratings):
    point = (
        segcore.load(ratings, kind="ratings", name="films")
        .plan("components=2", matrix="centred")
        .sweep(n_clusters=2, evidence="none")
        .points[0]
    )
    draw = np.random.default_rng(0)
    later = ratings[draw.random(len(ratings)) < 0.9]

    found = point.over_time(later)
    again = found.refit.over_time(ratings)

    assert not found.segment_again and found.customers()["then"].equals(found.customers()["now"])
    assert found.refit.names() == {label: point.names()[kept] for label, kept in found.record.refit.partners.items()}
    assert not again.segment_again and len(again.customers()) == 60
    assert [fate.endswith("100 % of those in either.") for fate in found.fates] == [True, True]


def test_components_are_listed_with_what_they_explain(ratings):
    plan = segcore.load(ratings, kind="ratings").plan("components=3", matrix="zero")
    dense = ratings.pivot(index="user", columns="item", values="rating").fillna(0).to_numpy()
    variances = np.linalg.svd(dense - dense.mean(axis=0), compute_uv=False) ** 2

    found = plan.components

    np.testing.assert_allclose(found["explained"], variances[:3] / variances.sum())
    np.testing.assert_allclose(found["cumulative"], np.cumsum(variances[:3]) / variances.sum())
    assert found["by_chance"].isna().all()
    assert all(len(text.split("; ")) == 5 for text in found["high"])
    assert segcore.load(ratings, kind="ratings").plan("components=auto").components["by_chance"].notna().all()
    assert segcore.load(ratings, kind="ratings").plan().components.empty


def test_a_word_for_components_has_to_be_one(ratings):
    data = segcore.load(ratings, kind="ratings")

    with pytest.raises(segcore.ParameterError, match="Unknown matrix 'dense'"):
        data.plan("components=2", matrix="dense")
    with pytest.raises(segcore.ParameterError, match="of 'item' is about components"):
        data.plan("all", of="item")


def test_components_can_be_asked_of_spark(ratings, spark):
    here, there = (segcore.load(ratings, kind="ratings", frames=frames).plan("components=2") for frames in ("pandas", "spark"))

    np.testing.assert_allclose(here.components["explained"], there.components["explained"], atol=1e-6)
    assert here.components["high"].tolist() == there.components["high"].tolist()
    assert there.intake.notes[-1].code == "taste.on_spark"


def test_spark_that_is_not_installed_is_needed_for_components_only(ratings, monkeypatch):
    monkeypatch.setattr("segcore.wording.spark.runs_here", lambda: False)
    monkeypatch.setattr("segcore.wording.spark.spark_version", lambda: "")
    data = segcore.load(ratings, kind="ratings", frames="spark")

    assert data.plan("all").features
    with pytest.raises(segcore.SegcoreError, match="Spark is not installed"):
        data.plan("components=2", least_customers=3)


def test_a_priority_keeps_the_proportions_of_components(ratings):
    data = segcore.load(ratings, kind="ratings")
    plain, high, all_high = (
        data.plan("components=3", weights=weights)
        for weights in ({}, {"component_3": "high"}, {"component_1": "high", "component_2": "high", "component_3": "high"})
    )
    assert plain.record.weights == {} and set(all_high.record.weights.values()) == {high.record.weights["component_3"]}
