"""Features of taste in a model: the steps of its README, followed without segcore, give the features again."""

import json

import numpy as np
import pytest

from segcore.export.taste_files import TasteFiles, taste_steps, with_files
from segcore.features.taste.add import add_taste
from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Preparation
from segcore.records.purchases import Purchases
from segcore.records.taste import Taste
from segcore.store.store import Store


def added(taste, kind="ratings"):
    """Return features of 30 customers of 6 items, and the values that each has of each item, NaN for none."""
    draw = np.random.default_rng(0)
    table = np.where(draw.random((30, 6)) < 0.7, draw.integers(1, 6, (30, 6)), np.nan)
    rows, items = np.nonzero(~np.isnan(table))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=30))])
    purchases = Purchases(tuple("abcdef"), starts, items.astype(np.int32), table[rows, items])
    base = FeatureTable(np.zeros((30, 0)), (), np.array([f"{n:02d}" for n in range(30)], dtype=object), np.zeros(30, np.int32), ())
    return add_taste(base, purchases, taste, kind=kind, column="film"), table


@pytest.mark.parametrize("matrix", ["zero", "centred", "log", "binary", "tfidf"])
@pytest.mark.parametrize("components", ["pca", "svd", "raw", "nmf"])
def test_the_files_of_a_model_give_the_features(home, matrix, components):
    if components == "nmf" and matrix == "centred":
        pytest.skip("NMF takes no negative values")
    store = Store(home)
    found, table = added(Taste(n=2, matrix=matrix, components=components))
    features = found.table.names
    preparation = Preparation(features, "none", (0.0,) * 2, (1.0,) * 2, None, fitted={"taste": found.fitted.put(store)})

    files = TasteFiles.of(store, preparation)
    model = with_files(preparation.to_json())["fitted"]["taste"]

    assert model["items"] == "taste_items.json" and json.loads(files.items) == list("abcdef")
    arrays = {name: files.arrays[f"taste_{name}"] for name in ("idf", "loadings") if name in model}
    assert [f"{name}.npy" for name in files.arrays] == [model[name] for name in arrays]
    values = {
        "zero": lambda: table,
        "centred": lambda: table - np.nanmean(table, axis=1, keepdims=True),
        "log": lambda: np.log(1 + table),
        "binary": lambda: table * 0 + 1,
        "tfidf": lambda: table * arrays["idf"] / np.sqrt(np.nansum((table * arrays["idf"]) ** 2, axis=1, keepdims=True)),
    }[matrix]()
    X = np.nan_to_num(values)
    if model["options"]["lengths"] == "unit":
        lengths = np.linalg.norm(X, axis=1, keepdims=True)
        X = X / np.where(lengths > 0, lengths, 1)
    if components == "raw":
        scores = X
    elif components == "nmf":  # no scores of at least 0 are nearer, if the gradient is 0 where a score is above 0, and else not below
        scores = found.table.values
        gradient = (scores @ arrays["loadings"] - X) @ arrays["loadings"].T
        assert np.abs(gradient[scores > 1e-9]).max() < 1e-9 and gradient.min() > -1e-9
    else:
        scores = X @ arrays["loadings"].T - np.array(model["offset"])
    np.testing.assert_allclose(scores, found.table.values, atol=1e-12)


def test_the_steps_are_those_of_the_matrix_and_the_components(home):
    fitted = added(Taste(n=2, matrix="centred"))[0].fitted.put(Store(home))
    preparation = Preparation(("component_1",), "none", (0.0,), (1.0,), None, fitted={"taste": fitted})

    (steps,) = taste_steps(preparation, "ratings")

    assert steps.startswith("The features component_1 to component_2 are made from the items of each customer:")
    assert (
        "the customer's rating of each" in steps
        and "Subtract from each the mean" in steps
        and "divide all by the root" in steps
        and 'minus "offset"' in steps
    )
    assert taste_steps(Preparation(("a",), "none", (0.0,), (1.0,), None), "ratings") == []
