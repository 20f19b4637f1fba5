"""What a model is trained on: data from which nothing can be learned, and vectors that learned too little, are each one sentence."""

import numpy as np
import pytest

from segcore.errors import DataError
from segcore.features.vectors.add import check_directions, make_corpus
from segcore.features.vectors.stored_model import vector_names
from segcore.records.feature_table import FeatureTable
from segcore.records.vectors import Vectors
from segcore.wording.findings import error_text, sentence

TWO = [[["a", "b"]], [["a", "b"]]]
RARE = [[["a", "a", "b", "c", "d", f"e{at}"]] for at in range(5)]  # of 30 lines, a is on 10, b, c and d on 5


@pytest.mark.parametrize(
    ("customers", "options", "command_line", "screen"),
    [
        ([[["a"]], [["a"]]], {}, "All lines are of one product, so customers do not differ", None),
        ([[["a", "b"], ["a"]]], {}, "All lines are of one customer, and vectors compare customers", None),
        ([[["a", "b"]], [["c", "d"]]], {"least_products": 1}, "No product was bought by more than one customer", None),
        (
            TWO,
            {"least_count": 3},
            "Fewer than two products are on at least 3 lines: lower least_count (--cust2vec least_count=…).",
            "lower “Minimum lines per product” under “More options”.",
        ),
        (
            TWO,
            {},
            "No customer has at least 5 lines of known products, of 2 in all: lower least_products (--cust2vec least_products=…).",
            "lower “Minimum lines per customer” under “More options”.",
        ),
        (
            RARE,
            {"products": 2},
            "No customer has at least 5 lines of known products, which make up 50 % of the lines, of 5 in all: raise products "
            "(--cust2vec products=…).",
            "raise “Products that are words” under “More options”.",
        ),
        (
            RARE,
            {"least_count": 8},
            "No customer has at least 5 lines of known products, which make up 33 % of the lines, of 5 in all: lower least_count "
            "(--cust2vec least_count=…).",
            "lower “Minimum lines per product” under “More options”.",
        ),
    ],
)
def test_data_from_which_nothing_can_be_learned_are_one_sentence_with_the_option_to_change(
    bought, customers, options, command_line, screen
):
    with pytest.raises(DataError) as raised:
        make_corpus(bought(customers), Vectors(**options), kind="transactions")

    assert error_text(raised.value).startswith(command_line)
    if screen is not None:
        assert error_text(raised.value, "screen").endswith(screen)


@pytest.mark.parametrize(
    ("X", "cosine"),
    [
        ([[1, 0], [1, 0], [2, 0]], 1.0),
        ([[1, 0], [0.8, 0.6]], None),  # 0.8
        ([[1, 0], [12 / 13, 5 / 13]], 12 / 13),
        ([[1, 0], [1, 0], [0, 1]], None),  # 1/3
        ([[0, 0], [0, 0]], None),
    ],
)
def test_vectors_of_nearly_one_direction_are_noted(X, cosine):
    X = np.array(X, dtype=float)
    table = FeatureTable(X, vector_names(2), np.arange(len(X)).astype(str), np.zeros(len(X), np.int32), ())

    found = check_directions(table, Vectors(dimensions=2))

    assert [one.values["cosine"] for one in found] == ([] if cosine is None else [pytest.approx(cosine)])
    assert all("raise “Epochs”" in sentence(one, "screen") and "--cust2vec epochs=40" in sentence(one) for one in found)
