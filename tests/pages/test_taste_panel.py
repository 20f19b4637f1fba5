"""The panel of taste on Features: components at a click, what they are, and back."""

import numpy as np
import pandas as pd
import pytest

from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest


@pytest.fixture
def ratings(tmp_path):
    draw = np.random.default_rng(0)
    likes = draw.normal(0, 1.2, (3, 15))
    rows = [
        (f"u{who:02d}", f"i{what:02d}", float(np.clip(round(3 + likes[who % 3, what] + draw.normal(0, 0.5)), 1, 5)))
        for who in range(60)
        for what in np.flatnonzero(draw.random(15) < 0.6)
    ]
    pd.DataFrame(rows, columns=["user", "item", "rating"]).to_csv(tmp_path / "ratings.csv", index=False)
    return tmp_path / "ratings.csv"


@pytest.fixture
def opened(store, ratings):
    """Take the ratings in, as what a session opens."""
    request = DataRequest(str(ratings), kind="ratings", name="films")
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken


def test_components_are_computed_at_a_click_and_become_the_features(open_app, opened):
    app = open_app("features")
    assert app.selectbox(key="taste.matrix").value == "centred"
    app.number_input(key="taste.n").set_value(3)
    app.button(key="taste.compute").click().run()

    assert not app.exception
    taken, plan = app.session_state["segcore.intake"], app.session_state["segcore.plan." + app.session_state["segcore.intake"].table]
    assert taken.data["taste"]["n"] == 3
    assert plan.features == ("component_1", "component_2", "component_3") and plan.transforms == {}
    (table,) = [found.value for found in app.dataframe if "Strongest items" in found.value]
    assert table["Component"].tolist() == [1, 2, 3]
    assert all(1 <= len(text.split("; ")) <= 5 for text in table["Strongest items"])
    assert any("The first component explains" in caption.value for caption in app.caption)


def test_components_that_a_command_computed_on_spark_are_computed_here_at_a_click(open_app, store, opened, ratings):
    store.put_intake("app:latest-request", DataRequest(str(ratings), kind="ratings", name="films", frames="spark").to_json())
    app = open_app("features")
    app.number_input(key="taste.n").set_value(2)
    app.button(key="taste.compute").click().run()

    assert not app.exception and not app.error
    taken = app.session_state["segcore.intake"]
    assert taken.data["taste"]["n"] == 2 and "taste.on_spark" not in {note.code for note in taken.notes}


def test_the_share_of_the_distances_is_that_of_the_components(open_app, store, opened):
    app = open_app("features")
    app.number_input(key="taste.n").set_value(2)
    app.button(key="taste.compute").click().run()

    values = store.feature_table(app.session_state["segcore.intake"].table).values[:, -2:]
    (table,) = [found.value for found in app.dataframe if "Counts for" in found.value]
    np.testing.assert_allclose(table["Counts for"], 100 * values.var(axis=0) / values.var(axis=0).sum())
    assert table["Hint"].eq("").all()


def test_the_way_back_drops_the_components(open_app, opened):
    app = open_app("features")
    app.button(key="taste.compute").click().run()
    app.button(key="taste.drop").click().run()

    assert app.session_state["segcore.intake"].table == opened.table
    assert not [button for button in app.button if button.key == "taste.drop"]


def test_items_as_features_are_chosen_as_a_whole(open_app, opened):
    app = open_app("features")
    app.selectbox(key="taste.components").set_value("raw").run()
    app.button(key="taste.compute").click().run()

    labels = [box.label for box in app.checkbox]
    assert "All 15 items" in labels and not any(label.startswith("i0") for label in labels)


def test_what_cannot_be_computed_is_one_sentence(open_app, opened):
    app = open_app("features")
    app.selectbox(key="taste.components").set_value("nmf").run()
    app.button(key="taste.compute").click().run()

    (error,) = [found.value for found in app.error]
    assert error.startswith("NMF needs values of at least 0") and error.endswith("choose other values.")
    assert app.session_state["segcore.intake"].table == opened.table


def test_customer_tables_have_no_panel(open_app, store, tmp_path):
    pd.DataFrame({"id": [f"c{at}" for at in range(30)], "age": np.arange(30) * 7 % 40}).to_csv(tmp_path / "c.csv", index=False)
    request = DataRequest(str(tmp_path / "c.csv"), kind="customers")
    take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())

    assert not [button for button in open_app("features").button if button.key == "taste.compute"]


def test_the_usual_number_of_segments_of_taste_is_added_to_the_grid_at_one_click(open_app, store, opened, ratings):
    from segcore.intake.added_features import take_in_added
    from segcore.records.taste import Taste

    request = DataRequest(str(ratings), kind="ratings", name="films", taste=Taste(n=3))
    assert not [button for button in open_app("sweep").button if button.label == "Also 25 segments"], "without features of taste"

    take_in_added(store, opened, request)
    store.put_intake("app:latest-request", request.to_json())
    app = open_app("sweep")
    app.button(key="sweep.many.kmeans").click().run()

    assert not app.exception
    assert any("number of segments 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 25" in text.value.lower() for text in app.markdown)
    assert not [button for button in app.button if button.key == "sweep.many.kmeans"]
