"""The matrix of customers and items: by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer

from segcore.features.taste.matrix import choose_cells, inverse_frequencies, total_variance, usual_lengths, usual_matrix, weighted

NO = np.nan
RATED = [[5, 3, NO, 1], [4, NO, NO, NO], [2, 2, 2, NO], [NO, NO, NO, 0]]


@pytest.mark.parametrize(
    ("matrix", "values"),
    [
        ("zero", [[5, 3, 0, 1], [4, 0, 0, 0], [2, 2, 2, 0], [0, 0, 0, 0]]),
        # Means of what was rated: 3, 4, 2 and 0.
        ("centred", [[2, 0, 0, -2], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        ("binary", [[1, 1, 0, 1], [1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]]),
        ("log", np.log([[6, 4, 1, 2], [5, 1, 1, 1], [3, 3, 3, 1], [1, 1, 1, 1]])),
    ],
)
def test_values_by_hand(purchases_of, matrix, values):
    X = weighted(choose_cells(purchases_of(RATED)).X, matrix)

    np.testing.assert_allclose(X.toarray(), values)
    assert X.nnz == 8  # an absent pair is not stored, a rating of 0 is


def test_the_log_of_a_negative_count_keeps_its_sign(purchases_of):
    X = weighted(choose_cells(purchases_of([[-1.0, 2.0]])).X, "log")

    np.testing.assert_allclose(X.toarray(), [[-np.log(2), np.log(3)]])


def test_tfidf_is_that_of_scikit_learn(purchases_of, planted):
    X = choose_cells(purchases_of(planted()[0])).X

    np.testing.assert_allclose(weighted(X, "tfidf", inverse_frequencies(X)).toarray(), TfidfTransformer().fit_transform(X).toarray())


def test_rare_items_go_first_then_customers_with_little_left(purchases_of):
    # Only item 0 and 1 have two customers; without the others, customers 1 and 3 have fewer than two items.
    cells = choose_cells(purchases_of(RATED), least_items=2, least_customers=2)

    assert cells.customers.tolist() == [True, False, True, False]
    assert cells.items.tolist() == [True, True, False, True]  # item 3 had two customers, one of whom is kept
    np.testing.assert_array_equal(cells.X.toarray(), [[5, 3, 1], [2, 2, 0]])


def test_nobody_is_set_apart_unasked_but_who_has_nothing(purchases_of):
    whole = choose_cells(purchases_of(RATED))
    empty = choose_cells(purchases_of([[1, NO, 2], [NO, NO, NO]]))

    assert whole.customers.all() and whole.items.all()
    assert empty.customers.tolist() == [True, False] and empty.items.tolist() == [True, False, True]


def test_the_total_variance_is_that_of_the_dense_matrix(purchases_of, planted):
    X = choose_cells(purchases_of(planted()[0])).X

    assert total_variance(X) == pytest.approx(X.toarray().var(axis=0).sum())
    assert total_variance(choose_cells(purchases_of([[3.1, 0.3], [3.1, 0.3], [3.1, 0.3]])).X) == 0


def test_ratings_are_centred_and_counts_logged_unless_nmf_needs_more():
    assert usual_matrix("ratings", "item", "pca") == usual_matrix("ratings", "item", "raw") == "centred"
    assert usual_matrix("ratings", "item", "nmf") == "zero"
    assert usual_matrix("transactions", "item", "pca") == usual_matrix("ratings", "category", "pca") == "log"


def test_rows_of_length_1_and_those_of_nothing(purchases_of):
    X = weighted(choose_cells(purchases_of([[3.0, 4.0], [2.0, 2.0]])).X, "zero", lengths="unit")
    np.testing.assert_allclose(X.toarray(), [[0.6, 0.8], [np.sqrt(0.5)] * 2])
    flat = weighted(choose_cells(purchases_of([[3.0, 3.0], [1.0, 2.0]])).X, "centred", lengths="unit")
    np.testing.assert_allclose(flat.toarray(), [[0, 0], [-np.sqrt(0.5), np.sqrt(0.5)]])
    assert [usual_lengths(matrix) for matrix in ("zero", "centred", "log", "binary", "tfidf")] == ["kept", *["unit"] * 4]
