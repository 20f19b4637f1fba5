"""Components and vectors in a model: the steps of its README, followed without segcore, give the features again."""

import json

import numpy as np
import pytest

from segcore.export.learned_files import LearnedFiles, learned_steps, with_files
from segcore.features.taste.add import add_taste
from segcore.features.vectors.documents import choose_words, documents_of
from segcore.features.vectors.model import infer, train
from segcore.features.vectors.stored_model import FittedVectors
from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Preparation
from segcore.records.purchases import Baskets, Purchases
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors
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

    files = LearnedFiles.of(store, preparation)
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

    (steps,) = learned_steps(preparation, "ratings")

    assert steps.startswith("The features component_1 to component_2 are made from the items of each customer:")
    assert (
        "the customer's rating of each" in steps
        and "Subtract from each the mean" in steps
        and "divide all by the root" in steps
        and 'minus "offset"' in steps
    )
    assert learned_steps(Preparation(("a",), "none", (0.0,), (1.0,), None), "ratings") == []


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_the_steps_for_vectors_followed_with_gensim_give_nearly_the_same_vectors(home, method):
    from gensim.models.doc2vec import Doc2Vec
    from gensim.models.doc2vec_inner import train_document_dbow, train_document_dm

    store, draw = Store(home), np.random.default_rng(0)
    groups = np.arange(80) % 2
    lines = [draw.integers(0, 10, 30) + 10 * group for group in groups]
    baskets = Baskets(np.concatenate(lines).astype(np.int32), np.arange(0, 2401, 5), np.arange(0, 481, 6), np.zeros(480, np.int64))
    nothing = np.zeros(0, np.int32)
    purchases = Purchases(tuple(f"p{at:02d}" for at in range(20)), np.zeros(81, np.int64), nothing, nothing, baskets=baskets)
    vectors = Vectors(dimensions=6, epochs=30, method=method, products=15)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    trained = train(documents, words, vectors)
    fitted = FittedVectors(trained).put(store)
    names = tuple(fitted["features"])
    preparation = Preparation(names, "none", (0.0,) * 6, (1.0,) * 6, None, fitted={"vectors": fitted})

    files = LearnedFiles.of(store, preparation)
    model = with_files(preparation.to_json())["fitted"]["vectors"]
    (steps,) = learned_steps(preparation, "transactions")

    assert steps.startswith(f"The features {names[0]} to {names[-1]} are a vector made with gensim's doc2vec ({method})")
    parts = ("items", "counts", "output", "input")
    assert {model["items"], *(f"{name}.npy" for name in files.arrays)} == {model[part] for part in parts if part in model}
    items = json.loads(files.items)
    assert items == list(words.names) and len(files.arrays["vector_counts"]) == 16
    options = {"vector_size": 6, "dm": int(method == "dm"), "window": 8, "epochs": 30, "min_count": 1, "sorted_vocab": 0, "negative": 5}
    again = Doc2Vec(**options, ns_exponent=0.75, sample=0.0)
    again.build_vocab_from_freq({str(at): int(count) for at, count in enumerate(files.arrays["vector_counts"])})
    again.syn1neg = files.arrays["vector_output"]
    if method == "dm":
        again.wv.vectors = files.arrays["vector_input"]
    place = {name: str(at) for at, name in enumerate(items)}
    ours = infer(trained, documents)
    for customer in range(0, 80, 9):
        texts = [place.get(f"p{item:02d}", str(len(items))) for item in lines[customer]]
        vector, work = np.full((1, 6), 0.01, dtype=np.float32), np.zeros(6, dtype=np.float32)
        for rate in np.linspace(0.025, 0.0001, 30):
            for text in [texts] if method == "dbow" else [texts[at : at + 5] for at in range(0, 30, 5)]:
                fixed = {"learn_words": False, "learn_hidden": False, "doctag_vectors": vector, "doctags_lockf": np.ones(1, np.float32)}
                if method == "dbow":
                    train_document_dbow(again, text, [0], rate, work, **fixed)
                else:
                    train_document_dm(again, text, [0], rate, work, work.copy(), **fixed)
        assert vector[0] @ ours[customer] / np.linalg.norm(vector) > 0.9
