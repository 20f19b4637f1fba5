"""Two solutions side by side: which segments stayed, and who moved."""

from segcore.segments.comparison import compare_solutions
from segcore.wording.markdown import escape


def measures(app):
    return next(frame.value for frame in app.dataframe if "Measure" in frame.value).set_index("Measure")


def fates(app):
    return [text.value.partition(".** ")[2] for text in app.markdown if text.value.startswith("- **")]


def test_without_a_sweep_it_shows_the_way_to_one(open_app, small_intake, words):
    app = open_app("compare")
    assert not app.exception
    assert "There is no sweep of orders.csv yet" in words(app)


def test_two_solutions_of_a_sweep_are_compared_in_words_numbers_and_a_figure(open_app, finished_sweep, store, words):
    app = open_app("compare", sweep=finished_sweep.id, point="n_clusters=2", with_sweep=finished_sweep.id[:16], with_point="n_clusters=3")
    assert not app.exception and not app.error
    found = compare_solutions(store, (finished_sweep.id, 0), (finished_sweep.id, 1))
    assert found.summary() in words(app)
    assert fates(app) == [escape(found.fate_text(fate)) for fate in found.comparison.fates]
    assert list(measures(app).columns) == ["2 segments", "3 segments"]
    silhouettes = [finished_sweep.solutions[position].quality.silhouette.value for position in (0, 1)]
    assert measures(app).loc["Silhouette"].tolist() == [f"{value:.2f}" for value in silhouettes]
    assert [chart.proto.id.split("-")[-1] for chart in app.get("plotly_chart")] == ["compare.flow"]
    moved = int(found.comparison.moved.sum())
    assert [button.label for button in app.get("download_button")] == [f"Download the {moved} customers who moved (CSV)"]


def test_another_solution_is_there_from_the_start_and_stays_in_the_address(open_app, finished_sweep):
    app = open_app("compare", sweep=finished_sweep.id, point="n_clusters=3")
    assert app.query_params["with_sweep"] == finished_sweep.id[:16]
    assert app.query_params["with_point"] != app.query_params["point"]
    name = next(box.key for box in app.selectbox if box.label == "Its solution")
    assert 1 not in app.selectbox(key=name).options
    app.selectbox(key=name).set_value(2).run()
    assert app.query_params["with_point"].startswith("n_clusters=4")


def test_solutions_of_two_sweeps_are_compared(open_app, finish, spec_of, store, words):
    every, ward = finish(spec_of()), finish(spec_of(algo="ward", axes=("n_clusters=2,3",)))
    app = open_app("compare", sweep=every.id, point="n_clusters=3", with_sweep=ward.id[:16], with_point="n_clusters=3")
    assert not app.exception
    assert compare_solutions(store, (every.id, 1), (ward.id, 1)).summary() in words(app)
    assert list(measures(app).columns) == ["First: 3 segments", "Second: 3 segments"]


def test_names_of_segments_are_those_that_the_analyst_gave(open_app, finished_sweep, store):
    store.name_segment(finished_sweep.id, "n_clusters=2,tol=0.0001,n_init=3", 0, "Regulars *and* more")
    app = open_app("compare", sweep=finished_sweep.id, point="n_clusters=2", with_sweep=finished_sweep.id[:16], with_point="n_clusters=3")
    assert any(r"Regulars \*and\* more" in text for text in fates(app))


def test_a_sweep_without_segments_to_compare_is_said(open_app, finish, spec_of, words):
    sweep, noise = finish(spec_of()), finish(spec_of(algo="dbscan", axes=("min_samples=40", "eps=0.01")))
    app = open_app("compare", sweep=sweep.id)
    app.selectbox(key="compare.sweep").set_value(noise.id).run()
    assert not app.exception
    assert "That sweep has no other solution with segments. Choose another sweep." in words(app)
