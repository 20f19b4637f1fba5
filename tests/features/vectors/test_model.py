"""Doc2vec: reproducible to the bit, of customers and not of products, and the same for a customer who comes again."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from segcore.features.vectors.documents import choose_words, documents_of
from segcore.features.vectors.model import infer, train
from segcore.records.vectors import Vectors
from tests.examples import few

_AGAIN = """
import hashlib, sys
import numpy as np
from segcore.features.vectors.documents import choose_words, documents_of
from segcore.features.vectors.model import infer, train
from segcore.records.purchases import Baskets, Purchases
from segcore.records.vectors import Vectors

draw = np.random.default_rng(0)
orders = np.arange(0, 601, 5)
baskets = Baskets(draw.integers(0, 30, 600).astype(np.int32), orders, np.arange(0, 121, 4), np.zeros(120, np.int64))
nothing = np.zeros(0, np.int32)
purchases = Purchases(tuple(f"p{at:02d}" for at in range(30)), np.zeros(31, np.int64), nothing, nothing, None, baskets)
vectors = Vectors(dimensions=8, epochs=3, method=sys.argv[1], products=20, sample=0.01)
words = choose_words(purchases, vectors)
documents = documents_of(purchases, words)
model = train(documents, words, vectors)
found = infer(model, documents)
print(hashlib.sha256(model.output.tobytes() + found.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_two_processes_with_other_hash_seeds_give_the_same_bits(method):
    found = set()
    for seed in ("0", "1"):
        run = [sys.executable, "-c", _AGAIN, method]
        found.add(subprocess.run(run, env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1 and len(found.pop().strip()) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_vectors_are_of_customers_and_of_length_1(planted, method):
    purchases, _ = planted(0, n_customers=60, n_items=40)
    vectors = Vectors(dimensions=8, epochs=3, method=method)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    model = train(documents, words, vectors)

    found = infer(model, documents)

    assert found.shape == (60, 8) and model.products.shape == (len(words.names), 8)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_a_customers_vector_depends_on_nobody_else(planted, method):
    purchases, _ = planted(1, n_customers=40, n_items=30)
    vectors = Vectors(dimensions=8, epochs=2, method=method)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    model = train(documents, words, vectors)
    kept = np.arange(40) % 3 == 0

    np.testing.assert_array_equal(infer(model, documents.take(kept)), infer(model, documents)[kept])


def test_a_customer_without_known_products_has_the_vector_0(bought):
    purchases = bought([[["a", "b"]], [["b", "c"]], [["d"]]])
    vectors = Vectors(dimensions=4, epochs=1, products=3)
    words = choose_words(bought([[["a", "b"]], [["b", "c"]]]), vectors)
    model = train(documents_of(purchases, words).take(np.array([True, True, False])), words, vectors)

    assert infer(model, documents_of(purchases, words))[2].tolist() == [0, 0, 0, 0]


def _agreement(planted, seed):
    purchases, groups = planted(seed)
    vectors = Vectors(dimensions=16, epochs=20)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    found = infer(train(documents, words, vectors), documents)
    return adjusted_rand_score(groups, KMeans(5, n_init=10, random_state=0).fit_predict(found))


@pytest.mark.parametrize("seed", range(few(20)) if few(20) == 20 else range(1))
def test_planted_tastes_are_found(planted, seed):
    assert _agreement(planted, seed) > 0.8


def test_progress_ends_at_1(planted):
    purchases, _ = planted(2, n_customers=80, n_items=20)
    vectors = Vectors(dimensions=4, epochs=3)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    told, inferred = [], []

    model = train(documents, words, vectors, told.append)
    infer(model, documents, inferred.append)

    assert told == pytest.approx([1 / 3, 2 / 3, 1])
    assert inferred[-1] == 1 and inferred == sorted(inferred)
