"""Held-out customers scored by hand from the exported model of a mixture and of mini-batch k-means, and by segcore: the same segments."""

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.export.model import model_zip
from segcore.features.builders import build_features
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

POINTS = {
    "gaussian_mixture": [{"n_components": 3, "covariance_type": shape} for shape in ("full", "tied", "diag", "spherical")],
    "minibatch_kmeans": [{"n_clusters": 3, "batch_size": 32}],
}
CASES = [(name, position) for name, points in POINTS.items() for position in range(len(points))]


def customers(n, seed):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "id": [f"c{seed}-{i:03d}" for i in range(n)],
            "age": np.array([25.0, 45.0, 70.0])[kind] + rng.normal(0, 4, n),
            "income": np.array([2_000.0, 5_000.0, 3_000.0])[kind] * rng.lognormal(0, 0.15, n),
            "visits": rng.poisson(np.array([2, 6, 20])[kind]).astype(float),
        }
    )


@pytest.fixture
def read(tmp_path):
    def from_frame(frame, name):
        frame.to_csv(tmp_path / name, index=False)
        return read_source(DataRequest(str(tmp_path / name), kind="customers", roles={"customer": "id"}))

    return from_frame


@pytest.fixture
def sweep_of(home, read):
    """Return a function that sweeps 300 customers with an algorithm and returns the store, the sweep's id and the data."""

    def swept(name, **options):
        store, dataset = Store(home), read(customers(300, 1), "train.csv")
        planned = {name: options.pop(name) for name in Plan.__match_args__ if name in options}
        spec = make_spec(
            store,
            store.put_feature_table(build_features(dataset)),
            {"name": "train.csv", "kind": "customers", "fingerprint": dataset.fingerprint},
            Plan(("age", "income", "visits"), **planned),
            algorithm=name,
            points=POINTS[name],
            **options,
        )
        sweep_id = store.add_sweep(spec)
        run_sweep(store, sweep_id)
        return store, sweep_id, dataset

    return swept


def by_hand(archive, X):
    """Score unscaled rows from nothing but the files of the model, as its README says."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        model, readme = json.loads(files.read("model.json")), files.read("README.txt").decode()
        arrays = {name: np.load(io.BytesIO(files.read(f"{name}.npy")), allow_pickle=False) for name in model["arrays"]}
    scaled = (X - model["centre"]) / model["scale"]
    if model["algorithm"] == "minibatch_kmeans":
        assert "centres.npy" in readme
        return ((scaled[:, None] - arrays["centres"][None]) ** 2).sum(axis=2).argmin(axis=1)
    assert all(f"{name}.npy" in readme for name in ("means", "weights", "precisions_cholesky"))
    shape, scores = model["params"]["covariance_type"], np.empty((len(X), len(arrays["weights"])))
    for i in range(scores.shape[1]):
        d = scaled - arrays["means"][i]
        P = arrays["precisions_cholesky"] if shape == "tied" else arrays["precisions_cholesky"][i]
        z = d @ P if shape in ("full", "tied") else d * P
        diagonal = np.diagonal(P) if shape in ("full", "tied") else np.broadcast_to(P, X.shape[1])
        scores[:, i] = np.log(arrays["weights"][i]) + np.log(diagonal.prod()) - (z**2).sum(axis=1) / 2
    return scores.argmax(axis=1)


@pytest.mark.parametrize(("name", "position"), CASES)
@pytest.mark.parametrize("engine", ["shared", "stock"])
def test_held_out_customers_get_the_segment_that_the_exported_arrays_give(sweep_of, read, name, position, engine):
    store, sweep_id, _ = sweep_of(name, engine=engine)
    new = customers(80, 2)
    found = score(store, sweep_id, position, read(new, "new.csv"))
    expected = by_hand(model_zip(store, sweep_id, position), new[["age", "income", "visits"]].to_numpy())
    by_id = dict(zip(new["id"], expected, strict=True))
    assert found.labels.tolist() == [by_id[customer] for customer in found.customers]
    assert len(np.unique(found.labels)) == 3


@pytest.mark.parametrize(("name", "position"), CASES)
def test_training_customers_get_their_training_labels(sweep_of, name, position):
    store, sweep_id, dataset = sweep_of(name)
    solution = store.solution(sweep_id, position)
    np.testing.assert_array_equal(score(store, sweep_id, position, dataset).labels, solution.labels)
    assert solution.agreement.value == 1.0
    archive = by_hand(model_zip(store, sweep_id, position), store.feature_table(store.spec(sweep_id).table).values)
    np.testing.assert_array_equal(archive, solution.labels)


def test_the_same_question_gives_the_same_solutions_and_criteria_survive_the_store(sweep_of):
    store, sweep_id, _ = sweep_of("gaussian_mixture")
    assert store.sweep(sweep_id).is_complete
    for solution in store.sweep(sweep_id).solutions:
        assert set(solution.criteria) == {"bic", "aic"}
        assert solution.engine == "shared"
    assert store.sweep(sweep_id).recommendation.reason
