"""Components of a sparse matrix, against scikit-learn on the dense one."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackError
from sklearn.decomposition import NMF, PCA

from segcore.errors import DataError
from segcore.features.taste.components import fit_components, most_components, project
from segcore.features.taste.factors import fit_factors, project_on_factors
from segcore.features.taste.matrix import choose_cells, weighted
from segcore.features.taste.parallel_analysis import parallel_analysis


@pytest.fixture
def ratings(purchases_of, planted):
    return choose_cells(purchases_of(planted()[0])).X


@pytest.mark.parametrize("matrix", ["zero", "centred"])
def test_principal_components_are_those_of_the_dense_matrix(ratings, matrix):
    X = weighted(ratings, matrix)
    dense = PCA(5, svd_solver="full").fit(X.toarray())

    made = fit_components(X, "pca", 5)

    scores, theirs = project(X, made), dense.transform(X.toarray())
    signs = np.sign((scores * theirs).sum(axis=0))
    np.testing.assert_allclose(scores, theirs * signs, atol=1e-9)
    np.testing.assert_allclose(made.loadings, dense.components_ * signs[:, None], atol=1e-9)
    np.testing.assert_allclose(made.ratios, dense.explained_variance_ratio_, atol=1e-12)


def test_singular_vectors_are_those_of_the_dense_matrix(ratings):
    dense = ratings.toarray()
    u, s, v = np.linalg.svd(dense, full_matrices=False)

    made = fit_components(ratings, "svd", 4)

    scores = project(ratings, made)
    np.testing.assert_allclose(np.abs(scores), np.abs(u[:, :4] * s[:4]), atol=1e-9)
    np.testing.assert_allclose(np.abs(made.loadings), np.abs(v[:4]), atol=1e-9)
    np.testing.assert_allclose(made.ratios, (u[:, :4] * s[:4]).var(axis=0) / dense.var(axis=0).sum())


@pytest.mark.parametrize("method", ["pca", "svd"])
def test_the_largest_loading_is_positive_and_the_same_question_has_the_same_answer(ratings, method):
    made, again = (fit_components(ratings, method, 4, seed=3) for _ in range(2))

    assert all(row[np.abs(row).argmax()] > 0 for row in made.loadings)
    assert np.array_equal(made.loadings, again.loadings)


def test_factors_are_those_of_scikit_learn_with_scores_that_fit_best(ratings):
    dense = ratings.toarray()
    fits = [NMF(3, init="random", random_state=seed, max_iter=400) for seed in range(3)]
    scores = [fit.fit_transform(dense) for fit in fits]
    best = int(np.argmin([fit.reconstruction_err_ for fit in fits]))
    theirs = fits[best].components_
    order = np.argsort(-np.linalg.norm(scores[best], axis=0) * np.linalg.norm(theirs, axis=1))

    made = fit_components(ratings, "nmf", 3)

    np.testing.assert_allclose(made.loadings, (theirs / np.linalg.norm(theirs, axis=1)[:, None])[order], atol=1e-6)
    np.testing.assert_allclose(project(ratings, made), [nnls(made.loadings.T, row)[0] for row in dense], atol=1e-8)
    assert made.ratios == () and not made.offset.any()


def test_factors_that_are_there_are_found_from_every_start_and_others_are_not():
    # Two groups that buy four items each, and nothing else.
    blocks = csr_array(np.kron(np.eye(2), np.ones((10, 4))))
    noise = csr_array(np.random.default_rng(0).random((60, 40)))

    found, agreement = fit_factors(blocks, 2)
    _, none = fit_factors(noise, 8)

    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(np.kron(np.eye(2), np.full(4, 0.5)), axis=0), atol=1e-4)
    assert min(agreement) > 0.999 and min(none) < 0.8


def test_twin_factors_still_have_scores():
    twins = np.array([[0.6, 0.8], [0.6, 0.8]])

    scores = project_on_factors(csr_array([[6.0, 8.0], [0.0, 0.0]]), twins)

    np.testing.assert_allclose(scores @ twins, [[6, 8], [0, 0]], atol=1e-9)


@pytest.mark.parametrize("method", ["pca", "svd", "nmf"])
def test_a_customer_has_the_same_scores_alone(ratings, method):
    made = fit_components(ratings, method, 3)

    assert np.array_equal(project(ratings[[7]], made)[0], project(ratings, made)[7])


def test_a_matrix_of_rank_two_has_two_components():
    draw = np.random.default_rng(0)
    X = csr_array(draw.normal(size=(30, 2)) @ draw.normal(size=(2, 12)))

    assert len(fit_components(X, "pca", 6)) == len(fit_components(X, "svd", 6)) == 2
    assert most_components(X) == 11


def test_what_cannot_be_taken_apart_is_refused():
    with pytest.raises(DataError, match="the same values"):
        fit_components(csr_array(np.ones((5, 4))), "pca", 1)
    with pytest.raises(DataError, match=r"needs values of at least 0, but the smallest is -2: .*--matrix"):
        fit_components(csr_array([[1.0, -2.0], [2.0, 1.0], [0.0, 1.0]]), "nmf", 1)


def test_another_start_is_tried_where_one_does_not_converge(ratings, monkeypatch):
    seeds, fit = [], PCA.fit

    def trapped(self, X):
        seeds.append(self.random_state)
        if len(seeds) in (1, 3, 4, 5, 6, 7):
            raise ArpackError(3)
        return fit(self, X)

    monkeypatch.setattr(PCA, "fit", trapped)

    assert len(fit_components(ratings, "pca", 3, seed=7)) == 3
    assert seeds == [7, 8]
    with pytest.raises(DataError, match="The 3 components could not be computed"):
        fit_components(ratings, "pca", 3)


def test_parallel_analysis_finds_the_planted_tastes(purchases_of, planted):
    # Deviations of four groups from their common mean lie in three dimensions, and in none where there is one group.
    four = weighted(choose_cells(purchases_of(planted(4, 400)[0])).X, "centred")
    one = weighted(choose_cells(purchases_of(planted(1, 400, spread=0.0)[0])).X, "centred")

    found, nothing = parallel_analysis(four), parallel_analysis(one)

    assert (found.n, found.is_bounded) == (3, False)
    assert found.ratios[2] > found.chance[2] and found.ratios[3] < found.chance[3]
    assert nothing.n == 0


def test_parallel_analysis_compares_more_while_all_exceed_chance():
    # Fifteen groups of customers who have one item each, twice.
    X = csr_array(np.kron(np.eye(15), np.full((12, 2), 3.0)))

    assert parallel_analysis(X).n == 14
