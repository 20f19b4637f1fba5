"""Tick features, scale, set outliers aside."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet
import pytest
from scipy.stats import skew

from segcore import jobs
from segcore.features.assemble import kit_outliers
from segcore.features.distances import catch_up, distance_shares
from segcore.features.planning.sets import FEATURE_SETS
from segcore.features.preparation import prepare_rows
from segcore.features.transforms import fitted_transform, transformed
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from ui.features.downloads import dictionary_file, features_file


def customer_rows(n=60):
    """Return a bank's customers: three numbers, one of them with a long tail, two values, two categories, an id and an outcome."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "client_id": [f"K{number:03d}" for number in range(n)],
            "age": rng.integers(18, 80, n),
            "balance": np.round(rng.lognormal(6, 1.6, n), 2),
            "visits": rng.integers(0, 9, n),
            "housing": rng.choice(["yes", "no"], n, p=[0.6, 0.4]),
            "job": rng.choice(["admin", "manual", "retired"], n),
            "channel": rng.choice(["web", "shop", "phone", "post"], n),
            "churn": rng.choice(["yes", "no"], n),
        }
    )


@pytest.fixture
def customers(store, tmp_path):
    """Take the bank's customers in, as what a session opens."""
    path = tmp_path / "bank.csv"
    customer_rows().to_csv(path, index=False)
    return opened(store, DataRequest(data=str(path), kind="customers", name="bank.csv"))


@pytest.fixture
def ratings(store, tmp_path):
    """Take ratings of films in, as what a session opens."""
    rng = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "user": rng.integers(1, 30, 400),
            "film": rng.integers(1, 50, 400),
            "rating": rng.integers(1, 6, 400),
            "genre": rng.choice(["war", "love"], 400),
        }
    )
    path = tmp_path / "ratings.csv"
    rows.to_csv(path, index=False)
    roles = {"customer": "user", "item": "film", "rating": "rating", "category": "genre"}
    return opened(store, DataRequest(data=str(path), kind="ratings", roles=roles, name="ratings.csv"))


def opened(store, request):
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken


def chosen(app, taken):
    return app.session_state[f"segcore.plan.{taken.table}"]


def editor(app):
    return app.data_editor[0]


def edit(app, **rows):
    """Change cells of the table of weights: the row is found by its feature's title, ``_`` standing for blanks."""
    table = editor(app)
    titles = list(table.value["Feature"])
    edits = {titles.index(title.replace("_", " ")): cells for title, cells in rows.items()}
    app.session_state[table.key] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    app.run()
    assert not app.exception
    return app


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


def test_the_features_of_value_are_ticked_at_first_and_no_outlier_rule(open_app, small_intake, store, words):
    app = open_app("features")
    assert len(ticked(app)) == 5
    assert f"5 of {len(store.feature_table(small_intake.table).names)} features ticked" in words(app)
    assert app.toggle(key="features.outliers").value is False
    assert app.session_state[f"segcore.plan.{small_intake.table}"].scaler == "standard"


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("The Intel kit's 21", 21),
        ("The kit's small 3", 3),
        ("All", None),
        ("Behaviour", 12),
        ("Value", 5),
        ("RFM", len(FEATURE_SETS["rfm"])),
    ],
)
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
    assert len(ticked(app)) == 4
    assert app.segmented_control(key="features.scaler").value == "robust"


def test_the_kits_setting_is_one_click_for_features_rule_and_grid(open_app, small_intake):
    app = press(open_app("features"), "Use the Intel kit's setting")
    chosen = app.session_state[f"segcore.plan.{small_intake.table}"]
    assert (len(chosen.features), chosen.outliers, chosen.scaler, chosen.repeats) == (21, "kit", "standard", 1)
    app.switch_page("pages/sweep.py").run()
    assert fields(app) == {
        "Values of number of segments": "2, 3, 4, 5, 10, 15, 20, 25, 30",
        "Tolerance": "0.001, 0.0001, 1e-05",
        "Starts": "",
    }
    assert "27 solutions" in "".join(element.value for element in app.markdown)
    app.segmented_control(key="sweep.algorithm").set_value("dbscan").run()
    assert fields(app) == {"Neighbours (customers)": "10, 50, 100", "Radius eps (scaled units)": "0.3, 0.5, 0.7"}
    app.switch_page("pages/features.py").run()
    press(app, "Use segcore's defaults")
    assert len(ticked(app)) == 5
    app.switch_page("pages/sweep.py").run()
    app.segmented_control(key="sweep.algorithm").set_value("kmeans").run()
    assert "11 solutions" in "".join(element.value for element in app.markdown)


def test_the_outlier_rule_says_whom_it_leaves_out(open_app, small_intake, store, words):
    table = store.feature_table(small_intake.table)
    out = ~kit_outliers(table)
    app = open_app("features")
    assert f"The rule would leave out {out.sum()} customer" in words(app)
    app.toggle(key="features.outliers").set_value(True).run()
    assert not app.exception
    assert "left out. They can still be scored" in words(app)


def test_repeats_are_hidden_among_what_is_advanced(open_app, small_intake):
    app = open_app("features")
    assert "Advanced: copies and seed" in [expander.label for expander in app.expander]
    app.number_input(key="features.repeats").set_value(3).run()
    app.switch_page("pages/sweep.py").run()
    assert "135 rows, 3 copies of each customer" in "".join(element.value for element in app.markdown)


def test_each_ticked_feature_is_shown_with_its_spread(open_app, small_intake, store):
    app = open_app("features")
    table = store.feature_table(small_intake.table)
    rows = frame_with(app, "Distribution").set_index("Feature")
    assert len(rows) == 5
    assert rows.loc["Recency", "Maximum"] == table.column("Recency").max()
    assert sum(rows.loc["Recency", "Distribution"]) <= len(table)


def test_near_duplicates_are_pointed_out_in_words(open_app, small_intake, words):
    app = look_at(open_app("features"), "Correlations")
    assert "measure nearly the same" in words(app)
    app = press(app, "All")
    assert "measure nearly the same (r = " in words(app)
    assert "Untick one of the two" in words(app)
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert {chart["data"][0]["type"] for chart in charts} == {"heatmap"}


def test_one_of_two_near_duplicates_is_unticked_by_a_click(open_app, small_intake):
    app = look_at(press(open_app("features"), "All"), "Correlations")
    button = next(button for button in app.button if button.key.startswith("untick."))
    name = button.key.rsplit(".", 1)[1]
    before = app.session_state[f"segcore.plan.{small_intake.table}"].features
    button.click().run()
    assert not app.exception
    assert set(before) - set(app.session_state[f"segcore.plan.{small_intake.table}"].features) == {name}


def test_the_data_dictionary_explains_every_feature(open_app, small_intake, store):
    dictionary = frame_with(look_at(open_app("features"), "Data dictionary"), "Name in files")
    table = store.feature_table(small_intake.table)
    assert set(table.names) <= set(dictionary["Name in files"])
    assert dictionary["What it is"].str.len().min() > 10
    assert dictionary["Ticked"].sum() == 5


def test_weights_and_transforms_reach_the_choice_and_the_sweep(open_app, small_intake, store, words):
    app = edit(open_app("features"), Recency={"Priority": "High", "Transform": "Log"}, Orders={"Own factor": 1.75})
    assert chosen(app, small_intake).weights == {"Recency": 4.0, "invoices": 1.75}
    assert chosen(app, small_intake).transforms == {"Recency": "log", "days_between_orders": "log"}
    assert "**Recency** × 4 (high), **Orders** × 1.75. All other features count once" in words(app)
    app.switch_page("pages/sweep.py").run()
    assert "2 weighted" in words(app)
    assert "Log-transformed, because they are skewed: Recency and Average days between orders." in words(app)
    app.slider(key="grid.kmeans.n_clusters.span").set_range(2, 3).run()
    app.button(key="sweep.run").click().run()
    assert not app.exception
    (sweep_id,) = store.sweep_ids()
    assert jobs.wait(store, sweep_id, timeout=120).state == "done"
    assert store.spec(sweep_id).plan.weights == {"Recency": 4.0, "invoices": 1.75}
    assert store.spec(sweep_id).plan.transforms == {"Recency": "log", "days_between_orders": "log"}


def test_an_own_factor_stands_in_place_of_a_priority(open_app, small_intake):
    app = edit(open_app("features"), Recency={"Priority": "Low", "Own factor": 0.5})
    assert chosen(app, small_intake).weights == {"Recency": 0.5}


def test_weights_survive_a_change_of_page_and_of_ticks(open_app, small_intake):
    app = edit(open_app("features"), Recency={"Priority": "Medium"}, Orders={"Transform": "Power"})
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/features.py").run()
    rows = editor(app).value.set_index("Feature")
    assert rows.loc["Recency", "Priority"] == "Medium"
    assert rows.loc["Orders", "Transform"] == "Power"
    box = next(box for box in app.checkbox if box.label == "Recency")
    box.uncheck().run()
    assert chosen(app, small_intake).weights == {}
    next(box for box in app.checkbox if box.label == "Recency").check().run()
    assert chosen(app, small_intake).weights == {"Recency": 2.5}
    assert chosen(app, small_intake).transforms == {"invoices": "power", "days_between_orders": "log"}


def test_a_whole_setting_takes_weights_and_transforms_back(open_app, small_intake):
    app = edit(open_app("features"), Recency={"Priority": "High", "Transform": "Log"})
    app = press(app, "Use the Intel kit's setting")
    assert (chosen(app, small_intake).weights, chosen(app, small_intake).transforms) == ({}, {})
    assert set(editor(app).value["Priority"]) == {"–"}


def test_what_each_feature_counts_for_is_its_share_of_the_distances(open_app, small_intake, store):
    app = edit(open_app("features"), Recency={"Priority": "High", "Transform": "Log"}, Orders={"Own factor": 0.3})
    app.segmented_control(key="features.scaler").set_value("minmax").run()
    now, table = chosen(app, small_intake), store.feature_table(small_intake.table)
    X = prepare_rows(table, replace(now, scaler="minmax"))
    titles = {entry.name: entry.title for entry in table.dictionary}
    expected = {titles[name]: 100 * part for name, part in zip(now.features, distance_shares(X), strict=True)}
    found = editor(app).value.set_index("Feature")["Counts for"]
    assert {title: found[title] for title in expected} == pytest.approx(expected)


def test_skewed_features_are_logged_at_first_taken_back_by_one_click_and_logged_by_another(open_app, customers, store, words):
    app = open_app("features")
    table = store.feature_table(customers.table)
    logged = editor(app).value.set_index("Feature")
    assert chosen(app, customers).transforms == {"balance": "log"}
    assert logged.loc["balance", "Skewness"] == pytest.approx(skew(np.log1p(table.column("balance"))))
    assert "Log-transformed, because it is skewed: balance." in words(app)
    app = press(app, "Undo the transforms")
    rows = editor(app).value.set_index("Feature")
    assert chosen(app, customers).transforms == {}
    assert rows.loc["balance", "Skewness"] == pytest.approx(skew(table.column("balance")))
    assert (rows.loc["balance", "Hint"], rows.loc["age", "Hint"]) == ("try a log", "")
    app = press(app, "Log the skewed feature")
    assert chosen(app, customers).transforms == {"balance": "log"}
    app = press(app, "Undo the transforms")
    assert chosen(app, customers).transforms == {}


def test_one_transform_is_taken_back_in_the_table_and_stays_so(open_app, customers):
    app = edit(open_app("features"), balance={"Transform": "–"})
    assert chosen(app, customers).transforms == {}
    next(box for box in app.checkbox if box.label == "balance").uncheck().run()
    next(box for box in app.checkbox if box.label == "balance").check().run()
    assert chosen(app, customers).transforms == {}


def test_an_idea_counts_once_and_in_full_by_one_click(open_app, small_intake, store, words):
    app = press(open_app("features"), "Behaviour")
    assert chosen(app, small_intake).ideas == "once"
    assert "Counted together as two features: Share on Mondays, " in words(app)
    counts = editor(app).value.set_index("Feature")["Counts for"]
    table = store.feature_table(small_intake.table)
    X = prepare_rows(table, chosen(app, small_intake))
    assert list(counts[counts.index.str.startswith("Share on")]) == pytest.approx(
        [100 * share for name, share in zip(chosen(app, small_intake).features, distance_shares(X), strict=True) if "share_" in name]
    )
    app = press(app, "Count each in full")
    assert chosen(app, small_intake).ideas == "each"
    assert "Some features say the same, and each counts in full: " in words(app)
    app.switch_page("pages/sweep.py").run()
    assert "Some features say the same" in words(app)
    app = press(app, "Count each idea once")
    assert app.session_state[f"segcore.plan.{small_intake.table}"].ideas == "once"
    app.switch_page("pages/features.py").run()
    assert chosen(app, small_intake).ideas == "once"


def test_a_transformed_feature_is_drawn_before_and_after_side_by_side(open_app, customers, store, words):
    app = edit(open_app("features"), balance={"Transform": "Power"})
    app.selectbox(key="features.closer").set_value("balance").run()
    before, after = (json.loads(chart.proto.spec) for chart in app.get("plotly_chart"))
    assert before["layout"]["xaxis"]["title"]["text"] == "balance"
    assert after["layout"]["xaxis"]["title"]["text"] == "balance, power"
    values = store.feature_table(customers.table).column("balance")
    expected = transformed(values, "power", fitted_transform(values, "power"))
    assert f"Skewness changes from {skew(values):.1f} to {skew(expected):.1f}" in words(app)


def test_auto_segmentations_setting_scales_customers_from_0_to_1(open_app, customers):
    app = press(open_app("features"), "Use auto-segmentation's setting")
    now = chosen(app, customers)
    assert (now.scaler, now.transforms, now.ideas) == ("minmax", {}, "each")
    app = press(app, "Use segcore's defaults")
    now = chosen(app, customers)
    assert (now.scaler, now.transforms, now.ideas) == ("standard", {"balance": "log"}, "once")


def test_all_columns_of_customers_are_ticked(open_app, customers, words):
    app = open_app("features")
    assert app.segmented_control(key="features.scaler").value == "standard"
    assert chosen(app, customers).scaler == "standard"
    labels = [box.label for box in app.checkbox]
    assert labels[:3] == ["age", "balance", "visits"]
    assert {"job (3 values)", "channel (4 values)"} <= set(labels)
    assert sum(label.startswith("housing: ") for label in labels) == 1
    assert ticked(app) == labels
    assert "scaled together" in words(app)
    assert frame_with(app, "Used as")["Column"].tolist() == ["client_id", "churn"]


def test_a_category_is_one_tick_and_one_weight_for_all_its_dummies(open_app, customers, store):
    app = open_app("features")
    next(box for box in app.checkbox if box.label == "channel (4 values)").uncheck().run()
    assert not any(name.startswith("channel=") for name in chosen(app, customers).features)
    app = edit(app, job={"Priority": "High"})
    table, now = store.feature_table(customers.table), chosen(app, customers)
    dummies = [name for name in table.names if name.startswith("job=")]
    ahead = catch_up(table, now)
    assert now.weights == {name: 4 * ahead[name] for name in dummies}
    assert len(dummies) == 3
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/features.py").run()
    assert editor(app).value.set_index("Feature").loc["job", "Priority"] == "High"


def test_a_word_lets_a_feature_of_little_spread_catch_up_and_a_factor_does_not(open_app, customers, store):
    app = press(open_app("features"), "Use auto-segmentation's setting")
    app = edit(app, balance={"Priority": "High"}, age={"Own factor": 3.0}, job={"Priority": "Low"})
    table, now = store.feature_table(customers.table), chosen(app, customers)
    ahead = catch_up(table, replace(now, scaler="minmax"))
    assert ahead["balance"] > 1.2
    expected = {"balance": 4 * ahead["balance"], "age": 3.0, **{name: 1.5 * ahead[name] for name in table.names if name.startswith("job=")}}
    assert now.weights == expected
    app.segmented_control(key="features.scaler").set_value("robust").run()
    now = chosen(app, customers)
    assert now.weights["balance"] == 4 * catch_up(table, replace(now, scaler="robust"))["balance"]


def test_a_transform_of_a_category_is_refused_in_words(open_app, customers, words):
    app = edit(open_app("features"), job={"Transform": "Log"})
    assert chosen(app, customers).transforms == {"balance": "log"}
    assert "job: all values are 0 or 1" in words(app)


def test_the_values_of_a_category_are_counted(open_app, customers):
    app = open_app("features")
    rows = frame_with(app, "Share")
    raw = customer_rows()
    for column in ("job", "housing"):
        found = rows[rows["Column"].str.startswith(column)].set_index("Value")["Customers"].to_dict()
        assert found == raw[column].value_counts().to_dict()
    app.selectbox(key="features.closer").set_value("job").run()
    chart = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert chart["data"][0]["y"] == list(raw["job"].value_counts().index)


def test_dummies_of_one_column_are_no_near_duplicates_of_each_other(open_app, customers, words):
    app = look_at(open_app("features"), "Correlations")
    assert "No two ticked features measure nearly the same" in words(app)


def test_ratings_have_all_their_features_ticked(open_app, ratings, store, words):
    app = open_app("features")
    assert chosen(app, ratings).features == store.feature_table(ratings.table).names
    assert chosen(app, ratings).scaler == "standard"
    assert "Share of ratings by category" in words(app)
    for tab in ("Correlations", "Data dictionary", "Distributions"):
        look_at(app, tab)


def test_every_view_stands_with_nothing_ticked(open_app, customers):
    app = press(open_app("features"), "None")
    for tab in ("Correlations", "Data dictionary", "Distributions"):
        look_at(app, tab)
    assert not app.data_editor


def test_a_group_is_ticked_and_unticked_as_a_whole(open_app, small_intake):
    app = open_app("features")
    app.button(key=f"group.{small_intake.table[:12]}.Lines by month").click().run()
    assert sum(name in chosen(app, small_intake).features for name in ("January", "June", "December")) == 3
    app.button(key=f"group.{small_intake.table[:12]}.Lines by month").click().run()
    assert len(ticked(app)) == 5


def test_a_feature_is_found_by_its_name_and_the_others_stay_ticked(open_app, small_intake):
    app = open_app("features")
    app.text_input(key="features.find").set_value("recency").run()
    assert not app.exception
    assert "Recency" in [box.label for box in app.checkbox]
    assert len(app.checkbox) < 12
    assert len(chosen(app, small_intake).features) == 5
    next(box for box in app.checkbox if box.label == "Recency").uncheck().run()
    app.text_input(key="features.find").set_value("").run()
    assert len(ticked(app)) == 4
    app.text_input(key="features.find").set_value("nothing like it").run()
    assert len(chosen(app, small_intake).features) == 4


def test_the_account_adds_up_from_the_rows_read_to_the_customers_clustered(open_app, small_intake, store, words):
    app = open_app("features")
    app.toggle(key="features.outliers").set_value(True).run()
    rows = frame_with(app, "Net revenue")
    table = store.feature_table(small_intake.table)
    kept = kit_outliers(table)
    assert rows.iloc[0]["Rows"] == small_intake.rows_read
    taken_away = rows[rows[""].str.startswith("Set aside: ")]["Rows"].sum()
    assert small_intake.rows_read + taken_away == rows[rows[""] == "Used"]["Rows"].item() == small_intake.rows_used
    assert rows.iloc[-1]["Customers"] == kept.sum()
    assert rows.iloc[-1]["Net revenue"] == round(table.revenue[kept].sum())
    assert f"**{kept.sum()} customers are clustered**" in words(app)
    assert f"{small_intake.rows_read:,} rows read" in words(app)


def test_the_files_hold_the_dictionary_and_the_ticked_features(small_intake, customers, store):
    table = store.feature_table(small_intake.table)
    asked = Plan(features=("Recency", "invoices"), outliers="kit")
    rows = pyarrow.csv.read_csv(io.BytesIO(features_file(table, asked, ".csv"))).to_pandas()
    kept = kit_outliers(table)
    assert list(rows) == ["customer_id", "Recency", "invoices"]
    assert rows["Recency"].tolist() == table.column("Recency")[kept].tolist()
    same = pyarrow.parquet.read_table(io.BytesIO(features_file(table, asked, ".parquet"))).to_pandas()
    assert same["customer_id"].tolist() == table.customers[kept].tolist()
    dictionary = pyarrow.csv.read_csv(io.BytesIO(dictionary_file(store.feature_table(customers.table)))).to_pandas()
    assert {"job=admin", "churn", "age"} <= set(dictionary["Feature"])


def test_the_files_are_offered_and_made_on_the_click_only(open_app, small_intake, monkeypatch):
    made = []
    monkeypatch.setattr("ui.features.downloads.features_file", lambda *args: made.append(args) or b"")
    app = look_at(open_app("features"), "Data dictionary")
    labels = [button.label for button in app.get("download_button")]
    assert labels == ["Data dictionary (CSV)", "Feature table (CSV)", "Feature table (Parquet)"]
    assert not made


def test_many_features_are_shown_by_their_strongest_pairs(open_app, small_intake, words):
    app = look_at(press(open_app("features"), "All"), "Correlations")
    assert "The strongest pairs" in words(app)
    pairs = frame_with(app, "Correlated with")
    assert pairs["r"].abs().is_monotonic_decreasing
    (chart,) = (json.loads(chart.proto.spec) for chart in app.get("plotly_chart"))
    assert len(chart["data"][0]["x"]) <= 40


def test_names_of_columns_are_shown_as_they_are(open_app, store, tmp_path, words):
    rows = customer_rows().rename(columns={"age": "<b>*age*</b>", "job": "job\u202e ../$x$"})
    path = tmp_path / "odd.csv"
    rows.to_csv(path, index=False)
    taken = opened(store, DataRequest(data=str(path), kind="customers", name="odd.csv"))
    app = open_app("features")
    labels = [box.label for box in app.checkbox]
    assert r"\<b\>\*age\*\</b\>" in labels
    assert not any("\u202e" in label for label in labels)
    for tab in ("Correlations", "Data dictionary", "Distributions"):
        look_at(app, tab)
    assert taken.n_customers == 60
