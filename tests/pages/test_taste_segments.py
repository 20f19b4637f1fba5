"""Segments of taste on the screens: named by what they like, predicted from one half of the items, and the other space to sweep."""

import numpy as np
import pandas as pd
import pytest

from segcore.clustering.algorithms.registry import algorithm
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.records.taste import Taste
from segcore.sweeps.spec import make_spec


@pytest.fixture
def tastes(store, finish, tmp_path):
    """Return a sweep of two tastes: each of 45 customers rates the films of one high, and those of the other low."""
    draw = np.random.default_rng(0)
    rows = [
        (f"u{who:02d}", f"film {'AB'[film % 2]}{film:02d}", 5 if film % 2 == who % 3 % 2 else int(draw.integers(1, 3)))
        for who in range(45)
        for film in range(20)
        if draw.random() < 0.8
    ]
    path = tmp_path / "ratings.csv"
    pd.DataFrame(rows, columns=["user", "item", "rating"]).to_csv(path, index=False)
    taken = take_in(store, DataRequest(str(path), kind="ratings", taste=Taste(of="item", matrix="centred", components="pca", n=2)))
    points = algorithm("kmeans").parse_grid(("n_clusters=2", "tol=0.0001", "n_init=1")).points()
    return finish(make_spec(store, taken.table, taken.data, Plan(("component_1", "component_2")), algorithm="kmeans", points=points))


def test_segments_are_named_by_what_they_like(tastes, open_app):
    app = open_app("segments", sweep=tastes.id)
    assert not app.exception
    (choice,) = [box for box in app.selectbox if box.label == "Segment"]
    assert [name[:11] for name in choice.options] == ["Like film A", "Like film B"]
    (apart,) = [found.value for found in app.markdown if found.value.startswith("Like film") and " vs " in found.value]
    assert "film A" in apart and "film B" not in apart


def test_both_predictions_are_shown_with_what_each_can_say(tastes, open_app, words):
    app = open_app("segments", sweep=tastes.id)
    app.button(key="segments.validate").click().run()
    assert not app.exception
    assert "By Bernoulli naive Bayes, from the items that each customer likes" in words(app)
    assert "made from these very items" in words(app) and "Gaussian" not in words(app)
    split, shuffled = (metric.value for metric in app.metric if "half of the items" in metric.label or "shuffled" in metric.label)
    assert split.startswith("100 % (") and 30 < float(shuffled.removesuffix(" %")) < 80
    assert "tastes carry over" in words(app)


def test_explore_says_how_to_see_the_other_space(tastes, open_app, words):
    assert "choose “The items themselves” under Taste on Features, and sweep again" in words(open_app("explore", sweep=tastes.id))
