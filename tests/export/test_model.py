import io
import json
import zipfile

import numpy as np
import pytest

from segcore.errors import StoreError
from segcore.export.model import model_zip


def opened(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    arrays = {name[:-4]: np.load(io.BytesIO(data), allow_pickle=False) for name, data in files.items() if name.endswith(".npy")}
    return json.loads(files["model.json"]), arrays, files["README.txt"].decode()


@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust", "none"])
def test_a_k_means_model_scores_its_own_customers_by_the_words_of_its_readme(make_sweep, scaler):
    values = np.random.default_rng(0).normal(size=(40, 2)) * [1, 100] + np.repeat([[0, 0], [8, 900]], 20, axis=0)
    labels = np.repeat([0, 1], 20)
    store, sweep = make_sweep(values, [f"{i:02d}" for i in range(40)], labels, scaler=scaler)
    model, arrays, readme = opened(model_zip(store, sweep, 0))
    X = values if scaler == "none" else (values - model["centre"]) / model["scale"]
    distances = ((X[:, None] - arrays["centres"]) ** 2).sum(axis=2)
    assert distances.argmin(axis=1).tolist() == labels.tolist()
    assert model["features"] == ["x", "y"]
    assert [entry["name"] for entry in model["dictionary"]] == ["x", "y"]
    assert [(s["segment"], s["name"], s["size"]) for s in model["segments"]] == [(0, "Low y, low x", 20), (1, "High y, high x", 20)]
    assert "nearest" in readme
    assert "centres.npy  2 x 2, float64" in readme
    assert "2011-12-09 12:50:00" in readme


def test_a_dbscan_model_has_its_core_points_and_says_what_noise_is(make_sweep):
    arrays = {"core_points": np.array([[0.0, 0.0], [5.0, 5.0]]), "core_labels": np.array([0, 1], dtype=np.int32)}
    store, sweep = make_sweep(
        [[0, 0], [5, 5], [9, 9]],
        ["a", "b", "c"],
        [0, 1, -1],
        algorithm="dbscan",
        params={"eps": 0.5, "min_samples": 1},
        arrays=arrays,
        scaler="none",
    )
    model, found, readme = opened(model_zip(store, sweep, 0))
    assert model["params"] == {"eps": 0.5, "min_samples": 1}
    assert found["core_points"].tolist() == [[0.0, 0.0], [5.0, 5.0]]
    assert found["core_labels"].dtype == np.int32
    assert model["segments"][0] == {"segment": -1, "name": "Noise", "size": 1}
    assert "within eps" in readme


def test_the_same_point_gives_the_same_bytes_until_a_segment_is_renamed(kept):
    first = model_zip(kept.store, kept.sweep, 0)
    assert model_zip(kept.store, kept.sweep, 0) == first
    kept.store.name_segment(kept.sweep, "n_clusters=2,tol=0.001", 0, "Loyal")
    renamed = model_zip(kept.store, kept.sweep, 0)
    assert renamed != first
    assert opened(renamed)[0]["segments"][1]["name"] == "Loyal"


def test_a_point_without_segments_has_no_model(kept):
    with pytest.raises(StoreError, match="has no model: 99 is more than 4 rows"):
        model_zip(kept.store, kept.sweep, 1)
