"""Neighbours of products and customers: by hand, against scikit-learn, and one clear sentence where there is no such one."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from segcore.errors import ParameterError
from segcore.features.vectors.documents import Words, choose_words, documents_of
from segcore.features.vectors.model import VectorModel, infer, train
from segcore.features.vectors.neighbours import find_neighbours
from segcore.records.feature_table import FeatureTable
from segcore.records.vectors import Vectors

NAMES = ("007", "apple", "7", "Äpfel")
ONE_OF_TWO = "Neighbours are those of one product or of one customer: name an item or a customer, not both."
TITLES = {"007": "Tea", "apple": "Apple", "7": "Tea", "Äpfel": "", "rare": "Truffle"}


@pytest.fixture
def shop(bought):
    """Return a model of four products in two dimensions, three customers, and the purchases, with a product that is no word."""
    output = np.array([[1, 0], [0.6, 0.8], [0, 2], [-3, 0], [9, 9]], dtype=np.float32)
    vectors = Vectors(dimensions=2, products=4)
    model = VectorModel(vectors, Words(NAMES, np.array([9, 7, 5, 3, 1]), True), output)
    return model, table_of(["01", "1", "2"], np.array([[1, 0], [0, 1], [0.8, 0.6]])), bought([[[*NAMES, "rare"]]] * 3).titled(TITLES)


def table_of(customers, X):
    names = tuple(f"v{at}" for at in range(X.shape[1]))
    return FeatureTable(X.astype(float), names, np.array(customers, dtype=object), np.zeros(len(X), np.int32), ())


def test_neighbours_of_a_product_are_those_of_a_hand_calculation(shop):
    found = find_neighbours(*shop, item="apple")

    assert [(one.id, one.title, one.cosine) for one in found.items] == [
        ("7", "Tea", pytest.approx(0.8)),
        ("007", "Tea", pytest.approx(0.6)),
        ("Äpfel", "", pytest.approx(-0.6)),
    ]
    assert [(one.id, one.cosine) for one in found.customers] == [
        ("2", pytest.approx(0.96)),
        ("1", pytest.approx(0.8)),
        ("01", pytest.approx(0.6)),
    ]


def test_neighbours_of_a_customer_are_customers_and_products(shop):
    found = find_neighbours(*shop, customer="01", top=2)

    assert (found.of, found.id, found.title) == ("customer", "01", "")
    assert [(one.id, one.cosine) for one in found.customers] == [("2", pytest.approx(0.8)), ("1", pytest.approx(0))]
    assert [(one.id, one.cosine) for one in found.items] == [("007", pytest.approx(1)), ("apple", pytest.approx(0.6))]


def test_the_record_is_plain_json(shop):
    found = json.loads(json.dumps(find_neighbours(*shop, item="apple", top=1).to_json()))

    assert found["items"] == [{"id": "7", "title": "Tea", "cosine": pytest.approx(0.8)}]
    assert {name: found[name] for name in ("of", "id", "title")} == {"of": "item", "id": "apple", "title": "Apple"}


def test_a_product_is_named_by_a_title_that_only_it_has(shop):
    assert find_neighbours(*shop, item="Apple").id == "apple"


def test_an_id_keeps_its_leading_zeros(shop):
    assert find_neighbours(*shop, item="007").id == "007"
    assert find_neighbours(*shop, item="7").id == "7"
    assert find_neighbours(*shop, customer="1").id == "1"


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_they_are_the_nearest_neighbours_of_scikit_learn(planted, method):
    purchases, _ = planted(3, n_customers=50, n_items=30)
    vectors = Vectors(dimensions=6, epochs=3, method=method)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    model = train(documents, words, vectors)
    customers = infer(model, documents)
    ids = [f"{at:02d}" for at in range(50)]

    by_product = find_neighbours(model, table_of(ids, customers), purchases, item=words.names[4], top=5)
    by_customer = find_neighbours(model, table_of(ids, customers), purchases, customer="07", top=5)

    def nearest(X, at):
        distances, places = NearestNeighbors(n_neighbors=6, metric="cosine").fit(X).kneighbors(X[[at]])
        return places[0, 1:].tolist(), 1 - distances[0, 1:]

    places, cosines = nearest(model.products.astype(float), 4)
    assert [one.id for one in by_product.items] == [words.names[at] for at in places]
    np.testing.assert_allclose([one.cosine for one in by_product.items], cosines)
    places, cosines = nearest(customers, 7)
    assert [one.id for one in by_customer.customers] == [ids[at] for at in places]
    np.testing.assert_allclose([one.cosine for one in by_customer.customers], cosines)


def test_a_products_neighbours_are_of_its_group(planted):
    """The products of group g are those whose number leaves g when divided by 5."""
    purchases, _ = planted(0)
    vectors = Vectors(dimensions=16, epochs=20)
    words = choose_words(purchases, vectors)
    documents = documents_of(purchases, words)
    model = train(documents, words, vectors)
    table = table_of([str(at) for at in range(len(documents))], infer(model, documents))

    nearest = [find_neighbours(model, table, purchases, item=name, top=1).items[0].id for name in words.names[:50]]

    alike = [int(name[1:]) % 5 == int(found[1:]) % 5 for name, found in zip(words.names, nearest, strict=False)]
    assert np.mean(alike) > 0.5  # by chance 0.2; a half of what each group buys is everybody's


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"item": "aple"}, "No product has the id or the title 'aple'. Similar: 'apple'."),
        ({"item": "nothing of the kind"}, "No product has the id or the title 'nothing of the kind'."),
        ({"item": "Tea"}, "2 products have the title 'Tea': name one by its id, '007' or '7'."),
        (
            {"item": "Truffle"},
            "'Truffle' has no vector, because only the 4 most frequent products have one: raise products (--cust2vec products=…).",
        ),
        ({"item": "07"}, "No product has the id or the title '07'. Similar: '007' and '7'."),
        ({"item": ""}, "No product has the id or the title ''."),
        ({"customer": "001"}, "No customer with at least 5 lines of known products has the id '001'. Similar: '01' and '1'."),
        ({}, ONE_OF_TWO),
        ({"item": "apple", "customer": "1"}, ONE_OF_TWO),
        (
            {"item": "apple", "customer": "1"},
            "Neighbours are those of one product or of one customer: name an item or a customer, not both.",
        ),
        ({"item": "apple", "top": 0}, "top must be at least 1, got 0."),
    ],
)
def test_a_mistake_is_one_sentence(shop, asked, sentence):
    with pytest.raises(ParameterError) as error:
        find_neighbours(*shop, **asked)
    assert str(error.value) == sentence


def test_products_of_too_few_lines_name_the_other_option(shop):
    model, table, purchases = shop
    model = replace(model, vectors=replace(model.vectors, products=4000, least_count=3))

    with pytest.raises(ParameterError, match="lower least_count"):
        find_neighbours(model, table, purchases, item="rare")


def test_a_vector_of_length_0_is_near_to_nothing(shop):
    model, _, purchases = shop

    found = find_neighbours(model, table_of(["a", "b"], np.array([[0, 0], [1, 0]])), purchases, customer="a")

    assert [one.cosine for one in (*found.items, *found.customers)] == [0] * 5
