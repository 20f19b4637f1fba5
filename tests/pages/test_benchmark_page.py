import pytest

from segcore import jobs
from segcore.benchmark.run import run_benchmark
from segcore.benchmark.spec import benchmark_spec
from segcore.features.planning.sets import feature_names
from segcore.records.plan import Plan
from segcore.sweeps.cost.calibration import Calibration, kinds_of_work, write_calibration
from segcore.sweeps.spec import make_spec


@pytest.fixture
def started(monkeypatch):
    """Record what the page starts instead of starting it."""
    asked = []

    def start(store, spec, *, title="", total=0):
        asked.append((spec, title, total))
        store.put_job("bench", kind="benchmark", title=title, spec=spec, total=total, state="queued")
        return "bench"

    monkeypatch.setattr(jobs, "start_benchmark", start)
    return asked


def test_it_opens_cold_with_the_kits_grid(small_intake, open_app, words):
    app = open_app("benchmark")
    assert not app.exception
    assert "No benchmark has been run yet" in words(app)
    assert [field.value for field in app.text_input] == ["2, 3, 4, 5, 10, 15, 20, 25, 30", "0.001, 0.0001, 1e-05"]
    assert "243 fits" in words(app)


def test_the_button_starts_what_the_form_says(small_intake, open_app, started):
    app = open_app("benchmark")
    app.text_input[0].set_value("2,3").run()
    app.text_input[1].set_value("0.001").run()
    app.button(key="benchmark.start").click().run()
    assert not app.exception
    spec, title, total = started[0]
    assert [point["n_clusters"] for point in spec["points"]] == [2, 3]
    assert (spec["engines"], spec["runs"], total) == (["stock", "intel", "shared"], 3, 18)
    assert spec["outliers"] == "kit"
    assert len(spec["features"]) == 21
    assert "stock vs intel vs shared" in title


def test_about_how_long_it_takes_is_said_before_the_start(home, small_intake, open_app, words):
    write_calibration(home, Calibration(dict.fromkeys(kinds_of_work(), 1e-12), start_seconds=10.0))
    app = open_app("benchmark")
    assert not app.exception
    assert "About 2 min on this machine." in words(app)  # three runs of three engines, ten seconds each to start
    app.number_input(key="benchmark.field.runs").set_value(6).run()
    assert "About 3 min on this machine." in words(app)


def test_dbscan_has_its_own_axes(small_intake, open_app, words):
    app = open_app("benchmark")
    app.segmented_control(key="benchmark.field.algorithm").set_value("dbscan").run()
    assert not app.exception
    assert [field.value for field in app.text_input] == ["10, 50, 100", "0.3, 0.5, 0.7"]


def test_a_wrong_axis_is_told_and_nothing_can_be_started(small_intake, open_app, words):
    app = open_app("benchmark")
    app.text_input[0].set_value("two").run()
    assert not app.exception
    assert "n_clusters must be a whole number" in words(app).replace("\\", "")
    assert not [button for button in app.button if button.key == "benchmark.start"]


def test_a_result_is_shown_with_its_sentence_proof_and_agreement(store, small_intake, open_app, words, tmp_path):
    table = store.feature_table(small_intake.table)
    plan = Plan(feature_names(table, "small", "transactions"))
    points = [{"n_clusters": 2, "tol": 0.001}, {"n_clusters": 3, "tol": 0.001}]
    sweep = make_spec(store, small_intake.table, small_intake.data, plan, algorithm="kmeans", points=points)
    spec = benchmark_spec(sweep, engines=("stock", "intel"), runs=1)
    result = run_benchmark(store, spec, tmp_path / "work")
    store.put_job("bench", kind="benchmark", title="k-means", spec=spec.to_json(), total=4, state="done")
    store.update_job("bench", state="done", result=result)
    app = open_app("benchmark")
    assert not app.exception
    said = words(app).replace("\\", "")
    assert result["summary"] in said.replace("**", "")
    assert f"**{result['summary'].split('. ')[0].removesuffix('.')}.**" in said
    assert result["engines"]["intel"]["evidence"] in said
    shown = {metric.label: metric.value for metric in app.metric}
    agreement = result["agreement"]["intel"]
    assert shown["Identical solutions"] == f"{agreement['identical_points']} of 2"
    assert shown["Speed"] == f"{result['ratio_to_stock']['intel']:.2f} ×"
    assert app.get("plotly_chart")


@pytest.mark.parametrize(("state", "said"), [("cancelled", "was cancelled"), ("failed", "failed: out of memory")])
def test_a_benchmark_without_a_result_says_why(store, small_intake, open_app, words, state, said):
    store.put_job("bench", kind="benchmark", title="k-means", spec={}, total=4, state=state)
    store.update_job("bench", state=state, message="out of memory")
    app = open_app("benchmark")
    assert not app.exception
    assert said in words(app)


@pytest.mark.parametrize("result", ['{"a":1}', "{", "[" * 200_000])
def test_a_damaged_result_is_told_with_its_remedy(store, small_intake, open_app, result):
    store.put_job("bench", kind="benchmark", title="k-means", spec={}, total=4, state="done")
    with store._write() as index:
        index.execute("update jobs set result = ?", (result,))
    app = open_app("benchmark")
    assert [error.value for error in app.error] == [
        "The result of the job “k-means” is missing or damaged in the store: start it again on its screen."
    ]
