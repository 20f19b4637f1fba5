"""Components on Spark, against scikit-learn and NumPy on the dense matrix; starting Spark and its hundreds of passes take seconds."""

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack
from sklearn.decomposition import PCA

from segcore.errors import SegcoreError
from segcore.features.taste import partitions
from segcore.features.taste.components import fit_components, project
from segcore.features.taste.matrix import choose_cells, weighted
from segcore.features.taste.parallel_analysis import _signed
from segcore.features.taste.partitions import PartitionedRows, partitioned


@pytest.fixture(scope="module")
def long(purchases_of, planted):
    """Return centred ratings of 120 customers and 20 items, a third of the customers, all in the middle, without any."""
    X = weighted(choose_cells(purchases_of(planted(n_customers=80, n_items=20)[0])).X, "centred")
    return csr_array(vstack([X[:40], csr_array((40, 20)), X[40:]]))


@pytest.fixture(scope="module")
def wide(long):
    """Return a matrix with more items than customers."""
    return csr_array(long[:30].T)[:, :30]


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_principal_components_are_those_of_the_dense_matrix(spark, request, shape):
    X = request.getfixturevalue(shape)
    dense = PCA(3, svd_solver="full").fit(X.toarray())
    rows = PartitionedRows(spark, X, 3)

    made = fit_components(rows, "pca", 3)

    scores, theirs = project(rows, made), dense.transform(X.toarray())
    signs = np.sign((scores * theirs).sum(axis=0))
    np.testing.assert_allclose(scores, theirs * signs, atol=1e-6)
    np.testing.assert_allclose(made.loadings, dense.components_ * signs[:, None], atol=1e-6)
    np.testing.assert_allclose(made.ratios, dense.explained_variance_ratio_, atol=1e-6)
    assert rows.n_partitions == 3


def test_singular_vectors_are_those_of_the_dense_matrix(spark, long):
    dense = long.toarray()
    u, s, v = np.linalg.svd(dense, full_matrices=False)
    rows = PartitionedRows(spark, long, 4)

    made = fit_components(rows, "svd", 2)

    np.testing.assert_allclose(np.abs(project(rows, made)), np.abs(u[:, :2] * s[:2]), atol=1e-6)
    np.testing.assert_allclose(np.abs(made.loadings), np.abs(v[:2]), atol=1e-6)
    np.testing.assert_allclose(made.ratios, (u[:, :2] * s[:2]).var(axis=0) / dense.var(axis=0).sum(), atol=1e-6)
    assert not made.offset.any()


def test_components_have_the_signs_of_those_made_in_this_process_and_customers_the_same_scores(spark, long):
    rows, here = PartitionedRows(spark, long), fit_components(long, "pca", 2)

    made = fit_components(rows, "pca", 2)

    np.testing.assert_allclose(made.loadings, here.loadings, atol=1e-6)
    np.testing.assert_allclose(made.ratios, here.ratios, atol=1e-6)
    assert np.array_equal(project(rows, here), project(long, here))


@pytest.mark.parametrize("n_partitions", [1, 3, 7])
@pytest.mark.parametrize("limit", [0, 1 << 20], ids=["broadcast", "sent with the function"])
def test_products_are_those_of_the_whole_matrix(spark, long, monkeypatch, n_partitions, limit):
    monkeypatch.setattr(partitions, "_BROADCAST_BYTES", limit)
    draw = np.random.default_rng(0)
    V, means = draw.normal(size=(long.shape[1], 2)), draw.normal(size=long.shape[1])
    rows, centred = PartitionedRows(spark, long, n_partitions), long.toarray() - means

    np.testing.assert_allclose(rows @ V, long @ V, atol=1e-12)
    np.testing.assert_allclose(rows.scatter(means) @ V[:, 0], centred.T @ (centred @ V[:, 0]), rtol=1e-12)
    assert rows.n_partitions == n_partitions


def test_fewer_customers_than_partitions_have_one_each(spark):
    X = csr_array([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])

    rows = PartitionedRows(spark, X, 9)

    assert rows.n_partitions <= 3
    np.testing.assert_array_equal(rows @ np.eye(2), X.toarray())
    np.testing.assert_array_equal(rows.scatter(np.zeros(2)) @ np.ones(2), [1, 4])


def test_partitions_have_about_as_many_values_and_their_number_depends_on_the_values_alone(spark, long, monkeypatch):
    monkeypatch.setattr(partitions, "ENTRIES", long.nnz // 4 + 1)

    sizes = PartitionedRows(spark, long)._blocks.map(lambda block: block.nnz).collect()

    assert len(sizes) == 4 and sum(sizes) == long.nnz
    assert max(sizes) - min(sizes) <= 2 * np.diff(long.indptr).max()
    monkeypatch.undo()
    assert PartitionedRows(spark, long).n_partitions == 2


def test_a_matrix_of_rank_two_has_two_components(spark):
    draw = np.random.default_rng(0)
    X = csr_array(draw.normal(size=(30, 2)) @ draw.normal(size=(2, 12)))

    assert len(fit_components(PartitionedRows(spark, X), "pca", 6)) == 2


def test_random_signs_are_those_that_a_matrix_in_this_process_gets(spark, long):
    rows = PartitionedRows(spark, long, 3)

    signed = _signed(rows, np.random.default_rng(5))

    here = _signed(long, np.random.default_rng(5))
    assert np.array_equal(signed @ np.eye(long.shape[1]), here.toarray())
    assert not np.array_equal(here.toarray(), long.toarray())


def test_a_failure_of_spark_is_one_sentence(spark, long):
    with (
        pytest.raises(SegcoreError, match=r"^Spark failed \(.*\): try again, or leave out --frames spark\.$"),
        partitioned(long) as rows,
    ):
        rows._blocks.map(lambda block: 1 / 0).collect()


def test_no_factors_are_made_of_partitions(spark, long):
    with pytest.raises(ValueError, match="no matrix in partitions"):
        fit_components(PartitionedRows(spark, long), "nmf", 2)
