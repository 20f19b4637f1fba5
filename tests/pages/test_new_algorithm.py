"""An algorithm is one file and one line: one that is written here alone goes all the way, from the form to scored customers."""

import argparse
import io
import json
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

from segcore import jobs
from segcore.__main__ import main
from segcore.benchmark.fit import fit_grid
from segcore.cli.options import add_sweep_options
from segcore.clustering.algorithms import registry
from segcore.clustering.engines import Proof
from segcore.clustering.point_labels import grid_label
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, CalibrationTask, Cost, CostModel
from segcore.clustering.specification.kit import KitCommand
from segcore.clustering.specification.presentation import Criterion, Judging, Presentation, Scoring
from segcore.errors import ParameterError
from segcore.export.model import model_zip
from segcore.plots.curves import curves_data, describe_curves
from segcore.plots.measure_figures import grid_map_data
from segcore.records.grid import point_key
from segcore.records.params import Param
from segcore.sweeps.cost import calibration
from segcore.sweeps.cost.calibration import Calibration, kinds_of_work, read_calibration, write_calibration
from segcore.sweeps.evidence.gather import gather
from segcore.sweeps.points import axis_title, point_rows, point_table, points_axis
from segcore.sweeps.run import run_sweep

AXES = ("n_bands=2,3,4,5", "cut=below,above")


def fit_bands(task):
    """Cut the customers at quantiles of the first feature."""

    def fit(point):
        began, values = time.perf_counter(), task.X[:, 0]
        arrays = {"cuts": np.quantile(values, np.linspace(0, 1, point["n_bands"] + 1)[1:-1])}
        labels = assign_bands(task.X, arrays, point)
        widest = max(np.ptp(values[labels == label]) for label in np.unique(labels))
        proof = Proof(task.engine, "cut by hand", time.perf_counter() - began)
        return task.solution(point, labels, proof, arrays=arrays, criteria={"widest": float(widest)})

    yield from task.one_by_one(fit, lambda point: "Too few customers." if point["n_bands"] > len(task.X) else None)


def assign_bands(X, arrays, params):
    return np.searchsorted(arrays["cuts"], X[:, 0], side="left" if params["cut"] == "below" else "right").astype(np.int32)


def cost_of_bands(rows, points, engine, *, memory=None):
    return Cost.without_noise({f"bands.{engine}": len(points) * (FIT_WORK + rows.n_rows)}, (8 * rows.n_rows for _ in points))


BANDS = AlgorithmSpec(
    name="bands",
    title="Quantile bands",
    words="Cuts the customers into bands of one feature.",
    params=(
        Param("n_bands", "int", 1, None, (2, 3, 4, 5, 6), "Bands", "", "How many.", counts="band", benchmark=(2, 3), is_ranged=True),
        Param("cut", "choice", 0, None, ("below",), "Ties", "", "Where ties go.", choices=("below", "above"), label="ties"),
    ),
    engines=("shared", "stock"),
    fit=fit_bands,
    scoring=Scoring(assign_bands, words="A new customer joins the band its value is in.", steps="cuts.npy has the cuts."),
    share_key=lambda point: (),
    numbered=True,
    judging=Judging("widest", "n_bands", lambda point: (-point["n_bands"],)),
    presentation=Presentation(measures=("widest", "silhouette")),
    criteria=(Criterion("widest", "Widest band", "scaled units", "How wide the widest band is. Lower is better."),),
    cost=CostModel(
        cost_of_bands, tuple(CalibrationTask(f"bands.{engine}", engine, 2_000, 3, ("n_bands=4",)) for engine in ("shared", "stock"))
    ),
    kit=KitCommand("Bands", point_text="bands = {n_bands:d}", file_name="{n_bands}", estimator=lambda solution, X: None),
)


@pytest.fixture(autouse=True)
def bands(monkeypatch, home):
    """Put a registry of this one algorithm in place of the project's own, on a machine that is measured for it."""
    monkeypatch.setattr(registry, "ALGORITHMS", (BANDS,))
    write_calibration(home, Calibration(dict.fromkeys(kinds_of_work(), 1e-10), start_seconds=2.0))


@pytest.fixture
def sweep(spec_of, finish):
    """Return a complete sweep of the small shop over 2 to 5 bands and both ties."""
    return finish(spec_of(algo="bands", axes=AXES))


def test_only_what_is_registered_is_known(spec_of):
    with pytest.raises(ParameterError, match="bands"):
        registry.algorithm("kmeans")
    spec = spec_of(algo="bands", axes=AXES)
    assert (spec.algorithm, spec.engine, len(spec.points)) == ("bands", "shared", 8)


def test_a_calibration_measures_its_kinds_of_work_and_one_of_other_algorithms_is_not_used(home, monkeypatch):
    assert kinds_of_work() == ("bands.shared", "bands.stock", "silhouette", "measuring")
    monkeypatch.setattr(calibration, "_TASK_SECONDS", 0.01)
    assert set(calibration.measure_machine().seconds) == set(kinds_of_work())
    known = json.loads((home / calibration.FILE).read_text())
    assert read_calibration(home) is not None
    known["machine"]["algorithms"] = ["kmeans", "dbscan"]
    (home / calibration.FILE).write_text(json.dumps(known))
    assert read_calibration(home) is None


def test_it_is_recommended_in_its_own_words(sweep):
    found = sweep.recommendation
    assert "Widest band is lowest at 5 bands, ties below (1.26); silhouette is highest at 2 bands, ties below" in found.reason
    assert found.reason.endswith("Tried: 2 to 5 bands and ties below or above.")


def test_it_has_evidence(store, sweep, monkeypatch):
    monkeypatch.setattr("segcore.sweeps.evidence.gather.PLACEBOS", 19)
    gather(store, sweep.id, "all")
    found = store.sweep(sweep.id)
    assert found.recommendation.outcome in ("groups", "cuts", "nothing")
    assert all(point.z is not None and 0 <= point.least_stability <= 1 for point in found.evidence.points)


def test_points_grids_axes_tables_and_figures_have_its_words(sweep):
    assert point_rows(sweep)[0].label == "2 bands, ties below"
    assert grid_label("bands", sweep.spec.points) == "2 to 5 bands and ties below or above"
    assert (axis_title("bands", "n_bands"), points_axis(sweep)) == ("Bands (n_bands)", "Bands · ties")
    table = point_table(sweep)
    assert [row["widest"] for row in table] == [solution.criteria["widest"] for solution in sweep.solutions]
    assert "bic" not in table[0]
    curves = curves_data(sweep, "widest")
    assert [curve.name for curve in curves.curves] == ["ties below", "ties above"]
    assert (curves.x_name, curves.metric.axis) == ("n_bands", "Widest band (scaled units)")
    assert describe_curves(curves).startswith("Widest band at ties below is highest, ")
    assert grid_map_data(sweep, "silhouette").x_title == "Ties (cut)"


def test_its_model_says_how_to_score_and_scores_its_own_customers_alike(sweep, store, orders_csv, tmp_path, capsys):
    position = sweep.spec.points.index({"n_bands": 3, "cut": "above"})
    with zipfile.ZipFile(io.BytesIO(model_zip(store, sweep.id, position))) as archive:
        assert "A new customer joins the band its value is in.\n   cuts.npy has the cuts." in archive.read("README.txt").decode()
        assert json.loads(archive.read("model.json"))["scoring"] == BANDS.scoring.words
        assert np.load(io.BytesIO(archive.read("cuts.npy"))).shape == (2,)
    out = tmp_path / "scored.csv"
    assert main(["score", sweep.id, "--point", "n_bands=3,cut=above", str(orders_csv), "--out", str(out)]) == 0
    scored = pd.read_csv(out, dtype={"customer_id": str}).set_index("customer_id")["segment"]
    solution, table = store.solution(sweep.id, position), store.feature_table(sweep.spec.table)
    assert scored.loc[list(table.customers)].tolist() == solution.labels.tolist()


def test_the_command_line_takes_it_and_says_what_it_would_take(orders_csv, store, capsys):
    parser = argparse.ArgumentParser()
    add_sweep_options(parser)
    assert parser.parse_args(["--algo", "bands"]).algo == "bands"
    assert main(["sweep", str(orders_csv), "--algo", "bands", "--grid", "n_bands=2,3,4", "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["points"], document["fits"]) == (3, True)
    assert 2.0 < document["estimated_seconds"] < 3.0
    assert main(["sweep", str(orders_csv), "--algo", "kmeans"]) == 2
    assert "invalid choice: 'kmeans'" in capsys.readouterr().err


def test_a_benchmark_fits_its_grid(tmp_path):
    points = [{"n_bands": k, "cut": "below"} for k in (2, 3)]
    X = np.random.default_rng(0).normal(size=(60, 2))
    found = fit_grid(X, {"algorithm": "bands", "points": points, "engine": "shared", "seed": 0}, tmp_path)
    assert [point["n_segments"] for point in found["points"]] == [2, 3]


def test_the_form_asks_for_it_and_explore_shows_it(open_app, small_intake, store, words, monkeypatch):
    start = jobs.start_sweep

    def start_here(store, spec, **options):
        store.add_sweep(spec)
        run_sweep(store, spec.id)
        return start(store, spec, **options)

    monkeypatch.setattr(jobs, "start_sweep", start_here)
    app = open_app("sweep")
    assert not app.exception
    assert app.segmented_control(key="sweep.algorithm").options == ["Quantile bands"]
    assert app.slider(key="grid.bands.n_bands.span").value == (2, 6)
    assert "**5 solutions** (bands 2 to 6; ties below), each fitted to **" in words(app)
    assert "of memory on this machine" in words(app)
    app.button_group(key="grid.bands.cut.choice").set_value(["below", "above"]).run()
    app.button(key="sweep.run").click().run()
    assert not app.exception
    [sweep_id] = store.sweep_ids()
    spec = store.spec(sweep_id)
    assert [point_key(point) for point in spec.points][:2] == ["n_bands=2,cut=below", "n_bands=2,cut=above"]
    app = open_app("explore", sweep=sweep_id, point="n_bands=3,cut=above")
    assert not app.exception
    assert "Widest band" in words(app) and "3 bands, ties above" in words(app)
    assert "widest" in app.dataframe[0].value
    app = open_app("benchmark")
    assert not app.exception
    assert "Quantile bands" in app.segmented_control(key="benchmark.field.algorithm").options
