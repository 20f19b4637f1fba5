"""Segments of vectors on the screens: what their customers buy, features that say something, and no dimension."""

import pytest

from segcore.clustering.algorithms.registry import algorithm
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.records.vectors import Vectors
from segcore.sweeps.spec import make_spec
from tests.segments.test_vector_segments import DIMENSION, orders_of_two_tastes

ALL_FOUR = ("v0", "v1", "v2", "v3")


@pytest.fixture
def baskets(store, tmp_path):
    """Take two tastes in with small vectors, as what a session opens."""
    orders_of_two_tastes().to_csv(tmp_path / "baskets.csv", index=False)
    request = DataRequest(str(tmp_path / "baskets.csv"), vectors=Vectors(dimensions=4, epochs=5))
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken


@pytest.fixture
def swept(store, finish, baskets):
    """Return a function that sweeps two segments of vectors and other features."""

    def sweep(*others):
        points = algorithm("kmeans").parse_grid(("n_clusters=2", "tol=0.0001", "n_init=1")).points()
        return finish(make_spec(store, baskets.table, baskets.data, Plan((*ALL_FOUR, *others)), algorithm="kmeans", points=points))

    return sweep


def shown(app, words):
    """Return everything that a page says, also in its tables and figures."""
    tables = [frame.value.to_csv() for frame in app.dataframe]
    return "\n".join([words(app), *tables, *(figure.proto.spec for figure in app.get("plotly_chart"))])


def test_segments_show_what_is_bought_and_features_without_a_dimension(swept, open_app, words):
    app = open_app("segments", sweep=swept().id)
    app.button(key="segments.rules").click().run()
    app.button(key="segments.tree").click().run()
    app.button(key="segments.map").click().run()

    assert not app.exception
    assert "of the variance of the 4 dimensions of vectors as clustered" in words(app)
    assert not DIMENSION.search(" ".join(app.selectbox(key="segments.map.colour").options))
    (choice,) = [box for box in app.selectbox if box.label == "Segment"]
    assert [name[:5] for name in choice.options] == ["Buy b", "Buy a"]
    assert "**What its customers buy**" in words(app)
    (compared,) = [frame.value for frame in app.dataframe if "Difference, sd" in frame.value]
    assert "Compactness" not in compared and compared["Feature"].str.startswith("Recency").any()
    assert not DIMENSION.search(shown(app, words))
    assert "tick them on Features" in words(app)


def test_every_feature_on_segments_is_every_one_but_the_dimensions(swept, open_app, words):
    app = open_app("segments", sweep=swept().id)
    app.toggle(key="segments.every").set_value(True).run()
    assert not app.exception and not DIMENSION.search(shown(app, words))


def test_vectors_beside_other_features_are_told_by_features(swept, open_app, words):
    app = open_app("segments", sweep=swept("Recency").id)
    assert not app.exception
    assert "**What its customers buy**" not in words(app) and not DIMENSION.search(shown(app, words))


@pytest.mark.parametrize(("others", "tabs"), [((), ["Sizes", "Each customer"]), (("Recency",), ["Sizes", "Compactness", "Each customer"])])
def test_explore_maps_the_compactness_of_no_dimension(swept, open_app, words, others, tabs):
    app = open_app("explore", sweep=swept(*others).id)
    app.session_state["explore.tab"] = tabs[1]
    app.run()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == tabs
    assert not DIMENSION.search(shown(app, words))


def test_a_sweep_of_vectors_says_how_many_dimensions_instead_of_their_names(baskets, open_app, words):
    app = open_app("sweep")
    assert "4 features: vectors of 4 dimensions" in words(app) and "Also 25 segments" not in {button.label for button in app.button}


def test_vectors_beside_other_features_are_weighed_and_looked_at_in_words(baskets, open_app, words):
    app = open_app("features")
    app.checkbox(key=f"tick.{baskets.table[:12]}.Recency").check().run()
    assert not app.exception
    (weights,) = [frame.value for frame in app.dataframe if "Counts for" in frame.value]
    assert weights["Feature"].tolist() == ["All 4 dimensions", "Recency"] and weights["Counts for"].sum() == pytest.approx(100)
    app.session_state["features.tab"] = "Correlations"
    app.run()
    assert not app.exception and "their correlations are not shown" in words(app)
