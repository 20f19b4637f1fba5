import json
import re

import numpy as np
import pandas as pd
import pytest

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm
from segcore.intake.take_in import take_in
from segcore.jobs.tasks.making_maps import map_job_of
from segcore.plots.theme import on_two_lines
from segcore.records.data_rules import ColumnRules
from segcore.records.grid import point_key
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.sweeps.spec import make_spec


def shares(app):
    chart = next(chart for chart in app.get("plotly_chart") if "figure.shares" in chart.proto.id)
    return {trace["name"]: trace for trace in json.loads(chart.proto.spec)["data"]}


def test_without_a_sweep_it_shows_the_way_to_one(small_intake, open_app, words):
    app = open_app("segments")
    assert not app.exception
    assert "There is no sweep of orders.csv yet" in words(app)


def test_it_leads_with_shares_of_customers_and_revenue(finished_sweep, open_app):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert not app.exception
    bars = shares(app)
    sizes = sorted(finished_sweep.solutions[1].sizes, reverse=True)
    assert bars["share of customers"]["x"] == pytest.approx([100 * size / sum(sizes) for size in sizes])
    assert sum(bars["share of revenue"]["x"]) == pytest.approx(100)


def test_a_segment_has_its_sentence_ranking_distributions_and_table(finished_sweep, open_app, words):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    keys = [chart.proto.id for chart in app.get("plotly_chart")]
    assert any("figure.ranking" in key for key in keys)
    assert sum("figure.spread" in key for key in keys) == 4
    assert " vs " in words(app)
    table = next(frame.value for frame in app.dataframe if "All: median" in frame.value)
    assert len(table) == len(finished_sweep.spec.plan.features)
    assert list(table["Compactness"]) == sorted(table["Compactness"], reverse=True)


def test_a_clicked_bar_opens_its_segment(finished_sweep, open_app):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    other = next(label for label in finished_sweep.solutions[1].segments if label != app.selectbox(key="segments.picked").value)
    event = {"selection": {"points": [{"customdata": other}], "point_indices": [0], "box": [], "lasso": []}}
    app.session_state[f"figure.shares.{finished_sweep.id[:12]}"] = event
    app.run()
    assert not app.exception
    assert next(box for box in app.selectbox if box.label == "Segment").value == other
    size = dict(zip(finished_sweep.solutions[1].segments, finished_sweep.solutions[1].sizes, strict=True))[other]
    assert next(metric.value for metric in app.metric if metric.label == "Customers") == str(size)


def test_a_name_appears_at_once_everywhere_and_survives_a_refresh(store, finished_sweep, open_app):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    label = app.selectbox(key="segments.picked").value
    app.text_input[0].set_value("  Weekend   families ").run()
    assert not app.exception
    point = point_key(finished_sweep.spec.points[1])
    assert store.segment_names(finished_sweep.id, point) == {label: "Weekend families"}
    assert "▸ Weekend families" in shares(app)["share of customers"]["y"]
    again = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert again.text_input[0].value == "Weekend families"
    explore = open_app("explore", sweep=finished_sweep.id, point="n_clusters=3")
    explore.session_state["explore.tab"] = "Compactness"
    explore.run()
    compactness = next(chart for chart in explore.get("plotly_chart") if "figure.segments" in chart.proto.id)
    assert "Weekend families" in json.loads(compactness.proto.spec)["data"][0]["x"]
    export = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    assert any("Weekend families" in option for option in export.pills[0].options)


def test_an_emptied_name_gives_the_suggested_one_back(store, finished_sweep, open_app):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    suggested = app.text_input[0].placeholder
    assert app.text_input[0].value == "" and f"▸ {on_two_lines(suggested)}" in shares(app)["share of customers"]["y"]
    app.text_input[0].set_value("Loyal").run()
    assert "▸ Loyal" in shares(app)["share of customers"]["y"]
    app.text_input[0].set_value("").run()
    assert f"▸ {on_two_lines(suggested)}" in shares(app)["share of customers"]["y"]
    assert store.segment_names(finished_sweep.id, point_key(finished_sweep.spec.points[1])) == {}


@pytest.mark.parametrize("name", ["<b>x</b>", "$a$ [b](http://c) *d*", "=cmd()", "Segment 0", "Noise", "😀" * 30])
def test_names_may_hold_anything(finished_sweep, open_app, name):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    app.text_input[0].set_value(name).run()
    assert not app.exception
    assert not open_app("export", sweep=finished_sweep.id, point="n_clusters=3").exception


def test_noise_is_shown_apart(spec_of, finish, open_app, words):
    sweep = finish(spec_of(algo="dbscan", axes=("min_samples=3", "eps=1.5")))
    assert sweep.solutions[0].n_noise
    assert sweep.solutions[0].n_segments
    app = open_app("segments", sweep=sweep.id)
    assert not app.exception
    assert shares(app)["share of customers"]["y"][-1] == "Noise"
    assert "Noise is not a segment" in words(app)
    app.selectbox(key="segments.picked").set_value(-1).run()
    assert not app.exception
    assert not app.text_input


def test_nothing_but_noise_is_said(spec_of, finish, open_app, words):
    sweep = finish(spec_of(algo="dbscan", axes=("min_samples=3", "eps=0.05")))
    app = open_app("segments", sweep=sweep.id)
    assert not app.exception
    assert "all customers are noise" in words(app)


def test_a_point_without_a_result_sends_back(spec_of, finish, open_app, words):
    sweep = finish(spec_of(axes=("n_clusters=500", "tol=0.0001")))
    app = open_app("segments", sweep=sweep.id)
    assert not app.exception
    assert "skipped" in words(app)


def test_customers_set_aside_are_counted_with_their_revenue(store, spec_of, finish, open_app, words, small_intake):
    sweep = finish(spec_of(outliers="kit"))
    aside = sweep.summary["set_aside"]["customers"]
    text = words(open_app("segments", sweep=sweep.id))
    assert ("The outlier rule set aside" in text) == (aside > 0)


def test_copies_are_not_counted_as_customers(spec_of, finish, open_app):
    sweep = finish(spec_of(repeats=2))
    app = open_app("segments", sweep=sweep.id, point="n_clusters=2")
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "What sets it apart" in frame.value)
    assert table["Customers"].sum() == 45


def across(app):
    return [chart.proto.id for chart in app.get("plotly_chart") if "figure.across" in chart.proto.id]


def test_the_rfm_baseline_is_shown_over_the_segments_and_can_be_hidden(finished_sweep, open_app, words):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert not app.exception
    assert len(across(app)) == 1
    assert "**Classic RFM segments** · profile column, made of features clustered on" in words(app)
    shares = next(frame.value for frame in app.dataframe if "rfm_segment" in frame.value)
    sizes = finished_sweep.solutions[1].sizes
    assert shares.loc[shares["Segment"] != "All customers", "Customers"].sum() == sum(sizes)
    next(group for group in app.get("button_group") if group.label == "Columns shown").set_value([]).run()
    assert not app.exception
    assert across(app) == []


def test_a_name_is_carried_over_to_the_same_customers_in_another_solution(open_app, finished_sweep, store, words):
    two, three = (np.asarray(store.solution(finished_sweep.id, position).labels) for position in (0, 1))
    counts = np.array([[np.sum((two == i) & (three == j)) for j in range(3)] for i in range(2)])
    either = counts.sum(axis=1)[:, None] + counts.sum(axis=0) - counts
    i, j = np.unravel_index(np.argmax(counts / either), counts.shape)
    assert counts[i, j] / either[i, j] > 0.5
    store.name_segment(finished_sweep.id, "n_clusters=2,tol=0.0001,n_init=3", int(i), "Reg\u202eulars")

    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    app.selectbox(key="segments.picked").set_value(int(j)).run()

    assert not app.exception
    assert f"ulars” comes from the solution with 2 segments: {counts[i, j] / either[i, j]:.0%}".replace("%", " %") in words(app)
    field = next(field for field in app.text_input if field.label == "Name")
    assert (field.value, field.placeholder) == ("", "Reg\\u202eulars")
    field.set_value("Guests").run()
    assert "comes from the solution" not in words(app)


def test_segments_are_named_in_the_table(open_app, finished_sweep, store):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=2")
    suggested = app.data_editor[0].value["Segment"].tolist()[0]
    name_in_table(app, 0, "  Best   guests ")
    first = app.data_editor[0].value["Segment"].tolist()
    assert first[0] == "Best guests" and list(store.segment_names(finished_sweep.id, "n_clusters=2,tol=0.0001,n_init=3").values()) == [
        "Best guests"
    ]
    name_in_table(app, 0, "Best guests")
    name_in_table(app, 0, "")
    assert app.data_editor[0].value["Segment"].tolist()[0] == suggested
    assert store.segment_names(finished_sweep.id, "n_clusters=2,tol=0.0001,n_init=3") == {}


def name_in_table(app, row, name):
    app.session_state[app.data_editor[0].key] = {"edited_rows": {row: {"Segment": name}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert not app.exception


def test_features_that_were_not_clustered_on_are_shown_on_request(open_app, finished_sweep, store):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=2")
    assert "Order lines" not in portrait_rows(app)
    app.toggle(key="segments.every").set_value(True).run()
    assert not app.exception
    assert "Order lines" in portrait_rows(app)
    assert len(portrait_rows(app)) == 12


def portrait_rows(app):
    chart = next(chart for chart in app.get("plotly_chart") if "figure.portrait" in chart.proto.id)
    return json.loads(chart.proto.spec)["data"][0]["y"]


def test_key_figures_add_up_and_values_stand_out_with_their_index(finished_sweep, open_app):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    figures = next(frame.value for frame in app.dataframe if "Orders per customer" in frame.value)
    customers = [int(text.split(" ")[0].replace(",", "")) for text in figures["Customers"]]
    assert customers[-1] == sum(customers[:-1]) == sum(finished_sweep.solutions[1].sizes)
    assert list(figures["Segment"])[-1] == "All customers"
    features = next(frame.value for frame in app.dataframe if "All: median" in frame.value)
    assert all(re.fullmatch(r"[+-]\d+\.\d\d \(-?\d+\.\d\d to -?\d+\.\d\d\)", text) for text in features["Difference, sd"])
    for frame in (frame.value for frame in app.dataframe if "Buyers" in frame.value):
        assert len(frame) and all(re.match(r"[\d.,]+ \([\d.,]+ to [\d.,]+\)", text) for text in frame["Index"])
    standing_out = [frame.value for frame in app.dataframe if "Share of all" in frame.value]
    assert all(re.match(r"[\d,]+ \([\d,]+ to [\d,]+\)", text) for frame in standing_out for text in frame["Index"])


def test_the_shortest_rule_is_searched_on_request_and_kept(finished_sweep, open_app, words):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert "found by a short rule" not in words(app)
    app.button(key="segments.rules").click().run()
    assert not app.exception
    assert "Who is found by a short rule" in words(app)
    assert "of those found are in this segment" in words(app) or "No rule" in words(app) or "too few" in words(app)
    app.run()
    assert "Who is found by a short rule" in words(app)
    assert "SELECT" in app.code[0].value and '"customer_id"' in app.code[0].value
    app.selectbox(key="segments.sql.dialect.rules").select("bigquery").run()
    assert "`customer_id`" in app.code[0].value


def test_a_tree_for_all_segments_is_grown_on_request(finished_sweep, open_app, words):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert "One tree for all segments" in words(app) and "into their own segment" not in words(app)
    app.button(key="segments.tree").click().run()
    assert not app.exception
    assert "for 3 segments puts" in words(app)
    text, sql = (code.value for code in app.code)
    assert text.count("else:") >= 2 and "CASE" in sql and 'FROM "customers"' in sql
    app.text_input(key="segments.sql.table.tree").input("crm.people").run()
    assert 'FROM "crm"."people"' in app.code[-1].value


def spec_of_chart(app, name):
    return json.loads(next(chart for chart in app.get("plotly_chart") if name in chart.proto.id).proto.spec)


def test_the_segments_are_predicted_on_request_and_all_customers_are_in_the_matrix(finished_sweep, open_app, words):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert "How easy are the segments to predict?" in words(app)
    assert not any("figure.confusion" in chart.proto.id for chart in app.get("plotly_chart"))
    app.text_input[0].set_value("Weekend families").run()
    app.button(key="segments.validate").click().run()
    assert not app.exception
    chart = spec_of_chart(app, "figure.confusion")
    assert "Weekend families" in chart["data"][0]["x"]
    frame = next(frame.value for frame in app.dataframe if "Actual segment" in frame.value)
    assert frame["Customers"].sum() == 45 == frame.filter(like="Predicted as").to_numpy().sum()
    assert all(name.startswith(shown.rstrip("…")) for name, shown in zip(frame["Actual segment"], chart["data"][0]["x"], strict=True))
    accuracy, majority = (metric.value for metric in app.metric if "predicted" in metric.label.lower())
    right = sum(frame.filter(like="Predicted as").to_numpy().diagonal()) / 45
    assert accuracy.startswith(f"{100 * right:.0f} % (")
    assert majority == f"{100 * max(finished_sweep.solutions[1].sizes) / 45:.0f} %"
    assert "not whether they exist" in words(app)
    app.run()
    assert any("figure.confusion" in chart.proto.id for chart in app.get("plotly_chart"))


def test_the_map_is_drawn_on_request_and_coloured_by_segment_or_by_any_feature(finished_sweep, open_app, words):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert "Map of the customers" in words(app)
    assert not any("figure.map" in chart.proto.id for chart in app.get("plotly_chart"))
    app.text_input[0].set_value("Weekend families").run()
    app.button(key="segments.map").click().run()
    assert not app.exception
    drawn = [trace for trace in spec_of_chart(app, "figure.map")["data"] if not trace["showlegend"] and trace["mode"] == "markers"]
    assert "Weekend families" in [trace["name"] for trace in drawn]
    assert [len(trace["x"]) for trace in drawn] == sorted(finished_sweep.solutions[1].sizes, reverse=True)
    assert "of the variance of the" in words(app) and "may still differ" in words(app)

    choice = app.selectbox(key="segments.map.colour")
    assert choice.options[0] == "Segment" and "Net spend" in choice.options
    choice.select("Net spend").run()
    assert not app.exception
    spec = spec_of_chart(app, "figure.map")
    assert spec["layout"]["coloraxis"]["colorbar"]["title"]["text"] == "Net spend"
    assert "Colours go from" in words(app)


def draw_map_of(app, method="pca"):
    app.button(key="segments.map").click().run()
    if method != "pca":
        app.segmented_control(key="segments.map.method").set_value(method).run()
    return app


def map_traces(app, name="figure.map"):
    return [trace for trace in spec_of_chart(app, name)["data"] if not trace.get("showlegend", True) and trace.get("mode") == "markers"]


def test_a_map_of_neighbours_is_made_by_a_job_once_for_all_solutions(store, finished_sweep, open_app, words):
    app = draw_map_of(open_app("segments", sweep=finished_sweep.id, point="n_clusters=3"), "tsne")
    assert not any("figure.map" in chart.proto.id for chart in app.get("plotly_chart"))
    assert "distances between groups mean little" in words(app)
    app.button(key="segments.map.make.tsne").click().run()
    job_id = map_job_of(store.sweep(finished_sweep.id), "tsne")
    assert jobs.wait(store, job_id, timeout=60).state == "done"
    app.run()
    assert not app.exception
    places = {(x, y) for trace in map_traces(app) for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert len(places) == 45 and "Only closeness means something on this map" in words(app)
    other = draw_map_of(open_app("segments", sweep=finished_sweep.id, point="n_clusters=2"), "tsne")
    assert {(x, y) for trace in map_traces(other) for x, y in zip(trace["x"], trace["y"], strict=True)} == places


def test_a_map_that_is_being_made_is_followed_after_a_refresh(store, finished_sweep, open_app, words, nothing_starts):
    sweep = store.sweep(finished_sweep.id)
    job_id = map_job_of(sweep, "umap")
    store.put_job(job_id, kind="map", title="UMAP map of orders.csv", spec={}, total=100, state="running")
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert not app.exception
    assert app.segmented_control(key="segments.map.method").value == "umap"
    assert "UMAP map of orders.csv" in words(app) and "You can leave this page" in words(app)
    store.update_job(job_id, state="failed", message="A UMAP map needs more.")
    app.run()
    assert not app.exception
    assert "A UMAP map needs more." in [error.value for error in app.error]
    assert app.button(key="segments.map.make.umap")


def test_two_solutions_are_side_by_side_on_the_same_places(finished_sweep, open_app, words):
    app = draw_map_of(open_app("segments", sweep=finished_sweep.id, point="n_clusters=3"))
    beside = app.selectbox(key="segments.map.beside.1")
    assert beside.options[0] == "No other solution"
    beside.select("2 segments").run()
    assert not app.exception
    here, there = map_traces(app, "figure.map.pca"), map_traces(app, "figure.map.beside.pca")
    assert (len(here), len(there)) == (3, 2)
    assert sorted(x for trace in here for x in trace["x"]) == sorted(x for trace in there for x in trace["x"])


def test_a_solution_of_another_sweep_is_beside_it_if_it_clustered_the_same_rows(finished_sweep, spec_of, finish, open_app):
    finish(spec_of(algo="ward", axes=("n_clusters=4",)))
    app = draw_map_of(open_app("segments", sweep=finished_sweep.id, point="n_clusters=3"))
    beside = app.selectbox(key="segments.map.beside.1")
    (ward,) = [option for option in beside.options if option.startswith("Hierarchical (Ward)")]
    beside.select(ward).run()
    assert not app.exception
    assert [len(map_traces(app, name)) for name in ("figure.map.pca", "figure.map.beside.pca")] == [3, 4]


def test_a_lasso_says_who_is_inside_and_a_file_has_them(store, finished_sweep, open_app, words):
    app = draw_map_of(open_app("segments", sweep=finished_sweep.id, point="n_clusters=3"))
    assert "Drag around customers" in words(app)
    trace = map_traces(app)[0]
    low, high = min(trace["x"]) - 0.01, max(trace["x"]) + 0.01
    inside = [x for one in map_traces(app) for x in one["x"] if low < x < high]
    lasso = {"xref": "x", "yref": "y", "x": [low, high, high, low], "y": [-99, -99, 99, 99]}
    app.session_state["figure.map.pca.1"] = {"selection": {"points": [], "point_indices": [], "box": [], "lasso": [lasso]}}
    app.run()
    assert not app.exception
    assert f"Selected: {len(inside)} customers, " in words(app)
    frame = next(frame.value for frame in app.dataframe if "Of the selection" in frame.value)
    assert frame["Selected"].sum() == len(inside) and frame["Of the segment"].iloc[0] == "100 %"
    assert "Who is found by a short rule" in words(app)
    assert f"Download {len(inside)} customers as CSV" in [button.proto.label for button in app.get("download_button")]

    box = {"xref": "x", "yref": "y", "x": [90, 91], "y": [90, 91]}
    app.session_state["figure.map.pca.1"] = {"selection": {"points": [], "point_indices": [], "box": [box], "lasso": []}}
    app.run()
    assert not app.exception and "No customer is inside" in words(app)


def test_noise_is_one_of_the_segments_to_predict(spec_of, finish, open_app):
    sweep = finish(spec_of(algo="dbscan", axes=("min_samples=3", "eps=1.5")))
    app = open_app("segments", sweep=sweep.id)
    app.button(key="segments.validate").click().run()
    assert not app.exception
    assert spec_of_chart(app, "figure.confusion")["data"][0]["x"][-1] == "Noise"


@pytest.fixture
def shop(store, finish, tmp_path):
    """Return a sweep of 400 customers with a numeric profile column, which 100 of them have no value of."""
    draw = np.random.default_rng(4)
    customer = np.arange(400)
    satisfaction = np.where(customer % 4 == 0, np.nan, draw.normal(50, 9, 400))
    columns = {"customer": [f"c{i}" for i in customer], "age": draw.normal(30 + 30 * (customer % 2)), "visits": draw.normal(size=400)}
    path = tmp_path / "shop.csv"
    pd.DataFrame({**columns, "satisfaction": satisfaction}).round(3).to_csv(path, index=False)
    taken = take_in(store, DataRequest(data=str(path), kind="customers", columns=ColumnRules(profile=("satisfaction",))))
    points = algorithm("kmeans").parse_grid(("n_clusters=2", "tol=0.0001", "n_init=1")).points()
    return finish(make_spec(store, taken.table, taken.data, Plan(("age", "visits")), algorithm="kmeans", points=points))


def test_features_are_density_curves_and_so_are_numeric_profile_columns_on_request(shop, open_app, words):
    app = open_app("segments", sweep=shop.id)
    assert not app.exception
    everyone, segment = spec_of_chart(app, "figure.spread")["data"]
    assert (everyone["name"], everyone["line"]["dash"], segment["fill"]) == ("all customers", "dot", "tozeroy")
    shown = next(group for group in app.get("button_group") if group.label == "Features shown")
    assert shown.options == ["age", "visits", "satisfaction (profile column)"]
    shown.set_value(["satisfaction"]).run()
    assert not app.exception
    assert len([chart for chart in app.get("plotly_chart") if "figure.spread" in chart.proto.id]) == 1
    assert re.search(r"satisfaction: median 5\d.* 100 customers have no value, \d+ of them in this segment\.", words(app))


def test_categories_are_in_the_rank_order_of_a_segments_spend(store, orders_csv, finish, open_app, words):
    taken = take_in(store, DataRequest(str(orders_csv), roles={"item": "", "category": "item"}))
    points = algorithm("kmeans").parse_grid(["n_clusters=2", "tol=0.0001", "n_init=3"]).points()
    sweep = finish(make_spec(store, taken.table, taken.data, Plan(("invoices", "total_spend")), algorithm="kmeans", points=points))
    app = open_app("segments", sweep=sweep.id, point="n_clusters=2")
    assert not app.exception
    assert "What it spends on" in words(app)
    table = next(frame.value for frame in app.dataframe if "Rank by index" in frame.value)
    assert table["Rank"].tolist() == [1, 2, 3]
    assert sorted(table["Category"]) == ["item0", "item1", "item2"]
