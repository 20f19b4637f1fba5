import json
import os
import signal
import warnings
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

import segcore
from segcore import jobs
from segcore.cli import main
from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.defaults import DEFAULT
from segcore.jobs.locks import job_lock
from segcore.library.sweep import Sweep
from segcore.library.targeting import Targets
from segcore.store.file_lock import is_held
from segcore.store.store import Store
from segcore.sweeps.spec import make_spec


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    """Return a store that only this test uses."""
    monkeypatch.setenv("SEGCORE_HOME", str(tmp_path / "own"))
    return tmp_path / "own"


def test_the_lines_of_a_notebook(orders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = segcore.load(str(orders))
    plan = data.plan("behaviour", log=["invoices"])
    sweep = plan.sweep("kmeans", n_clusters=range(2, 13), evidence="none", progress=True)
    assert len(sweep.table()) == 11
    assert isinstance(sweep.plot("silhouette"), go.Figure)
    point = sweep.best or sweep.point(n_clusters=5)
    assert point.segments()["customers"].sum() == 30
    point.export("segments.csv")
    assert point.score(str(orders))["segment"].tolist() == point.labels.tolist()
    assert (tmp_path / "segments.csv.json").is_file()
    assert capsys.readouterr().out.rstrip().endswith("\r11 of 11 solutions")


def test_the_defaults_are_those_of_the_form(orders):
    data = segcore.load(orders)
    store, taken = Store(), data.intake
    table = store.feature_table(taken.table)
    spec = algorithm("kmeans")
    points = spec.default_grid().points()
    on_screen = make_spec(store, taken.table, taken.data, DEFAULT.plan(table, taken.kind), algorithm="kmeans", points=points)
    asked = data.plan().spec()
    assert asked.id == on_screen.id
    assert (asked.points[0]["tol"], asked.points[0]["n_init"], asked.plan.outliers) == (1e-4, 10, "none")


def test_the_command_line_gives_the_same_sweep_for_the_same_question(orders, capsys):
    plan = segcore.load(orders).plan("small", log="Amount", weights={"Recency": "high", "Amount": 2}, scaler="minmax")
    sweep = plan.sweep(n_clusters=[2, 3], evidence="none")
    words = "--features small --outliers none --scaler minmax --transform log=Amount --priority high=Recency --priority 2=Amount"
    grid = "--algo kmeans --grid n_clusters=2,3 --grid tol=1e-4 --grid n_init=10 --json"
    assert main(["sweep", str(orders), *words.split(), *grid.split()]) == 0
    assert json.loads(capsys.readouterr().out)["sweep"] == sweep.id


@pytest.mark.parametrize("values", [3, [3], (3,), range(3, 4), np.array([3]), np.int64(3), [np.float64(3)]])
def test_values_of_a_grid_come_in_any_form(plan, values):
    assert [point["n_clusters"] for point in plan.spec(n_clusters=values).points] == [3]


def test_a_radius_starts_at_the_bend_of_the_data(plan):
    eps = {point["eps"] for point in plan.spec("dbscan").points}
    assert eps != set(algorithm("dbscan").param("eps").default)
    assert {point["eps"] for point in plan.spec("dbscan", eps=0.5).points} == {0.5}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda data: data.plan("behavior"), "Unknown feature 'behavior': choose one of "),
        (lambda data: data.plan(["Recency", "nope"]), "Unknown feature 'nope': choose one of "),
        (lambda data: data.plan([]), "Choose at least one feature: a set (value, behaviour, rfm, "),
        (lambda data: data.plan("small", log=["invoices"]), "invoices is to be transformed, but is not among the chosen features"),
        (lambda data: data.plan("small", weights={"invoices": 2}), "invoices is to be weighted, but is not among the chosen features"),
        (lambda data: data.plan("small", weights={"Recency": "loud"}), "Unknown priority 'loud'"),
        (lambda data: data.plan("small", scaler="log"), "Unknown scaler 'log'"),
        (lambda data: data.plan("small", repeats=0), "repeats must be a whole number"),
        (lambda data: data.plan("small").sweep("kmean"), "Unknown algorithm 'kmean': choose one of "),
        (lambda data: data.plan("small").sweep(clusters=3), "Unknown parameter of k-means 'clusters': choose one of "),
        (lambda data: data.plan("small").sweep(n_clusters=[]), "n_clusters needs at least one value."),
        (lambda data: data.plan("small").sweep(n_clusters=None), "n_clusters must be a number, a word, or a list of them"),
        (lambda data: data.plan("small").sweep(n_clusters="five"), "n_clusters must be a finite number"),
        (lambda data: data.plan("small").sweep(n_clusters=2.5), "n_clusters must be a whole number"),
        (lambda data: data.plan("small").sweep(workers="dask"), "Unknown workers 'dask'"),
        (lambda data: data.plan("small").sweep(evidence="some"), "Unknown evidence 'some': choose one of none, auto, all"),
        (lambda data: data.plan("small").sweep(memory="lots"), "An amount of memory is written"),
        (lambda data: data.plan("small").sweep(n_clusters=7, memory=1000), "This sweep needs about"),
    ],
)
def test_a_mistake_is_one_sentence(orders, call, sentence):
    with pytest.raises(segcore.SegcoreError) as raised:
        call(segcore.load(orders))
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["silhouette", "inertia", "davies_bouldin", "noise_share", "sizes", "features"])
def test_every_figure_can_be_drawn(sweep, name):
    assert len(sweep.plot(name).data) > 0


def test_measures_over_two_axes_are_drawn_as_maps(plan):
    figure = plan.sweep("dbscan", eps=[0.3, 0.6], min_samples=[3, 5], evidence="none").plot("silhouette")
    assert figure.data[0].type == "heatmap"


def test_an_unknown_figure_names_the_known_ones(sweep):
    with pytest.raises(
        segcore.ParameterError, match=r"Unknown plot 'elbow': choose one of inertia, silhouette, .*sizes, features\.$"
    ) as raised:
        sweep.plot("elbow")
    assert "bic" not in str(raised.value)


def test_a_point_is_found_by_what_varies(sweep):
    assert sweep.point(n_clusters=3).params == sweep.point(n_clusters=np.int64(3), tol=1e-4).params
    with pytest.raises(segcore.ParameterError, match="2 solutions of the sweep have tol=0.0001"):
        sweep.point(tol=1e-4)
    with pytest.raises(segcore.ParameterError, match="Unknown parameter"):
        sweep.point(k=3)
    assert [point.n_segments for point in sweep] == [2, 3]


def test_the_recommendation_is_the_screen_s(sweep):
    assert sweep.recommendation == Store().sweep(sweep.id).recommendation.reason
    assert sweep.best.params == Store().sweep(sweep.id).recommendation.params == {"n_clusters": 3, "tol": 1e-4, "n_init": 10}


def test_without_evidence_nothing_is_recommended_until_it_is_gathered(plan):
    sweep = plan.sweep(n_clusters=[3, 4], evidence="none")
    assert sweep.best is None
    assert sweep.recommendation.startswith("No solution is recommended without evidence")
    assert repr(sweep).endswith("; none recommended)")
    steps = []
    table = sweep.evidence(progress=lambda job: steps.append(job.steps))
    assert table["n_clusters"].tolist() == [3, 4]
    assert {"z", "placebo_mean", "least_stability", "prediction_strength", "describability"} <= set(table)
    assert steps[-1] == "157 of 157 pieces of evidence"
    found = Store().sweep(sweep.id)
    assert table[["z", "least_stability"]].values.tolist() == [[point.z, point.least_stability] for point in found.evidence.points]
    assert sweep.best.params["n_clusters"] == found.recommendation.params["n_clusters"]
    assert sweep.recommendation == found.recommendation.reason
    assert plan.sweep(n_clusters=[3, 4], evidence="none").best.params == sweep.best.params


def test_evidence_that_fails_or_is_cancelled_raises(sweep, monkeypatch):
    for state, message, sentence in (
        ("failed", "It broke.", "^It broke.$"),
        ("cancelled", None, "^Gathering evidence was cancelled: 3 of 9 pieces of evidence are saved. The same call continues it.$"),
    ):
        job = jobs.Job(sweep.id, "sweep", "t", state, 2, 2, 3, 9, 1, 0.0, None, None, None, message, None, None)
        monkeypatch.setattr("segcore.jobs.follow", lambda *_, job=job: job)
        with pytest.raises(segcore.JobError, match=sentence):
            sweep.evidence()


def test_a_failed_job_raises_its_message(plan, monkeypatch):
    spec = plan.spec(n_clusters=9)
    job = jobs.Job(spec.id, "sweep", "t", "failed", 0, 1, 0, 0, 1, 0.0, None, None, None, "It broke.", None, None)
    monkeypatch.setattr("segcore.jobs.follow", lambda *_: job)
    with pytest.raises(segcore.JobError, match="^It broke.$"):
        plan.sweep(n_clusters=9)


def test_an_interrupt_cancels_the_job_and_the_same_call_continues_it(own_home, orders):
    plan = segcore.load(orders).plan("small")

    def interrupt(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan.sweep(n_clusters=[2, 3], evidence="none", progress=interrupt)
    (job,) = jobs.list_jobs(Store())
    assert job.state == "cancelled"
    assert not is_held(job_lock(Store(), job.id))
    assert plan.sweep(n_clusters=[2, 3], evidence="none").id == job.id


def test_ctrl_c_in_a_script_leaves_no_process(own_home, orders, tmp_path, fresh_python):
    """A script without a guard for __main__, in processes of its own: what a user does, and so it takes seconds."""
    segcore.load(orders)  # so that the script finds it in the store
    code = f"""
import segcore
plan = segcore.load({str(orders)!r}).plan("small")
plan.sweep(n_clusters=2, engine="stock", n_init=range(300, 700), progress=lambda job: print(job.state, job.done, flush=True))
"""
    with fresh_python(code, tmp_path, start_new_session=True) as script:
        for line in script.stdout:
            if line.startswith("running") and line.split()[1] != "0":
                os.killpg(script.pid, signal.SIGINT)
                break
        _, errors = script.communicate(timeout=60)
    assert script.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    store = Store()
    (job,) = jobs.list_jobs(store)
    assert job.state == "cancelled"
    assert 1 <= job.done < job.total
    assert not is_held(job_lock(store, job.id))


def test_a_sweep_shows_itself_in_a_notebook(sweep):
    assert "<table" in sweep._repr_html_()
    assert "<table" in sweep.best._repr_html_()
    assert repr(sweep).startswith("Sweep('kmeans': 2 solutions on orders.csv")


def test_nothing_warns(orders):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).table()


def test_names_of_the_data_move_no_cursor_in_a_repr(sweep, monkeypatch):
    shown = Sweep(sweep.store, sweep.id)
    shown.record = replace(sweep.record, spec=replace(sweep.record.spec, data={**sweep.record.spec.data, "name": "a\x1b[31m.csv"}))
    assert "a\\x1b[31m.csv" in repr(shown) and repr(shown).isprintable()
    monkeypatch.setattr(Targets, "_lines", lambda _: ["Buyers of a\x1b[31m", "no\rwhere"])
    assert repr(Targets(sweep.store, None)) == "Buyers of a\\x1b[31m\nno\\rwhere"
