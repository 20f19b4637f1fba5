"""Tick features, scale, set outliers aside."""

import json

import pytest


def ticked(app):
    return [box.label for box in app.checkbox if box.value]


def fields(app):
    return {field.label: field.value for field in app.text_input}


def frame_with(app, column):
    """Return the table on the page that has a column."""
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def look_at(app, tab):
    """Open one of the views below the form."""
    app.session_state["features.tab"] = tab
    app.run()
    assert not app.exception
    return app


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def test_the_behaviour_features_are_ticked_at_first_and_no_outlier_rule(open_app, small_intake, store, words):
    app = open_app("features")
    assert len(ticked(app)) == 12
    assert f"12 of {len(store.feature_table(small_intake.table).names)} features ticked" in words(app)
    assert app.toggle(key="features.outliers").value is False
    assert app.session_state[f"segcore.choice.{small_intake.table}"].scaler == "standard"


@pytest.mark.parametrize(("label", "number"), [("The Intel kit's 21", 21), ("The kit's small 3", 3), ("All", None), ("Behaviour", 12)])
def test_a_set_is_ticked_by_one_click(open_app, small_intake, store, words, label, number):
    app = press(open_app("features"), label)
    assert len(ticked(app)) == (number or len(store.feature_table(small_intake.table).names))
    assert f"the set “{label}”" in words(app)


def test_without_a_tick_it_asks_for_one_and_the_sweep_page_too(open_app, small_intake, words):
    app = press(open_app("features"), "None")
    assert [warning.value for warning in app.warning] == ["Tick at least one feature."]
    app.switch_page("pages/sweep.py").run()
    assert not app.exception
    assert "No feature is ticked" in words(app)
    assert not [button for button in app.button if button.label == "Run sweep"]


def test_a_tick_survives_a_change_of_page(open_app, small_intake):
    app = open_app("features")
    next(box for box in app.checkbox if box.label == "Recency").uncheck().run()
    app.segmented_control(key="features.scaler").set_value("robust").run()
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/features.py").run()
    assert "Recency" not in ticked(app)
    assert len(ticked(app)) == 11
    assert app.segmented_control(key="features.scaler").value == "robust"


def test_the_kits_setting_is_one_click_for_features_rule_and_grid(open_app, small_intake):
    app = press(open_app("features"), "Use the Intel kit's setting")
    chosen = app.session_state[f"segcore.choice.{small_intake.table}"]
    assert (len(chosen.features), chosen.outliers, chosen.scaler, chosen.repeats) == (21, "kit", "standard", 1)
    app.switch_page("pages/sweep.py").run()
    assert fields(app) == {
        "Values of number of segments": "2, 3, 4, 5, 10, 15, 20, 25, 30",
        "Tolerance": "0.001, 0.0001, 1e-05",
        "Starts": "",
    }
    assert "27 points" in "".join(element.value for element in app.markdown)
    app.segmented_control(key="sweep.algorithm").set_value("dbscan").run()
    assert fields(app) == {"Neighbours (customers)": "10, 50, 100", "Radius eps (scaled units)": "0.3, 0.5, 0.7"}
    app.switch_page("pages/features.py").run()
    press(app, "Use segcore's defaults")
    assert len(ticked(app)) == 12
    app.switch_page("pages/sweep.py").run()
    app.segmented_control(key="sweep.algorithm").set_value("kmeans").run()
    assert "11 points" in "".join(element.value for element in app.markdown)


def test_the_outlier_rule_says_whom_it_leaves_out(open_app, small_intake, store, words):
    from segcore.features.assemble import kit_outliers

    table = store.feature_table(small_intake.table)
    out = ~kit_outliers(table)
    app = open_app("features")
    assert f"The rule would leave out {out.sum()} customer" in words(app)
    app.toggle(key="features.outliers").set_value(True).run()
    assert not app.exception
    assert "left out of the clustering" in words(app)


def test_repeats_are_hidden_among_what_is_advanced(open_app, small_intake):
    app = open_app("features")
    assert "Advanced: repeats and seed" in [expander.label for expander in app.expander]
    app.number_input(key="features.repeats").set_value(3).run()
    app.switch_page("pages/sweep.py").run()
    assert "135 rows, 3 copies of each customer" in "".join(element.value for element in app.markdown)


def test_each_ticked_feature_is_shown_with_its_spread(open_app, small_intake, store):
    app = open_app("features")
    table = store.feature_table(small_intake.table)
    rows = frame_with(app, "Distribution").set_index("Feature")
    assert len(rows) == 12
    assert rows.loc["Recency", "Maximum"] == table.column("Recency").max()
    assert sum(rows.loc["Recency", "Distribution"]) <= len(table)


def test_near_duplicates_are_pointed_out_in_words(open_app, small_intake, words):
    app = look_at(open_app("features"), "Correlations")
    assert "say nearly the same" in words(app)
    app = press(app, "All")
    assert "say nearly the same (r = " in words(app)
    assert "untick one of the two" in words(app)
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert {chart["data"][0]["type"] for chart in charts} == {"heatmap"}


def test_one_of_two_near_duplicates_is_unticked_by_a_click(open_app, small_intake):
    app = look_at(press(open_app("features"), "All"), "Correlations")
    button = next(button for button in app.button if button.key.startswith("untick."))
    name = button.key.rsplit(".", 1)[1]
    before = app.session_state[f"segcore.choice.{small_intake.table}"].features
    button.click().run()
    assert not app.exception
    assert set(before) - set(app.session_state[f"segcore.choice.{small_intake.table}"].features) == {name}


def test_the_data_dictionary_explains_every_feature(open_app, small_intake, store):
    dictionary = frame_with(look_at(open_app("features"), "Data dictionary"), "Name in files")
    table = store.feature_table(small_intake.table)
    assert set(table.names) <= set(dictionary["Name in files"])
    assert dictionary["What it is"].str.len().min() > 10
    assert dictionary["Ticked"].sum() == 12
