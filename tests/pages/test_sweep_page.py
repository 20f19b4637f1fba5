"""Ask for a sweep, watch it, and find it again."""

import json

from segcore import jobs
from segcore.sweeps.run import run_sweep


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def said(app):
    return "".join(element.value for element in app.markdown)


def test_the_defaults_are_eleven_points_of_k_means(open_app, small_intake, words):
    app = open_app("sweep")
    assert "**11 solutions** (number of segments 2 to 12; tolerance 0.0001; starts 10)" in said(app)
    assert "45 rows × 5 features" in said(app)
    assert "No sweep of these data yet" in words(app)
    assert [button.label for button in app.button if button.proto.type == "primary"] == ["Run sweep"]


def test_a_sweep_runs_to_its_end_and_leads_to_explore(open_app, small_intake, store, words):
    app = open_app("sweep")
    app.slider(key="grid.kmeans.n_clusters.span").set_range(2, 4).run()
    assert "**3 solutions**" in said(app)
    press(app, "Run sweep")
    [sweep_id] = store.sweep_ids()
    assert jobs.wait(store, sweep_id, timeout=120).state == "done"
    app.run()
    assert not app.exception
    assert "is done**: 3 solutions" in said(app)
    spec = store.spec(sweep_id)
    assert [point["n_clusters"] for point in spec.points] == [2, 3, 4]
    assert {point["n_init"] for point in spec.points} == {10}
    assert (spec.plan.outliers, spec.plan.scaler, spec.engine, len(spec.plan.features)) == ("none", "standard", "shared", 5)
    press(app, "Explore the results")
    assert app.title[0].value == "Explore"
    assert app.query_params["sweep"] == sweep_id[:16]


def test_a_quick_sweep_opens_explore_and_awaits_its_first_solution_there(open_app, small_intake, store, monkeypatch):
    monkeypatch.setattr("ui.sweep.form.QUICK_SECONDS", 20.0)
    monkeypatch.setattr("ui.shell.progress.MOMENT_SECONDS", 60.0)
    app = open_app("sweep")
    app.slider(key="grid.kmeans.n_clusters.span").set_range(2, 4).run()
    press(app, "Run sweep")
    [sweep_id] = store.sweep_ids()
    assert app.title[0].value == "Explore"
    assert store.positions(sweep_id) and "How good is each solution?" in [header.value for header in app.header]
    assert app.query_params["sweep"] == sweep_id[:16]
    assert app.switch_page("pages/sweep.py").run().title[0].value == "Sweep"


def test_explore_says_that_no_solution_is_there_yet_and_shows_the_first_when_it_comes(open_app, small_intake, store, monkeypatch, words):
    monkeypatch.setattr("ui.sweep.form.QUICK_SECONDS", 20.0)
    monkeypatch.setattr("ui.shell.progress.MOMENT_SECONDS", -1.0)
    monkeypatch.setattr("segcore.jobs.start_sweep", lambda store, asked, **_: jobs_without_processes(store, asked))
    app = open_app("sweep")
    app.slider(key="grid.kmeans.n_clusters.span").set_range(2, 4).run()
    press(app, "Run sweep")
    assert app.title[0].value == "Explore"
    assert "has no finished solution yet" in words(app)
    [sweep_id] = store.sweep_ids()
    run_sweep(store, sweep_id)
    app.switch_page("pages/explore.py").run()
    assert "has no finished solution yet" not in words(app)
    assert "How good is each solution?" in [header.value for header in app.header]


def jobs_without_processes(store, asked):
    """Keep a sweep and its job as if a worker was about to begin."""
    sweep_id = store.add_sweep(asked)
    store.put_job(sweep_id, kind="sweep", title="k-means", spec={}, total=len(asked.points), state="queued")
    return sweep_id


def test_the_same_question_is_answered_from_the_store_and_says_so(open_app, store, small_intake, words):
    app = open_app("sweep")
    app.slider(key="grid.kmeans.n_clusters.span").set_range(2, 3).run()
    press(app, "Run sweep")
    [sweep_id] = store.sweep_ids()
    jobs.wait(store, sweep_id, timeout=120)
    other = open_app("sweep")
    other.slider(key="grid.kmeans.n_clusters.span").set_range(2, 3).run()
    press(other, "Run sweep")
    assert store.sweep_ids() == [sweep_id]
    assert "Already computed; showing saved results" in words(other)
    assert not other.get("progress")


def test_values_outside_their_domain_are_said_at_the_field(open_app, small_intake):
    app = open_app("sweep")
    app.text_input(key="grid.kmeans.tol.text").set_value("-1").run()
    [error] = app.error
    assert error.value == "tol must be at least 0, got -1.0."
    assert not [button for button in app.button if button.label == "Run sweep"]
    app.text_input(key="grid.kmeans.tol.text").set_value("0.001, 0.0001").run()
    assert not app.error
    assert "**22 solutions**" in said(app)


def test_a_list_of_values_can_be_given_instead_of_a_range(open_app, small_intake):
    app = open_app("sweep")
    app.segmented_control(key="grid.kmeans.n_clusters.mode").set_value("List").run()
    app.text_input(key="grid.kmeans.n_clusters.text").set_value("2, 5, 9").run()
    assert "**3 solutions** (number of segments 2, 5, 9;" in said(app)
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/sweep.py").run()
    assert "**3 solutions** (number of segments 2, 5, 9;" in said(app)


def test_an_edited_kit_grid_survives_a_change_of_page(open_app, small_intake):
    app = press(open_app("features"), "Use the Intel kit's setting")
    app.switch_page("pages/sweep.py").run()
    next(field for field in app.text_input if field.label == "Tolerance").set_value("0.5").run()
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/sweep.py").run()
    assert next(field for field in app.text_input if field.label == "Tolerance").value == "0.5"
    assert "**9 solutions**" in said(app)


def test_dbscan_shows_the_curve_and_suggests_eps(open_app, small_intake, words):
    app = open_app("sweep")
    app.segmented_control(key="sweep.algorithm").set_value("dbscan").run()
    assert not app.exception
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert "Distance to neighbour 10" in figure["layout"]["yaxis"]["title"]["text"]
    [eps] = [field for field in app.text_input if field.label.startswith("Radius eps")]
    suggested = figure["layout"]["shapes"][0]["y0"]
    assert suggested in [float(value) for value in eps.value.split(",")]
    assert f"eps = {suggested:.3g}" in words(app)


def test_too_few_customers_are_said_in_one_sentence(open_app, small_intake, store, tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("customer,date,amount\na,2023-01-01,1\na,2023-01-02,1\nb,2023-01-03,4\n")
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    press(app, "Load")
    app.switch_page("pages/sweep.py").run()
    press(app, "Run sweep")
    [error] = app.error
    assert "at least 3 customers" in error.value
    assert not store.sweep_ids()


def listed(app):
    return next(frame.value for frame in app.dataframe if "Best solution" in frame.value).set_index("Name")


def test_the_sweeps_of_these_data_are_listed_and_can_be_shown(open_app, finish, spec_of, store, words):
    first, second = finish(spec_of()), finish(spec_of(algo="dbscan", axes=("min_samples=3", "eps=1,2")))
    app = open_app("sweep")
    assert list(listed(app).index) == ["DBSCAN, eps 1 or 2 · Behaviour", "k-means, 2 to 4 segments · Behaviour"]
    row = listed(app).loc["k-means, 2 to 4 segments · Behaviour"]
    silhouettes = [solution.quality.silhouette.value for solution in first.solutions]
    assert (row["State"], row["Silhouette"]) == ("done", max(silhouettes))
    assert row["Best solution"] == f"{2 + silhouettes.index(max(silhouettes))} segments"
    app.selectbox(key=f"sweeps.2.{second.id[:12]}").set_value(first.id).run()
    press(app, "Show this sweep")
    assert app.session_state["segcore.sweep"] == first.id
    assert "k-means on orders.csv, 3 solutions, shared is done" in words(app)
    assert second.recommendation.reason not in words(app)
    assert first.recommendation.reason in words(app)


def test_a_sweep_is_renamed_removed_and_brought_back(open_app, finish, spec_of, store, words):
    sweep = finish(spec_of())
    app = open_app("sweep", sweep=sweep.id)
    app.text_input(key=f"sweeps.name.{sweep.id[:12]}").set_value("Spring *sale*").run()
    assert list(listed(app).index) == ["Spring *sale*"] and store.sweep_name(sweep.id) == "Spring *sale*"
    app.text_input(key=f"sweeps.name.{sweep.id[:12]}").set_value("").run()
    assert list(listed(app).index) == ["k-means, 2 to 4 segments · Behaviour"]
    press(app, "Remove this sweep")
    assert "“k-means, 2 to 4 segments · Behaviour” is no longer listed." in words(app)
    assert "No sweep of these data yet" in words(app) and "sweep" not in app.query_params
    press(app, "Undo")
    assert len(listed(app)) == 1
    assert "is no longer listed" not in words(app)


def test_a_removed_sweep_is_listed_again_when_it_is_run_again(finish, spec_of, store):
    sweep = finish(spec_of())
    store.remove_sweep(sweep.id)
    assert store.sweep_ids() == []
    store.add_sweep(sweep.spec)
    assert store.sweep_ids() == [sweep.id]


def test_a_cancelled_sweep_keeps_its_points_and_can_be_resumed(open_app, spec_of, store, words):
    spec = spec_of(axes=("n_clusters=2,3", "tol=0.0001", "n_init=3"))
    store.add_sweep(spec)
    store.put_job(spec.id, kind="sweep", title="k-means on orders.csv", spec={}, total=2, state="cancelled")
    app = open_app("sweep", sweep=spec.id)
    assert "was cancelled** after 0 of 2 solutions" in said(app)
    press(app, "Resume")
    assert jobs.wait(store, spec.id, timeout=120).state == "done"


def test_a_failed_sweep_says_why_and_can_be_tried_again(open_app, spec_of, store):
    spec = spec_of()
    store.add_sweep(spec)
    store.put_job(spec.id, kind="sweep", title="k-means on orders.csv", spec={}, total=3, state="failed")
    store.update_job(spec.id, message="The disk is full: free some of it.")
    app = open_app("sweep", sweep=spec.id)
    assert "The disk is full: free some of it." in app.error[0].value
    assert [button.label for button in app.button if button.key == "followed.resume"] == ["Try again"]
