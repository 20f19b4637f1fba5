import json

import pandas as pd
import pytest

from segcore import jobs
from segcore.records.grid import point_key
from segcore.records.sweep import Recommendation
from segcore.sweeps.evidence.gather import gather
from segcore.sweeps.run import run_sweep

DENSITIES = ("min_samples=3", "eps=0.05,1.5,3.0")


def figures(app):
    return {chart.proto.id.split("figure.")[-1].split(".")[0]: json.loads(chart.proto.spec) for chart in app.get("plotly_chart")}


TABS = {"sizes": "Sizes", "features": "Compactness", "segments": "Compactness", "stability": "Stability", "moves": "Who moves"}
TABS |= {"customers": "Each customer", "tree": "Tree"}


def open_tab(app, title):
    app.session_state["explore.tab"] = title
    app.run()
    assert not app.exception
    return app


def all_figures(app):
    """Return the figures of every tab."""
    found = figures(app)
    for tab in app.tabs:
        found |= figures(open_tab(app, tab.label))
    return found


def click(app, name, sweep, position):
    """Select a mark as the browser does: the page reads what the figure's key holds."""
    event = {"selection": {"points": [{"customdata": position}], "point_indices": [position], "box": [], "lasso": []}}
    if name in TABS:
        open_tab(app, TABS[name])
    app.session_state[f"figure.{name}.{sweep.id[:12]}"] = event
    return app.run()


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def test_without_a_sweep_it_shows_the_way_to_one(small_intake, open_app, words):
    app = open_app("explore")
    assert not app.exception
    assert "There is no sweep of orders.csv yet" in words(app)
    assert app.get("page_link")


def test_a_link_to_an_unknown_sweep_says_so(small_intake, open_app, words):
    app = open_app("explore", sweep="0123456789abcdef")
    assert not app.exception
    assert "not in this store" in words(app)


def test_every_point_is_in_every_figure(finished_sweep, open_app):
    app = open_app("explore", sweep=finished_sweep.id)
    assert not app.exception
    shown = all_figures(app)
    assert {"inertia", "silhouette", "sizes", "features", "segments"} <= set(shown)
    for name in ("inertia", "silhouette"):
        assert shown[name]["data"][0]["x"] == [2, 3, 4]
    assert {position for trace in shown["sizes"]["data"] for position in trace.get("customdata", [])} == {0, 1, 2}
    assert set(shown["features"]["data"][1]["customdata"]) == {0, 1, 2}


def test_the_head_is_the_recommendation_with_its_reason(finished_sweep, open_app, words):
    app = open_app("explore", sweep=finished_sweep.id)
    reason = finished_sweep.recommendation.reason
    assert reason.split(",")[0] in words(app).replace("\\", "")


def test_the_numbers_are_those_of_the_chosen_point(finished_sweep, open_app):
    for position, solution in enumerate(finished_sweep.solutions):
        app = open_app("explore", sweep=finished_sweep.id, point=point_key(finished_sweep.spec.points[position]))
        shown = metrics(app)
        assert shown["Segments"] == str(solution.n_segments)
        assert shown["Silhouette"] == f"{solution.quality.silhouette.value:.2f}"
        assert f"exact, over {sum(solution.sizes)} rows" in "\n".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("name", ["inertia", "silhouette", "sizes", "features"])
def test_a_click_chooses_the_point_and_writes_the_link(finished_sweep, open_app, name):
    app = open_app("explore", sweep=finished_sweep.id, point="n_clusters=2")
    assert metrics(app)["Segments"] == "2"
    click(app, name, finished_sweep, 2)
    assert not app.exception
    assert metrics(app)["Segments"] == "4"
    assert app.query_params["point"] == point_key(finished_sweep.spec.points[2])


def test_the_list_chooses_too_and_an_old_click_does_not_come_back(finished_sweep, open_app):
    app = open_app("explore", sweep=finished_sweep.id, point="n_clusters=2")
    click(app, "inertia", finished_sweep, 2)
    app.selectbox[0].set_value(1).run()
    assert metrics(app)["Segments"] == "3"
    app.run()
    assert metrics(app)["Segments"] == "3"


def test_the_chosen_point_is_the_same_on_the_next_page(finished_sweep, open_app):
    app = open_app("explore", sweep=finished_sweep.id)
    click(app, "silhouette", finished_sweep, 2)
    app.switch_page("pages/segments.py").run()
    assert not app.exception
    assert app.selectbox[0].value == 2


def test_the_link_opens_the_same_view_in_another_session(finished_sweep, open_app):
    first = open_app("explore", sweep=finished_sweep.id)
    click(first, "inertia", finished_sweep, 0)
    second = open_app("explore", **{name: first.query_params[name] for name in ("sweep", "point")})
    assert metrics(second) == metrics(first)


def test_dbscan_is_shown_as_maps_with_gaps_named(spec_of, finish, open_app, words):
    sweep = finish(spec_of(algo="dbscan", axes=DENSITIES))
    assert sweep.solutions[0].n_segments == 0
    app = open_app("explore", sweep=sweep.id)
    assert not app.exception
    shown = all_figures(app)
    assert {"silhouette", "n_segments", "noise_share", "compactness", "sizes", "features"} <= set(shown)
    assert shown["silhouette"]["data"][1]["text"][0] == "no segment"


def test_a_point_of_nothing_but_noise_breaks_nothing(spec_of, finish, open_app):
    sweep = finish(spec_of(algo="dbscan", axes=DENSITIES))
    app = open_app("explore", sweep=sweep.id, point=point_key(sweep.spec.points[0]))
    assert not app.exception
    shown = metrics(app)
    assert (shown["Segments"], shown["Silhouette"], shown["Noise"]) == ("0", "–", "100 %")


def test_a_single_point_and_points_that_were_skipped_are_shown(spec_of, finish, open_app, words):
    sweep = finish(spec_of(axes=("n_clusters=500", "tol=0.0001")))
    assert sweep.solutions[0].status == "skipped"
    app = open_app("explore", sweep=sweep.id)
    assert not app.exception
    assert "skipped" in words(app)
    assert "more than the" in words(app)


def test_while_it_runs_what_is_there_is_shown(store, spec_of, open_app, words):
    spec = spec_of()
    store.add_sweep(spec)
    run_sweep(store, spec.id, only=[0, 1])
    app = open_app("explore", sweep=spec.id)
    assert not app.exception
    assert "2 of 3 solutions finished" in words(app)
    assert figures(app)["inertia"]["data"][0]["y"][2] is None
    assert "point" not in app.query_params
    run_sweep(store, spec.id)
    answer = Recommendation("groups", dict(spec.points[2]), "Both agree.")
    store.put_summary(spec.id, {**store.sweep(spec.id).summary, "recommended": answer.to_json()})
    app.run()
    assert not app.exception
    assert "so far" not in words(app)
    assert app.selectbox[0].value == 2, "the best point so far was not chosen by anybody"


def test_the_table_has_every_point_and_can_be_downloaded(finished_sweep, open_app):
    app = open_app("explore", sweep=finished_sweep.id)
    table = next(frame.value for frame in app.dataframe if "inertia" in frame.value)
    assert list(table["inertia"]) == [solution.quality.inertia for solution in finished_sweep.solutions]
    assert isinstance(table, pd.DataFrame)
    assert any(button.label == "Download the table as CSV" for button in app.get("download_button"))


def test_every_figure_has_a_name_and_words_below_it(finished_sweep, open_app):
    app = open_app("explore", sweep=finished_sweep.id)
    charts = app.get("plotly_chart")
    assert all(chart.proto.alt for chart in charts)
    captions = "\n".join(caption.value for caption in app.caption)
    assert f"{finished_sweep.solutions[0].quality.inertia:,.0f}" in captions.replace("\\", "")


def test_the_recommended_point_is_one_button_away(store, spec_of, finish, open_app):
    sweep = finish(spec_of())
    answer = Recommendation("groups", dict(sweep.spec.points[1]), "All evidence points to it.")
    store.put_summary(sweep.id, {**sweep.summary, "recommended": answer.to_json()})
    app = open_app("explore", sweep=sweep.id, point="n_clusters=4")
    app.button(key="explore.recommended").click().run()
    assert not app.exception
    assert metrics(app)["Segments"] == "3"
    assert app.button(key="explore.recommended").disabled


@pytest.fixture(scope="session")
def summaries():
    """Return what is gathered once for all tests: the summary of a sweep with evidence, by its id."""
    return {}


@pytest.fixture
def sweep_with_evidence(store, finished_sweep, monkeypatch, summaries):
    """Return the finished sweep with a little evidence."""
    if finished_sweep.id not in summaries:
        monkeypatch.setattr("segcore.sweeps.evidence.gather.PLACEBOS", 3)
        monkeypatch.setattr("segcore.sweeps.evidence.gather.RESAMPLES", 2)
        gather(store, finished_sweep.id, "all")
        summaries[finished_sweep.id] = store.sweep(finished_sweep.id).summary
    store.put_summary(finished_sweep.id, summaries[finished_sweep.id])
    return store.sweep(finished_sweep.id)


def test_without_evidence_elbow_and_silhouette_are_described_and_a_button_gathers_it(store, finished_sweep, open_app, words):
    app = open_app("explore", sweep=finished_sweep.id)
    assert "No solution is recommended without evidence" in words(app)
    assert "Stability" not in [tab.label for tab in app.tabs]
    app.button(key="explore.evidence").click().run()
    assert not app.exception
    assert store.job_row(finished_sweep.id)["spec"]["evidence"] == "all"
    assert "explore.evidence" not in [button.key for button in app.button]
    jobs.cancel(store, finished_sweep.id)
    app.run()
    assert not app.exception
    assert not app.button(key="explore.evidence").disabled


def test_all_evidence_is_told_and_needs_no_button(sweep_with_evidence, open_app):
    app = open_app("explore", sweep=sweep_with_evidence.id)
    assert "explore.evidence" not in [button.key for button in app.button]
    told = "3 data sets without segments, of 45 customers · 2 resamples · 5 splits into halves."
    assert told in "\n".join(caption.value for caption in app.caption)


def test_the_band_and_the_stability_of_every_segment_are_shown(sweep_with_evidence, open_app):
    app = open_app("explore", sweep=sweep_with_evidence.id)
    assert not app.exception
    shown = all_figures(app)
    placebos = [point.placebo for point in sweep_with_evidence.evidence.points]
    low, high, highest = shown["silhouette"]["data"][:3]
    assert low["y"] == [placebo.low for placebo in placebos]
    assert high["y"] == [placebo.high for placebo in placebos]
    assert highest["y"] == [placebo.highest for placebo in placebos]
    steady = {round(segment.jaccard, 9) for point in sweep_with_evidence.evidence.points for segment in point.stability.segments.values()}
    drawn = {round(value, 9) for row in shown["stability"]["data"][0]["z"] for value in row if value is not None}
    assert drawn == steady
    assert "The area is what 3 data sets without segments reach" in "\n".join(caption.value for caption in app.caption)


def test_a_click_on_a_segment_s_stability_chooses_its_solution(sweep_with_evidence, open_app):
    app = open_app("explore", sweep=sweep_with_evidence.id, point="n_clusters=2")
    click(app, "stability", sweep_with_evidence, 2)
    assert metrics(app)["Segments"] == "4"


@pytest.mark.parametrize("outcome", ["groups", "cuts", "nothing"])
def test_each_answer_has_its_words_and_its_table(store, sweep_with_evidence, open_app, words, outcome):
    row = dict.fromkeys(("silhouette", "placebo_mean", "placebo_max", "z", "least_stability", "prediction_strength"), 0.5)
    params = [dict(point) for point in sweep_with_evidence.spec.points]
    table = tuple({**row, "params": point, "segments": 2, "describability": None, "smallest": 15} for point in params[:2])
    answer = Recommendation(outcome, None if outcome == "nothing" else params[0], "So it is.", 0.01, None, table)
    store.put_summary(sweep_with_evidence.id, {**sweep_with_evidence.summary, "recommended": answer.to_json()})
    app = open_app("explore", sweep=sweep_with_evidence.id)
    assert not app.exception
    head = {"groups": "Recommended: ", "cuts": "A useful cut: ", "nothing": "No segmentation is recommended."}[outcome]
    assert f"{head}" in words(app)
    shown = app.table[0].value
    assert list(shown.columns)[1:] == ["2 segments", "3 segments"]
    assert shown["2 segments"].tolist()[-2:] == ["–", "15 customers (33 %)"]


@pytest.mark.parametrize("name", ["moves", "customers", "features", "more"])
def test_closed_figures_are_drawn_once_they_are_opened(sweep_with_evidence, open_app, name):
    sweep = sweep_with_evidence
    app = open_app("explore", sweep=sweep.id)
    hidden = {"calinski_harabasz", "davies_bouldin"} if name == "more" else {name}
    assert not hidden & set(figures(app))
    if name == "more":
        app.session_state[f"{name}.{sweep.id[:12]}"] = True
        app.run()
    else:
        open_tab(app, TABS[name])
    assert not app.exception
    assert hidden <= set(figures(app))


def test_a_point_with_the_same_segments_says_as_which(spec_of, finish, open_app, words):
    sweep = finish(spec_of(axes=("n_clusters=3", "tol=0.001,0.0001")))
    assert sweep.same_as() == (None, 0)
    app = open_app("explore", sweep=sweep.id, point=point_key(sweep.spec.points[1]))
    assert not app.exception
    assert "Same segments as tol 0.001" in words(app)
    assert any("same segments as tol 0.001" in option for option in app.selectbox[0].options)


def test_the_tree_of_a_hierarchy_is_drawn(spec_of, finish, open_app, words):
    sweep = finish(spec_of(algo="ward", axes=("n_clusters=2,3",)))
    app = open_app("explore", sweep=sweep.id, point=point_key(sweep.spec.points[1]))
    assert not app.exception
    assert "tree" in all_figures(app)
    assert "How the segments merge." in words(app)


@pytest.mark.parametrize(
    ("algo", "axes"),
    [
        ("gaussian_mixture", ("n_components=2,3", "covariance_type=full,diag")),
        ("hdbscan", ("min_cluster_size=3,5", "min_samples=2,3")),
        ("minibatch_kmeans", ("n_clusters=2,3",)),
    ],
)
def test_every_algorithm_has_its_figures(spec_of, finish, open_app, algo, axes):
    sweep = finish(spec_of(algo=algo, axes=axes))
    assert all(solution.status == "ok" for solution in sweep.solutions)
    for point in sweep.spec.points:
        app = open_app("explore", sweep=sweep.id, point=point_key(point))
        assert not app.exception
    assert {"sizes", "features"} <= set(all_figures(app))


def test_a_sweep_that_found_nothing_is_one_message_with_one_way_out(open_app, finish, spec_of, words):
    sweep = finish(spec_of(algo="dbscan", axes=("min_samples=40", "eps=0.01,0.02")))
    app = open_app("explore", sweep=sweep.id)
    assert not app.exception
    assert "**DBSCAN found no segments here.** Try k-means or another radius." in words(app)
    assert not app.get("plotly_chart")
    assert [frame.value["status"].tolist() for frame in app.dataframe] == [["ok", "ok"]]
    app.button(key="explore.other").click().run()
    assert not app.exception
    assert app.title[0].value == "Sweep"
    assert app.segmented_control(key="sweep.algorithm").value == "kmeans"


def test_noise_is_neither_profiled_nor_exported_as_a_segment(open_app, finish, spec_of, words):
    sweep = finish(spec_of(algo="dbscan", axes=("min_samples=40", "eps=0.01,0.02")))
    for page in ("segments", "export"):
        app = open_app(page, sweep=sweep.id)
        assert not app.exception
        assert "This solution has no segments" in words(app)
        assert not app.get("plotly_chart") and not app.get("download_button") and not app.dataframe
