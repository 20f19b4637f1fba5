"""Sparse matrix whose rows are in partitions on Spark, which computes the products with it."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

from segcore.system.local_spark import running_spark
from segcore.wording.spark import using_spark

ENTRIES = 1_000_000
"""Stored values in a partition: 12 MB."""
_LEAST = 2
_BROADCAST_BYTES = 1 << 20  # smaller values are sent with the function, which takes 50 ms less


class PartitionedRows:
    """Matrix of customers and items whose rows are in cached partitions on Spark.

    Parameters
    ----------
    spark : SparkContext
    rows : csr_array of shape (n_customers, n_items), float64
    n_partitions : int or None
        At least 1; ``None`` is one per million stored values, at least 2. The number depends only on the data, not on the cores, because
        sums over customers are made partition by partition: the same data give the same sums on any machine.

    Notes
    -----
    A product is one pass over the partitions: a worker multiplies its block of rows, and the results come back in the order of the
    partitions, stacked or added up. Neither a dense copy of the matrix nor a matrix of items by items is made.

    Examples
    --------
    >>> with running_spark() as spark:  # doctest: +SKIP
    ...     PartitionedRows(spark, csr_array([[1.0, 0.0], [0.0, 2.0]])) @ np.array([3.0, 4.0])
    array([3., 8.])
    """

    def __init__(self, spark: Any, rows: csr_array, n_partitions: int | None = None) -> None:
        self.spark, self.shape = spark, rows.shape
        self.data, self.indices, self.indptr, self.nnz = rows.data, rows.indices, rows.indptr, rows.nnz
        parts = n_partitions or max(_LEAST, -(-rows.nnz // ENTRIES))
        # Partitions with about equally many stored values, so that none takes much longer than the others.
        bounds = np.unique([0, *np.searchsorted(rows.indptr, np.linspace(0, rows.nnz, parts + 1)[1:-1]), rows.shape[0]])
        blocks = [rows[first:last] for first, last in itertools.pairwise(bounds)]
        self.n_partitions = len(blocks)
        self._blocks = spark.parallelize(blocks, len(blocks)).cache()

    def like(self, rows: csr_array) -> PartitionedRows:
        """Return another matrix on the same Spark."""
        return PartitionedRows(self.spark, rows, self.n_partitions)

    # Functions for the workers are defined where they are used: Spark then sends their code, and workers do not need segcore.

    def __matmul__(self, V: np.ndarray) -> np.ndarray:
        """Return the product with a vector or matrix of shape (n_items, ...)."""
        with self._sent(np.ascontiguousarray(V)) as sent:
            return np.concatenate(self._blocks.map(lambda block: block @ sent.value).collect())

    def scatter(self, means: np.ndarray) -> LinearOperator:
        """Return the operator of the centred matrix's transpose times itself, shape (n_items, n_items).

        Parameters
        ----------
        means : ndarray of shape (n_items,), float64
            Subtracted from each row of each product, so that the matrix stays sparse; zeros do not centre it.

        Notes
        -----
        Both products, with ``X`` and then with ``X.T``, are made in the same pass, so no vector of length ``n_customers`` is sent.
        """

        def multiply(v: np.ndarray) -> np.ndarray:
            v = v.ravel()
            shift = float(means @ v)
            with self._sent(v) as sent:

                def multiply_block(block: csr_array) -> tuple[np.ndarray, float]:
                    scores = block @ sent.value - shift
                    return block.T @ scores, float(scores.sum())

                parts = self._blocks.map(multiply_block).collect()
            # In order, not as they arrive, because the last bits of the sum depend on the order.
            products, totals = zip(*parts, strict=True)
            return functools.reduce(np.add, products) - means * sum(totals)

        n_items = self.shape[1]
        return LinearOperator((n_items, n_items), matvec=multiply, dtype=np.float64)

    @contextlib.contextmanager
    def _sent(self, values: np.ndarray) -> Iterator[Any]:
        """Yield a handle for the values on every worker, and drop them afterwards: a fit sends hundreds."""
        if values.nbytes < _BROADCAST_BYTES:
            yield SimpleNamespace(value=values)
            return
        sent = self.spark.broadcast(values)
        try:
            yield sent
        finally:
            sent.destroy()


@contextlib.contextmanager
def partitioned(rows: csr_array) -> Iterator[PartitionedRows]:
    """Yield a matrix in partitions on Spark, which is started if this process has none; see `running_spark`.

    Raises
    ------
    SegcoreError
        If Spark or a Java that it runs on is missing, or Spark fails.
    """
    heap = (1 << 30) + 4 * (rows.data.nbytes + rows.indices.nbytes)  # Spark holds the rows twice: as they were sent, and in its cache
    with using_spark(), running_spark(heap) as spark:
        yield PartitionedRows(spark, rows)
